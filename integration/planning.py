"""What a mapping would write, computed without writing anything: not to the trackers, and not to the database.

The same functions that refresh and publish use, over items folded by now and the links that the mapping would make.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from integration.core.cards import PASSENGERS, Shown
from integration.core.errors import Gone, ServiceError
from integration.core.facts import ItemRef
from integration.core.items import Item, item_of, load
from integration.core.links import Link, links_of
from integration.core.okr import Standing
from integration.core.scorecard import CardValue, KeyResult, Scorecard, Work, WriteBackRule
from integration.core.write_back import FieldValue, changes, check_size
from integration.refresh.drawing import Drawing, draw, shows_on
from integration.refresh.key_results import Gathered, measure
from integration.refresh.policy import NO_CATALOGUE, Policy
from integration.store import check_ins, items, outbox, reads
from integration.store.db import Database
from integration.store.outbox import BADGE, Written
from integration.trackers.contract import TrackerClient, client_of


@dataclass(frozen=True, slots=True)
class Change:
    """One value that would be written: `now` is what stands in the tracker, `None` where nothing does."""

    target: str
    name: str
    """The field as people see it."""
    value: CardValue | None
    """Which card value it shows; None where it is cleared."""
    now: FieldValue
    then: FieldValue


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """What would change on one item. `standing` names values of people that would be left alone."""

    ref: ItemRef
    key: str
    title: str
    changes: tuple[Change, ...]
    left_alone: tuple[str, ...] = ()
    first: bool = False
    """Nothing of ours was ever written here."""


@dataclass(slots=True)
class Plan:
    """The difference between what the trackers show and what the mapping wants, and what stands in its way."""

    items: list[ItemPlan] = field(default_factory=list)
    problems: dict[tuple[str, str], str] = field(default_factory=dict)
    """(connection, topic) -> one line with the remedy."""
    standings: dict[str, Standing] = field(default_factory=dict)
    known_items: int = 0
    written_before: Mapping[str, int] = field(default_factory=dict)
    """Items written before, by connection."""

    def check_sizes(self, scorecard: Scorecard) -> None:
        """Raises `PlanTooLarge` where a connection's written items would change beyond its `stop_above`."""
        for name, rule in scorecard.write_back.items():
            changed = sum(one.ref.connection == name and not one.first for one in self.items)
            check_size(changed, self.written_before.get(name, 0), int(rule.stop_above))


def plan(db: Database, scorecard: Scorecard, clients: Mapping[str, TrackerClient], url: str, today: datetime) -> Plan:
    """What would be written if `scorecard` were in force. Asks the trackers what stands there now."""
    policy = Policy(0, scorecard, url)
    made = Plan()
    with db.read() as connection:
        world = _world(connection, policy)
        made.known_items = len(world.items)
        for objective, key_result in scorecard.key_results():
            before = check_ins.standings_of(connection, [key_result.id]).get(key_result.id)
            made.standings[key_result.id] = measure(
                scorecard,
                objective,
                key_result,
                world.gather(connection, key_result, scorecard),
                check_ins.history(connection, key_result.id),
                today,
                before.scope_before(today.astimezone(scorecard.timezone).date()) if before else None,
                policy.catalogues(connection),
            )
        written = outbox.written_on_all(connection, outbox.items_written(connection))
        catalogues = policy.catalogues(connection)
    made.written_before = _count(written)
    drawings: dict[ItemRef, Drawing] = {}
    for ref, item in world.items.items():
        rule = scorecard.write_back.get(ref.connection)
        if rule is None:
            continue
        shown = world.shown(ref, rule, scorecard, made.standings)
        if not shown and ref not in written:
            continue
        drawings[ref] = (
            draw(rule, item, shown, catalogues.get(ref.connection, NO_CATALOGUE), url) if shown else Drawing()
        )
        for name, why in drawings[ref].problems.items():
            made.problems[ref.connection, name] = f"{name}: {why}"
    for ref in sorted(drawings, key=lambda one: (one.connection, world.items[one].key)):
        _compare(
            made, world.items[ref], drawings[ref], written.get(ref, ()), scorecard.write_back[ref.connection], clients
        )
    return made


