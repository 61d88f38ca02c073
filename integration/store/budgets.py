"""A connection's budget, as all processes share it: what rests, whose turn it is, how much was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, or_, select, update

from integration.core.bucket import Bucket, Take
from integration.store.pauses import LENIENCE, LONGEST_WISH
from integration.store.statements import insert
from integration.store.tables import buckets, requests, rests

HOUR = timedelta(hours=1)
COUNTS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """How often one connection was asked for one purpose, and how often it refused that as too much."""

    connection: str
    purpose: str
    made: int
    refused: int = 0


def rest(connection: Connection, name: str, part: str, until: datetime) -> None:
    """Nobody asks that part before then. A shorter wish never ends a longer one that a right clock told."""
    upsert = insert(connection, rests)
    upsert = upsert.on_conflict_do_update(
        index_elements=["connection", "part"],
        set_={"until": upsert.excluded.until},
        where=or_(rests.c.until < upsert.excluded.until, rests.c.until > until + LONGEST_WISH),
    )
    connection.execute(upsert, {"connection": name, "part": part, "until": until})


def resting(connection: Connection, name: str, now: datetime) -> Mapping[str, datetime]:
    """The parts that rest, and until when. An end that is days away was set by a clock that was wrong."""
    query = select(rests.c.part, rests.c.until).where(
        rests.c.connection == name, rests.c.until > now, rests.c.until <= now + LONGEST_WISH + LENIENCE
    )
    return {row.part: row.until for row in connection.execute(query)}


def take(connection: Connection, name: str, bucket: Bucket, now: datetime, most: int, *, patient: bool) -> Take:
    """Takes tokens from the bucket that all processes share. Whoever comes at the same moment waits for its row."""
    connection.execute(insert(connection, buckets).on_conflict_do_nothing(), {"connection": name, "full_at": now})
    full_at = connection.execute(
        select(buckets.c.full_at).where(buckets.c.connection == name).with_for_update()
    ).scalar_one()
    taken = bucket.take(full_at, now, most, patient=patient)
    if taken.full_at != full_at:
        connection.execute(update(buckets).where(buckets.c.connection == name).values(full_at=taken.full_at))
    return taken


def add(connection: Connection, hour: datetime, asked: Sequence[Asked]) -> None:
    """Counts them to that hour."""
    upsert = insert(connection, requests)
    upsert = upsert.on_conflict_do_update(
        index_elements=["connection", "hour", "purpose"],
        set_={
            "made": requests.c.made + upsert.excluded.made,
            "refused": requests.c.refused + upsert.excluded.refused,
        },
    )
    # In one order for all, so that no two who count at once wait for each other.
    rows = [
        {"connection": one.connection, "hour": hour, "purpose": one.purpose, "made": one.made, "refused": one.refused}
        for one in sorted(asked)
    ]
    connection.execute(upsert, rows)


def asked(connection: Connection, since: datetime) -> Sequence[Asked]:
    """What was asked in the hours since then, by connection and purpose, the most of a connection first."""
    made, refused = func.sum(requests.c.made), func.sum(requests.c.refused)
    query = (
        select(requests.c.connection, requests.c.purpose, made, refused)
        .where(requests.c.hour > since - HOUR)
        .group_by(requests.c.connection, requests.c.purpose)
        .order_by(requests.c.connection, made.desc(), requests.c.purpose)
    )
    return [Asked(name, purpose, int(total), int(no)) for name, purpose, total, no in connection.execute(query)]


def throw_away(connection: Connection, now: datetime) -> int:
    """Forgets counts that nobody looks at any more; returns how many."""
    return connection.execute(delete(requests).where(requests.c.hour < now - COUNTS_KEPT)).rowcount
