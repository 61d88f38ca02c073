"""The delivery step: what a tracker's facts, or a push, mean by the rules in force. Only what changed is marked further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.delivery.derive import Derivation
from integration.core.delivery.facts import DeliveryFact
from integration.core.delivery.pushed import as_ruled
from integration.core.facts import ItemRef
from integration.core.items import Item, item_of, load
from integration.core.kpi.difference import differs_since, read_by
from integration.core.scorecard import ConnectionRule
from integration.pushed.meaning import fact_of
from integration.refresh import attributing
from integration.refresh.kpi_marks import Touched, mark_kpis
from integration.refresh.policy import NO_CATALOGUE, Policy, Writing, step
from integration.store import applied, delivery, facts, items, marks, pushed, queries
from integration.store.db import Database
from integration.store.delivery import Drawn, Key, Whose
from integration.store.facts import ITEM
from integration.store.marks import Claimed
from integration.trackers import TRACKERS

BATCH = 200
ANEW = "anew"
"""What a mark says whose subject's rows are to be written again, whatever they hold."""
PUSHED = "pushed "
"""What the ids of pushed facts begin with, so that nobody can push one that a tracker's fact has."""


def derive_facts(db: Database, policy: Policy, now: datetime, limit: int = BATCH) -> int:
    """Derives what was marked longest ago; returns how many subjects."""
    with db.read() as connection:
        wanted = marks.oldest(connection, "delivery", limit, now)
    return step(db, policy, "delivery", wanted, lambda c, claimed: _derive(c, policy, claimed, now), now)


def _derive(connection: Connection, policy: Policy, claimed: Claimed, now: datetime) -> Writing:
    if not policy.scorecard.watched:
        return lambda _: None  # nobody asks; whoever does applies a mapping, and all is derived then
    applied.hold_still(connection)
    policy.check(connection)
    subjects = list(claimed.details)
    before = delivery.of_subjects(connection, subjects)
    drawn = _each_once(connection, policy, list(_drawn(connection, policy, subjects)), before)
    after: dict[Key, DeliveryFact] = {(fact.stream, fact.id): fact for one in drawn for fact in one.facts}
    changed = [
        (before.get(key), after.get(key)) for key in sorted({*before, *after}) if before.get(key) != after.get(key)
    ]
    anew = {whose for whose, details in claimed.details.items() if ANEW in details}
    others = {key for key, fact in after.items() if before.get(key) != fact}
    others |= {(fact.stream, fact.id) for one in drawn if one.whose in anew for fact in one.facts}
    moved = [Drawn(one.whose, [fact for fact in one.facts if (fact.stream, fact.id) in others]) for one in drawn]
    gone = [key for key in before if key not in after]
    told = list(attributing.marks_of(changed, now))
    read = read_by(policy.scorecard.watched.values())
    touched = [
        Touched((one or other).stream, since)  # type: ignore[union-attr] # one of the two is there
        for one, other in changed
        if (since := differs_since(one, other, read)) is not None
    ]

    def write(connection: Connection) -> None:
        delivery.replace(connection, moved, gone)
        marks.add(connection, told)
        mark_kpis(connection, policy, touched, now)

    return write


def _each_once(
    connection: Connection, policy: Policy, drawn: Sequence[Drawn], before: Mapping[Key, DeliveryFact]
) -> Sequence[Drawn]:
    """The facts without those that another subject tells, too, and earlier: a commit that was pushed twice is one change.

    What the other tells is asked anew, because by the rules of today it may tell it no more.
    """
    told = [(_beginning(fact), one.whose, fact) for one in drawn for fact in one.facts]
    others = delivery.find_with_subjects(
        connection, [(f.stream, f.id) for _, _, f in told if (f.stream, f.id) not in before]
    )
    elsewhere = sorted({whose for whose, _ in others.values()} - {one.whose for one in drawn})
    again = _drawn(connection, policy, elsewhere)
    told += [
        (_beginning(fact), one.whose, fact) for one in again for fact in one.facts if (fact.stream, fact.id) in others
    ]
    first: dict[Key, Whose] = {}
    for _, whose, fact in sorted(told, key=lambda entry: entry[:2]):
        first.setdefault((fact.stream, fact.id), whose)
    return [Drawn(one.whose, [f for f in one.facts if first[f.stream, f.id] == one.whose]) for one in drawn]


def _beginning(fact: DeliveryFact) -> datetime:
    """When the first of all that it tells happened."""
    return min((times[0] for times in fact.moments.values() if times), default=_NEVER)


_NEVER = datetime.max.replace(tzinfo=UTC)


def _drawn(connection: Connection, policy: Policy, subjects: Sequence[Whose]) -> Iterable[Drawn]:
    by_name: dict[str, list[str]] = {}
    for name, subject in subjects:
        by_name.setdefault(name, []).append(subject)
    yield from _drawn_from_pushes(connection, policy, by_name.pop("", []))
    for name, some in by_name.items():
        rule = policy.scorecard.connections.get(name)
        if rule is None:
            yield from (Drawn((name, subject), ()) for subject in some)
            continue
        catalogue = policy.catalogues(connection).get(name, NO_CATALOGUE)
        derivation = _derivation(policy, rule, catalogue)
        known = _items(connection, policy, name, some, catalogue)
        aliases = _keys(known)
        told = facts.of_subjects(connection, name, [*some, *aliases])
        for subject in some:
            item = known.get(subject)
            own = [*told.get(subject, ()), *(fact for key in _key_of(item) for fact in told.get(key, ()))]
            is_item = subject.startswith(ITEM)
            yield Drawn((name, subject), derivation.derive(own, item) if item or not is_item else ())


def _derivation(policy: Policy, rule: ConnectionRule, catalogue: Catalogue) -> Derivation:
    tracker, card = TRACKERS.get(rule.tracker), policy.scorecard
    return Derivation(rule, catalogue, card.delivery, card.timezone, tracker.address if tracker else None)


def _drawn_from_pushes(connection: Connection, policy: Policy, subjects: Sequence[str]) -> Iterable[Drawn]:
    of_kind: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _, ident = subject.partition(":")
        of_kind.setdefault(kind, []).append(ident)
    standing = {
        f"{one.kind}:{one.id}": one for kind, ids in of_kind.items() for one in pushed.get(connection, kind, ids)
    }
    for subject in subjects:
        one = standing.get(subject)
        fact = None if one is None else as_ruled(fact_of(one.kind, one.data), policy.scorecard.delivery)
        yield Drawn(("", subject), () if fact is None else (replace(fact, id=f"{PUSHED}{fact.id}"),))


def _items(
    connection: Connection, policy: Policy, name: str, subjects: Iterable[str], catalogue: Catalogue
) -> Mapping[str, Item]:
    """The items among a connection's subjects, as folded last."""
    refs = [ItemRef(name, subject.removeprefix(ITEM)) for subject in subjects if subject.startswith(ITEM)]
    answers = queries.answered_by(connection, refs)
    rule = policy.scorecard.connections.get(name)
    return {
        f"{ITEM}{ref.id}": replace(
            item_of(load(row.state), ref, catalogue, rule), parent=row.parent, answers=answers.get(ref, frozenset())
        )
        for ref, row in items.rows(connection, refs).items()
    }


def _keys(known: Mapping[str, Item]) -> Iterable[str]:
    return (key for item in known.values() for key in _key_of(item))


def _key_of(item: Item | None) -> Sequence[str]:
    """The subject by which links name it whose tracker told only its key."""
    return [] if item is None or item.key == item.ref.id else [f"{ITEM}{item.key}"]
