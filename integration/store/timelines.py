"""The timeline of production deployments as the database has it, and which facts hang on a stretch of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Text, and_, bindparam, or_, select

from integration.core.delivery.facts import Deployment, Incident, Stream
from integration.core.delivery.timeline import SHORT_COMMIT
from integration.store import delivery
from integration.store.delivery_tables import blames, delivery_facts, delivery_names, shipments, timeline, waiting
from integration.store.instants import Instant
from integration.store.statements import in_batches

_LAST = "\U0010ffff"
"""Sorts behind every name."""

# Asked for one fact after the other, these are written once: to put a statement together takes longer than to run it.
_SERVICE, _AT = timeline.c.service == bindparam("service"), bindparam("at", type_=Instant)
_ID = bindparam("id", type_=Text)
_FINISHED, _BEGAN, _DEPLOYMENT = timeline.c.finished, timeline.c.began, timeline.c.deployment


def _first_of(where: ColumnElement[bool], *order: ColumnElement[Any] | Column[Any]) -> Select[Any]:
    told = timeline.join(
        delivery_facts, (delivery_facts.c.stream == "deployments") & (delivery_facts.c.fact == _DEPLOYMENT)
    )
    query = select(delivery_facts.c.fact, delivery_facts.c.data).select_from(told)
    return query.where(_SERVICE, where).order_by(*order).limit(1)


_EARLIEST, _LATEST = (_FINISHED, _DEPLOYMENT), (_FINISHED.desc(), _DEPLOYMENT.desc())
_NEXT_SUCCESS = _first_of(timeline.c.succeeded & (_FINISHED >= _AT), *_EARLIEST)
_SUCCESS_AFTER = _first_of(timeline.c.succeeded & (_FINISHED > _AT), *_EARLIEST)
_LAST_SUCCESS = _first_of(timeline.c.succeeded & (_FINISHED < _AT), *_LATEST)
_LAST_BEGUN = _first_of(_BEGAN < _AT, _BEGAN.desc(), _DEPLOYMENT.desc())
_NEXT_BEGUN = _first_of(or_(_BEGAN > _AT, and_(_BEGAN == _AT, _DEPLOYMENT > _ID)), _BEGAN, _DEPLOYMENT)
_LAST_FINISHED = _first_of(_FINISHED < _AT, *_LATEST)
_LAST_FINISHED_BY = _first_of(_FINISHED <= _AT, *_LATEST)
_FIRST_AFTER = _first_of(or_(_FINISHED > _AT, and_(_FINISHED == _AT, _DEPLOYMENT > _ID)), *_EARLIEST)
_PREVIOUS = _first_of(or_(_FINISHED < _AT, and_(_FINISHED == _AT, _DEPLOYMENT < _ID)), *_LATEST)


@dataclass(frozen=True)
class StoredTimeline:
    """`core.delivery.timeline.Timeline`, asked of the database. Deployments that were read once are not read again."""

    connection: Connection
    _read: dict[str, Deployment] = field(default_factory=dict, repr=False)
    _by_name: dict[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def tells_rollbacks(self) -> bool:
        return True

    def next_success(self, service: str, since: datetime) -> Deployment | None:
        return self._first(_NEXT_SUCCESS, service, since)

    def success_after(self, service: str, after: datetime) -> Deployment | None:
        """The service's first successful one that finished later than that."""
        return self._first(_SUCCESS_AFTER, service, after)

    def last_success(self, service: str, before: datetime) -> Deployment | None:
        """The service's last successful one that finished before then."""
        return self._first(_LAST_SUCCESS, service, before)

    def last_begun(self, service: str, before: datetime) -> Deployment | None:
        return self._first(_LAST_BEGUN, service, before)

    def next_begun(self, service: str, after: datetime, ident: str) -> Deployment | None:
        """The service's first one that began after that moment, or in it with a greater id."""
        return self._first(_NEXT_BEGUN, service, after, ident)

    def last_finished(self, service: str, before: datetime, *, at: bool = False) -> Deployment | None:
        return self._first(_LAST_FINISHED_BY if at else _LAST_FINISHED, service, before)

    def next_finished(self, service: str, after: Deployment) -> Deployment | None:
        return None if after.finished is None else self.first_after(service, after.finished, after.id)

    def first_after(self, service: str, after: datetime, ident: str) -> Deployment | None:
        """The service's first one, of whatever result, that finished after that moment, or in it with a greater id."""
        return self._first(_FIRST_AFTER, service, after, ident)

    def previous_finished(self, service: str, before: datetime, ident: str) -> Deployment | None:
        """The service's last one, of whatever result, that comes before that moment, or before that id in it."""
        return self._first(_PREVIOUS, service, before, ident)

    def look_up(self, names: Iterable[str]) -> None:
        """Reads at once which deployments have these names, for many that will be asked for one by one."""
        new = sorted(set(names) - self._by_name.keys())
        for some in in_batches(new):
            self._by_name.update((name, []) for name in some)
            query = select(delivery_names.c.name, delivery_names.c.fact).where(
                delivery_names.c.stream == Deployment.stream, delivery_names.c.name.in_(some)
            )
            for name, ident in self.connection.execute(query):
                self._by_name[name].append(ident)
        self.load(ident for name in new for ident in self._by_name[name])

    def named(self, name: str) -> Sequence[Deployment]:
        known = self._by_name.get(name)
        found = self._named(delivery_names.c.name == name) if known is None else _in_order(self.load(known))
        if not found and SHORT_COMMIT.fullmatch(name):
            begins = name.lower()
            query = select(delivery_names.c.name).where(
                delivery_names.c.stream == Deployment.stream,
                delivery_names.c.name > begins,
                delivery_names.c.name < begins + _LAST,
            )
            first = self.connection.execute(query.order_by(delivery_names.c.name).limit(1)).scalar()
            return [] if first is None else self._named(delivery_names.c.name == first)
        return found

    def between(self, service: str, since: datetime | None, until: datetime | None) -> Sequence[Deployment]:
        """A service's deployments that finished in a stretch of time, both ends in, in order."""
        query = _by_finish(service)
        if since is not None:
            query = query.where(timeline.c.finished >= since)
        if until is not None:
            query = query.where(timeline.c.finished <= until)
        return self.load(self.connection.execute(query).scalars())

    def load(self, ids: Iterable[str]) -> Sequence[Deployment]:
        """Deployments by their ids, in this order; those that are gone are left out."""
        wanted = list(ids)
        self._read.update(delivery.find(self.connection, Deployment, (one for one in wanted if one not in self._read)))
        return [self._read[one] for one in wanted if one in self._read]

    def _named(self, names: Any) -> Sequence[Deployment]:
        query = select(delivery_names.c.fact).where(delivery_names.c.stream == Deployment.stream, names)
        return _in_order(self.load(self.connection.execute(query).scalars()))

    def _first(self, query: Select[Any], service: str, at: datetime, ident: str = "") -> Deployment | None:
        row = self.connection.execute(query, {"service": service, "at": at, "id": ident}).first()
        if row is None:
            return None
        if row.fact not in self._read:
            told = delivery.load("deployments", row.fact, row.data)
            if isinstance(told, Deployment):
                self._read[row.fact] = told
        return self._read.get(row.fact)


