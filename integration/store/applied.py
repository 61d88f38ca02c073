"""The mapping in force, jobs that come round, and the lines that `status` shows until their cause is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy import insert as plain_insert

from integration.store.statements import insert, unlocked
from integration.store.tables import jobs, mappings, notices

FORGETTING = "forgetting"
"""Done when something was last taken out of what is kept."""
_IN_FORCE = 0x6F6B726C  # the number of our lock on PostgreSQL: any will do that nobody else takes


@dataclass(frozen=True, slots=True)
class Applied:
    """One applied mapping: its texts by name, the main file first, and the folder in which file/ secrets are looked for."""

    revision: int
    digest: str
    files: Mapping[str, str]
    folder: str
    applied_at: datetime


def newest(connection: Connection) -> Applied | None:
    row = connection.execute(select(mappings).order_by(mappings.c.revision.desc()).limit(1)).first()
    return (
        None if row is None else Applied(row.revision, row.digest, orjson.loads(row.files), row.folder, row.applied_at)
    )


def revision(connection: Connection) -> int:
    """The number of the mapping in force, 0 before the first."""
    return connection.execute(select(func.max(mappings.c.revision))).scalar() or 0


def applied_at(connection: Connection, number: int) -> datetime | None:
    return connection.execute(select(mappings.c.applied_at).where(mappings.c.revision == number)).scalar()


def apply(connection: Connection, digest: str, files: Mapping[str, str], folder: str, now: datetime) -> int:
    values = {"digest": digest, "files": orjson.dumps(files).decode(), "folder": folder, "applied_at": now}
    return int(connection.execute(plain_insert(mappings).values(values).returning(mappings.c.revision)).scalar_one())


def hold_still(connection: Connection) -> None:
    """Until this transaction ends, no mapping and no vocabulary is put in force by another.

    Whoever puts one in force looks at all items anew; one that is folded for the first time meanwhile would be missed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(_IN_FORCE)))


def wait_for_folds(connection: Connection) -> None:
    """Waits for those that hold still, and keeps new ones waiting until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_IN_FORCE)))


def claim_job(connection: Connection, name: str, now: datetime, lease: timedelta) -> bool:
    """Whether this worker is the one to do a job that is due now. Its next time is set by `finish_job`."""
    connection.execute(insert(connection, jobs).on_conflict_do_nothing(), {"name": name, "due_at": now})
    due = (jobs.c.name == name) & (jobs.c.due_at <= now) & or_(jobs.c.leased_until.is_(None), jobs.c.leased_until < now)
    row = connection.execute(unlocked(connection, select(jobs.c.name).where(due))).first()
    if row is None:
        return False
    connection.execute(update(jobs).where(jobs.c.name == name).values(leased_until=now + lease))
    return True


def is_due(connection: Connection, name: str, now: datetime) -> bool:
    """Whether a job is to be done now and nobody does it, seen without a lock."""
    row = connection.execute(select(jobs.c.due_at, jobs.c.leased_until).where(jobs.c.name == name)).first()
    return row is None or (row.due_at <= now and (row.leased_until is None or row.leased_until < now))


def lease_job(connection: Connection, name: str, until: datetime) -> None:
    """For a job that is done piece by piece."""
    connection.execute(update(jobs).where(jobs.c.name == name).values(leased_until=until))


def finish_job(connection: Connection, name: str, now: datetime, due_at: datetime, error: str | None = None) -> None:
    done = {"due_at": due_at, "leased_until": None, "last_error": error}
    connection.execute(update(jobs).where(jobs.c.name == name).values(done if error else {**done, "last_done_at": now}))


def note_done(connection: Connection, name: str, now: datetime) -> None:
    """For what is done when somebody asks for it, and has no next time."""
    upsert = insert(connection, jobs).on_conflict_do_update(index_elements=["name"], set_={"last_done_at": now})
    connection.execute(upsert, {"name": name, "due_at": now, "last_done_at": now})


def last_done(connection: Connection, name: str) -> datetime | None:
    return connection.execute(select(jobs.c.last_done_at).where(jobs.c.name == name)).scalar()


def notice(connection: Connection, name: str, topic: str, message: str | None, now: datetime) -> None:
    """Shows a line under a topic, or (None) takes it away; a line that stays keeps its date."""
    if message is None:
        connection.execute(delete(notices).where(notices.c.connection == name, notices.c.topic == topic))
        return
    upsert = insert(connection, notices).on_conflict_do_update(
        index_elements=["connection", "topic"], set_={"message": message}
    )
    connection.execute(upsert, {"connection": name, "topic": topic, "message": message, "since": now})


def clear_notices(connection: Connection) -> None:
    """Takes all lines away; those whose cause is still there come back."""
    connection.execute(delete(notices))


def shown(connection: Connection) -> Sequence[tuple[str, str, str, datetime]]:
    """Connection, topic, message and since when."""
    query = select(notices).order_by(notices.c.connection, notices.c.topic)
    return [(row.connection, row.topic, row.message, row.since) for row in connection.execute(query)]
