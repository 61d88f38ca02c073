"""Delivery facts: one deployment, change, incident, item, stay, build, test run or pushed number, as KPIs read it.

All have one shape: the times at which their moments happened, the fields that stand, and the fields that changed over
time. So whatever is measured as of a time sees no moment from then on (`kpi-language.md` section 3, "As of").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal, TypeAlias

from integration.core.facts import ItemRef, Value

Stream: TypeAlias = Literal["deployments", "changes", "incidents", "items", "stays", "builds", "test runs", "pushed"]
LastDeployment: TypeAlias = Literal["begun before", "before", "at or before", "never"]
Times: TypeAlias = tuple[datetime, ...]
"""When something happened, each time, in order; aware UTC."""
History: TypeAlias = tuple[tuple[datetime, Value], ...]
"""What a field held from when on, in order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFact:
    """One fact of a stream.

    `id` is unique within the stream. `moments` are named as people see them (`finished`, `first commit`, `done`,
    `entered In Progress`, `field Due date`), `undone` are the times at which such a moment ceased to hold: an item done
    on Monday and reopened on Tuesday has moments {done: (Monday,)}, undone {done: (Tuesday,)}. `fields` stand as last
    known; `history` are those that are read as of the measurement (`status`, `state`, `reopened`, `incidents`,
    `changes`, `rolled back`). Field and moment names are folded (`catalogue.folded`) where they are the tracker's.
    A `deleted` moment that is not undone takes the fact out of every window as of a later time.
    `fields["service"]` are the services it belongs to, `fields["team"]` their teams.
    """

    stream: ClassVar[Stream]
    id: str
    moments: Mapping[str, Times] = field(default_factory=dict)
    undone: Mapping[str, Times] = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    history: Mapping[str, History] = field(default_factory=dict)
    item: ItemRef | None = None
    """The tracker's work item that it is, or is drawn from."""
    url: str = ""
    """Where people can look at it; empty where nothing is known to look at."""
    pushed: bool = False
    """Reported through the API or an import: never rebuilt away."""

    @property
    def services(self) -> tuple[str, ...]:
        told = self.fields.get("service")
        return told if isinstance(told, tuple) else () if told is None else (str(told),)

    def first(self, moment: str) -> datetime | None:
        """When it happened for the first time ever."""
        times = self.moments.get(moment)
        return times[0] if times else None

    def last(self, moment: str) -> datetime | None:
        """When it happened last; None while it is undone."""
        times = self.moments.get(moment)
        if not times:
            return None
        undone = self.undone.get(moment)
        return None if undone and undone[-1] >= times[-1] else times[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment(DeliveryFact):
    """One attempt to put a version of a service into an environment.

    Moments: started, finished. Fields: service, team, environment, production (bool), result (`success`, `failed`),
    version, rework (bool), rollback (bool: it is one, where a rule tells by its name; versions tell else). What became of
    it (recovered, rolled back, incidents, changes) is in `attribution`. Skipped and cancelled runs are no deployments.
    """

    stream: ClassVar[Stream] = "deployments"
    names: tuple[str, ...] = ()
    """By what a change or an incident can name it, beside its id: its version, the commits and keys that it ships."""

    @property
    def began(self) -> datetime | None:
        """When it started, or where nobody told, when it finished."""
        return self.started or self.finished

    @property
    def started(self) -> datetime | None:
        return self.first("started")

    @property
    def finished(self) -> datetime | None:
        return self.first("finished")

    @property
    def succeeded(self) -> bool:
        return self.fields.get("result") == "success"

    @property
    def is_production(self) -> bool:
        return self.fields.get("production") is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(DeliveryFact):
    """One unit of work on its way to production: an item, a pull request, or a commit.

    Moments: first commit, opened, approved, merged, done; an item's beside them. When it was deployed is in `attribution`.
    Fields: service, team, repository, an item's. `names` are the deployments, versions and commits known to ship it.
    """

    stream: ClassVar[Stream] = "changes"
    names: tuple[str, ...] = ()
    """Ids of deployments, names of versions, ids of commits by which a deployment can say that it ships this change."""

    @property
    def done(self) -> datetime | None:
        """From when on the next deployment of its service ships it: merged, else done."""
        return self.last("merged") or self.last("done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident(DeliveryFact):
    """A failure that users felt.

    Moments: opened, responded, planned, restored; an item's beside them. Fields: service, team, severity; an item's. The
    deployment that it is blamed on is in `attribution`; `causes` are the names by which it blames one itself, in the order
    in which they are to be tried.
    """

    stream: ClassVar[Stream] = "incidents"
    causes: tuple[str, ...] = ()
    """Ids, versions or commits of deployments, from an issue link, a field, or a commit named in the text."""
    last_deployment: LastDeployment = "begun before"
    """Which deployment of its service is blamed where `causes` name none."""
    within: timedelta | None = timedelta(days=7)
    """How long before it opened that may have been; None is no limit."""

    @property
    def opened(self) -> datetime | None:
        return self.first("opened")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem(DeliveryFact):
    """A tracker's work item with its life: created, first response, planned, started, done, closed; entered and left STATUS.

    Fields: key, title, project, type, level, priority, labels, components, area, escaped, and every field by its id and
    its name. History: status, state, reopened.
    """

    stream: ClassVar[Stream] = "items"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay(DeliveryFact):
    """An item's stay in one status: entered, left. Fields: status, state of that status, item; the item's."""

    stream: ClassVar[Stream] = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build(DeliveryFact):
    """A build that ended: started, finished. Fields: pipeline, branch, result."""

    stream: ClassVar[Stream] = "builds"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun(DeliveryFact):
    """A run of tests: started, finished. Fields: suite, passed, failed, skipped, run (passed + failed)."""

    stream: ClassVar[Stream] = "test runs"
    __test__: ClassVar[bool] = False
    """It is no test itself, whatever pytest makes of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed(DeliveryFact):
    """A number pushed, imported or typed in for a KPI: at. Fields: kpi, value, and whatever was pushed with it."""

    stream: ClassVar[Stream] = "pushed"


KINDS: Mapping[Stream, type[DeliveryFact]] = {
    kind.stream: kind for kind in (Deployment, Change, Incident, WorkItem, Stay, Build, TestRun, Pushed)
}
