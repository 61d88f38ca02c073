"""Everything that a team declares, loaded: cycles, objectives, key results, links, write-backs. What a mapping becomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from integration.core.calendar import Ramp
from integration.core.delivery.rules import Delivery
from integration.core.kpi.language import Dates, Kpi
from integration.core.links import LinkedWork, Pattern, Selector, TagRule
from integration.core.names import Names
from integration.core.quantities import Bound, Quantity, Relative
from integration.core.queries import Query

Grading: TypeAlias = Literal["viva", "google", "atlassian", "tability"]
Kind: TypeAlias = Literal["committed", "aspirational"]
CardValue: TypeAlias = Literal[
    "percent",
    "score",
    "status",
    "current",
    "target",
    "pace",
    "forecast",
    "confidence",
    "summary",
    "objective",
    "key_result",
    "updated",
    "url",
]


@dataclass(frozen=True, slots=True)
class Cycle:
    """A named span of dates; both days are in it."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Work:
    """Measured by the share of linked work that is done, counted in `unit`: `items`, `story points`, `weight` or a field.

    An unestimated item counts as the `median` of the estimated ones, as `zero`, or as the number given.
    """

    unit: str
    unestimated: Literal["median", "zero"] | Decimal = "median"


@dataclass(frozen=True, slots=True)
class People:
    """Measured by people who check a value in, every so often."""

    every: str = "weekly"


@dataclass(frozen=True, slots=True)
class Count:
    """Measured by how many items there are of these. Where it begins is, unless said, its first value in the cycle."""

    selector: Selector


@dataclass(frozen=True, slots=True)
class Measured:
    """Measured by a KPI. `kpi` is the one of the mapping, or the preset itself, narrowed by what the key result says.

    A narrowed one is a KPI of its own and has the key result's id for a name. Where the key result says no number to
    start from, it begins where the KPI stood over `start` (instead of its window), or without that on the eve of the
    cycle: as of its first midnight.
    """

    kpi: Kpi
    start: Dates | None = None


Measure: TypeAlias = Work | People | Count | Measured


@dataclass(frozen=True, slots=True)
class KeyResult:
    """A measure moved from a start to a target by a date. `id` is `objective.name` and stands for it everywhere."""

    id: str
    name: str
    objective: str
    title: str
    measure: Measure
    description: str = ""
    owner: str = ""
    start: Quantity | None = None
    target: Quantity | Relative | None = None
    keep: Bound | None = None
    by: date | None = None
    weight: Decimal = Decimal(1)
    kind: Kind = "committed"
    ramp: Ramp = "linear"
    milestones: tuple[tuple[date, Quantity], ...] = ()
    linked: tuple[LinkedWork, ...] = ()
    was: tuple[str, ...] = ()
    """Former ids, `objective.name`."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Where to go, in words, within a cycle; its key results say how far it is."""

    id: str
    title: str
    cycle: Cycle
    key_results: tuple[KeyResult, ...]
    description: str = ""
    strategy: str = ""
    owner: str = ""
    team: str = ""
    supports: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteBackRule:
    """What is shown on the items of one connection, where, and how politely. A connection without one is only read."""

    connection: str
    fields: Mapping[str, CardValue] = dataclasses.field(default_factory=dict)
    """Field as people see it (or its id) -> the value it shows."""
    to: tuple[str, ...] = ()
    """Item types; none means the items that carry the tag themselves."""
    remote_link: bool = False
    many: Literal["list", "worst", "first"] = "list"
    edits: Literal["keep", "check-in"] = "keep"
    quiet: bool = True
    every: timedelta = timedelta(minutes=1)
    stop_above: Decimal = Decimal(25)
    """Percent of the already written items that one apply may change or clear."""


@dataclass(frozen=True, slots=True)
class ConnectionRule:
    """What the mapping says of a connection that matters to the numbers."""

    name: str
    tracker: str
    url: str
    projects: tuple[str, ...] = ()
    estimate: str | None = None
    sub_tasks: tuple[str, ...] | None = None
    """Types that are parts of other items and never counted; None means the tracker's own."""


