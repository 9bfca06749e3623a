"""The tracker as an npm package, for pages that use it as one: this needs npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

TRACKER = Path(__file__).parents[2] / "tracker"
MODULE = TRACKER / "dist" / "index.js"
CONSENT_MODULE = TRACKER / "dist" / "consent.js"
CMP = TRACKER / "test" / "cmp" / "cmp.js"  # a consent manager, for pages
NODE_MODULES = TRACKER / "node_modules"


def can_build() -> bool:
    """Whether Node's npm is there."""
    return shutil.which("npm") is not None


def install() -> None:
    """Install the packages of package-lock.json; raises CalledProcessError."""
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=TRACKER, check=True)


def build() -> None:
    """Install what the build needs, where it is missing, and build; raises CalledProcessError."""
    if not NODE_MODULES.exists():
        install()
    subprocess.run(["node", "build.mjs"], cwd=TRACKER, check=True)


def bundle(app: Path, folder: Path) -> Path:
    """Make one script of a React application that uses the package by its name, in a folder.

    With React's development build: only that runs effects twice in StrictMode. Raises
    CalledProcessError.
    """
    packages = folder / "node_modules"
    packages.mkdir()
    (packages / "conversion-tracking").symlink_to(TRACKER)
    script = folder / "app.js"
    subprocess.run(
        [
            NODE_MODULES / ".bin" / "esbuild",
            app,
            "--bundle",
            "--jsx=automatic",
            '--define:process.env.NODE_ENV="development"',
            f"--outfile={script}",
            "--log-level=warning",
        ],
        env={**os.environ, "NODE_PATH": f"{packages}{os.pathsep}{NODE_MODULES}"},
        check=True,
    )
    return script
