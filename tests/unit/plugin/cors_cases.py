"""The table of CORS behaviour: configurations, requests, and the headers that must come out.

Both columns, ours and the bundled plugin's, were compared with a genuine Kong 3.9.1.
"""

from tests.unit.plugin.cors_case import (
    ALL_METHODS,
    SHOP,
    UNKNOWN,
    CorsCase,
    allowed,
    answer,
    preflight,
    refused,
)

SEVERAL = {"origins": ["http://localhost:5177", SHOP]}

EXACT_ORIGINS = [
    CorsCase("one origin", {"origins": [SHOP]}, preflight(SHOP), allowed(SHOP)),
    CorsCase("the first of several", SEVERAL, preflight(SHOP), allowed(SHOP)),
    CorsCase(
        "a port is part of the origin",
        SEVERAL,
        preflight("http://localhost:5177"),
        allowed("http://localhost:5177"),
    ),
    refused("an unknown origin under several", SEVERAL, "https://evil.example"),
    CorsCase(
        "an unknown origin under one",
        {"origins": [SHOP]},
        preflight("https://evil.example"),
        answer(),
        bundled=allowed(SHOP),
        why=UNKNOWN,
    ),
    refused("another scheme", SEVERAL, "http://shop.example"),
    refused("another port", SEVERAL, "https://shop.example:8443"),
    refused("a name that begins alike", SEVERAL, "https://shop.example.evil.example"),
    refused("the opaque origin null", SEVERAL, "null"),
    CorsCase(
        "null by name",
        {"origins": ["null", SHOP]},
        preflight("null"),
        allowed("null"),
    ),
    CorsCase(
        "a default port in the configuration",
        {"origins": ["https://shop.example:443", "http://localhost:5177"]},
        preflight(SHOP),
        allowed(SHOP),
    ),
    CorsCase(
        "a default port in the request",
        SEVERAL,
        preflight("https://shop.example:443"),
        allowed(SHOP),
    ),
    refused(
        "port 80 is no default under https",
        {"origins": ["https://shop.example:80", "http://localhost:5177"]},
        SHOP,
    ),
    CorsCase(
        "a path in the configuration",
        {"origins": ["https://shop.example/", "http://localhost:5177"]},
        preflight(SHOP),
        allowed(SHOP),
    ),
    CorsCase(
        "one origin that is not written as a browser writes it",
        {"origins": ["https://shop.example:443/"]},
        preflight(SHOP),
        allowed(SHOP),
        bundled=allowed("https://shop.example:443/"),
        why="one origin obeys the rules of several; Kong sends the text as configured",
    ),
    refused(
        "a host without a scheme", {"origins": ["shop.example", "http://localhost:5177"]}, SHOP
    ),
]

PATTERNS = [
    CorsCase(
        "an expression for the whole origin",
        {"origins": [r"https://(\w+\.)?shop\.example"]},
        preflight("https://www.shop.example"),
        allowed("https://www.shop.example"),
    ),
    CorsCase(
        "an expression that is anchored by its author",
        {"origins": [r"^https://\w+\.shop\.example$"]},
        preflight("https://www.shop.example"),
        allowed("https://www.shop.example"),
    ),
    refused(
        "an expression is anchored at its end",
        {"origins": [r"https://\w+\.shop\.example"]},
        "https://www.shop.example.evil.example",
    ),
    refused(
        "an expression is anchored at its start",
        {"origins": [r"shop\.example"]},
        "https://evilshop.example",
    ),
    CorsCase(
        "an expression without a colon sees the host only",
        {"origins": [r".*\.shop\.example"]},
        preflight("http://a.b.shop.example:8080"),
        allowed("http://a.b.shop.example:8080"),
    ),
    refused(
        "a colon in a group makes it see the whole origin",
        {"origins": [r"(?:www\.)?shop\.example"]},
        SHOP,
    ),
    CorsCase(
        "an alternation is anchored as a whole",
        {"origins": [r"https://shop\.example|https://news\.example"]},
        preflight("https://shop.example.evil.example"),
        answer(),
        bundled=allowed("https://shop.example.evil.example"),
        why="Kong anchors the end of the last alternative only, which lets an attacker's name in",
    ),
    CorsCase(
        "an alternation matches each of its sides",
        {"origins": [r"https://shop\.example|https://news\.example"]},
        preflight(SHOP),
        allowed(SHOP),
    ),
    CorsCase(
        "the host of an expression has no port",
        {"origins": [r"local(host)?"]},
        preflight("http://localhost:5177"),
        allowed("http://localhost:5177"),
    ),
    CorsCase(
        "an expression beside exact origins",
        {"origins": [SHOP, r"news\.example"]},
        preflight("https://news.example"),
        allowed("https://news.example"),
    ),
    CorsCase(
        "an expression ignores case where it says so",
        {"origins": [r"(?i)https://SHOP\.example"]},
        preflight(SHOP),
        allowed(SHOP),
    ),
]

