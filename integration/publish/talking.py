"""Talking to the tracker about one wish: look, decide, say what we are about to write, write.

No transaction is open meanwhile, but for the short one that commits a value before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integration.core.errors import Conflict, Gone, NotQuiet, Permanent, Refused, Retryable
from integration.publish.decision import Decision, Desired, look
from integration.store import outbox, written
from integration.store.db import Database
from integration.store.outbox import BADGE, LEASE, Wish
from integration.store.written import Sent
from integration.trackers.budget import asking
from integration.trackers.contract import TrackerClient

# A lease must outlast the calls that are about to be made: two, each of which may take `trackers.http.LONGEST_CALL`.
LEAST_LEASE = timedelta(seconds=150)
MOST_CONFLICTS = 5
TOLD_BY_HISTORY = frozenset({"number", "text"})
"""Types of fields whose history tells values just as the field shows them."""


@dataclass(frozen=True, slots=True)
class Task:
    """One claimed wish, with everything known before talking."""

    wish: Wish
    wanted: Desired
    project: str
    newest_fact: int
    """The item's newest fact when the wish was claimed."""
    claimed_at: datetime

    def mind_lease(self, now: datetime) -> None:
        """Raises `Retryable` where the next calls could take longer than the wish is ours."""
        if now >= self.claimed_at + LEASE - LEAST_LEASE:
            raise Retryable("the tracker took so long that another worker may have begun")


@dataclass(slots=True)
class Result:
    """What came of talking."""

    decision: Decision = field(default_factory=Decision)
    refused: dict[str, str] = field(default_factory=dict)
    """Target -> the tracker's words."""
    not_quiet: str | None = None
    """Why fields could not be written without sending mail; then none was."""
    asked_to_wait: float = 0.0


def talk(db: Database, client: TrackerClient, task: Task, now: Callable[[], datetime]) -> Result:
    """Looks and writes, again where somebody wrote in between, and without the fields that the tracker refuses."""
    result, conflicts = Result(), 0
    while conflicts < MOST_CONFLICTS:
        task.mind_lease(now())
        values = {target: value for target, value in task.wanted.values.items() if target not in result.refused}
        with asking("look"):
            result.decision = look(client, replace(task.wanted, values=values))
            result.refused |= result.decision.refused
            if result.decision.writes and task.wanted.rule.quiet:
                task.mind_lease(now())
                result.not_quiet = client.why_not_quiet(task.project)
        if result.not_quiet is not None:
            result.decision = result.decision.without_fields()
        try:
            _write(db, client, task, result, now)
        except Conflict:
            conflicts += 1
            continue
        except NotQuiet as error:
            result.not_quiet, result.decision = error.reason, result.decision.without_writes()
        except Permanent as error:
            named = {target: words for target, words in error.fields.items() if target in result.decision.writes}
            if not named:
                raise
            result.refused |= named  # which are fewer to try each time, however many there are
            continue
        result.asked_to_wait = client.asked_to_wait()
        return result
    raise Retryable("the item kept changing while we wrote")


def _write(db: Database, client: TrackerClient, task: Task, result: Result, now: Callable[[], datetime]) -> None:
    """Writes what was decided: all at once, and where the tracker refuses that without naming a field, without the badge."""
    decision = result.decision
    if not decision.writes and not decision.writes_badge:
        return
    task.mind_lease(now())
    _announce(db, task, decision)
    try:
        _send(client, task, decision)
    except (Gone, NotQuiet):
        raise
    except Permanent as error:
        everywhere = isinstance(error, Refused) and error.scope == "connection"
        if everywhere or not decision.writes_badge or any(target in decision.writes for target in error.fields):
            raise
        if decision.writes:
            task.mind_lease(now())
            _send(client, task, replace(decision, badge=None, remove_badge=False))
        del decision.stands[BADGE]
        result.refused[BADGE] = error.reason


def _send(client: TrackerClient, task: Task, decision: Decision) -> None:
    with asking("write"):
        client.write(
            task.wish.ref.id,
            decision.writes,
            badge=decision.badge,
            remove_badge=decision.remove_badge,
            revision=decision.revision,
            quiet=task.wanted.rule.quiet,
        )


def _announce(db: Database, task: Task, decision: Decision) -> None:
    """Commits what may stand in the tracker from now on because of us."""
    values = dict(decision.writes)
    if decision.writes_badge:
        values[BADGE] = task.wanted.values[BADGE]
    kinds = {known.id: known.type for known in task.wanted.catalogue.fields}
    sent = {
        target: Sent(saw=decision.saw[target], wrote=value, after=task.newest_fact)
        for target, value in decision.writes.items()
        if decision.revision is None and kinds.get(target) in TOLD_BY_HISTORY
    }
    with db.write() as connection:
        if not outbox.is_ours(connection, task.wish):
            raise Retryable("another worker took over")
        written.announce(connection, task.wish.ref, values, task.wanted.names, sent)
