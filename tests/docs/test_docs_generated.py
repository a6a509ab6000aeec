"""What the manual quotes from the program is what the program says today."""

import subprocess
import sys
from pathlib import Path

from running import HANGS

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_parts_are_up_to_date():
    script = ROOT / "docs" / "generate.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr  # the message names the pages and the command that writes them again
