"""What delivery facts make of each other (core.delivery.attribution), as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, delete, func, select
from sqlalchemy import insert as plain_insert

from integration.core.delivery.attribution import Outcome
from integration.core.delivery.facts import Deployment, Times
from integration.core.delivery.timeline import finish
from integration.store.delivery_tables import blames, moments, outcomes_of_deployments, shipments
from integration.store.instants import from_micros, to_micros
from integration.store.statements import in_batches


def deployments_of(connection: Connection, changes: Iterable[str]) -> Mapping[str, Sequence[tuple[str, datetime]]]:
    """Change -> the deployments that ship it, in order, and when they finished."""
    found: dict[str, list[tuple[str, datetime]]] = {}
    for some in in_batches(sorted(set(changes))):
        query = select(shipments.c.change, shipments.c.deployment, shipments.c.at).where(shipments.c.change.in_(some))
        for change, deployment, at in connection.execute(query.order_by(shipments.c.change, shipments.c.place)).all():
            found.setdefault(change, []).append((deployment, at))
    return found


def causes_of(connection: Connection, incidents: Iterable[str]) -> Mapping[str, str]:
    """Incident -> the deployment that it is blamed on."""
    return {
        incident: deployment
        for some in in_batches(sorted(set(incidents)))
        for incident, deployment in connection.execute(select(blames).where(blames.c.incident.in_(some)))
    }


def finishes_of_causes(connection: Connection, incidents: Iterable[str]) -> frozenset[datetime]:
    """When the deployments finished that these incidents are blamed on, as found last."""
    found: set[datetime] = set()
    for some in in_batches(sorted(set(incidents))):
        ours = (moments.c.stream == "incidents") & (moments.c.moment == "deployed") & moments.c.fact.in_(some)
        found.update(connection.execute(select(moments.c.at).where(ours)).scalars())
    return frozenset(found)


def outcomes_of(connection: Connection, deployments: Iterable[str]) -> Mapping[str, Outcome]:
    return {
        deployment: _load(data)
        for some in in_batches(sorted(set(deployments)))
        for deployment, data in connection.execute(
            select(outcomes_of_deployments).where(outcomes_of_deployments.c.deployment.in_(some))
        )
    }


def ships(connection: Connection, deployments: Iterable[str]) -> Mapping[str, int]:
    """Deployment -> how many changes it ships; those that ship none are left out."""
    return {
        deployment: number
        for some in in_batches(sorted(set(deployments)))
        for deployment, number in connection.execute(
            select(shipments.c.deployment, func.count())
            .where(shipments.c.deployment.in_(some))
            .group_by(shipments.c.deployment)
        )
    }


def save_shipments(connection: Connection, told: Mapping[str, Sequence[Deployment]]) -> None:
    """Lets each of the changes be shipped by these deployments, and by no others."""
    _forget(connection, shipments.c.change, told)
    _replace_moments(connection, "changes", "deployed", {change: tuple(map(finish, by)) for change, by in told.items()})
    rows = [
        {"change": change, "place": place, "deployment": one.id, "at": finish(one)}
        for change, by in told.items()
        for place, one in enumerate(by)
    ]
    if rows:
        connection.execute(plain_insert(shipments), rows)


def save_causes(connection: Connection, told: Mapping[str, Deployment | None]) -> None:
    """Lets each of the incidents be blamed on this deployment, or on none."""
    _forget(connection, blames.c.incident, told)
    finishes = {incident: one.moments.get("finished", ()) if one else () for incident, one in told.items()}
    _replace_moments(connection, "incidents", "deployed", finishes)
    rows = [{"incident": incident, "deployment": one.id} for incident, one in told.items() if one is not None]
    if rows:
        connection.execute(plain_insert(blames), rows)


def save_outcomes(connection: Connection, told: Mapping[str, Outcome | None]) -> None:
    _forget(connection, outcomes_of_deployments.c.deployment, told)
    recovered = {deployment: became.recovered if became else () for deployment, became in told.items()}
    _replace_moments(connection, "deployments", "recovered", recovered)
    rows = [{"deployment": one, "data": _dump(became)} for one, became in told.items() if became is not None]
    if rows:
        connection.execute(plain_insert(outcomes_of_deployments), rows)


def _forget(connection: Connection, column: Column[Any], ids: Collection[str]) -> None:
    table = column.table
    for some in in_batches(list(ids)):
        connection.execute(delete(table).where(column.in_(some)))


def _replace_moments(connection: Connection, stream: str, moment: str, told: Mapping[str, Times]) -> None:
    for some in in_batches(list(told)):
        ours = (moments.c.stream == stream) & (moments.c.moment == moment) & moments.c.fact.in_(some)
        connection.execute(delete(moments).where(ours))
    rows = [
        {"stream": stream, "moment": moment, "at": at, "fact": fact}
        for fact, times in told.items()
        for at in set(times)
    ]
    if rows:
        connection.execute(plain_insert(moments), rows)


def _dump(became: Outcome) -> str:
    data = {
        "incidents": list(map(to_micros, became.incidents)),
        "rolled_back": None if became.rolled_back is None else to_micros(became.rolled_back),
        "recovered": list(map(to_micros, became.recovered)),
        "broken": list(map(to_micros, became.broken)),
    }
    return orjson.dumps(data).decode()


def _load(text: str) -> Outcome:
    data = orjson.loads(text)
    return Outcome(
        incidents=tuple(map(from_micros, data["incidents"])),
        rolled_back=None if data["rolled_back"] is None else from_micros(data["rolled_back"]),
        recovered=tuple(map(from_micros, data["recovered"])),
        broken=tuple(map(from_micros, data["broken"])),
    )
