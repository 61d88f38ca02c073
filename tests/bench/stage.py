"""A served okrlink beside a simulated Jira whose people move stories, for what is measured from webhook to field."""

import hashlib
import hmac
import http.client
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from integration.simulators.jira import JiraSimulator
from integration.store.db import Database
from integration.store.tables import marks, outbox, outcomes, reads, standings, written
from tests.histories import Listener
from tests.living import JIRA, SECRETS, until
from tests.webhooks.serving import Serving

POSTERS = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """What is running, and the database under it, looked at from outside."""

    jira: JiraSimulator
    serving: Serving
    database: Database

    def settle(self, timeout: float = 120) -> None:
        """Waits until nothing is under way. Wishes that wait for their turn are not under way."""
        until(self._quiet, timeout, "everything that waited")

    def _quiet(self) -> bool:
        with self.database.read() as db:
            waiting = select(func.count()).select_from(outcomes).where(outcomes.c.state == "new")
            # The clock's marks of a day are spread over the next hour.
            marked = (
                select(func.count()).select_from(marks).where(marks.c.at < datetime.now(UTC) + timedelta(seconds=5))
            )
            asked = select(func.count()).select_from(reads).where(reads.c.state == "wanted")
            soon = datetime.now(UTC) + timedelta(seconds=5)
            wished = select(func.count()).select_from(outbox).where(outbox.c.state == "wanted", outbox.c.due_at < soon)
            return not any(db.execute(query).scalar() for query in (waiting, marked, asked, wished))

    def grow_quiet(self) -> None:
        """Waits until all that is known is written, and then lets an hour pass: every item may be written at once."""
        self.settle()
        while self._waits_for_its_turn():
            self._let_an_hour_pass()
            self.settle()
        self._let_an_hour_pass()

    def _waits_for_its_turn(self) -> bool:
        with self.database.read() as db:
            return bool(db.execute(select(func.count()).select_from(outbox)).scalar())

    def _let_an_hour_pass(self) -> None:
        with self.database.write() as db:
            for table, column in ((written, written.c.written_at), (outbox, outbox.c.due_at)):
                for row in db.execute(
                    select(table.c.connection, table.c.item, column).where(column.is_not(None)).distinct()
                ):
                    there = (table.c.connection == row[0]) & (table.c.item == row[1])
                    db.execute(update(table).where(there).values({column.name: row[2] - timedelta(hours=1)}))

    def measured(self, key_result: str) -> object:
        """When a key result was measured last; another value is another measurement."""
        with self.database.read() as db:
            return db.execute(select(standings.c.measured_at).where(standings.c.key_result == key_result)).scalar()

    def told(self, act: Callable[[], None]) -> Sequence[bytes]:
        """The webhooks that people's acts cause, kept for `post` instead of delivered."""
        listener = Listener()
        self.jira.webhooks.register(listener.url)
        act()
        assert self.jira.deliveries.drain(120)
        self.jira.webhooks.forget(listener.url)
        listener.close()
        return listener.bodies

    def hear_echoes(self) -> None:
        """From now on okrlink's own writes come back to it as webhooks, as they do from a real site."""
        self.jira.webhooks.register(f"{self.serving.url}/webhooks/jira", SECRETS["JIRA_SECRET"])

    def post(self, bodies: Sequence[bytes]) -> None:
        """Delivers bodies as fast as the receiver takes them, over a few connections."""
        shares = [bodies[start::POSTERS] for start in range(POSTERS)]
        threads = [threading.Thread(target=self._post, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _post(self, bodies: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.port)
        for body in bodies:
            connection.request("POST", "/webhooks/jira", body, headers_for(body))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 204, answer.status
        connection.close()


def headers_for(body: bytes) -> dict[str, str]:
    signature = hmac.digest(SECRETS["JIRA_SECRET"].encode(), body, hashlib.sha256).hex()
    return {
        "Content-Type": "application/json",
        "X-Hub-Signature": f"sha256={signature}",
        "X-Atlassian-Webhook-Identifier": uuid.uuid4().hex,
    }


@contextmanager
def staged(objectives: str) -> Iterator[Stage]:
    """The embedded default: SQLite, `okrlink serve` with its worker, and a Jira that takes every write at once."""
    with tempfile.TemporaryDirectory(dir=".") as name, JiraSimulator(write_limits=(), threads=4) as jira:
        folder = Path(name).absolute()
        mapping = JIRA.format(url=jira.url, every="1 min", objectives=objectives, cycle="2026-Q4")
        environment = {**SECRETS, "OKRLINK_DATABASE_URL": f"sqlite:///{folder / 'okrlink.db'}"}
        with Serving(folder, mapping=mapping, environment=environment) as serving:
            database = Database.open(environment["OKRLINK_DATABASE_URL"])
            yield Stage(jira, serving, database)
            database.close()
