"""What is looked at after an event, whatever it was."""

from __future__ import annotations

from tests.integration.plugin_server.kong import Kong, Request
from tests.integration.plugin_server.running import Server

NUMBER = Request(headers={"x-number": "7"})


def outcomes(server: Server, outcome: str) -> float:
    return server.metric(f'kong_plugin_events_total{{outcome="{outcome}"}}')


def expect_a_working_server(server: Server, kong: Kong) -> None:
    event = kong.run(kong.start_instance({"does": "reads_and_sets"}), NUMBER)
    assert event.arguments("response.set_header") == [("X-Echo", "7")]
    assert server.metric("kong_plugin_events_in_flight") == 0
