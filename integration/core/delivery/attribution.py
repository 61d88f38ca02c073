"""Which deployment ships a change, which one an incident is blamed on, and what that makes of the deployment.

Each question is answered for one fact, from the fact itself and its neighbours on the timeline; so a store can ask for
what a new fact touches, and `attribute` for all facts of a file, with the same answers (`mapping-language.md` section 3,
`caused_by`; `kpi-language.md` section 2).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, pairwise, repeat

from integration.core.delivery.facts import Change, Deployment, Incident, LastDeployment, Times
from integration.core.delivery.timeline import Production, Timeline, finish, services_of
from integration.core.delivery.versions import is_older


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a production deployment; all times are in order."""

    incidents: Times = ()
    """When each incident that is blamed on it opened."""
    rolled_back: datetime | None = None
    recovered: Times = ()
    """When users were well again, each time."""
    broken: Times = ()
    """When, after that, an incident broke out again."""


@dataclass(frozen=True, slots=True)
class Attributed:
    """What the facts of different streams make of each other, by their ids. A fact that is not in it has no such relation."""

    deployed: Mapping[str, Times] = field(default_factory=dict)
    """Change -> finishes of the deployments that ship it."""
    causes: Mapping[str, Deployment] = field(default_factory=dict)
    """Incident -> the deployment that it is blamed on."""
    ships: Mapping[str, int] = field(default_factory=dict)
    """Deployment -> how many changes it ships."""
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """Deployment -> what became of it, where there is anything to say."""
    failures: Sequence[Incident] = ()
    """The incidents that failed deployments themselves are, where a service says so."""


def attribute(
    deployments: Iterable[Deployment],
    changes: Iterable[Change],
    incidents: Iterable[Incident],
    failures_of: Collection[str] = (),
) -> Attributed:
    """Relates all facts there are. `failures_of` are the services whose incidents are their failed deployments."""
    every = list(deployments)
    timeline = Production(every)
    deployed, ships = _ship(changes, timeline)
    own = [incident for service in failures_of for incident in failures(service, timeline.finished(service))]
    causes: dict[str, Deployment] = {}
    blamed: dict[str, list[Incident]] = {}
    for incident in (*incidents, *own):
        cause = blamed_by(incident, timeline)
        if cause is not None:
            causes[incident.id] = cause
            blamed.setdefault(cause.id, []).append(incident)
    # Nothing became of a success that nobody blamed, unless it was rolled back.
    concerned = every if timeline.tells_rollbacks else [one for one in every if one.id in blamed or not one.succeeded]
    outcomes = {
        one.id: became for one in concerned if (became := outcome(one, blamed.get(one.id, ()), timeline)) is not None
    }
    return Attributed(deployed, causes, ships, outcomes, own)


# --- changes ---


def _ship(changes: Iterable[Change], timeline: Production) -> tuple[dict[str, Times], dict[str, int]]:
    """Change -> finishes of the deployments that ship it, and deployment -> how many it ships.

    What is merged and names nothing is the rule, and goes service by service: that is four times as fast as one by one.
    """
    deployed: dict[str, Times] = {}
    ships: dict[str, int] = {}
    plain: dict[str, tuple[list[str], list[datetime]]] = {}
    for change in changes:
        merged, services = change.moments.get("merged"), change.fields.get("service")
        if merged and not change.names and isinstance(services, tuple) and len(services) == 1:
            ids, times = plain.get(services[0]) or plain.setdefault(services[0], ([], []))
            ids.append(change.id)
            times.append(merged[0])
        elif by := shipped_by(change, timeline):
            deployed[change.id] = tuple(map(finish, by))
            for one in by:
                ships[one.id] = ships.get(one.id, 0) + 1
    for service, (ids, times) in plain.items():
        finishes, successes = timeline.successes(service)
        places = list(map(bisect_left, repeat(finishes), times))
        once = [*((finished,) for finished in finishes), None]
        deployed.update((ident, at) for ident, place in zip(ids, places, strict=True) if (at := once[place]))
        numbers = Counter(places)
        for place, one in enumerate(successes):
            if numbers[place]:
                ships[one.id] = ships.get(one.id, 0) + numbers[place]
    return deployed, ships


