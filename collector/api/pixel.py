"""GET /v1/events/pixel.gif: an event as query parameters, for e-mails and noscript.

Whatever happens, the answer is the GIF: a broken image would be seen. What went wrong
stands in a header.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from aiohttp import web

from collector.address import meant_name
from collector.api.keys import CONTEXTS, ENRICHER, VALIDATOR, WRITER
from collector.api.request_context import read_header
from collector.api.track import http_status_of
from collector.contract.models import OBJECT_FIELDS, PixelQuery, UTMParams
from collector.contract.placeholders import is_placeholder
from collector.contract.wire import load_json
from collector.errors import CollectorError, InvalidEvent, InvalidJson
from collector.event_row import EventRow, make_row

# 1x1, transparent, 42 bytes.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

RESULT_HEADER = "X-CT-Result"
EVENT_ID_HEADER = "X-CT-Event-Id"
ERROR_HEADER = "X-CT-Error"

UTM_FIELDS = frozenset(UTMParams.model_fields)
FIELDS = frozenset(PixelQuery.model_fields)
DEFAULT_EVENT_TYPE = "page_view"
MAX_SEQUENCE_DIGITS = 10
MAX_REFERER = 8_190  # aiohttp takes no longer header


async def pixel(request: web.Request) -> web.Response:
    """Store the event that the query describes."""
    row = read_pixel(request)
    status = await request.app[WRITER].put(row)
    headers = {RESULT_HEADER: status.value, EVENT_ID_HEADER: str(row.id)}
    return pixel_response(http_status_of(status), headers)


def read_pixel(request: web.Request) -> EventRow:
    """The event that the query describes, ready to be stored."""
    context = request.app[CONTEXTS].read(request)
    enricher = request.app[ENRICHER]
    referer = read_header(request, "Referer", MAX_REFERER)
    fields = with_defaults(parse_query(request.query), referer, enricher.new_id)
    payload = request.app[VALIDATOR].validate_query(fields, context)
    return make_row(enricher.enrich(payload, context))


def parse_query(query: Mapping[str, str]) -> dict[str, Any]:
    """The query's parameters as a tracker's JSON would have them; an empty one is absent.

    The five campaign parameters may stand by themselves, as in a link.
    """
    named = {name_of_field(name): text for name, text in query.items() if text}
    fields: dict[str, Any] = {name: parse_parameter(name, text) for name, text in named.items()}
    campaign = {name: fields.pop(name) for name in UTM_FIELDS & fields.keys()}
    if campaign:
        sent = fields.get("utm_params")
        fields["utm_params"] = campaign | sent if isinstance(sent, dict) else campaign
    return fields


def name_of_field(name: str) -> str:
    """A parameter's name as it was meant, where that is a field (docs/api.md)."""
    meant = meant_name(name)
    return meant if meant in FIELDS else name


def parse_parameter(name: str, text: str) -> Any:
    """A parameter's value; one that is not what its field wants stays a text, and is refused."""
    if name == "sequence" and text.isdecimal() and len(text) <= MAX_SEQUENCE_DIGITS:
        return int(text)
    if name in OBJECT_FIELDS:
        try:
            return load_json(text)
        except (InvalidJson, InvalidEvent):
            return text
    return text


def with_defaults(
    fields: dict[str, Any], referer: str | None, new_id: Callable[[], UUID]
) -> dict[str, Any]:
    """What an image without a script cannot know.

    Without a session_id the event is a session of its own: two images of one visitor
    look like those of two, and telling them apart by address would mix strangers.
    """
    event_type = fields.get("event_type", DEFAULT_EVENT_TYPE)
    if is_placeholder(fields.get("event_id", "")):
        fields.pop("event_id", None)
    event_id = fields.get("event_id") or str(new_id())
    defaults = {
        "event_id": event_id,
        "session_id": f"pixel-{event_id}",
        "event_type": event_type,
        "event_name": event_type,
    }
    return defaults | ({"page_url": referer} if referer else {}) | fields


def pixel_response(status: int, headers: Mapping[str, str]) -> web.Response:
    """The GIF, to be fetched again each time."""
    no_store = {"Cache-Control": "no-store, max-age=0"}
    return web.Response(
        status=status, body=GIF, content_type="image/gif", headers={**headers, **no_store}
    )


def pixel_error_response(error: CollectorError) -> web.Response:
    """The GIF for an error, its code and fields in a header: `invalid_event; session_id, currency`.

    An invalid event is answered 200, since sending it again gives the same. Any other error
    keeps its status, so that 200 always means that nothing needs to be sent again.
    """
    fields = ", ".join(e.field for e in error.errors)
    text = f"{error.code}; {fields}" if fields else error.code
    return pixel_response(pixel_status(error), {**error.headers, ERROR_HEADER: text})


def pixel_status(error: CollectorError) -> int:
    """The status of its answer."""
    return 200 if isinstance(error, InvalidJson | InvalidEvent) else error.status
