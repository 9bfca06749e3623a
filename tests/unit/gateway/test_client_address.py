"""The client's address by nginx's realip rules."""

import pytest
from multidict import CIMultiDict

from local.gateway.client_address import AddressRules, parse_networks, resolve_client_address

PROXY = "10.0.0.1"
FORGED = "6.6.6.6"
TRUSTED = "10.0.0.0/8, 2001:db8::/32"
XFF = "X-Forwarded-For"


@pytest.mark.parametrize(
    ("trusted", "header", "recursive", "peer", "headers", "address"),
    [
        ("", "X-Real-IP", False, PROXY, [("X-Real-IP", FORGED), (XFF, FORGED)], PROXY),
        ("", XFF, True, PROXY, [(XFF, FORGED)], PROXY),
        (TRUSTED, "X-Real-IP", False, PROXY, [("X-Real-IP", "1.2.3.4")], "1.2.3.4"),
        (TRUSTED, "X-Real-IP", False, PROXY, [(XFF, "1.2.3.4")], PROXY),
        (TRUSTED, "X-Real-IP", False, "9.9.9.9", [("X-Real-IP", FORGED)], "9.9.9.9"),
        (TRUSTED, XFF, False, PROXY, [(XFF, f"{FORGED}, 1.2.3.4")], "1.2.3.4"),
        (TRUSTED, XFF, False, PROXY, [(XFF, "1.2.3.4, 10.0.0.2")], "10.0.0.2"),
        (TRUSTED, XFF, True, PROXY, [(XFF, f"{FORGED}, 1.2.3.4, 10.0.0.2")], "1.2.3.4"),
        (
            TRUSTED,
            XFF,
            True,
            PROXY,
            [(XFF, FORGED), (XFF, "1.2.3.4"), (XFF, "10.0.0.2")],
            "1.2.3.4",
        ),
        (TRUSTED, XFF, True, PROXY, [(XFF, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        (TRUSTED, XFF, True, PROXY, [(XFF, "garbage, 10.0.0.2")], "10.0.0.2"),
        (TRUSTED, XFF, True, PROXY, [(XFF, "1.2.3.4, garbage")], PROXY),
        (TRUSTED, XFF, True, PROXY, [], PROXY),
        (TRUSTED, XFF, True, PROXY, [(XFF, "")], PROXY),
        (TRUSTED, XFF, True, PROXY, [(XFF, ",1.2.3.4,")], PROXY),
        (TRUSTED, XFF, True, PROXY, [(XFF, "01.2.3.004")], "1.2.3.4"),
        (TRUSTED, XFF, True, PROXY, [(XFF, "::ffff:1.2.3.4")], "::ffff:1.2.3.4"),
        (TRUSTED, "X-Real-IP", False, PROXY, [("X-Real-IP", f"{FORGED} 1.2.3.4")], "1.2.3.4"),
        (TRUSTED, "X-Real-IP", True, PROXY, [("X-Real-IP", "1.2.3.4, 10.0.0.2")], "1.2.3.4"),
        (TRUSTED, XFF, True, PROXY, [(XFF, "1.2.3.4:5678")], "1.2.3.4"),
        (TRUSTED, XFF, True, "2001:db8::1", [(XFF, "[2001:db9::7]:443")], "2001:db9::7"),
        ("0.0.0.0/0,::/0", XFF, True, PROXY, [(XFF, f"{FORGED}, 1.2.3.4")], FORGED),
    ],
)
def test_the_header_is_believed_as_far_as_the_peers_are_trusted(  # noqa: PLR0917 (columns)
    trusted: str,
    header: str,
    recursive: bool,
    peer: str,
    headers: list[tuple[str, str]],
    address: str,
) -> None:
    rules = AddressRules(parse_networks(trusted), header, recursive)
    assert resolve_client_address(peer, CIMultiDict(headers), rules) == address


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        parse_networks("127.0.0.1, 10.0.0.0/99")
