"""Payloads as trackers mostly send them, checked while their JSON is read.

msgspec makes a payload of a body in one go where each field is of its plain type
(fields.py). Everything else, and all that is wrong, is left to parse_payload, which takes
more forms and says what is wrong. Where both read a body, they read the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from msgspec import Meta, MsgspecError, Raw, Struct, defstruct
from msgspec.json import Decoder
from msgspec.structs import force_setattr

from collector.contract.fields import MONEY, Fault, Field, time_of
from collector.contract.payload import (
    UTM_CONTRACT,
    FunnelPayload,
    P,
    TrackPayload,
    UTMParams,
    parse_payload,
)
from collector.contract.wire import JSON, has_unstorable, is_utf8, parse_object

# What reading in one go may raise: ValueError is ours, RecursionError that of JSON too deep.
NOT_PLAIN = (MsgspecError, ValueError, Fault, RecursionError)

# What reading finds out cannot be sent: no value is of these types.
FOUND_OUT = [
    ("cut", Annotated[tuple[str, ...], Meta(min_length=1, max_length=0)], ()),
    ("unknown", Annotated[int, Meta(ge=1, le=0)], 0),
]


def finish_track(payload: TrackPayload) -> None:
    """What types cannot say; ValueError sends the body to parse_payload.

    The times stand there as the numbers that they were sent as.
    """
    if payload.session_id.isspace() or payload.event_type.isspace() or payload.event_name.isspace():
        raise ValueError("a required text is empty")
    finish_money(payload)
    occurred_at: Any = payload.occurred_at
    sent_at: Any = payload.sent_at
    if occurred_at is not None:
        force_setattr(payload, "occurred_at", time_of(occurred_at))
    if sent_at is not None:
        force_setattr(payload, "sent_at", time_of(sent_at))


def finish_funnel(payload: FunnelPayload) -> None:
    """The same for a stage."""
    if payload.session_id.isspace():
        raise ValueError("the session_id is empty")
    finish_money(payload)


def finish_money(payload: TrackPayload | FunnelPayload) -> None:
    """Put the amount in the place of its JSON."""
    sent: Any = payload.conversion_value
    if sent is not None:
        value = JSON.decode(sent)
        amount = None if value is None else MONEY.parse(value, "conversion_value", [])
        force_setattr(payload, "conversion_value", amount)


def none_or(plain: Any) -> Any:
    """The type or null, which Raw takes by itself."""
    return plain if plain is Raw else plain | None


def plain_type(
    model: type[Struct],
    contract: Mapping[str, Field],
    finish: Callable[[Any], None] | None,
    **types: Any,
) -> type[Any]:
    """A payload's type whose fields have their plain types, and which knows no others."""
    required = getattr(model, "required", ())
    plain = {name: field.plain for name, field in contract.items()} | types
    needed = [(name, plain[name]) for name in required]
    optional = [(name, none_or(plain[name]), None) for name in plain if name not in required]
    found_out = [field for field in FOUND_OUT if field[0] in model.__struct_fields__]
    return defstruct(
        f"Plain{model.__name__}",
        [*needed, *optional, *found_out],
        bases=(model,),
        namespace={"__post_init__": finish} if finish else {},
        forbid_unknown_fields=True,
        frozen=True,
        kw_only=True,
        gc=False,
    )


PLAIN_UTM = plain_type(UTMParams, UTM_CONTRACT, None)
DECODERS: Mapping[type[Any], Decoder[Any]] = {
    model: Decoder(plain_type(model, model.contract, finish, utm_params=PLAIN_UTM))
    for model, finish in ((TrackPayload, finish_track), (FunnelPayload, finish_funnel))
}


def read_payload(model: type[P], body: bytes) -> P:
    """A body as a payload.

    Raises InvalidJson where it is no JSON object, InvalidEvent where it breaks the contract.
    """
    payload = read_plain(model, body) if is_plain(body) else None
    return payload or parse_payload(model, parse_object(body))


def is_plain(body: bytes) -> bool:
    """Whether a body is UTF-8, and all of it can be stored."""
    return is_utf8(body) and not has_unstorable(body)


def read_plain(model: type[P], body: bytes) -> P | None:
    """The payload of a plain body; None where it is for parse_payload."""
    try:
        payload: P = DECODERS[model].decode(body)
    except NOT_PLAIN:
        return None
    return payload
