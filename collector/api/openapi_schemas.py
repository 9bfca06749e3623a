"""JSON schemas of what is sent and answered, out of the models and the errors. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from collector.api.errors import HttpError
from collector.api.track import EventAnswer
from collector.contract.fields import NOT_EMPTY
from collector.contract.models import (
    OBJECT_FIELDS,
    BatchRequest,
    ConversionEventRequest,
    FunnelStageRequest,
    PixelQuery,
)
from collector.errors import CollectorError
from collector.event_row import EventStatus, told

Json: TypeAlias = dict[str, Any]
AnyError: TypeAlias = HttpError | type[CollectorError]

COMPONENTS = "#/components/schemas/"
BODIES = (ConversionEventRequest, FunnelStageRequest, BatchRequest)
JSON = "application/json"

TEXT: Mapping[str, Any] = {"type": "string"}
FIELD_ERRORS: Mapping[str, Any] = {
    "type": "array",
    "items": {"$ref": f"{COMPONENTS}FieldError"},
    "description": "Every broken field at once; empty where no field is at fault.",
}
# How JSON schema says null, a list and an object: what a query has other words for.
NOT_IN_QUERIES = ({"type": "null"}, {"const": False})


class Optionals(GenerateJsonSchema):
    """JSON schema in which a field that may be left out has no null as its default.

    Generators of clients take what has a default for a field that is always there.
    """

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """See pydantic."""
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made


def reference(name: str) -> Json:
    """A schema that stands among the components."""
    return {"$ref": COMPONENTS + name}


def component_schemas(errors: Iterable[AnyError]) -> Json:
    """Every schema that has a name; `errors` are all that there are."""
    return {
        **schemas_of_bodies(),
        **msgspec.json.schema_components([EventAnswer], ref_template=COMPONENTS + "{name}")[1],
        "FieldError": object_of(
            {"field": {**TEXT, "description": "Its path in the body."}, "message": TEXT},
            "One broken field, and what is wrong with it.",
        ),
        "Error": object_of(
            {
                "success": {"const": False},
                "error": {"type": "string", "enum": codes_of(errors)},
                "message": TEXT,
                "errors": dict(FIELD_ERRORS),
            },
            "Why a request was refused: a code that stays, and words for people.",
        ),
        "BatchResult": batch_result(errors),
        "BatchAnswer": object_of(
            {
                "success": {"type": "boolean", "description": "Whether all events were taken."},
                "results": results_schema(),
            },
            "The answer to a batch of which nothing needs to be sent again.",
        ),
    }


def schemas_of_bodies() -> Json:
    """The models of the bodies, and what they are made of."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in BODIES],
        ref_template=COMPONENTS + "{model}",
        schema_generator=Optionals,
    )
    schemas: Json = definitions["$defs"]
    return schemas


def object_of(properties: Json, description: str, optional: Iterable[str] = ()) -> Json:
    """The schema of an object that has each of these, but for what is optional."""
    return {
        "type": "object",
        "description": description,
        "required": [name for name in properties if name not in set(optional)],
        "properties": properties,
    }


def batch_result(errors: Iterable[AnyError]) -> Json:
    """An entry of a batch's results."""
    return object_of(
        {
            "event_id": {"type": ["string", "null"], "format": "uuid"},
            "status": {
                "type": "string",
                "enum": [status.value for status in EventStatus if told(status) is status],
            },
            "error": {"type": "string", "enum": codes_of(errors)},
            "message": TEXT,
            "errors": dict(FIELD_ERRORS),
        },
        "What became of one event of a batch; the last three where it was not taken.",
        optional=("error", "message", "errors"),
    )


def results_schema() -> Json:
    """The results of a batch."""
    return {
        "type": "array",
        "items": reference("BatchResult"),
        "description": "One entry an event, in the order sent.",
    }


def error_schema(errors: Iterable[AnyError], **more: Json) -> Json:
    """The form of an error that has one of some codes."""
    return reference("Error") | {"properties": {"error": {"enum": codes_of(errors)}, **more}}


def codes_of(errors: Iterable[AnyError]) -> list[str]:
    """The codes of some errors."""
    return sorted({error.code for error in errors})


def meaning_of(error: AnyError) -> str:
    """What an error means, in the first words of its class, or of its message."""
    if isinstance(error, HttpError):
        return error.message
    return inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0]


def query_parameters() -> list[Json]:
    """The fields of the pixel as parameters of a query."""
    schema = PixelQuery.model_json_schema(
        ref_template=COMPONENTS + "{model}", schema_generator=Optionals
    )
    return [query_parameter(name, field) for name, field in schema["properties"].items()]


def query_parameter(name: str, field: Json) -> Json:
    """One of them: objects are JSON in the query, everything else is text."""
    parameter: Json = {"name": name, "in": "query"}
    if name in OBJECT_FIELDS:
        return parameter | {"content": {JSON: {"schema": field}}}
    return parameter | {"schema": as_text(field)}


def as_text(schema: Json) -> Json:
    """What of a schema a query can hold: no list, no object, no null.

    An empty parameter is as if it were not there, so that none has to hold something.
    """
    if "anyOf" in schema:
        kept = [as_text(choice) for choice in schema["anyOf"] if is_text(choice)]
        return kept[0] if len(kept) == 1 else {"anyOf": kept}
    left_out = {"title": schema.get("title"), "default": None, "pattern": NOT_EMPTY}
    return {k: v for k, v in schema.items() if k not in left_out or v != left_out[k]}


def is_text(schema: Json) -> bool:
    """Whether a query can hold what a schema describes."""
    return schema not in NOT_IN_QUERIES and schema.get("type") not in ("array", "object")
