"""What came of talking to a tracker, kept: what stands there now, what waits and until when, what people must mend."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import Connection

from integration.core.errors import Refused, Retryable
from integration.publish.decision import refusal
from integration.publish.talking import Result, Task
from integration.refresh.cards import gone_in
from integration.store import applied, items, marks, outbox, pauses, written
from integration.store.db import Database
from integration.store.marks import Mark
from integration.store.outbox import BADGE
from integration.store.pauses import LONGEST_WISH
from integration.store.written import Written

LONGEST_WAIT = timedelta(minutes=15)
REFUSED_FOR = timedelta(hours=1)
"""After that a refused field is tried again, with the next change of its item."""
UNQUIET_FOR = timedelta(minutes=15)


def record(db: Database, task: Task, result: Result, now: datetime) -> None:
    """Keeps what came of it. The next write to this item waits for its turn."""
    wish, ref, decision = task.wish, task.wish.ref, result.decision
    wrote = {*decision.writes, *([BADGE] if decision.writes_badge else [])}
    again_at = None if result.not_quiet is None else now + UNQUIET_FOR * random.uniform(1.0, 1.3)
    with db.write() as connection:
        written.settle(connection, ref, decision.stands, wrote, now)
        for target in decision.restores:
            written.restored(connection, ref, target, now)
        for target, value in decision.held.items():
            written.hold(connection, ref, target, value, wish.names.get(target, ""))
            if task.wanted.values[target] is None and task.wanted.known.get(target, Written(target)).held is None:
                # What was to be cleared is theirs now: the card says whether that is still worth remembering.
                marks.add(connection, [Mark("card", (ref.connection, ref.id), now)])
        for target, words in result.refused.items():
            written.refuse(connection, ref, target, wish.names.get(target, ""), words, now + REFUSED_FOR)
        outbox.finish(connection, wish, now + task.wanted.rule.every, again_at)
        if result.asked_to_wait > 0:
            pauses.pause(connection, ref.connection, now + timedelta(seconds=result.asked_to_wait))
        _notice(connection, task, result, now)


def forget(db: Database, task: Task, words: str, now: datetime) -> None:
    """The item is deleted, or hidden from us. Which of them nobody tells: one line until it is known, or until we write again."""
    ref = task.wish.ref
    with db.write() as connection:
        outbox.drop(connection, task.wish)
        written.forget(connection, ref)
        row = items.rows(connection, [ref]).get(ref)
        line = f"{row.key if row else ref.id} is not written: {words}; unless it is deleted, let the account see it"
        applied.notice(connection, ref.connection, gone_in(task.project), line, now)


def put_off(db: Database, task: Task, error: Retryable | Refused, now: datetime) -> None:
    """Tries again later: the item, or all of its connection where the refusal is about more than the item."""
    wish, name = task.wish, task.wish.ref.connection
    until = now + _wait(error, wish.attempts)
    with db.write() as connection:
        if error.scope == "connection":
            outbox.retry(connection, wish, until, None)
            pauses.rest(connection, name, until, error.reason, now)
        elif isinstance(error, Refused):
            outbox.retry(connection, wish, until, None)
            where = task.project or "some projects"
            line = f"not everything is written in {where}: {error.reason}; let the account edit there"
            applied.notice(connection, name, f"refused in {task.project}", line, now)
        else:
            outbox.retry(connection, wish, until, error.reason)


def _wait(error: Retryable | Refused, attempts: int) -> timedelta:
    """The tracker's own wish, else doubling from two seconds; spread, so that many items do not come back at once."""
    wished = error.after if isinstance(error, Retryable) else None
    if wished is not None:
        return min(timedelta(seconds=wished * random.uniform(1.0, 1.1)), LONGEST_WISH)
    return min(timedelta(seconds=2.0 ** min(attempts, 10) * random.uniform(0.7, 1.3)), LONGEST_WAIT)


def _notice(connection: Connection, task: Task, result: Result, now: datetime) -> None:
    """One line for whatever stands in the way, however many items it concerns; none for what does no more."""
    ours, decision = task.wish.ref.connection, result.decision
    shown = {topic: line for name, topic, line, _ in applied.shown(connection) if name == ours}
    lines: dict[str, str | None] = {pauses.TOPIC: None}
    for target in {*decision.stands, *result.refused}:
        if target in result.refused or f"refused {target}" in shown:
            lines[f"refused {target}"] = _refusal(connection, task, target)
    if result.not_quiet is not None:
        lines[f"quiet {task.project}"] = f"no fields are written in {task.project}: {result.not_quiet}"
    elif decision.writes:
        lines |= {f"quiet {task.project}": None, f"refused in {task.project}": None, gone_in(task.project): None}
    for topic, line in lines.items():
        if shown.get(topic) != line:
            applied.notice(connection, ours, topic, line, now)


def _refusal(connection: Connection, task: Task, target: str) -> str | None:
    """Where a field was refused and why; None where it is refused nowhere any more."""
    found = written.refusals(connection, task.wish.ref.connection, target)
    if not found:
        return None
    example, words = found[0]
    row = items.rows(connection, [example]).get(example)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return refusal(target, task.wish.names.get(target, ""), f"{row.key if row else example.id}{more}", words)
