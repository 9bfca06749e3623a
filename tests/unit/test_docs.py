"""What the documentation says of the code is true."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic_core import PydanticUndefined

from collector.api.openapi import ALL_ERRORS
from collector.consume import metrics as of_consumers
from collector.contract.models import ConversionEventRequest
from collector.conversions import metrics as of_deliver
from collector.event import FunnelStage
from collector.metrics import BUILD_INFO, COUNTERS, GAUGES, HISTOGRAMS
from collector.reports.filters import Dimension
from collector.reports.period import Comparison
from collector.settings import ENV_PREFIX, Settings
from local.up import REQUEST_VARIABLE
from tools import openapi_docs
from tools.reports_docs import DOCUMENT, document_with_reports
from tools.settings_docs import EXAMPLE, README, example_with_settings, readme_with_settings


def table_rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


@pytest.mark.parametrize(
    "place", ["README.md", "docs/kong.md", "docs/production.md", "docker-compose.yml"]
)
def test_the_variable_of_a_request_is_the_same_wherever_it_is_written(
    root: Path, place: str
) -> None:
    written = " ".join((root / place).read_text().replace("$$", "$").split())
    assert REQUEST_VARIABLE in written


KONG_CONF_LINE = re.compile(r"^([a-z_]+) = (.+)$", re.MULTILINE)
KONG_VARIABLE = re.compile(r"^KONG_([A-Z_]+)=(.+)$", re.MULTILINE)


def test_the_lines_of_kong_conf_are_those_of_the_readme(root: Path) -> None:
    page = (root / "docs/production.md").read_text()
    step = page.partition("**6. Kong.**")[2].partition("**7. ")[0]
    written = dict(KONG_CONF_LINE.findall(step))
    named = KONG_VARIABLE.findall((root / "README.md").read_text())
    assert written.pop("error_default_type") == "application/json"
    assert written == {name.lower(): value for name, value in named}


def test_the_rate_limits_are_those_of_kongs_file(root: Path) -> None:
    text = (root / "docs/production.md").read_text().partition("## Rate limits")[2]
    written = [int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", text.partition(";")[0])]
    document = yaml.safe_load((root / "kong/kong.yml").read_text())
    limits = {
        route["name"].removeprefix("conversion-tracking-"): plugin["config"]["minute"]
        for service in document["services"]
        for route in service["routes"]
        for plugin in route["plugins"]
        if plugin["name"] == "rate-limiting"
    }
    assert written == [limits[name] for name in ("track", "batch", "funnel", "pixel", "script")]


def shown_default(name: str) -> str:
    """A setting's default as the table shows it."""
    default = Settings.model_fields[name].default
    if default is PydanticUndefined:
        return "required"
    return "none" if default in (None, ()) else f"`{default}`"


