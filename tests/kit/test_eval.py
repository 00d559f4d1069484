"""A bot that is recorded while Pipecat's own `pipecat eval` talks to it, over a socket of this machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from flows_analytics.cli import main
from tests.kit.conftest import REPOSITORY
from tests.kit.test_tutorial import FILES, PAGE
from tests.testing.flows_line import flows

EXAMPLE = REPOSITORY / "examples" / "flows" / "eval_food_ordering.py"
# What `pip install "pipecat-ai[runner,cli]"` brings; `pipecat eval` itself came with Pipecat 1.4.
NEEDED = ("pipecat.evals", "fastapi", "uvicorn", "dotenv", "questionary")
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
needs_eval = pytest.mark.skipif(bool(missing), reason=f"`pipecat eval` needs {', '.join(missing)}")

# Since 1.13 the runner's server waits for `pipecat eval` at /ws; until then the bot itself is the server.
SERVES = importlib.util.find_spec("pipecat.evals.session") is not None
# Until 1.12 Pipecat cuts sentences with NLTK, whose data it downloads when it is first imported.
OFFLINE = """
import re
try:
    import nltk
except ImportError:
    pass
else:
    nltk.download = lambda *_, **__: True
    nltk.data.find = lambda *_, **__: True
    nltk.tokenize.sent_tokenize = lambda text, *_, **__: re.split("(?<=[.!?]) +", text)
"""
PATIENCE_SECS = 300.0


def of_the_page(directory: Path) -> list[str]:
    """Write the tutorial's bot; return the commands that hold, check and read the call."""
    for name in ("bot.py", "eval_bot.py", "order.yaml"):
        source = FILES[name].replace("from pipecat.flows import", f"from {flows.__name__} import")
        directory.joinpath(name).write_text(source)
    section = PAGE.partition("## With `pipecat eval`")[2].partition("\n## ")[0]
    return re.findall(r"^((?:CALL_ID|pipecat|flows-analytics).*)$", section, re.MULTILINE)


def of_the_example(directory: Path) -> list[str]:
    """Copy the example; return the commands that its first words give."""
    for name in ("food_ordering.py", EXAMPLE.name, f"{EXAMPLE.stem}.yaml"):
        directory.joinpath(name).write_bytes(EXAMPLE.with_name(name).read_bytes())
    return [
        line.strip() for line in EXAMPLE.read_text().partition('"""\n\n')[0].splitlines() if line[:4] == "    "
    ]


def flatten(scenarios: Path) -> None:
    """Write one scenario the way it was written before Pipecat 1.11."""
    document = yaml.safe_load(scenarios.read_text())
    (only,) = document["scenarios"]
    scenarios.write_text(yaml.safe_dump(only))


@needs_eval
@pytest.mark.parametrize("write", [of_the_page, of_the_example])
def test_a_call_that_pipecat_eval_holds_is_recorded_and_its_path_is_checked(tmp_path, monkeypatch, capsys, write):
    serve, evaluate, check = write(tmp_path)
    setting, _, *serve = shlex.split(serve)
    _, _, *evaluate = shlex.split(evaluate)
    _, *check = shlex.split(check)
    if importlib.util.find_spec("pipecat.evals.simulation") is None:
        flatten(tmp_path / evaluate[-1])
    (tmp_path / "offline").mkdir()
    (tmp_path / "offline" / "sitecustomize.py").write_text(OFFLINE)
    name, _, value = setting.partition("=")
    paths = (tmp_path / "offline", REPOSITORY, *filter(None, [os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), name: value, "NO_PROXY": "*"}
    port = free_port()
    run = {
        "cwd": tmp_path,
        "env": environment,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
    with (
        tmp_path.joinpath("bot.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, *serve, "--host", "127.0.0.1", "--port", str(port)], stdout=log, **run
        ) as bot,
    ):
        try:
            wait_until(lambda: answers(port), bot, tmp_path)
            url = f"ws://127.0.0.1:{port}" + "/ws" * SERVES
            talk = subprocess.run(
                [sys.executable, "-m", "pipecat.evals", *evaluate, "--bot-url", url, "-v"],
                **run,
                stdout=subprocess.PIPE,
                check=False,
                timeout=PATIENCE_SECS,
            )
            assert talk.returncode == 0, talk.stdout + tmp_path.joinpath("bot.log").read_text()[-4000:]
            wait_until(tmp_path.joinpath(check[1]).exists, bot, tmp_path)
        finally:
            bot.kill()
    monkeypatch.chdir(tmp_path)
    assert main(check) == 0
    assert capsys.readouterr().out.strip() == check[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true, bot: subprocess.Popen, directory: Path) -> None:
    """Wait for what another process does; how long that takes is not ours to say."""
    limit = time.monotonic() + PATIENCE_SECS
    while not true():
        log = directory.joinpath("bot.log").read_text()[-4000:]
        if bot.poll() is not None and not true():
            pytest.fail(f"the bot is gone:\n{log}")
        if time.monotonic() > limit:
            pytest.fail(f"not within {PATIENCE_SECS:g} seconds:\n{log}")
        time.sleep(0.1)
