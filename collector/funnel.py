"""What a batch of events changes in the funnel: pure, and the same in any order.

The rules are design's (Funnel): a funnel only moves forward; attribution is that
of the session's first event; a value of a later stage wins over one of an earlier.
db/queries/merge_funnel.sql applies the same rules between a change and the row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from collector.event import Event, FunnelStage


@dataclass(frozen=True, slots=True)
class FunnelChange:
    """What the events of one batch say about one session."""

    session_id: str
    user_id: UUID | None
    external_user_id: str | None
    user_id_at: datetime | None
    reached_at: Mapping[FunnelStage, datetime]
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    source_type: str
    channel: str
    first_event_at: datetime
    first_event_id: UUID
    last_event_at: datetime
    conversion_value: Decimal | None
    currency: str | None
    value_stage: int | None
    value_at: datetime | None


def fold_events(events: Iterable[Event]) -> list[FunnelChange]:
    """One change a session, in session order, so that two writers never deadlock.

    Bots move no funnel.
    """
    sessions: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if not event.is_bot:
            sessions[event.session_id].append(event)
    return [fold_session(sessions[session_id]) for session_id in sorted(sessions)]


def fold_session(events: list[Event]) -> FunnelChange:
    """All events of one session, as one change."""
    first = min(events, key=lambda e: (e.happened_at, e.id))
    identified = min((e for e in events if e.user_id), key=identity_order, default=None)
    valued = max((e for e in events if carries_value(e)), key=value_order, default=None)
    return FunnelChange(
        session_id=first.session_id,
        user_id=identified.user_id if identified else None,
        external_user_id=identified.external_user_id if identified else None,
        user_id_at=identified.happened_at if identified else None,
        reached_at=first_reached(events),
        utm_source=first.utm_source,
        utm_medium=first.utm_medium,
        utm_campaign=first.utm_campaign,
        source_type=first.source_type,
        channel=first.channel,
        first_event_at=first.happened_at,
        first_event_id=first.id,
        last_event_at=max(e.happened_at for e in events),
        conversion_value=valued.conversion_value if valued else None,
        currency=valued.currency if valued else None,
        value_stage=stage_rank(valued) if valued else None,
        value_at=valued.happened_at if valued else None,
    )


def first_reached(events: Iterable[Event]) -> dict[FunnelStage, datetime]:
    """When each stage was reached first."""
    reached: dict[FunnelStage, datetime] = {}
    for event in events:
        stage = event.funnel_stage
        if stage:
            reached[stage] = min(event.happened_at, reached.get(stage, event.happened_at))
    return reached


def carries_value(event: Event) -> bool:
    """Only an event that reaches a stage says what the conversion is worth."""
    return event.funnel_stage is not None and event.conversion_value is not None


def value_order(event: Event) -> tuple[int, datetime, Decimal, str]:
    """The greatest wins: the latest stage, then the latest event; the rest breaks ties."""
    return (
        stage_rank(event),
        event.happened_at,
        event.conversion_value or Decimal(0),
        event.currency,
    )


def stage_rank(event: Event) -> int:
    """The rank of the stage that the event reaches, 0 for none."""
    return event.funnel_stage.rank if event.funnel_stage else 0


def identity_order(event: Event) -> tuple[datetime, str]:
    """The smallest wins: the earliest event with a user id; the id breaks ties."""
    return event.happened_at, str(event.user_id)
