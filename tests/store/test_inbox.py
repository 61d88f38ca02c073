"""The inbox: what `put` returned from is on disk, once, whoever put it and however often."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from integration.core.errors import StoreUnusable
from integration.store.db import Database
from integration.store.file_lock import BUSY_TIMEOUT
from integration.store.inbox import Delivery, Inbox
from integration.store.tables import deliveries, outcomes
from integration.store.wakeup import Wakeup

AT = datetime(2026, 11, 20, 12, 0, 0, 250, tzinfo=UTC)

PUT_MANY = """
import sys
from datetime import UTC, datetime
from integration.store.db import Database
from integration.store.inbox import Delivery, Inbox

inbox = Inbox.for_database(Database.open(sys.argv[1]))
for number in range(200):
    inbox.put(Delivery("jira", f"{sys.argv[2]}-{number}", datetime.now(UTC), {}, b"{}"))
    inbox.put(Delivery("jira", f"shared-{number}", datetime.now(UTC), {}, b"{}"))
"""


def delivery(name: str = "d1", connection: str = "jira", body: bytes = b"{}") -> Delivery:
    return Delivery(connection, name, AT, {"x-kept": "1"}, body)


@pytest.fixture
def inbox(database: Database) -> Iterator[Inbox]:
    opened = Inbox.for_database(database)
    yield opened
    opened.close()


def ids(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(deliveries.c.delivery).order_by(deliveries.c.delivery)))


def test_a_delivery_is_kept_as_it_came(database: Database, inbox: Inbox) -> None:
    body = bytes(range(256))

    assert inbox.put(delivery(body=body))

    with database.read() as connection:
        query = select(deliveries, outcomes.c.state).join(outcomes, outcomes.c.delivery == deliveries.c.id)
        row = connection.execute(query).one()
    assert (row.connection, row.delivery, row.received_at) == ("jira", "d1", AT)
    assert (row.headers, bytes(row.body), row.state) == ('{"x-kept":"1"}', body, "new")


def test_a_known_id_is_kept_once_with_its_first_body(database: Database, inbox: Inbox) -> None:
    assert inbox.put(delivery(body=b"first"))
    assert not inbox.put(delivery(body=b"second"))

    with database.read() as connection:
        assert [bytes(body) for body in connection.scalars(select(deliveries.c.body))] == [b"first"]
        assert list(connection.scalars(select(outcomes.c.state))) == ["new"]


def test_of_known_and_new_ones_in_one_commit_each_is_told_apart(inbox: Inbox) -> None:
    writer = inbox._writer
    with writer.turn:
        writer.commit([delivery("old-1"), delivery("old-2")])

        fresh = writer.commit([delivery(name) for name in ("new-1", "old-1", "new-2", "new-1", "old-2", "new-3")])
        again = writer.commit([delivery(name) for name in ("old-1", "new-1")])

    assert fresh == [True, False, True, False, False, True]
    assert again == [False, False]


def test_one_id_of_two_connections_is_two_deliveries(inbox: Inbox) -> None:
    assert inbox.put(delivery(connection="jira-one"))
    assert inbox.put(delivery(connection="jira-two"))


def test_threads_that_wait_together_learn_each_their_own_answer(database: Database, inbox: Inbox) -> None:
    answers: list[bool] = []

    def put_all() -> None:
        answers.extend(inbox.put(delivery(f"d{number}")) for number in range(50))

    threads = [threading.Thread(target=put_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (answers.count(True), answers.count(False)) == (50, 350)
    assert len(ids(database)) == 50


def test_processes_share_an_inbox(database: Database, database_url: str) -> None:
    commands = [[sys.executable, "-c", PUT_MANY, database_url, name] for name in ("a", "b", "c")]

    processes = [subprocess.Popen(command) for command in commands]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(ids(database)) == 3 * 200 + 200


def test_a_put_wakes_the_worker(database: Database, inbox: Inbox) -> None:
    wakeup = Wakeup.for_database(database)
    assert not wakeup.wait(0.05)

    inbox.put(delivery())

    assert wakeup.wait(60)
    wakeup.close()


def test_without_a_table_everybody_who_waits_is_told(database: Database, inbox: Inbox) -> None:
    with database.write() as connection:
        connection.execute(text("ALTER TABLE deliveries RENAME TO hidden"))
    try:
        with pytest.raises(StoreUnusable, match="could not be stored"):
            inbox.put(delivery())
    finally:
        with database.write() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO deliveries"))

    assert inbox.put(delivery())


def test_a_database_that_a_stranger_locks_is_told_in_time(sqlite_url: str) -> None:
    """Jira waits 20 s for an answer: whose turn it is must not wait longer for somebody who knows nothing of turns."""
    database = Database.open(sqlite_url)
    inbox = Inbox.for_database(database)
    assert database.file
    with closing(sqlite3.connect(database.file, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnusable, match="locked"):
            inbox.put(delivery())
        with pytest.raises(StoreUnusable, match="locked"), database.write():
            pass
    assert inbox.put(delivery())
    assert 3 * BUSY_TIMEOUT < 20, "two servers and a worker, one after the other"
    inbox.close()
    database.close()


def test_a_database_file_that_is_gone_is_not_made_anew(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    inbox = Inbox.for_database(database)
    assert database.file
    database.file.unlink()

    with pytest.raises(StoreUnusable, match="unable to open database file"):
        inbox.put(delivery())

    assert not database.file.exists()
    inbox.close()
    database.close()


def test_a_restarted_postgresql_loses_no_delivery(postgres_url: str, request: pytest.FixtureRequest) -> None:
    database = Database.open(request.getfixturevalue("_migrated_postgres"))
    inbox = Inbox.for_database(database)
    inbox.put(delivery("before"))
    with database.write() as connection:
        query = """\
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE '%unnest%' AND pid != pg_backend_pid()
        """
        assert connection.scalars(text(query)).all() == [True]

    assert inbox.put(delivery("after"))
    inbox.close()
    database.close()


class Slow:
    """A writer whose disk takes as long as the test says."""

    turn = nullcontext()

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def commit(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        self.batches.append(len(deliveries))
        self.entered.set()
        self.go_on.wait(60)
        if self.error:
            raise self.error
        return [True] * len(deliveries)

    def close(self) -> None:
        pass


def put_while_slow(writer: Slow, inbox: Inbox, number: int) -> list[object]:
    """One put that holds the disk and `number` that wait for it; what each came to."""
    outcomes: list[object] = []

    def put(name: str) -> None:
        try:
            outcomes.append(inbox.put(delivery(name)))
        except StoreUnusable as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=put, args=(f"d{n}",)) for n in range(number + 1)]
    threads[0].start()
    writer.entered.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(inbox._queue) < number:
        threading.Event().wait(0.001)
    writer.go_on.set()
    for thread in threads:
        thread.join()
    return outcomes


def test_all_who_wait_share_one_commit() -> None:
    writer = Slow()

    outcomes = put_while_slow(writer, Inbox(writer, Wakeup()), 20)

    assert outcomes == [True] * 21
    assert writer.batches == [1, 20]


def test_an_error_reaches_all_who_wait() -> None:
    writer = Slow()
    writer.error = OSError("disk full")

    outcomes = put_while_slow(writer, Inbox(writer, Wakeup()), 20)

    assert outcomes == ["the delivery could not be stored: disk full"] * 21
