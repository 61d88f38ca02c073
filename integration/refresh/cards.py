"""The card step: what one item shows, from all its key results. Only this step writes the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from integration.core.cards import Shown
from integration.core.facts import ItemRef
from integration.core.items import Item, item_of, load
from integration.core.okr import Standing
from integration.core.scorecard import WriteBackRule
from integration.core.write_back import FieldValue, alike, changes
from integration.refresh.drawing import Drawing, Site, draw, shows_on
from integration.refresh.policy import Policy, Writing, step
from integration.refresh.verifying import find_overwritten
from integration.store import applied, check_ins, items, marks, outbox, written
from integration.store.db import Database
from integration.store.marks import Claimed
from integration.store.outbox import BADGE
from integration.store.written import Written

BATCH = 25


def draw_cards(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    """Draws the cards marked longest ago and wishes what differs from what was written; returns how many."""
    with db.read() as connection:
        wanted = marks.oldest(connection, "card", limit, now) if policy.is_adopted(connection, now) else ()

    def look(_: Connection, claimed: Claimed) -> Writing:
        # A card is drawn from what publishers write meanwhile, so it looks and writes under one lock, a few at a time.
        return lambda connection: _draw(connection, policy, claimed, now)

    return step(db, policy, "card", wanted, look, now)


def _draw(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> None:
    refs = [ItemRef(*subject) for subject in claimed.details]
    rows = items.rows(connection, refs)
    known = find_overwritten(connection, written.on_items(connection, refs), policy.catalogues(connection))
    told = {name: one.standing for name, one in check_ins.standings_of(connection).items()}
    sites = {name: site_of(connection, policy, name) for name in {ref.connection for ref in refs}}
    notices = {(name, topic): line for name, topic, line, _ in applied.shown(connection)}
    nothing: list[ItemRef] = []
    for ref in refs:
        row, site = rows.get(ref), sites[ref.connection]
        if row is None or row.deleted or policy.scorecard.shown_on(ref.connection) is None:
            if row is not None and row.deleted:
                _forget(connection, row, now)
            nothing.append(ref)
            continue
        if site is None:
            continue  # the tracker's fields are being asked for; the answer marks this card anew
        item = item_of(load(row.state), ref, site.catalogue, policy.scorecard.connections.get(ref.connection))
        shown = _shown(connection, policy, site.rule, item, told)
        if any(one.standing.waiting for one in shown):
            continue  # a tracker is being read; what stands there may stand a moment longer
        drawing = draw(site, item, shown, policy.url)
        for topic, line in sorted(drawing.problems.items()):  # in one order, so that no two workers wait for each other
            if notices.get((ref.connection, topic)) != line:
                applied.notice(connection, ref.connection, topic, line, now)
        if not _wish(connection, site.rule, item, drawing, known.get(ref, ()), now):
            nothing.append(ref)
    outbox.withdraw(connection, nothing)


def gone_in(project: str) -> str:
    """The topic of the line about items of a project that the tracker does not show us any more."""
    return f"gone in {project}"


def _forget(connection: Connection, row: items.Row, now: datetime) -> None:
    """Of a deleted item there is nothing to remember, nor to wonder where it is."""
    written.forget(connection, row.ref)
    project = load(row.state).get("project")
    applied.notice(connection, row.ref.connection, gone_in(str(project.value) if project else ""), None, now)


def site_of(connection: Connection, policy: Policy, name: str) -> Site | None:
    """What the cards of a connection have in common; None where it has none, or its fields are not known yet."""
    rule, catalogue = policy.scorecard.shown_on(name), policy.catalogues(connection).get(name)
    if rule is None or catalogue is None:
        return None
    renamed = any(not catalogue.named(field) for field in rule.fields)
    former = written.targets(connection, name) if renamed else {}
    return Site(rule, catalogue, policy.inputs(name, catalogue), former)


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
    connection: Connection, rule: WriteBackRule, item: Item, drawing: Drawing, known: Sequence[Written], now: datetime
) -> bool:
    """Wishes the card where something of it is not written yet, or no longer stands there; False where all does."""
    for one in leaving(drawing, known):
        if one.held is not None and not one.put_back:
            _let_go(connection, rule, item.ref, one)
    desired = to_show(drawing, known)
    if not differs(desired, drawing, known, now) and not any(moved(one, item, now) for one in known):
        return False
    latest = max((one.written_at for one in known if one.written_at is not None), default=None)
    due_at = now if latest is None else max(now, latest + rule.every)
    names = {one.target: one.field for one in known} | drawing.names
    outbox.want(connection, item.ref, desired, now, due_at, {target: names[target] for target in desired})
    return True


def leaving(drawing: Drawing, known: Sequence[Written]) -> Sequence[Written]:
    """What is not to be shown any more: the link is gone, or the mapping does not name the field."""
    return [one for one in known if one.target not in drawing.desired and one.field not in drawing.missing]


def to_show(drawing: Drawing, known: Sequence[Written]) -> Mapping[str, FieldValue]:
    """What shall stand in each target that we write, wrote or may have written; None clears it."""
    gone = {
        one.target: None for one in leaving(drawing, known) if one.put_back or (one.held is None and _may_stand(one))
    }
    return gone | drawing.desired


def differs(
    desired: Mapping[str, FieldValue], drawing: Drawing, known: Sequence[Written], now: datetime
) -> Mapping[str, FieldValue]:
    """The smallest change that makes what we know to stand there what is desired.

    People's values are not ours to change, and what the tracker refused lately is not tried. Where a write was begun
    and never answered, or overwrote a person's value, it has to be looked at.
    """
    closed = {one.target for one in known if one.held is not None or one.refuses(now)}
    free = {target: value for target, value in desired.items() if target not in closed}
    last = {one.target: one.value for one in known if one.known}
    unsure = {one.target for one in known if one.attempts and one.target in free}
    unsure |= {one.target for one in known if one.put_back and one.target in desired}
    return {target: desired[target] for target in {*changes(free, last, drawing.passengers), *unsure}}


def _may_stand(one: Written) -> bool:
    return one.known or bool(one.attempts)


def _let_go(connection: Connection, rule: WriteBackRule, ref: ItemRef, one: Written) -> None:
    """A person's value stands in what we show no more. The mapping's giving up a field is its word on that, too."""
    if one.target != BADGE and one.field not in rule.fields:
        written.release(connection, ref, one.target)
    else:
        written.forget(connection, ref, one.target)


def moved(one: Written, item: Item, now: datetime) -> bool:
    """Whether the tracker told a value for our field that is neither ours nor the one that we leave alone already."""
    if one.target not in item.fields or one.refuses(now) or not (one.known or one.held):
        return False
    there = item.fields[one.target]
    if one.held is not None:
        return not alike(there, one.held[0])
    return not any(alike(there, value) for value in (one.value, *one.attempts))
