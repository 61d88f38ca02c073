"""The ledgers of one process: every connection's budget, shared with all other processes through the database.

Counting costs nothing but memory: counts are added to the database every few seconds, and a crash loses those that were
not. Turns are taken several at once while they are used up, in short transactions that no receiver waits for the disk
of. What a tracker wishes is written down when it says so, and looked up at most once a second.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from integration.core.bucket import Bucket
from integration.store import budgets
from integration.store.budgets import Asked
from integration.store.db import Database, is_down
from integration.store.pauses import LONGEST_WISH
from integration.trackers.contract import Connection, Purpose

IN_HAND = timedelta(seconds=0.25)
"""How long turns that were taken may be used: a process that needs no more of them must not save them up."""
LOOK_EVERY = timedelta(seconds=1)

LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


def _real_time() -> datetime:
    return datetime.now(UTC)


class Ledgers:
    """Made once in a process; each connection's ledger is the same for all of its threads."""

    def __init__(self, database: Database, now: Callable[[], datetime] = _real_time) -> None:
        self._database = database
        self._now = now
        self._ledgers: dict[str, SharedLedger] = {}
        self._mutex = threading.Lock()
        self._cleaned: datetime | None = None

    def share(self, site: Connection) -> Connection:
        """The same connection, whose requests are counted and wait for their turns among those of all processes."""
        with self._mutex:
            ledger = self._ledgers.get(site.name)
            if ledger is None:
                ledger = self._ledgers[site.name] = SharedLedger(self._database, site.name, self._now)
        ledger.limit(site.requests_per_second)
        return replace(site, ledger=ledger)

    def spent(self) -> Mapping[str, Mapping[Purpose, int]]:
        """How often this process asked each connection, by purpose."""
        return {name: dict(ledger.spent) for name, ledger in sorted(self._ledgers.items()) if ledger.spent}

    def flush(self) -> None:
        """Adds what was counted to the database. Where that cannot be reached now, it is kept for the next time."""
        now = self._now()
        counted = [(ledger, ledger.take_counts()) for ledger in list(self._ledgers.values())]
        if not any(counts for _, counts in counted):
            return
        hour = now.replace(minute=0, second=0, microsecond=0)
        try:
            with self._database.write(synced=False) as connection:
                budgets.add(connection, hour, [one for _, counts in counted for one in counts])
                if self._cleaned != hour:
                    budgets.throw_away(connection, now)
        except Exception as error:
            for ledger, counts in counted:
                ledger.put_back(counts)
            if not is_down(error):
                raise
            log.warning("requests are not counted at present: %s", error)
        else:
            self._cleaned = hour


@dataclass(slots=True)
class _Hand:
    """Turns that were taken and not used yet."""

    left: int = 0
    until: datetime = LONG_AGO
    taken: int = 0
    none_before: datetime = LONG_AGO
    """When to ask again, where there was none; one thread asks for all."""


class SharedLedger:
    """One connection's ledger (`trackers.contract.Ledger`). Raises `StoreUnusable` where the database cannot be reached."""

    def __init__(self, database: Database, name: str, now: Callable[[], datetime] = _real_time) -> None:
        self.spent: Counter[Purpose] = Counter()
        self._database = database
        self._name = name
        self._now = now
        self._bucket: Bucket | None = None
        self._hands = {False: _Hand(), True: _Hand()}
        self._until: dict[str, datetime] = {}
        self._looked: datetime | None = None
        self._made: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._mutex = threading.Lock()

    def limit(self, requests_per_second: float | None) -> None:
        """From now on so many a second at most; None for the tracker's own limits only."""
        self._bucket = Bucket(requests_per_second) if requests_per_second else None

    def rest(self, part: str, seconds: float) -> None:
        until = self._now() + timedelta(seconds=seconds)
        with self._mutex:
            if until < self._until.get(part, until) <= until + LONGEST_WISH:
                return
            self._until[part] = until
        try:
            with self._database.write(synced=False) as connection:
                budgets.rest(connection, self._name, part, until)
        except Exception as error:
            if not is_down(error):
                raise
            log.warning("%s: only this process knows that it shall rest: %s", self._name, error)

    def rests(self, part: str) -> float:
        now = self._now()
        with self._mutex:
            if self._looked is None or abs(now - self._looked) >= LOOK_EVERY:
                self._looked = now
                with self._database.read() as connection:
                    told = budgets.resting(connection, self._name, now)
                self._until = {one: until for one, until in self._until.items() if now < until <= now + LONGEST_WISH}
                for one, until in told.items():
                    self._until[one] = max(until, self._until.get(one, until))
            until = self._until.get(part, now)
        return max(0.0, (until - now).total_seconds())

    def take(self, *, patient: bool) -> float:
        bucket = self._bucket
        if bucket is None:
            return 0.0
        with self._mutex:
            now, hand = self._now(), self._hands[patient]
            if hand.left and now < hand.until:
                hand.left -= 1
                return 0.0
            if now < hand.none_before:
                return (hand.none_before - now).total_seconds()
            # Twice as many as last time while all of them are used, as many as can be used in time at most.
            wanted = 2 * hand.taken if hand.taken and not hand.left else 1
            most = max(1, min(wanted, int(bucket.rate * IN_HAND.total_seconds())))
            with self._database.write(synced=False) as connection:
                taken = budgets.take(connection, self._name, bucket, self._now(), most, patient=patient)
            now = self._now()
            if not taken.tokens:
                hand.none_before = now + timedelta(seconds=taken.wait)
                return taken.wait
            self._hands[patient] = _Hand(left=taken.tokens - 1, until=now + IN_HAND, taken=taken.tokens)
            return 0.0

    def count(self, purpose: Purpose) -> None:
        with self._mutex:
            self.spent[purpose] += 1
            self._made[purpose] += 1

    def count_refused(self, purpose: Purpose) -> None:
        with self._mutex:
            self._refused[purpose] += 1

    def take_counts(self) -> Sequence[Asked]:
        """What was counted since the last time."""
        with self._mutex:
            made, refused = self._made, self._refused
            self._made, self._refused = Counter(), Counter()
        return [Asked(self._name, purpose, made[purpose], refused[purpose]) for purpose in {*made, *refused}]

    def put_back(self, counts: Sequence[Asked]) -> None:
        """Counts that could not be kept."""
        with self._mutex:
            for one in counts:
                self._made[one.purpose] += one.made
                self._refused[one.purpose] += one.refused
