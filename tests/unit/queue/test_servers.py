"""What the answers of the servers mean."""

from typing import Any

import pytest

from collector.queue.command import judge
from collector.queue.errors import QueueError
from collector.queue.servers import ServerSync, read_answer

ALWAYS = ServerSync("nats-1", always=True, every_seconds=120, cluster_size=2)
LAZY = ServerSync("nats-2", always=False, every_seconds=120, cluster_size=2)


def test_an_answer_says_how_a_server_syncs() -> None:
    jetstream = {
        "config": {"sync_interval": 120_000_000_000, "sync_always": True},
        "meta": {"cluster_size": 2},
    }
    answer = {"server": {"name": "nats-1"}, "data": {"jetstream": jetstream}}
    assert read_answer(answer) == ALWAYS


@pytest.mark.parametrize("data", [{}, {"jetstream": {}}, {"jetstream": {"stats": {}}}])
def test_a_server_without_jetstream_has_nothing_to_sync(data: dict[str, Any]) -> None:
    assert read_answer({"server": {"name": "leaf"}, "data": data}) is None


def test_servers_that_sync_lazily_are_refused_by_name() -> None:
    with pytest.raises(QueueError, match=r"nats-2 every 120 s.*sync_interval: always"):
        judge([ALWAYS, LAZY], accept_lazy=False, say=print)


@pytest.mark.parametrize(
    ("servers", "accept_lazy", "said"),
    [
        ([ALWAYS, LAZY], True, ["warning: servers that acknowledge before they sync: nats-2"]),
        ([ALWAYS], False, ["not checked: whether 1 more servers sync", "nats-1: sync what they"]),
    ],
    ids=["lazy ones that are accepted", "one that does not answer"],
)
def test_what_is_not_refused_is_said(
    servers: list[ServerSync], accept_lazy: bool, said: list[str]
) -> None:
    lines: list[str] = []
    judge(servers, accept_lazy, lines.append)
    assert len(lines) == len(said)
    assert all(line.startswith(begin) for line, begin in zip(lines, said, strict=True))


def test_a_user_who_is_not_told_is_not_one_of_the_system_account() -> None:
    with pytest.raises(QueueError, match="system account"):
        judge([], accept_lazy=True, say=print)
