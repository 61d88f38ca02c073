"""Reading a field off a fact: as it stands, or as it stood where it is one that changes what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from integration.core.facts import Value
from integration.core.kpi.sight import Sight, ValueOf

_KEPT_AS: Mapping[str, str] = {"label": "labels", "tag": "labels", "component": "components"}
"""What people say of one, facts keep for all."""


def reader(name: str, sight: Sight) -> ValueOf:
    """The field's value; None where it is not known. `status`, `state` and counts are read as of the time."""
    if name == "connection":
        return lambda fact: fact.item.connection if fact.item else None
    return sight.value(_KEPT_AS.get(name, name))


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
