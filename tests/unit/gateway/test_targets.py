"""Where the requests of a service go."""

import pytest

from local.gateway.config.types import KongConfig, Upstream
from local.gateway.errors import StartError
from local.gateway.proxying.targets import Address, find_targets, parse_overrides
from tests.unit.gateway.exchanges import SERVICE


def make_config(*upstreams: Upstream) -> KongConfig:
    return KongConfig((SERVICE,), (), upstreams, ())


def test_a_service_goes_to_the_upstream_of_its_name() -> None:
    config = make_config(Upstream(SERVICE.host, "127.0.0.1", 80))
    target = find_targets(config, {})[SERVICE]
    assert (target.host_header, target.address) == ("127.0.0.1", Address("127.0.0.1", 80))


def test_an_override_replaces_exactly_its_host_and_port() -> None:
    overrides = parse_overrides(["collector.invalid:8080=127.0.0.1:9999"])
    target = find_targets(make_config(), overrides)[SERVICE]
    assert target.address == Address("127.0.0.1", 9999)
    assert target.host_header == "collector.invalid:8080"


@pytest.mark.parametrize(
    "entry", ["collector.invalid:80=127.0.0.1:1", "collector.invalid:8080=a:1"]
)
def test_a_host_that_dns_would_have_to_know_is_refused(entry: str) -> None:
    with pytest.raises(StartError, match=r"--resolve collector\.invalid:8080="):
        find_targets(make_config(), parse_overrides([entry]))


@pytest.mark.parametrize("entry", ["a:1", "a=b:1", "a:1=b", "a:x=b:1", ":1=b:1"])
def test_an_override_that_is_none_is_shown(entry: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT=HOST:PORT"):
        parse_overrides([entry])
