"""All items that are known and the links that a mapping would make of them, in memory: what a plan is computed from.

The same functions of the core that refresh uses, over the same rows; nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection

from integration.core.cards import Shown
from integration.core.catalogue import Catalogue
from integration.core.facts import ItemRef, ItemSeen, TrackerFact
from integration.core.items import Item, ItemState, item_of, join, load
from integration.core.links import Link, counted_by, link_to, links_of
from integration.core.okr import Standing
from integration.core.queries import Query
from integration.core.scorecard import Count, KeyResult, Scorecard, Work, WriteBackRule
from integration.refresh.asking import not_answered, unanswered
from integration.refresh.counting import unread
from integration.refresh.drawing import shows_on
from integration.refresh.measuring import Gathered
from integration.store import items, queries, reads
from integration.store.statements import MANY

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
    answered: set[tuple[str, Query]] = field(default_factory=set)
    """Queries that were asked just now, and of which connection."""
    refused: dict[tuple[str, Query], str] = field(default_factory=dict)
    """Those that a tracker refused, and its words."""
    _answers: dict[ItemRef, frozenset[str]] = field(default_factory=dict)
    _below: dict[ItemRef, set[ItemRef]] = field(default_factory=dict)
    _by_hand: Mapping[ItemRef, tuple[str, ...]] = field(default_factory=dict)
    _since: Mapping[tuple[ItemRef, str], datetime] = field(default_factory=dict)

    @classmethod
    def known(cls, connection: Connection, scorecard: Scorecard, catalogues: Mapping[str, Catalogue]) -> World:
        """The world as the database tells it, what nobody has folded yet included: a backfill needs no worker."""
        refs = items.refs(connection)
        world = cls(
            scorecard,
            catalogues,
            _by_hand=items.by_hand(connection, refs),
            _since=items.linked_since(connection, refs),
            _answers=dict(queries.every_answer(connection)),
        )
        for row in items.every(connection):
            world._take(row.ref, load(row.state), row.parent)
        world._fold(connection, items.every_unfolded(connection))
        world.look_below(connection)
        return world

    def learn(self, connection: Connection, name: str, told: Iterable[TrackerFact]) -> None:
        """Takes in what a tracker tells of items now, as if it had been read before."""
        seen: dict[ItemRef, list[ItemSeen]] = {}
        for fact in told:
            if isinstance(fact, ItemSeen) and fact.item is not None:
                seen.setdefault(ItemRef(name, fact.item), []).append(fact)
        self._fold(connection, seen.items())

    def _fold(self, connection: Connection, seen: Iterable[tuple[ItemRef, Sequence[ItemSeen]]]) -> None:
        """Joins what was seen with what is known; parents told by their keys are found once all have been taken."""
        states: dict[ItemRef, ItemState] = {}
        for some in _in_batches(seen):
            rows = items.rows(connection, [ref for ref, _ in some])
            states |= {ref: join(load(rows[ref].state) if ref in rows else {}, facts) for ref, facts in some}
        named = {ref: self._item(ref, state) for ref, state in states.items()}
        by_key = {(ref.connection, item.key): ref.id for ref, item in (*self.items.items(), *named.items())}
        for ref, state in states.items():
            parent = named[ref].parent
            self._take(ref, state, by_key.get((ref.connection, parent), parent) if parent else None)

    def _item(self, ref: ItemRef, state: ItemState) -> Item:
        catalogue = self.catalogues.get(ref.connection, NO_CATALOGUE)
        item = item_of(state, ref, catalogue, self.scorecard.connections.get(ref.connection))
        return replace(item, answers=self._answers.get(ref, frozenset()))

    def _take(self, ref: ItemRef, state: ItemState, parent: str | None) -> None:
        item = replace(self._item(ref, state), parent=parent)
        before = self.items.get(ref)
        if before is not None and before.parent:
            self._below.get(ItemRef(ref.connection, before.parent), set()).discard(ref)
        if parent:
            self._below.setdefault(ItemRef(ref.connection, parent), set()).add(ref)
        self.items[ref] = item
        self._link(ref, item)

    def hear(self, name: str, query: Query, ids: Iterable[str]) -> Sequence[ItemRef]:
        """Takes in which items answer a query; returns those of which nothing else is known."""
        refs = [ItemRef(name, one) for one in ids]
        for ref in refs:
            self._answers[ref] = self._answers.get(ref, frozenset()) | {query.id}
            if ref in self.items:
                item = self.items[ref] = replace(self.items[ref], answers=self._answers[ref])
                self._link(ref, item)
        self.answered.add((name, query))
        return [ref for ref in refs if ref not in self.items]

    def look_below(self, connection: Connection) -> None:
        """Finds the items that come under a link without anybody's having read what is below them."""
        linked = {ref for ref, links in self.links.items() if links}
        self.unread = linked - reads.asked(connection, "subtree", linked)

    def _link(self, ref: ItemRef, item: Item) -> None:
        catalogue = self.catalogues.get(ref.connection, NO_CATALOGUE)
        self.links[ref] = links_of(item, self.scorecard, catalogue, self._by_hand.get(ref, ()))

    def gather(self, connection: Connection, key_result: KeyResult) -> Gathered:
        """What the key result's measurement depends on."""
        direct = {ref: link for ref, links in self.links.items() if (link := link_to(key_result.id, links))}
        if not isinstance(key_result.measure, Work):
            tagged = Gathered(direct, {ref: self.items[ref] for ref in direct}, {})
            return self._count(connection, key_result, tagged)
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
        asked, refused = self._unanswered(connection, key_result)
        open_reads = reads.unanswered(connection, list(refs))
        waiting = [one for one in open_reads if one.state != "dead"]
        dead = [one for one in open_reads if one.state == "dead"]
        return Gathered(
            direct,
            {ref: self.items[ref] for ref in refs},
            elsewhere,
            waiting=f"{len(waiting)} of the items it counts are not read yet" if waiting and not dead else asked,
            failed=f"could not read {self.items[dead[0].ref].key}: {dead[0].reason}" if dead else refused,
        )

    def _unanswered(self, connection: Connection, key_result: KeyResult) -> tuple[str, str]:
        """Which queries nobody has answered, and which a tracker refuses."""
        for pair, words in self.refused.items():
            if pair in self.scorecard.questions(key_result):
                return "", not_answered(*pair, words)
        return unanswered(connection, self.scorecard, key_result, self.answered)

    def _count(self, connection: Connection, key_result: KeyResult, tagged: Gathered) -> Gathered:
        """Adds the number of items that the key result would count."""
        if not isinstance(key_result.measure, Count):
            return tagged
        number = sum(
            key_result.id in counted_by(item, self.scorecard, self.catalogues.get(ref.connection, NO_CATALOGUE))
            for ref, item in self.items.items()
        )
        asked, refused = self._unanswered(connection, key_result)
        failed = unread(connection, self.scorecard, key_result.measure.selector) or refused
        return replace(tagged, counted=number, failed=failed, waiting="" if failed else asked)

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


def _in_batches(
    seen: Iterable[tuple[ItemRef, Sequence[ItemSeen]]],
) -> Iterator[Sequence[tuple[ItemRef, Sequence[ItemSeen]]]]:
    left = iter(seen)
    while some := list(islice(left, MANY)):
        yield some
