"""The worker: drains the inbox, refreshes what is marked, asks what is unknown, publishes what changed.

One thread ingests and refreshes, so that the steps of one worker never wait for each other; others talk to trackers,
which may take long. All of them may run in any number of workers on PostgreSQL: rows are shared by locks and leases.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from integration.core.errors import MappingInvalid, Refused, StoreUnusable
from integration.core.retention import Retention
from integration.ingest import ingest
from integration.publish import publish
from integration.reading import answer_reads
from integration.refresh import (
    Outdated,
    Policy,
    attribute_facts,
    derive_facts,
    draw_cards,
    fold_items,
    mark_new_day,
    mark_windows,
    measure_key_results,
    measure_kpis,
    reach_key_results,
)
from integration.rescan import begin, readers_of, rescan
from integration.retention import throw_away
from integration.store import applied, marks, outbox, reads, streams
from integration.trackers.contract import Connection, Tracker, TrackerClient
from mappings import load_texts
from webhooks.bootstrap import Service

SWEEP = 1.0
"""Seconds after which a sleeping worker looks by itself: a lost wake-up costs no more."""
SETTLING = 0.05
"""The same while a burst settles."""
AFTER_TROUBLE = 1.0
ENDING = 5.0
"""Seconds that all calls under way may take together once a worker shall end; leases keep what they were about."""
HOUSEKEEPING = 10.0
"""Seconds between two looks at whether something is due that comes round."""

log = logging.getLogger(__name__)


def real_time() -> datetime:
    return datetime.now(UTC)


class Clients(Mapping[str, TrackerClient]):
    """One thread's connections to the trackers, made when first asked for and anew when their settings change.

    Raises `Refused` for one whose credentials cannot be read now: people mend that without telling us.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._made: dict[str, tuple[object, TrackerClient]] = {}

    def __getitem__(self, name: str) -> TrackerClient:
        tracker, connection = self._service.connections()[name]
        if isinstance(connection, MappingInvalid):
            raise Refused("; ".join(str(problem) for problem in connection.problems), scope="connection")
        made = self._made.get(name)
        if made is None or made[0] != connection:
            made = self._made[name] = (connection, tracker.connect(self._service.ledgers.share(connection)))
        return made[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._service.connections())

    def __len__(self) -> int:
        return len(self._service.connections())


