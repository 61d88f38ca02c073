"""The reach step: which key results an item feeds through its parents, and what is below it that must look again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from integration.core.facts import ItemRef
from integration.refresh.policy import Policy, Writing, step
from integration.store import items, marks, reads, written
from integration.store.db import Database
from integration.store.marks import Claimed, Mark, Reached

BATCH = 200


def reach_key_results(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    with db.read() as connection:
        wanted = marks.oldest(connection, "reach", limit, now)
    return step(db, policy, "reach", wanted, lambda connection, claimed: _reach(connection, policy, claimed, now), now)


def _reach(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> Writing:
    changed = {ItemRef(*subject): marks.reached(details) for subject, details in claimed.details.items()}
    above = {ref: [ItemRef(ref.connection, parent) for parent in reached.above] for ref, reached in changed.items()}
    ancestry = items.ancestry(connection, {parent for parents in above.values() for parent in parents} | set(changed))
    moved = {ref for ref, reached in changed.items() if reached.below}
    below = [row.ref for row in items.descendants(connection, moved)]
    direct = items.direct_links(connection, {*ancestry, *below})
    # Those below count the same items as what they came under, or left, and say so.
    key_results = {link.key_result for ref in below for link in direct.get(ref, ())}
    linked: set[ItemRef] = set()
    for ref, parents in above.items():
        for start in parents:
            key_results.update(link.key_result for one in _chain(start, ancestry) for link in direct.get(one, ()))
        if any(direct.get(one) for one in _chain(ref, ancestry)):
            linked.add(ref)
    told = [Mark("key result", ("", key_result), now) for key_result in sorted(key_results)]
    told += _named_by_key(connection, changed, ancestry, now)
    came = linked & moved
    unasked = _unasked_below(connection, came, ancestry)
    told += _cards_below(connection, policy, came, moved - came, now)

    def write(connection: Connection) -> None:
        reads.want(connection, "subtree", unasked, now)
        marks.add(connection, told)

    return write


def _unasked_below(
    connection: Connection, came: Collection[ItemRef], ancestry: Mapping[ItemRef, ItemRef | None]
) -> Sequence[ItemRef]:
    """What came under a link, or is below that, may have children that we were never told of: the topmost of these."""
    here = items.rows(connection, came)
    rows = [row for row in (*here.values(), *items.descendants(connection, came)) if not row.deleted]
    unasked = {row.ref for row in rows} - reads.asked(connection, "subtree", [row.ref for row in rows])
    above = {**ancestry, **{row.ref: ItemRef(row.ref.connection, row.parent) for row in rows if row.parent}}
    return sorted({[one for one in _chain(ref, above) if one in unasked][-1] for ref in unasked})


def _named_by_key(
    connection: Connection,
    changed: Mapping[ItemRef, Reached],
    ancestry: Mapping[ItemRef, ItemRef | None],
    now: datetime,
) -> list[Mark]:
    """Items whose parent was known only by its key, and has an id now.

    Of a child and a parent that were first folded at the same moment, the later one finds the other here.
    """
    above = {ref: parent for ref in changed if (parent := ancestry.get(ref)) is not None and parent not in ancestry}
    found = items.ids_of_keys(connection, set(above.values()))
    children = {ref for ref, parent in above.items() if ItemRef(parent.connection, parent.id.upper()) in found}
    for ref, reached in changed.items():
        if reached.key:
            children.update(items.children_of_key(connection, ref, reached.key))
    return [Mark("item", (ref.connection, ref.id), now) for ref in sorted(children)]


def _chain(start: ItemRef, ancestry: Mapping[ItemRef, ItemRef | None]) -> list[ItemRef]:
    """The item and all above it; a circle of parents ends."""
    chain: list[ItemRef] = []
    at: ItemRef | None = start
    while at is not None and at not in chain:
        chain.append(at)
        at = ancestry.get(at)
    return chain


def _cards_below(
    connection: Connection, policy: Policy, came: set[ItemRef], left: set[ItemRef], now: datetime
) -> list[Mark]:
    """Cards of items that came under a link or left one, and of those below them that show what their parents feed."""
    inherits = {name for name, rule in policy.scorecard.write_back.items() if rule.to}
    below_came = {row.ref for row in items.descendants(connection, [ref for ref in came if ref.connection in inherits])}
    below_left = {row.ref for row in items.descendants(connection, [ref for ref in left if ref.connection in inherits])}
    showing = set(written.on_items(connection, left | below_left))
    shown = {ref for ref in came | below_came if ref.connection in policy.scorecard.write_back}
    return [Mark("card", (ref.connection, ref.id), now) for ref in sorted(showing | shown)]
