"""The settings of a collector, where the doctor runs beside one: secrets above all."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.settings import MIN_SECRET_LENGTH, split_list
from collector.tracing.environment import TracingError
from collector.tracing.start import check_tracing

GOOD_SECRET_LENGTH = 32
FEWEST_CHARACTERS = 8  # different ones; 32 hexadecimal digits of chance have 14 of 16
MIN_PASSWORD_LENGTH = 12
# What examples and tutorials have in the place of a secret, this project's tests too.
EXAMPLES = (
    "change-me",
    "changeme",
    "change_me",
    "example",
    "secret",
    "password",
    "letmein",
    "0123456789",
    "1234567",
    "abcdef",
    "qwerty",
    "postgres",
    "test",
    "todo",
    "<",
)
RANDOM = "openssl rand -hex 32"


async def check_read(deployment: Deployment) -> Finding:
    """The collector would start with them."""
    options = deployment.options
    if options.settings_error:
        return failure(
            "; ".join(options.settings_error.splitlines()),
            "settings with which the collector starts",
            "README.md#settings has each",
        )
    deployment.settings()
    if options.unknown_settings:
        return warning(
            f"{', '.join(options.unknown_settings)}: no such setting",
            "names of README.md#settings",
            "correct or delete them: misspelt, they do nothing",
        )
    return ok("all are known and right")


async def check_gateway_secret(deployment: Deployment) -> list[Finding]:
    """The secret that makes stamps."""
    settings = deployment.settings()
    if settings.gateway_secret is None:
        return [
            failure(
                "CT_GATEWAY_SECRET is not set: no stamp is believed",
                f"a secret of {GOOD_SECRET_LENGTH} characters or more, Kong's too",
                f"CT_GATEWAY_SECRET=$({RANDOM})",
            )
        ]
    named = {
        "CT_GATEWAY_SECRET": settings.gateway_secret,
        "CT_GATEWAY_SECRET_PREVIOUS": settings.gateway_secret_previous,
    }
    return judge_secrets({n: s.get_secret_value() for n, s in named.items() if s is not None})


async def check_database_password(deployment: Deployment) -> Finding:
    """The password in the database's address. Raises Skipped."""
    address = urlsplit(deployment.settings().database_url)
    if not address.password:
        raise Skipped("CT_DATABASE_URL has no password: a socket, or another way to sign in")
    return judge_secret("of CT_DATABASE_URL", unquote(address.password), MIN_PASSWORD_LENGTH)


async def check_dashboard_tokens(deployment: Deployment) -> list[Finding]:
    """What people sign in with. Raises Skipped."""
    tokens = deployment.settings().dashboard_tokens
    if tokens is None:
        raise Skipped("CT_DASHBOARD_TOKENS is not set")
    pairs = (text.partition(":") for text in split_list(tokens.get_secret_value()))
    return judge_secrets({f"of {name}": token for name, _, token in pairs})


async def check_traces(deployment: Deployment) -> Finding:
    """The collector would start with OpenTelemetry's variables too."""
    try:
        is_on = check_tracing(deployment.settings())
    except TracingError as error:
        seen = "; ".join(str(error).splitlines())
        return failure(seen, "variables that tracing can use", "docs/tracing.md has each")
    return ok("spans are sent" if is_on else "off")


def judge_secrets(secrets: Mapping[str, str]) -> list[Finding]:
    """A finding for each."""
    return [judge_secret(name, secret, MIN_SECRET_LENGTH) for name, secret in secrets.items()]


def judge_secret(name: str, secret: str, least: int) -> Finding:
    """Whether somebody could guess it. Nothing of it is shown but its length."""
    seen = f"set, {len(secret)} characters"
    lower = secret.lower()
    if any(example in lower for example in EXAMPLES) or len(set(secret)) < FEWEST_CHARACTERS:
        return failure(f"{seen}, an example's", "chance", RANDOM, name)
    if len(secret) < least:
        return failure(seen, f"{least} or more", RANDOM, name)
    if len(secret) < min(GOOD_SECRET_LENGTH, least * 2):
        return warning(seen, f"{min(GOOD_SECRET_LENGTH, least * 2)} or more", RANDOM, name)
    return ok(seen, name)


GROUP = Group(
    "Settings",
    (
        Check("settings.read", check_read),
        Check("settings.gateway_secret", check_gateway_secret),
        Check("settings.database_password", check_database_password),
        Check("settings.dashboard_tokens", check_dashboard_tokens),
        Check("settings.traces", check_traces),
    ),
)
