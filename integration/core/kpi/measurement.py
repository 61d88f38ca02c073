"""What goes into a measurement and what comes out: the facts that are known, a value or why there is none, what was counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from integration.core.delivery.facts import DeliveryFact, Stream


@dataclass(frozen=True, slots=True)
class Known:
    """The facts at hand, and how far they can be trusted to be all there are.

    Facts of a stream come in any order, each once. `since` is when a stream begins to be completely known; a stream that
    is not in it is complete (a file read alone). `unsaid` names the streams of which nothing says what they are, with the
    sentence that people read ("no rule says what an incident is").
    """

    facts: Mapping[Stream, Sequence[DeliveryFact]] = field(default_factory=dict)
    since: Mapping[Stream, datetime] = field(default_factory=dict)
    unsaid: Mapping[Stream, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one fact contributed. Durations are in seconds, shares 1 or 0; `at` is the moment that put it in the window."""

    fact: str
    value: Fraction
    at: datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A fact of the window that gave no sample, and why: "not yet restored", "ends before it starts (clock skew)"."""

    fact: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a KPI was over a window, as of a time; or unknown (`value` None), with the reason. Unknown is never 0.

    `value` is exact, in the unit it is shown in (`unit`: `h`, `days`, `%`, `/ week`, …); rounded only where the KPI says
    `decimals`. A share of 3 in 20 is 15 with unit `%`. `first` (in) and `last` (out) are the ends of the window, the
    same moment for `now`, cut to what is known.
    """

    kpi: str
    as_of: datetime
    first: datetime
    last: datetime
    value: Fraction | None
    unit: str = ""
    reason: str = ""
    group: tuple[tuple[str, str], ...] = ()
    """Which part of it this is: (`team`, `Shop`), (`week`, `2026-W47`). The whole has none."""
    counted: tuple[Sample, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    above: Fraction | None = None
    below: Fraction | None = None
    """Of a ratio or a share: what was divided by what (3 of 20)."""
    band: str = ""
    meets: bool | None = None
    """Whether it is where the team wants it (`target`); None where it is unknown, or no target is said."""
    holds: bool | None = None
    """Whether `keep` holds; None where it is unknown, or no bound is said."""

    @property
    def samples(self) -> int:
        return len(self.counted)
