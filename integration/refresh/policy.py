"""The mapping in force, as the steps see it, and the vocabulary of each tracker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.estimates import estimate_fields
from integration.core.links import Selector
from integration.core.scorecard import Scorecard, Work
from integration.store import applied, marks, reads
from integration.store.db import Database, refuses
from integration.store.marks import Claimed, Kind, Subject

log = logging.getLogger(__name__)

NO_CATALOGUE = Catalogue()
PUT_OFF = timedelta(minutes=10)
FOLLOWS = timedelta(seconds=30)
"""Marks that follow from an applied mapping's own are made within this time; others wait no longer for them."""


class Outdated(Exception):
    """A newer mapping was applied; the step wrote nothing."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The scorecard of one applied revision. `url` is where people reach this service."""

    revision: int
    scorecard: Scorecard
    url: str
    _catalogues: dict[str, tuple[object, Catalogue]] = field(default_factory=dict, repr=False)
    trouble: set[tuple[str, str]] = field(default_factory=set, repr=False)
    """Connections and topics of the lines about what could not be refreshed."""
    _adopted: list[bool] = field(default_factory=list, repr=False)

    def check(self, connection: Connection) -> None:
        """Raises `Outdated` unless this revision is in force, seen from inside the transaction that relies on it."""
        if applied.revision(connection) != self.revision:
            raise Outdated

    def is_adopted(self, connection: Connection, now: datetime) -> bool:
        """Whether all that looked anew because of this mapping has come to an end: earlier, cards would show halves of it."""
        if not self._adopted:
            at = applied.applied_at(connection, self.revision)
            if at is None or not marks.any_before(connection, ("item", "reach", "key result"), min(at + FOLLOWS, now)):
                self._adopted.append(True)
        return bool(self._adopted)

    def catalogues(self, connection: Connection) -> Mapping[str, Catalogue]:
        """Each connection's vocabulary as last read; kept until it is read again."""
        for name, read_at in reads.catalogue_dates(connection).items():
            if self._catalogues.get(name, (None,))[0] != read_at:
                self._catalogues[name] = (read_at, reads.load_catalogue(connection, name) or NO_CATALOGUE)
        return {name: catalogue for name, (_, catalogue) in self._catalogues.items()}

    def inputs(self, name: str, catalogue: Catalogue) -> frozenset[str]:
        """The ids of a connection's fields that links, selectors and measures read. No other field can move a number."""
        scorecard = self.scorecard
        names: set[str] = set()
        for tag in scorecard.tags:
            names |= _fields(tag.only) | ({tag.field} if tag.field else set())
        ids = {"resolution"}
        for _, key_result in scorecard.key_results():
            for linked in key_result.linked:
                names |= _fields(linked.selector)
            if isinstance(key_result.measure, Work):
                ids.update(estimate_fields(key_result.measure.unit, catalogue, scorecard.connections.get(name)))
        for _, selector in scorecard.counts:
            names |= _fields(selector)
        return frozenset(ids | {known.id for one in names for known in catalogue.named(one)} | names)


def _fields(selector: Selector) -> set[str]:
    inner = _fields(selector.excluded) if selector.excluded else set()
    return set(selector.fields) | inner


Writing: TypeAlias = Callable[[Connection], None]
"""The second half of a step: it only writes, what the first half found out."""


def step(
    db: Database,
    policy: Policy,
    kind: Kind,
    wanted: Sequence[Subject],
    look: Callable[[Connection, Claimed], Writing],
    now: datetime,
) -> int:
    """Locks those of `wanted` that are free, looks, writes, and deletes the marks it read; returns how many it did.

    One subject that cannot be refreshed does not stop the others: they go on one by one, and it is put off, with a line
    in `status` until it succeeds.
    """
    try:
        done = _step(db, policy, kind, wanted, look)
    except Exception as error:
        if not refuses(error) and not isinstance(error, LookupError | AttributeError | ArithmeticError):
            raise  # the mapping is outdated, or the database is not there: that is nobody's fault among these
        if len(wanted) > 1:
            return sum(step(db, policy, kind, [one], look, now) for one in wanted)
        _put_off(db, policy, kind, wanted[0], error, now)
        return 0
    _end_trouble(db, policy, kind, wanted, now)
    return done


def _topic(kind: Kind, subject: Subject) -> str:
    return f"refresh {kind} {subject[1]}"


def _put_off(db: Database, policy: Policy, kind: Kind, subject: Subject, error: Exception, now: datetime) -> None:
    """Lets the others go on, and says what is wrong until it is not."""
    log.error("the %s %s cannot be refreshed", kind, subject[1], exc_info=error)
    why = f"{kind} {subject[1]} cannot be refreshed ({type(error).__name__}); it is tried again every ten minutes"
    with db.write() as connection:
        marks.put_off(connection, kind, subject, now + PUT_OFF)
        applied.notice(connection, subject[0], _topic(kind, subject), why, now)
    policy.trouble.add((subject[0], _topic(kind, subject)))


def _end_trouble(db: Database, policy: Policy, kind: Kind, wanted: Sequence[Subject], now: datetime) -> None:
    ended = {(name, _topic(kind, (name, subject))) for name, subject in wanted} & policy.trouble
    if ended:
        with db.write() as connection:
            for name, topic in sorted(ended):
                applied.notice(connection, name, topic, None, now)
        policy.trouble.difference_update(ended)


def _step(
    db: Database,
    policy: Policy,
    kind: Kind,
    wanted: Sequence[Subject],
    look: Callable[[Connection, Claimed], Writing],
) -> int:
    """One transaction over as many of `wanted` as are free.

    On SQLite receivers wait for whoever writes, so the looking, which takes longest, is done before the one lock there
    is: an SQLite database has one worker, and whatever others commit meanwhile has marks that this step does not delete.
    Nothing here waits for the disk: a step that a power failure undoes has its marks again.
    """
    if not wanted:
        return 0
    if db.is_sqlite:
        with db.read() as connection:
            claimed = marks.claim(connection, kind, wanted)
            if not claimed:
                return 0
            policy.check(connection)
            ground = _ground(connection)
            write = look(connection, claimed)
        with db.write(synced=False) as connection:
            policy.check(connection)
            if _ground(connection) != ground:
                return 0
            write(connection)
            marks.done(connection, claimed)
        return len(claimed.details)
    # Committed apart, so that no worker waits at another's uncommitted subject rows.
    with db.write(synced=False) as connection:
        marks.ensure_subjects(connection, kind, wanted)
    with db.write(synced=False) as connection:
        claimed = marks.claim(connection, kind, wanted)
        if not claimed:
            return 0
        policy.check(connection)
        look(connection, claimed)(connection)
        marks.done(connection, claimed)
        return len(claimed.details)


def _ground(connection: Connection) -> tuple[Mapping[str, datetime], datetime | None]:
    """What a step stands on beside its subject. Where it moved between looking and writing, the step is done again.

    A new vocabulary has looked for all items but those that are folded for the first time; who forgets somebody has
    changed items that may be about to be written as they were before.
    """
    return reads.catalogue_dates(connection), applied.last_done(connection, applied.FORGETTING)
