"""Kong's environment variables, and the dump of a plugin server."""

import json
from typing import Any

import pytest

from local.gateway.errors import StartError
from local.gateway.plugin_info import parse_dump
from local.gateway.settings import read_settings

READ_TIMEOUT = "KONG_NGINX_PROXY_LUA_SOCKET_READ_TIMEOUT"
PLUGIN_SERVER = {
    "KONG_PLUGINSERVER_NAMES": "conversion-tracking",
    "KONG_PLUGINSERVER_CONVERSION_TRACKING_SOCKET": "/run/ct.sock",
    "KONG_PLUGINSERVER_CONVERSION_TRACKING_QUERY_CMD": "ct --dump",
}


def read(**environment: str) -> Any:
    return read_settings({"KONG_DECLARATIVE_CONFIG": "kong.yml"} | environment)


def test_the_defaults_are_kongs() -> None:
    settings = read()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.plugins == ("bundled",)
    assert settings.address_rules.header == "X-Real-IP"
    assert settings.address_rules.recursive is False
    assert settings.log_level == "notice"


@pytest.mark.parametrize(("text", "seconds"), [("2s", 2), ("500ms", 0.5), ("3", 3)])
def test_a_time_is_read_in_nginxs_units(text: str, seconds: float) -> None:
    assert read(**{READ_TIMEOUT: text}).plugin_read_timeout == seconds


def test_a_plugin_server_is_read_by_its_name_in_capitals() -> None:
    (server,) = read(**PLUGIN_SERVER).plugin_servers
    assert (server.socket, server.query_command) == ("/run/ct.sock", "ct --dump")
    assert server.start_command is None


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"KONG_DECLARATIVE_CONFIG": ""}, "KONG_DECLARATIVE_CONFIG"),
        ({"KONG_PROXY_LISTEN": "8000"}, "KONG_PROXY_LISTEN"),
        ({"KONG_PROXY_LISTEN": "127.0.0.1:99999"}, "KONG_PROXY_LISTEN"),
        ({"KONG_PROXY_LISTEN": "0.0.0.0:8443 ssl"}, "KONG_PROXY_LISTEN"),
        ({"KONG_TRUSTED_IPS": "10.0.0.0/40"}, "KONG_TRUSTED_IPS"),
        ({"KONG_REAL_IP_RECURSIVE": "yes"}, "KONG_REAL_IP_RECURSIVE: expected one of on, off"),
        ({"KONG_LOG_LEVEL": "loud"}, "KONG_LOG_LEVEL"),
        ({READ_TIMEOUT: "soon"}, READ_TIMEOUT),
        ({READ_TIMEOUT: "2m"}, READ_TIMEOUT),
        ({"KONG_NGINX_PROXY_SET": "ct_request x"}, "KONG_NGINX_PROXY_SET"),
        ({"KONG_PLUGINSERVER_NAMES": "a-b"}, "KONG_PLUGINSERVER_A_B_SOCKET"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(StartError) as caught:
        read(**environment)
    assert message in str(caught.value)


STRING = {"type": "string"}
CONFIG = [{"config": {"type": "record", "fields": []}}]
PLUGIN = {
    "Name": "probe",
    "Version": "0.1.0",
    "Priority": 2500,
    "Phases": ["access"],
    "Schema": {"name": "probe", "fields": CONFIG},
}


@pytest.mark.parametrize(
    "dump",
    [[PLUGIN], [PLUGIN, {"Name": "ignored"}], {"Plugins": [PLUGIN], "Protocol": "MsgPack:1"}],
)
def test_the_first_plugin_of_a_dump_is_taken(dump: Any) -> None:
    info = parse_dump(json.dumps(dump), "probe")
    assert (info.name, info.priority, info.phases) == ("probe", 2500, ("access",))


@pytest.mark.parametrize(
    ("dump", "protocol"),
    [
        ([PLUGIN], "MsgPack:1"),
        ({"Plugins": [PLUGIN]}, "MsgPack:1"),
        ({"Protocol": "MsgPack:1", "Plugins": [PLUGIN]}, "MsgPack:1"),
        ({"Protocol": "ProtoBuf:1", "Plugins": [PLUGIN]}, "ProtoBuf:1"),
    ],
)
def test_the_dump_chooses_the_protocol(dump: Any, protocol: str) -> None:
    assert parse_dump(json.dumps(dump), "probe").protocol == protocol


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Traceback", "failed decoding plugin info"),
        ("[]", "not a plugin info table"),
        ("3", "not a plugin info table"),
        (json.dumps({"Protocol": "Go:1", "Plugins": [PLUGIN]}), "unknown protocol impl"),
        (json.dumps({"Protocol": None, "Plugins": [PLUGIN]}), "unknown protocol impl"),
        (json.dumps({"Protocol": "ProtoBuf:1"}), "not a plugin info table"),
        (json.dumps({"Protocol": "ProtoBuf:1", "Plugins": []}), "not a plugin info table"),
        (json.dumps(PLUGIN), "not a plugin info table"),
        (json.dumps([PLUGIN | {"Version": "1"}]), "VERSION field does not follow"),
        (json.dumps([PLUGIN | {"Version": "1.2.3.4"}]), "VERSION field does not follow"),
        (json.dumps([PLUGIN | {"Priority": "high"}]), "PRIORITY field is not a valid integer"),
        (json.dumps([PLUGIN | {"Name": None}]), "no Name"),
        (json.dumps([PLUGIN | {"Schema": {"fields": []}}]), "schema.name: required field"),
        (json.dumps([PLUGIN | {"Schema": {"name": "p", "fields": []}}]), '"config" is missing'),
        (
            json.dumps([PLUGIN | {"Schema": {"name": "p", "fields": [*CONFIG, {"x": STRING}]}}]),
            "x: cannot create a new field",
        ),
        (json.dumps([PLUGIN | {"Phases": ["access", "log"]}]), "phases log are not implemented"),
    ],
)
def test_a_dump_that_kong_or_we_cannot_use_is_refused(text: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        parse_dump(text, "probe")
    assert message in str(caught.value)
