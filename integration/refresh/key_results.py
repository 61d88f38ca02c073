"""The key result step: gather the linked work or the check-ins, measure, and mark the cards that show it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from integration.core.facts import ItemRef
from integration.core.items import Item, item_of, load
from integration.core.okr import CheckIn, Standing
from integration.core.scorecard import Count, KeyResult, Measured, Scorecard, Work
from integration.refresh.asking import unanswered
from integration.refresh.counting import unfolded, unread
from integration.refresh.guarding import guardrails_of
from integration.refresh.kpis import figure
from integration.refresh.measuring import Gathered, measure
from integration.refresh.policy import NO_CATALOGUE, Policy, Writing, step
from integration.store import check_ins, counted, items, marks, reads
from integration.store.db import Database
from integration.store.items import Row
from integration.store.marks import Claimed, Mark
from integration.store.reads import Read

NEXT_LOOK = timedelta(seconds=2)
BETWEEN_CATALOGUES = timedelta(minutes=5)
"""However many statuses there are that nobody knows, a tracker is not asked more often what they mean."""


def measure_key_results(db: Database, policy: Policy, now: datetime, today: datetime) -> int:
    """Measures the key results whose marks have settled; returns how many. `today` is the moment that numbers are as of."""
    with db.read() as connection:
        wanted = marks.settled(connection, "key result", now)
    done = 0
    for subject in wanted:
        done += step(
            db, policy, "key result", [subject], lambda c, claimed: _measure(c, policy, claimed, now, today), now
        )
    return done


def _measure(connection: Connection, policy: Policy, claimed: Claimed, now: datetime, today: datetime) -> Writing:
    writings = [_measure_one(connection, policy, key_result, now, today) for _, key_result in claimed.details]

    def write(connection: Connection) -> None:
        for writing in writings:
            writing(connection)

    return write


def _measure_one(connection: Connection, policy: Policy, key_result: str, now: datetime, today: datetime) -> Writing:
    found = policy.scorecard.find(key_result)
    if found is None:
        return lambda _: None  # it is not in the mapping any more; its history stays
    before = check_ins.standings_of(connection, [key_result]).get(key_result)
    gathered = replace(
        gather(connection, policy, found[1]), guardrails=guardrails_of(connection, policy.scorecard, found[0])
    )
    day = today.astimezone(policy.scorecard.timezone).date()
    scope, scope_day = (before.scope_before(day), before.scope_day) if before else (None, None)
    history = check_ins.history(connection, key_result)
    standing = measure(policy.scorecard, *found, gathered, history, today, scope, policy.catalogues(connection))
    if scope is None:
        known = standing.work is not None and day >= found[0].cycle.first
        scope, scope_day = (standing.work.scope, day) if known and standing.work is not None else (None, None)
    puzzling = _puzzling(connection, standing, gathered, now)
    shown: Collection[ItemRef] = ()
    if before is None or replace(before.standing, as_of=standing.as_of) != standing:
        shown = sorted(_shown_on(policy, gathered))

    def write(connection: Connection) -> None:
        check_ins.save_standing(connection, standing, scope, scope_day)
        for ref, due in puzzling.items():
            reads.want_again(connection, "catalogue", [ref], due)
        if standing.work is not None or standing.current is not None or before is not None:
            _check_in(connection, policy.scorecard, found[1], standing)
        marks.add(connection, [Mark("card", (ref.connection, ref.id), now) for ref in shown])
        if gathered.look_again:
            marks.add(connection, [Mark("key result", ("", key_result), now + NEXT_LOOK)])

    return write


def _puzzling(
    connection: Connection, standing: Standing, gathered: Gathered, now: datetime
) -> Mapping[ItemRef, datetime]:
    """The trackers to ask anew, and when: an item has a status that was not there when they last told what theirs mean."""
    if standing.work is not None or gathered.waiting or gathered.failed:
        return {}
    puzzling = {ref.connection for ref, item in gathered.items.items() if item.state is None and item.status}
    dates = reads.catalogue_dates(connection)
    asked = {read.ref for read in reads.unanswered(connection, [ItemRef(name, "") for name in puzzling])}
    return {
        ref: max(now, dates[name] + BETWEEN_CATALOGUES)
        for name in sorted(puzzling & dates.keys())
        if (ref := ItemRef(name, "")) not in asked
    }


def gather(connection: Connection, policy: Policy, key_result: KeyResult) -> Gathered:
    """Reads the work below a key result, who else counts it, and what is still unknown of it."""
    direct = items.linked_to(connection, key_result.id)
    if not isinstance(key_result.measure, Work):
        tagged = Gathered(direct, _items(connection, policy, items.rows(connection, direct).values()), {})
        if isinstance(key_result.measure, Measured):
            return replace(tagged, measured=figure(connection, policy, key_result, key_result.measure))
        return _count(connection, policy, key_result, tagged)
    rows = {**items.rows(connection, direct), **{row.ref: row for row in items.descendants(connection, direct)}}
    unheard = {ref.connection for ref in direct} - set(policy.catalogues(connection))
    waiting, failed = _unanswered(connection, rows, unheard)
    asked, refused = unanswered(connection, policy.scorecard, key_result)
    return Gathered(
        direct=direct,
        items=_items(connection, policy, rows.values()),
        elsewhere=_elsewhere(connection, policy, key_result, rows),
        waiting=waiting or asked,
        failed=failed or refused,
        look_again=bool(asked),
    )


def _count(connection: Connection, policy: Policy, key_result: KeyResult, tagged: Gathered) -> Gathered:
    """Adds the number of items that a key result counts, or why it cannot be known yet."""
    if not isinstance(key_result.measure, Count):
        return tagged
    selector = key_result.measure.selector
    asked, refused = unanswered(connection, policy.scorecard, key_result)
    failed = unread(connection, policy.scorecard, selector) or refused
    waiting = "" if failed else asked or unfolded(connection, policy, selector)
    return replace(
        tagged,
        counted=counted.number(connection, key_result.id),
        waiting=waiting,
        failed=failed,
        look_again=bool(waiting),
    )


def _items(connection: Connection, policy: Policy, rows: Collection[Row]) -> Mapping[ItemRef, Item]:
    catalogues = policy.catalogues(connection)
    rules = policy.scorecard.connections
    return {
        row.ref: replace(
            item_of(
                load(row.state),
                row.ref,
                catalogues.get(row.ref.connection, NO_CATALOGUE),
                rules.get(row.ref.connection),
            ),
            parent=row.parent,
        )
        for row in rows
    }


def _unanswered(connection: Connection, rows: Mapping[ItemRef, Row], names: Collection[str]) -> tuple[str, str]:
    """What a tracker has not told yet of this work, and what it could not tell."""
    there = [ref for ref, row in rows.items() if not row.deleted]
    questions: list[Read] = list(reads.unanswered(connection, [*there, *(ItemRef(name, "") for name in names)]))
    dead = [one for one in questions if one.state == "dead"]
    if dead:
        return "", f"could not read {_named(dead[0], rows)}: {dead[0].reason}"
    unfolded = marks.answers_unfolded(connection)
    late = sorted(row.key for ref, row in rows.items() if (ref.connection, ref.id) in unfolded)
    if late and not questions:
        return f"still reading {late[0]} and what is below it", ""
    if questions:
        more = f" and {len(questions) - 1} more" if len(questions) > 1 else ""
        trouble = f" (so far: {questions[0].reason})" if questions[0].reason else ""
        return f"still reading {_named(questions[0], rows)}{more}{trouble}", ""
    return "", ""


def _named(read: Read, rows: Mapping[ItemRef, Row]) -> str:
    if read.kind == "catalogue":
        return f"the fields and states of {read.ref.connection}"
    key = rows[read.ref].key if read.ref in rows else read.ref.id
    return f"{key} and what is below it" if read.kind == "subtree" else key


def _elsewhere(
    connection: Connection, policy: Policy, key_result: KeyResult, rows: Mapping[ItemRef, Row]
) -> Mapping[ItemRef, frozenset[str]]:
    """For each item, the other measured-by-work key results that reach it through any parent."""
    ancestry = items.ancestry(connection, rows)
    direct = items.direct_links(connection, ancestry)
    by_work = {one.id for _, one in policy.scorecard.key_results() if isinstance(one.measure, Work)} - {key_result.id}
    others: dict[ItemRef, frozenset[str]] = {}

    def reached(ref: ItemRef, below: tuple[ItemRef, ...] = ()) -> frozenset[str]:
        if ref not in others:
            parent = ancestry.get(ref)
            above = reached(parent, (*below, ref)) if parent is not None and parent not in below else frozenset()
            others[ref] = above | {link.key_result for link in direct.get(ref, ()) if link.key_result in by_work}
        return others[ref]

    return {ref: found for ref in rows if (found := reached(ref))}


def _shown_on(policy: Policy, gathered: Gathered) -> set[ItemRef]:
    """The items whose cards may show this key result; a card decides for itself."""
    shown = set(gathered.direct)
    for ref in gathered.items:
        rule = policy.scorecard.write_back.get(ref.connection)
        if rule is not None and rule.to:
            shown.add(ref)
    return {ref for ref in shown if ref.connection in policy.scorecard.write_back}


def _check_in(connection: Connection, scorecard: Scorecard, key_result: KeyResult, standing: Standing) -> None:
    """Keeps a computed value as the day's check-in."""
    if not isinstance(key_result.measure, Work | Count | Measured):
        return
    check_ins.add(
        connection,
        CheckIn(
            key_result=key_result.id,
            at=standing.as_of,
            day=standing.as_of.astimezone(scorecard.timezone).date(),
            value=standing.current,
            origin="computed",
            reason=standing.reason,
        ),
    )
