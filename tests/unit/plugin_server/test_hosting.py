"""Instances: their ids, their number, and the plugins that cannot be made."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from kong_plugin_server import hosting
from kong_plugin_server.hosting import Instances, UnusablePlugin, make_read, reads_of
from kong_plugin_server.plugin_module import HostedPlugin


class Plugin:
    def __init__(self, config: Any) -> None:
        if config == "leave":
            raise SystemExit(3)
        if config == "raise":
            raise ValueError("no")

    def access(self, kong: Any) -> None:
        pass

    def log(self, kong: Any) -> None:
        pass


def hosted(**names: Any) -> HostedPlugin:
    module = ModuleType("a_plugin")
    vars(module).update({"Plugin": Plugin, "version": "0.1.0", "priority": 7, **names})
    return HostedPlugin("a", module)


def test_the_phases_are_the_methods_that_have_the_names_of_phases() -> None:
    assert hosted().phases == ["access", "log"]


def test_ids_go_on_from_the_first() -> None:
    instances = Instances(hosted(), 7)

    assert [instances.start({}).id for _ in range(3)] == [7, 8, 9]


def test_an_instance_of_another_worker_has_that_worker_s_id() -> None:
    instances = Instances(hosted(), 7)

    adopted = instances.adopt(4, {})

    assert instances.find(4, 0) is adopted
    assert instances.start({}).id == 7


def test_the_instance_that_was_not_used_for_longest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hosting, "MAX_INSTANCES", 3)
    instances = Instances(hosted(), 7)
    started = [instances.start({}) for _ in range(3)]
    instances.find(started[0].id, started[2].used_at + 1)

    newest = instances.start({})

    assert len(instances) == 3
    assert instances.find(started[1].id, 0) is None
    assert {i.id for i in (started[0], started[2], newest)} == {
        i.id for i in (started[0], started[2], newest) if instances.find(i.id, 0) is i
    }


def test_an_instance_that_was_closed_is_forgotten() -> None:
    instances = Instances(hosted(), 7)
    instance = instances.start({})

    assert instances.close(instance.id) is instance
    assert instances.find(instance.id, 0) is None
    assert instances.close(instance.id) is None


@pytest.mark.parametrize("config", ["raise", "leave"])
def test_a_constructor_that_fails_makes_a_plugin_whose_phases_raise(config: str) -> None:
    plugin = Instances(hosted(), 7).start(config).plugin

    assert isinstance(plugin, UnusablePlugin)
    with pytest.raises(RuntimeError, match="could not be made"):
        plugin.access(None)


def test_a_read_is_both_frames_of_its_call() -> None:
    # A length and the name; a length and Int {v = 1: 7}.
    read = make_read("kong.request.get_headers", 7)

    assert read.frames == b"\x18\x00\x00\x00kong.request.get_headers\x02\x00\x00\x00\x08\x07"
    assert read.arguments == (7,)


NONSENSE = [("kong.request.get_headerz",), ("kong.client.get_ip", "x"), (), 7]


@pytest.mark.parametrize("call", NONSENSE)
def test_a_read_that_kong_does_not_have_makes_an_unusable_plugin(call: Any) -> None:
    class Reading(Plugin):
        reads = {"access": [call]}  # noqa: RUF012  # as a plugin's author writes it

    plugin = Instances(hosted(Plugin=Reading), 7).start({}).plugin

    assert isinstance(plugin, UnusablePlugin)


@pytest.mark.parametrize("reads", [{"access": [call]} for call in NONSENSE] + [7, {"access": 7}])
def test_reads_that_a_plugin_changes_to_nonsense_are_reported_and_none(
    reads: Any, caplog: pytest.LogCaptureFixture
) -> None:
    plugin: Any = Plugin({})
    plugin.reads = reads

    assert reads_of(plugin, "access") == ()
    assert "reads for the phase access cannot be used" in caplog.text


def test_a_plugin_names_what_its_phases_begin_with() -> None:
    plugin: Any = Plugin({})
    plugin.reads = {"access": (("kong.request.get_headers", 7),)}

    assert [read.arguments for read in reads_of(plugin, "access")] == [(7,)]
    assert reads_of(plugin, "log") == []
    assert reads_of(Plugin({}), "access") == []
