"""One queued write-back: look, decide, write, record. No transaction is open while it talks.

Claiming commits a lease before anybody talks to the tracker, and every value is committed before it is sent. So after a
crash between the tracker's answer and its recording, the value found there is known to be ours, and nothing is written
twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from integration.core.catalogue import Catalogue
from integration.core.errors import Gone, Permanent, Refused, Retryable
from integration.core.items import load
from integration.core.scorecard import Scorecard
from integration.publish.decision import Desired
from integration.publish.recording import forget, put_off, record
from integration.publish.talking import Task, talk
from integration.store import applied, facts, items, outbox, reads, written
from integration.store.db import Database, is_down
from integration.trackers.contract import TrackerClient, client_of

__all__ = ["publish"]

MOST_FAILURES = 8
"""How often a wish is tried again, within some minutes, that we fail to fulfil."""

log = logging.getLogger(__name__)


def publish(
    db: Database,
    scorecard: Scorecard,
    revision: int,
    clients: Mapping[str, TrackerClient],
    now: Callable[[], datetime],
) -> bool:
    """Works on the wish that is due longest. False when none is, or when the mapping of that revision is not in force."""
    with db.read() as connection:
        if not outbox.due(connection, now()) or applied.revision(connection) != revision:
            return False
    task = _claim(db, scorecard, now())
    if task is None:
        return True
    wish = task.wish
    try:
        result = talk(db, client_of(clients, wish.ref.connection), task, now)
    except Gone as error:
        forget(db, task, error.reason, now())
    except (Retryable, Refused) as error:
        # A refusal is mended by people (a new token, a permission), without anybody telling us: ask again, seldom.
        put_off(db, task, error, now())
    except Permanent as error:
        with db.write() as connection:
            outbox.give_up(connection, wish, error.reason)
    except Exception as error:
        if is_down(error):
            raise
        # A mistake of ours, or an answer that nobody expected, must not hold its lease and be told by nobody.
        log.exception("%s could not be written", wish.ref)
        _fail(db, task, f"okrlink failed to write it ({type(error).__name__})", now())
    else:
        record(db, task, result, now())
    return True


def _fail(db: Database, task: Task, why: str, now: datetime) -> None:
    if task.wish.attempts < MOST_FAILURES:
        put_off(db, task, Retryable(why), now)
        return
    with db.write() as connection:
        outbox.give_up(connection, task.wish, why)


def _claim(db: Database, scorecard: Scorecard, now: datetime) -> Task | None:
    with db.write() as connection:
        claimed = outbox.claim(connection, now, 1)
        if not claimed:
            return None
        wish = claimed[0]
        ref = wish.ref
        rule = scorecard.shown_on(ref.connection)
        if rule is None:
            # A mapping that no longer mentions a connection stops writing there; what we wrote stays remembered.
            outbox.drop(connection, wish)
            return None
        known = {one.target: one for one in written.on_item(connection, ref)}
        row = items.rows(connection, [ref]).get(ref)
        project = load(row.state).get("project") if row else None
        wanted = Desired(
            ref=ref,
            values={
                target: value
                for target, value in wish.desired.items()
                if target not in known or not known[target].refuses(now)
            },
            names=wish.names,
            known=known,
            rule=rule,
            catalogue=reads.load_catalogue(connection, ref.connection) or Catalogue(),
        )
        newest_fact = facts.newest(connection, ref)
        return Task(wish, wanted, str(project.value) if project else "", newest_fact, now)
