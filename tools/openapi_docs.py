"""Writes docs/openapi.md, the OpenAPI document for people to read: make docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.api.openapi import openapi_document
from collector.api.openapi_schemas import COMPONENTS
from collector.contract.fields import NOT_EMPTY
from collector.settings import Settings

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.md"
BEGIN = "<!-- From the OpenAPI document, by `make docs`. -->\n"

# What is said of a path's other methods in a line.
MINOR_METHODS = ("head", "options")
WORDS = {"string": "text", "array": "list"}
NO_LETTER = re.compile(r"[^\w\- ]")

Json = dict[str, Any]


def document_with_openapi(text: str) -> str:
    """The page as the code has it. Raises ValueError where the mark is gone."""
    head, _ = text.split(BEGIN)
    return head + BEGIN + "\n" + openapi_page(shown_document())


def shown_document() -> Json:
    """The OpenAPI document of a collector with the usual settings."""
    return openapi_document(Settings.model_fields["script_path"].default)


def openapi_page(document: Json) -> str:
    """Every endpoint and every schema of an OpenAPI document."""
    schemas = document["components"]["schemas"]
    lines = [
        "## Endpoints\n",
        *endpoints_table(document),
        *(line for path, item in document["paths"].items() for line in endpoint(path, item)),
        "## Schemas\n",
        *(line for name, schema in schemas.items() for line in schema_section(name, schema)),
    ]
    return "\n".join(lines)


def endpoints_table(document: Json) -> Iterator[str]:
    """Each endpoint, and for whom it is."""
    yield "| Endpoint | | |"
    yield "|---|---|---|"
    for path, item in document["paths"].items():
        method, operation = main_operation(item)
        title = endpoint_title(method, path)
        tags = ", ".join(operation["tags"])
        yield f"| [{title}](#{anchor(title)}) | {operation['summary']} | {tags} |"
    yield ""
    yield from (f"- {tag['name']}: {tag['description']}" for tag in document["tags"])
    yield ""


def main_operation(item: Json) -> tuple[str, Json]:
    """The method that an endpoint is there for."""
    [(method, operation)] = [pair for pair in item.items() if pair[0] not in MINOR_METHODS]
    return method, operation


def endpoint_title(method: str, path: str) -> str:
    """The heading of an endpoint."""
    return f"{method.upper()} {path}"


def anchor(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    return NO_LETTER.sub("", heading.lower()).replace(" ", "-")


def endpoint(path: str, item: Json) -> Iterator[str]:
    """The section of an endpoint: what it takes, and each answer."""
    method, operation = main_operation(item)
    yield f"### {endpoint_title(method, path)}\n"
    yield f"{operation['summary']}.\n"
    if "requestBody" in operation:
        yield f"Body: {body_text(operation['requestBody'])}\n"
    if "parameters" in operation:
        yield from parameters_table(operation["parameters"])
    yield from answers_table(operation["responses"])
    for minor in MINOR_METHODS:
        if minor in item:
            statuses = ", ".join(item[minor]["responses"])
            yield f"`{minor.upper()}`: {item[minor]['summary']} ({statuses}).\n"


def body_text(body: Json) -> str:
    """A body: its schema, and under which types it is sent."""
    [schema, *_] = [content["schema"] for content in body["content"].values()]
    types = " or ".join(f"`{name}`" for name in body["content"])
    return f"{describe(schema)} as {types}. {body['description']}"


def parameters_table(parameters: list[Json]) -> Iterator[str]:
    """The parameters of an endpoint. What stands in one as JSON is said."""
    yield "| Parameter | In | Takes |"
    yield "|---|---|---|"
    for parameter in parameters:
        takes = describe(parameter["schema"]) if "schema" in parameter else json_text(parameter)
        yield row(f"`{parameter['name']}`", parameter["in"], takes)
    yield ""


def json_text(parameter: Json) -> str:
    """What a parameter takes that is written in JSON."""
    [content] = parameter["content"].values()
    return f"JSON: {describe(content['schema'])}"


def answers_table(answers: Json) -> Iterator[str]:
    """The answers of an endpoint by status."""
    yield "| Status | Body | Headers | When |"
    yield "|---|---|---|---|"
    for status, answer in answers.items():
        contents = answer.get("content", {}).items()
        bodies = "; ".join(content_text(kind, content["schema"]) for kind, content in contents)
        headers = "; ".join(header_text(*pair) for pair in answer.get("headers", {}).items())
        yield row(status, bodies, headers, answer["description"])
    yield ""


def content_text(kind: str, schema: Json) -> str:
    """The body of an answer."""
    if kind != "application/json":
        return f"`{kind}`"
    extra = {name for name in schema.get("properties", {}) if "$ref" in schema} - {"error"}
    more = "".join(f", with `{name}`" for name in sorted(extra))
    return describe(schema) + more


def header_text(name: str, header: Json) -> str:
    """A header of an answer."""
    always = "" if header.get("required") else ", where there is one"
    return f"`{name}`{always}"


def schema_section(name: str, schema: Json) -> Iterator[str]:
    """The section of a schema: its fields."""
    required = schema.get("required", [])
    yield f"### {name}\n"
    yield f"{schema['description']}\n"
    yield "| Field | | Takes |"
    yield "|---|---|---|"
    for field, takes in schema["properties"].items():
        yield row(f"`{field}`", "required" if field in required else "", describe(takes))
    yield ""


def describe(schema: Json) -> str:
    """What a schema takes, in words: of several forms the usual one, which comes first."""
    schema = usual(schema)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(COMPONENTS)
        return f"[{name}](#{anchor(name)})"
    words = ", ".join(part for part in (kind_of(schema), *limits_of(schema)) if part)
    return ". ".join(part for part in (words, schema.get("description", "").rstrip(".")) if part)


def usual(schema: Json) -> Json:
    """The first of the forms that a schema takes."""
    while "anyOf" in schema:
        schema = schema["anyOf"][0]
    return schema


def kind_of(schema: Json) -> str:
    """Its type, or the values that there are."""
    if "const" in schema:
        return f"`{as_json(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{as_json(value)}`" for value in schema["enum"])
    if schema.get("format") == "uuid":
        return "UUID" + (" or null" if "null" in schema["type"] else "")
    if "items" in schema:
        return f"list of {describe(schema['items'])}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "properties" in schema:
        fields = ", ".join(f"`{name}` {describe(of)}" for name, of in schema["properties"].items())
        return f"object: {fields}"
    return " or ".join(WORDS.get(kind, kind) for kind in kinds)


def as_json(value: object) -> str:
    """A value as a reader would send it; texts without quotes."""
    return value if isinstance(value, str) else str(value).lower()


def limits_of(schema: Json) -> Iterator[str]:
    """The limits of what it takes. A pattern is told where nothing else says what it means."""
    if schema.get("pattern") == NOT_EMPTY:
        yield "not blank"
    elif "pattern" in schema and "description" not in schema:
        yield f"matching `{schema['pattern']}`"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    if "maximum" in schema:
        yield f"{schema['minimum']:,} to {schema['maximum']:,}"
    elif "minimum" in schema:
        yield f"from {schema['minimum']:,}"
    if "maxItems" in schema:
        yield f"{schema.get('minItems', 0)} to {schema['maxItems']} of them"
    if "maxProperties" in schema:
        yield f"at most {schema['maxProperties']} entries"


def row(*cells: str) -> str:
    """A row of a table; a paragraph in a cell begins a line of its own."""
    told = (cell.replace("|", r"\|").replace("\n\n", "<br>").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(told)} |"


def main() -> None:
    """Bring the page up to date."""
    DOCUMENT.write_text(document_with_openapi(DOCUMENT.read_text()))


if __name__ == "__main__":
    main()
