"""What commands that look at numbers begin with: the database of this version, and the mapping that is in force in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from integration.core.scorecard import KeyResult, Objective, Scorecard
from integration.store import applied, migrations
from integration.store.applied import Applied
from integration.store.marks import Mark
from mappings import load_texts
from webhooks.bootstrap import Service, Settings
from webhooks.cli import Mistake

NOTHING_APPLIED = "nothing is applied yet: okrlink apply okr.yaml"


@dataclass(frozen=True, slots=True)
class Opened:
    """The service, and the mapping in force with what it declares."""

    service: Service
    applied: Applied
    scorecard: Scorecard

    def key_result(self, name: str) -> tuple[Objective, KeyResult]:
        """The key result that people mean by `name`: its id, its own name, a former one, its title."""
        meant = self.scorecard.names.meant_by(name, titles=True)
        found = self.scorecard.find(meant) if meant else None
        if found:
            return found
        near = self.scorecard.names.near(name)
        raise Mistake(f"no key result is called '{name}'; " + (f"did you mean {near}?" if near else "see okrlink okrs"))

    def measure_again(self, key_result: str) -> Mark:
        return Mark("key result", ("", key_result), datetime.now(UTC))


@contextmanager
def open_service() -> Iterator[Service]:
    """The service that the environment names, its database set up if it is empty. Raises `StoreUnusable` for another shape."""
    settings = Settings.from_environment(os.environ)
    service = Service.open(settings)
    try:
        migrations.prepare(service.database)
        yield service
    finally:
        service.close()


@contextmanager
def open_applied() -> Iterator[Opened]:
    """Raises `Mistake` where no mapping is in force."""
    with open_service() as service:
        with service.database.read() as connection:
            newest = applied.newest(connection)
        if newest is None:
            raise Mistake(NOTHING_APPLIED)
        yield Opened(service, newest, load_texts(newest.files, next(iter(newest.files))).scorecard)
