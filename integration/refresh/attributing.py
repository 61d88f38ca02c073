"""The attribution step: what a new or changed delivery fact makes of others, and others of it.

A deployment that comes late ships changes that had another deployment before, is blamed for incidents, lets earlier
failures recover, and rolls back what was before it. So the step looks at the stretch of its service's timeline around it,
and at all facts that name it; `core.delivery.attribution` answers for each of them, as it does for a file.

One worker at a time does it: two that look at neighbours which the other is about to move would both be wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection

from integration.core.delivery.attribution import Outcome, blamed_by, failures, outcome, shipped_by
from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident, Stream
from integration.core.delivery.timeline import finish, names_of, services_of
from integration.core.scorecard import Scorecard
from integration.refresh.kpi_marks import Touched, mark_kpis
from integration.refresh.policy import Policy, Writing, step
from integration.store import attributed, delivery, marks, timelines
from integration.store.db import Database
from integration.store.delivery import FAILURE, Drawn, Key
from integration.store.instants import from_micros, to_micros
from integration.store.marks import Claimed, Mark
from integration.store.timelines import StoredTimeline

BATCH = 200
_OF_SHIPPING: Sequence[Stream] = ("changes", "deployments")
"""The streams in whose windows it counts what a deployment ships."""
ANEW = "[]"
"""What a mark says that knows no place, and of whose fact all is to be found again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment stands, or stood, on the timeline, and by what it was known."""

    services: tuple[str, ...]
    began: datetime
    finished: datetime | None
    names: tuple[str, ...]


def marks_of(facts: Iterable[tuple[DeliveryFact | None, DeliveryFact | None]], now: datetime) -> Iterator[Mark]:
    """What must be attributed again because these facts, before and after, are others now."""
    for before, after in facts:
        known = after or before
        if not isinstance(known, Change | Incident | Deployment):
            continue
        places = [_place(one) for one in (before, after) if isinstance(one, Deployment) and one.is_production]
        detail = orjson.dumps([place for place in places if place is not None]).decode() if places else None
        yield Mark("attribution", ("", f"{known.stream}:{known.id}"), now, detail)


def failing_services(scorecard: Scorecard) -> frozenset[str]:
    """The services of which failed deployments are incidents."""
    return frozenset(
        name
        for name, service in scorecard.delivery.services.items()
        if any(rule.from_failed_deployments for rule in service.incidents)
    )


def attribute_facts(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    """Attributes what was marked longest ago; returns how many facts."""
    with db.read() as connection:
        wanted = marks.oldest(connection, "attribution", limit, now)
    return step(db, policy, "attribution", wanted, lambda c, claimed: _attribute(c, policy, claimed, now), now)


@dataclass(slots=True)
class _Reach:
    """The facts that must be looked at, by their ids."""

    changes: set[str] = field(default_factory=set)
    incidents: set[str] = field(default_factory=set)
    deployments: set[str] = field(default_factory=set)
    drawn: list[Drawn] = field(default_factory=list)
    gone: list[Key] = field(default_factory=list)
    anew: set[str] = field(default_factory=set)
    """Of these all is written again, whatever was found before."""


def _attribute(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> Writing:
    marks.hold_alone(connection, "attribution")
    timeline = StoredTimeline(connection)
    failing = failing_services(policy.scorecard)
    reach = _reach_of(connection, timeline, claimed, failing)
    made = {fact.id: fact for one in reach.drawn for fact in one.facts if isinstance(fact, Incident)}
    gone = {fact for _, fact in reach.gone} - set(made)
    failed_before = delivery.find(connection, Incident, {*made, *gone})
    changes = delivery.find(connection, Change, reach.changes)
    incidents = {**delivery.find(connection, Incident, reach.incidents - gone), **made}
    timeline.look_up(name for change in changes.values() for name in change.names)
    timeline.look_up(cause for incident in incidents.values() for cause in incident.causes)

    shipped = {ident: shipped_by(changes[ident], timeline) if ident in changes else () for ident in reach.changes}
    causes = {ident: blamed_by(incidents[ident], timeline) if ident in incidents else None for ident in reach.incidents}
    shipped_before = attributed.deployments_of(connection, shipped)
    caused_before = attributed.causes_of(connection, causes)
    moved = {
        ident: by
        for ident, by in shipped.items()
        if [(one.id, finish(one)) for one in by] != list(shipped_before.get(ident, ())) or ident in reach.anew
    }
    reach.deployments |= set(caused_before.values()) | {one.id for one in causes.values() if one is not None}
    became = _outcomes(connection, timeline, reach.deployments, causes, incidents)
    known = attributed.outcomes_of(connection, became)
    changed = {ident: one for ident, one in became.items() if one != known.get(ident) or ident in reach.anew}
    blamed = {ident: one for ident, one in causes.items() if (one.id if one else None) != caused_before.get(ident)}
    others = [(incidents.get(ident), (one,)) for ident, one in causes.items() if ident in blamed or ident in made]
    touched = [
        *_touched("incidents", ((one, ()) for ident, one in failed_before.items() if one != made.get(ident))),
        *(Touched("incidents", at) for at in attributed.finishes_of_causes(connection, blamed)),
        *_touched("changes", ((changes.get(ident), by) for ident, by in moved.items())),
        *_touched("incidents", others),
        *_touched("deployments", ((None, timeline.load([ident])) for ident in changed)),
        *(
            Touched(stream, at)
            for change in moved
            for _, at in shipped_before.get(change, ())
            for stream in _OF_SHIPPING
        ),
    ]

    def write(connection: Connection) -> None:
        delivery.replace(connection, reach.drawn, [("incidents", ident) for ident in sorted(gone)])
        attributed.save_shipments(connection, moved)
        attributed.save_causes(connection, causes)
        attributed.save_outcomes(connection, changed)
        mark_kpis(connection, policy, touched, now)

    return write


def _reach_of(connection: Connection, timeline: StoredTimeline, claimed: Claimed, failing: Collection[str]) -> _Reach:
    reach = _Reach()
    places: list[tuple[str, Place]] = []
    for (_, subject), details in claimed.details.items():
        stream, _, ident = subject.partition(":")
        _among(reach, stream).add(ident)
        if ANEW in details:
            reach.anew.add(ident)
        places += [(ident, _placed(one)) for detail in details for one in orjson.loads(detail)]
    timeline.look_up(name for _, place in places for name in place.names)
    for ident, place in places:
        _reach_around(connection, timeline, place, ident, failing, reach)
    reach.gone += _failures_no_more(connection, reach.incidents, failing)
    reach.changes |= timelines.shipped_by(connection, reach.deployments)
    reach.incidents |= set(timelines.blamed_on(connection, reach.deployments))
    return reach


def _reach_around(
    connection: Connection,
    timeline: StoredTimeline,
    place: Place,
    ident: str,
    failing: Collection[str],
    reach: _Reach,
) -> None:
    """What hangs on this place of the timeline, whether a deployment has come there, has gone, or has changed."""
    names = {ident, *place.names}
    reach.changes |= timelines.naming(connection, "changes", names)
    reach.incidents |= timelines.naming(connection, "incidents", names)
    for service in place.services:
        until = place.finished or place.began
        before = timeline.last_success(service, until)
        since = None if before is None else finish(before)
        reach.changes |= timelines.waiting_in(connection, "changes", service, since, until)
        latest = _end(timeline.next_begun(service, place.began, ident), timeline.first_after(service, until, ident))
        reach.incidents |= timelines.waiting_in(connection, "incidents", service, min(place.began, until), latest)
        stretch = timeline.between(service, since, until)
        reach.deployments.update(one.id for one in stretch)
        for again in (one for name in place.names for one in timeline.named(name)):
            earlier = again.finished and timeline.previous_finished(service, again.finished, again.id)
            reach.deployments.update([earlier.id] if earlier else [])
        if service in failing:
            _reach_failures(connection, timeline, service, before, until, reach)


def _reach_failures(
    connection: Connection,
    timeline: StoredTimeline,
    service: str,
    before: Deployment | None,
    until: datetime,
    reach: _Reach,
) -> None:
    """Where failed deployments are incidents: those between the successes around a moment are made anew."""
    since, after = None if before is None else finish(before), timeline.success_after(service, until)
    last = None if after is None else finish(after)
    # What finished at the same moments as the two, but is before or behind them, is of other rows.
    stretch = [
        one
        for one in timeline.between(service, since, last)
        if (before is None or (finish(one), one.id) >= (since, before.id))
        and (after is None or (finish(one), one.id) <= (last, after.id))
    ]
    drawn = [Drawn(("", f"{FAILURE}{one.id}"), (one,)) for one in failures(service, stretch)]
    made = {fact.id for one in drawn for fact in one.facts}
    opened = timelines.waiting_in(connection, "incidents", service, since, last)
    known = delivery.find(connection, Incident, delivery.drawn_from(connection, "incidents", opened, FAILURE))
    elsewhere = {one.id for one in timeline.between(service, since, last)} - {one.id for one in stretch}
    gone = {ident for ident, one in known.items() if elsewhere.isdisjoint(one.causes)} - made
    reach.drawn = [one for one in reach.drawn if one not in drawn] + drawn
    reach.gone += [("incidents", ident) for ident in sorted(gone)]
    reach.incidents |= made | gone


def _failures_no_more(connection: Connection, incidents: Iterable[str], failing: Collection[str]) -> Sequence[Key]:
    """Those of the incidents that failed deployments were, in services of which they are none any more."""
    found = delivery.find_with_subjects(connection, [("incidents", ident) for ident in sorted(incidents)])
    return [
        key
        for key, ((_, subject), fact) in found.items()
        if subject.startswith(FAILURE) and not set(services_of(fact)) & set(failing)
    ]


def _outcomes(
    connection: Connection,
    timeline: StoredTimeline,
    deployments: Collection[str],
    causes: Mapping[str, Deployment | None],
    incidents: Mapping[str, Incident],
) -> Mapping[str, Outcome | None]:
    """What became of each deployment, with the incidents that were looked at now and those that were not."""
    before = {i: d for i, d in timelines.blamed_on(connection, deployments).items() if i not in causes}
    others = delivery.find(connection, Incident, before)
    blamed: dict[str, list[Incident]] = {}
    for ident, incident in others.items():
        blamed.setdefault(before[ident], []).append(incident)
    for ident, cause in causes.items():
        if cause is not None and ident in incidents:
            blamed.setdefault(cause.id, []).append(incidents[ident])
    there = {one.id: one for one in timeline.load(sorted(deployments))}
    return {
        ident: outcome(there[ident], blamed.get(ident, ()), timeline) if ident in there else None
        for ident in deployments
    }


def _touched(
    stream: Stream, told: Iterable[tuple[DeliveryFact | None, Sequence[Deployment | None]]]
) -> Iterator[Touched]:
    """From when on measurements of a stream may be others: the first moment of any fact that is concerned."""
    for fact, by in told:
        times = [at for one in (fact, *by) if one is not None for several in one.moments.values() for at in several[:1]]
        if times:
            yield Touched(stream, min(times))
            yield Touched("deployments", min(times))


def _end(next_begun: Deployment | None, next_finished: Deployment | None) -> datetime | None:
    """Until when an incident may be blamed on a deployment before these two; None where either is yet to come."""
    if next_begun is None or next_begun.began is None or next_finished is None:
        return None
    return max(next_begun.began, finish(next_finished))


def _among(reach: _Reach, stream: str) -> set[str]:
    return {"changes": reach.changes, "incidents": reach.incidents, "deployments": reach.deployments}[stream]


def _place(deployment: Deployment) -> tuple[Sequence[str], int, int | None, Sequence[str]] | None:
    if deployment.began is None:
        return None
    finished = None if deployment.finished is None else to_micros(deployment.finished)
    return services_of(deployment), to_micros(deployment.began), finished, sorted(names_of(deployment))


def _placed(told: tuple[list[str], int, int | None, list[str]]) -> Place:
    services, began, finished, names = told
    return Place(tuple(services), from_micros(began), None if finished is None else from_micros(finished), tuple(names))