def _in_order(several: Iterable[Deployment]) -> Sequence[Deployment]:
    return sorted(several, key=lambda one: (one.moments.get("finished", ()), one.id))


def _by_finish(service: str) -> Select[Any]:
    query = select(_DEPLOYMENT).where(timeline.c.service == service, _FINISHED.is_not(None))
    return query.order_by(*_EARLIEST)


# --- what hangs on it ---


def waiting_in(
    connection: Connection, stream: Stream, service: str, since: datetime | None, until: datetime | None
) -> frozenset[str]:
    """The changes that were done, or the incidents that opened, in a stretch of time, both ends in."""
    query = select(waiting.c.fact).where(waiting.c.stream == stream, waiting.c.service == service)
    if since is not None:
        query = query.where(waiting.c.at >= since)
    if until is not None:
        query = query.where(waiting.c.at <= until)
    return frozenset(connection.execute(query).scalars())


def failures(connection: Connection) -> Sequence[tuple[str, str]]:
    """The incidents that failed deployments themselves are, each with its service."""
    query = select(waiting.c.fact, waiting.c.service).join(
        delivery_facts, (delivery_facts.c.stream == waiting.c.stream) & (delivery_facts.c.fact == waiting.c.fact)
    )
    ours = (delivery_facts.c.connection == "") & delivery_facts.c.subject.startswith(delivery.FAILURE, autoescape=True)
    rows = connection.execute(query.where(waiting.c.stream == Incident.stream, ours).order_by(waiting.c.fact))
    return [(row[0], row[1]) for row in rows]


def failed(connection: Connection, service: str) -> Sequence[Deployment]:
    """A service's deployments that finished and did not succeed."""
    query = _by_finish(service).where(timeline.c.succeeded.is_(False))
    return StoredTimeline(connection).load(connection.execute(query).scalars())


def naming(connection: Connection, stream: Stream, names: Collection[str]) -> frozenset[str]:
    """The facts of a stream that have any of these names, or name them. A commit may be named by its beginning."""
    shortened = {name[:length].lower() for name in names if _is_commit(name) for length in range(7, 40)}
    found: set[str] = set()
    for some in in_batches(sorted({*names, *shortened})):
        query = select(delivery_names.c.fact).where(delivery_names.c.stream == stream, delivery_names.c.name.in_(some))
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def _is_commit(name: str) -> bool:
    return len(name) == 40 and SHORT_COMMIT.fullmatch(name[:39]) is not None


def shipped_by(connection: Connection, deployments: Iterable[str]) -> frozenset[str]:
    """The changes that these deployments ship, as found last."""
    found: set[str] = set()
    for some in in_batches(sorted(set(deployments))):
        found.update(connection.execute(select(shipments.c.change).where(shipments.c.deployment.in_(some))).scalars())
    return frozenset(found)


def blamed_on(connection: Connection, deployments: Iterable[str]) -> Mapping[str, str]:
    """The incidents that are blamed on these deployments, as found last, with the deployment of each."""
    return {
        incident: deployment
        for some in in_batches(sorted(set(deployments)))
        for incident, deployment in connection.execute(select(blames).where(blames.c.deployment.in_(some)))
    }
