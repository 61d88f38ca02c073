"""One queued write-back: look, decide, write, record. No transaction is open while it talks.

Claiming commits a lease and every value that may stand in the tracker because of us, before anybody talks to it. So
after a crash between the tracker's answer and its recording, the value found there is known to be ours, and nothing is
written twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from integration.core.catalogue import Catalogue
from integration.core.errors import Conflict, Gone, Permanent, Refused, Retryable
from integration.core.items import load
from integration.core.scorecard import WriteBackRule
from integration.core.write_back import Badge, FieldValue, Verdict, may_overwrite
from integration.store import applied, items, outbox, reads
from integration.store.db import Database
from integration.store.outbox import BADGE, LEASE, Wish, Written
from integration.trackers.contract import Current, TrackerClient, client_of

LONGEST_WAIT = timedelta(minutes=15)
# A lease must outlast the call that is about to be made; less than this of it left, and another worker may begin.
LEAST_LEASE = timedelta(seconds=90)
CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class Task:
    """One claimed wish, with everything known before talking."""

    wish: Wish
    rule: WriteBackRule
    known: Mapping[str, Written]
    catalogue: Catalogue
    project: str
    deadline: datetime


@dataclass(slots=True)
class Result:
    """What came of talking: what stands there now because of us, what a person holds, and what could not be written."""

    stands: dict[str, FieldValue] = field(default_factory=dict)
    held: dict[str, FieldValue] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    not_quiet: str | None = None


def publish(
    db: Database,
    rules: Mapping[str, WriteBackRule],
    clients: Mapping[str, TrackerClient],
    now: Callable[[], datetime],
) -> bool:
    """Works on the wish that is due longest; False when none is. `rules` are the mapping's write-backs by connection."""
    with db.read() as connection:
        if not outbox.due(connection, now()):
            return False
    task = _claim(db, rules, now())
    if task is None:
        return True
    wish = task.wish
    try:
        result = _talk(client_of(clients, wish.ref.connection), task, now)
    except Gone:
        with db.write() as connection:
            outbox.forget(connection, wish)
    except (Retryable, Refused) as error:
        # A refusal is mended by people (a new token, a permission), without anybody telling us: ask again, seldom.
        with db.write() as connection:
            outbox.retry(connection, wish, now() + _wait(error, wish.attempts), error.reason)
    except Permanent as error:
        with db.write() as connection:
            outbox.give_up(connection, wish, error.reason)
    else:
        _record(db, task, result, now())
    return True


def _claim(db: Database, rules: Mapping[str, WriteBackRule], now: datetime) -> Task | None:
    with db.write() as connection:
        claimed = outbox.claim(connection, now, 1)
        if not claimed:
            return None
        wish = claimed[0]
        rule = rules.get(wish.ref.connection)
        if rule is None:
            # A mapping that no longer mentions a connection stops writing there; what we wrote stays remembered.
            outbox.drop(connection, wish)
            return None
        known = {one.target: one for one in outbox.written_on(connection, wish.ref)}
        outbox.attempt(connection, wish.ref, _changed(wish, known))
        row = items.rows(connection, [wish.ref]).get(wish.ref)
        project = load(row.state).get("project") if row else None
        return Task(
            wish=wish,
            rule=rule,
            known={one.target: one for one in outbox.written_on(connection, wish.ref)},
            catalogue=reads.load_catalogue(connection, wish.ref.connection) or Catalogue(),
            project=str(project.value) if project else "",
            deadline=now + LEASE - LEAST_LEASE,
        )


def _changed(wish: Wish, known: Mapping[str, Written]) -> Mapping[str, FieldValue]:
    """What differs from what we wrote last, as far as we know."""
    return {
        target: value
        for target, value in wish.desired.items()
        if (target not in known or not known[target].known or known[target].value != value)
        and not (value is None and target not in known)
    }


def _talk(client: TrackerClient, task: Task, now: Callable[[], datetime]) -> Result:
    """Looks and writes, again where somebody wrote in between, and without the fields that the tracker refuses."""
    refused: dict[str, str] = {}
    for _ in range(CONFLICTS):
        if now() >= task.deadline:
            raise Retryable("the tracker took so long that another worker may have begun")
        try:
            result = _look_and_write(client, task, refused)
        except Conflict:
            continue
        except Permanent as error:
            named = {target: words for target, words in error.fields.items() if target in task.wish.desired}
            if not named or set(named) <= set(refused):
                raise
            refused |= named
            continue
        result.refused = refused
        return result
    raise Retryable("the item kept changing while we wrote")


