"""``{vault://env/some-name}`` in fields that a schema marks as referenceable."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from local.gateway.schema import Field, Violation, is_reference, named_fields

log = logging.getLogger(__name__)

_ENV_PREFIX = "{vault://env/"


def find_reference_violations(
    record: Field, values: Mapping[str, Any], path: str
) -> list[Violation]:
    """List the references that point to another vault than the environment."""
    return [
        Violation(f"{path}.{name}", "only the vault 'env' is implemented by the local gateway")
        for name in _find_references(record, values)
        if not values[name].startswith(_ENV_PREFIX)
    ]


def resolve_references(
    record: Field, values: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Replace references by their secrets; ``$refs`` keeps the references, as in Kong.

    A variable that is not set gives an empty string and a warning in the log, not a
    refusal (kong/pdk/vault.lua, update_from_cache).
    """
    resolved = dict(values)
    references = _find_references(record, values)
    for name in references:
        variable = environment_name(values[name])
        if variable not in environment:
            log.warning("error updating secret reference %s: %s is not set", values[name], variable)
        resolved[name] = environment.get(variable, "")
    if references:
        resolved["$refs"] = {name: values[name] for name in references}
    return resolved


def environment_name(reference: str) -> str:
    """Name the environment variable behind a reference: ``ct-secret`` is CT_SECRET."""
    return reference.removeprefix(_ENV_PREFIX).removesuffix("}").replace("-", "_").upper()


def _find_references(record: Field, values: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, field in named_fields(record).items()
        if field.get("referenceable") and is_reference(values.get(name))
    ]
