"""Who a customer is, as the page says it for ad platforms alone (docs/privacy.md#user-data)."""

from __future__ import annotations

from typing import Any

from collector.contract.fields import FieldType, as_id
from collector.contract.forms import UNKNOWN, Fault, Info, as_object, note, scalar_of
from collector.event import Mark

NAMES = (
    *("email", "phone", "first_name", "last_name"),
    *("street", "city", "region", "postal_code", "country"),
)
MAX_TEXT = 255


def parse_user_data(value: Any, info: Info) -> dict[str, str] | None:
    """The texts that are known of a person; None where there is none.

    What cannot be read is left out, and never costs the event.
    """
    try:
        sent = as_object(value, info) or {}
    except Fault:
        note(info, Mark.USER_DATA_UNREADABLE)
        return None
    info.context.extend(UNKNOWN for name in sent if name not in NAMES)
    known = {name: text_of(sent[name], info) for name in NAMES if name in sent}
    return {name: text for name, text in known.items() if text} or None


def text_of(value: Any, info: Info) -> str | None:
    """One text, without the blanks around it; None where there is none that fits.

    Half of an e-mail address is another's, so none is cut.
    """
    try:
        text = as_id(scalar_of(value, info, any_of_list=True), info)
    except Fault:
        note(info, Mark.USER_DATA_UNREADABLE)
        return None
    bare = (text or "").strip()
    if len(bare) <= MAX_TEXT:
        return bare
    note(info, Mark.USER_DATA_UNREADABLE)
    return None


USER_DATA = FieldType(
    parse_user_data,
    {
        "description": f"An object of texts: {', '.join(NAMES)}. Of a customer who consented to "
        f"that, for ad platforms alone. A text of more than {MAX_TEXT} characters, and what is "
        "no text, is left out."
    },
)
