"""compose.scale.yml fits docker-compose.yml and the servers' file, as far as that shows here."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from collector.settings import ENV_PREFIX, Settings
from tests.unit.test_compose import COMPOSE, ENVIRONMENT, IGNORED, SCALE_SECRET, entry_points
from tools.distributions import ROOT

FILE = ROOT / "compose.scale.yml"
SCALE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = SCALE["services"]
SERVERS = ("nats-1", "nats-2", "nats-3")


def environment_of(service: str) -> dict[str, str]:
    """A service's variables, of both files."""
    first = COMPOSE["services"].get(service, {}).get("environment", {})
    return {**first, **SERVICES[service].get("environment", {})}


def test_its_one_secret_has_no_default_and_the_others_are_those_of_the_first_file() -> None:
    uses = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", FILE.read_text())
    assert {name for name, _ in uses} == {SCALE_SECRET, "POSTGRES_PASSWORD"}
    assert all(rest.startswith(":?") for _, rest in uses)


@pytest.mark.parametrize("service", ["queue", "collector", "consumer"])
def test_its_variables_are_settings_and_the_queue_is_where_the_servers_are(service: str) -> None:
    environment = environment_of(service)
    assert set(environment) <= {ENV_PREFIX + field.upper() for field in Settings.model_fields}
    hosts = re.findall(r"@([\w-]+):4222", environment["CT_QUEUE_URL"])
    assert tuple(hosts) == SERVERS
    assert "nats://ct:" in environment["CT_QUEUE_URL"]


def test_whoever_has_the_database_has_the_standby_too() -> None:
    services = {service for service, name, _ in ENVIRONMENT if name == "CT_DATABASE_URL"}
    [first] = {value for _, name, value in ENVIRONMENT if name == "CT_DATABASE_URL"}
    both = first.replace("@postgres/", "@postgres,postgres-standby/")
    for service in services | {"consumer", "queue"}:
        url = environment_of(service)["CT_DATABASE_URL"]
        assert url == f"{both}?target_session_attrs=read-write", service


def test_commits_wait_for_the_name_that_the_standby_has_and_consumers_for_that() -> None:
    standby = SERVICES["postgres-standby"]
    assert standby["entrypoint"][1].endswith(" application_name=standby")
    settings = [part for part in SERVICES["synchronous"]["command"] if "ALTER SYSTEM" in part]
    assert settings == ["--command=ALTER SYSTEM SET synchronous_standby_names = 'standby'"]
    needed = SERVICES["consumer"]["depends_on"]
    assert needed["synchronous"] == {"condition": "service_completed_successfully"}
    images = {SERVICES[name]["image"] for name in ("postgres-standby", "synchronous")}
    assert images == {COMPOSE["services"]["postgres"]["image"]}


@pytest.mark.parametrize("server", SERVERS)
def test_each_server_has_its_name_a_disk_of_its_own_and_leads_to_all(server: str) -> None:
    service = SERVICES[server]
    assert service["environment"]["NATS_NAME"] == server
    assert f"{server}-data:/data" in service["volumes"]
    assert f"{server}-data" in SCALE["volumes"]
    routes = re.findall(r"nats://cluster:[^@]*@([\w-]+):6222", service["command"][-1])
    assert tuple(routes) == SERVERS


def test_commands_are_there_and_so_are_the_files() -> None:
    for name in ("queue", "consumer"):
        assert SERVICES[name]["command"][0] in entry_points()
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    sources = [volume.split(":")[0] for volume in mounted]
    for source in filter(lambda source: source.startswith("."), sources):
        assert (ROOT / source).is_file()
    assert "!compose.scale.yml" not in IGNORED


def test_neither_kong_nor_a_visitor_reaches_the_queue() -> None:
    assert SCALE["networks"]["queue"]["internal"] is True
    assert "kong" not in SERVICES
    assert not any("ports" in service for service in SERVICES.values())
    of_postgres = {"postgres", "postgres-standby", "synchronous", "migrate"}
    of_postgres |= {"dashboard", "deliver"}
    for name in SERVICES.keys() - of_postgres:
        assert "queue" in SERVICES[name]["networks"], name
    assert not any("queue" in SERVICES[name].get("networks", ()) for name in of_postgres)


def test_two_collectors_and_two_consumers_start_when_the_streams_are_there() -> None:
    for name in ("collector", "consumer"):
        assert SERVICES[name]["deploy"] == {"replicas": 2}
        needed = SERVICES[name]["depends_on"]
        assert needed["queue"] == {"condition": "service_completed_successfully"}
    assert {*SERVICES["queue"]["depends_on"]} == {*SERVERS}
