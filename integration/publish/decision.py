"""What one look at an item leads to: what is written, what a person holds, what stands there already.

Publish acts on it and a plan prints it, so that nothing is written which a plan would not show. Of the tracker it asks
only how values compare and, where nothing else tells whose a value is, the item's history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import orjson

from integration.core.cards import PASSENGERS
from integration.core.catalogue import Catalogue
from integration.core.facts import ItemRef
from integration.core.scorecard import WriteBackRule
from integration.core.write_back import Badge, FieldValue, Verdict, may_overwrite
from integration.store.outbox import BADGE
from integration.store.written import Written
from integration.trackers.contract import Current, TrackerClient


@dataclass(frozen=True, slots=True)
class Desired:
    """What one item shall show (target -> value), and all that is known of what stands there."""

    ref: ItemRef
    values: Mapping[str, FieldValue]
    names: Mapping[str, str]
    """Target -> field as the mapping names it."""
    known: Mapping[str, Written]
    rule: WriteBackRule
    catalogue: Catalogue

    @property
    def fields(self) -> Mapping[str, FieldValue]:
        return {target: value for target, value in self.values.items() if target != BADGE}

    def moves_badge(self) -> bool:
        """Whether another badge shall stand there than the one that we know to stand there."""
        known = self.known.get(BADGE, Written(BADGE))
        return BADGE in self.values and (self.values[BADGE] != known.value or bool(known.attempts))

    def badge(self) -> Badge | None:
        text = self.values.get(BADGE)
        return Badge(**orjson.loads(text)) if isinstance(text, str) and text else None

    def is_passenger(self, target: str) -> bool:
        return self.rule.fields.get(self.names.get(target, "")) in PASSENGERS


@dataclass(slots=True)
class Decision:
    """By target: what to write and what stood there when we looked, what then stands, what people hold."""

    writes: dict[str, FieldValue] = field(default_factory=dict)
    saw: dict[str, FieldValue] = field(default_factory=dict)
    stands: dict[str, FieldValue] = field(default_factory=dict)
    held: dict[str, FieldValue] = field(default_factory=dict)
    restores: set[str] = field(default_factory=set)
    """Targets at which a person's value is, or will be, back."""
    refused: dict[str, str] = field(default_factory=dict)
    """What the tracker does not even show us, and its words."""
    badge: Badge | None = None
    remove_badge: bool = False
    revision: int | None = None
    """Of the item that was looked at, where the tracker guards writes by it."""

    @property
    def writes_badge(self) -> bool:
        return self.badge is not None or self.remove_badge

    def without_fields(self) -> Decision:
        """The same, but that no field is written."""
        return Decision(
            stands={target: value for target, value in self.stands.items() if target not in self.writes},
            held=self.held,
            refused=self.refused,
            restores=self.restores - set(self.writes),
            badge=self.badge,
            remove_badge=self.remove_badge,
            revision=self.revision,
        )

    def without_writes(self) -> Decision:
        """The same, but that nothing is written."""
        alone = self.without_fields()
        stands = {target: value for target, value in alone.stands.items() if target != BADGE or not self.writes_badge}
        return replace(alone, stands=stands, badge=None, remove_badge=False)


def look(client: TrackerClient, wanted: Desired) -> Decision:
    """Asks the tracker what stands there now, and decides. Raises what clients raise."""
    if not wanted.fields and not wanted.moves_badge():
        return Decision()
    current = client.current(wanted.ref.id, list(wanted.fields), badge=wanted.moves_badge())
    decision = Decision(revision=current.revision)
    for target, value in wanted.fields.items():
        _decide(client, wanted, target, value, current, decision)
    if current.badge_refused is not None:
        decision.refused[BADGE] = current.badge_refused
    elif wanted.moves_badge():
        badge = wanted.badge()
        decision.stands[BADGE] = wanted.values[BADGE]
        stands = badge is not None and current.badge is not None and client.same_badge(badge, current.badge)
        decision.badge = None if stands else badge
        decision.remove_badge = badge is None and current.badge is not None
    _leave_passengers(wanted, decision)
    return decision


def refusal(target: str, name: str, key: str, words: str) -> str:
    """The line about a target that the tracker refuses. `name` is the field's in the mapping, `key` an item's with it."""
    what = "the remote link" if target == BADGE else name or target
    return f"{what} cannot be written on {key}: {words}"


def _decide(
    client: TrackerClient, wanted: Desired, target: str, value: FieldValue, current: Current, decision: Decision
) -> None:
    kind = next((known.type for known in wanted.catalogue.fields if known.id == target), "other")
    known = wanted.known.get(target, Written(target))
    there = current.fields.get(target)

    def same(ours: FieldValue, theirs: FieldValue) -> bool:
        return client.same(kind, ours, theirs)

    if known.put_back and known.held is not None:
        theirs = known.held[0]
        if same(theirs, there):
            decision.restores.add(target)
        elif any(same(ours, there) for ours in (known.value, *known.attempts)):
            decision.restores.add(target)
            decision.writes[target], decision.saw[target] = theirs, there
        else:
            decision.held[target] = there
    elif value is None and known == Written(target, known.field):
        pass  # nothing to show, and nothing of ours to clear
    elif same(value, there):
        # A person emptied our value; that we have none to show meanwhile does not hand the field back.
        if not (value is None and known.held == (None,)):
            decision.stands[target] = value
    elif _may_overwrite(client, wanted, target, there, known, same) is Verdict.OURS:
        decision.stands[target] = value
        decision.writes[target], decision.saw[target] = value, there
    else:
        decision.held[target] = there


def _may_overwrite(
    client: TrackerClient,
    wanted: Desired,
    target: str,
    there: FieldValue,
    known: Written,
    same: Callable[[FieldValue, FieldValue], bool],
) -> Verdict:
    return may_overwrite(
        there,
        last_written=known.value,
        attempts=(*known.attempts, *(known.released or ())),
        held=known.held,
        edit=lambda: client.last_edit(wanted.ref.id, target),
        account=wanted.catalogue.account,
        same=same,
    )


def _leave_passengers(wanted: Desired, decision: Decision) -> None:
    """Values that change by themselves are written only along with another, and for the first and the last time."""
    alone = {
        target
        for target, value in decision.writes.items()
        if wanted.is_passenger(target)
        and value is not None
        and target not in decision.restores
        and wanted.known.get(target, Written(target)).known
    }
    if decision.writes_badge or set(decision.writes) - alone:
        return
    for target in alone:
        del decision.writes[target], decision.saw[target], decision.stands[target]