def _look_and_write(client: TrackerClient, task: Task, refused: Mapping[str, str]) -> Result:
    result = Result()
    desired = {target: value for target, value in task.wish.desired.items() if target not in refused}
    if task.rule.quiet and any(target != BADGE for target in desired):
        result.not_quiet = client.why_not_quiet(task.project)
        if result.not_quiet is not None:
            desired = {target: value for target, value in desired.items() if target == BADGE}
    fields = {target: value for target, value in desired.items() if target != BADGE}
    badge_changes = BADGE in desired and desired[BADGE] != _last(task.known.get(BADGE))
    if not fields and not badge_changes:
        return result
    current = client.current(task.wish.ref.id, list(fields), badge=badge_changes)
    writes: dict[str, FieldValue] = {}
    for target, value in fields.items():
        verdict = _verdict(client, task, target, value, current)
        if verdict == "person":
            result.held[target] = current.fields.get(target)
            continue
        result.stands[target] = value
        if verdict == "write":
            writes[target] = value
    badge = _badge(desired.get(BADGE)) if badge_changes else None
    remove_badge = badge_changes and badge is None and current.badge is not None
    new_badge = badge if badge is not None and badge != current.badge else None
    if badge_changes:
        result.stands[BADGE] = desired[BADGE]
    if writes or new_badge is not None or remove_badge:
        client.write(
            task.wish.ref.id,
            writes,
            badge=new_badge,
            remove_badge=remove_badge,
            revision=current.revision,
            quiet=task.rule.quiet,
        )
    return result


def _verdict(client: TrackerClient, task: Task, target: str, value: FieldValue, current: Current) -> str:
    """`equal`: it stands there already; `write`: what stands there is ours or nobody's; `person`: it is theirs."""
    kind = next((known.type for known in task.catalogue.fields if known.id == target), "other")
    there = current.fields.get(target)

    def same(ours: FieldValue, theirs: FieldValue) -> bool:
        return client.same(kind, ours, theirs)

    if same(value, there):
        return "equal"
    known = task.known.get(target)
    verdict = may_overwrite(
        there,
        last_written=known.value if known else None,
        attempts=known.attempts if known else (),
        held=known.held if known else None,
        edit=lambda: client.last_edit(task.wish.ref.id, target),
        account=task.catalogue.account,
        same=same,
    )
    return "write" if verdict is Verdict.OURS else "person"


def _last(known: Written | None) -> FieldValue:
    return known.value if known else None


def _badge(text: FieldValue) -> Badge | None:
    return Badge(**orjson.loads(text)) if isinstance(text, str) and text else None


def _record(db: Database, task: Task, result: Result, now: datetime) -> None:
    """Keeps what came of it. The next write to this item waits for its turn."""
    wish, ref = task.wish, task.wish.ref
    with db.write() as connection:
        for target, value in result.held.items():
            outbox.hold(connection, ref, target, value)
        outbox.settle(connection, wish, result.stands, now, now + task.rule.every)
        for target, words in result.refused.items():
            name = next((known.name for known in task.catalogue.fields if known.id == target), target)
            applied.notice(connection, ref.connection, f"refused {target}", f"{name} cannot be written: {words}", now)
        for target in set(result.stands) - {BADGE}:
            applied.notice(connection, ref.connection, f"refused {target}", None, now)
        if task.rule.quiet and task.project:
            why = None if result.not_quiet is None else f"no fields are written in {task.project}: {result.not_quiet}"
            applied.notice(connection, ref.connection, f"quiet {task.project}", why, now)


def _wait(error: Retryable | Permanent, attempts: int) -> timedelta:
    """The tracker's own wish, else doubling from a second; spread, so that many items do not come back at once."""
    wished = error.after if isinstance(error, Retryable) else None
    seconds = wished if wished is not None else 2.0 ** min(attempts, 10)
    return min(timedelta(seconds=seconds * random.uniform(1.0, 1.3)), LONGEST_WAIT)
