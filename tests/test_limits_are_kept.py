"""Workers and a backfill share a connection's budget: a tracker never counts more, and what it refuses is not lost."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from integration.simulators.faults import Fault
from integration.simulators.jira import JiraSimulator
from integration.store import budgets, facts
from integration.store.db import Database
from tests.living import SECRETS, Living, jira_mapping
from tests.webhooks.typing_commands import run
from webhooks.bootstrap import Service, Settings
from webhooks.worker import Worker

EPICS, STORIES = 8, 3
PER_SECOND = 15
CYCLE = "now\ncycles: {now: {from: 2020-01-01, to: 2099-12-31}}"
OBJECTIVES = """\
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
      built: {title: The new checkout is built, work: items}
"""


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(write_limits=()) as simulator:
        yield simulator


@contextmanager
def working(database_url: str, jira: JiraSimulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Living]:
    """A receiver and as many workers as the database allows, each as in a process of its own."""
    for name, value in {**SECRETS, "OKRLINK_DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    mapping = jira_mapping(jira, objectives=OBJECTIVES, cycle=CYCLE)
    mapping = mapping.replace("    projects:", f"    requests_per_second: {PER_SECOND}\n    projects:")
    mapping = mapping.replace(", KR Status: status, KR Summary: summary", "")
    stop, others = threading.Event(), []
    with Living(database_url, mapping, folder, rescans=True) as living:
        jira.webhooks.register(f"{living.url}/webhooks/jira", SECRETS["JIRA_SECRET"])
        for _ in range(0 if living.database.is_sqlite else 3):
            service = Service.open(Settings(database_url, "https://okr.example"))
            thread = threading.Thread(target=Worker(service).run, args=(stop,), daemon=True)
            thread.start()
            others.append((thread, service))
        try:
            yield living
        finally:
            stop.set()
            for thread, service in others:
                service.wakeup.send()
                thread.join(10)
                service.close()


def most_at_once(jira: JiraSimulator, rate: float) -> float:
    """How full a bucket was that loses `rate` a second and takes every request as it came."""
    came = sorted([one.at for one in jira.requests] + [one.at for one in jira.faults.hits])
    held = most = 0.0
    for before, at in pairwise(came):
        held = max(0.0, held + 1 - (at - before) * rate)
        most = max(most, held + 1)
    return most


def counted(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        told = budgets.asked(connection, datetime.now(UTC) - timedelta(hours=2))
    return sum(one.made for one in told), sum(one.refused for one in told)


@pytest.mark.parametrize("refused", [0.0, 0.1], ids=["", "a tenth is refused"])
def test_all_together_ask_no_more_than_allowed_and_lose_nothing(
    database: Database,
    database_url: str,
    jira: JiraSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: float,
) -> None:
    epics = [jira.create_issue("SHOP", "Epic", f"Part {number}", {"labels": ["kr:built"]}) for number in range(EPICS)]
    stories = [
        jira.create_issue("SHOP", "Story", "A step", {"parent": epic.key}) for epic in epics for _ in range(STORIES)
    ]
    for reason in ("jira-burst-based", "jira-quota-tenant-based") if refused else ():
        jira.faults.add(Fault("throttle", times=None, share=refused / 2, retry_after=0.2, reason=reason))

    with working(database_url, jira, tmp_path, monkeypatch) as living:
        done = run("backfill", "--json")
        for story in stories[::2]:
            jira.transition(story, "Done")
        assert jira.deliveries.drain()
        living.settle(60)
    made, turned_away = counted(database)  # by now each process has told what it counted

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["requests"]["jira"]["history"] > 0
    assert {jira.value(epic, "KR Progress") for epic in epics} == {50}
    with database.read() as connection:
        assert all(facts.of_item(connection, "jira", one.id) for one in (*epics, *stories))
    assert most_at_once(jira, PER_SECOND) <= PER_SECOND
    assert (made, turned_away) == (len(jira.requests) + len(jira.faults.hits), len(jira.faults.hits))
    assert bool(turned_away) == bool(refused)
