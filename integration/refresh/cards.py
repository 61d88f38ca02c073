"""The card step: what one item shows, from all its key results. Only this step writes the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from integration.core.cards import PASSENGERS, Shown
from integration.core.facts import ItemRef
from integration.core.items import Item, item_of, load
from integration.core.okr import Standing
from integration.core.scorecard import WriteBackRule
from integration.core.write_back import FieldValue, changes
from integration.refresh.drawing import Drawing, draw, shows_on
from integration.refresh.policy import NO_CATALOGUE, Policy, step
from integration.store import applied, check_ins, items, marks, outbox
from integration.store.db import Database
from integration.store.marks import Claimed
from integration.store.outbox import Written

BATCH = 100


def draw_cards(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    """Draws the cards marked longest ago and wishes what differs from what was written; returns how many."""
    with db.read() as connection:
        wanted = marks.oldest(connection, "card", limit)
    return step(db, policy, "card", wanted, lambda connection, claimed: _draw(connection, policy, claimed, now))


def _draw(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> None:
    refs = [ItemRef(*subject) for subject in claimed.details]
    rows = items.rows(connection, refs)
    written = outbox.written_on_all(connection, refs)
    catalogues = policy.catalogues(connection)
    told = {name: one.standing for name, one in check_ins.standings_of(connection).items()}
    for ref in refs:
        rule = policy.scorecard.write_back.get(ref.connection)
        row = rows.get(ref)
        if rule is None or row is None:
            outbox.withdraw(connection, ref)
            continue
        catalogue = catalogues.get(ref.connection, NO_CATALOGUE)
        item = item_of(load(row.state), ref, catalogue, policy.scorecard.connections.get(ref.connection))
        shown = _shown(connection, policy, rule, item, told)
        if any(one.standing.waiting for one in shown):
            continue  # a tracker is being read; what stands there may stand a moment longer
        drawing = draw(rule, item, shown, catalogue, policy.url) if shown else Drawing()
        for name in rule.fields:
            why = drawing.problems.get(name)
            if shown:
                message = None if why is None else f"{name}: {why}"
                applied.notice(connection, ref.connection, f"field {name}", message, now)
        _wish(connection, rule, item, drawing, written.get(ref, ()), now)


def _shown(
    connection: Connection, policy: Policy, rule: WriteBackRule, item: Item, told: Mapping[str, Standing]
) -> Sequence[Shown]:
    """The key results that the item shows, in the order in which it was linked to them."""
    ancestry = items.ancestry(connection, [item.ref]) if rule.to else {item.ref: None}
    since: dict[str, datetime] = {}
    for (_, key_result), at in items.linked_since(connection, list(ancestry)).items():
        since[key_result] = min(since.get(key_result, at), at)
    own = items.direct_links(connection, [item.ref]).get(item.ref, frozenset())
    if not shows_on(rule, item, tagged=bool(own)):
        return ()
    shown: list[Shown] = []
    for key_result in sorted(since, key=lambda one: (since[one], one)):
        found = policy.scorecard.find(key_result)
        if found is not None and key_result in told:
            shown.append(Shown(*found, told[key_result]))
    return shown


def _wish(
    connection: Connection, rule: WriteBackRule, item: Item, drawing: Drawing, written: Sequence[Written], now: datetime
) -> None:
    """Puts the card into the outbox where something of it is not written yet, or no longer stands there."""
    desired: dict[str, FieldValue] = {one.target: None for one in written if one.known or one.attempts}
    desired |= drawing.desired
    free = {
        target: value for target, value in desired.items() if target not in {one.target for one in written if one.held}
    }
    last = {one.target: one.value for one in written if one.known}
    passengers = frozenset(target for target, shows in drawing.shows.items() if shows in PASSENGERS)
    if not changes(free, last, passengers) and not any(_moved(one, item) for one in written):
        outbox.withdraw(connection, item.ref)
        return
    latest = max((one.written_at for one in written if one.written_at is not None), default=None)
    due_at = now if latest is None else max(now, latest + rule.every)
    outbox.want(connection, item.ref, desired, now, due_at)


def _moved(written: Written, item: Item) -> bool:
    """Whether the tracker told a value for our field that is neither ours nor the one we leave alone already."""
    if written.target not in item.fields or not (written.known or written.held):
        return False
    there = item.fields[written.target]
    ours = (written.value, *written.attempts)
    left_alone = written.held is not None and _alike(there, written.held[0])
    return not left_alone and not any(_alike(there, value) for value in ours)


def _alike(there: object, value: object) -> bool:
    return there == value or str(there).strip() == str(value).strip()
