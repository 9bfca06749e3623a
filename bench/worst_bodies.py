"""Looks for the bodies that take the collector longest: `python -m bench.worst_bodies`.

Bodies are put together at random from pieces that each take a way of their own through the
reader, up to the limits. The slowest are shown, in milliseconds of processor time. What it
has found stands in WORST_EVENTS and WORST_BATCHES, which a test holds to their time.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

from collector.contract.models import TAG_LENGTHS, ConversionEventRequest
from collector.contract.reader import EVENTS as READER
from collector.contract.validation import Validator, sent_event_id
from collector.enrich import make_enricher
from collector.errors import CollectorError, InvalidEvent
from collector.event import RequestContext
from collector.event_row import make_row
from collector.metrics import Metrics
from collector.settings import Settings

BODY_BYTES = 1_048_576
EVENT_BYTES = 262_144
EVENTS = 500
HEAD = '{"session_id":"s","event_type":"page_view","event_name":"Page"'
CONTEXT = RequestContext(
    client_ip="192.0.2.1",
    stored_ip="192.0.2.1",
    stamp_verified=True,
    received_at=datetime(2026, 11, 22, tzinfo=UTC),
    user_agent="Mozilla/5.0 (X11; Linux x86_64)",
    request_id=None,
    endpoint="/v1/events/track",
    content_type="application/json",
)

# What stands in a list, as often as it may.
VALUES = (
    *("1.5", "1", '""', '"\\u0000"', '"é"', "[]", "{}", '{"a":1.5}', "NaN", "1e400", "null"),
    *("1." + "9" * 120, "9" * 639, "[" * 16 + "]" * 16, '",,,,,,,,"', '"\\\\"', "-Infinity"),
)
Q = '"'
THRICE = "%252541" * 50
ESCAPED_QUOTE, NUL = '\\",', "\\u0000"
HOST = ".".join(["üё" * 5] * 20)


def read_event(validator: Validator, sent: bytes) -> None:
    """All that one event costs before it is stored, or refused."""
    with suppress(CollectorError):
        request = validator.validate_body(READER, sent, CONTEXT)
        make_row(ENRICHER.enrich(request, CONTEXT))


def read_batch(validator: Validator, sent: bytes) -> None:
    """The same for a batch."""
    try:
        events = validator.validate_batch(sent, CONTEXT).events
    except CollectorError:
        return
    for event in events:
        try:
            make_row(ENRICHER.enrich(validator.validate_event(event, CONTEXT), CONTEXT))
        except InvalidEvent:
            sent_event_id(event)


ENRICHER = make_enricher(Settings(database_url="postgresql://unused"))


def seconds_of(read: Callable[[Validator, bytes], None], sent: bytes, rounds: int = 3) -> float:
    """The least processor time of some rounds."""
    validator = Validator(Metrics(), lambda *_: None)
    return min(once(read, validator, sent) for _ in range(rounds))


def once(read: Callable[[Validator, bytes], None], validator: Validator, sent: bytes) -> float:
    """The processor time of reading a body."""
    started = time.process_time()
    read(validator, sent)
    return time.process_time() - started


def event_of(fields: str) -> bytes:
    """An event with these fields, as JSON after the ones that must be there."""
    return f"{HEAD},{fields}}}".encode()


def listed(value: str, size: int = EVENT_BYTES - 200, most: int = 1_900, last: str = "1") -> str:
    """Metadata of one value again and again, as often as the limits allow."""
    of_each = value.count(",") + value.count("[") + value.count("{") + 1
    count = max(1, min(most // of_each, size // (len(value.encode()) + 1)))
    return f'"metadata":{{"a":[{f"{value}," * count}{last}]}}'


def batch_of(fields: Callable[[int], str]) -> bytes:
    """A batch of as many events as it may have."""
    return b'{"events":[%b]}' % b",".join(event_of(fields(n)) for n in range(EVENTS))


WORST_EVENTS: Mapping[str, bytes] = {
    **{f"a list of {value[:16]}": event_of(listed(value)) for value in VALUES},
    **{f"{value[:16]}, then NaN": event_of(listed(value, last="NaN")) for value in VALUES},
    "over the limit of bytes": event_of(listed("1.5", BODY_BYTES, BODY_BYTES)),
    "deep, over the limit of bytes": event_of(listed("[" * 28 + "]" * 28, BODY_BYTES, BODY_BYTES)),
    "many floats": event_of(listed("1.5", most=60_000)),
    "many lists, then NaN": event_of(listed("[]", most=100_000, last="NaN")),
    "commas in a text": event_of(f'"page_title":"{"," * 260_000}"'),
    "quotes in a text": event_of(f'"page_title":"{ESCAPED_QUOTE * 87_000}"'),
    "U+0000 in a text": event_of(f'"page_title":"{NUL * 43_000}"'),
    "a long escaped click id": event_of(f'"page_url":"https://a/?gclid={"%41" * 85_000}"'),
    "many parameters": event_of(f'"page_url":"https://a/?{"gclid=%41&" * 25_000}"'),
    "many segments of a path": event_of(f'"page_url":"https://a/#/{"%2e/" * 60_000}"'),
    "many parameters to redact": event_of(f'"page_url":"https://a/?{"token=%41&" * 25_000}"'),
    "an e-mail address and much else": event_of(f'"referrer":"https://a/a@b.co/{"a/" * 120_000}"'),
    "many click ids": event_of(
        '"click_ids":{' + ",".join(f'"{n:x}":null' for n in range(1_900)) + "}"
    ),
}

WORST_BATCHES: Mapping[str, bytes] = {
    "230 parameters an event": batch_of(
        lambda n: f'"page_url":"https://a{n}.com/?{"&".join(f"p{i}=%41" for i in range(230))}"'
    ),
    "100 escaped parameters an event": batch_of(
        lambda _: f'"page_url":"https://a/?{"&".join(["gclid=%41%42%43"] * 100)}"'
    ),
    "a long escaped click id": batch_of(lambda _: f'"page_url":"https://a/?gclid={"%41" * 600}"'),
    "a long broken click id": batch_of(lambda _: f'"page_url":"https://a/?gclid={"%4a%" * 480}"'),
    "numbers for texts": batch_of(
        lambda _: (
            ",".join(f'"{name}":1.5' for name in ConversionEventRequest.model_fields)
            + f',"click_ids":{{{",".join(f"{Q}{n}{Q}:1.5" for n in range(32))}}}'
        )
    ),
    "campaigns encoded three times": batch_of(
        lambda n: f'"page_url":"https://a/?{"&".join(f"{t}={n}{THRICE}" for t in TAG_LENGTHS)}"'
    ),
    "encoded names": batch_of(
        lambda n: f'"page_url":"https://a/?{"&".join(f"%61{n}%3D{i}=1" for i in range(120))}"'
    ),
    "campaign tags by other names": batch_of(
        lambda n: f'"utm_params":{{{",".join(f"{Q}U{n}_{i}{Q}:1.5" for i in range(85))}}}'
    ),
    "parameters to redact": batch_of(
        lambda n: f'"page_url":"https://a/?{"&".join(f"token{i}{n}=1" for i in range(150))}"'
    ),
    "e-mail addresses": batch_of(
        lambda n: f'"page_url":"https://a/{n}?{"a@b.co/" * 250}","referrer":"b@{n}"'
    ),
    "paths of many segments": batch_of(
        lambda n: f'"page_url":"https://a/{n}/{"%2e/" * 480}"',
    ),
    "international hosts": batch_of(
        lambda n: f'"page_url":"https://{HOST}{n}.com/","referrer":"https://{HOST}{n}.net/"'
    ),
    "NaN": batch_of(lambda _: listed("1.5", most=92, last="NaN")),
    "more NaN": batch_of(lambda _: listed("1.5", most=480, last="NaN")),
    "few NaN": batch_of(lambda _: listed("1.5", most=12, last="NaN")),
    "floats": batch_of(lambda _: listed("1.5", most=92)),
    "floats of 100 fields": batch_of(lambda _: ",".join(f'"{n:x}":1.5' for n in range(90))),
    "lists in lists": batch_of(lambda _: listed("[" * 17 + "]" * 17, most=92)),
    "long integers": batch_of(lambda _: listed("9" * 639, most=3)),
    "every field broken": batch_of(
        lambda _: ",".join(f'"{name}":[]' for name in ConversionEventRequest.model_fields)
    ),
    "half a million events": b'{"events":[%b]}' % b",".join([b"1"] * 500_000),
}


def share_of_reference(
    read: Callable[[Validator, bytes], None], sent: bytes, rounds: int = 3
) -> float:
    """How many times as long as a MiB of plain events by Python's json, there and back.

    The two in turns: what else the machine does then hits both.
    """
    validator, plain = Validator(Metrics(), lambda *_: None), plain_events()
    times = [
        (once(read, validator, sent), once(read_plainly, validator, plain)) for _ in range(rounds)
    ]
    return min(of_body for of_body, _ in times) / min(of_plain for _, of_plain in times)


@cache
def plain_events() -> bytes:
    """A MiB of events as they usually are."""
    event = event_of('"page_title":"A page","metadata":{"a":[1,2.5,"text"]}')
    return b"[%b]" % b",".join([event] * (BODY_BYTES // len(event)))


def read_plainly(_: Validator, sent: bytes) -> None:
    """Read and write JSON, and nothing else."""
    json.dumps(json.loads(sent))


def main() -> None:
    """Search for so many seconds, 60 by default, and show the slowest of what was made."""
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    chance = random.Random()  # nothing here is a secret
    found: list[tuple[float, str]] = []
    until = time.monotonic() + limit
    while time.monotonic() < until:
        some = ",".join(chance.choices(VALUES, k=chance.randint(1, 3)))
        last, most = chance.choice(VALUES), chance.choice([1_000, 1_900, 100_000])
        found.append((seconds_of(read_event, event_of(listed(some, most=most, last=last))), some))
        few = chance.choice([5, 12, 92])
        batch = batch_of(lambda _: listed(some, 1_800, few, last))  # noqa: B023  # used at once
        found.append((seconds_of(read_batch, batch), f"batch: {some}"))
        found = sorted(found, reverse=True)[:10]
    for seconds, made_of in found:
        print(f"{seconds * 1000:8.1f} ms  {made_of[:70]}")


if __name__ == "__main__":
    main()
