"""Raw deliveries are thrown away when their time is over; facts, items and check-ins are kept for good.

Once an hour one worker claims the job. It walks from the oldest delivery on, looks without a lock, and deletes in batches
so small that whoever waits for SQLite's one lock does not notice. A walk that is killed has left nothing half done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from integration.core.retention import Retention
from integration.store import applied, deliveries
from integration.store.db import Database

JOB = "retention"
EVERY = timedelta(hours=1)
LEASE = timedelta(minutes=1)
"""Renewed with every page."""
PAGE = 1000
BREATH = 0.005
"""Seconds between two batches, so that others come by the lock. (Measured: a batch holds it for 1 ms, one in a hundred 9 ms.)"""


def throw_away(
    db: Database, retention: Retention, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False
) -> int | None:
    """Deletes the deliveries whose time is over, if that is due and nobody else does it; returns how many.

    None where it is not due. `stop` is asked between batches: what is left then is done next time.
    """
    now = clock()
    with db.read() as connection:
        if not applied.is_due(connection, JOB, now):
            return None
    with db.write(synced=False) as connection:
        if not applied.claim_job(connection, JOB, now, LEASE):
            return None
    gone = 0
    for batch in _batches(db, retention, now):
        if stop():
            break
        with db.write(synced=False) as connection:
            gone += deliveries.throw_away(connection, batch)
            applied.lease_job(connection, JOB, clock() + LEASE)
        time.sleep(BREATH)
    with db.write(synced=False) as connection:
        applied.finish_job(connection, JOB, now, now if stop() else now + EVERY)
    return gone


def _batches(db: Database, retention: Retention, now: datetime) -> Iterator[Sequence[int]]:
    """The ids of what is to go, a batch at a time. Deliveries come in the order of their ids, so the young end the walk."""
    after = 0
    while True:
        with db.read() as connection:
            page = deliveries.oldest(connection, after, PAGE)
        yield from deliveries.batches(one for one in page if retention.is_over(one.state, one.received_at, now))
        if len(page) < PAGE or page[-1].received_at >= retention.kept_from(now):
            return
        after = page[-1].id
