"""A small plugin on the real kong-pdk server: each route's config names what it shall do."""

import json
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
    kong.service.request.set_header("X-Stamp", "plugin")
    kong.service.request.set_headers({"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"})
    kong.service.request.set_header("X-Blank", "")


def set_content_type(kong: Any, _config: Any) -> None:
    kong.response.set_headers({"Content-Type": "text/x", "X-Up": "plugin", "Server": "plugin"})


def show(kong: Any, config: Any) -> None:
    """Answer with what the PDK reads."""
    values = {
        "forwarded_ip": kong.client.get_forwarded_ip(),
        "method": kong.request.get_method(),
        "header": kong.request.get_header("X-Two"),
        "absent": kong.request.get_header("X-Absent"),
        "headers": kong.request.get_headers(),
        "var_two": kong.nginx.get_var("http_x_two"),
        "var_absent": kong.nginx.get_var("http_x_absent"),
        "remote_addr": kong.nginx.get_var("remote_addr"),
        "config": {key: config[key] for key in sorted(config)},
    }
    kong.response.exit(200, json.dumps(values))


def exit_text(kong: Any, _config: Any) -> None:
    kong.response.set_headers({"X-Before": "1", "Vary": "A"})
    kong.response.exit(200, "hello", {"aLLoW": "POST", "Vary": ["B", "C"], "X-Age": 5})


def exit_typed(kong: Any, _config: Any) -> None:
    kong.response.exit(200, '{"a":1}', {"Content-Type": "application/json"})


def exit_no_content(kong: Any, _config: Any) -> None:
    kong.response.exit(204, "", {"X-Kept": "1"})


def exit_without_body(kong: Any, _config: Any) -> None:
    kong.response.exit(204, None, {"X-Lost": "1"})


def bad_header(kong: Any, _config: Any) -> None:
    kong.response.set_header("X-Before", "1")
    kong.response.set_headers({"X-Bad": {"a": 1}, "X-Worse": [1]})


def bad_status(kong: Any, _config: Any) -> None:
    kong.response.exit(600, "x")


def too_many_headers(kong: Any, _config: Any) -> None:
    kong.request.get_headers(1001)


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
