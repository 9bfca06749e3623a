"""What is measured: kinds of requests on the routes that were given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from bench.errors import BenchError
from bench.events import BrowserEvent, generate_events
from bench.load.requests import compose_request, write_requests

PLAIN, CORS, OURS = "plain", "cors", "ours"
PREFLIGHT = "OPTIONS"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
SEED = 1
EVENTS = 5000
PROBE_SECONDS = 10
SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of request on a route; `baseline` names the case that it is compared with."""

    key: str
    title: str
    route: str
    method: str
    baseline: str | None = None


CASES = (
    Case("post_plain", "POST, no plugin", PLAIN, "POST"),
    Case("post_cors", "POST, Kong's cors plugin", CORS, "POST", "post_plain"),
    Case("post_ours", "POST, our plugin", OURS, "POST", "post_plain"),
    Case("preflight_cors", "preflight, Kong's cors plugin", CORS, PREFLIGHT),
    Case("preflight_ours", "preflight, our plugin", OURS, PREFLIGHT, "preflight_cors"),
)
GET_CASES = (
    Case("get_plain", "GET, no plugin", PLAIN, "GET"),
    Case("get_cors", "GET, Kong's cors plugin", CORS, "GET", "get_plain"),
    Case("get_ours", "GET, our plugin", OURS, "GET", "get_plain"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A route's address, taken apart."""

    base: str
    host: str
    path: str


def choose_cases(routes: Mapping[str, Target], with_get: bool) -> list[Case]:
    """The cases whose routes are there."""
    return [c for c in (*CASES, *(GET_CASES if with_get else ())) if c.route in routes]


def parse_target(url: str) -> Target:
    """A URL such as http://127.0.0.1:8000/ours. Raises BenchError for any other text."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.netloc:
        raise BenchError(f"{url!r} is no address of a route; give one such as http://host:8000/x")
    return Target(f"http://{parts.netloc}", parts.netloc, parts.path or "/")


def write_case_requests(folder: Path, case: Case, target: Target, origin: str) -> Path:
    """The file of a case's requests, as browsers of many visitors send them."""
    events = generate_events(EVENTS, SEED, start_ms=1_763_800_000_000)
    file = folder / f"{case.key}.requests"
    write_requests(file, (compose_case(case, target, origin, event) for event in events))
    return file


def compose_case(case: Case, target: Target, origin: str, event: BrowserEvent) -> str:
    """One request of a case."""
    headers = {
        "Host": target.host,
        "User-Agent": event.user_agent,
        "Accept": "*/*",
        "Accept-Language": event.language,
        "Origin": origin,
        "Referer": f"{origin}/",
    }
    if case.method == PREFLIGHT:
        headers |= preflight_headers()
    body = event.body if case.method == "POST" else ""
    if body:
        headers["Content-Type"] = "application/json"
    return compose_request(case.method, target.path, headers, body)


def preflight_headers() -> dict[str, str]:
    """What a browser asks before a POST of JSON."""
    return {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }


def refuse_wrong_answer(case: Case, target: Target, origin: str) -> None:
    """Send one request, and look at the answer: fast wrong answers are no figures.

    Raises BenchError where it is an error, or lacks the CORS headers of its route.
    """
    headers = {"Origin": origin, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) bench"}
    headers |= preflight_headers() if case.method == PREFLIGHT else {}
    connection = HTTPConnection(target.host, timeout=PROBE_SECONDS)
    try:
        body = "{}" if case.method == "POST" else None
        connection.request(case.method, target.path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException) as error:
        raise BenchError(
            f"{case.title}: {target.base}{target.path} gave no answer: {error}"
        ) from None
    finally:
        connection.close()
    problem = find_problem(case, origin, answer.status, answer.getheader(ALLOW_ORIGIN))
    if problem:
        raise BenchError(f"{case.title}: {target.base}{target.path} {problem}")


def find_problem(case: Case, origin: str, status: int, allow_origin: str | None) -> str | None:
    """What is wrong with an answer, or None."""
    if status not in SUCCESS:
        return f"answered {status} instead of 2xx"
    if case.route == PLAIN and allow_origin:
        return f"has {ALLOW_ORIGIN}: some plugin runs on the route that should have none"
    if case.route != PLAIN and allow_origin not in (origin, "*"):
        return f"has no {ALLOW_ORIGIN} for {origin}; is the plugin there, and does it allow it?"
    return None


def names_of(cases: Sequence[Case]) -> dict[str, Case]:
    """Cases by key."""
    return {case.key: case for case in cases}
