"""Where a key result begins: a number, or what was measured over days before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from integration.core.quantities import Quantity
from mappings import quantities
from mappings.wording import found


@dataclass(frozen=True, slots=True)
class Measured:
    """`measured` (on the eve of the cycle), `measured 2026-Q3`, `measured 2026-07-01..2026-09-30`."""

    cycle: str | None = None
    days: tuple[date, date] | None = None


def start(written: str) -> Quantity | Measured:
    word, _, span = " ".join(written.split()).partition(" ")
    if word != "measured":
        return quantities.quantity(written)
    if not span:
        return Measured()
    first, dots, last = span.partition("..")
    if not dots:
        return Measured(cycle=span)
    days = quantities.day(first), quantities.day(last)
    if days[1] < days[0]:
        raise ValueError(f"{found(span)} ends before it begins")
    return Measured(days=days)
