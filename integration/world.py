"""All items that are known and the links that a mapping would make of them, in memory: what a plan is computed from.

The same functions of the core that refresh uses, over the same rows; nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from integration.core.cards import Shown
from integration.core.catalogue import Catalogue
from integration.core.facts import ItemRef, ItemSeen, TrackerFact
from integration.core.items import Item, ItemState, item_of, join, load
from integration.core.links import Link, link_to, links_of
from integration.core.okr import Standing
from integration.core.scorecard import KeyResult, Scorecard, Work, WriteBackRule
from integration.refresh.drawing import shows_on
from integration.refresh.key_results import Gathered
from integration.store import items, reads

NO_CATALOGUE = Catalogue()
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class World:
    """Items and direct links as they would be under `scorecard`."""

    scorecard: Scorecard
    catalogues: Mapping[str, Catalogue]
    items: dict[ItemRef, Item] = field(default_factory=dict)
    links: dict[ItemRef, frozenset[Link]] = field(default_factory=dict)
    unread: set[ItemRef] = field(default_factory=set)
    """Items that come under a link without anybody's having read what is below them."""
    _below: dict[ItemRef, set[ItemRef]] = field(default_factory=dict)
    _by_hand: Mapping[ItemRef, tuple[str, ...]] = field(default_factory=dict)
    _since: Mapping[tuple[ItemRef, str], datetime] = field(default_factory=dict)

    @classmethod
    def known(cls, connection: Connection, scorecard: Scorecard, catalogues: Mapping[str, Catalogue]) -> World:
        """The world as the database tells it."""
        refs = items.refs(connection)
        world = cls(
            scorecard,
            catalogues,
            _by_hand=items.by_hand(connection, refs),
            _since=items.linked_since(connection, refs),
        )
        for row in items.every(connection):
            world._take(row.ref, load(row.state), row.parent)
        linked = {ref for ref, links in world.links.items() if links}
        world.unread = linked - reads.asked(connection, "subtree", linked)
        return world

    def learn(self, connection: Connection, name: str, told: Iterable[TrackerFact]) -> None:
        """Takes in what a tracker tells of items now, as if it had been read before."""
        seen: dict[ItemRef, list[ItemSeen]] = {}
        for fact in told:
            if isinstance(fact, ItemSeen) and fact.item is not None:
                seen.setdefault(ItemRef(name, fact.item), []).append(fact)
        rows = items.rows(connection, seen)
        by_key = {item.key: ref.id for ref, item in self.items.items() if ref.connection == name}
        for ref, facts in seen.items():
            state = join(load(rows[ref].state) if ref in rows else {}, facts)
            parent = item_of(state, ref, self.catalogues.get(name, NO_CATALOGUE), None).parent
            self._take(ref, state, by_key.get(parent, parent) if parent else None)

    def _take(self, ref: ItemRef, state: ItemState, parent: str | None) -> None:
        catalogue = self.catalogues.get(ref.connection, NO_CATALOGUE)
        rule = self.scorecard.connections.get(ref.connection)
        item = replace(item_of(state, ref, catalogue, rule), parent=parent)
        before = self.items.get(ref)
        if before is not None and before.parent:
            self._below.get(ItemRef(ref.connection, before.parent), set()).discard(ref)
        if parent:
            self._below.setdefault(ItemRef(ref.connection, parent), set()).add(ref)
        self.items[ref] = item
        self.links[ref] = links_of(item, self.scorecard, catalogue, self._by_hand.get(ref, ()))

    def gather(self, connection: Connection, key_result: KeyResult) -> Gathered:
        """What the key result's measurement depends on."""
        direct = {ref: link for ref, links in self.links.items() if (link := link_to(key_result.id, links))}
        if not isinstance(key_result.measure, Work):
            return Gathered(direct, {ref: self.items[ref] for ref in direct}, {})
        refs = set(direct) | self._descendants(direct)
        by_work = {one.id for _, one in self.scorecard.key_results() if isinstance(one.measure, Work)} - {key_result.id}
        elsewhere = {
            ref: others
            for ref in refs
            if (
                others := frozenset(link.key_result for above in self._chain(ref) for link in self.links[above])
                & by_work
            )
        }
        open_reads = reads.unanswered(connection, list(refs))
        waiting = [one for one in open_reads if one.state != "dead"]
        dead = [one for one in open_reads if one.state == "dead"]
        return Gathered(
            direct,
            {ref: self.items[ref] for ref in refs},
            elsewhere,
            waiting=f"{len(waiting)} of the items it counts are not read yet" if waiting and not dead else "",
            failed=f"could not read {self.items[dead[0].ref].key}: {dead[0].reason}" if dead else "",
        )

    def shown(self, ref: ItemRef, rule: WriteBackRule, standings: Mapping[str, Standing]) -> Sequence[Shown]:
        """The key results that the item would show, in the order in which it was linked; links to come are the last."""
        if not shows_on(rule, self.items[ref], tagged=bool(self.links[ref])):
            return ()
        since: dict[str, datetime] = {}
        for one in self._chain(ref) if rule.to else [ref]:
            for link in self.links[one]:
                at = self._since.get((one, link.key_result), NEVER)
                since[link.key_result] = min(since.get(link.key_result, at), at)
        return [
            Shown(*found, standings[name])
            for name in sorted(since, key=lambda name: (since[name], name))
            if (found := self.scorecard.find(name)) is not None and name in standings
        ]

    def _chain(self, ref: ItemRef) -> Sequence[ItemRef]:
        """The item and all above it; a circle of parents ends."""
        found: list[ItemRef] = []
        at: ItemRef | None = ref
        while at is not None and at in self.items and at not in found:
            found.append(at)
            parent = self.items[at].parent
            at = ItemRef(at.connection, parent) if parent else None
        return found

    def _descendants(self, refs: Collection[ItemRef]) -> set[ItemRef]:
        found: set[ItemRef] = set()
        level = list(refs)
        while level:
            level = [child for ref in level for child in self._below.get(ref, ()) if child not in found]
            found.update(level)
        return found
