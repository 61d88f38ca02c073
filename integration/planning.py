"""What a mapping would write, computed without writing anything: not to the trackers, and not to the database.

The same functions that refresh and publish use, over the items that are known by now and the links that the mapping
would make. The trackers are asked for what stands there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.errors import Gone
from integration.core.facts import ItemRef
from integration.core.items import Item
from integration.core.okr import Standing
from integration.core.scorecard import CardValue, Scorecard
from integration.core.write_back import FieldValue, check_size
from integration.preview import Preview
from integration.publish.decision import Decision, Desired, look, refusal
from integration.refresh.cards import differs, leaving, moved, to_show
from integration.refresh.drawing import Drawing, Site, draw, on_site
from integration.refresh.policy import Policy
from integration.store import applied, written
from integration.store.db import Database
from integration.store.outbox import BADGE
from integration.store.written import Written
from integration.trackers.budget import asking
from integration.trackers.contract import TrackerClient
from integration.world import World

T = TypeVar("T")

KEPT_NOTICES = ("refused", "quiet", "rest", "gone")
"""Topics of what only a write finds out, and a plan can only repeat."""
_REFUSED_NOWHERE = datetime.max.replace(tzinfo=UTC)
"""What was refused lately is tried again as soon as a mapping is applied."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that would be written: `now` is what stands in the tracker, `None` where nothing does."""

    target: str
    name: str
    """The field as the mapping names it."""
    value: CardValue | None
    """Which card value it shows; None where it is cleared, or where a person's value is put back."""
    now: FieldValue
    then: FieldValue


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """What would change on one item."""

    ref: ItemRef
    key: str
    title: str
    changes: tuple[Change, ...]
    left_alone: Mapping[str, FieldValue] = field(default_factory=dict)
    """Field -> a person's value that stays."""
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
    asked: set[str] = field(default_factory=set)
    """Connections whose tracker answered."""
    unreached: set[str] = field(default_factory=set)
    """Those whose tracker did not: of them the plan knows only what was written last."""

    @property
    def changed(self) -> Sequence[ItemPlan]:
        return [one for one in self.items if one.changes]

    def check_sizes(self, scorecard: Scorecard) -> None:
        """Raises `PlanTooLarge` where a connection's written items would change beyond its `stop_above`."""
        for name in scorecard.connections:
            rule = scorecard.shown_on(name)
            if rule is not None:
                changed = sum(one.ref.connection == name and not one.first for one in self.changed)
                check_size(changed, self.written_before.get(name, 0), rule.stop_above)


