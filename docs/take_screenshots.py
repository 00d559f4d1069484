"""Take the pictures of README.md from demo calls. Needs Chromium and Pillow (which Pipecat brings).

Run it: python docs/take_screenshots.py
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).with_name("images")
CALL = "demo-002-food-ordering"
BOT = "Luna Kitchen, food ordering"
WIDTH = 1280


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no Chromium found: install it, for example with apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        demo, flow = Path(scratch) / "demo", Path(scratch) / "flow.html"
        run("demo", "--calls", "300", "--out", str(demo))
        run("report", "--flow", str(demo / "calls"), "--agent", BOT, "--by", "agent_version", "-o", str(flow))
        take(browser, scratch, demo / "reports" / f"{CALL}.html", 1640, "call-report.png")
        take(browser, scratch, flow, 2200, "flow-report.png")


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "flows_analytics", *arguments], check=True, stdout=subprocess.DEVNULL)


def take(browser: str, scratch: str, page: Path, height: int, name: str) -> None:
    picture = Path(scratch) / name
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--user-data-dir={scratch}/profile",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
    )
    Image.open(picture).convert("RGB").quantize(64).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
