"""KPIs as measured last, and what each was at the end of every day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, select, update

from integration.core.kpi.summary import Summary
from integration.store.delivery_tables import kpi_days, measurements
from integration.store.instants import from_micros, to_micros
from integration.store.statements import insert


@dataclass(frozen=True, slots=True)
class Measured:
    """A KPI as measured last. `definition` is a digest of it: the numbers of another definition are none of this one."""

    summary: Summary
    definition: str


def newest(connection: Connection, kpis: Iterable[str] | None = None) -> Mapping[str, Measured]:
    """What was measured last, by the KPI's name; all of them, or some."""
    query = select(measurements)
    if kpis is not None:
        query = query.where(measurements.c.kpi.in_(list(kpis)))
    return {row.kpi: Measured(_called(row.kpi, row.data), row.definition) for row in connection.execute(query)}


def save(connection: Connection, told: Summary, definition: str) -> None:
    values = {
        "kpi": told.kpi,
        "measured_at": told.as_of,
        "definition": definition,
        "data": dump(told),
    }
    upsert = insert(connection, measurements)
    changed = {name: upsert.excluded[name] for name in ("measured_at", "definition", "data")}
    connection.execute(upsert.on_conflict_do_update(index_elements=["kpi"], set_=changed), values)


def save_days(connection: Connection, told: Mapping[date, Summary]) -> None:
    """Keeps what a KPI was at the end of these days, in the place of what was kept of them before."""
    rows = [{"kpi": one.kpi, "day": day.isoformat(), "data": dump(one)} for day, one in told.items()]
    if rows:
        upsert = insert(connection, kpi_days)
        replaced = upsert.on_conflict_do_update(index_elements=["kpi", "day"], set_={"data": upsert.excluded.data})
        connection.execute(replaced, rows)


def days(
    connection: Connection, kpi: str, first: date | None = None, last: date | None = None
) -> Sequence[tuple[date, Summary]]:
    """What a KPI was at the end of each day from `first` to `last`, in order; days that nobody measured are left out."""
    query = select(kpi_days.c.day, kpi_days.c.data).where(kpi_days.c.kpi == kpi)
    if first is not None:
        query = query.where(kpi_days.c.day >= first.isoformat())
    if last is not None:
        query = query.where(kpi_days.c.day <= last.isoformat())
    rows = connection.execute(query.order_by(kpi_days.c.day))
    return [(date.fromisoformat(day), _called(kpi, data)) for day, data in rows]


def newest_day(connection: Connection, kpi: str) -> date | None:
    day = connection.execute(select(func.max(kpi_days.c.day)).where(kpi_days.c.kpi == kpi)).scalar()
    return None if day is None else date.fromisoformat(day)


def forget_days(connection: Connection, kpi: str) -> None:
    """Its days were those of another definition."""
    connection.execute(delete(kpi_days).where(kpi_days.c.kpi == kpi))


def rename(connection: Connection, before: str, after: str) -> None:
    """History follows a new name, unless the new one has some already."""
    for table in (measurements, kpi_days):
        if connection.execute(select(table.c.kpi).where(table.c.kpi == after).limit(1)).first() is None:
            connection.execute(update(table).where(table.c.kpi == before).values(kpi=after))


def _called(kpi: str, data: str) -> Summary:
    """What is kept, under the name that the KPI has now."""
    return replace(load(data), kpi=kpi)


_TIMES = ("as_of", "first", "last")
_NUMBERS = ("value", "above", "below")


def dump(one: Summary) -> str:
    """As JSON; times as microseconds, numbers as exact fractions."""
    data: dict[str, Any] = asdict(one)
    data |= {name: to_micros(data[name]) for name in _TIMES}
    data |= {name: None if data[name] is None else str(data[name]) for name in _NUMBERS}
    return orjson.dumps(data).decode()


def load(text: str) -> Summary:
    """What `dump` wrote."""
    data = orjson.loads(text)
    data |= {name: from_micros(data[name]) for name in _TIMES}
    data |= {name: None if data[name] is None else Fraction(data[name]) for name in _NUMBERS}
    return Summary(**data)
