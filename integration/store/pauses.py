"""Connections that rest: their tracker asked for it, or does not know us. Nothing is asked of them, and nothing written.

A pause holds for all workers. Why there is one is shown in `status` until the tracker answers well again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, or_, select

from integration.store import applied
from integration.store.statements import insert
from integration.store.tables import pauses

LONGEST_WISH = timedelta(days=1)
"""A tracker that wants a longer rest than this has told us nonsense."""
LENIENCE = timedelta(hours=1)
"""How far the clocks of two machines may be apart."""
TOPIC = "rest"


def pause(connection: Connection, name: str, until: datetime) -> None:
    """Nobody talks to a connection until then. A shorter wish never ends a longer one that a right clock told."""
    upsert = insert(connection, pauses)
    upsert = upsert.on_conflict_do_update(
        index_elements=["connection"],
        set_={"until": upsert.excluded.until},
        where=or_(pauses.c.until < upsert.excluded.until, pauses.c.until > until + LONGEST_WISH),
    )
    connection.execute(upsert, {"connection": name, "until": until})


def rest(connection: Connection, name: str, until: datetime, why: str, now: datetime) -> None:
    """The same, with a line that says why."""
    pause(connection, name, until)
    line = f"nothing is read or written before {until:%H:%M:%S} UTC: {why}"
    applied.notice(connection, name, TOPIC, line, now)


def resume(connection: Connection) -> None:
    """Every connection may be talked to at once."""
    connection.execute(delete(pauses))


def resting(now: datetime) -> Select[tuple[str]]:
    """The names of the connections that rest, for the conditions of a claim."""
    # A clock that was wrong for a while may have set an end that is years away.
    return select(pauses.c.connection).where(pauses.c.until > now, pauses.c.until <= now + LONGEST_WISH + LENIENCE)