def test_the_table_of_settings_has_each_setting_with_its_default_and_meaning(root: Path) -> None:
    rows = table_rows((root / "README.md").read_text())
    documented = {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`CT_")}
    assert list(documented) == [ENV_PREFIX + name.upper() for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        default, meaning = documented[ENV_PREFIX + name.upper()]
        assert default == shown_default(name), name
        sentence = (field.description or "").rstrip(".").split(" (docs/")[0]
        assert meaning.startswith(sentence), name


def test_what_is_written_of_the_settings_is_what_make_docs_writes() -> None:
    assert readme_with_settings(README.read_text()) == README.read_text()
    assert example_with_settings(EXAMPLE.read_text()) == EXAMPLE.read_text()


def test_what_is_written_of_the_reports_is_what_make_docs_writes() -> None:
    assert document_with_reports(DOCUMENT.read_text()) == DOCUMENT.read_text()


def test_what_is_written_of_the_endpoints_is_what_make_docs_writes() -> None:
    written = openapi_docs.DOCUMENT.read_text()
    assert openapi_docs.document_with_openapi(written) == written


def test_the_page_of_the_endpoints_has_each_status_field_and_parameter_of_the_document() -> None:
    written = openapi_docs.DOCUMENT.read_text()
    sections = dict(re.findall(r"^### (.+)\n((?:(?!##).*\n?)*)", written, re.MULTILINE))
    document = openapi_docs.shown_document()
    for path, item in document["paths"].items():
        [(method, operation)] = [pair for pair in item.items() if pair[0] in ("get", "post")]
        rows = {row[0].strip("`") for row in table_rows(sections[f"{method.upper()} {path}"])}
        parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert rows - {"Status", "Parameter"} == parameters | set(operation["responses"]), path
        assert all(
            f"`{other.upper()}`" in sections[f"{method.upper()} {path}"]
            for other in set(item) - {method}
        )
    for name, schema in document["components"]["schemas"].items():
        rows = {row[0].strip("`") for row in table_rows(sections[name])}
        assert rows - {"Field"} == set(schema["properties"]), name


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": ["string", "null"], "format": "uuid"}, "UUID or null"),
        ({"type": ["string", "number"], "maxLength": 5}, "text or number, at most 5 characters"),
        ({"type": "integer", "minimum": 1}, "integer, from 1"),
        ({"type": "integer", "minimum": 0, "maximum": 10**6}, "integer, 0 to 1,000,000"),
        ({"type": "string", "pattern": "^a$"}, "text, matching `^a$`"),
        ({"type": "string", "pattern": "^a$", "description": "An a."}, "text. An a"),
        ({"anyOf": [{"anyOf": [{"const": True}, {}]}, {"type": "null"}]}, "`true`"),
        ({"enum": ["a", "b"]}, "`a`, `b`"),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/An A"}},
            "list of [An A](#an-a)",
        ),
        ({"type": "object", "properties": {"a": {"const": 1}}}, "object: `a` `1`"),
        ({"description": "Any time."}, "Any time"),
    ],
    ids=str,
)
def test_a_schema_in_words(schema: dict[str, object], words: str) -> None:
    assert openapi_docs.describe(schema) == words


def test_each_dimension_and_comparison_is_explained() -> None:
    written = DOCUMENT.read_text()
    assert [name for name in (*Dimension, *Comparison) if f"`{name}`" not in written] == []


def test_the_table_of_metrics_has_each_metric(root: Path) -> None:
    written = (root / "docs/production.md").read_text()
    named = set(re.findall(r"`(ct_[a-z_]+)", written))
    shown = {BUILD_INFO[0], *GAUGES, *HISTOGRAMS, *(f"{name}_total" for name in COUNTERS)}
    shown |= {*of_consumers.GAUGES, *(f"{name}_total" for name in of_consumers.COUNTERS)}
    shown |= {*of_deliver.GAUGES, *(f"{name}_total" for name in of_deliver.COUNTERS)}
    shown.add(of_deliver.SECONDS[0])
    assert shown - named == set()
    # And no other; ct_worker_up is the page's of all workers.
    assert named - shown == {"ct_worker_up"}


def test_the_table_of_errors_has_each_error_with_its_status(root: Path) -> None:
    table = (root / "docs/api.md").read_text().partition("| Status | `error` |")[2]
    rows = [
        (int(status), code)
        for status, codes, *_ in table_rows(table.partition("\n\n")[0])
        if status.isdecimal()
        for code in re.findall("`(.+?)`", codes)
    ]
    by_plugin = (400, "stamp_stripped")
    assert sorted(rows) == sorted({*((e.status, e.code) for e in ALL_ERRORS), by_plugin})


def test_the_table_of_the_contract_has_the_fields_of_an_event(root: Path) -> None:
    table = (root / "README.md").read_text().partition("| Field | |")[2].partition("\n\n")[0]
    names = [name for row in table_rows(table) for name in re.findall("`(.+?)`", row[0])]
    assert sorted(names) == sorted(ConversionEventRequest.model_fields)


@pytest.mark.parametrize("stage", list(FunnelStage))
def test_the_documented_stages_are_those_of_the_code(root: Path, stage: FunnelStage) -> None:
    rows = table_rows((root / "docs/funnel.md").read_text())
    assert [row[0] for row in rows if row[0] == stage] == [stage]
