"""The way a key result has to go, and how far a value is on it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from integration.core.quantities import Quantity
from integration.core.scorecard import Count, KeyResult, Work


class Line(NamedTuple):
    """From where to where a key result goes, in which unit."""

    start: Fraction | None
    target: Fraction | None
    unit: str

    def progress(self, value: Fraction) -> tuple[Fraction | None, str]:
        """How far a value is on the way, or why nobody can say. Up or down follows from the two ends."""
        if self.start is None or self.target is None:
            return None, f"has no {'start' if self.start is None else 'target'}"
        if self.start == self.target:
            return None, f"starts where it ends, at {decimal(self.start)}"
        return (value - self.start) / (self.target - self.start), ""


def line_of(key_result: KeyResult, first: Fraction | None = None) -> Line:
    """Work goes from nothing to all of it, in percent, unless the target is an amount of its unit.

    `first` is the first value that was measured in the cycle: where a count begins, unless the mapping says it.
    """
    said, work = key_result.target, isinstance(key_result.measure, Work)
    start = Fraction(key_result.start.number) if key_result.start else Fraction(0) if work else first
    target: Fraction | None = None
    if isinstance(said, Quantity):
        target = Fraction(said.number)
    elif said is not None and start is not None:
        target = start * (1 + Fraction(said.number) / 100) if said.percent else start + Fraction(said.number)
    elif work and said is None:
        target = Fraction(100)
    quantity = said if isinstance(said, Quantity) else key_result.keep.quantity if key_result.keep else None
    unit = quantity.unit if quantity else key_result.start.unit if key_result.start else ""
    if isinstance(key_result.measure, Work):
        unit = "%" if quantity is None or quantity.unit == "%" else key_result.measure.unit
    if isinstance(key_result.measure, Count):
        unit = unit or "items"
    if key_result.keep is not None:
        return Line(None, None, unit)
    return Line(start, target, unit)


def decimal(value: Fraction | None) -> Decimal | None:
    """To six decimals, and no more digits than it takes."""
    if value is None:
        return None
    rounded = Decimal(round(value * 10**6)).scaleb(-6)
    return Decimal(int(rounded)) if rounded == int(rounded) else rounded.normalize()
