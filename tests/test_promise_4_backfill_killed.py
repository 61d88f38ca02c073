"""Promise 4 of a backfill: killed anywhere and started again it fetches no page twice but one, and misses nothing."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from integration.simulators.jira_simulated import SimulatedJira
from integration.store import migrations, streams, tables
from integration.store.db import Database
from integration.store.streams import WHOLE
from tests.living import until
from tests.sides import SECRETS, JiraDataCenterSide, JiraSide, mapping_of
from tests.simulators.asking_jira import Clock

KILLS = 3
ISSUES = 730
PAGE = 100
SEARCHES = {"jira": "/rest/api/3/search/jql", "dc": "/rest/api/2/search"}
CHANGELOGS = "/rest/api/3/changelog/bulkfetch"
OKRLINK = (sys.executable, "-c", "from webhooks.cli import main; main()")


@pytest.fixture(params=[JiraSide, JiraDataCenterSide], ids=["jira", "dc"])
def side(request: pytest.FixtureRequest) -> Iterator[JiraSide]:
    """A site with a past that fills some pages."""
    clock = Clock()
    made: JiraSide = request.param(clock)
    site: SimulatedJira = made.simulator
    for number in range(ISSUES):
        issue = site.create_issue("SHOP", "Story", f"Story {number}")
        if number % 3 == 0:
            site.transition(issue, "In Progress")
        clock.pass_(seconds=40)
    clock.pass_(hours=1)
    yield made
    made.close()


@contextmanager
def backfilling(url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, **SECRETS, "OKRLINK_DATABASE_URL": url}
    command = (*OKRLINK, "backfill")
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def searches(side: JiraSide) -> int:
    return sum(request.path == SEARCHES[side.name] for request in side.simulator.requests)


def kept(database: Database, name: str) -> Mapping[str, object]:
    """Everything that was told, and how many issues told it."""
    with database.read() as connection:
        facts = tables.facts.c
        told = {tuple(row) for row in connection.execute(select(facts.kind, facts.source, facts.item, facts.at))}
        seen = tables.sightings.c
        shown = sorted(map(tuple, connection.execute(select(seen.item, seen.at, seen.fields))))
        whole = streams.find(connection, name, "issues", WHOLE)
    return {"facts": told, "sightings": shown, "told": whole and whole.told, "ended": bool(whole and whole.reached_at)}


@pytest.mark.timeout(300)
def test_a_backfill_that_is_killed_again_and_again_ends_as_if_it_never_was(
    side: JiraSide, database_url: str, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "okr.yaml").write_text(mapping_of(side))
    killed = 0
    for _ in range(KILLS):
        before = searches(side)
        with backfilling(database_url, tmp_path) as process:
            until(lambda: searches(side) >= before + 2 or process.poll() is not None, 60, "a page")  # noqa: B023  # now
            process.send_signal(signal.SIGKILL)
            killed += process.wait(10) == -signal.SIGKILL
    with backfilling(database_url, tmp_path) as process:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint
    assert killed > 1  # where a machine is fast, the last one may have come to its end
    least = math.ceil(ISSUES / (PAGE if side.name == "jira" else PAGE - 1))

    assert least <= searches(side) <= least + KILLS
    assert sum(request.path == CHANGELOGS for request in side.simulator.requests) <= 1 + KILLS
    unkilled = Database.open(f"sqlite:///{tmp_path}/unkilled.db")
    migrations.upgrade(unkilled)
    with backfilling(f"sqlite:///{tmp_path}/unkilled.db", tmp_path) as process:
        assert process.wait(120) == 0
    assert kept(database, side.name) == kept(unkilled, side.name)
    assert kept(database, side.name)["told"] == ISSUES
    unkilled.close()
