"""docker-compose.yml and the Dockerfiles fit the checkout, as far as that shows without Docker."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.settings import ENV_PREFIX, Settings
from conversion_tracking_plugin.nginx import HTTP_FILE, PROXY_FILE
from tests.processes import children_of
from tools.distributions import PYPROJECTS, ROOT

COMPOSE_FILE = ROOT / "docker-compose.yml"
BIN = Path(sys.executable).parent

COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KONG_YML: dict[str, Any] = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())
PROJECTS = {path.parent: tomllib.loads(path.read_text()) for path in PYPROJECTS}
IGNORED = (ROOT / ".dockerignore").read_text().splitlines()
DOCKERFILES = sorted((ROOT / "deploy").glob("*/Dockerfile"))

ENVIRONMENT = [
    (service, name, str(value))
    for service, description in SERVICES.items()
    for name, value in description.get("environment", {}).items()
]
SECRETS = {"CT_GATEWAY_SECRET", "POSTGRES_PASSWORD"}
# Of compose.scale.yml (test_compose_scale.py).
SCALE_SECRET = "NATS_PASSWORD"

# Names of kong.conf.default 3.9.1 that docs/kong.md does not speak of.
KONG_CONF = {
    "KONG_ADMIN_GUI_LISTEN",
    "KONG_ADMIN_LISTEN",
    "KONG_ANONYMOUS_REPORTS",
    "KONG_DNS_VALID_TTL",
    "KONG_PROXY_ACCESS_LOG",
    "KONG_PROXY_ERROR_LOG",
    "KONG_PROXY_LISTEN",
}
POSTGRES_IMAGE = {"POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_USER"}
# What is no file of the checkout, but its operator's.
OF_THE_OPERATOR = "./destinations"
# What the images bring: python is in all of ours, the others in those of their projects.
PROGRAMS_OF_IMAGES = {"python", "kong", "pg_isready"}


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """A Dockerfile's instructions and their arguments, continued lines joined."""
    text = re.sub(r"\\\n", " ", dockerfile.read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = [line.partition(" ") for line in lines if not line.startswith("#")]
    return [(name, " ".join(arguments.split())) for name, _, arguments in pairs]


def copied_from_checkout() -> list[tuple[Path, str]]:
    """Each source that a Dockerfile copies out of the checkout."""
    return [
        (dockerfile, source)
        for dockerfile in DOCKERFILES
        for name, arguments in instructions(dockerfile)
        if name == "COPY" and not arguments.startswith("--from=")
        for source in arguments.split()[:-1]
    ]


def let_through() -> list[str]:
    """What .dockerignore, which shuts everything out first, lets Docker see."""
    first, *rest = [line for line in IGNORED if not line.startswith("#")]
    assert first == "*"
    return [line[1:] for line in rest if line.startswith("!")]


def entry_points() -> set[str]:
    """The commands of our packages, and the scripts beside the Dockerfiles."""
    scripts = {path.name for path in (ROOT / "deploy").glob("*/*") if path.stat().st_mode & 0o100}
    return scripts.union(*(project["project"].get("scripts", ()) for project in PROJECTS.values()))


def commands() -> list[tuple[str, list[str]]]:
    """Every command of compose and of the Dockerfiles, and who runs it."""
    of_services = [(s, d["command"]) for s, d in SERVICES.items() if "command" in d]
    checks = [
        (f"{s}'s health check", d["healthcheck"]["test"][1:])
        for s, d in SERVICES.items()
        if "healthcheck" in d
    ]
    of_images = [
        (path.parent.name, yaml.safe_load(arguments))
        for path in DOCKERFILES
        for name, arguments in instructions(path)
        if name == "CMD"
    ]
    return of_services + checks + of_images


def volumes() -> list[tuple[str, str, str]]:
    """Service, source and target of every volume."""
    return [
        (service, *volume.split(":")[:2])
        for service, description in SERVICES.items()
        for volume in description.get("volumes", [])
    ]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command that has ended."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def plugin_health_check(socket_path: Path) -> int:
    """The exit code of the plugin's health check, for a socket elsewhere."""
    _, python, option, code = SERVICES["plugin"]["healthcheck"]["test"]
    assert python == "python"
    code = code.replace("/run/conversion-tracking/plugin.sock", str(socket_path))
    return run(sys.executable, option, code).returncode


@pytest.mark.parametrize("file", ["docker-compose.yml", "compose.scale.yml"])
def test_the_file_obeys_the_compose_schema(file: str) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")

    checked = run(sys.executable, "-m", "check_jsonschema", *schema, ROOT / file)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_image_of_ours_is_built_by_exactly_one_service() -> None:
    builds = {ROOT / d["build"]["dockerfile"] for d in SERVICES.values() if "build" in d}
    built = [d["image"] for d in SERVICES.values() if "build" in d]
    never_pulled = [d["image"] for d in SERVICES.values() if d.get("pull_policy") == "never"]

    assert builds == set(DOCKERFILES)
    assert len(built) == len(set(built)) == len(DOCKERFILES)
    assert set(never_pulled) <= set(built)
    published = {d["image"] for d in SERVICES.values()} - set(built)
    assert all(":" in image and not image.endswith(":latest") for image in published)


@pytest.mark.parametrize(("dockerfile", "source"), copied_from_checkout())
def test_what_a_dockerfile_copies_exists_and_reaches_docker(dockerfile: Path, source: str) -> None:
    assert (ROOT / source).exists()
    assert source in let_through()


@pytest.mark.parametrize(
    "path", [".env", ".git", "var", ".venv", "deploy/.env.example", "destinations"]
)
def test_secrets_and_data_stay_out_of_the_images(path: str) -> None:
    assert not any(fnmatch(path, pattern) for pattern in let_through())


def test_the_dockerfiles_copy_everything_that_the_wheels_are_built_from() -> None:
    collector = PROJECTS[ROOT]
    wheel = collector["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        "collector": {*wheel["packages"], *wheel["force-include"], collector["project"]["readme"]},
        "plugin": {"kong-plugin"},
        "e2e": {"collector", "db", "kong", "kong-plugin", "local", "tests"},
    }
    copied = [(path.parent.name, source) for path, source in copied_from_checkout()]

    for image, sources in needed.items():
        assert sources | {"VERSION"} <= {source for name, source in copied if name == image}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_the_images_have_the_tested_python_and_do_not_run_as_root(dockerfile: Path) -> None:
    bases = [arguments for name, arguments in instructions(dockerfile) if name == "FROM"]

    assert bases
    assert all(re.match(r"python:3\.1[1-3]-slim-", base) for base in bases)
    assert {p["project"]["requires-python"] for p in PROJECTS.values()} == {">=3.11"}
    assert [arguments for name, arguments in instructions(dockerfile) if name == "USER"] == [
        "tracking"
    ]


@pytest.mark.parametrize(("who", "command"), commands())
def test_every_command_names_a_program_that_exists(who: str, command: list[str]) -> None:
    assert command[0] in entry_points() | PROGRAMS_OF_IMAGES


@pytest.mark.parametrize(("service", "source", "target"), volumes())
def test_every_volume_is_declared_or_a_file_of_the_checkout(
    service: str, source: str, target: str
) -> None:
    assert target.startswith("/")
    if source == OF_THE_OPERATOR:
        return
    assert (ROOT / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize(("service", "name", "value"), ENVIRONMENT)
def test_every_environment_variable_is_a_real_setting(service: str, name: str, value: str) -> None:
    settings = {ENV_PREFIX + field.upper() for field in Settings.model_fields}
    documented = set(re.findall(r"KONG_[A-Z_]+", (ROOT / "docs" / "kong.md").read_text()))
    known = {
        "postgres": POSTGRES_IMAGE,
        "kong": documented | KONG_CONF | {"CT_GATEWAY_SECRET"},  # the last through kong.yml's vault
        "e2e": set(re.findall(r"SYSTEM_[A-Z_]+", (ROOT / "docs" / "testing.md").read_text())),
    }

    assert name in known.get(service, settings)


def test_each_variable_of_the_env_file_is_one_that_compose_reads() -> None:
    described = re.findall(
        r"^#?([A-Z_]+)=", (ROOT / "deploy" / ".env.example").read_text(), re.MULTILINE
    )
    read = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_FILE.read_text()))
    # The env file brings the collector each setting that compose does not set itself.
    assert SERVICES["collector"]["env_file"] == [{"path": ".env", "required": False}]
    settings = {ENV_PREFIX + field.upper() for field in Settings.model_fields}
    carried = settings - set(SERVICES["collector"]["environment"])

    assert set(described) == read | carried | {SCALE_SECRET}
    assert len(described) == len(set(described))


