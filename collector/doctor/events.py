"""An event through the gateway, and its row: whose address is believed."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from collector.api.script import script_paths
from collector.client_ip import truncate_ip
from collector.doctor.check import Check, Group
from collector.doctor.deployment import TRACK, UNSIGNED, Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.http import Answer
from collector.doctor.marked import FORGED_ADDRESS, FORGED_REQUEST_ID

STORED, SPOOLED, STRIPPED = 200, 202, 400
# What each status says of where the fault is.
FAULTS = {
    401: (
        "a plugin of Kong wants a key",
        "take it off the events' routes: visitors have no key (docs/kong.md#order-of-plugins)",
    ),
    404: ("Kong has no route for it", "bring kong/kong.yml into Kong (docs/kong.md)"),
    403: (
        "the collector wants a stamp and believes none",
        "give Kong and the collector one CT_GATEWAY_SECRET, and look at their clocks "
        "(docs/production.md#secrets)",
    ),
    426: (
        "Kong takes events by HTTPS alone",
        "name the gateway as https://, or its proxy in KONG_TRUSTED_IPS (docs/production.md#tls)",
    ),
    429: ("the rate limit of this address is used up", "wait a minute, then run the doctor again"),
    500: (
        "Kong cannot ask the plugin server, or the collector failed",
        "start the plugin server, and look at Kong's log and the collector's",
    ),
    502: ("Kong reaches no collector", "start the collector; compare `targets` in kong.yml"),
    503: (
        "no collector is healthy, or it can store nothing",
        "start the collector; look at its /readyz",
    ),
    504: ("the collector does not answer in time", "look at the collector's log"),
}
TRUSTED = (
    "name the proxies in front of Kong, and no others, in KONG_TRUSTED_IPS, with "
    "KONG_REAL_IP_HEADER=X-Forwarded-For and KONG_REAL_IP_RECURSIVE=on "
    "(docs/production.md#proxies-in-front)"
)
REQUEST_VARIABLE = (
    "set KONG_NGINX_PROXY_SET as README.md has it, and restart Kong "
    "(docs/kong.md#one-read-instead-of-two)"
)
SECRETS = (
    "give Kong and the collector one CT_GATEWAY_SECRET, and set their clocks together; look for "
    "`secret:` in the plugin server's log (docs/production.md#secrets)"
)

SCRIPT_ROUTE = (
    "bring the script's route into Kong, with the path of CT_SCRIPT_PATH "
    "(docs/tracker.md#serving-the-script)"
)
SCRIPT_STATUSES = {STORED, 404, 405}  # any other is not the route's, but Kong's or the collector's


async def check_taken(deployment: Deployment) -> Finding:
    """The event goes all the way, to Postgres."""
    answer = await deployment.sent_event()
    expected = "200: the event is committed"
    if answer.status == STORED:
        return ok(f"200 in {answer.answered_at - answer.asked_at:.2f} s")
    if answer.status in deployment.options.taken_statuses:
        return ok(f"202, by the queue, in {answer.answered_at - answer.asked_at:.2f} s")
    if answer.status == SPOOLED:
        return failure(
            "202: the collector cannot use Postgres; events wait on its disk",
            expected,
            "start Postgres, and look at the collector's log (docs/production.md); where it has a "
            "queue, give the doctor CT_QUEUE_URL too",
        )
    why, mend = FAULTS.get(answer.status, ("an answer of another kind", "look at Kong's log"))
    error = f" {answer.error}" if answer.error else ""
    return failure(f"{answer.status}{error}: {why}", expected, mend)


async def check_row(deployment: Deployment) -> Finding:
    """The event is in the database that the doctor was told of."""
    try:
        row = await deployment.stored_row()
    except LookupError:
        return failure(
            f"the event was answered with {(await deployment.sent_event()).status} and is not in "
            "this database",
            "its row",
            "name the collector's database with --database",
        )
    if not row["is_bot"]:
        return warning(
            "the event does not count as a bot's, so reports have it",
            "is_bot",
            "DELETE FROM conversion_events WHERE event_type = 'doctor', and see which User-Agent "
            "reaches the collector",
        )
    return ok(f"session {deployment.event.session_id}; reports leave it out")


async def check_verified(deployment: Deployment) -> Finding:
    """The collector believes the gateway's stamp."""
    row = await row_of(deployment)
    if row["stamp_verified"]:
        return ok("stamp_verified is true")
    if row["request_id"] in (None, FORGED_REQUEST_ID):
        return failure(
            "stamp_verified is false, and the event came without Kong's X-Kong-Request-Id",
            "true",
            "take X-Kong-Request-Id into KONG_HEADERS_UPSTREAM "
            "(docs/kong.md#one-read-instead-of-two)",
        )
    return failure("stamp_verified is false", "true", SECRETS)


async def check_address(deployment: Deployment) -> Finding:
    """The row has the address of the client, not that of a proxy."""
    stored = await stored_address(deployment)
    said = deployment.options.own_address
    return judge_address(stored, said or await own_address(deployment), bool(said))


