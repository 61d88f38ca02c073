"""The history of key results: check-ins, and where each stands as last measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy import insert as plain_insert

from integration.core.forecast import Forecast
from integration.core.standing import CheckIn, Standing, WorkCount
from integration.store.statements import insert
from integration.store.tables import check_ins, standings


def add(connection: Connection, check_in: CheckIn) -> None:
    """Keeps a check-in; a computed one takes the place of the same day's."""
    values = {
        "key_result": check_in.key_result,
        "day": check_in.day.isoformat(),
        "at": check_in.at,
        "origin": check_in.origin,
        "value": None if check_in.value is None else str(check_in.value),
        "confidence": check_in.confidence,
        "note": check_in.note,
        "author": check_in.by,
        "reason": check_in.reason,
    }
    if check_in.origin != "computed":
        connection.execute(plain_insert(check_ins), values)
        return
    upsert = insert(connection, check_ins).on_conflict_do_update(
        index_elements=["key_result", "day"],
        index_where=text("origin = 'computed'"),
        set_={name: values[name] for name in ("at", "value", "reason")},
    )
    connection.execute(upsert, values)


def _check_in(row: Any) -> CheckIn:
    return CheckIn(
        key_result=row.key_result,
        at=row.at,
        day=date.fromisoformat(row.day),
        value=None if row.value is None else Decimal(row.value),
        origin=row.origin,
        confidence=row.confidence,
        note=row.note,
        by=row.author,
        reason=row.reason,
    )


def history(connection: Connection, key_result: str) -> Sequence[CheckIn]:
    """A key result's check-ins in the order of their time."""
    query = select(check_ins).where(check_ins.c.key_result == key_result).order_by(check_ins.c.at, check_ins.c.id)
    return [_check_in(row) for row in connection.execute(query)]


def rename(connection: Connection, before: str, after: str) -> None:
    """History follows a key result to its new id, unless the new one has a history of its own."""
    for table in (check_ins, standings):
        if connection.execute(select(table.c.key_result).where(table.c.key_result == after).limit(1)).first() is None:
            connection.execute(update(table).where(table.c.key_result == before).values(key_result=after))


@dataclass(frozen=True, slots=True)
class Measured:
    """A standing as kept, with the scope of the work on the first day that it was measured on in the cycle."""

    standing: Standing
    scope_at_start: Fraction | None
    scope_day: date | None

    def scope_before(self, today: date) -> Fraction | None:
        """The scope at the start, once its day is over; during that day it follows the work."""
        return None if self.scope_day is None or self.scope_day >= today else self.scope_at_start


def _exact(value: Any) -> str:
    if isinstance(value, Decimal | Fraction):
        return str(value)
    raise TypeError(type(value))


def dump(standing: Standing) -> str:
    return orjson.dumps(standing, default=_exact).decode()


def load(data: str) -> Standing:
    raw = orjson.loads(data)
    work, forecast = raw.pop("work"), raw.pop("forecast", None)
    fractions = ("done", "scope", "estimate", "scope_at_start")
    return Standing(
        **{
            **raw,
            "as_of": datetime.fromisoformat(raw["as_of"]),
            **{name: Decimal(raw[name]) for name in ("current", "start", "target") if raw[name] is not None},
            **{name: Fraction(raw[name]) for name in ("progress", "expected") if raw[name] is not None},
            # What an earlier version kept has none of these.
            "broken_guardrails": tuple(raw.get("broken_guardrails", ())),
        },
        forecast=None if forecast is None else _forecast(forecast),
        work=None
        if work is None
        else WorkCount(
            **{
                **work,
                "double": tuple(work["double"]),
                **{name: Fraction(work[name]) for name in fractions if work[name] is not None},
            }
        ),
    )


def _forecast(raw: dict[str, Any]) -> Forecast:
    dates, numbers = ("by", "sure_on", "crosses_on"), ("expected", "low", "high")
    return Forecast(
        **{
            **raw,
            "chance": Fraction(raw["chance"]),
            **{name: date.fromisoformat(raw[name]) for name in dates if raw[name] is not None},
            **{name: Decimal(raw[name]) for name in numbers if raw[name] is not None},
        }
    )


def save_standing(
    connection: Connection, standing: Standing, scope_at_start: Fraction | None, scope_day: date | None
) -> None:
    values = {
        "key_result": standing.key_result,
        "measured_at": standing.as_of,
        "data": dump(standing),
        "scope_at_start": None if scope_at_start is None else str(scope_at_start),
        "scope_day": None if scope_day is None else scope_day.isoformat(),
    }
    told = {name: value for name, value in values.items() if name != "key_result"}
    upsert = insert(connection, standings).on_conflict_do_update(index_elements=["key_result"], set_=told)
    connection.execute(upsert, values)


def standings_of(connection: Connection, key_results: Sequence[str] | None = None) -> Mapping[str, Measured]:
    """The last standing of the named key results, or of all."""
    query = select(standings)
    if key_results is not None:
        query = query.where(standings.c.key_result.in_(key_results))
    return {
        row.key_result: Measured(
            load(row.data),
            None if row.scope_at_start is None else Fraction(row.scope_at_start),
            None if row.scope_day is None else date.fromisoformat(row.scope_day),
        )
        for row in connection.execute(query)
    }


def take_back(connection: Connection, check_in: CheckIn) -> bool:
    """Deletes a check-in that a person typed; False where it is not there."""
    gone = delete(check_ins).where(
        check_ins.c.key_result == check_in.key_result, check_ins.c.at == check_in.at, check_ins.c.origin == "typed"
    )
    return connection.execute(gone).rowcount > 0