def shipped_by(change: Change, timeline: Timeline) -> Sequence[Deployment]:
    """The successful production deployments that ship the change, in order.

    Those that name it; else, each time it was done, the service's next one, unless it was reopened before that.
    """
    if change.names and (named := _naming(change, timeline)):
        return named
    services = services_of(change)
    found: dict[str, Deployment] = {}
    for done, undone in _done(change):
        nexts = (timeline.next_success(service, done) for service in services)
        first = min((one for one in nexts if one is not None), key=finish, default=None)
        if first is not None and (undone is None or finish(first) <= undone):
            found[first.id] = first
    return tuple(found.values())


def _naming(change: Change, timeline: Timeline) -> Sequence[Deployment]:
    ours = set(services_of(change))
    named = {
        one.id: one
        for name in change.names
        for one in timeline.named(name)
        if one.succeeded and one.finished is not None and not ours.isdisjoint(services_of(one))
    }
    return sorted(named.values(), key=lambda one: (finish(one), one.id))


def _done(change: Change) -> Iterator[tuple[datetime, datetime | None]]:
    """Each time from when on the change waited for its deployment, and until when it did. A merge is for good."""
    merged = change.first("merged")
    if merged is not None:
        yield merged, None
        return
    undone = change.undone.get("done", ())
    for done in change.moments.get("done", ()):
        yield done, next((at for at in undone if at >= done), None)


# --- incidents ---


def blamed_by(incident: Incident, timeline: Timeline) -> Deployment | None:
    """The production deployment that the incident is blamed on: one that it names, else its service's last one."""
    opened, services = incident.opened, services_of(incident)
    for name in incident.causes:
        named = timeline.named(name)
        of_service = [one for one in named if not set(services).isdisjoint(services_of(one))]
        if cause := _last_before(of_service or named, opened):
            return cause
    if opened is None or incident.last_deployment == "never":
        return None
    last: Deployment | None = None
    for service in services:
        one = _last_of(service, incident.last_deployment, opened, timeline)
        if one is not None and (last is None or _since(one, incident) > _since(last, incident)):
            last = one
    if last is None or incident.within is None or opened - _since(last, incident) <= incident.within:
        return last
    return None


def _last_of(service: str, rule: LastDeployment, opened: datetime, timeline: Timeline) -> Deployment | None:
    if rule == "begun before":
        return timeline.last_begun(service, opened)
    return timeline.last_finished(service, opened, at=rule == "at or before")


def _since(deployment: Deployment, incident: Incident) -> datetime:
    """From when on it may be blamed for the incident."""
    began = deployment.started if incident.last_deployment == "begun before" else None
    return began or finish(deployment)


def failures(service: str, finished: Sequence[Deployment]) -> Iterator[Incident]:
    """A service's failed deployments as incidents: the first failure in a row opens one, the next success restores it.

    `finished` are its production deployments in order, or a stretch of them that begins and ends with a success.
    The definition of metrik, and of teams without any other record of incidents.
    """
    rows = [list(row) for _, row in groupby(finished, key=lambda one: one.succeeded)]
    for row, after in pairwise([*rows, []]):
        first = row[0]
        if first.succeeded:
            continue
        yield Incident(
            id=f"failure of {first.id}" + (f" in {service}" if service else ""),
            moments={"opened": (finish(first),), **({"restored": (finish(after[0]),)} if after else {})},
            fields={**{name: first.fields[name] for name in ("team",) if name in first.fields}, "service": (service,)},
            causes=(first.id,),
            url=first.url,
        )


