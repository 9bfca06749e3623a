"""What is released: a distribution a pyproject.toml, all of one version."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (".", "kong-plugin", "kong-plugin/server", "local")
PYPROJECTS = sorted(ROOT / folder / "pyproject.toml" for folder in FOLDERS)
