"""Drawing all that is derived anew from what is kept: items, links, delivery facts, measurements, standings, cards.

Items are folded again with the vocabulary and the mapping of today, and with what facts tell of their end. By today's rules
delivery facts are derived from all that trackers told and others pushed, and attributed to each other; KPIs are measured,
with the history of every day; then key results are measured, then cards are drawn. All of it is done by marks, which steps
delete as they go: a rebuild that is killed has left some of them, a worker goes on with these, and another rebuild begins
anew. A worker may be at work meanwhile.

The fields of an item are kept in its fold and nowhere else (`core.facts.ItemSeen`): they are folded again, not found again.
What a tracker says otherwise, a rescan or a backfill tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from integration.core.kpi.summary import Summary
from integration.core.okr import Standing
from integration.refresh import (
    Policy,
    attribute_facts,
    derive_facts,
    draw_cards,
    fold_items,
    measure_key_results,
    measure_kpis,
    reach_key_results,
    showing,
)
from integration.refresh.attributing_all import marks_of_all
from integration.refresh.delivery import ANEW
from integration.store import check_ins, delivery_whole, facts, items, marks, measurements, outbox, pushed
from integration.store.db import Database
from integration.store.delivery import Key
from integration.store.instants import EPOCH
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
    delivery: Mapping[str, int]
    """How many production deployments, changes and incidents."""
    kpis: Mapping[str, Summary]
    days: Mapping[str, Mapping[date, object]]
    """What each KPI was on each day of its history."""


@dataclass(frozen=True, slots=True)
class KpiChange:
    """A KPI as measured before and after, and how many days of its history are others now."""

    before: Summary | None
    after: Summary | None
    days: int


def picture(db: Database) -> Picture:
    with db.read() as connection:
        told = {name: one.standing for name, one in check_ins.standings_of(connection).items()}
        kpis = {name: one.summary for name, one in measurements.newest(connection).items()}
        return Picture(
            items.counts(connection),
            told,
            len(outbox.wishes(connection, "wanted")),
            delivery_whole.counts(connection),
            kpis,
            {name: {day: _figure(one) for day, one in measurements.days(connection, name)} for name in kpis},
        )


def changed_kpis(before: Picture, after: Picture) -> Mapping[str, KpiChange]:
    """The KPIs whose numbers are others now, today's or those of any day."""
    found = {}
    for name in sorted({*before.kpis, *after.kpis}):
        then, now = before.kpis.get(name), after.kpis.get(name)
        was, became = before.days.get(name, {}), after.days.get(name, {})
        days = sum(was.get(day) != became.get(day) for day in {*was, *became})
        if days or _figure(then) != _figure(now):
            found[name] = KpiChange(then, now, days)
    return found


def _figure(one: Summary | None) -> object:
    """What people read of a measurement: not how many facts it took, which may change without the number."""
    return None if one is None else (one.value, one.unit, one.reason)


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
    if policy.scorecard.watched:
        _rebuild_delivery(db, policy, clock, report, works=works)
    _mark(db, policy, clock, "key result", [("", one.id) for _, one in policy.scorecard.key_results()])
    _follow(db, policy, clock, report, ("key result",), works=works)
    with db.read() as connection:
        shown = sorted(showing(connection, policy.scorecard))
    _mark(db, policy, clock, "card", [(ref.connection, ref.id) for ref in shown])
    _follow(db, policy, clock, report, ("card",), works=works)


def _rebuild_delivery(db: Database, policy: Policy, clock: Clock, report: Report, *, works: bool) -> None:
    """Delivery facts, what they make of each other, and what is measured of them: each when the one before is done."""
    with db.read() as connection:
        told = {*facts.subjects(connection), *pushed.subjects(connection), *delivery_whole.subjects(connection)}
        told |= {(ref.connection, f"{facts.ITEM}{ref.id}") for ref in items.refs(connection)}
    _mark(db, policy, clock, "delivery", sorted(told), ANEW)
    _follow(db, policy, clock, report, ("delivery",), works=works)
    with db.write(synced=False) as connection:
        delivery_whole.forget_strays(connection)
    after: Key | None = None
    while True:
        with db.write(synced=False) as connection:
            policy.check(connection)
            some = delivery_whole.after(connection, after)
            marks.add(connection, marks_of_all(some, policy.scorecard, clock()))
        if not some:
            break
        after = (some[-1].stream, some[-1].id)
    _follow(db, policy, clock, report, ("attribution",), works=works)
    with db.write(synced=False) as connection:
        policy.check(connection)
        ever = marks.since(EPOCH)
        marks.add(connection, [Mark("kpi", ("", name), clock(), ever) for name in sorted(policy.scorecard.watched)])
    _follow(db, policy, clock, report, ("kpi",), works=works)


def _mark(
    db: Database, policy: Policy, clock: Clock, kind: Kind, subjects: Iterable[Subject], detail: str | None = None
) -> None:
    for some in in_batches(list(subjects)):
        with db.write(synced=False) as connection:
            policy.check(connection)
            marks.add(connection, [Mark(kind, subject, clock(), detail) for subject in some])


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
    if "delivery" in kinds:
        worked += derive_facts(db, policy, clock())
    if "attribution" in kinds:
        worked += attribute_facts(db, policy, clock())
    if "kpi" in kinds:
        worked += measure_kpis(db, policy, clock(), clock())
    if "key result" in kinds:
        worked += measure_key_results(db, policy, clock(), clock())
    if "card" in kinds:
        worked += draw_cards(db, policy, clock())
    return worked
