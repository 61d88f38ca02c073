"""The item step: fold what was seen of an item; if that changed something, say what must look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.facts import ItemRef, ItemSeen
from integration.core.items import Item, dump, item_of, join, load
from integration.core.links import Link, counted_by, links_of
from integration.refresh.policy import NO_CATALOGUE, Policy, Writing, step
from integration.store import applied, counted, items, marks, queries, reads, written
from integration.store.db import Database
from integration.store.facts import ITEM
from integration.store.items import Row
from integration.store.marks import Claimed, Mark, Subject

BATCH = 100

Links: TypeAlias = Mapping[ItemRef, frozenset[Link]]


@dataclass(frozen=True, slots=True)
class Folded:
    """An item before and after what was newly seen of it."""

    row: Row
    item: Item
    before: Item | None
    was_under: str | None


def fold_items(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    """Folds the items marked longest ago; returns how many."""
    with db.read() as connection:
        wanted = marks.oldest(connection, "item", limit, now)
    return fold(db, policy, wanted, now)


def fold(db: Database, policy: Policy, wanted: Sequence[Subject], now: datetime) -> int:
    """Folds those of these items that are marked and that nobody else is folding; returns how many."""
    return step(db, policy, "item", wanted, lambda connection, claimed: _fold(connection, policy, claimed, now), now)


def _fold(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> Writing:
    applied.hold_still(connection)
    policy.check(connection)
    refs = [ItemRef(*subject) for subject in claimed.details]
    catalogues = policy.catalogues(connection)
    known = items.rows(connection, refs)
    seen, sighting_ids = items.unfolded(connection, refs)
    answers = queries.answered_by(connection, refs)
    folded: Sequence[Folded] = [
        one
        for ref in refs
        if ref in known or ref in seen
        for one in [
            _folded(ref, known.get(ref), seen.get(ref, ()), catalogues.get(ref.connection, NO_CATALOGUE), policy)
        ]
    ]
    folded = [replace(one, item=replace(one.item, answers=answers.get(one.row.ref, frozenset()))) for one in folded]
    folded, unseen = _resolve_parents(connection, folded)
    before, after = _links(connection, policy, folded, catalogues)
    told = [*_consequences(connection, policy, folded, before, after, catalogues, now)]
    counted_before, counted_after = _counts(connection, policy, folded, catalogues)
    recounted = {one for ref in counted_after for one in counted_before.get(ref, frozenset()) ^ counted_after[ref]}
    told += [Mark("key result", ("", one), now) for one in sorted(recounted)]
    if policy.scorecard.watched:
        told += [Mark("delivery", (one.row.ref.connection, f"{ITEM}{one.row.ref.id}"), now) for one in folded]
    # Whatever the answers to a question changed, who waited for them must look again.
    asked = {(name, root) for (name, _), roots in claimed.details.items() for root in roots}

    def write(connection: Connection) -> None:
        reads.want(connection, "item", unseen, now)
        items.save(connection, [one.row for one in folded if one.row != known.get(one.row.ref)], sighting_ids)
        items.replace_links(connection, before, after, now)
        counted.replace(connection, counted_before, counted_after)
        marks.add(connection, told)
        marks.look_again(connection, asked, now)

    return write


def _folded(ref: ItemRef, row: Row | None, seen: Sequence[ItemSeen], catalogue: Catalogue, policy: Policy) -> Folded:
    rule = policy.scorecard.connections.get(ref.connection)
    state = load(row.state) if row else {}
    joined = join(state, seen)
    item = item_of(joined, ref, catalogue, rule)
    before = item_of(state, ref, catalogue, rule) if row else None
    return Folded(
        Row(ref, item.key, item.parent, item.deleted, dump(joined)), item, before, row.parent if row else None
    )


def _resolve_parents(connection: Connection, folded: Sequence[Folded]) -> tuple[Sequence[Folded], Sequence[ItemRef]]:
    """Where a parent is told by its key, its id takes its place. Also returns the parents that were never seen."""
    named = {ItemRef(one.row.ref.connection, one.row.parent) for one in folded if one.row.parent}
    present = {one.row.ref for one in folded} | set(items.parents(connection, named))
    by_key = items.ids_of_keys(connection, named - present)
    resolved: list[Folded] = []
    unseen: set[ItemRef] = set()
    for one in folded:
        parent = ItemRef(one.row.ref.connection, one.row.parent) if one.row.parent else None
        if parent is not None and parent not in present:
            told = by_key.get(ItemRef(parent.connection, parent.id.upper()))
            if told is None:
                unseen.add(parent)
            else:
                resolved.append(replace(one, row=replace(one.row, parent=told)))
                continue
        resolved.append(one)
    return resolved, sorted(unseen)


def _links(
    connection: Connection, policy: Policy, folded: Sequence[Folded], catalogues: Mapping[str, Catalogue]
) -> tuple[Links, Links]:
    """The items' direct links as they are, and as the mapping says them now."""
    refs = [one.row.ref for one in folded]
    by_hand = items.by_hand(connection, refs)
    after = {
        one.row.ref: links_of(
            one.item,
            policy.scorecard,
            catalogues.get(one.row.ref.connection, NO_CATALOGUE),
            by_hand.get(one.row.ref, ()),
        )
        for one in folded
    }
    return items.direct_links(connection, refs), after


