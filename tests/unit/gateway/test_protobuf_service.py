"""Which methods can be called over ProtoBuf:1."""

import pytest

from local.gateway import pdk
from local.gateway.errors import PluginFailedError
from local.gateway.pdk.methods import METHODS
from local.gateway.plugin_rpc import RpcError
from local.gateway.protobuf.service import SIGNATURES, find_signature
from tests.unit.gateway.exchanges import make_exchange


# The plugin's argument here is "", and no variable has that name.
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"kong.nginx.get_var"}))
async def test_every_method_that_is_implemented_has_a_signature(method: str) -> None:
    signature = find_signature(method)
    arguments = signature.decode_arguments(b"")
    complaint, frame = "", b""
    try:
        result = await pdk.call(method, arguments, make_exchange(), {})
        frame = signature.encode_result(result)
    except PluginFailedError as error:
        complaint = str(error)
    assert "not implemented" not in complaint
    assert isinstance(frame, bytes)


def test_no_other_method_has_a_signature() -> None:
    assert set(SIGNATURES) == set(METHODS)


@pytest.mark.parametrize(
    "method",
    [
        *("kong.response.error", "kong.request.get_raw_path", "kong.request.get_forwarded_path"),
        *("kong.node.get_hostname", "kong.log", "kong.request.get_body", "kong.plugin.get_id"),
        *("get_method", "Kong.Request.GetMethod", "kong.request.get_method "),
    ],
)
def test_a_method_that_the_service_does_not_have_is_not_found(method: str) -> None:
    with pytest.raises(RpcError, match=f'method "{method}" not found'):
        find_signature(method)


@pytest.mark.parametrize(
    "method",
    [
        *("kong.client.get_port", "kong.ctx.shared.set", "kong.nginx.get_tls1_version_str"),
        *("kong.request.get_query", "kong.response.get_status", "kong.node.get_id"),
        *("kong.router.get_route", "kong.service.set_target", "kong.response.set_status"),
        *("kong.service.request.set_raw_body", "kong.log.serialize"),
    ],
)
def test_a_method_that_only_kong_has_is_named(method: str) -> None:
    with pytest.raises(PluginFailedError, match=f"{method} is not implemented by the local gatewa"):
        find_signature(method)
