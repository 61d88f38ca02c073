"""Promise 1: `kill -9` of the worker in the middle of its work loses nothing and does nothing twice."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from integration.refresh import Policy
from integration.simulators.jira import JiraSimulator
from integration.store import applied, check_ins, marks, migrations, reads, tables
from integration.store.db import Database
from integration.store.marks import Kind
from mappings import load
from tests.busy_team import BusyTeam
from tests.living import OBJECTIVES, SECRETS
from tests.steps import NOW, deliver, everything, settle
from tests.webhooks.serving import WORKER, until
from webhooks.applying import apply_file

KILLS = 3
UPDATES = 250
"""Between two kills."""
STEPS: tuple[Kind, ...] = ("item", "reach", "key result", "card")
MAPPING = """\
version: 1
cycle: 2026-Q4
connections:
  jira: {{tracker: jira, url: {url}, user: env/JIRA_USER, token: env/JIRA_TOKEN, projects: [SHOP]}}
{objectives}"""


@pytest.fixture
def mapping(tmp_path: Path) -> Iterator[Path]:
    with JiraSimulator() as jira:
        path = tmp_path / "okr.yaml"
        path.write_text(MAPPING.format(url=jira.url, objectives=OBJECTIVES))
        yield path


@contextmanager
def worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker's process, killed at the end of the block without a word."""
    environment = {**os.environ, **SECRETS, "OKRLINK_DATABASE_URL": url}
    with subprocess.Popen(WORKER, env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def waiting(database: Database) -> int:
    with database.read() as connection:
        new = select(func.count()).select_from(tables.outcomes).where(tables.outcomes.c.state == "new")
        return connection.execute(new).scalar() or 0


def is_quiet(database: Database) -> bool:
    """Nothing waits but what the clock wants later."""
    with database.read() as connection:
        return not (
            marks.any_before(connection, STEPS, datetime.now(UTC)) or reads.open_reads(connection)
        ) and not waiting(database)


def outcome(database: Database) -> Mapping[str, Any]:
    """Where it all ends, without the day and the moment on which it was measured."""
    found = everything(database)
    with database.read() as connection:
        work = {name: one.standing.work for name, one in check_ins.standings_of(connection).items()}
    check_in_values = [(name, origin, value) for name, _, origin, value in found["check-ins"]]
    kept = {name: found[name] for name in ("facts", "items", "links", "sightings")}
    return {**kept, "check-ins": check_in_values, "work": work}


def undisturbed(url: str, mapping: Path, killed: Database, bodies: list[bytes]) -> Mapping[str, Any]:
    """The same deliveries and the same vocabulary, taken in by nobody who dies."""
    database = Database.open(url)
    migrations.upgrade(database)
    with killed.read() as connection:
        told = reads.load_catalogue(connection, "jira")
    assert told is not None
    with database.write() as connection:
        reads.save_catalogue(connection, "jira", told, NOW)
        revision = applied.apply(connection, "digest", {"okr.yaml": ""}, ".", NOW)
    deliver(database, "jira", bodies)
    settle(database, Policy(revision, load(mapping).scorecard, ""), datetime.now(UTC))
    found = outcome(database)
    database.close()
    return found


def test_kill_9_of_the_worker_in_the_middle_of_its_work(
    database_url: str, tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    database, team, luck = Database.open(database_url), BusyTeam(seed=3), Random(3)
    apply_file(database, mapping)
    team.begin()
    told: list[bytes] = []
    left: list[bool] = []
    for _ in range(KILLS):
        with worker(database_url):
            until(lambda: is_quiet(database), what="all that was left behind, and the tracker's vocabulary")
            for _ in range(UPDATES):
                team.change()
            deliver(database, "jira", team.bodies)
            told += team.bodies
            team.bodies.clear()
            until(lambda: waiting(database) < UPDATES, what="the first of it")
            time.sleep(luck.uniform(0, 0.3))
        left.append(not is_quiet(database))
    with worker(database_url):
        until(lambda: is_quiet(database), what="the end of it")

    assert sum(left) >= KILLS / 2, "it was in the middle of something"
    found = outcome(database)
    expected = undisturbed(f"sqlite:///{tmp_path}/undisturbed.db", mapping, database, told)
    assert {name: found[name] == expected[name] for name in expected} == dict.fromkeys(expected, True)
    assert found["work"]["checkout.built"].items > 0
    database.close()
