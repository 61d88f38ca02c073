"""How long after a deployment an incident may still be blamed on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias

from mappings import quantities

Within: TypeAlias = timedelta | Literal["no limit"]


def within(written: str) -> Within:
    return "no limit" if written == "no limit" else quantities.duration(written)
