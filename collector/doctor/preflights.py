"""OPTIONS at the gateway: what a browser asks before it sends an event."""

from __future__ import annotations

from collections.abc import Mapping

from collector.api.endpoints import PIXEL_PATH
from collector.api.routes import POSTED
from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, failure, ok
from collector.doctor.http import Answer, Client

# Each path with the method that a page sends there.
ROUTES = {**dict.fromkeys(POSTED, "POST"), PIXEL_PATH: "GET"}
FORBIDDEN_ORIGIN = "https://doctor.invalid"  # a name that nobody can have

OK_STATUS, SERVERS_FAULT = 200, 500
NO_ROUTE_STATUSES = {200, 404, 405}  # 200 is another route's, without Allow
AWAY = "start the plugin server, and look at Kong's log (docs/kong.md#when-something-fails)"
REFUSED = (
    "a plugin for all of Kong refuses them: run_on_preflight: false, or move it to other services "
    "(docs/kong.md#preflights)"
)
NO_ROUTE = "add the preflight routes of kong/kong.yml (docs/kong.md#preflights), then `kong reload`"


async def ask_each(client: Client, headers: Mapping[str, str] | None = None) -> dict[str, Answer]:
    """The answer to an OPTIONS on each route, a preflight where there is an origin."""
    answers = {}
    for path, method in ROUTES.items():
        asked = {"Access-Control-Request-Method": method, **headers} if headers else None
        answers[path] = await client.ask("OPTIONS", path, asked)
    return answers


async def check_bare(deployment: Deployment) -> Finding:
    """OPTIONS that no browser sends, as health checks and link checkers do."""
    answers = await ask_each(await deployment.gateway())
    wrong = [
        f"{path} {answer.status}, Allow: {answer.headers.get('Allow', 'none')}"
        for path, answer in answers.items()
        if answer.status != OK_STATUS or "OPTIONS" not in answer.values("Allow")
    ]
    if wrong:
        return failure("; ".join(wrong), "200 with Allow", mend_of(answers))
    return ok(f"200 with Allow on {len(answers)} routes")


async def check_origins(deployment: Deployment) -> list[Finding]:
    """A preflight of each origin on each route."""
    client = await deployment.gateway()
    return [
        judge_origin(origin, await ask_each(client, {"Origin": origin}))
        for origin in deployment.origins()
    ]


def mend_of(answers: Mapping[str, Answer]) -> str:
    """What mends answers to OPTIONS, by their statuses."""
    statuses = {answer.status for answer in answers.values()}
    if max(statuses) >= SERVERS_FAULT:
        return AWAY
    return NO_ROUTE if statuses <= NO_ROUTE_STATUSES else REFUSED


def judge_origin(origin: str, answers: Mapping[str, Answer]) -> Finding:
    """Whether a page on this origin may send an event and read the answer."""
    wrong = [
        f"{path}: {fault}"
        for path, answer in answers.items()
        if (fault := fault_of_preflight(origin, ROUTES[path], answer))
    ]
    if not wrong:
        return ok(f"allowed on {len(answers)} routes", origin)
    mend = (
        "put the origin into `origins` in kong.yml, make nginx's files anew "
        "(docs/kong.md#cors-headers-by-nginx-itself), then `kong reload`"
    )
    if any(answer.status != OK_STATUS for answer in answers.values()):
        mend = mend_of(answers)
    expected = f"200 with Access-Control-Allow-Origin: {origin}, once"
    return failure("; ".join(wrong), expected, mend, origin)


def fault_of_preflight(origin: str, method: str, answer: Answer) -> str:
    """What a browser would not take; "" where it takes all."""
    allowed = answer.values("Access-Control-Allow-Origin")
    if answer.status != OK_STATUS:
        return f"answered {answer.status}"
    if allowed not in ([origin], ["*"]):
        return f"Access-Control-Allow-Origin: {', '.join(allowed) or 'none'}"
    if not {method, "*"} & set(answer.values("Access-Control-Allow-Methods")):
        return f"Access-Control-Allow-Methods is without {method}"
    return ""


async def check_forbidden(deployment: Deployment) -> Finding:
    """An origin of nobody may not read answers."""
    answers = await ask_each(await deployment.gateway(), {"Origin": FORBIDDEN_ORIGIN})
    wrong = [f"{path}: {name}" for path, a in answers.items() for name in a.cors]
    if wrong:
        return failure(
            "; ".join(wrong),
            f"no CORS header for {FORBIDDEN_ORIGIN}",
            "name your origins in `origins` of kong.yml, without * and wide expressions, and take "
            "Kong's cors plugin off these routes (docs/from-kong-cors.md#steps)",
        )
    return ok(f"{FORBIDDEN_ORIGIN} gets no CORS header")


async def check_unlimited(deployment: Deployment) -> Finding:
    """Preflights do not use up a rate limit: refused, they are CORS errors."""
    answers = await ask_each(await deployment.gateway(), {"Origin": FORBIDDEN_ORIGIN})
    limited = [
        path
        for path, answer in answers.items()
        if any("ratelimit" in name.lower().replace("-", "") for name in answer.headers)
    ]
    if limited:
        return failure(
            f"RateLimit headers on {', '.join(limited)}",
            "none on OPTIONS",
            "take rate-limiting off the preflight routes, and give one that is for all of Kong "
            "a route or service of its own",
        )
    return ok("no rate limit counts them")


GROUP = Group(
    "Preflights",
    (
        Check("preflight.bare", check_bare),
        Check("preflight.origin", check_origins),
        Check("preflight.forbidden", check_forbidden),
        Check("preflight.unlimited", check_unlimited),
    ),
)
