"""The clock marks too: pace falls, cycles begin and end without any event. Once a local day every key result and KPI is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from integration.core.facts import ItemRef
from integration.refresh.kpis import mark_all
from integration.refresh.policy import Policy
from integration.store import applied, marks, reads
from integration.store.db import Database
from integration.store.marks import Mark

JOB = "new day"
LEASE = timedelta(minutes=1)


def mark_new_day(db: Database, policy: Policy, now: datetime, today: datetime, spread: timedelta) -> bool:
    """On the first look of a local day, marks every key result, spread over a time so that not all move at once."""
    zone = policy.scorecard.timezone

    def is_today(last: datetime | None) -> bool:
        return last is not None and last.astimezone(zone).date() == today.astimezone(zone).date()

    with db.read() as connection:
        if is_today(applied.last_done(connection, JOB)):
            return False
    with db.write() as connection:
        if not applied.claim_job(connection, JOB, now, LEASE):
            return False
        policy.check(connection)
        last = applied.last_done(connection, JOB)
        if last is not None and is_today(last):  # another worker was first
            applied.finish_job(connection, JOB, last, due_at=now)
            return False
        ids = [key_result.id for _, key_result in policy.scorecard.key_results()]
        step = spread / max(len(ids), 1)
        marks.add(connection, [Mark("key result", ("", one), now + step * place) for place, one in enumerate(ids)])
        mark_all(connection, policy, now, spread)
        # Names of fields and states change, too; what was read stays in force until the new answer is there.
        named = [ItemRef(name, "") for name in policy.scorecard.connections]
        reads.want_again(connection, "catalogue", named, now)
        applied.finish_job(connection, JOB, today, due_at=now)
    return True
