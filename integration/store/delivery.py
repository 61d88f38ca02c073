"""Delivery facts as rows: replaced by subject when they are derived again, found by their moments when they are measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import orjson
from sqlalchemy import Connection, delete, select
from sqlalchemy import insert as plain_insert

from integration.core.delivery.facts import KINDS, Change, DeliveryFact, Deployment, Incident, Pushed, Stream
from integration.core.delivery.timeline import names_of as timeline_names
from integration.core.delivery.timeline import services_of
from integration.core.facts import ItemRef
from integration.store.delivery_tables import delivery_facts, delivery_names, moments, timeline, waiting
from integration.store.instants import from_micros, to_micros
from integration.store.statements import by_connection, in_batches

Whose: TypeAlias = tuple[str, str]
"""A connection (nothing for what was pushed) and a subject of it."""
Key: TypeAlias = tuple[Stream, str]
F = TypeVar("F", bound=DeliveryFact)

RELATED: Mapping[Stream, Collection[str]] = {
    "changes": ("deployed",),
    "incidents": ("deployed",),
    "deployments": ("recovered",),
}
"""The moments that attribution tells, and that stay when a fact is derived again."""
FAILURE = "failure:"
"""What the subjects of incidents begin with that failed deployments themselves are."""
OVER = {"items": "closed", "incidents": "restored", "stays": "left", "changes": "deployed", "deployments": "finished"}
"""By what a fact of a stream is over."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Delivery facts with the subject that each is drawn from."""

    whose: Whose
    facts: Sequence[DeliveryFact]


def dump(fact: DeliveryFact) -> str:
    """The fact as JSON, its times as microseconds; equal facts give equal text."""
    data: dict[str, Any] = {"moments": _times(fact.moments)}
    if fact.undone:
        data["undone"] = _times(fact.undone)
    if fact.fields:
        data["fields"] = fact.fields
    if fact.history:
        data["history"] = {
            name: [(to_micros(at), value) for at, value in entries] for name, entries in fact.history.items()
        }
    if fact.item is not None:
        data["item"] = (fact.item.connection, fact.item.id)
    if fact.url:
        data["url"] = fact.url
    if fact.pushed:
        data["pushed"] = True
    if isinstance(fact, Change | Deployment) and fact.names:
        data["names"] = fact.names
    if isinstance(fact, Incident):
        within = fact.within
        data["blames"] = (
            fact.causes,
            fact.last_deployment,
            None if within is None else within // timedelta(microseconds=1),
        )
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()


def load(stream: Stream, ident: str, text: str) -> DeliveryFact:
    """What `dump` wrote."""
    data = orjson.loads(text)
    said: dict[str, Any] = {
        "id": ident,
        "moments": _from_times(data["moments"]),
        "undone": _from_times(data.get("undone", {})),
        "fields": {name: _value(value) for name, value in data.get("fields", {}).items()},
        "history": {
            name: tuple((from_micros(at), _value(value)) for at, value in entries)
            for name, entries in data.get("history", {}).items()
        },
        "item": ItemRef(*data["item"]) if "item" in data else None,
        "url": data.get("url", ""),
        "pushed": data.get("pushed", False),
    }
    if "names" in data:
        said["names"] = tuple(data["names"])
    if "blames" in data:
        causes, last, within = data["blames"]
        said |= {
            "causes": tuple(causes),
            "last_deployment": last,
            "within": None if within is None else timedelta(microseconds=within),
        }
    return KINDS[stream](**said)


def of_subjects(connection: Connection, subjects: Iterable[Whose]) -> Mapping[Key, DeliveryFact]:
    """All delivery facts that are drawn from these."""
    found: dict[Key, DeliveryFact] = {}
    for name, some in by_connection(subjects):
        query = select(delivery_facts).where(delivery_facts.c.connection == name, delivery_facts.c.subject.in_(some))
        for row in connection.execute(query):
            found[row.stream, row.fact] = load(row.stream, row.fact, row.data)
    return found


def find_with_subjects(connection: Connection, keys: Iterable[Key]) -> Mapping[Key, tuple[Whose, DeliveryFact]]:
    """Those of the facts that are there, each with the subject that it is drawn from."""
    found: dict[Key, tuple[Whose, DeliveryFact]] = {}
    for stream, ids in by_connection(keys):
        query = select(delivery_facts).where(delivery_facts.c.stream == stream, delivery_facts.c.fact.in_(ids))
        for row in connection.execute(query):
            found[row.stream, row.fact] = (row.connection, row.subject), load(row.stream, row.fact, row.data)
    return found


def has_any(connection: Connection) -> bool:
    """Whether any delivery fact is known."""
    return connection.execute(select(delivery_facts.c.fact).limit(1)).first() is not None


def find(connection: Connection, kind: type[F], ids: Iterable[str]) -> Mapping[str, F]:
    """The facts of one stream by their ids; those that are gone are left out."""
    found: dict[str, F] = {}
    for some in in_batches(sorted(set(ids))):
        query = select(delivery_facts.c.fact, delivery_facts.c.data).where(
            delivery_facts.c.stream == kind.stream, delivery_facts.c.fact.in_(some)
        )
        for ident, data in connection.execute(query):
            fact = load(kind.stream, ident, data)
            if isinstance(fact, kind):
                found[ident] = fact
    return found