def _last_before(named: Sequence[Deployment], opened: datetime | None) -> Deployment | None:
    """Of several that an incident names alike (a version deployed twice) the last begun before it opened, else the first."""
    before = [one for one in named if opened is not None and one.began is not None and one.began < opened]
    return before[-1] if before else next(iter(named), None)


# --- deployments ---


def outcome(deployment: Deployment, incidents: Collection[Incident], timeline: Timeline) -> Outcome | None:
    """What became of a production deployment; None where nothing did.

    Users are well again when every incident blamed on it is restored; where it failed or was rolled back without one,
    when the service's next deployment succeeded.
    """
    rolled_back = rolled_back_by(deployment, timeline)
    if not (incidents or rolled_back) and deployment.succeeded:
        return None
    if not deployment.is_production:
        return None
    recovered, broken = _recoveries(incidents)
    if not incidents and (rolled_back is not None or not deployment.succeeded):
        following = rolled_back or _following_success(deployment, timeline)
        recovered = () if following is None else (finish(following),)
    return Outcome(
        incidents=_opened(incidents),
        rolled_back=None if rolled_back is None else finish(rolled_back),
        recovered=recovered,
        broken=broken,
    )


def _opened(incidents: Collection[Incident]) -> Times:
    if len(incidents) == 1:
        (alone,) = incidents
        return alone.moments.get("opened", ())[:1]
    return tuple(sorted(at for incident in incidents if (at := incident.opened)))


def rolled_back_by(deployment: Deployment, timeline: Timeline) -> Deployment | None:
    """The successful deployment that came next in the service, if it is a rollback of this one.

    It is one if a rule tells by its name; where no rule does, if it brings the same version again, or an older one.
    """
    if not timeline.tells_rollbacks:
        return None
    for service in services_of(deployment):
        following = timeline.next_finished(service, deployment)
        if following is None or not following.succeeded:
            continue
        told = following.fields.get("rollback")
        if told is True or (told is None and _comes_back(following, deployment, timeline)):
            return following
    return None


def _comes_back(following: Deployment, deployment: Deployment, timeline: Timeline) -> bool:
    """Whether it brings the same version again, one that is older by its number, or one that ran already before."""
    version, before = following.fields.get("version"), deployment.fields.get("version")
    if version is None or before is None:
        return False
    if version == before:
        return True
    older = is_older(str(version), str(before))
    if older is not None:
        return older
    services = set(services_of(deployment))
    ran = (one for one in timeline.named(str(version)) if one.succeeded and services.intersection(services_of(one)))
    return any(finish(one) < finish(deployment) for one in ran if one.finished)


def _following_success(deployment: Deployment, timeline: Timeline) -> Deployment | None:
    if deployment.finished is None:
        return None
    found = (timeline.next_success(service, finish(deployment)) for service in services_of(deployment))
    return min((one for one in found if one is not None and one.id != deployment.id), key=finish, default=None)


def _recoveries(incidents: Collection[Incident]) -> tuple[Times, Times]:
    """When all incidents were over, each time, and when one broke out again after that."""
    if len(incidents) == 1:
        (alone,) = incidents
        opened, restored = alone.opened, alone.moments.get("restored", ())
        if opened is None or not restored:
            return (), ()
        if len(restored) == 1 and restored[0] >= opened and not alone.undone:
            return restored, ()
    events: list[tuple[datetime, int]] = []
    for incident in incidents:
        opened = incident.opened
        if opened is None:
            continue
        events.append((opened, 1))
        over = [(at, -1) for at in incident.moments.get("restored", ())]
        again = [(at, 1) for at in incident.undone.get("restored", ())]
        events += [(max(at, opened), step) for at, step in (*over, *again)]
    recovered: list[datetime] = []
    broken: list[datetime] = []
    going_on = 0
    for at, step in sorted(events, key=lambda event: (event[0], -event[1])):
        if step > 0 and going_on == 0 and recovered:
            broken.append(at)
        going_on += step
        if going_on == 0:
            recovered.append(at)
    return tuple(recovered), tuple(broken)
