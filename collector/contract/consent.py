"""What the visitor consented to, as the page says it with an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import core_schema as core

from collector.contract.fields import FieldType
from collector.contract.forms import UNKNOWN, Fault, Info, as_object, first_of, note
from collector.event import Mark

# The signals of Google's Consent Mode, in the order in which they are stored.
SIGNALS = ("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage")
# The tracker's own two words, and what each stands for.
WORDS: Mapping[str, tuple[str, ...]] = {
    "marketing": ("ad_storage", "ad_user_data", "ad_personalization"),
    "analytics": ("analytics_storage",),
}
NAMES = (*SIGNALS, *WORDS)
GRANTED, DENIED = "granted", "denied"
ANSWERS = {GRANTED: GRANTED, "true": GRANTED, DENIED: DENIED, "false": DENIED}


def parse_consent(value: Any, info: Info) -> dict[str, str] | None:
    """The signals of which is known whether they are granted; None where none is.

    A signal's own answer comes before that of the word it is part of. What cannot be read is no
    consent, and never costs the event.
    """
    try:
        sent = as_object(value, info) or {}
    except Fault:
        note(info, Mark.CONSENT_UNREADABLE)
        return None
    info.context.extend(UNKNOWN for name in sent if name not in NAMES)
    said = {n: answer_of(sent[n], info) for n in NAMES if is_said(sent.get(n))}
    meant = {signal: said[word] for word in WORDS if word in said for signal in WORDS[word]}
    known = {**meant, **said}
    return {s: answer for s in SIGNALS if (answer := known.get(s)) is not None} or None


def is_said(answer: Any) -> bool:
    """Whether there is an answer at all."""
    return answer is not None and answer != ""


def answer_of(value: Any, info: Info) -> str | None:
    """Granted or denied; None where an answer is neither."""
    sole = first_of(value, info, any_of_list=False) if type(value) is list else value
    word = str(sole).strip().lower() if isinstance(sole, str | bool) else ""
    if word not in ANSWERS:
        note(info, Mark.CONSENT_UNREADABLE)
    return ANSWERS.get(word)


def consent_of_words(value: Any) -> dict[str, str]:
    """The signals of the tracker's two words, as booleans. Raises ValueError for anything else."""
    known: dict[str, str] = {}
    for word, answer in value.items() if type(value) is dict else ():
        if type(answer) is not bool or word not in WORDS:
            raise ValueError
        known.update(SAID[word, answer])
    if not known:
        raise ValueError
    return known


SAID = {
    (word, answer): dict.fromkeys(signals, GRANTED if answer else DENIED)
    for word, signals in WORDS.items()
    for answer in (True, False)
}
SIGNALS_SENT = core.dict_schema(
    core.literal_schema(list(SIGNALS)),
    core.literal_schema([GRANTED, DENIED]),
    min_length=1,
    strict=True,
)
CONSENT = FieldType(
    parse_consent,
    {
        "description": f"An object of {', '.join(SIGNALS)} to `granted` or `denied`, or to true "
        "or false; `marketing` stands for the first three, `analytics` for the last. What cannot "
        "be read is no consent."
    },
    # The tracker's words first: most of what comes is that.
    core.union_schema(
        [core.no_info_plain_validator_function(consent_of_words), SIGNALS_SENT],
        mode="left_to_right",
    ),
)