class Worker:
    """Runs until it is told to stop. `today` is the moment that numbers are as of; only a demo gives another than now."""

    def __init__(
        self,
        service: Service,
        *,
        today: Callable[[], datetime] = real_time,
        spread: timedelta = timedelta(hours=1),
        publishers: int = 2,
        rescans: bool = True,
    ) -> None:
        self._service = service
        self._db = service.database
        self._today = today
        self._spread = spread
        self._publishers = publishers
        self._rescans = rescans
        self._laid_out: int | None = None
        self._policy: Policy | None = None
        self._retention: Retention | None = None
        self._talk = threading.Condition()

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set, then finishes what is under way and returns."""
        if self._db.is_sqlite:
            self._free_leases()
        talkers = [self._publish_one] * self._publishers + [self._answer_reads] + [self._rescan] * self._rescans
        threads = [
            threading.Thread(target=self._loop, args=(stop, self._talker(talk)), name=f"talker {number}", daemon=True)
            for number, talk in enumerate(talkers)
        ]
        threads.append(
            threading.Thread(target=self._loop, args=(stop, self._keep_house), name="housekeeper", daemon=True)
        )
        for thread in threads:
            thread.start()
        self._loop(stop, self._refresh_round)
        with self._talk:
            self._talk.notify_all()
        deadline = time.monotonic() + ENDING
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _free_leases(self) -> None:
        """The only worker of an SQLite database knows that whoever held a lease is dead."""
        with self._db.write() as connection:
            reads.free_leases(connection)
            outbox.free_leases(connection)
            streams.free_leases(connection)

    def _loop(self, stop: threading.Event, work: Callable[[threading.Event], None]) -> None:
        """Repeats `work`; whatever goes wrong is logged and tried again, because rows and leases keep it."""
        while not stop.is_set():
            try:
                work(stop)
            except Outdated:
                self._policy = None
            except StoreUnusable as error:
                log.error("%s", error)  # noqa: TRY400 - the address may stand in a traceback
                stop.wait(AFTER_TROUBLE)
            except Exception:
                log.exception("a step failed and will be repeated")
                stop.wait(AFTER_TROUBLE)

    def _refresh_round(self, stop: threading.Event) -> None:
        policy = self._follow()
        if policy is None:
            self._service.wakeup.wait(SWEEP)
            return
        now = real_time()
        worked = ingest(self._db, self._trackers(), now)
        worked += fold_items(self._db, policy, real_time())
        worked += reach_key_results(self._db, policy, real_time())
        worked += derive_facts(self._db, policy, real_time())
        worked += attribute_facts(self._db, policy, real_time())
        worked += measure_kpis(self._db, policy, real_time(), self._today())
        worked += measure_key_results(self._db, policy, real_time(), self._today())
        drawn = draw_cards(self._db, policy, real_time())
        mark_windows(self._db, policy, real_time())
        mark_new_day(self._db, policy, real_time(), self._today(), self._spread)
        if worked or drawn:
            with self._talk:
                self._talk.notify_all()
        elif not stop.is_set():
            with self._db.read() as connection:
                # What the clock wants within the hour is not waited for like this.
                settling = marks.any_before(connection, marks.REFRESHED, real_time())
            self._service.wakeup.wait(SETTLING if settling else SWEEP)

    def _follow(self) -> Policy | None:
        """The mapping in force, loaded anew when its revision changes."""
        with self._db.read() as connection:
            revision = applied.revision(connection)
            if self._policy is not None and self._policy.revision == revision:
                return self._policy
            newest = applied.newest(connection)
        if newest is None:
            return None
        loaded = load_texts(newest.files, next(iter(newest.files)))
        self._policy = Policy(newest.revision, loaded.scorecard, self._service.settings.url)
        self._retention = loaded.retention
        return self._policy

    def _trackers(self) -> Mapping[str, Tracker]:
        return {name: tracker for name, (tracker, _) in self._service.connections().items()}

    def _talker(self, talk: Callable[[Clients], bool]) -> Callable[[threading.Event], None]:
        """A loop's body for one thread with clients of its own: sessions are not for several threads."""
        clients = Clients(self._service)

        def turn(stop: threading.Event) -> None:
            if not talk(clients) and not stop.is_set():
                with self._talk:
                    self._talk.wait(SWEEP)

        return turn

    def _publish_one(self, clients: Clients) -> bool:
        policy = self._policy
        return policy is not None and publish(self._db, policy.scorecard, policy.revision, clients, real_time)

    def _answer_reads(self, clients: Clients) -> bool:
        asked = self._policy is not None and answer_reads(self._db, clients, real_time) > 0
        if asked:
            self._service.wakeup.send()
        return asked

    def _rescan(self, clients: Clients) -> bool:
        policy = self._policy
        if policy is None:
            return False
        resolved = self._service.connections().items()
        sites = {name: site for name, (_, site) in resolved if isinstance(site, Connection)}
        readers = readers_of(clients, sites)
        if self._laid_out != policy.revision:
            begin(self._db, readers, real_time(), at_start=self._laid_out is None)
            self._laid_out = policy.revision
        asked = rescan(self._db, sites, readers, real_time)
        if asked:
            self._service.wakeup.send()
        return asked

    def _keep_house(self, stop: threading.Event) -> None:
        if self._retention is not None:
            throw_away(self._db, self._retention, real_time, stop.is_set)
        self._service.ledgers.flush()
        stop.wait(HOUSEKEEPING if self._retention is not None else SWEEP)
