"""Workers and a backfill share a connection's budget: a tracker never counts more, and what it refuses is not lost."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from integration.core.errors import Retryable
from integration.ledger import Ledgers
from integration.simulators.faults import Fault
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_limits import Quota
from integration.store import budgets, facts
from integration.store.db import Database
from integration.trackers import TRACKERS
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, Secret, TrackerClient
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
                thread.join(60)
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


def client_of(jira: JiraSimulator, process: Ledgers) -> TrackerClient:
    site = Connection("jira", "jira", jira.url, ("SHOP",), jira.email, Secret(jira.token))
    return TRACKERS["jira"].connect(process.share(site))


def test_where_a_quota_is_near_the_past_waits_and_writes_go_on(database: Database) -> None:
    """Also where another process heard of it."""
    with JiraSimulator(quota=Quota(100)) as jira:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        worker = client_of(jira, Ledgers(database))
        worker.write(epic.id, {"summary": "The new checkout"})  # by now it knows the fields
        with asking("read"):
            while "X-RateLimit-NearLimit" not in jira.gate.on_all.headers():
                worker.item(epic.id)
        backfill = client_of(jira, Ledgers(database))

        with asking("history"), pytest.raises(Retryable, match="kept for writes") as told:
            backfill.item(epic.id)
        assert told.value.scope == "item"
        with asking("write"):
            worker.write(epic.id, {"summary": "The newest checkout"})
        assert jira.value(epic, "Summary") == "The newest checkout"
        assert not jira.gate.on_all.refused


def test_a_burst_holds_back_its_endpoint_only_and_everything_is_read(database: Database) -> None:
    """Four threads ask for issues as fast as they can, of a site that gives ten a second."""
    with JiraSimulator(bursts={"GET /rest/api/3/issue/<which>": 10}) as jira:
        wanted = [jira.create_issue("SHOP", "Story", f"Step {number}").id for number in range(20)]
        process = Ledgers(database)

        def read(items: Sequence[str]) -> set[str]:
            client, left, found = client_of(jira, process), list(items), set()
            with asking("read"):
                while left:
                    try:
                        found |= {str(fact.item) for fact in client.item(left[0])}
                    except Retryable:
                        client.catalogue()  # asks elsewhere, and may
                    else:
                        left.pop(0)
            return found

        with ThreadPoolExecutor(4) as threads:
            found = set[str]().union(*threads.map(read, [wanted[start::4] for start in range(4)]))

        assert found == set(wanted)
        assert 0 < jira.gate.on_all.refused["jira-burst-based"] < len(wanted)
