"""Builds what is released into dist/, and tries it where no checkout is: make release-check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from local.postgres import database_url, run_postgres
from tools.distributions import PYPROJECTS, ROOT

DIST = ROOT / "dist"
LOCK = ROOT / "requirements.lock"
LOCAL = "conversion_tracking_local"
HOW_TO_GET_UP = r"conversion-tracking: up needs .*pip install 'conversion-tracking\[local\]'.*\n"
TESTS_OF_UP = (
    "test_the_printed_commands_work",
    "test_the_dashboard_s_token_is_printed_and_signs_in",
    "test_the_demo_is_the_first_address_and_its_origin_is_allowed",
    "test_ctrl_c_stops_it_all_and_a_second_start_finds_its_data",
)


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
    # With the hatchling that the Makefile installs: an environment for each takes half a minute.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST, pyproject.parent)
    built = [DIST / f"{name}-{version}-py3-none-any.whl", DIST / f"{name}-{version}.tar.gz"]
    for path in built:
        if not path.is_file():
            raise ReleaseError(f"{path.name} was not built")
        print(f"built dist/{path.name}")
    return built[0]


def inspect(pyproject: Path, wheel: Path) -> None:
    """Raises ReleaseError where a wheel does not hold exactly what git has of its packages."""
    target = tomllib.loads(pyproject.read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = places_of(target)
    expected = expected_files(pyproject.parent, places, target.get("exclude", []))
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    if held != expected:
        raise ReleaseError(f"{wheel.name} differs from git in {sorted(held ^ expected)}")
    untyped = {place.split("/")[0] for place in places.values()} - {
        name.split("/")[0] for name in held if name.endswith("/py.typed")
    }
    if untyped:
        raise ReleaseError(f"{wheel.name}: no py.typed in {sorted(untyped)}")


def places_of(target: dict[str, Any]) -> dict[str, str]:
    """Where a wheel has which folder of its distribution; "" is the whole of it."""
    packages = {name: name for name in target.get("packages", [])}
    return {**packages, **target.get("sources", {}), **target.get("force-include", {})}


def expected_files(folder: Path, places: dict[str, str], excluded: list[str]) -> set[str]:
    """The files that a wheel must hold, from what git tracks of its folders."""
    return {
        f"{place}/{file.removeprefix(source).lstrip('/')}"
        for source, place in places.items()
        for file in run("git", "ls-files", source or ".", cwd=folder).splitlines()
        if file not in excluded
    }


def try_installed(wheels: list[Path], folder: Path) -> None:
    """Install the wheels into an environment of their own, write down what is in it, and run each
    command from there."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    programs = folder / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    needed = [wheel for wheel in wheels if not wheel.name.startswith(LOCAL)]
    run(*pip, "install", "--quiet", "-c", LOCK, *needed, cwd=folder)
    run(*pip, "check", cwd=folder)
    write_sbom(programs / "python")
    for name in commands():
        run(programs / name, "--help", cwd=folder)
        print(f"ran {name} --help")
    with run_postgres(folder / "postgres") as server:
        url = database_url(server)
        applied = run(programs / "conversion-tracking", "migrate", cwd=folder, CT_DATABASE_URL=url)
    print(applied, end="")
    refuse_unclear_up(programs / "conversion-tracking", folder)
    run(*pip, "install", "--quiet", "-c", LOCK, *wheels, cwd=folder)
    try_up(programs / "conversion-tracking")


def refuse_unclear_up(command: Path, folder: Path) -> None:
    """Raises ReleaseError where `up`, which is not installed yet, does not say how it is."""
    tried = subprocess.run([command, "up"], cwd=folder, capture_output=True, text=True, check=False)
    if tried.returncode != 1 or not re.fullmatch(HOW_TO_GET_UP, tried.stderr):
        raise ReleaseError(f"without the extra, `up` ends with {tried.returncode}: {tried.stderr}")


def try_up(command: Path) -> None:
    """`up` of the wheels, as a newcomer meets it: the tests of `make run` that share a start."""
    print("running the tests of `up` with what the wheels brought", flush=True)
    tests = [f"tests/system/test_up.py::{name}" for name in TESTS_OF_UP]
    pytest = (sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider")
    print(run(*pytest, *tests, UP_COMMAND=str(command)), end="")


def write_sbom(python: Path) -> None:
    """The software bill of materials of an environment, as CycloneDX. Raises ReleaseError where
    one of our distributions is not in it."""
    file = DIST / f"conversion-tracking-{(ROOT / 'VERSION').read_text().strip()}.cdx.json"
    writer = Path(sys.executable).parent / "cyclonedx-py"
    run(writer, "environment", "--output-reproducible", "--output-file", file, python)
    held = {component["name"] for component in json.loads(file.read_text())["components"]}
    ours = {tomllib.loads(path.read_text())["project"]["name"] for path in PYPROJECTS}
    ours.remove(LOCAL.replace("_", "-"))  # production does not have it
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