def drawn_from(connection: Connection, stream: Stream, ids: Collection[str], beginning: str) -> frozenset[str]:
    """Those of the facts that are drawn from a subject of that beginning."""
    found: set[str] = set()
    for some in in_batches(sorted(ids)):
        query = select(delivery_facts.c.fact).where(
            delivery_facts.c.stream == stream,
            delivery_facts.c.fact.in_(some),
            delivery_facts.c.subject.startswith(beginning, autoescape=True),
        )
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def replace(connection: Connection, drawn: Iterable[Drawn], gone: Iterable[Key]) -> None:
    """Keeps these facts in the place of what was drawn from their subjects before, and takes away those that are gone."""
    told = [(one.whose, fact) for one in drawn for fact in one.facts]
    _take_away(connection, gone, related=True)
    _take_away(connection, [(fact.stream, fact.id) for _, fact in told], related=False)
    _add(
        connection,
        delivery_facts,
        (
            {
                "connection": whose[0],
                "subject": whose[1],
                "stream": fact.stream,
                "fact": fact.id,
                "open": is_open(fact),
                "data": dump(fact),
            }
            for whose, fact in told
        ),
    )
    every = [fact for _, fact in told]
    _add(
        connection,
        moments,
        (
            {"stream": fact.stream, "moment": moment, "at": at, "fact": fact.id}
            for fact in every
            for moment, times in fact.moments.items()
            for at in set(times)
        ),
    )
    _add(connection, timeline, (row for fact in every if isinstance(fact, Deployment) for row in _on_timeline(fact)))
    _add(connection, waiting, (row for fact in every for row in _waits(fact)))
    _add(
        connection,
        delivery_names,
        ({"stream": fact.stream, "name": name, "fact": fact.id} for fact in every for name in names_of(fact)),
    )


def is_open(fact: DeliveryFact) -> bool:
    """Whether it is there and not over, as far as the fact itself tells."""
    over = OVER.get(fact.stream)
    return over is not None and fact.last(over) is None and fact.last("deleted") is None


def names_of(fact: DeliveryFact) -> frozenset[str]:
    """By what the timeline knows it, by what it names a deployment, or the KPI that it is a number of."""
    if isinstance(fact, Deployment):
        return timeline_names(fact) if fact.is_production else frozenset()
    if isinstance(fact, Change):
        return frozenset(fact.names)
    if isinstance(fact, Pushed):
        return frozenset({str(fact.fields["kpi"])} if "kpi" in fact.fields else ())
    return frozenset(fact.causes) if isinstance(fact, Incident) else frozenset()


def _on_timeline(fact: Deployment) -> Iterable[Mapping[str, Any]]:
    if fact.is_production and fact.began is not None:
        for service in dict.fromkeys(services_of(fact)):
            yield {
                "service": service,
                "deployment": fact.id,
                "began": fact.began,
                "finished": fact.finished,
                "succeeded": fact.succeeded,
            }


def _waits(fact: DeliveryFact) -> Iterable[Mapping[str, Any]]:
    times: Iterable[datetime] = ()
    if isinstance(fact, Change):
        merged = fact.first("merged")
        times = fact.moments.get("done", ()) if merged is None else (merged,)
    elif isinstance(fact, Incident):
        times = fact.moments.get("opened", ())[:1]
    for service in dict.fromkeys(services_of(fact)):
        for at in set(times):
            yield {"stream": fact.stream, "service": service, "at": at, "fact": fact.id}


def _take_away(connection: Connection, keys: Iterable[Key], *, related: bool) -> None:
    """Deletes the rows of facts; what attribution found of them only where they are gone for good."""
    of_stream: dict[Stream, list[str]] = {}
    for stream, fact in keys:
        of_stream.setdefault(stream, []).append(fact)
    for stream, ids in of_stream.items():
        for some in in_batches(ids):
            for table in (delivery_facts, waiting, delivery_names):
                connection.execute(delete(table).where(table.c.stream == stream, table.c.fact.in_(some)))
            ours = (moments.c.stream == stream) & moments.c.fact.in_(some)
            kept = () if related else RELATED.get(stream, ())
            connection.execute(delete(moments).where(ours & moments.c.moment.not_in(kept) if kept else ours))
            if stream == "deployments":
                connection.execute(delete(timeline).where(timeline.c.deployment.in_(some)))


def _add(connection: Connection, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    told = list(rows)
    if told:
        connection.execute(plain_insert(table), told)


def _times(moments: Mapping[str, Iterable[datetime]]) -> Mapping[str, Sequence[int]]:
    return {name: list(map(to_micros, times)) for name, times in moments.items()}


def _from_times(data: Mapping[str, Iterable[int]]) -> Mapping[str, tuple[datetime, ...]]:
    return {name: tuple(map(from_micros, times)) for name, times in data.items()}


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
