"""Numbers as people write them: with their unit, from a start, or as a bound that must hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with the unit it was written with: `24`, `50 %`, `5 / week`. The number is as written (50, not 0.5)."""

    number: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Relative:
    """A target that counts from the start: `+50 %` and `-30 %` of it (`percent`), or `-5 points`."""

    number: Decimal
    percent: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """What must hold, such as `<= 15 %`."""

    comparison: Literal["<=", ">=", "<", ">"]
    quantity: Quantity
