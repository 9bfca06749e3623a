"""Builds what is released into dist/, and tries it where no checkout is: make release-check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from local.postgres import database_url, run_postgres

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
LOCK = ROOT / "requirements.lock"
PYPROJECTS = sorted([ROOT / "pyproject.toml", *(ROOT / "kong-plugin").glob("**/pyproject.toml")])


class ReleaseError(Exception):
    """What was built may not be released. The message says why."""


def main() -> int:
    """Build, inspect, install, run. Returns the exit code: 0, or 1 with a line that says why."""
    try:
        wheels = [build(pyproject) for pyproject in PYPROJECTS]
        for pyproject, wheel in zip(PYPROJECTS, wheels, strict=True):
            inspect(pyproject, wheel)
        with tempfile.TemporaryDirectory(prefix="ct-release-") as folder:
            try_installed(wheels, Path(folder))
    except (ReleaseError, subprocess.CalledProcessError) as error:
        print(f"release-check: {error}", file=sys.stderr)
        return 1
    return 0


def build(pyproject: Path) -> Path:
    """The sdist of a distribution, and from that alone its wheel. Returns the wheel's path."""
    project = tomllib.loads(pyproject.read_text())["project"]
    name = project["name"].replace("-", "_")
    version = (ROOT / "VERSION").read_text().strip()
    run(sys.executable, "-m", "build", "--outdir", DIST, pyproject.parent)
    built = [DIST / f"{name}-{version}-py3-none-any.whl", DIST / f"{name}-{version}.tar.gz"]
    for path in built:
        if not path.is_file():
            raise ReleaseError(f"{path.name} was not built")
        print(f"built dist/{path.name}")
    return built[0]


def inspect(pyproject: Path, wheel: Path) -> None:
    """Raises ReleaseError where a wheel does not hold exactly what git has of its packages."""
    target = tomllib.loads(pyproject.read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    expected = expected_files(pyproject.parent, target)
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    if held != expected:
        raise ReleaseError(f"{wheel.name} differs from git in {sorted(held ^ expected)}")
    untyped = [name for name in target["packages"] if f"{name}/py.typed" not in held]
    if untyped:
        raise ReleaseError(f"{wheel.name}: no py.typed in {untyped}")


def expected_files(folder: Path, target: dict[str, Any]) -> set[str]:
    """The files that a wheel must hold, from what git tracks of its packages."""
    moved = {**{name: name for name in target["packages"]}, **target.get("force-include", {})}
    return {
        place + file.removeprefix(source)
        for source, place in moved.items()
        for file in run("git", "ls-files", source, cwd=folder).splitlines()
    }


def try_installed(wheels: list[Path], folder: Path) -> None:
    """Install the wheels into an environment of their own, write down what is in it, and run each
    command from there."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    programs = folder / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--quiet", "-c", LOCK, *wheels, cwd=folder)
    run(*pip, "check", cwd=folder)
    write_sbom(programs / "python")
    for name in commands():
        run(programs / name, "--help", cwd=folder)
        print(f"ran {name} --help")
    with run_postgres(folder / "postgres") as server:
        url = database_url(server)
        applied = run(programs / "conversion-tracking", "migrate", cwd=folder, CT_DATABASE_URL=url)
    print(applied, end="")


def write_sbom(python: Path) -> None:
    """The software bill of materials of an environment, as CycloneDX. Raises ReleaseError where
    one of our distributions is not in it."""
    file = DIST / f"conversion-tracking-{(ROOT / 'VERSION').read_text().strip()}.cdx.json"
    writer = Path(sys.executable).parent / "cyclonedx-py"
    run(writer, "environment", "--output-reproducible", "--output-file", file, python)
    held = {component["name"] for component in json.loads(file.read_text())["components"]}
    ours = {tomllib.loads(path.read_text())["project"]["name"] for path in PYPROJECTS}
    if not ours <= held:
        raise ReleaseError(f"{file.name} lacks {sorted(ours - held)}")
    print(f"wrote dist/{file.name}: {len(held)} distributions")


def commands() -> list[str]:
    """The commands of all distributions."""
    projects = [tomllib.loads(path.read_text())["project"] for path in PYPROJECTS]
    return sorted(name for project in projects for name in project.get("scripts", {}))


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What a command prints. Raises CalledProcessError where it fails; its stderr is shown."""
    finished = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout


if __name__ == "__main__":
    sys.exit(main())
