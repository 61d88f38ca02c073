"""Reading a field off a fact: as it stands, or as it stood where it is one that changes what is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeAlias

from integration.core.delivery.facts import DeliveryFact
from integration.core.facts import Value

Read: TypeAlias = Callable[[DeliveryFact], Value]

_KEPT_AS: Mapping[str, str] = {"label": "labels", "tag": "labels", "component": "components"}
"""What people say of one, facts keep for all."""


def reader(name: str, as_of: datetime) -> Read:
    """The field's value; None where it is not known. `status`, `state` and counts are read as of the time."""
    if name == "connection":
        return lambda fact: fact.item.connection if fact.item else None
    kept = _KEPT_AS.get(name, name)

    def read(fact: DeliveryFact) -> Value:
        changes = fact.history.get(kept)
        if changes is None:
            return fact.fields.get(kept)
        for at, value in reversed(changes):
            if at < as_of:
                return value
        return None

    return read


def number(value: Value) -> int | Fraction | None:
    """The number that a field holds, exactly as it was written; None where it holds none."""
    if isinstance(value, bool) or value is None or isinstance(value, tuple):
        return None
    if isinstance(value, int):
        return value
    try:
        written = Decimal(str(value))
    except InvalidOperation:
        return None
    return Fraction(written) if written.is_finite() else None
