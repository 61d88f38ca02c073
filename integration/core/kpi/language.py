"""The KPI language as types: of which facts, measure what, said how, over which time, split by what.

What a mapping or a preset says, checked and with every default applied; `measure` turns it and facts into numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from fractions import Fraction
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from integration.core.delivery.facts import Stream
from integration.core.links import Pattern
from integration.core.quantities import Bound

Better: TypeAlias = Literal["higher", "lower"]
Span: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
"""A stretch of local calendar; weeks begin where the KPI says."""
Bucket: TypeAlias = str
"""`day`, `week`, `month`, `quarter`, `items`, or the name of a field."""

SPANS: tuple[Span, ...] = ("day", "week", "month", "quarter", "year")


# --- moments ---


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment: its name, and which of several times (`""` is what the language means by the plain name).

    `entered`, `left` and `field` carry the status or the field in `of`; `now` is the moment of measuring.
    """

    name: str
    of: str = ""
    which: Literal["", "first", "last"] = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.which, self.name, self.of)))


Choice: TypeAlias = tuple[Moment, ...]
"""`A or B`: the first that is known."""


# --- filters ---


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field has a value that one of the patterns matches. `*` alone: it has a value."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """The field holds a number within the bound."""

    bound: Bound


@dataclass(frozen=True, slots=True)
class Is:
    """The field is true, or false."""

    true: bool


Test: TypeAlias = AnyOf | Holds | Is


@dataclass(frozen=True, slots=True)
class Filter:
    """All tests hold, one of each `either` holds, and none of `excluded`. A missing value matches no test.

    Fields have the names people see, folded; `label` stands for `tag`, `open` for neither done nor dropped, and an `area`
    matches what is below it.
    """

    tests: tuple[tuple[str, Test], ...] = ()
    either: tuple[tuple[Filter, ...], ...] = ()
    excluded: tuple[Filter, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields that it reads."""
        inner = (*(one for several in self.either for one in several), *self.excluded)
        return frozenset(name for name, _ in self.tests).union(*(one.fields for one in inner))


ALL = Filter()


# --- what is measured ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Which facts a side is about, and by which moments they are in the window (none: by the stream's own, or the end)."""

    stream: Stream
    where: Filter = ALL
    """The side's own filters and those of the KPI, and the items that it is about."""
    at: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Facts):
    """1 for each fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Facts):
    """The number in a field."""

    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Facts):
    """1 for each fact that `of` matches, 0 for the others."""

    of: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Facts):
    """The time from one moment to another."""

    start: Choice
    end: Choice
    hours: Literal["calendar", "business"] = "calendar"
    paused_in: tuple[Pattern, ...] = ()
    """Statuses in which the clock stands still."""
    whole: Literal["", "minutes", "hours", "days"] = ""
    only: Bound | None = None


Side: TypeAlias = Count | Number | Share | Between


@dataclass(frozen=True, slots=True)
class Rate:
    """A side's total per day, week or month (30 days) of the window."""

    side: Side
    per: Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One side's total ÷ another's; each has its own moments, and it can pass 100 %."""

    above: Side
    below: Side


@dataclass(frozen=True, slots=True)
class PushedNumbers:
    """The numbers pushed under the KPI's name, or under these where the KPI is a part of another."""

    where: Filter = ALL
    under: tuple[str, ...] = ()


Measure: TypeAlias = Side | Rate | Ratio | PushedNumbers


# --- said how ---


@dataclass(frozen=True, slots=True)
class Fold:
    """Samples -> one number.

    `percentile` has its rank in `rank` (0 to 1; `median` is 1/2), `share` its bound, `active` its span.
    """

    name: Literal["count", "sum", "mean", "percentile", "min", "max", "last", "share", "active", "ratio"]
    rank: Fraction | None = None
    bound: Bound | None = None
    span: Literal["day", "week", "month"] | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A fold of the samples, or `outer over bucket of fold`."""

    fold: Fold
    bucket: Bucket | None = None
    outer: Fold | None = None


# --- over which time ---


@dataclass(frozen=True, slots=True)
class Rolling:
    """Back from the moment of measuring to the same time of a local day, so many days or months ago."""

    number: int
    unit: Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Whole:
    """The last complete days, weeks, months, quarters or years."""

    number: int
    unit: Span


@dataclass(frozen=True, slots=True)
class This:
    """From the beginning of the present week, month, quarter or year to the moment of measuring."""

    unit: Span


@dataclass(frozen=True, slots=True)
class Dates:
    """Local days; both are in."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Now:
    """What there is at the moment of measuring; it has no length."""