@dataclass(frozen=True, slots=True)
class World:
    """All items as they are known, and the direct links that a mapping would make of them."""

    items: Mapping[ItemRef, Item]
    links: Mapping[ItemRef, frozenset[Link]]
    below: Mapping[ItemRef, Sequence[ItemRef]]

    def chain(self, ref: ItemRef) -> Sequence[ItemRef]:
        found: list[ItemRef] = []
        at: ItemRef | None = ref
        while at is not None and at in self.items and at not in found:
            found.append(at)
            parent = self.items[at].parent
            at = ItemRef(at.connection, parent) if parent else None
        return found

    def descendants(self, refs: Collection[ItemRef]) -> set[ItemRef]:
        found: set[ItemRef] = set()
        level = list(refs)
        while level:
            level = [child for ref in level for child in self.below.get(ref, ()) if child not in found]
            found.update(level)
        return found

    def gather(self, connection: Connection, key_result: KeyResult, scorecard: Scorecard) -> Gathered:
        direct: dict[ItemRef, Link] = {}
        for ref, links in self.links.items():
            own = [link for link in links if link.key_result == key_result.id]
            if own:
                direct[ref] = max(own, key=lambda link: link.weight)
        refs = set(direct) | self.descendants(list(direct))
        by_work = {one.id for _, one in scorecard.key_results() if isinstance(one.measure, Work)} - {key_result.id}
        elsewhere = {
            ref: found
            for ref in refs
            if (
                found := frozenset(link.key_result for above in self.chain(ref) for link in self.links[above]) & by_work
            )
        }
        unanswered = reads.unanswered(connection, list(refs))
        waiting = f"still reading {len(unanswered)} of the items it counts" if unanswered else ""
        return Gathered(direct, {ref: self.items[ref] for ref in refs}, elsewhere, waiting=waiting)

    def shown(
        self, ref: ItemRef, rule: WriteBackRule, scorecard: Scorecard, standings: Mapping[str, Standing]
    ) -> Sequence[Shown]:
        if not shows_on(rule, self.items[ref], tagged=bool(self.links[ref])):
            return ()
        line = self.chain(ref) if rule.to else [ref]
        linked = sorted({link.key_result for one in line for link in self.links[one]})
        return [
            Shown(*found, standings[name])
            for name in linked
            if (found := scorecard.find(name)) is not None and name in standings
        ]


def _world(connection: Connection, policy: Policy) -> World:
    catalogues = policy.catalogues(connection)
    rules = policy.scorecard.connections
    by_hand = items.by_hand(connection, items.refs(connection))
    known: dict[ItemRef, Item] = {}
    links: dict[ItemRef, frozenset[Link]] = {}
    below: dict[ItemRef, list[ItemRef]] = {}
    for row in items.every(connection):
        catalogue = catalogues.get(row.ref.connection, NO_CATALOGUE)
        item = replace(item_of(load(row.state), row.ref, catalogue, rules.get(row.ref.connection)), parent=row.parent)
        known[row.ref] = item
        links[row.ref] = links_of(item, policy.scorecard, catalogue, by_hand.get(row.ref, ()))
        if row.parent:
            below.setdefault(ItemRef(row.ref.connection, row.parent), []).append(row.ref)
    return World(known, links, below)


def _count(written: Mapping[ItemRef, Sequence[Written]]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for ref, targets in written.items():
        if any(one.known for one in targets):
            counts[ref.connection] = counts.get(ref.connection, 0) + 1
    return counts


def _compare(
    made: Plan,
    item: Item,
    drawing: Drawing,
    written: Sequence[Written],
    rule: WriteBackRule,
    clients: Mapping[str, TrackerClient],
) -> None:
    """Adds what would change on one item, as it stands in the tracker now."""
    desired: dict[str, FieldValue] = {
        one.target: None for one in written if one.known or one.attempts
    } | drawing.desired
    held = {one.target for one in written if one.held is not None}
    last = {one.target: one.value for one in written if one.known}
    passengers = frozenset(target for target, shows in drawing.shows.items() if shows in PASSENGERS)
    wanted = changes({target: value for target, value in desired.items() if target not in held}, last, passengers)
    names = {
        target: next((name for name in rule.fields if drawing.shows.get(target) == rule.fields[name]), target)
        for target in desired
    }
    if not wanted:
        if held:
            made.items.append(
                ItemPlan(item.ref, item.key, item.title, (), tuple(sorted(names.get(one, one) for one in held)))
            )
        return
    name = item.ref.connection
    there: Mapping[str, FieldValue] = last
    try:
        client = client_of(clients, name)
        if rule.quiet and any(target != BADGE for target in wanted) and (why := client.why_not_quiet(item.project)):
            made.problems[name, f"quiet {item.project}"] = f"no fields are written in {item.project}: {why}"
            wanted = {target: value for target, value in wanted.items() if target == BADGE}
        there = client.current(item.ref.id, [target for target in wanted if target != BADGE], badge=False).fields
    except Gone:
        return
    except ServiceError as error:
        made.problems[name, "reach"] = f"could not ask what stands there now: {error}"
    listed = tuple(
        Change(target, names[target], drawing.shows.get(target), there.get(target, last.get(target)), value)
        for target, value in sorted(wanted.items())
        if target == BADGE or there.get(target) != value
    )
    if listed or held:
        left = tuple(sorted(names.get(one, one) for one in held))
        made.items.append(ItemPlan(item.ref, item.key, item.title, listed, left, first=not last))
