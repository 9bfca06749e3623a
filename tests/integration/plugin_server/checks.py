"""What is looked at after an event, whatever it was."""

from __future__ import annotations

from tests.integration.plugin_server.kong import Event, Kong, Request
from tests.integration.plugin_server.load import Load
from tests.integration.plugin_server.running import Server

NUMBER = Request(headers={"x-number": "7"})
ECHO = {"does": "reads_and_sets"}

# A plugin's module that a test writes, and writes anew.
CHANGING = """
version = "0.1.0"
priority = 1
Schema = []


class Plugin:
    def __init__(self, config):
        pass

    def access(self, kong):
        kong.response.set_header("X-Echo", "{echo}")
"""


def outcomes(server: Server, outcome: str) -> float:
    return server.metric(f'kong_plugin_events_total{{outcome="{outcome}"}}')


def expect_a_working_server(server: Server, kong: Kong) -> None:
    event = kong.run(kong.start_instance({"does": "reads_and_sets"}), NUMBER)
    assert event.arguments("response.set_header") == [("X-Echo", "7")]
    assert server.metric("kong_plugin_events_in_flight") == 0


def echo_of(event: Event) -> str:
    """What the plugin has answered to Kong's number, or `CHANGING` to everything."""
    return str(event.arguments("response.set_header")[0][1])


def expect_no_failure(load: Load, *echoes: str) -> None:
    assert load.failures == []
    for event in load.answers:
        ((_, echo),) = event.arguments("response.set_header")
        assert echo in echoes
