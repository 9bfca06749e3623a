"""``{vault://env/some-name}`` in fields that a schema marks as referenceable."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from local.gateway.config.schema import Field, is_reference, named_fields
from local.gateway.errors import StartError

log = logging.getLogger(__name__)

_ENV_PREFIX = "{vault://env/"


def resolve_references(
    record: Field, values: Mapping[str, Any], environment: Mapping[str, str], path: str
) -> dict[str, Any]:
    """Replace references by their secrets; ``$refs`` keeps the references, as in Kong.

    A variable that is not set gives an empty string and a warning in the log, not a
    refusal (kong/pdk/vault.lua, update_from_cache). Raises StartError, with the field's path,
    for another vault than the environment.
    """
    resolved, references = dict(values), {}
    for name, field in named_fields(record).items():
        value: Any = values.get(name)
        if not (field.get("referenceable") and is_reference(value)):
            continue
        if not value.startswith(_ENV_PREFIX):
            raise StartError(
                f"kong.yml: {path}.{name}: only the vault 'env' is implemented by the local gateway"
            )
        # {vault://env/ct-secret} is CT_SECRET.
        variable = value.removeprefix(_ENV_PREFIX).removesuffix("}").replace("-", "_").upper()
        if variable not in environment:
            log.warning("error updating secret reference %s: %s is not set", value, variable)
        resolved[name] = environment.get(variable, "")
        references[name] = value
    return resolved | ({"$refs": references} if references else {})