def test_no_secret_has_a_default_or_stands_in_a_file() -> None:
    uses = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", COMPOSE_FILE.read_text())
    example = (ROOT / "deploy" / ".env.example").read_text()

    for name, rest in uses:
        assert rest.startswith(":?") if name in SECRETS else rest.startswith(":-")
    for name in SECRETS:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)
    for service, name, value in ENVIRONMENT:
        if name in SECRETS:
            assert value.startswith("${"), service


def test_only_the_gateway_publishes_a_port_and_by_default_to_this_machine_only() -> None:
    published = {service: d["ports"] for service, d in SERVICES.items() if "ports" in d}

    assert published == {"kong": ["${GATEWAY_ADDRESS:-127.0.0.1}:${GATEWAY_PORT:-8000}:8000"]}
    assert SERVICES["kong"]["environment"]["KONG_ADMIN_LISTEN"] == "off"


def test_kong_cannot_reach_the_database() -> None:
    assert not set(SERVICES["kong"]["networks"]) & set(SERVICES["postgres"]["networks"])
    assert COMPOSE["networks"]["database"]["internal"] is True


def test_kong_neither_reaches_the_dashboard_nor_has_a_route_to_it() -> None:
    dashboard = SERVICES["dashboard"]
    assert not set(SERVICES["kong"]["networks"]) & set(dashboard["networks"])
    assert "dashboard" in dashboard["profiles"]  # it starts only where somebody asks for it
    for file in (ROOT / "kong").glob("kong*.yml"):
        text = file.read_text()
        assert "dashboard" not in text
        state = yaml.safe_load(text)
        routes = [*state.get("routes", []), *(r for s in state["services"] for r in s["routes"])]
        paths = [path for route in routes for path in route["paths"]]
        assert paths
        for address in ("/", "/login", "/v1/reports", "/v1/reports/channels", "/share/abc"):
            assert not any(is_routed(path, address) for path in paths)


