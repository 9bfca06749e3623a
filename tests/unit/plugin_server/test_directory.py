"""Which configuration an id stands for, and which ids a worker may give."""

from __future__ import annotations

import itertools

import pytest

from kong_plugin_server import directory
from kong_plugin_server.directory import IDS_OF_A_WORKER, Directory


def test_the_configuration_of_an_instance_is_found_until_it_is_closed() -> None:
    found = Directory()
    found.add(7, b"{}")

    assert found.find(7) == b"{}"
    found.remove(7)
    found.remove(7)
    assert found.find(7) is None


def test_what_was_not_looked_for_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MAX_INSTANCES", 3)
    found = Directory()
    for instance in (1, 2, 3):
        found.add(instance, b"{}")
    found.find(1)

    found.add(4, b"{}")

    assert [instance for instance in range(1, 5) if found.find(instance)] == [1, 3, 4]


def test_workers_never_give_an_id_that_another_gives_or_that_is_in_use() -> None:
    found = Directory()
    for instance in range(1, 2**31, 2**23):  # 256 of them
        found.add(instance, b"{}")
    firsts: list[int] = []
    for _ in range(256):
        firsts.append(found.choose_first_id(firsts))

    ranges = [range(first, first + IDS_OF_A_WORKER) for first in firsts]
    assert all(ids[0] > 0 and ids[-1] < 2**31 for ids in ranges)
    assert not [ids for ids in ranges for instance in range(1, 2**31, 2**23) if instance in ids]
    ordered = sorted(firsts)
    assert all(b - a >= IDS_OF_A_WORKER for a, b in itertools.pairwise(ordered))


def test_two_servers_begin_at_different_ids() -> None:
    assert len({Directory().choose_first_id([]) for _ in range(20)}) == 20
