"""What goes into a measurement and what comes out: the facts that are known, a value or why there is none, what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal, TypeAlias

from integration.core.delivery.attribution import Attributed
from integration.core.delivery.facts import KINDS, DeliveryFact, Stream

Part: TypeAlias = Literal["", "above", "below"]
"""On which side of the line of a `per: SIDE`; empty for a measure of one side."""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts at hand, and how far they can be trusted to be all there are.

    Facts of a stream come in any order, each once (`of` sees to that). A stream without an entry in `facts` was not asked
    for, so nothing is known of it. `since` is when a stream begins to be completely known; one that is not in it is
    complete (a file read alone). `unsaid` names the streams of which nothing says what they are, with the sentence that
    people read ("no rule says what an incident is"), `unsaid_fields` the fields of a stream.
    """

    facts: Mapping[Stream, Sequence[DeliveryFact]] = field(default_factory=dict)
    since: Mapping[Stream, datetime] = field(default_factory=dict)
    unsaid: Mapping[Stream, str] = field(default_factory=dict)
    unsaid_fields: Mapping[tuple[Stream, str], str] = field(default_factory=dict)
    attributed: Attributed = field(default_factory=Attributed)
    """What the facts make of each other: `deployed` of changes and incidents, `recovered`, `incidents`, `changes` and
    `rolled back` of deployments, `deployment` of incidents are read here; where it says nothing, in the facts themselves.
    """

    @classmethod
    def of(
        cls,
        facts: Iterable[DeliveryFact],
        since: Mapping[Stream, datetime] | None = None,
        unsaid: Mapping[Stream, str] | None = None,
        unsaid_fields: Mapping[tuple[Stream, str], str] | None = None,
        attributed: Attributed | None = None,
    ) -> Known:
        """All streams from one pile of facts; of several with one id in a stream the last stands."""
        streams: dict[Stream, dict[str, DeliveryFact]] = {stream: {} for stream in KINDS}
        for fact in facts:
            streams[fact.stream][fact.id] = fact
        each_once = {stream: tuple(several.values()) for stream, several in streams.items()}
        return cls(each_once, since or {}, unsaid or {}, unsaid_fields or {}, attributed or Attributed())


@dataclass(frozen=True, slots=True)
class Sample:
    """What one fact contributed. Durations are in seconds, shares 1 or 0; `at` is the moment that put it in the window."""

    fact: str
    value: Fraction
    at: datetime
    part: Part = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A fact of the window that gave no sample, and why: "not yet restored", "ends before it starts (clock skew)".

    What has not ended yet is of the window in which it began.
    """

    fact: str
    reason: str
    part: Part = ""


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
    counted: Sequence[Sample] = ()
    """In order of time; made only when it is read."""
    left_out: Sequence[LeftOut] = ()
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
