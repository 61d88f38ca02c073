"""What reading the past costs: requests against the least that the trackers' APIs allow, and memory however long it is."""

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integration.history import walk
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.store import migrations, streams
from integration.store.db import Database
from integration.store.streams import WHOLE
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Reader, Secret
from tests.sides import SECRETS

ITEMS = 10_000
CHANGES = 8
"""Of each item; in Jira a changelog entry each, in Azure DevOps a revision."""
PLAIN_ITEMS = 1_000
"""Read by the plain client, which asks once an issue: ten thousand would only take longer."""
TIMES = 10
"""The same ten thousand are read so often for memory, each time as another connection's."""

SEARCH_PAGE, CHANGELOG_ISSUES, CHANGELOG_PAGE = 100, 1_000, 10_000
"""Jira Cloud: issues a page of a search with fields, issues and entries a page of bulk changelogs."""
REVISIONS_PAGE = 1_000
"""Azure DevOps: revisions a page of the reporting feed."""


def measure() -> Iterator[tuple[str, float]]:
    with JiraSimulator(write_limits=(), threads=4) as jira:
        _fill_jira(jira, ITEMS)
        read = _child("jira", jira.url, TIMES)
        asked = sum(request.status < 300 for request in jira.requests) / TIMES
        batches = ITEMS / CHANGELOG_ISSUES
        least = math.ceil(ITEMS / SEARCH_PAGE) + max(batches, math.ceil(ITEMS * CHANGES / CHANGELOG_PAGE))
        yield "backfill.jira_requests_vs_minimum", asked / least
        yield "backfill.items_per_s", ITEMS * TIMES / read["seconds"]
        yield "backfill.rss_growth_mib", read["grown_mib"]
    with JiraSimulator(write_limits=(), threads=4) as jira:
        _fill_jira(jira, PLAIN_ITEMS)
        _child("jira", jira.url, 1)
        ours, before = len(jira.requests), len(jira.requests)
        _plainly(jira)
        yield "backfill.requests_vs_plain_client", ours / (len(jira.requests) - before)
    with AzureDevOpsSimulator() as ado:
        _fill_azure_devops(ado, ITEMS)
        before = len(ado.requests)
        _child("azure-devops", ado.url, 1, "work items")
        least = math.ceil(ITEMS * (CHANGES + 1) / REVISIONS_PAGE)
        revisions = [one for one in ado.requests[before:] if "reporting" in one.casefold()]
        yield "backfill.ado_requests_vs_minimum", len(revisions) / least


def _fill_jira(jira: JiraSimulator, number: int) -> None:
    for n in range(number):
        made = jira.create_issue("SHOP", "Story", f"Step {n}")
        for change in range(CHANGES):
            jira.edit(made, {"labels": [f"step-{change}"]})


def _fill_azure_devops(ado: AzureDevOpsSimulator, number: int) -> None:
    for n in range(number):
        made = ado.create_work_item("User Story", f"Step {n}")
        for change in range(CHANGES):
            ado.edit(made, {"Story Points": change})


def _plainly(jira: JiraSimulator) -> None:
    """The straightforward use of the library: pages of a search, and one call for each issue's changelog."""
    from atlassian.jira import JiraCloud

    api = JiraCloud(jira.url, username=jira.email, password=jira.token)
    token: str | None = None
    while True:
        page: Any = api.enhanced_jql(
            "project = SHOP ORDER BY updated", fields="*all", nextPageToken=token, limit=SEARCH_PAGE
        )
        for issue in page["issues"]:
            api.get_change_logs(issue["id"])
        token = page.get("nextPageToken")
        if token is None:
            return


def _child(tracker: str, url: str, times: int, *only: str) -> dict[str, float]:
    """In a process of its own: what the simulator holds is not ours."""
    command = (sys.executable, "-m", __name__, tracker, url, str(times), *only)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _read(tracker: str, url: str, times: int, only: tuple[str, ...]) -> dict[str, float]:
    """Seconds for all of it, and how much the process grew after the first time."""
    if tracker == "jira":
        site = Connection(
            "jira", tracker, url, ("SHOP",), user=SECRETS["JIRA_USER"], token=Secret(SECRETS["JIRA_TOKEN"])
        )
    else:
        site = Connection("ado", tracker, url, ("Shop",), token=Secret(SECRETS["ADO_TOKEN"]))
    reader = TRACKERS[tracker].connect(site)
    assert isinstance(reader, Reader)
    first = 0.0
    with tempfile.TemporaryDirectory(dir=".") as folder:
        database = Database.open(f"sqlite:///{Path(folder).absolute() / 'okrlink.db'}")
        with closing(database):
            migrations.upgrade(database)
            started = time.perf_counter()
            for number in range(times):
                for stream in only or reader.streams:
                    _walk(database, reader, f"{tracker} {number}", stream)
                first = first or _peak_mib()
            seconds = time.perf_counter() - started
    return {"seconds": seconds, "grown_mib": _peak_mib() - first}


def _walk(database: Database, reader: Reader, name: str, stream: str) -> None:
    since, now = datetime(1970, 1, 1, tzinfo=UTC), datetime.now(UTC)
    with database.write() as connection:
        streams.begin(connection, name, stream, WHOLE, since, now)
        taken = streams.take_over(connection, name, stream, WHOLE, now)
    walk(database, reader, taken, lambda: datetime.now(UTC), timedelta(days=1))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(_read(sys.argv[1], sys.argv[2], int(sys.argv[3]), tuple(sys.argv[4:]))))
