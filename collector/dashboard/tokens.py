"""Who may sign in: the tokens of the settings, and how often a wrong one may be tried."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

from collector.allowance import AddressAllowance, Allowance
from collector.dashboard.errors import TooManyAttempts, WrongToken

logger = logging.getLogger(__name__)

ATTEMPTS_PER_MINUTE = 10  # of one address
ALL_ATTEMPTS_PER_MINUTE = 100  # of all
RETRY_SECONDS = 60


class Tokens:
    """The tokens by name. Everything here happens without a pause in which another may try."""

    def __init__(self, tokens: Sequence[tuple[str, str]], now: float) -> None:
        self._tokens = {name: token.encode() for name, token in tokens}
        self._of_address = AddressAllowance(ATTEMPTS_PER_MINUTE)
        self._of_all = Allowance(ALL_ATTEMPTS_PER_MINUTE, now)

    def find(self, given: str, address: str | None, now: float) -> str:
        """The name of a token.

        An attempt is counted before it is looked at, and a right one given back: of many at
        once no more are looked at than of as many one after the other. Raises TooManyAttempts
        and WrongToken.
        """
        network = network_of(address)
        if not (self._of_address.take(network, now) and self._of_all.take(now)):
            raise TooManyAttempts("too many wrong tokens: wait a minute", RETRY_SECONDS)
        name = self._compare(given)
        if name is None:
            logger.warning("a wrong token was tried")
            raise WrongToken("this is not a token of CT_DASHBOARD_TOKENS")
        self._of_address.take(network, now, -1)
        self._of_all.take(now, -1)
        return name

    def token_of(self, name: str) -> bytes | None:
        """The token of a name, None where the settings do not have it any more."""
        return self._tokens.get(name)

    def _compare(self, given: str) -> str | None:
        """The name of the token that this is.

        All are compared, each in a time that says nothing of how much of it is right: hashes are
        of one length, whatever is given.
        """
        hashed = digest(given.encode(errors="surrogateescape"))
        found = None
        for name, token in self._tokens.items():
            if hmac.compare_digest(digest(token), hashed):
                found = name
        return found


def digest(secret: bytes) -> bytes:
    """The hash of a secret."""
    return hashlib.sha256(secret).digest()


def network_of(address: str | None) -> str | None:
    """What one client can be told by: an IPv4 address, or the /64 that it has with IPv6."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return address
