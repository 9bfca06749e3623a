"""What a phase does, Kong sees; what goes wrong in it ends that event and no other."""

from __future__ import annotations

import pytest

from tests.integration.plugin_server import proto
from tests.integration.plugin_server.checks import NUMBER, expect_a_working_server, outcomes
from tests.integration.plugin_server.kong import (
    EXIT,
    ClosedError,
    Kong,
    Link,
    handle_event,
    read_call,
)
from tests.integration.plugin_server.running import Server

JSON_TYPE = "application/json; charset=utf-8"


def test_a_phase_gets_what_it_reads_and_kong_gets_what_it_sets(kong: Kong) -> None:
    instance = kong.start_instance({"does": "sets_twice"})

    event = kong.run(instance)

    assert event.calls == [
        ("kong.response.set_header", ("X-One", "1")),
        ("kong.response.set_headers", {"X-Two": ["2", "3"], "X-Text": "\udcffä"}),
    ]


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        (proto.write_string("héader"), "héader"),
        (proto.write_string(b"\xff\x00"), "\udcff\x00"),
        (proto.write_string("x" * 20_000), "x" * 20_000),
    ],
)
def test_a_header_of_any_bytes_goes_through_a_phase_unchanged(
    kong: Kong, result: bytes, seen: str
) -> None:
    instance = kong.start_instance({"does": "reads_and_sets"})

    event = kong.run(instance, results={"kong.request.get_header": result})

    assert event.arguments("response.set_header") == [("X-Echo", seen)]


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        ("exits", (403, b"no", {"X-Why": "because"})),
        ("exits_twice", (403, b"first", {})),
        ("exits_and_catches_everything", (403, b"first", {})),
        ("exits_and_reads_on", (403, b"first", {})),
        ("sets_and_exits", (200, b'{"allow": "POST"}', {"Content-Type": JSON_TYPE})),
    ],
)
def test_after_an_exit_not_a_byte_follows(
    server: Server, kong: Kong, behaviour: str, answer: tuple[int, bytes, dict[str, str]]
) -> None:
    before = outcomes(server, "exit")
    with Link(server.socket) as link:
        link.send_frame(handle_event(1, kong.start_instance({"does": behaviour})))
        calls = [read_call(link)]
        if calls[0] == ("kong.response.set_header", ("X-One", "1")):
            calls.append(read_call(link))

        assert calls[-1] == (EXIT, answer)
        assert link.is_quiet()
    assert outcomes(server, "exit") == before + 1
    expect_a_working_server(server, kong)


@pytest.mark.parametrize(
    ("behaviour", "calls", "message"),
    [
        ("raises", [], "a fault in the plugin"),
        ("raises_after_a_set", ["response.set_header"], "a fault in the plugin"),
        (
            "raises_between",
            ["response.set_header", "request.get_header"],
            "a fault in the plugin",
        ),
        ("calls_an_unknown_method", [], "no kong.response.set_headerz"),
        ("calls_an_unknown_namespace", [], "no kong.database"),
        ("passes_an_object", [], "kong.response.set_header"),
        ("passes_too_much", [], "kong.response.set_header"),
        ("passes_a_text_as_status", [], "kong.response.exit"),
        ("passes_an_endless_list", [], "kong.response.set_header"),
        ("passes_a_number_as_a_name", [], "kong.response.set_headers"),
        ("recurses_for_ever", [], "RecursionError"),
        ("leaves", [], "SystemExit"),
    ],
)
def test_a_phase_that_fails_ends_its_event_and_says_why(
    server: Server, kong: Kong, behaviour: str, calls: list[str], message: str
) -> None:
    instance = kong.start_instance({"does": behaviour})
    before, read = outcomes(server, "error"), len(server.log)

    event = kong.run(instance, NUMBER)

    assert event.names == [*calls, "log.err"]
    ((line,),) = event.arguments("log.err")
    assert message in line
    assert "\n" not in line
    assert "Traceback" in server.log[read:]
    assert message in server.log[read:]
    assert outcomes(server, "error") == before + 1
    expect_a_working_server(server, kong)


def test_what_a_phase_returns_is_of_no_interest(kong: Kong) -> None:
    assert kong.run(kong.start_instance({"does": "returns_nonsense"})).calls == []


def test_a_phase_that_the_plugin_does_not_have_is_an_error_of_that_event(
    server: Server, kong: Kong
) -> None:
    instance = kong.start_instance({})

    assert kong.run(instance, phase="rewrite").names == ["log.err"]
    expect_a_working_server(server, kong)


def test_a_configuration_that_is_no_object_reaches_the_constructor(kong: Kong) -> None:
    assert kong.run(kong.start_instance([])).names == ["log.err"]


def test_an_unknown_instance_closes_the_connection_so_that_kong_starts_it_again(
    server: Server, kong: Kong
) -> None:
    closed = kong.start_instance({})
    kong.close_instance(closed)

    with pytest.raises(ClosedError):
        kong.run(closed)
    with pytest.raises(ClosedError):
        kong.close_instance(closed)
    expect_a_working_server(server, kong)


def test_the_object_of_another_event_cannot_be_used(server: Server, kong: Kong) -> None:
    instance = kong.start_instance({"does": "keeps_kong"})

    assert kong.run(instance).names == ["response.set_header"]
    assert kong.run(instance).names == ["log.err"]
    expect_a_working_server(server, kong)


@pytest.mark.parametrize(
    ("behaviour", "result", "seen"),
    [
        ("reads_and_sets", b"\x0a", None),
        ("reads_and_sets", b"\x08\x01", None),
        ("reads_the_body", b"\x0a\x02{}", "{}"),
        ("reads_the_body", b"", ""),
        ("reads_the_body", b"\x12\x08/nowhere", None),
        ("reads_the_body", b"\x1a\x07no body", None),
        ("reads_a_shared_value", b"", "None"),
        ("reads_a_shared_value", proto.write_value(None), "None"),
        ("reads_a_shared_value", proto.write_value(True), "True"),
        (
            "reads_a_shared_value",
            proto.write_value({"a": [1.5]}),
            "{'a': [1.5]}",
        ),
        ("reads_a_shared_value", b"\x11\x00", None),
        ("reads_a_shared_value", b"\x12\x00", None),
    ],
)
def test_a_result_arrives_as_kong_means_it_or_raises_in_the_phase(
    server: Server, kong: Kong, behaviour: str, result: bytes, seen: str | None
) -> None:
    results = dict.fromkeys(
        ("kong.request.get_header", "kong.request.get_raw_body", "kong.ctx.shared.get"), result
    )

    event = kong.run(kong.start_instance({"does": behaviour}), results=results)

    expect_a_working_server(server, kong)
    assert event.names[1:] == (["log.err"] if seen is None else ["response.set_header"])
    if seen is not None:
        assert event.arguments("response.set_header")[0][1] == seen
