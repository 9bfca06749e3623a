"""Kong's environment variables, and the dump of a plugin server."""

import json
from typing import Any

import pytest

from local.gateway.config.dump import parse_dump
from local.gateway.config.settings import read_settings
from local.gateway.errors import StartError

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
    assert settings.plugin_read_timeout == 60


def test_a_time_is_read_in_seconds() -> None:
    assert read(**{READ_TIMEOUT: "2s"}).plugin_read_timeout == 2


def test_a_variable_of_nginx_is_read_with_its_definition() -> None:
    settings = read(KONG_NGINX_PROXY_SET='$ct_a "$request_method x"')
    assert settings.nginx_variables == {"ct_a": "$request_method x"}


def test_a_plugin_server_is_read_by_its_name_in_capitals() -> None:
    (server,) = read(**PLUGIN_SERVER).plugin_servers
    assert (server.socket, server.query_command) == ("/run/ct.sock", "ct --dump")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"KONG_DECLARATIVE_CONFIG": ""}, "KONG_DECLARATIVE_CONFIG"),
        ({"KONG_PROXY_LISTEN": "8000"}, "KONG_PROXY_LISTEN"),
        ({"KONG_PROXY_LISTEN": "127.0.0.1:99999"}, "KONG_PROXY_LISTEN"),
        ({"KONG_PROXY_LISTEN": "0.0.0.0:8443 ssl"}, "KONG_PROXY_LISTEN"),
        ({"KONG_TRUSTED_IPS": "10.0.0.0/8"}, "KONG_TRUSTED_IPS: not implemented by the local gat"),
        ({"KONG_REAL_IP_RECURSIVE": "on"}, "KONG_REAL_IP_RECURSIVE: not implemented by the local"),
        (
            PLUGIN_SERVER | {"KONG_PLUGINSERVER_CONVERSION_TRACKING_START_CMD": "a"},
            "KONG_PLUGINSERVER_CONVERSION_TRACKING_START_CMD: not implemented",
        ),
        ({READ_TIMEOUT: "soon"}, READ_TIMEOUT),
        ({READ_TIMEOUT: "2m"}, READ_TIMEOUT),
        ({READ_TIMEOUT: "500ms"}, READ_TIMEOUT),
        ({READ_TIMEOUT: "3"}, READ_TIMEOUT),
        ({"KONG_NGINX_PROXY_SET": "ct_request x"}, "KONG_NGINX_PROXY_SET"),
        ({"KONG_NGINX_PROXY_SET": "$ct_a $request_method"}, "KONG_NGINX_PROXY_SET"),
        ({"KONG_NGINX_PROXY_SET": '$ct_a "x"; return'}, "KONG_NGINX_PROXY_SET"),
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
    assert (info.name, info.priority) == ("probe", 2500)


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
        (
            json.dumps([PLUGIN | {"Schema": {"name": "p", "fields": []}}]),
            "fields other than config",
        ),
        (
            json.dumps([PLUGIN | {"Schema": {"name": "p", "fields": [*CONFIG, {"x": STRING}]}}]),
            "fields other than config alone",
        ),
        (
            json.dumps([PLUGIN | {"Phases": ["access", "log"]}]),
            'only the phases ["access"] are implemented',
        ),
    ],
)
def test_a_dump_that_kong_or_we_cannot_use_is_refused(text: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        parse_dump(text, "probe")
    assert message in str(caught.value)
