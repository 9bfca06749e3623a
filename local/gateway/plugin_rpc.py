"""What the gateway asks of a connection to a plugin server, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

PdkCall = Callable[[str, list[Any]], Awaitable[Any]]


class RpcError(Exception):
    """A call failed in a way that Kong expects: no connection, no data, an error from the
    server. The message is Kong's word for it."""


class PluginRpc(Protocol):
    """Calls a plugin server; MsgPackRpc and ProtoBufRpc differ in what a failure means.

    ``fails_open`` says whether a request goes on without the plugin when a call failed, and
    ``lost_instance_marks`` which words of an error mean that the server does not have the
    instance (any more), so that Kong starts it again and repeats the event.
    """

    @property
    def fails_open(self) -> bool:
        """Whether a failed call lets the request through."""

    @property
    def lost_instance_marks(self) -> tuple[str, ...]:
        """What Kong looks for in an error, in lower case."""

    async def start_instance(self, name: str, config_json: str) -> int:
        """Start an instance of the plugin and give its id. Raises RpcError, and
        PluginFailedError where Kong would stumble over the answer."""

    async def handle_event(self, instance_id: int, phase: str, execute: PdkCall) -> None:
        """Run one phase; ``execute`` performs each PDK call that the plugin makes.

        Raises RpcError, PluginFailedError, and whatever ``execute`` raises: then, as after
        kong.response.exit in Kong, the server is never told how its call ended.
        """

    def close(self) -> None:
        """Close the pooled connections."""
