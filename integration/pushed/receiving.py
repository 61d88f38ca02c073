"""Many written facts -> the store: each accepted, updated, unchanged, deleted or refused, and none kept by half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from integration.pushed.reading import Received, Refused, read
from integration.store import pushed
from integration.store.pushed import Telling, Whose

Outcome: TypeAlias = Literal["accepted", "updated", "unchanged", "deleted", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one fact; kind and id as far as they were told."""

    outcome: Outcome
    kind: str | None
    id: str | None
    reason: str = ""


def understand(told: Iterable[object]) -> Sequence[Received | Refused]:
    """Decoded JSON values as facts: before a transaction is begun, for which others may have to wait."""
    return [read(one) for one in told]


def receive(connection: Connection, understood: Sequence[Received | Refused], sender: str) -> Sequence[Answer]:
    """Keeps what a program tells of what happens: all is known from its first telling on."""
    at = pushed.clock(connection)
    facts = [one for one in understood if isinstance(one, Received)]
    outcomes = iter(keep(connection, facts, sender, at))
    pushed.known_since(connection, {(one.kind, whose): at for one in facts for whose in one.subjects})
    return [
        Answer("refused", one.kind, one.id, one.reason)
        if isinstance(one, Refused)
        else Answer(next(outcomes), one.kind, one.id)
        for one in understood
    ]


def keep(connection: Connection, facts: Sequence[Received], sender: str, at: datetime) -> Sequence[pushed.Outcome]:
    """For each, in this order, what became of it."""
    return pushed.put(connection, tellings(facts), sender, at)


def tellings(facts: Iterable[Received]) -> Sequence[Telling]:
    return [Telling(one.kind, one.id, one.data, one.deleted) for one in facts]


def earliest(facts: Iterable[Received], before: Mapping[Whose, datetime]) -> Mapping[Whose, datetime]:
    """The first moment of each service's or KPI's facts of a kind, of these facts and those `before`."""
    found = dict(before)
    for one in facts:
        if one.when is not None:
            for whose in one.subjects:
                found[one.kind, whose] = min(one.when, found.get((one.kind, whose), one.when))
    return found
