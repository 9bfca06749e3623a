"""What the plugin must know of a request, read from Kong with as few calls as possible.

Each call costs Kong about 15 µs of processor time, whatever it returns. So kong.conf can compose
an nginx variable that holds everything in one value (docs/kong.md, "One read instead of two"):

    $kong_request_id $request_method $remote_addr $http_origin
    $http_access_control_request_method $http_access_control_request_private_network
    $http_access_control_request_headers $kong_request_id $http_connection
"""

import re
from typing import NamedTuple

from conversion_tracking_plugin import cors
from conversion_tracking_plugin.headers import Headers, read_header
from conversion_tracking_plugin.kong import Kong

# Kong's own limit for one call; its default of 100 would hide an Origin behind 100 other headers.
MAX_HEADERS = 1000

# The first of the variable, as Kong and nginx make it; a method has no lower case and no digits.
_REQUEST_ID = re.compile(r"[0-9a-f]{32} ")
_ID_LENGTH = 32

# What follows the id, the method and the address in the variable.
_HEADERS = (
    "origin",
    "access-control-request-method",
    "access-control-request-private-network",
    "access-control-request-headers",
)


class Request(NamedTuple):
    """`client_ip` is None where Kong was not asked for it yet, `request_id` "" where it did not
    say it. `connection` is the header: "" also where an older variable does not hold it."""

    headers: Headers
    is_options: bool
    client_ip: str | None = None
    request_id: str = ""
    connection: str = ""


def parse_variable(value: str) -> Request | None:
    """A request from the variable's value; None where a header in it holds a space.

    A browser sends none of them so, and then Kong must be asked for each. An empty header
    looks like an absent one, and is taken for it. A deployment's older definition of the
    variable has no request id, or ends before it stands there again.
    """
    request_id = parse_request_id(value)
    connection = ""
    if request_id:
        # Only Kong knows the id, so nothing that a client sends stands for the second.
        value, _, connection = value[_ID_LENGTH + 1 :].partition(f" {request_id} ")
    parts = value.split(" ")
    if len(parts) != 2 + len(_HEADERS):
        return None
    method, client_ip, *values = parts
    headers = {name: text for name, text in zip(_HEADERS, values, strict=True) if text}
    return Request(headers, method == "OPTIONS", client_ip, request_id, connection)


def parse_request_id(value: str) -> str:
    """The id that the variable's value begins with; "" where it holds none.

    Kong wrote it: whatever a client sends stands further back.
    """
    return value[:_ID_LENGTH] if _REQUEST_ID.match(value) else ""


def read_request(kong: Kong, request_id: str = "") -> Request:
    """A request by Kong's own calls, none of which gives its id."""
    headers = kong.request.get_headers(MAX_HEADERS)
    kind = cors.classify_request(headers)
    is_options = kind is cors.RequestKind.PREFLIGHT
    if kind is cors.RequestKind.UNDECIDED:
        is_options = kong.request.get_method() == "OPTIONS"
    connection = read_header(headers, "connection")
    return Request(headers, is_options, request_id=request_id, connection=connection)