EVERYONE = [
    CorsCase(
        "everyone",
        {"origins": ["*"]},
        preflight(SHOP),
        answer("*", vary=False, allow_methods=ALL_METHODS),
    ),
    CorsCase(
        "no origins are everyone",
        {"origins": []},
        preflight(SHOP),
        answer("*", vary=False, allow_methods=ALL_METHODS),
    ),
    CorsCase(
        "everyone with credentials is named",
        {"origins": ["*"], "credentials": True},
        preflight(SHOP),
        allowed(SHOP, allow_credentials="true"),
    ),
    CorsCase(
        "everyone with credentials is named as sent",
        {"origins": ["*"], "credentials": True},
        preflight("https://shop.example:443"),
        allowed("https://shop.example:443", allow_credentials="true"),
    ),
    CorsCase(
        "everyone beside another origin",
        {"origins": [SHOP, "*"]},
        preflight("https://news.example"),
        allowed("*"),
    ),
]

PREFLIGHT_FIELDS = [
    CorsCase(
        "credentials",
        {"origins": [SHOP, "https://news.example"], "credentials": True},
        preflight(SHOP),
        allowed(SHOP, allow_credentials="true"),
    ),
    CorsCase(
        "credentials and an unknown origin",
        {"origins": [SHOP, "https://news.example"], "credentials": True},
        preflight("https://evil.example"),
        answer(),
        bundled=answer(allow_credentials="true", allow_methods=ALL_METHODS),
        why=UNKNOWN,
    ),
    CorsCase(
        "configured headers",
        {"origins": [SHOP], "headers": ["Content-Type", "Authorization"]},
        preflight(SHOP, request_headers="x-other"),
        allowed(SHOP, allow_headers="Content-Type,Authorization"),
    ),
    CorsCase(
        "headers are echoed where none are configured",
        {"origins": [SHOP]},
        preflight(SHOP, request_headers="content-type, x-any"),
        allowed(SHOP, allow_headers="content-type, x-any"),
    ),
    CorsCase(
        "configured methods",
        {"origins": [SHOP], "methods": ["POST", "OPTIONS"]},
        preflight(SHOP),
        answer(SHOP, allow_methods="POST,OPTIONS"),
    ),
    CorsCase(
        "max age",
        {"origins": [SHOP], "max_age": 7200},
        preflight(SHOP),
        allowed(SHOP, max_age="7200"),
    ),
    CorsCase(
        "a max age of zero",
        {"origins": [SHOP], "max_age": 0},
        preflight(SHOP),
        allowed(SHOP, max_age="0"),
    ),
    CorsCase(
        "a private network is allowed where asked for",
        {"origins": [SHOP], "private_network": True},
        preflight(SHOP, request_private_network="true"),
        allowed(SHOP, allow_private_network="true"),
    ),
    CorsCase(
        "a private network is not mentioned where not asked for",
        {"origins": [SHOP], "private_network": True},
        preflight(SHOP),
        allowed(SHOP),
    ),
    CorsCase(
        "a private network is not allowed by default",
        {"origins": [SHOP]},
        preflight(SHOP, request_private_network="true"),
        allowed(SHOP),
    ),
    CorsCase(
        "exposed headers are not a preflight's business",
        {"origins": [SHOP], "exposed_headers": ["Retry-After"]},
        preflight(SHOP),
        allowed(SHOP),
    ),
]

ORDINARY_ANSWERS = [
    CorsCase(
        "an answer to a known origin",
        {"origins": [SHOP, "https://news.example"]},
        {"origin": SHOP},
        answer(SHOP),
        method="POST",
    ),
    CorsCase(
        "credentials and exposed headers on an answer",
        {
            "origins": [SHOP, "https://news.example"],
            "credentials": True,
            "exposed_headers": ["Retry-After", "X-Kong-Request-Id"],
        },
        {"origin": SHOP},
        answer(SHOP, allow_credentials="true", expose_headers="Retry-After,X-Kong-Request-Id"),
        method="POST",
    ),
    CorsCase(
        "an answer to an unknown origin",
        {
            "origins": [SHOP, "https://news.example"],
            "credentials": True,
            "exposed_headers": ["Retry-After"],
        },
        {"origin": "https://evil.example"},
        answer(),
        method="POST",
        bundled=answer(allow_credentials="true", expose_headers="Retry-After"),
        why=UNKNOWN,
    ),
    CorsCase(
        "an answer to everyone",
        {"origins": ["*"], "exposed_headers": ["Retry-After"]},
        {"origin": SHOP},
        answer("*", vary=False, expose_headers="Retry-After"),
        method="POST",
    ),
    CorsCase(
        "an answer to everyone with credentials",
        {"origins": ["*"], "credentials": True},
        {"origin": SHOP},
        answer(SHOP, allow_credentials="true"),
        method="POST",
    ),
    CorsCase(
        "a request without an origin",
        {"origins": [SHOP, "https://news.example"]},
        {},
        answer(),
        method="POST",
    ),
    CorsCase(
        "a request without an origin under one origin",
        {"origins": [SHOP], "credentials": True},
        {},
        answer(),
        method="POST",
        bundled=answer(SHOP, allow_credentials="true"),
        why="no origin is no allowed origin",
    ),
    CorsCase(
        "a request without an origin where everyone is allowed",
        {"origins": ["*"], "credentials": True, "exposed_headers": ["Retry-After"]},
        {},
        answer("*", vary=False, expose_headers="Retry-After"),
        method="POST",
    ),
]

CASES = EXACT_ORIGINS + PATTERNS + EVERYONE + PREFLIGHT_FIELDS + ORDINARY_ANSWERS
