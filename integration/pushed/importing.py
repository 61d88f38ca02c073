"""A file of facts -> the store, a batch a transaction: however long it is, it takes the memory of one batch.

It may be stopped anywhere and run again: what was brought before is unchanged then.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from integration.pushed.lines import Row
from integration.pushed.reading import Received, Refused, read
from integration.pushed.receiving import Outcome, earliest, keep, tellings
from integration.store import pushed
from integration.store.db import Database
from integration.store.pushed import Whose

SENDER = "import"
BATCH = 2000
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Ask:
    """How a file is to be brought."""

    kind: str | None = None
    """What facts are that do not say it."""
    service: str | None = None
    """Whose facts are that do not say it."""
    since: datetime | None = None
    """From when on the file holds all facts; without it, from the first of each service or KPI."""
    delete: bool = False
    """Take back what the file tells."""
    dry: bool = False
    """Look only."""


@dataclass(slots=True)
class Brought:
    """What became of a file so far."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    refused: list[tuple[int | str, str]] = field(default_factory=list)
    """The first of them: where, and why."""
    since: Mapping[Whose, datetime] = field(default_factory=dict)

    @property
    def facts(self) -> int:
        return self.counts.total()


def bring(database: Database, rows: Iterable[Row], ask: Ask, heard: Callable[[Brought], None]) -> Brought:
    """Raises what `rows` raises; batches before that are kept."""
    brought = Brought()
    with _collecting_by_hand():
        for batch in _batches(rows):
            _bring(database, [(place, _understood(told, ask)) for place, told in batch], ask, brought)
            heard(brought)
            gc.collect(1)
    if ask.since is not None:
        brought.since = dict.fromkeys(brought.since, ask.since)
    if not ask.dry:
        # Synced, and with it all that went before: what is reported as kept is on disk.
        with database.write() as connection:
            pushed.known_since(connection, brought.since)
    return brought


@contextmanager
def _collecting_by_hand() -> Iterator[None]:
    """A batch is many objects, all of them alive until its end: looking for garbage among them was a fifth of the work."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _bring(
    database: Database, understood: Sequence[tuple[int | str, Received | Refused]], ask: Ask, brought: Brought
) -> None:
    facts = [one for _, one in understood if isinstance(one, Received)]
    refused = [(place, one.reason) for place, one in understood if isinstance(one, Refused)]
    brought.counts["refused"] += len(refused)
    brought.refused += refused[: MOST_SHOWN - len(brought.refused)]
    if not ask.delete:
        brought.since = earliest(facts, brought.since)
    if ask.dry:
        with database.read() as connection:
            brought.counts.update(pushed.would(connection, tellings(facts), datetime.now(UTC)))
        return
    with database.write(synced=False) as connection:
        brought.counts.update(keep(connection, facts, SENDER, pushed.clock(connection)))


def _understood(told: object, ask: Ask) -> Received | Refused:
    if isinstance(told, Refused):
        return told
    if isinstance(told, dict):
        if ask.kind is not None and told.get("kind") is None:
            told["kind"] = ask.kind
        if ask.service is not None and told.get("service") is None and "deleted" not in told:
            told["service"] = ask.service
    received = read(told)
    if ask.delete and isinstance(received, Received):
        return Received(received.kind, received.id, "", deleted=True)
    return received


def _batches(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch
