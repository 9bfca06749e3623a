"""By what a person is known, and finding that in what was sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from collector.contract.fields import parse_uuid

# Where an id stands in what is no JSON, such as a body that was cut.
ID_FIELD = re.compile(
    r'"(session_id|visitor_id|user_id)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",{}\[\]]+))'
)
# Nobody nests them deeper; a batch is one list in one object.
MAX_DEPTH = 4


class IdKind(StrEnum):
    """What an id names: a user, a browser, a visit."""

    USER = "user"
    VISITOR = "visitor"
    SESSION = "session"


FIELDS = {
    "user_id": IdKind.USER,
    "visitor_id": IdKind.VISITOR,
    "session_id": IdKind.SESSION,
}


class Tombstone(NamedTuple):
    """What is kept of an id that was erased: a row of erased_ids."""

    kind: IdKind
    digest: bytes
    key: int

    def as_text(self) -> str:
        """As a receipt has it: `visitor:1f3a...:-42`."""
        return f"{self.kind}:{self.digest.hex()}:{self.key}"


def parse_tombstone(text: str) -> Tombstone:
    """The tombstone of a receipt. Raises ValueError where it is none."""
    kind, digest, key = text.split(":")
    found = Tombstone(IdKind(kind), bytes.fromhex(digest), int(key))
    if found.as_text() != text or len(found.digest) != sha256().digest_size:
        raise ValueError(text)
    return found


def digest_of(kind: IdKind, value: str) -> bytes:
    """The SHA-256 that stands for an id: erasure_digest of migration 0012."""
    return sha256(f"{kind}:{value}".encode("utf-8", "replace")).digest()


def user_uuid(user_id: str, namespace: UUID) -> UUID:
    """The UUID under which a user is stored (docs/design.md#what-is-stored)."""
    return parse_uuid(user_id) or uuid5(namespace, user_id)


@dataclass(frozen=True, slots=True)
class Person:
    """All ids of a person."""

    users: frozenset[UUID] = frozenset()
    visitors: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()

    def ids(self) -> list[tuple[IdKind, str]]:
        """Each id, as it is stored."""
        return [
            *((IdKind.USER, str(user)) for user in self.users),
            *((IdKind.VISITOR, visitor) for visitor in self.visitors),
            *((IdKind.SESSION, session) for session in self.sessions),
        ]

    def digests(self) -> set[bytes]:
        """What stands for them."""
        return {digest_of(kind, value) for kind, value in self.ids()}


@dataclass(frozen=True, slots=True)
class Matcher:
    """Whether what was sent, or waits in a spool, names one of these people."""

    digests: frozenset[bytes]
    namespace: UUID

    def matches(self, body: bytes) -> bool:
        """Whether a body, or a spooled event, has one of their ids in its field."""
        return any(
            digest_of(kind, self._stored(kind, value)) in self.digests
            for kind, value in ids_in(body)
        )

    def _stored(self, kind: IdKind, value: str) -> str:
        """An id as it is stored."""
        return str(user_uuid(value, self.namespace)) if kind is IdKind.USER else value


def ids_in(body: bytes) -> Iterator[tuple[IdKind, str]]:
    """The ids that a body names: as JSON, else by what looks like their fields."""
    try:
        yield from ids_of(msgspec.json.decode(body), MAX_DEPTH)
    except (msgspec.DecodeError, RecursionError):
        yield from ids_of_text(body.decode("utf-8", "replace"))


def ids_of(value: Any, depth: int) -> Iterator[tuple[IdKind, str]]:
    """The ids in a value of JSON."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from ids_of(item, depth - 1)
    if isinstance(value, dict):
        for name, item in value.items():
            if name in FIELDS:
                yield from ((FIELDS[name], text) for text in texts_of(item))
            elif isinstance(item, dict | list):
                yield from ids_of(item, depth - 1)


def ids_of_text(text: str) -> Iterator[tuple[IdKind, str]]:
    """The ids in a text that is no JSON."""
    for name, quoted, bare in ID_FIELD.findall(text):
        yield FIELDS[name], unescape(quoted) if quoted else bare


def unescape(quoted: str) -> str:
    """A text of JSON without its escapes, where they are right."""
    try:
        return str(msgspec.json.decode(f'"{quoted}"'.encode()))
    except msgspec.DecodeError:
        return quoted


def texts_of(value: Any) -> Iterable[str]:
    """An id in the forms in which it may be sent (docs/data.md#other-forms)."""
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    if isinstance(value, float) and value.is_integer():
        return [str(int(value))]
    return [str(value), str(value).strip()]
