"""The plugin's configuration in Kong, in the form of Kong's schema language.

Rules that Kong's loader enforces at its start (kong/db/schema/metaschema.lua): a description has
10 to 500 characters, an array names its elements, a default obeys the rules of its own field.
"""

from typing import Any

Field = dict[str, dict[str, Any]]

METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def _texts(default: list[str], description: str, **rules: object) -> dict[str, Any]:
    elements = {"type": "string", **rules}
    return {
        "type": "array",
        "required": True,
        "elements": elements,
        "default": default,
        "description": description,
    }


def _flag(default: bool, description: str) -> dict[str, Any]:
    return {"type": "boolean", "required": True, "default": default, "description": description}


# Names that Kong's bundled cors plugin has too mean the same here.
SCHEMA: list[Field] = [
    {
        "origins": _texts(
            ["*"],
            "Origins whose pages may read the answers: exact (https://shop.example), a regular"
            " expression (any entry with other characters than letters, digits and . : / -), or *"
            " for all. An expression without a colon is matched against the host only. An empty"
            " list means *.",
        )
    },
    {
        "methods": _texts(
            METHODS, "Value of Access-Control-Allow-Methods on a preflight.", one_of=METHODS
        )
    },
    {
        "headers": _texts(
            [],
            "Value of Access-Control-Allow-Headers on a preflight. Empty: the headers that the"
            " browser asks for are allowed.",
        )
    },
    {
        "exposed_headers": _texts(
            [],
            "Value of Access-Control-Expose-Headers: which headers of an answer a page's script"
            " may read.",
        )
    },
    {
        "credentials": _flag(
            False, "Whether pages may send cookies and Authorization and still read the answer."
        )
    },
    {
        "max_age": {
            "type": "integer",
            "required": True,
            "default": -1,
            "description": "How long a browser may remember a preflight, in seconds. Below 0 no"
            " header is sent; browsers then remember it for 5 seconds. Chrome's limit is 7200,"
            " Firefox's 86400.",
        }
    },
    {
        "private_network": _flag(
            False,
            "Whether a preflight that asks for access to a private network is answered with"
            " Access-Control-Allow-Private-Network.",
        )
    },
    {
        "allow_origin_absent": _flag(
            True,
            "Whether an answer to a request without Origin carries CORS headers as well (Vary, or"
            " * where everybody is allowed). False saves one round trip on such requests.",
        )
    },
    {
        "allow": _texts(
            ["POST", "OPTIONS"],
            "What the answer to OPTIONS names in its Allow header and in its body: the methods of"
            " the route's endpoint.",
            one_of=METHODS,
        )
    },
    {
        "preflight_continue": _flag(
            False,
            "Whether OPTIONS is answered by what comes later, such as the request-termination"
            " plugin: this one then sets the answer's headers only, which costs Kong half as much."
            " Without such a plugin the request goes on to the service, unstamped.",
        )
    },
    {
        "secret": {
            "type": "string",
            "referenceable": True,
            "len_min": 0,
            "default": "",
            "description": "Secret of at least 16 characters that signs the client's address, the"
            " time of receipt and the request's id; the collector must have the same one. Use a"
            " reference such as {vault://env/ct-gateway-secret}. Empty, or shorter: nothing is"
            " signed, and the collector trusts no stamp.",
        }
    },
    {
        "request_variable": {
            "type": "string",
            # A name that no client can set: http_..., arg_... and cookie_... are the client's.
            "match": "^ct_[a-z0-9_]+$",
            "description": "Name of the nginx variable that holds what the plugin must know of a"
            " request, as docs/kong.md defines it with KONG_NGINX_PROXY_SET. Saves calls between"
            " Kong and the plugin server. Absent: Kong is asked for each.",
        }
    },
]

# Where nginx writes the CORS headers of every answer, by the files that `--nginx` makes, they set
# this variable too, to the fingerprint of the configuration that they were made for.
FILES_VARIABLE = "ct_cors_files"

DEFAULTS: dict[str, Any] = {
    name: rules.get("default") for field in SCHEMA for name, rules in field.items()
}
