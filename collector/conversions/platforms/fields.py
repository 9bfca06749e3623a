"""The types of destinations' fields that more than one platform has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# An id of digits; a file may have it as a number.
Digits = Annotated[str, Field(pattern="^[0-9]{1,20}$", coerce_numbers_to_str=True)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
