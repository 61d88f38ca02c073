"""What to write where: the smallest change from what was written last, and when a person's value must stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from integration.core.facts import ItemRef

FieldValue: TypeAlias = str | int | float | None
"""What a tracker field can hold for us; None clears it."""


@dataclass(frozen=True, slots=True)
class Badge:
    """The remote link (Jira) or hyperlink (Azure DevOps) that shows a key result on an item."""

    url: str
    title: str
    summary: str
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What one item shows: a value per tracker field id, and a badge or none."""

    ref: ItemRef
    fields: Mapping[str, FieldValue]
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Who gave a field its present value, as the item's history tells it."""

    actor: str | None
    value: FieldValue
