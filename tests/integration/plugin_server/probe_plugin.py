"""A plugin for the server's tests: its configuration says what its phase does."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

from greenlet import greenlet

version = "0.1.0"
priority = 1
Schema: list[dict[str, Any]] = [
    {"does": {"type": "string", "required": True, "description": "What the phase does."}}
]

FOREVER_SECONDS = 600


class Plugin:
    """`does` names a function below; `constructor` one that the constructor calls."""

    def __init__(self, config: dict[str, str]) -> None:
        if "constructor" in config:
            BEHAVIOURS[config["constructor"]](None)
        self._does = BEHAVIOURS[config.get("does", "nothing")]

    def access(self, kong: Any) -> object:
        return self._does(kong)


def nothing(_: Any) -> None:
    pass


def reads_and_sets(kong: Any) -> None:
    kong.response.set_header("X-Echo", kong.request.get_header("x-number"))


def reads_three_times(kong: Any) -> None:
    numbers = [kong.request.get_header(f"x-{name}") for name in ("a", "b", "c")]
    kong.response.set_header("X-Echo", "-".join(numbers))


def sets_twice(kong: Any) -> None:
    kong.response.set_header("X-One", "1")
    kong.response.set_headers({"X-Two": ["2", "3"], "X-Text": "\udcff\u00e4"})


def reads_the_body(kong: Any) -> None:
    kong.response.set_header("X-Body", kong.request.get_raw_body())


def reads_a_shared_value(kong: Any) -> None:
    kong.response.set_header("X-Shared", repr(kong.ctx.shared.get("key")))


def exits(kong: Any) -> None:
    kong.response.exit(403, "no", {"X-Why": "because"})


def exits_twice(kong: Any) -> None:
    try:
        kong.response.exit(403, "first")
    finally:
        kong.response.exit(500, "second")


def exits_and_catches_everything(kong: Any) -> None:
    try:
        kong.response.exit(403, "first")
    except BaseException:  # noqa: BLE001  # as a careless plugin does
        kong.response.set_header("X-Late", "1")


def exits_and_reads_on(kong: Any) -> None:
    try:
        kong.response.exit(403, "first")
    except BaseException:  # noqa: BLE001  # as a careless plugin does
        kong.request.get_header("x-number")


def sets_and_exits(kong: Any) -> None:
    kong.response.set_header("X-One", "1")
    kong.response.exit(200, {"allow": "POST"})


def raises(_: Any) -> None:
    raise ValueError("a fault in the plugin")


def raises_between(kong: Any) -> None:
    kong.response.set_header("X-One", "1")
    kong.request.get_header("x-number")
    raise ValueError("a fault in the plugin")


def raises_after_a_set(kong: Any) -> None:
    kong.response.set_header("X-One", "1")
    raise ValueError("a fault in the plugin")


def returns_nonsense(_: Any) -> object:
    return {"status": object(), "\udcff": [b"\xff"]}


def calls_an_unknown_method(kong: Any) -> None:
    kong.response.set_headerz("X-One", "1")


def calls_an_unknown_namespace(kong: Any) -> None:
    kong.database.drop("everything")


def passes_an_object(kong: Any) -> None:
    kong.response.set_header("X-One", object())


def passes_too_much(kong: Any) -> None:
    kong.response.set_header("X-One", "1", "2")


def passes_a_text_as_status(kong: Any) -> None:
    kong.response.exit("403", "no")


def passes_an_endless_list(kong: Any) -> None:
    endless: list[Any] = []
    endless.append(endless)
    kong.response.set_header("X-One", endless)


def passes_a_number_as_a_name(kong: Any) -> None:
    kong.response.set_headers({7: "7"})


def recurses_for_ever(kong: Any) -> None:
    recurses_for_ever(kong)


def leaves(_: Any) -> None:
    sys.exit(3)


def sleeps(_: Any) -> None:
    time.sleep(FOREVER_SECONDS)


def loops(_: Any) -> None:
    while True:
        pass


def reads_and_loops(kong: Any) -> None:
    kong.request.get_header("x-number")
    while True:
        pass


def waits_whatever_happens(kong: Any) -> None:
    """Catches what should unwind it, and waits for Kong again."""
    while True:
        try:
            kong.request.get_header("x-number")
        except BaseException:  # noqa: BLE001  # as a careless plugin does
            continue


def catches_everything_for_ever(_: Any) -> None:
    while True:
        try:
            time.sleep(FOREVER_SECONDS)
        except BaseException:  # noqa: BLE001  # as a careless plugin does
            continue


def loops_when_it_is_stopped(kong: Any) -> None:
    try:
        kong.request.get_header("x-number")
    finally:
        while True:
            pass


def keeps_kong(kong: Any) -> None:
    """Uses the object of the first event in all others."""
    _kept.append(kong)
    _kept[0].response.set_header("X-One", "1")


def counts_greenlets(kong: Any) -> None:
    gc.collect()
    count = sum(isinstance(thing, greenlet) for thing in gc.get_objects())
    kong.response.set_header("X-Greenlets", str(count))


_kept: list[Any] = []

BEHAVIOURS: dict[str, Callable[[Any], object]] = {
    does.__name__: does
    for does in (
        nothing,
        reads_and_sets,
        reads_three_times,
        sets_twice,
        reads_the_body,
        reads_a_shared_value,
        exits,
        exits_twice,
        exits_and_catches_everything,
        exits_and_reads_on,
        sets_and_exits,
        raises,
        raises_between,
        raises_after_a_set,
        returns_nonsense,
        calls_an_unknown_method,
        calls_an_unknown_namespace,
        passes_an_object,
        passes_too_much,
        passes_a_text_as_status,
        passes_an_endless_list,
        passes_a_number_as_a_name,
        recurses_for_ever,
        leaves,
        sleeps,
        loops,
        reads_and_loops,
        waits_whatever_happens,
        catches_everything_for_ever,
        loops_when_it_is_stopped,
        keeps_kong,
        counts_greenlets,
    )
}
