"""The reach step: which key results an item feeds through its parents, and what is below it that must look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection

from integration.core.facts import ItemRef
from integration.refresh.policy import Policy, step
from integration.store import items, marks, reads, written
from integration.store.db import Database
from integration.store.marks import Claimed, Mark

BATCH = 200


@dataclass(slots=True)
class Reached:
    """What a changed item asks for: the parents it has or had, and whether what is below it moved with it."""

    above: set[str] = field(default_factory=set)
    below: bool = False


def reach_key_results(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    with db.read() as connection:
        wanted = marks.oldest(connection, "reach", limit)
    return step(db, policy, "reach", wanted, lambda connection, claimed: _reach(connection, policy, claimed, now))


def _reach(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> None:
    changed = {ItemRef(*subject): _merged(details) for subject, details in claimed.details.items()}
    above = {ref: [ItemRef(ref.connection, parent) for parent in reached.above] for ref, reached in changed.items()}
    ancestry = items.ancestry(connection, {parent for parents in above.values() for parent in parents} | set(changed))
    direct = items.direct_links(connection, ancestry)
    key_results: set[str] = set()
    linked: set[ItemRef] = set()
    for ref, parents in above.items():
        for start in parents:
            key_results.update(link.key_result for one in _chain(start, ancestry) for link in direct.get(one, ()))
        if any(direct.get(one) for one in _chain(ref, ancestry)):
            linked.add(ref)
    told = [Mark("key result", ("", key_result), now) for key_result in sorted(key_results)]
    # What came under a link may have children that we were never told of.
    came = {ref for ref in linked if changed[ref].below}
    reads.want(connection, "subtree", sorted(came - reads.asked(connection, "subtree", came)), now)
    told += _cards_below(
        connection, policy, came, {ref for ref, reached in changed.items() if reached.below} - came, now
    )
    marks.add(connection, told)


def _merged(details: Sequence[str]) -> Reached:
    reached = Reached()
    for detail in details:
        told = orjson.loads(detail)
        reached.above.update(told["above"])
        reached.below |= told["below"]
    return reached


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
