"""Drawing all that is derived anew from what is kept: items, links, standings, cards.

Items are folded again with the vocabulary and the mapping of today, and with what facts tell of their end; then key results
are measured, then cards are drawn. All of it is done by marks, which steps delete as they go: a rebuild that is killed has
left some of them, a worker goes on with these, and another rebuild begins anew. A worker may be at work meanwhile.

The fields of an item are kept in its fold and nowhere else (`core.facts.ItemSeen`): they are folded again, not found again.
What a tracker says otherwise, a rescan or a backfill tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from integration.core.okr import Standing
from integration.refresh import (
    Policy,
    draw_cards,
    fold_items,
    measure_key_results,
    reach_key_results,
    showing,
)
from integration.store import check_ins, facts, items, marks, outbox
from integration.store.db import Database
from integration.store.items import Counts
from integration.store.marks import Kind, Mark, Subject
from integration.store.statements import in_batches

BETWEEN_REPORTS = 0.5
"""Seconds: counting what is left of half a million marks takes a while itself."""
REST = 0.05
"""Seconds between two looks where nothing is to be done at the moment: measuring waits for a burst to settle."""

Report = Callable[[str, int, int], None]
"""Told what is being refreshed, and how many of how many are done."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is derived, in numbers."""

    counts: Counts
    standings: Mapping[str, Standing]
    to_write: int
    """Items that do not show yet what they shall show."""


def picture(db: Database) -> Picture:
    with db.read() as connection:
        told = {name: one.standing for name, one in check_ins.standings_of(connection).items()}
        return Picture(items.counts(connection), told, len(outbox.wishes(connection, "wanted")))


def changed(before: Picture, after: Picture) -> Mapping[str, tuple[Standing | None, Standing | None]]:
    """The key results whose numbers are others now. Pace moves with the clock and is no number of the work."""

    def numbers(one: Standing | None) -> object:
        return None if one is None else (one.current, one.progress, one.work, one.reason)

    names = sorted({*before.standings, *after.standings})
    pairs = {name: (before.standings.get(name), after.standings.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if numbers(pair[0]) != numbers(pair[1])}


def rebuild(db: Database, policy: Policy, clock: Clock, report: Report, *, works: bool) -> None:
    """Marks everything, one kind of thing after the other, and works on it or (not `works`) waits for who does.

    Raises `Outdated` where a mapping is applied meanwhile: that marks everything, too.
    """
    with db.read() as connection:
        known = items.refs(connection)
    for some in in_batches(known):
        with db.write(synced=False) as connection:
            policy.check(connection)
            facts.tell_again(connection, some)
            marks.add(connection, [Mark("item", (ref.connection, ref.id), clock()) for ref in some])
    _follow(db, policy, clock, report, ("item", "reach"), works=works)
    _mark(db, policy, clock, "key result", [("", one.id) for _, one in policy.scorecard.key_results()])
    _follow(db, policy, clock, report, ("key result",), works=works)
    with db.read() as connection:
        shown = sorted(showing(connection, policy.scorecard))
    _mark(db, policy, clock, "card", [(ref.connection, ref.id) for ref in shown])
    _follow(db, policy, clock, report, ("card",), works=works)


def _mark(db: Database, policy: Policy, clock: Clock, kind: Kind, subjects: Iterable[Subject]) -> None:
    for some in in_batches(list(subjects)):
        with db.write(synced=False) as connection:
            policy.check(connection)
            marks.add(connection, [Mark(kind, subject, clock()) for subject in some])


def _follow(
    db: Database, policy: Policy, clock: Clock, report: Report, kinds: tuple[Kind, ...], *, works: bool
) -> None:
    """Until nothing of these kinds is marked for now; what was put off is not waited for."""
    most, due = 0, 0.0
    while True:
        with db.read() as connection:
            policy.check(connection)
            waits = marks.any_before(connection, kinds, clock())
            if not waits or time.monotonic() >= due:
                left = sum(marks.pending(connection, kinds).values())
                most, due = max(most, left), time.monotonic() + BETWEEN_REPORTS
                report(kinds[0], most - left, most)
        if not waits:
            return
        if not (works and _work(db, policy, clock, kinds)):
            time.sleep(REST)


def _work(db: Database, policy: Policy, clock: Clock, kinds: Collection[Kind]) -> int:
    """The steps of these kinds and no others: what follows from half of the items is not worth measuring."""
    worked = 0
    if "item" in kinds:
        worked += fold_items(db, policy, clock()) + reach_key_results(db, policy, clock())
    if "key result" in kinds:
        worked += measure_key_results(db, policy, clock(), clock())
    if "card" in kinds:
        worked += draw_cards(db, policy, clock())
    return worked
