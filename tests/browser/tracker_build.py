"""The tracker's script, built where that was not done since its source was changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

TRACKER = Path(__file__).parents[2] / "tracker"
SCRIPT, MODULE = TRACKER / "dist" / "t.js", TRACKER / "dist" / "index.js"


def is_built() -> bool:
    """Whether the script is there, and newer than what it is made of."""
    sources = [*(TRACKER / "src").iterdir(), TRACKER / "build.mjs"]
    return SCRIPT.exists() and SCRIPT.stat().st_mtime > max(
        source.stat().st_mtime for source in sources
    )


def can_build() -> bool:
    """Whether Node's npm is there."""
    return shutil.which("npm") is not None


def build() -> None:
    """Install what the build needs, where it is missing, and build. Raises CalledProcessError."""
    if not (TRACKER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=TRACKER, check=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=TRACKER, check=True)
