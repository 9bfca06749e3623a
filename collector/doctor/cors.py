"""The CORS headers of answers: there, once, and on errors too."""

from __future__ import annotations

from collector.doctor.check import Check, Group
from collector.doctor.deployment import TRACK, Deployment
from collector.doctor.finding import Finding, failure, ok, warning
from collector.doctor.http import Answer

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
UNKNOWN_PATH = "/v1/events/doctor"
TWICE = (
    "leave the bundled cors plugin off these routes, and let no proxy in front and no service set "
    "CORS headers (docs/kong.md#cors)"
)
NGINX = "have nginx write the headers (docs/kong.md#cors-headers-by-nginx-itself)"


def fault_of(origin: str, answer: Answer) -> str:
    """What keeps a page from reading an answer; "" where nothing does."""
    found = answer.values(ALLOW_ORIGIN)
    if found in ([origin], ["*"]):
        return ""
    return f"{ALLOW_ORIGIN}: {', '.join(found) or 'none'}"


async def check_event(deployment: Deployment) -> Finding:
    """Of the answer to an event."""
    origin = deployment.origins()[0]
    answer = await deployment.sent_event()
    fault = fault_of(origin, answer)
    if fault:
        mend = TWICE if len(answer.values(ALLOW_ORIGIN)) > 1 else "look at the plugin server's log"
        return failure(f"{answer.status} with {fault}", f"{ALLOW_ORIGIN}: {origin}, once", mend)
    return ok(f"{ALLOW_ORIGIN} once, on the answer to an event")


async def check_error(deployment: Deployment) -> Finding:
    """Of an error behind the plugin: the type of a body that the collector does not read."""
    origin = deployment.origins()[0]
    client = await deployment.gateway()
    headers = {"Origin": origin, "Content-Type": "application/x-doctor"}
    answer = await client.ask("POST", TRACK, headers, b"{}")
    fault = fault_of(origin, answer)
    if fault:
        mend = TWICE if len(answer.values(ALLOW_ORIGIN)) > 1 else NGINX
        return failure(f"{answer.status} with {fault}", f"{ALLOW_ORIGIN}: {origin}, once", mend)
    return ok(f"{ALLOW_ORIGIN} once, on a {answer.status}")


async def check_unrouted(deployment: Deployment) -> Finding:
    """Of what no plugin sees: without nginx's headers a page has a CORS error in its place."""
    origin = deployment.origins()[0]
    client = await deployment.gateway()
    answer = await client.ask("GET", UNKNOWN_PATH, {"Origin": origin})
    fault = fault_of(origin, answer)
    if not fault:
        return ok(f"{ALLOW_ORIGIN} once, on a {answer.status} of no route")
    if answer.values(ALLOW_ORIGIN):
        return failure(f"{answer.status} with {fault}", f"{ALLOW_ORIGIN}: {origin}, once", TWICE)
    return warning(
        f"{answer.status} with {fault}", f"{ALLOW_ORIGIN}: {origin} on Kong's own errors", NGINX
    )


GROUP = Group(
    "CORS headers",
    (
        Check("cors.event", check_event),
        Check("cors.error", check_error),
        Check("cors.unrouted", check_unrouted),
    ),
)