def plan(
    db: Database,
    scorecard: Scorecard,
    clients: Mapping[str, TrackerClient] | None,
    url: str,
    today: datetime,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Plan:
    """What would be written if `scorecard` were in force.

    Without `clients` no tracker is asked, and what was written last counts as what stands there. `tell` hears how many
    of how many items were looked at.
    """
    with asking("look"):
        return _Planning(db, Preview(db, scorecard, clients, today), url, tell).made()


@dataclass(frozen=True, slots=True)
class _Card:
    """One item that shows, or showed, something."""

    site: Site
    drawing: Drawing
    known: Sequence[Written]
    desired: Mapping[str, FieldValue]


class _Planning:
    """One plan in the making: what it is made from, and what of it is made."""

    def __init__(self, db: Database, preview: Preview, url: str, tell: Callable[[int, int], None]) -> None:
        self._db = db
        self._preview = preview
        self._scorecard = preview.scorecard
        self._url = url
        self._tell = tell
        self._plan = Plan(
            problems=preview.problems,
            standings=preview.standings,
            asked=preview.asked,
            unreached=preview.unreached,
        )

    def made(self) -> Plan:
        world = self._preview.measured()
        self._plan.known_items = len(world.items)
        with self._db.read() as connection:
            known = written.on_items(connection, written.items(connection))
            sites = self._sites(connection, world.catalogues)
            self._repeat_notices(connection)
        self._plan.written_before = _count(known)
        cards = self._cards(world, known, sites)
        for number, ref in enumerate(sorted(cards, key=lambda one: (one.connection, _in_order(world.items[one].key)))):
            self._tell(number, len(cards))
            self._compare(world.items[ref], cards[ref])
        self._tell(len(cards), len(cards))
        return self._plan

    def _repeat_notices(self, connection: Connection) -> None:
        for name, topic, line, _ in applied.shown(connection):
            if name in self._scorecard.connections and topic.split()[0] in KEPT_NOTICES:
                self._plan.problems[name, topic] = line

    def _sites(self, connection: Connection, catalogues: Mapping[str, Catalogue]) -> Mapping[str, Site]:
        """What is shown on the items of each connection, and what is in the way of it, whether or not one is known yet."""
        policy = Policy(0, self._scorecard, self._url)
        sites: dict[str, Site] = {}
        for name, catalogue in catalogues.items():
            rule = self._scorecard.shown_on(name)
            if rule is not None:
                former = written.targets(connection, name)
                site = sites[name] = Site(rule, catalogue, policy.inputs(name, catalogue), former)
                self._note(
                    name, {f"field {field}": on_site(field, rule.fields[field], site)[1] for field in rule.fields}
                )
        return sites

    def _note(self, name: str, problems: Mapping[str, str | None]) -> None:
        self._plan.problems |= {(name, topic): line for topic, line in problems.items() if line is not None}

    def _cards(
        self, world: World, known: Mapping[ItemRef, Sequence[Written]], sites: Mapping[str, Site]
    ) -> Mapping[ItemRef, _Card]:
        """The items that show, or showed, something; not those whose numbers wait for a tracker's answer."""
        cards: dict[ItemRef, _Card] = {}
        for ref, item in world.items.items():
            site = sites.get(ref.connection)
            if site is None or item.deleted:
                continue
            shown = world.shown(ref, site.rule, self._plan.standings)
            waiting = next((one.standing for one in shown if one.standing.waiting), None)
            if waiting is not None:
                line = f"{waiting.key_result}: {waiting.reason}; the items that show it are not planned yet"
                self._note(ref.connection, {f"waiting {waiting.key_result}": line})
            elif shown or ref in known:
                drawing = draw(site, item, shown, self._url)
                of_item = known.get(ref, ())
                cards[ref] = _Card(site, drawing, of_item, to_show(drawing, of_item))
        return cards

    def _compare(self, item: Item, card: _Card) -> None:
        """Adds what would change on one item, as it stands in the tracker now."""
        ref, drawing, known = item.ref, card.drawing, {one.target: one for one in card.known}
        self._note(ref.connection, drawing.problems)
        let_go = {one.target for one in leaving(drawing, card.known) if one.held is not None and not one.put_back}
        kept = {target: one for target, one in known.items() if target not in let_go}
        different = differs(card.desired, drawing, list(kept.values()), _REFUSED_NOWHERE)
        held = {target: one.held[0] for target, one in kept.items() if one.held is not None}
        names = {target: one.field for target, one in known.items()} | drawing.names
        changes: Sequence[Change] = ()
        if different or any(moved(one, item, _REFUSED_NOWHERE) for one in kept.values()):
            wanted = Desired(ref, card.desired, names, kept, card.site.rule, card.site.catalogue)
            try:
                decision = self._preview.ask(
                    ref.connection, lambda client: self._decided(client, wanted, item.project, item.key), item.key
                )
            except Gone:
                return
            if decision is None:
                changes = [_change(wanted, target, _last(kept, target), value) for target, value in different.items()]
            else:
                changes = _changes(wanted, decision)
                held = {
                    target: value for target, value in held.items() if target not in decision.stands
                } | decision.held
        if changes or held:
            left_alone = {names.get(target, target): value for target, value in sorted(held.items())}
            first = not any(one.known for one in card.known)
            self._plan.items.append(ItemPlan(ref, item.key, item.title, tuple(changes), left_alone, first))

    def _decided(self, client: TrackerClient, wanted: Desired, project: str, key: str) -> Decision:
        """What publish would decide now."""
        decision = look(client, wanted)
        for target, words in decision.refused.items():
            line = refusal(target, wanted.names.get(target, ""), key, words)
            self._plan.problems[wanted.ref.connection, f"refused {target}"] = line
        if decision.writes and wanted.rule.quiet and (why := client.why_not_quiet(project)) is not None:
            self._plan.problems[wanted.ref.connection, f"quiet {project}"] = (
                f"no fields are written in {project}: {why}"
            )
            return decision.without_fields()
        return decision


def _changes(wanted: Desired, decision: Decision) -> Sequence[Change]:
    changes = [
        _change(wanted, target, decision.saw[target], value) for target, value in sorted(decision.writes.items())
    ]
    if decision.writes_badge:
        changes.append(_change(wanted, BADGE, _last(wanted.known, BADGE), wanted.values[BADGE]))
    return changes


def _change(wanted: Desired, target: str, now: FieldValue, then: FieldValue) -> Change:
    name = wanted.names.get(target, target)
    restored = target in wanted.known and wanted.known[target].put_back
    value = None if then is None or restored else wanted.rule.fields.get(name)
    return Change(target, name, value, now, then)


def _last(known: Mapping[str, Written], target: str) -> FieldValue:
    return known[target].value if target in known else None


def _count(known: Mapping[ItemRef, Sequence[Written]]) -> Mapping[str, int]:
    return Counter(ref.connection for ref, targets in known.items() if any(one.known for one in targets))


def _in_order(key: str) -> tuple[str, int, str]:
    """SHOP-9 before SHOP-10."""
    project, _, number = key.rpartition("-")
    return (project, int(number), "") if number.isdecimal() else (key, 0, key)
