"""The methods of Kong's PDK that the plugin calls, under Kong's names.

Both plugin servers have them. In ours a call gives up the phase by raising where Kong cannot be
asked any more, and `exit` never returns; in kong-pdk's it may.
"""

from collections.abc import Mapping
from typing import Protocol

from conversion_tracking_plugin.headers import Headers


class Client(Protocol):
    """`kong.client`."""

    def get_forwarded_ip(self) -> str:
        """The client's address, trusted proxies considered."""


class Nginx(Protocol):
    """`kong.nginx`."""

    def get_var(self, name: str, /) -> str | None:
        """An nginx variable; None or "" where it is empty or does not exist."""


class Request(Protocol):
    """`kong.request`."""

    def get_headers(self, most: int, /) -> Headers:
        """The first `most` headers, their names in lower case."""

    def get_method(self) -> str:
        """The method, in upper case."""


class Response(Protocol):
    """`kong.response`."""

    def set_headers(self, headers: Mapping[str, str], /) -> None:
        """Headers of the answer, whoever gives it."""

    def exit(self, status: int, body: str, headers: Mapping[str, str], /) -> object:
        """Answer the request here. The last call of a phase."""


class ServiceRequest(Protocol):
    """`kong.service.request`."""

    def set_headers(self, headers: Mapping[str, str], /) -> None:
        """Headers of the request to the service, in place of the client's of these names."""


class Service(Protocol):
    """`kong.service`."""

    @property
    def request(self) -> ServiceRequest:
        """The request to the service."""


class Kong(Protocol):
    """What a phase is given. Each call may raise what the plugin server raises."""

    @property
    def client(self) -> Client:
        """The client."""

    @property
    def nginx(self) -> Nginx:
        """The nginx in Kong."""

    @property
    def request(self) -> Request:
        """The client's request."""

    @property
    def response(self) -> Response:
        """The answer to the client."""

    @property
    def service(self) -> Service:
        """The service behind Kong."""
