"""requirements.lock has each package that a checkout installs, once, at a version that fits."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.distributions import PYPROJECTS, ROOT

PROJECTS = [tomllib.loads(path.read_text())["project"] for path in PYPROJECTS]
OURS = {canonicalize_name(project["name"]) for project in PROJECTS}
LINES = [
    line
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if not line.startswith("#")
]
PINS = [Requirement(line) for line in LINES]


def wanted() -> Iterator[tuple[str, Requirement]]:
    """Each requirement of a distribution or of one of its extras that is not another of ours."""
    for project in PROJECTS:
        extras = project.get("optional-dependencies", {}).values()
        for text in [*project["dependencies"], *(text for extra in extras for text in extra)]:
            requirement = Requirement(text)
            if canonicalize_name(requirement.name) not in OURS:
                yield project["name"], requirement


def environment_of(python: str) -> dict[str, str]:
    """What markers ask of, for a version of CPython on Linux."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def holds(requirement: Requirement, environment: dict[str, str]) -> bool:
    """Whether a requirement is meant for an environment."""
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(("distribution", "requirement"), list(wanted()), ids=str)
def test_the_lock_has_one_version_of_each_requirement_and_it_fits(
    distribution: str, requirement: Requirement, python: str
) -> None:
    environment = environment_of(python)
    versions = [
        next(iter(pin.specifier)).version
        for pin in PINS
        if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        and holds(pin, environment)
    ]

    if holds(requirement, environment):
        assert len(versions) == 1, f"{distribution} needs it: make lock"
        assert requirement.specifier.contains(versions[0]), f"{distribution}: make lock"


def test_no_package_stands_in_the_lock_twice() -> None:
    names = [canonicalize_name(pin.name) for pin in PINS]

    assert sorted(names) == names
    assert len(names) == len(set(names))


def test_pip_can_take_the_lock_as_constraints_from_any_registry() -> None:
    """Constraints may have neither extras nor addresses, nor hashes beside editable installs."""
    assert PINS
    assert all(pin.url is None and not pin.extras for pin in PINS)
    assert all([part.operator for part in pin.specifier] == ["=="] for pin in PINS)
    assert not any(line.startswith("-") or "--hash" in line for line in LINES)