def is_routed(path: str, address: str) -> bool:
    """Whether a route of Kong with this path takes an address."""
    return bool(re.match(path[1:], address)) if path[0] == "~" else address.startswith(path)


def test_the_collector_is_where_kong_looks_for_it_with_the_same_body_limit() -> None:
    settings = SERVICES["collector"]["environment"]
    targets = [t["target"] for u in KONG_YML["upstreams"] for t in u["targets"]]
    limits = [
        plugin["config"]["allowed_payload_size"] * 1024
        for plugin in KONG_YML["services"][0]["plugins"]
        if plugin["name"] == "request-size-limiting"
    ]

    assert targets == [f"collector:{settings['CT_PORT']}"]
    assert limits == [Settings.model_fields["max_body_bytes"].default]
    assert "CT_MAX_BODY_BYTES" not in settings
    assert f":{settings['CT_PORT']}/healthz" in SERVICES["collector"]["healthcheck"]["test"][-1]


def test_each_service_starts_after_what_it_needs_is_ready() -> None:
    waits = {
        service: {name: rule["condition"] for name, rule in d.get("depends_on", {}).items()}
        for service, d in SERVICES.items()
    }

    assert waits == {
        "postgres": {},
        "migrate": {"postgres": "service_healthy"},
        "collector": {"migrate": "service_completed_successfully"},
        "dashboard": {"migrate": "service_completed_successfully"},
        "deliver": {"migrate": "service_completed_successfully"},
        "doctor": {},  # it says what is not there
        "plugin": {},
        "kong": {"collector": "service_healthy", "plugin": "service_healthy"},
        "e2e": {"kong": "service_healthy"},
    }
    for service, conditions in waits.items():
        for name, condition in conditions.items():
            assert condition != "service_healthy" or "healthcheck" in SERVICES[name], service


