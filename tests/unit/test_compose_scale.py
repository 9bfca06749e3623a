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
    database = {value for _, name, value in ENVIRONMENT if name == "CT_DATABASE_URL"}
    assert {environment["CT_DATABASE_URL"]} == database


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
    sources = [volume.split(":")[0] for name in SERVERS for volume in SERVICES[name]["volumes"]]
    for source in filter(lambda source: source.startswith("."), sources):
        assert (ROOT / source).is_file()
    assert "!compose.scale.yml" not in IGNORED


def test_neither_kong_nor_a_visitor_reaches_the_queue() -> None:
    assert SCALE["networks"]["queue"]["internal"] is True
    assert "kong" not in SERVICES
    assert not any("ports" in service for service in SERVICES.values())
    assert all("queue" in service["networks"] for service in SERVICES.values())


def test_two_collectors_and_two_consumers_start_when_the_streams_are_there() -> None:
    for name in ("collector", "consumer"):
        assert SERVICES[name]["deploy"] == {"replicas": 2}
        needed = SERVICES[name]["depends_on"]
        assert needed["queue"] == {"condition": "service_completed_successfully"}
    assert {*SERVICES["queue"]["depends_on"]} == {*SERVERS}