def _counts(
    connection: Connection, policy: Policy, folded: Sequence[Folded], catalogues: Mapping[str, Catalogue]
) -> tuple[Mapping[ItemRef, frozenset[str]], Mapping[ItemRef, frozenset[str]]]:
    """The key results that count the items, as it was and as the mapping says now."""
    after = {
        one.row.ref: counted_by(one.item, policy.scorecard, catalogues.get(one.row.ref.connection, NO_CATALOGUE))
        for one in folded
    }
    return counted.counting(connection, after), after


def _consequences(
    connection: Connection,
    policy: Policy,
    folded: Sequence[Folded],
    linked_before: Links,
    linked_after: Links,
    catalogues: Mapping[str, Catalogue],
    now: datetime,
) -> Sequence[Mark]:
    """Marks for the item's own key results, for those it reaches through parents, and for its card."""
    told: list[Mark] = []
    ours = written.on_items(connection, [one.row.ref for one in folded])
    for one in folded:
        ref = one.row.ref
        catalogue = catalogues.get(ref.connection, NO_CATALOGUE)
        before, after = linked_before.get(ref, frozenset()), linked_after[ref]
        relinked = before != after
        moved = one.before is None or one.was_under != one.row.parent or one.before.deleted != one.item.deleted
        inputs = policy.inputs(ref.connection, catalogue)
        changed = moved or one.before is None or _inputs_of(one.before, inputs) != _inputs_of(one.item, inputs)
        if changed or relinked:
            told += [Mark("key result", ("", link.key_result), now) for link in sorted(before | after)]
            above = {parent for parent in (one.was_under, one.row.parent) if parent}
            key = _new_key(one) if catalogue.with_role("epic link") else ""
            if above or relinked or key:
                told.append(marks.reach((ref.connection, ref.id), now, above, below=moved or relinked, key=key))
        targets = {known.target for known in ours.get(ref, ())}
        if (
            relinked
            or _reshaped(one)
            or any(_value(one.before, target) != _value(one.item, target) for target in targets)
        ):
            told.append(Mark("card", (ref.connection, ref.id), now))
    return told


def _new_key(one: Folded) -> str:
    """The item's key where it was not known before: others may name it as their parent by it."""
    known = one.row.ref.id if one.before is None else one.before.key
    return "" if one.item.key == known else one.item.key


def _inputs_of(item: Item, inputs: frozenset[str]) -> Item:
    """The item as far as it can move a number: fields that nothing reads (those we write among them) are left out.

    What it answers moves none but by its links.
    """
    return replace(
        item, answers=frozenset(), fields={name: value for name, value in item.fields.items() if name in inputs}
    )


def _reshaped(one: Folded) -> bool:
    """Whether another card is to be drawn, or none, whatever the item is linked to: `to` names types."""
    return one.before is not None and (one.before.type, one.before.deleted) != (one.item.type, one.item.deleted)


def _value(item: Item | None, target: str) -> object:
    return None if item is None else item.fields.get(target)