@dataclass(frozen=True)
class Scorecard:
    """All that the mapping declares, checked and resolved; empty sections are empty, never missing."""

    timezone: ZoneInfo
    objectives: tuple[Objective, ...] = ()
    tags: tuple[TagRule, ...] = ()
    write_back: Mapping[str, WriteBackRule] = dataclasses.field(default_factory=dict)
    connections: Mapping[str, ConnectionRule] = dataclasses.field(default_factory=dict)
    grading: Grading = "viva"
    working_days: frozenset[int] = frozenset(range(5))
    """Weekdays that count, Monday is 0."""
    holidays: frozenset[date] = frozenset()
    kpis: Mapping[str, Kpi] = dataclasses.field(default_factory=dict)
    """The KPIs that the mapping names."""

    delivery: Delivery = dataclasses.field(default_factory=Delivery)
    """What is a deployment, a change, an incident, and the services that have them."""

    @cached_property
    def names(self) -> Names:
        """What people may call its key results. All its objectives count as open: closing one comes with a later version."""
        return Names(self.key_results())

    @cached_property
    def watched(self) -> Mapping[str, Kpi]:
        """All that is to be measured: the KPIs by their names, and those that key results make of them or of presets."""
        measures = (key_result.measure for _, key_result in self.key_results())
        return {one.kpi.name: one.kpi for one in measures if isinstance(one, Measured)} | dict(self.kpis)

    @cached_property
    def counts(self) -> tuple[tuple[str, Selector], ...]:
        """The ids of the key results that count items, each with what it counts."""
        return tuple(
            (key_result.id, key_result.measure.selector)
            for _, key_result in self.key_results()
            if isinstance(key_result.measure, Count)
        )

    def key_results(self) -> Iterator[tuple[Objective, KeyResult]]:
        for objective in self.objectives:
            for key_result in objective.key_results:
                yield objective, key_result

    def shown_on(self, connection: str) -> WriteBackRule | None:
        """What is shown on a connection's items: nothing, where the mapping only reads it. None where it is not mentioned."""
        only_read = WriteBackRule(connection) if connection in self.connections else None
        return self.write_back.get(connection, only_read)

    def questions(self, key_result: KeyResult) -> frozenset[tuple[str, Query]]:
        """What must be asked before a key result can be measured: connections, and a query of each.

        Whoever tags may tag for any key result that is measured by work, so that these hang on the queries of all tags.
        """
        selectors = [work.selector for work in key_result.linked]
        if isinstance(key_result.measure, Count):
            selectors = [key_result.measure.selector]
        elif isinstance(key_result.measure, Work):
            selectors += [tag.only for tag in self.tags]
        return frozenset(pair for selector in selectors for pair in self._asked(selector, self.connections))

    @cached_property
    def queries(self) -> Mapping[str, frozenset[Query]]:
        """What each connection's tracker is asked."""
        selectors = [*(tag.only for tag in self.tags), *self.delivery.selectors()]
        for _, key_result in self.key_results():
            selectors += [work.selector for work in key_result.linked]
        selectors += [selector for _, selector in self.counts]
        pairs = {pair for selector in selectors for pair in self._asked(selector, self.connections)}
        return {name: frozenset(query for of, query in pairs if of == name) for name, _ in pairs}

    def _asked(self, selector: Selector, within: Iterable[str]) -> Iterator[tuple[str, Query]]:
        """A selector's queries and those of what it excludes, with the connections whose items it can match."""
        names = [name for name in self.counts_in(selector) if name in within]
        yield from ((name, query) for name in names for query in selector.queries)
        if selector.excluded is not None:
            yield from self._asked(selector.excluded, names)

    def counts_in(self, selector: Selector) -> Sequence[str]:
        """The connections whose items a selector may match: those it names, else those that read a project it names."""
        return [
            name
            for name, rule in self.connections.items()
            if (not selector.connections or name in selector.connections)
            and (not selector.projects or _share_a_project(selector.projects, rule.projects))
        ]

    def find(self, key_result: str) -> tuple[Objective, KeyResult] | None:
        """The key result of that full id, with its objective."""
        return next((pair for pair in self.key_results() if pair[1].id == key_result), None)


def _share_a_project(asked: Iterable[Pattern], read: Sequence[str]) -> bool:
    """Whether any project can be meant by both. One pattern may name what the other stars, in either direction."""
    return not read or any(
        pattern.matches(project) or Pattern(project).matches(pattern.text) for pattern in asked for project in read
    )
