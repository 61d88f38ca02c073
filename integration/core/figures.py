"""Figures of KPIs as people read them: rounded exactly to three significant digits, with their unit. No floats on the way."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from integration.core.quantities import Bound

MINUS = "\N{MINUS SIGN}"
DIGITS = 3
MOST_PLACES = 9
"""What is smaller than the last of them is told as being so: as 0 it would be another number."""
EXACT = 2**53
"""Up to here whole numbers are the same for all programs that read JSON."""
_ONE: Mapping[str, str] = {"days": "day", "hours": "hour", "minutes": "minute", "weeks": "week", "months": "month"}


def number(value: Fraction | Decimal, decimals: int | None = None) -> str:
    """Three significant digits, half away from zero, and all digits before the point: `0.333`, `5.75`, `64.8`, `1,234`.

    `decimals` are those that a KPI is rounded to itself; then so many are shown at most.
    """
    exact = Fraction(value)
    size, sign = abs(exact), MINUS if value < 0 else ""
    places = _places(size) if decimals is None else decimals
    if 0 < size < Fraction(1, 10**MOST_PLACES) and decimals is None:
        return f"{'>' if sign else '<'}{sign}0.{'1':0>{MOST_PLACES}}"
    scaled = (size * 10**places + Fraction(1, 2)).__floor__()
    whole, part = divmod(scaled, 10**places)
    behind = f"{part:0{places}}".rstrip("0") if places else ""
    return f"{sign if scaled else ''}{whole:,}" + (f".{behind}" if behind else "")


def _places(size: Fraction) -> int:
    """How many decimals three significant digits take."""
    if size >= 1 or not size:
        return max(DIGITS - len(str(size.__floor__())), 0)
    places = 0
    while size * 10**places < 1 and places < MOST_PLACES:
        places += 1
    return places + DIGITS - 1


def figure(value: Fraction | Decimal, unit: str = "", decimals: int | None = None) -> str:
    """With its unit: `5.75 / week`, `15 %`, `1 day`."""
    told = number(value, decimals)
    return f"{told} {_ONE.get(unit, unit) if told == '1' else unit}".strip()


def bound(told: Bound) -> str:
    """As people write it: `<= 15 %`."""
    return f"{told.comparison} {figure(told.quantity.number, told.quantity.unit, decimals=MOST_PLACES)}"


def exactly(value: Fraction | None) -> str | None:
    """For programs, to the last digit: `23/4`, `7`."""
    return None if value is None else str(value)


def decimally(value: Fraction | None) -> int | float | None:
    """For programs that want no fractions: the number of JSON that is nearest to it."""
    if value is None:
        return None
    whole = value.denominator == 1 or abs(value) >= EXACT
    return round(value) if whole else float(value)
