"""The OpenAPI document has each route, status and field of the collector, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from collector.api.app import make_app
from collector.api.errors import METHOD_NOT_ALLOWED, NOT_FOUND
from collector.api.openapi import ALL_ERRORS, openapi_document
from collector.contract.models import (
    BatchRequest,
    ConversionEventRequest,
    FunnelStageRequest,
    PixelQuery,
    UTMParams,
)
from collector.errors import CollectorError
from collector.settings import OPERATORS_PATHS, Settings
from collector.version import VERSION

SCRIPT_PATH = "/js/a.js"
DOCUMENT = openapi_document(SCRIPT_PATH)
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def errors_below(kind: type[CollectorError]) -> Iterator[type[CollectorError]]:
    """An error of the collector's own, and all that are more exact."""
    yield kind
    for child in kind.__subclasses__():
        yield from errors_below(child)


def codes_in(node: Any) -> Iterator[str]:
    """The codes of errors that stand anywhere in an answer, the pixel's pattern of them too."""
    if isinstance(node, list):
        for item in node:
            yield from codes_in(item)
    if not isinstance(node, dict):
        return
    if "X-CT-Error" in node:
        pattern = node["X-CT-Error"]["schema"]["pattern"]
        yield from pattern.removeprefix("^(?:").partition(")")[0].split("|")
    if "error" in node:
        yield from node["error"].get("enum", [])
    yield from codes_in(list(node.values()))


def documented_errors() -> set[tuple[int, str]]:
    """Each status with the codes that an endpoint may answer with."""
    return {
        (int(status), code)
        for operation in OPERATIONS.values()
        for status, answer in operation["responses"].items()
        if int(status) >= 400
        for code in codes_in(answer)
    }


def test_the_document_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
    assert (DOCUMENT["openapi"], DOCUMENT["info"]["version"]) == ("3.1.0", VERSION)


def test_it_has_each_route_and_method_and_no_other() -> None:
    app = make_app(Settings(database_url="postgresql://nobody@/none", script_path=SCRIPT_PATH))
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    }
    assert set(OPERATIONS) == routes


def test_what_is_for_operators_is_what_the_script_may_not_hide() -> None:
    paths = {path for (_, path), op in OPERATIONS.items() if op["tags"] == ["operations"]}
    assert paths == OPERATORS_PATHS


def test_each_error_stands_with_its_status_and_no_other() -> None:
    errors = {(kind.status, kind.code) for kind in errors_below(CollectorError)}
    assert errors <= documented_errors()
    # These two are answered where no operation is.
    nowhere = {(error.status, error.code) for error in (NOT_FOUND, METHOD_NOT_ALLOWED)}
    assert documented_errors() | nowhere == {(error.status, error.code) for error in ALL_ERRORS}
    assert SCHEMAS["Error"]["properties"]["error"]["enum"] == sorted(e.code for e in ALL_ERRORS)


@pytest.mark.parametrize(
    "model", [ConversionEventRequest, FunnelStageRequest, BatchRequest, UTMParams]
)
def test_each_model_stands_as_it_is(model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    for field in schema["properties"].values():
        if field.get("default", ...) is None:
            del field["default"]  # generators of clients take it for a field that is always there
    assert SCHEMAS[model.__name__] == schema
    assert set(schema["properties"]) == set(model.model_fields)


def test_what_generators_of_clients_stumble_over_is_not_in_it() -> None:
    for schema in objects_in(DOCUMENT):
        assert "items" in schema or schema.get("type") != "array", schema
        assert schema.get("default", ...) is not None, schema


def objects_in(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from objects_in(one)


def test_each_field_of_the_pixel_is_a_parameter() -> None:
    parameters = OPERATIONS["GET", "/v1/events/pixel.gif"]["parameters"]
    assert [p["name"] for p in parameters] == list(PixelQuery.model_fields)
    assert all(("schema" in p) != ("content" in p) for p in parameters)


def test_no_two_operations_have_one_name() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))
