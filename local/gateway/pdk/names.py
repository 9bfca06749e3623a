"""The names of Kong's PDK (kong/pdk/*.lua, kong/runloop/plugin_servers/plugin.lua)."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "kong.client": (
        "get_ip get_forwarded_ip get_port get_forwarded_port get_credential load_consumer "
        "get_consumer authenticate get_protocol"
    ),
    "kong.client.tls": (
        "request_client_certificate disable_session_reuse get_full_client_certificate_chain "
        "set_client_verify disable_http2_alpn"
    ),
    "kong.cluster": "get_id",
    "kong.ctx.shared": "get set",
    "kong.ip": "is_trusted",
    "kong.log": (
        "emerg alert crit err warn notice info debug inspect serialize set_serialize_value "
        "deprecation"
    ),
    "kong.nginx": (
        "get_var get_tls1_version_str get_ctx set_ctx req_start_time get_subsystem get_statistics"
    ),
    "kong.node": "get_id get_memory_stats get_hostname",
    "kong.plugin": "get_id",
    "kong.request": (
        "get_scheme get_host get_port get_forwarded_scheme get_forwarded_host "
        "get_forwarded_port get_forwarded_path get_forwarded_prefix get_http_version get_method "
        "get_path get_raw_path get_path_with_query get_raw_query get_query_arg get_query "
        "get_header get_headers get_raw_body get_body get_start_time get_uri_captures"
    ),
    "kong.response": (
        "get_status get_header get_headers get_source set_status set_header add_header "
        "clear_header set_headers get_raw_body set_raw_body exit error"
    ),
    "kong.router": "get_route get_service",
    "kong.service": (
        "set_upstream set_target set_retries set_timeouts set_tls_cert_key set_tls_verify "
        "set_tls_verify_depth set_tls_verify_store"
    ),
    "kong.service.request": (
        "enable_buffering set_scheme set_path set_raw_query set_method set_query clear_query_arg "
        "set_header add_header clear_header set_headers set_raw_body set_body disable_tls"
    ),
    "kong.service.response": "get_status get_headers get_header get_raw_body get_body",
    "kong.vault": "flush is_reference parse_reference get update try init_worker warmup",
}
_KNOWN = frozenset({"kong.log"}) | {
    f"{prefix}.{name}" for prefix, names in _NAMES.items() for name in names.split()
}

# They check the phase first: in access there is no response yet.
ACCESS_FORBIDS = frozenset(
    [f"kong.response.{name}" for name in ["get_status", "get_header", "get_headers", "get_source"]]
    + ["kong.response.get_raw_body", "kong.response.set_raw_body"]
    + [f"kong.service.response.{name}" for name in _NAMES["kong.service.response"].split()]
)


def is_known_to_kong(method: str) -> bool:
    """Say whether Kong 3.9 has a PDK method of that name."""
    return method in _KNOWN