def test_deliver_reads_the_operators_folder_and_alone_reaches_platforms() -> None:
    deliver = SERVICES["deliver"]
    settings = deliver["environment"]
    [(source, target)] = [(s, t) for service, s, t in volumes() if service == "deliver"]

    assert deliver["profiles"] == ["deliver"]  # it starts only where somebody asks for it
    assert source == OF_THE_OPERATOR
    assert settings["CT_DESTINATIONS_FILE"] == f"{target}/destinations.toml"
    assert {"path": f"{source[2:]}/secrets.env", "required": False} in deliver["env_file"]
    assert f"{source[1:]}/" in (ROOT / ".gitignore").read_text().splitlines()
    assert f":{settings['CT_DELIVER_PORT']}/healthz" in deliver["healthcheck"]["test"][-1]
    assert set(deliver["networks"]) == {"platforms", "database"}
    assert [s for s, d in SERVICES.items() if "platforms" in d.get("networks", ())] == ["deliver"]
    assert not (COMPOSE["networks"]["platforms"] or {}).get("internal")
    # A path that only deliver's container has would stop the collector's start.
    assert SERVICES["collector"]["environment"]["CT_DESTINATIONS_FILE"] == ""


def test_the_doctor_looks_where_the_other_services_are() -> None:
    doctor, collector = SERVICES["doctor"], SERVICES["collector"]
    options = dict(option.split("=", 1) for option in doctor["command"][2:])
    kong = SERVICES["kong"]["environment"]

    assert doctor["profiles"] == ["doctor"]  # it starts only where somebody asks for it
    assert options["--gateway"] == "http://kong:8000"
    assert options["--collector"] == f"http://collector:{collector['environment']['CT_PORT']}"
    assert options["--plugin-socket"] == kong["KONG_PLUGINSERVER_CONVERSION_TRACKING_SOCKET"]
    assert f"{options['--nginx-folder']}/{HTTP_FILE}" == kong["KONG_NGINX_HTTP_INCLUDE"]
    assert options["--file"] in [target for service, _, target in volumes() if service == "doctor"]
    for name in ("CT_DATABASE_URL", "CT_GATEWAY_SECRET", "CT_SPOOL_DIR"):
        assert doctor["environment"][name] == collector["environment"][name]
    assert doctor["networks"] == collector["networks"]


def test_the_system_tests_look_where_the_other_services_are() -> None:
    tests, kong = SERVICES["e2e"], SERVICES["kong"]
    port = kong["environment"]["KONG_PROXY_LISTEN"].partition(" ")[0].partition(":")[2]

    assert tests["profiles"] == ["e2e"]  # they start only where somebody asks for them
    assert tests["environment"] == {
        "SYSTEM_GATEWAY_URL": f"http://kong:{port}",
        "SYSTEM_COLLECTOR_URL": f"http://collector:{SERVICES['collector']['environment']['CT_PORT']}",
        "SYSTEM_DATABASE_URL": SERVICES["collector"]["environment"]["CT_DATABASE_URL"],
    }
    assert tests["networks"] == SERVICES["collector"]["networks"]


def test_the_system_tests_in_a_container_are_those_that_take_a_system_from_elsewhere() -> None:
    files = {ROOT / word for word in SERVICES["e2e"]["command"] if word.endswith(".py")}
    of_any_system = re.compile(r"gateway: Gateway\b")

    assert files == {
        path
        for path in (ROOT / "tests" / "system").glob("test_*.py")
        if of_any_system.search(path.read_text())
    }


