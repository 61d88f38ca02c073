"""Promise 1: a delivery is committed durably before the tracker is answered, so `kill -9` of anything loses none."""

import hashlib
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import requests
from sqlalchemy import select, text

from integration.store.db import Database
from integration.store.tables import deliveries
from tests.webhooks.receiving import issue_updated, jira_headers
from tests.webhooks.serving import Serving, none_runs, until

SENDERS = 8


class Trackers:
    """Send without end, each delivery once, and remember which were acknowledged."""

    def __init__(self, serving: Serving) -> None:
        self._url = f"{serving.url}/webhooks/shop"
        self._stop = threading.Event()
        self.acknowledged: dict[str, str] = {}
        """Delivery id -> hash of its body."""
        self._threads = [threading.Thread(target=self._send_all, args=(sender,)) for sender in range(SENDERS)]

    def _send_all(self, sender: int) -> None:
        number = 0
        session = requests.Session()
        while not self._stop.is_set():
            number += 1
            body, identifier = issue_updated(f"SHOP-{sender}{number:05}"), f"{sender}-{number}"
            try:
                answer = session.post(self._url, data=body, headers=jira_headers(body, identifier), timeout=60)
            except requests.RequestException:
                continue  # nobody acknowledged it, so nobody promised anything
            if answer.status_code == 204:
                self.acknowledged[identifier] = hashlib.sha256(body).hexdigest()
        session.close()

    def go_on(self, number: int = 200) -> None:
        """Returns when so many more are acknowledged."""
        enough = len(self.acknowledged) + number
        until(lambda: len(self.acknowledged) >= enough, what=f"{number} more acknowledged deliveries")

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database.open(url)
    yield database
    database.close()


def kept(database: Database) -> Mapping[str, str]:
    """Delivery id -> hash of its body."""
    with database.read() as connection:
        rows = connection.execute(select(deliveries.c.delivery, deliveries.c.body))
        return {row.delivery: hashlib.sha256(row.body).hexdigest() for row in rows}


def test_kill_9_of_every_process_in_turn_loses_nothing_acknowledged(tmp_path: Path, database_url: str) -> None:
    with (
        Serving(tmp_path, environment={"OKRLINK_DATABASE_URL": database_url}) as serving,
        Trackers(serving) as trackers,
    ):
        for role in ("servers", "webs", "workers"):
            trackers.go_on()
            (victim, *_), before = getattr(serving, role)(), len(getattr(serving, role)())
            os.kill(victim, signal.SIGKILL)
            until(lambda gone=victim: none_runs([gone]))
            until(lambda role=role, before=before: len(getattr(serving, role)()) == before, what="a successor")
        trackers.go_on()
        tree = serving.tree()
        serving.process.kill()
        until(lambda: none_runs(tree), what="the end of all processes")

    with opened(database_url) as database:
        found = kept(database)
        if database.is_sqlite:
            with database.read() as connection:
                assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    assert len(trackers.acknowledged) >= 800
    assert {name: found.get(name) for name in trackers.acknowledged} == trackers.acknowledged
