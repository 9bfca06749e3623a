"""A request's headers as Kong gives them."""

from collections.abc import Mapping, Sequence

# Names are in lower case. A plugin server gives a header as a list of values (MsgPack) or, where
# it came once, as a str.
Headers = Mapping[str, Sequence[str] | str]


def read_header(headers: Headers, name: str) -> str:
    """A header's value, "" where it is absent.

    Several headers of one name are one list of values (RFC 9110, section 5.3).
    """
    value = headers.get(name, "")
    return value if isinstance(value, str) else ", ".join(value)
