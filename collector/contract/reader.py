"""From a storable object to a request: the models' fields, checked, as plain attributes.

pydantic checks the fields of a model as a TypedDict. To make a BaseModel of them took 3 µs
more an event: it fills in the many fields that were not sent, and its __getattr__ makes
every later look at a field slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Generic, NotRequired

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from collector.contract.fields import MISSING, OBJECT, Fault, FieldType
from collector.contract.models import (
    ConversionEventRequest,
    FunnelStageRequest,
    R,
    SessionRequest,
    UTMParams,
)
from collector.errors import FieldError, InvalidEvent

# What pydantic finds wrong by itself.
MESSAGES = {"missing": MISSING, "dict_type": "must be a JSON object"}


# What a field's type becomes before it is validated.
Variant = Callable[[FieldType], FieldType]


def typed_dict_of(model: type[BaseModel], variant: Variant) -> Any:
    """The fields of a model as a TypedDict, in which only what is required must be there."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if kind == UTMParams | None:
            kind = typed_dict_of(UTMParams, variant) | None
        elif field.metadata:
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


def stopping(kind: FieldType) -> FieldType:
    """The type, at whose first fault validation ends."""
    parse: Any = kind.parse

    def parse_or_stop(*sent: Any) -> Any:
        """Raises Broken where the field is."""
        try:
            return parse(*sent)
        except Fault:
            raise Broken from None

    return replace(kind, parse=parse_or_stop)


def in_plain_json(kind: FieldType) -> FieldType:
    """The same where every number is finite."""
    return replace(stopping(kind), native=kind.plain or kind.native)


def parsed_only(kind: FieldType) -> FieldType:
    """The type without what needs no parser, which says nothing that the parser does not."""
    return replace(kind, native=None)


def takes_any(model: type[BaseModel], name: str) -> bool:
    """Whether a field is an object of anything."""
    return OBJECT in model.model_fields[name].metadata


class Fields:
    """A request's fields as attributes: those that were sent, else the defaults of the class."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self)!r})"


def plain_type(model: type[BaseModel]) -> type[Any]:
    """A class of Fields that has the model's defaults."""
    fields = model.model_fields.items()
    defaults = {name: field.default for name, field in fields if not field.is_required()}
    found_out = {"cut": SessionRequest.cut, "unknown": SessionRequest.unknown}
    return type(model.__name__, (Fields,), {**defaults, **found_out})


class Reader(Generic[R]):
    """Reads objects by a model."""

    def __init__(self, model: type[R]) -> None:
        self.fields = frozenset(model.model_fields)
        # What may hold anything: all other fields are bounded by their types.
        self.open_objects = tuple(name for name in self.fields if takes_any(model, name))
        self._validate = validator_of(model, stopping)
        self._validate_plain = validator_of(model, in_plain_json)
        self._find_faults = validator_of(model, parsed_only)
        self._type = plain_type(model)

    def read(self, sent: dict[str, Any], *, plain: bool = False) -> R:
        """A storable object as a request.

        Raises InvalidEvent that names every broken field; where the object is plain
        (wire.load_value), DigitsNeeded too.
        """
        cut: list[str] = []
        try:
            validate = self._validate_plain if plain else self._validate
            fields: dict[str, Any] = validate(sent, context=cut)
        except (ValidationError, Broken):
            raise self._refusal(sent) from None
        unknown = len(sent) - len(fields)
        utm = fields.get("utm_params")
        if utm is not None:
            unknown += len(sent["utm_params"]) - len(utm)
            fields["utm_params"] = with_fields(UTM, utm)
        if cut or unknown:
            fields.update(cut=tuple(cut), unknown=unknown)
        request: R = with_fields(self._type, fields)
        return request

    def _refusal(self, sent: dict[str, Any]) -> InvalidEvent:
        """What is wrong with an object."""
        try:
            self._find_faults(sent, context=[])
        except ValidationError as error:
            return InvalidEvent("The event breaks the contract.", tuple(faults_of(error)))
        raise AssertionError("an object is refused without a fault")

    def make(self, fields: dict[str, Any]) -> R:
        """A request of fields that are checked already."""
        request: R = with_fields(self._type, fields)
        return request


def with_fields(kind: type[Any], fields: dict[str, Any]) -> Any:
    """An instance of a plain type; the fields are its own from then on."""
    instance = kind()
    instance.__dict__ = fields
    return instance


def faults_of(error: ValidationError) -> Iterator[FieldError]:
    """What is wrong with each field, never with the value, which may be a person's."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        yield FieldError(
            ".".join(map(str, fault["loc"])), MESSAGES.get(fault["type"], fault["msg"])
        )


UTM = plain_type(UTMParams)
EVENTS = Reader(ConversionEventRequest)
STAGES = Reader(FunnelStageRequest)


def event_of(request: FunnelStageRequest) -> ConversionEventRequest:
    """The event that stands for a stage: its type and name are the stage's."""
    fields = dict(vars(request))
    stage = fields.pop("stage").value
    return EVENTS.make({**fields, "event_type": stage, "event_name": stage})
