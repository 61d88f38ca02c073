"""How much an item weighs in the unit of a key result: which field holds the number, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from integration.core.catalogue import Catalogue, folded
from integration.core.items import Item

if TYPE_CHECKING:
    from integration.core.scorecard import ConnectionRule

COUNTED_ALIKE = frozenset({"items", "weight"})
"""Units that read no field of the item."""
LARGEST = 15
"""Digits before the point, or zeros behind it. No tracker's number is larger, and 1E+9999999 would fill the memory."""


def estimate_fields(unit: str, catalogue: Catalogue, rule: ConnectionRule | None) -> Sequence[str]:
    """The ids of the fields that a unit means on a connection, the likeliest first.

    `story points` is the connection's `estimate` where the mapping names one, else whatever field the tracker itself
    estimates by: a site has one for company-managed and one for team-managed projects. `field NAME` and any other
    text name a field as it stands on screen.
    """
    unit = folded(unit)
    if unit in COUNTED_ALIKE:
        return ()
    if unit == "story points":
        named = rule.estimate if rule is not None else None
        known = catalogue.named(named) if named else catalogue.with_role("story points")
        return [one.id for one in known]
    return [one.id for one in catalogue.named(unit.removeprefix("field "))]


def estimate_of(item: Item, fields: Sequence[str]) -> Decimal | None:
    """The item's estimate, exactly as told; None where it has none or what stands there is no number."""
    for name in fields:
        value = item.fields.get(name)
        if value is None or isinstance(value, bool | tuple) or value == "":
            continue
        try:
            # By way of text: a float's own digits are what the tracker showed, its binary value is not.
            number = Decimal(str(value))
        except InvalidOperation:
            continue
        if number.is_finite() and abs(number.adjusted()) < LARGEST:
            return number
    return None
