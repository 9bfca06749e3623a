"""From a storable object to a request: the models' fields, checked, as a Struct.

pydantic checks the fields of a model as a TypedDict, and a Struct takes what it lets pass. To
make a BaseModel of them took 3 µs more an event: it fills in the many fields that were not
sent, and its __getattr__ makes every later look at a field slow. A Struct is made in native
code, and to read a field of it takes a third of the time of an instance's dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Generic, NotRequired, TypeAlias

from msgspec import defstruct
from msgspec.structs import asdict
from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from collector.address import meant_name
from collector.contract.fields import MISSING, FieldType, ModelForms
from collector.contract.forms import UNKNOWN, Fault
from collector.contract.models import (
    ConversionEventRequest,
    FunnelStageRequest,
    R,
    SessionRequest,
    UTMParams,
)
from collector.errors import FieldError, InvalidEvent
from collector.event import Mark

# What pydantic finds wrong by itself.
MESSAGES = {"missing": MISSING}

# What reading finds out, which is no field of the contract: it cannot be sent.
FOUND_OUT = [(name, getattr(SessionRequest, name)) for name in ("cut", "marks", "unknown")]

# What a field's type becomes before it is validated.
Kind: TypeAlias = FieldType | ModelForms
Variant: TypeAlias = Callable[[Kind], Kind]


def typed_dict_of(model: type[BaseModel], variant: Variant) -> Any:
    """The fields of a model as a TypedDict, in which only what is required must be there."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if kind == UTMParams | None:
            kind = typed_dict_of(UTMParams, variant) | None
        kind = Annotated[kind, *map(variant, field.metadata)]
        fields[name] = kind if field.is_required() else NotRequired[kind]
    return TypedDict(model.__name__, fields)  # type: ignore[operator]  # made of a model


def validator_of(model: type[BaseModel], variant: Variant) -> Any:
    """What validates the fields of a model."""
    return TypeAdapter(typed_dict_of(model, variant)).validator.validate_python


class Broken(Exception):
    """A field is broken; a second look says which are, since most events are not looked at twice.

    pydantic would go on, and keep what is wrong of every field, twice where it has a native type.
    """


def stopping(kind: Kind) -> Kind:
    """The type, at whose first fault validation ends."""
    if isinstance(kind, ModelForms):
        return kind
    parse = kind.parse

    def parse_or_stop(value: Any, info: Any) -> Any:
        """Raises Broken where the field is."""
        try:
            return parse(value, info)
        except Fault:
            raise Broken from None

    return replace(kind, parse=parse_or_stop)


def in_plain_json(kind: Kind) -> Kind:
    """The same where every number is finite."""
    stops = stopping(kind)
    if isinstance(stops, ModelForms) or stops.plain is None:
        return stops
    return replace(stops, native=stops.plain)


def parsed_only(kind: Kind) -> Kind:
    """The type without what needs no parser, which says nothing that the parser does not."""
    if isinstance(kind, ModelForms):
        return replace(kind, native=False)
    return replace(kind, native=None)


def plain_type(model: type[BaseModel]) -> type[Any]:
    """A Struct of a model's fields, each checked already, and its defaults."""
    fields = [
        (name, Any) if field.is_required() else (name, Any, field.default)
        for name, field in model.model_fields.items()
    ]
    found_out = [(name, Any, default) for name, default in FOUND_OUT if hasattr(model, name)]
    # It can be in no cycle, so the garbage collector need not look at it.
    return defstruct(model.__name__, [*fields, *found_out], frozen=True, kw_only=True, gc=False)


class Reader(Generic[R]):
    """Reads objects by a model."""

    def __init__(self, model: type[R]) -> None:
        self.fields = frozenset(model.model_fields)
        self._validate = validator_of(model, stopping)
        self._validate_plain = validator_of(model, in_plain_json)
        self._find_faults = validator_of(model, parsed_only)
        # A request of fields that are checked already.
        self.make: Callable[..., R] = plain_type(model)

    def read(self, sent: dict[str, Any], *, plain: bool = False) -> R:
        """A storable object as a request.

        Raises InvalidEvent that names every broken field; where the object is plain
        (wire.load_value), DigitsNeeded too.
        """
        found: list[str] = []  # fields that were cut, marks, and UNKNOWN
        validate = self._validate_plain if plain else self._validate
        try:
            fields: dict[str, Any] = validate(sent, context=found)
        except (ValidationError, Broken):
            raise self._refusal(sent) from None
        unknown = len(sent) - len(fields)
        utm = fields.get("utm_params")
        if utm is not None:
            sent_utm = sent["utm_params"]
            if type(sent_utm) is dict:  # of another form it is not asked
                unknown_tags = len(sent_utm) - len(utm)
                if unknown_tags and (meant := tags_as_meant(sent_utm)) != sent_utm:
                    return self.read({**sent, "utm_params": meant}, plain=plain)
                unknown += unknown_tags
            fields["utm_params"] = UTM(**utm)
        if found or unknown:
            marks = tuple(name for name in found if isinstance(name, Mark))
            cut = tuple(n for n in found if not isinstance(n, Mark) and n != UNKNOWN)
            fields.update(cut=cut, marks=marks, unknown=unknown + found.count(UNKNOWN))
        return self.make(**fields)

    def _refusal(self, sent: dict[str, Any]) -> InvalidEvent:
        """What is wrong with an object."""
        try:
            self._find_faults(sent, context=[])
        except ValidationError as error:
            return InvalidEvent("The event breaks the contract.", tuple(faults_of(error)))
        raise AssertionError("an object is refused without a fault")


def tags_as_meant(sent: dict[str, Any]) -> dict[str, Any]:
    """Campaign tags under their names, however those were written; of two the right one counts."""
    names = {name: meant_name(name) for name in sent}
    tags = UTMParams.model_fields
    meant = {names[n] if names[n] in tags else n: value for n, value in sent.items()}
    return meant | {name: value for name, value in sent.items() if name in tags}


def faults_of(error: ValidationError) -> Iterator[FieldError]:
    """What is wrong with each field, never with the value, which may be a person's."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, fault["loc"]))
        yield FieldError(place, MESSAGES.get(fault["type"], fault["msg"]))


UTM = plain_type(UTMParams)
EVENTS = Reader(ConversionEventRequest)
STAGES = Reader(FunnelStageRequest)


def fields_of(request: SessionRequest) -> dict[str, Any]:
    """The fields of a request, and what reading it found out."""
    made: Any = request
    return asdict(made)


def event_of(request: FunnelStageRequest) -> ConversionEventRequest:
    """The event that stands for a stage: its type and name are the stage's."""
    fields = fields_of(request)
    stage = fields.pop("stage").value
    return EVENTS.make(**fields, event_type=stage, event_name=stage)
