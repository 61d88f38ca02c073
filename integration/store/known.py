"""What is known of delivery facts, as far as a measurement needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

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
    unsaid_fields: Mapping[tuple[Stream, str], str],
) -> Known:
    """The facts that are needed, and what attribution made of them. `since` and what is unsaid are as `Known` has them,
    but that a field of which no rule says anything may be told by a fact.
    """
    found: dict[Stream, dict[str, DeliveryFact]] = {}
    for need in needs:
        of_stream = found.setdefault(need.stream, {})
        if need.kpis and connection.execute(_named(need).limit(1)).first() is None:
            continue  # looking for its last number would go through those of all others
        for query in _queries(need):
            for ident, data in connection.execute(query).all():
                if ident not in of_stream:
                    of_stream[ident] = delivery.load(need.stream, ident, data)
    facts = {stream: tuple(several.values()) for stream, several in found.items()}
    still = {
        (stream, name): why
        for (stream, name), why in unsaid_fields.items()
        if not any(name in fact.fields for fact in facts.get(stream, ()))
    }
    return Known(facts, since, unsaid, still, _attributed(connection, found))


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
    """Each finds its facts by one index: databases look at a whole stream where a condition is one thing `or` another."""
    columns = select(delivery_facts.c.fact, delivery_facts.c.data).where(delivery_facts.c.stream == need.stream)
    if need.open:
        yield columns.where(delivery_facts.c.open.is_(True))
        ended_later = _happened(need, ["closed", "deleted"]).where(moments.c.at >= need.last)
        yield columns.where(delivery_facts.c.fact.in_(ended_later))
        return
    if not need.moments:
        yield columns.where(delivery_facts.c.fact.in_(_named(need))) if need.kpis else columns
        return
    happened = _happened(need, need.moments)
    within = happened.where(moments.c.at < need.last)
    if need.first is not None:
        within = within.where(moments.c.at >= need.first)
    yield columns.where(delivery_facts.c.fact.in_(within))
    if need.and_before and need.first is not None:
        before = happened.where(moments.c.at < need.first).with_only_columns(moments.c.at)
        newest = before.order_by(moments.c.at.desc()).limit(1).scalar_subquery()
        yield columns.where(delivery_facts.c.fact.in_(happened.where(moments.c.at == newest)))


def _happened(need: Need, names: Iterable[str]) -> Select[Any]:
    """The facts to which any of these happened, of all times.

    Which KPI a number is of is asked of each, so that one that is pushed every minute is not gone through as a whole.
    """
    query = select(moments.c.fact).where(moments.c.stream == need.stream, moments.c.moment.in_(list(names)))
    return query.where(_named(need).where(delivery_names.c.fact == moments.c.fact).exists()) if need.kpis else query


def _named(need: Need) -> Select[Any]:
    """The pushed numbers of KPIs."""
    names = delivery_names.c.name.in_(need.kpis)
    return select(delivery_names.c.fact).where(delivery_names.c.stream == need.stream, names)
