"""What is known of delivery facts, as far as a measurement needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from integration.core.delivery.attribution import Attributed
from integration.core.delivery.facts import DeliveryFact, Deployment, Stream
from integration.core.kpi.measurement import Known
from integration.core.kpi.needs import Need
from integration.store import attributed, delivery
from integration.store.delivery_tables import delivery_facts, delivery_names, moments


def known(
    connection: Connection,
    needs: Iterable[Need],
    since: Mapping[Stream, datetime],
    unsaid: Mapping[Stream, str],
) -> Known:
    """The facts that are needed, and what attribution made of them. `since` and `unsaid` are as `Known` has them."""
    found: dict[Stream, dict[str, DeliveryFact]] = {}
    for need in needs:
        of_stream = found.setdefault(need.stream, {})
        for query in _queries(need):
            for ident, data in connection.execute(query):
                if ident not in of_stream:
                    of_stream[ident] = delivery.load(need.stream, ident, data)
    facts = {stream: tuple(several.values()) for stream, several in found.items()}
    return Known(facts, since, unsaid, attributed=_attributed(connection, found))


def _attributed(connection: Connection, found: Mapping[Stream, Mapping[str, DeliveryFact]]) -> Attributed:
    shipped = attributed.deployments_of(connection, found.get("changes", ()))
    causes = attributed.causes_of(connection, found.get("incidents", ()))
    blamed = delivery.find(connection, Deployment, causes.values())
    deployments = found.get("deployments", {})
    return Attributed(
        deployed={change: tuple(at for _, at in by) for change, by in shipped.items()},
        causes={incident: blamed[one] for incident, one in causes.items() if one in blamed},
        ships=attributed.ships(connection, deployments),
        outcomes=attributed.outcomes_of(connection, deployments),
    )


def _queries(need: Need) -> Iterable[Select[Any]]:
    columns = select(delivery_facts.c.fact, delivery_facts.c.data).where(delivery_facts.c.stream == need.stream)
    if need.kpis:
        columns = columns.where(delivery_facts.c.fact.in_(_of_kpis(need)))
    if need.open:
        closed_later = _happened(need.stream, ["closed", "deleted"], need.last, None)
        yield columns.where(or_(delivery_facts.c.open.is_(True), delivery_facts.c.fact.in_(closed_later)))
    elif not need.moments:
        yield columns
    else:
        yield columns.where(delivery_facts.c.fact.in_(_happened(need.stream, need.moments, need.first, need.last)))
    if need.and_before and need.first is not None:
        before = (moments.c.stream == need.stream) & moments.c.moment.in_(need.moments) & (moments.c.at < need.first)
        newest = select(func.max(moments.c.at)).where(before)
        if need.kpis:
            newest = newest.where(moments.c.fact.in_(_of_kpis(need)))
        yield columns.where(
            delivery_facts.c.fact.in_(select(moments.c.fact).where(before, moments.c.at == newest.scalar_subquery()))
        )


def _happened(stream: Stream, names: Iterable[str], first: datetime | None, last: datetime | None) -> Select[Any]:
    """The facts to which any of these happened from `first` on and before `last`."""
    query = select(moments.c.fact).where(moments.c.stream == stream, moments.c.moment.in_(list(names)))
    if first is not None:
        query = query.where(moments.c.at >= first)
    return query if last is None else query.where(moments.c.at < last)


def _of_kpis(need: Need) -> Select[Any]:
    return select(delivery_names.c.fact).where(
        delivery_names.c.stream == need.stream, delivery_names.c.name.in_(need.kpis)
    )
