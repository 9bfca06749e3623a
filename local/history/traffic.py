"""Who comes when: days of traffic, in the order in which a collector would store it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple

from local.history.rows import MILLISECONDS_A_DAY, Ids, make_template, midnight_ms, time_text
from local.history.visits import Device, Visit, make_devices

# Of visitors, how many have been here before, and how many visitors ago they last came.
RETURNING_SHARE = 0.5
VISITORS_SINCE = 0.15  # of all visitors so far, in the mean
SIGNED_IN_EVERY = 6
# A signed-in person has two devices, and so two visitor ids.
DEVICES_A_PERSON = 2 * SIGNED_IN_EVERY

WEEKDAYS = (1.1, 1.15, 1.15, 1.1, 1.0, 0.7, 0.75)
HOURS = (
    3, 2, 2, 2, 2, 3, 5, 8, 11, 13, 14, 14, 13, 14, 15, 15, 14, 13, 12, 11, 10, 8, 6, 4,
)  # fmt: skip
HOUR_SUMS = tuple(accumulate(HOURS))
# The last day has so many times the visits of the first.
GROWTH = 1.5

# Of visits, how many were made offline, and how long it took until they were sent.
LATE_SHARE = 0.02
MEAN_LATE_HOURS = 14
TRANSIT_MS = 45
STORING_MS = 6
MOST_REFUND_DAYS = 14

MOST_VISITS = 6_000
EVENTS_A_DIFFERENT_VISIT = 25

Line = tuple[int, str, Ids]


@dataclass(frozen=True, slots=True)
class Script:
    """The lines of a visit: after how many milliseconds, and the template."""

    steps: tuple[tuple[int, str], ...]
    refund: str | None


class Who(NamedTuple):
    """The ids of a visit, as COPY reads them."""

    user: str
    session: str
    visitor: str
    order: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Visitors with one kind of device."""

    first: tuple[Script, ...]
    later: tuple[Script, ...]


@dataclass(slots=True)
class Traffic:
    """Traffic of some days up to a time; the same seed gives the same."""

    events: int
    days: int
    until: datetime
    seed: int = 1
    visitors: int = field(init=False)
    orders: int = field(init=False)
    random: Random = field(init=False)
    kinds: list[Kind] = field(init=False)
    kind_sums: list[float] = field(init=False)

    def walk_days(self) -> Iterator[list[Line]]:
        """The lines of each day's visits, sorted by when they are stored."""
        events_a_visit = self.begin()
        last = self.until.date()
        dates = [last - timedelta(days=back) for back in range(self.days - 1, -1, -1)]
        weights = [
            WEEKDAYS[day.weekday()] * (1 + (GROWTH - 1) * place / self.days)
            for place, day in enumerate(dates)
        ]
        visits = self.events / events_a_visit
        until_ms = round(self.until.timestamp() * 1000)
        for day, weight in zip(dates, weights, strict=True):
            lines = self.make_day(day, round(visits * weight / sum(weights)))
            yield sorted(line for line in lines if line[0] < until_ms)

    def begin(self) -> float:
        """Make the visits that are repeated. Returns how many events they have in the mean."""
        self.random, self.visitors, self.orders = Random(self.seed), 0, 0
        # Each is repeated some times, up to the number at which nobody sees it.
        visits = min(MOST_VISITS, self.events // EVENTS_A_DIFFERENT_VISIT)
        devices = make_devices(self.random, visits)
        self.kinds = [make_kind(device) for device in devices]
        self.kind_sums = list(accumulate(device.weight for device in devices))
        return mean_events(devices)

    def make_day(self, day: date, visits: int) -> Iterator[Line]:
        """The lines of so many visits on one day."""
        begin_ms = midnight_ms(day)
        for hour in self.random.choices(range(24), cum_weights=HOUR_SUMS, k=visits):
            yield from self.make_visit(
                begin_ms + hour * 3_600_000 + self.random.randrange(3_600_000)
            )

    def make_visit(self, start_ms: int) -> Iterator[Line]:
        """The lines of one visit, of a new visitor or of one who was here before."""
        is_later = self.visitors > 0 and self.random.random() < RETURNING_SHARE
        visitor = self.choose_visitor(is_later=is_later)
        # Who it is decides the device, whenever they come.
        [kind] = Random(visitor).choices(self.kinds, cum_weights=self.kind_sums)
        script = self.random.choice(kind.later if is_later else kind.first)
        late_ms = 0
        if self.random.random() < LATE_SHARE:
            late_ms = int(self.random.expovariate(1 / MEAN_LATE_HOURS) * 3_600_000)
        yield from self.fill(script, visitor, start_ms, late_ms)

    def choose_visitor(self, *, is_later: bool) -> int:
        """The number of a visitor."""
        if not is_later:
            self.visitors += 1
            return self.visitors
        since = int(self.random.expovariate(1 / (VISITORS_SINCE * self.visitors)))
        return max(1, self.visitors - since)

    def fill(self, script: Script, visitor: int, start_ms: int, late_ms: int) -> Iterator[Line]:
        """A visit's lines with its ids and times."""
        number = self.random.getrandbits(40)
        session = f"session_{start_ms}_{number:010x}"
        self.orders += 1
        order = f"order-{start_ms:x}-{self.orders}"
        who = Who(user_of(visitor), session, f"visitor-{visitor}", order)
        for after_ms, template in script.steps:
            at_ms = start_ms + after_ms
            yield self.line(template, who, at_ms, at_ms + late_ms)
        if script.refund:
            days = self.random.uniform(1, MOST_REFUND_DAYS)
            at_ms = start_ms + int(days * MILLISECONDS_A_DAY)
            yield self.line(script.refund, who._replace(session=f"refund-{order}"), at_ms, at_ms)

    def line(self, template: str, who: Who, at_ms: int, sent_ms: int) -> Line:
        """One line, and when it is stored."""
        received_ms = sent_ms + TRANSIT_MS
        stored_ms = received_ms + STORING_MS
        event = f"{self.random.getrandbits(128):032x}"
        times = (at_ms, sent_ms, received_ms, stored_ms)
        return stored_ms, template, Ids(event, *who, *map(time_text, times))


def user_of(visitor: int) -> str:
    """The user's id of a visitor who signs in."""
    return f"{visitor // DEVICES_A_PERSON + 1:032x}" if visitor % SIGNED_IN_EVERY == 0 else r"\N"


def make_kind(device: Device) -> Kind:
    """A device's visits as templates."""
    first = tuple(make_script(visit) for visit in device.first_visits)
    return Kind(first, tuple(make_script(visit) for visit in device.later_visits))


def make_script(visit: Visit) -> Script:
    """A visit's events as templates."""
    steps = tuple((step.after_ms, make_template(step.event)) for step in visit.steps)
    return Script(steps, make_template(visit.refund) if visit.refund else None)


def mean_events(devices: list[Device]) -> float:
    """How many events a visit has in the mean, over all visitors."""
    total = 0.0
    for device in devices:
        visits = device.first_visits + device.later_visits
        total += device.weight * sum(len(visit.steps) for visit in visits) / len(visits)
    return total / sum(device.weight for device in devices)
