"""All delivery facts at once, for whoever draws them anew or throws them away, and what is left of those that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, and_, delete, exists, func, or_, select

from integration.core.delivery.facts import DeliveryFact
from integration.store.delivery import FAILURE, RELATED, Key, Whose, load
from integration.store.delivery_tables import (
    blames,
    delivery_facts,
    delivery_names,
    moments,
    outcomes_of_deployments,
    shipments,
    timeline,
    waiting,
)

AT_ONCE = 1000


def subjects(connection: Connection) -> Iterator[Whose]:
    """All that any delivery fact is drawn from, but what attribution itself draws."""
    query = select(delivery_facts.c.connection, delivery_facts.c.subject).distinct()
    made = (delivery_facts.c.connection == "") & delivery_facts.c.subject.startswith(FAILURE, autoescape=True)
    yield from ((name, subject) for name, subject in connection.execute(query.where(~made)))


def after(connection: Connection, last: Key | None, limit: int = AT_ONCE) -> Sequence[DeliveryFact]:
    """The next changes, deployments and incidents behind one of them: for going through all without holding all."""
    table = delivery_facts
    query = select(table.c.stream, table.c.fact, table.c.data).where(table.c.stream.in_(sorted(RELATED)))
    if last is not None:
        behind = or_(table.c.stream > last[0], and_(table.c.stream == last[0], table.c.fact > last[1]))
        query = query.where(behind)
    rows = connection.execute(query.order_by(table.c.stream, table.c.fact).limit(limit))
    return [load(stream, fact, data) for stream, fact, data in rows]


def of_connection(connection: Connection, name: str, limit: int = AT_ONCE) -> Mapping[Key, DeliveryFact]:
    """Some of the facts that are drawn from a connection's subjects; none only where there are none."""
    table = delivery_facts
    query = select(table.c.stream, table.c.fact, table.c.data).where(table.c.connection == name).limit(limit)
    return {(stream, fact): load(stream, fact, data) for stream, fact, data in connection.execute(query)}


def counts(connection: Connection) -> Mapping[str, int]:
    """How many production deployments, changes and incidents are known."""
    told = dict.fromkeys(("deployments", "changes", "incidents"), 0)
    query = select(delivery_facts.c.stream, func.count()).where(delivery_facts.c.stream.in_(["changes", "incidents"]))
    told |= {row[0]: row[1] for row in connection.execute(query.group_by(delivery_facts.c.stream))}
    production = select(func.count(timeline.c.deployment.distinct()))
    return told | {"deployments": connection.execute(production).scalar_one()}


def forget_strays(connection: Connection) -> None:
    """Takes away what is kept, and was found, of facts that are not there any more."""
    for table in (moments, waiting, delivery_names):
        there = (delivery_facts.c.stream == table.c.stream) & (delivery_facts.c.fact == table.c.fact)
        connection.execute(delete(table).where(~exists().where(there)))
    for column, stream in (
        (timeline.c.deployment, "deployments"),
        (outcomes_of_deployments.c.deployment, "deployments"),
        (shipments.c.change, "changes"),
        (blames.c.incident, "incidents"),
    ):
        there = (delivery_facts.c.stream == stream) & (delivery_facts.c.fact == column)
        connection.execute(delete(column.table).where(~exists().where(there)))
