"""Take the pictures of README.md from a demo call. Needs Chromium and Pillow (which Pipecat brings).

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
WIDTH, HEIGHT = 1280, 1640


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no Chromium found: install it, for example with apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        command = [sys.executable, "-m", "flows_analytics", "demo", "--calls", "100", "--out", str(demo)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        picture = Path(scratch) / "page.png"
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
                f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={picture}",
                (demo / "reports" / f"{CALL}.html").as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        IMAGES.mkdir(exist_ok=True)
        Image.open(picture).convert("RGB").quantize(64).save(IMAGES / "call-report.png", optimize=True)


if __name__ == "__main__":
    main()
