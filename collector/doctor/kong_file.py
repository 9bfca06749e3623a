"""The declarative file of Kong, by its rules (kong_rules.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from collector.doctor import kong_rules
from collector.doctor.check import Check, Group, Work
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning

Judge = Callable[[str, str, str], Finding]


def document_of(deployment: Deployment) -> Mapping[str, Any]:
    """The file. Raises Skipped where none is known."""
    if deployment.options.document is None:
        raise Skipped("no declarative file is known; name it with --file")
    return deployment.options.document


def check_rule(
    rule: Callable[[kong_rules.Document], list[str]],
    right: str,
    expected: str,
    mend: str,
    judge: Judge = failure,
) -> Work:
    """A check that names the places which break a rule."""

    async def work(deployment: Deployment) -> Finding:
        broken = rule(document_of(deployment))
        return judge(", ".join(broken), expected, mend) if broken else ok(right)

    return work


async def check_plugin(deployment: Deployment) -> Finding:
    """The file is about this system at all."""
    found = list(kong_rules.plugins(document_of(deployment), kong_rules.PLUGIN))
    if not found:
        return failure(
            f"no plugin {kong_rules.PLUGIN}", "one", "begin with kong/kong.yml of this project"
        )
    return ok(f"{len(found)} times the plugin {kong_rules.PLUGIN}")


async def check_body(deployment: Deployment) -> Finding:
    """The size limit is the collector's."""
    limit = deployment.options.max_body_bytes
    rule = partial(kong_rules.other_body_limits, max_bytes=limit)
    work = check_rule(
        rule,
        f"{limit} bytes, as CT_MAX_BODY_BYTES",
        f"request-size-limiting with {limit} bytes, the collector's CT_MAX_BODY_BYTES",
        f"allowed_payload_size: {limit // 1024}, size_unit: kilobytes",
    )
    found = await work(deployment)
    assert isinstance(found, Finding)  # noqa: S101  # check_rule's work gives one
    return found


GROUP = Group(
    "Kong file",
    (
        Check("file.plugin", check_plugin),
        Check(
            "file.preflights",
            check_rule(
                kong_rules.routes_that_lose_preflights,
                "each POST has a preflight route",
                "an OPTIONS route without a service for the same paths",
                "add the path to the preflight route (docs/kong.md#preflights)",
            ),
        ),
        Check(
            "file.paths",
            check_rule(
                kong_rules.routes_that_lose_paths,
                "paths arrive whole",
                "strip_path: false, and paths as ~/...$",
                "write them as kong/kong.yml does",
            ),
        ),
        Check(
            "file.timeouts",
            check_rule(
                kong_rules.impatient_trackers,
                "Kong gives up before the tracker does",
                f"connect, write and read timeouts below {kong_rules.TRACKER_PATIENCE_MS} ms",
                "connect_timeout: 2000, write_timeout: 10000, read_timeout: 10000",
            ),
        ),
        Check(
            "file.origins",
            check_rule(
                kong_rules.origins_of_no_site,
                "all over TLS",
                "origins that begin with https://, and not *",
                "take it out: whatever else listens at that address could read answers",
            ),
        ),
        Check(
            "file.secrets",
            check_rule(
                kong_rules.secrets_in_the_file,
                "references alone",
                "a reference such as {vault://env/ct-gateway-secret}",
                "move the secret into the environment of Kong, and make a new one",
            ),
        ),
        Check(
            "file.limits",
            check_rule(
                kong_rules.odd_rate_limits,
                "counted where they should be, and lenient without a count",
                "policy local, or redis with a timeout of at most "
                f"{kong_rules.LONGEST_REDIS_TIMEOUT_MS} ms; fault_tolerant: true",
                "write them as kong/kong.yml or kong/kong.multi-node.yml does",
            ),
        ),
        Check(
            "file.preflight_limits",
            check_rule(
                kong_rules.limited_preflights,
                "no limit counts preflights",
                "no rate-limiting on routes of OPTIONS",
                "take it off",
            ),
        ),
        Check(
            "file.unlimited",
            check_rule(
                kong_rules.routes_without_limit,
                "each route of events has a rate limit",
                "rate-limiting on each route of the events",
                "add it as kong/kong.yml does (docs/production.md#rate-limits)",
                warning,
            ),
        ),
        Check("file.body", check_body),
        Check(
            "file.traces",
            check_rule(
                kong_rules.traces_of_visitors,
                "no trace begins with a visitor's header",
                "of the plugin opentelemetry propagation with inject: [w3c], without extract",
                "write it as docs/tracing.md#kongs-part does",
                warning,
            ),
        ),
        Check(
            "file.tags",
            check_rule(
                kong_rules.untagged,
                "each entity has the tag",
                f"tags: [{kong_rules.TAG}] on each entity",
                "add it: `deck gateway sync --select-tag` deletes or forgets what has none",
                warning,
            ),
        ),
    ),
)
