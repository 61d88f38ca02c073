"""What was said of key results, and where they and their objectives stand: the words, without the reckoning (`core.okr`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from integration.core.forecast import Forecast
from integration.core.grading import Status


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A key result's value at a time, with confidence (0 to 10) and a note; computed, typed in, or taken from a field.

    `origin` is `computed`, `typed` or `field`; `by` the account that typed it. A value of None is an unknown, with its
    `reason`.
    """

    key_result: str
    at: datetime
    day: date
    value: Decimal | None
    origin: Literal["computed", "typed", "field"]
    confidence: int | None = None
    note: str = ""
    by: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WorkCount:
    """Linked work, counted: how much is done of how much, in a key result's unit, and what a reader must know of it.

    `scope_at_start` is the scope when the cycle began (or when the key result was first measured in it).
    """

    done: Fraction
    scope: Fraction
    items: int
    items_done: int
    unestimated: int = 0
    estimate: Fraction | None = None
    """What an unestimated item was counted as."""
    scope_at_start: Fraction | None = None
    double: tuple[str, ...] = ()
    """Keys of items that other key results count, too."""
    undated: int = 0
    """Done items of which the tracker does not tell when; they count in this cycle."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key result stands as of a time. Every None comes with `reason`; progress is not clamped, score is."""

    key_result: str
    as_of: datetime
    status: Status
    current: Decimal | None = None
    start: Decimal | None = None
    target: Decimal | None = None
    unit: str = ""
    progress: Fraction | None = None
    expected: Fraction | None = None
    confidence: int | None = None
    work: WorkCount | None = None
    reason: str = ""
    waiting: bool = False
    """Unknown only until a tracker has been read; what was shown before may stay until then."""
    forecast: Forecast | None = None
    no_forecast: str = ""
    """Why there is no forecast; empty only where there is one, or where nobody has looked yet."""
    broken_guardrails: tuple[str, ...] = ()
    """The KPIs that do not hold while its objective is pursued."""

    @property
    def score(self) -> Fraction | None:
        """Progress clamped to 0 to 1."""
        return None if self.progress is None else min(max(self.progress, Fraction(0)), Fraction(1))

    @property
    def pace(self) -> Fraction | None:
        """Progress minus expected progress."""
        return None if self.progress is None or self.expected is None else self.progress - self.expected


@dataclass(frozen=True, slots=True)
class ObjectiveStanding:
    """The weighted mean of the key results' scores; those not measured are left out and named."""

    objective: str
    status: Status
    score: Fraction | None
    expected: Fraction | None
    unmeasured: tuple[str, ...] = ()
    broken_guardrails: tuple[str, ...] = ()
    reason: str = ""