def test_one_script_writes_the_env_file_once_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in ("make-env", ".env.example"):
        shutil.copy2(ROOT / "deploy" / name, tmp_path / "deploy")
    script = tmp_path / "deploy" / "make-env"

    assert subprocess.run([script], stdout=subprocess.PIPE, check=True).stdout
    file = tmp_path / ".env"
    written = once = file.read_text()
    values = dict(re.findall(r"^(\w+)=(.*)$", written, re.MULTILINE))
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRETS | {SCALE_SECRET} == set(values)
    for name in SECRETS | {SCALE_SECRET}:
        assert re.fullmatch("[0-9a-f]{48,}", values[name]), name
        written = written.replace(values[name], "")
    assert written == (ROOT / "deploy" / ".env.example").read_text()

    again = subprocess.run([script], stderr=subprocess.PIPE, check=False)
    assert (again.returncode, b"there already" in again.stderr) == (1, True)
    assert file.read_text() == once


def test_events_that_wait_for_postgres_are_on_a_volume_that_the_collector_may_write() -> None:
    collector = SERVICES["collector"]
    [mount] = collector["volumes"]
    folder = mount.partition(":")[2]
    assert collector["environment"]["CT_SPOOL_DIR"].startswith(folder + "/")
    made = [text for _, text in instructions(ROOT / "deploy" / "collector" / "Dockerfile")]
    assert any(f"-o tracking -g tracking {folder}" in text for text in made)


def test_kong_and_the_plugin_meet_in_the_folder_that_both_mount() -> None:
    kong = SERVICES["kong"]["environment"]
    folder = {service: target for service, source, target in volumes() if source == "plugin-socket"}
    _, served, kong_yml, *_ = SERVICES["plugin"]["command"]

    assert folder == {"plugin": served, "kong": served, "doctor": served}
    server = "KONG_PLUGINSERVER_CONVERSION_TRACKING"
    assert kong[f"{server}_SOCKET"] == f"{served}/plugin.sock"
    assert shlex.split(kong[f"{server}_QUERY_CMD"]) == ["cat", f"{served}/plugin.json"]
    assert kong["KONG_NGINX_HTTP_INCLUDE"] == f"{served}/{HTTP_FILE}"
    assert kong["KONG_NGINX_PROXY_INCLUDE"] == f"{served}/{PROXY_FILE}"
    # The files are made for the configuration that Kong has.
    assert kong["KONG_DECLARATIVE_CONFIG"] == kong_yml
    mounts = {service: source for service, source, target in volumes() if target == kong_yml}
    assert mounts["plugin"] == mounts["kong"]


def test_the_plugin_s_start_script_writes_the_description_and_serves_until_sigterm(
    tmp_path: Path,
) -> None:
    served = tmp_path / "plugin.sock"
    script = ROOT / "deploy" / "plugin" / "serve-plugin"
    kong_yml = ROOT / "kong" / "kong.yml"
    command = [str(script), str(tmp_path), str(kong_yml), "--workers=2"]
    server = subprocess.Popen(command, env={"PATH": f"{BIN}:/usr/bin:/bin"})
    try:
        for _ in range(100):
            if plugin_health_check(served) == 0:
                break
            time.sleep(0.1)
        dump = run(BIN / "conversion-tracking-plugin", "--dump")
        assert plugin_health_check(served) == 0
        assert (tmp_path / "plugin.json").read_text() == dump.stdout
        assert all((tmp_path / name).exists() for name in (HTTP_FILE, PROXY_FILE))
        assert served.stat().st_mode & 0o777 == 0o666
        assert len(children_of(server.pid)) == 2
        server.terminate()
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.wait()


def test_a_socket_that_a_killed_server_left_behind_is_not_healthy(tmp_path: Path) -> None:
    left_behind = tmp_path / "plugin.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(left_behind))

    assert left_behind.is_socket()
    assert plugin_health_check(left_behind) != 0