Window: TypeAlias = Rolling | Whole | This | Dates | Now


# --- business time ---


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When the door is open: spans of local time on weekdays (Monday is 0), but for the days off."""

    spans: tuple[tuple[int, time, time], ...]
    holidays: frozenset[date] = frozenset()


# --- the whole sentence ---


@dataclass(frozen=True, slots=True)
class Band:
    """A word for values within the bound (None: all others). `fold` looks at the same samples in another way."""

    label: str
    bound: Bound | None
    aggregate: Aggregate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One sentence about facts, and the words around it. `unit` is how it is shown; empty: as its measure suggests."""

    name: str
    measure: Measure
    aggregate: Aggregate
    window: Window = field(default_factory=lambda: Rolling(28, "day"))
    by: tuple[str, ...] = ()
    """Names of fields, or spans of calendar (`week`)."""
    nearest: bool = False
    """Whether percentiles take the ⌈n·p⌉-th value instead of interpolating."""
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    week_starts: int = 0
    """Monday is 0."""
    business: BusinessHours | None = None
    unit: str = ""
    decimals: int | None = None
    better: Better | None = None
    target: Bound | None = None
    keep: Bound | None = None
    bands: tuple[Band, ...] = ()
    bands_from: str = ""
    """Whose bands, with the year of the report."""
    title: str = ""
    description: str = ""
    kind: Literal["delivery", "quality", "financial", "client", "team health", ""] = ""
    indicator: Literal["leading", "lagging", ""] = ""
    owner: str = ""
    review: Literal["weekly", "monthly", "quarterly", ""] = ""
    source: str = ""
    preset: str = ""
    """Where it comes from: `dora/lead-time`."""
    was: tuple[str, ...] = ()

    @property
    def pushed_as(self) -> tuple[str, ...]:
        """The names under which numbers are pushed for it."""
        under = self.measure.under if isinstance(self.measure, PushedNumbers) else ()
        return under or (self.name, *self.was)


@dataclass(frozen=True, slots=True)
class StreamWords:
    """What can be said of a stream: its moments, the bold one, and the fields it has beside `service` and `team`."""

    moments: tuple[str, ...]
    bold: str | None
    fields: tuple[str, ...]
    has_items: bool
    """Whether an item's moments and fields can be said of it, too."""


ITEM_MOMENTS = ("created", "first response", "planned", "started", "done", "closed")
ITEM_FIELDS = ("project", "type", "level", "status", "state", "priority", "escaped", "reopened")

STREAMS: Mapping[Stream, StreamWords] = {
    "deployments": StreamWords(
        ("started", "finished", "recovered"),
        "finished",
        ("environment", "result", "version", "changes", "incidents", "rolled back", "rework"),
        has_items=False,
    ),
    "changes": StreamWords(
        ("first commit", "opened", "approved", "merged", "deployed"), "deployed", ("repository",), has_items=True
    ),
    "incidents": StreamWords(
        ("opened", "responded", "restored", "deployed"), "opened", ("deployment", "severity"), has_items=True
    ),
    "items": StreamWords(ITEM_MOMENTS, None, ITEM_FIELDS, has_items=True),
    "stays": StreamWords(("entered", "left"), "left", ("status", "state", "item"), has_items=True),
    "builds": StreamWords(("started", "finished"), "finished", ("pipeline", "branch", "result"), has_items=False),
    "test runs": StreamWords(
        ("started", "finished"), "finished", ("suite", "passed", "failed", "skipped", "run"), has_items=False
    ),
    "pushed": StreamWords(("at",), "at", ("value",), has_items=False),
}
"""The words of `kpi-language.md` section 2."""
