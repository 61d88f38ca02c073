"""Which KPIs must be measured again, and from which day on, when facts of a stream are others now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from integration.core.delivery.facts import Stream
from integration.core.kpi.sides import sides, streams
from integration.refresh.policy import Policy
from integration.store import marks
from integration.store.marks import Mark


@dataclass(frozen=True, slots=True)
class Touched:
    """A stream, and from when on what is told of it is another."""

    stream: Stream
    since: datetime


def mark_kpis(connection: Connection, policy: Policy, touched: Iterable[Touched], now: datetime) -> None:
    """One mark for each KPI that reads any of the streams, with the first moment that is another now."""
    earliest: dict[Stream, datetime] = {}
    for one in touched:
        earliest[one.stream] = min(one.since, earliest.get(one.stream, one.since))
    told = []
    for name, kpi in policy.scorecard.watched.items():
        since = min(
            (earliest[stream] for side in sides(kpi) for stream in streams(side) if stream in earliest), default=None
        )
        if since is not None:
            told.append(Mark("kpi", ("", name), now, marks.since(since)))
    marks.add(connection, told)
