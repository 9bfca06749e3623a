"""A small plugin on the real kong-pdk server: each route's config names what it shall do."""

import sys
import time
from typing import Any

from kong_pdk.cli import start_dedicated_server

Schema = (
    {
        "behaviour": {
            "type": "string",
            "default": "nothing",
            "description": "which of the functions below to run",
        }
    },
    {
        "secret": {
            "type": "string",
            "referenceable": True,
            "description": "a secret from the environment",
        }
    },
    {
        "names": {
            "type": "array",
            "elements": {"type": "string"},
            "default": [],
            "description": "a list that may be empty",
        }
    },
)
version = "0.1.0"
priority = 2500


def nothing(_kong: Any, _config: Any) -> None:
    """Make no PDK call at all."""


def set_headers(kong: Any, _config: Any) -> None:
    kong.response.set_header("X-Number", 7200)
    kong.response.set_headers(
        {
            "X-Set": "by plugin",
            "Vary": "Origin",
            "X-List": ["a", "b"],
            "X_Under": "u",
            "X-Empty": "",
        }
    )
    kong.response.set_header("X-Bool", True)
    kong.response.set_header("X-Evil", "a\r\nX-Injected: 1")
    kong.response.set_header("X-Gone", "1")
    kong.response.clear_header("x-gone")
    kong.response.add_header("X-List", "c")
    kong.service.request.set_header("X-Stamp", "plugin")
    kong.service.request.set_headers({"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"})
    kong.service.request.add_header("X-Added", "second")
    kong.service.request.clear_header("X-Remove")
    kong.service.request.set_header("X-Blank", "")


def set_content_type(kong: Any, _config: Any) -> None:
    kong.response.set_headers({"Content-Type": "text/x", "X-Up": "plugin", "Server": "plugin"})


def show(kong: Any, config: Any) -> None:
    """Answer with what the PDK reads."""
    values = {
        "ip": kong.client.get_ip(),
        "forwarded_ip": kong.client.get_forwarded_ip(),
        "method": kong.request.get_method(),
        "path": kong.request.get_path(),
        "raw_path": kong.request.get_raw_path(),
        "path_with_query": kong.request.get_path_with_query(),
        "raw_query": kong.request.get_raw_query(),
        "query": kong.request.get_query(),
        "query_arg": kong.request.get_query_arg("a"),
        "host": kong.request.get_host(),
        "scheme": kong.request.get_scheme(),
        "forwarded_host": kong.request.get_forwarded_host(),
        "forwarded_scheme": kong.request.get_forwarded_scheme(),
        "http_version": kong.request.get_http_version(),
        "header": kong.request.get_header("X-Two"),
        "absent": kong.request.get_header("X-Absent"),
        "headers": kong.request.get_headers(),
        "var_two": kong.nginx.get_var("http_x_two"),
        "var_absent": kong.nginx.get_var("http_x_absent"),
        "remote_addr": kong.nginx.get_var("remote_addr"),
        "body": str(kong.request.get_raw_body()),
        "config": {key: config[key] for key in sorted(config)},
    }
    kong.response.exit(200, values)


def exit_text(kong: Any, _config: Any) -> None:
    kong.response.set_headers({"X-Before": "1", "Vary": "A"})
    kong.response.exit(200, "hello", {"aLLoW": "POST", "Vary": ["B", "C"], "X-Age": 5})


def exit_typed(kong: Any, _config: Any) -> None:
    kong.response.exit(200, '{"a":1}', {"Content-Type": "application/json"})


def exit_plain(kong: Any, _config: Any) -> None:
    kong.response.exit(200, "x", {"Content-Type": "text/plain"})


def exit_table(kong: Any, _config: Any) -> None:
    kong.response.exit(200, {"allow": "a/b"})


def exit_no_content(kong: Any, _config: Any) -> None:
    kong.response.exit(204, "", {"X-Kept": "1"})


def exit_without_body(kong: Any, _config: Any) -> None:
    kong.response.exit(204, None, {"X-Lost": "1"})


def error_default(kong: Any, _config: Any) -> None:
    kong.response.error(403)


def error_message(kong: Any, _config: Any) -> None:
    kong.response.error(418, "no coffee", {"X-Pot": "tea"})


def bad_header(kong: Any, _config: Any) -> None:
    kong.response.set_header("X-Before", "1")
    kong.response.set_headers({"X-Bad": {"a": 1}, "X-Worse": [1]})


def bad_status(kong: Any, _config: Any) -> None:
    kong.response.exit(600, "x")


def too_many_headers(kong: Any, _config: Any) -> None:
    kong.request.get_headers(1001)


def unknown_method(kong: Any, _config: Any) -> None:
    kong.response.set_header("X-Result", str(kong.request.no_such_method()))


def response_phase(kong: Any, _config: Any) -> None:
    kong.response.get_status()


def not_implemented(kong: Any, _config: Any) -> None:
    kong.router.get_route()


def hang(kong: Any, _config: Any) -> None:
    kong.response.set_header("X-Before", "1")
    time.sleep(3600)


def raise_after_a_call(kong: Any, _config: Any) -> None:
    kong.response.set_header("X-Before", "1")
    raise RuntimeError("the plugin is broken")


class Plugin:
    def __init__(self, config: Any) -> None:
        self.config = config

    def access(self, kong: Any) -> None:
        getattr(sys.modules[__name__], self.config["behaviour"])(kong, self.config)


if __name__ == "__main__":
    start_dedicated_server("probe", Plugin, version, priority, Schema)