async def stored_address(deployment: Deployment) -> str:
    """The address in the event's row. Raises Skipped where none is stored."""
    row = await row_of(deployment)
    if row["ip_address"] is None:
        raise Skipped("no address is stored (CT_CLIENT_IP_STORAGE)")
    return str(row["ip_address"])


def judge_address(stored: str, expected: str, is_said: bool) -> Finding:
    """Whether the stored address is this machine's; `is_said`: somebody knows its public one."""
    if same_address(stored, expected):
        return ok(f"{stored}, the doctor's own")
    if stored == truncate_ip(expected):
        return ok(f"{stored}, the doctor's own as CT_CLIENT_IP_STORAGE=truncated stores it")
    if not is_said and not ip_address(expected).is_global and ip_address(stored).is_global:
        return warning(
            f"{stored}; this machine is behind NAT and does not know its own",
            "this machine's public address",
            f"say it with --address; if it is another, {TRUSTED}",
        )
    return failure(stored, expected, TRUSTED)


def same_address(one: str, other: str) -> bool:
    """Whether two texts are one address; an IPv4 one may stand in an IPv6 one."""
    return plain_address(one) == plain_address(other)


def plain_address(text: str) -> str:
    """An address as it is compared."""
    address = ip_address(text.partition("/")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


async def own_address(deployment: Deployment) -> str:
    """From which address this machine reaches the gateway."""
    options = deployment.options
    host = options.gateway_address.hostname or ""
    async with asyncio.timeout(5):
        _, writer = await asyncio.open_connection(host, options.gateway_port)
    try:
        return str(writer.get_extra_info("sockname")[0])
    finally:
        writer.transport.abort()


async def check_forged(deployment: Deployment) -> Finding:
    """The event was sent with a stamp that the doctor made up: the gateway puts its own there."""
    stored = await stored_address(deployment)
    if same_address(stored, FORGED_ADDRESS) or stored == truncate_ip(FORGED_ADDRESS):
        return failure(
            f"the row has the forged address {stored}",
            "the client's own",
            "put the plugin on the routes of the events, and give the collector CT_GATEWAY_SECRET",
        )
    return ok("a forged stamp is overwritten by the gateway's")


async def check_stripped(deployment: Deployment) -> Finding:
    """A Connection header that would take the stamp away on its way to the collector."""
    client = await deployment.gateway()
    await need_stored(deployment)
    headers = {"Connection": "close, X-Client-IP, X-Gateway-Signature"}
    before = await deployment.count_unsigned()
    answer = await client.post(TRACK, deployment.event.fields, headers)
    after = await deployment.count_unsigned()
    if answer.status == STRIPPED and answer.error == "stamp_stripped":
        return ok("400 stamp_stripped")
    seen = f"answered {answer.status}{f' {answer.error}' if answer.error else ''}"
    if answer.status not in deployment.options.taken_statuses:
        return failure(seen, "400 stamp_stripped", REQUEST_VARIABLE)
    if before is None or after is None:
        return warning(
            f"{seen}, and no collector says whether its stamp arrived",
            "400 stamp_stripped, unless a proxy before Kong takes Connection away",
            f"name the collector with --collector; where it counts {UNSIGNED}, {REQUEST_VARIABLE}",
        )
    if after != before:
        return failure(seen, "400 stamp_stripped", REQUEST_VARIABLE)
    return ok(f"{seen}, with its stamp: a proxy before Kong has taken Connection away")


async def check_script(deployment: Deployment) -> Finding:
    """The script for pages and what it loads itself, which any page may load."""
    client = await deployment.gateway()
    path = deployment.options.script_path
    answers = {path: await client.ask("GET", path) for path in script_paths(path)}
    wrong = [f"{path} {a.status}" for path, a in answers.items() if not is_script(a)]
    if not wrong:
        return ok(f"{' and '.join(answers)} are there for every page")
    statuses = {answer.status for answer in answers.values()}
    return failure(
        f"answered: {', '.join(wrong)}",
        "200 with Access-Control-Allow-Origin: * and ETag",
        SCRIPT_ROUTE if statuses <= SCRIPT_STATUSES else "as event.taken, which goes the same way",
    )


def is_script(answer: Answer) -> bool:
    """Whether pages of any origin may load it, and caches keep it."""
    everybody = answer.values("Access-Control-Allow-Origin") == ["*"]
    return answer.status == STORED and everybody and "ETag" in answer.headers


async def need_stored(deployment: Deployment) -> None:
    """What is sent again must be there. Raises Skipped where it is not: it would be stored."""
    if (await deployment.sent_event()).status not in deployment.options.taken_statuses:
        raise Skipped("the event was not stored (event.taken)")


async def row_of(deployment: Deployment) -> dict[str, object]:
    """The event's row. Raises Skipped where there is none."""
    try:
        return dict(await deployment.stored_row())
    except LookupError:
        raise Skipped("the event is not in this database (event.row)") from None


GROUP = Group(
    "Events",
    (
        Check("event.taken", check_taken),
        Check("event.row", check_row),
        Check("event.verified", check_verified),
        Check("event.address", check_address),
        Check("event.forged", check_forged),
        Check("event.stripped", check_stripped),
        Check("event.script", check_script),
    ),
)
