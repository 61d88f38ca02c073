"""The whole of okrlink in one process: real HTTP on loopback, a real database, a worker, and simulated trackers."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from sqlalchemy import func, select

from integration.core.okr import Standing
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_simulated import SimulatedJira
from integration.simulators.server import Server
from integration.store import check_ins, marks, migrations, outbox, reads, tables
from integration.store.db import Database
from webhooks.app import create_app
from webhooks.applying import apply_file
from webhooks.bootstrap import Service, Settings
from webhooks.worker import Worker

SECRETS = {
    "JIRA_USER": "okrlink@bookshop.example",
    "JIRA_TOKEN": "simulated-token",
    "JIRA_SECRET": "it is signed",
    "ADO_TOKEN": "pat",
    "ADO_SECRET": "it is basic",
}

OBJECTIVES = """\
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
      built: {title: The new checkout is built, work: items}
      pointed: {title: The hard half of it is built, work: story points}
"""

JIRA = """\
version: 1
cycle: {cycle}
connections:
  jira:
    tracker: jira
    url: {url}
    user: env/JIRA_USER
    token: env/JIRA_TOKEN
    webhook_secret: env/JIRA_SECRET
    projects: [SHOP]
{objectives}write_back:
  jira:
    fields: {{KR Progress: percent, KR Status: status, KR Summary: summary}}
    remote_link: true
    every: {every}
"""

AZURE_DEVOPS = """\
version: 1
cycle: {cycle}
connections:
  ado:
    tracker: {tracker}
    url: {url}
    token: env/ADO_TOKEN
    webhook_secret: env/ADO_SECRET
    projects: [Shop]
{objectives}write_back:
  ado:
    fields: {{KR Progress: percent, KR Status: status, KR Summary: summary}}
    remote_link: true
    every: {every}
"""


def until(true: Callable[[], Any], timeout: float = 60.0, what: str = "it") -> Any:
    """Waits for something to become true and returns it."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not become true within {timeout} s")


class Living:
    """One service with its receiver and worker running, on the given database.

    It asks trackers for what webhooks missed only where that is wished: what is shown of webhooks is shown of them alone.
    """

    def __init__(self, database_url: str, mapping: str, folder: Path, *, rescans: bool = False) -> None:
        self.mapping = folder / "okr.yaml"
        self._rescans = rescans
        database = Database.open(database_url)
        migrations.upgrade(database)
        database.close()
        self.service = Service.open(Settings(database_url, "https://okr.example"))
        self.database = self.service.database
        self._server = Server(create_app(self.service))
        self.url = self._server.url
        self._stop = threading.Event()
        self._worker: threading.Thread | None = None
        if mapping:
            self.apply(mapping)
        self.work()

    def apply(self, mapping: str) -> None:
        self.mapping.write_text(mapping)
        apply_file(self.database, self.mapping)
        self.service.wakeup.send()

    def work(self) -> None:
        """Starts a worker, in place of one that rests."""
        self._stop = threading.Event()
        self._worker = threading.Thread(
            target=Worker(self.service, rescans=self._rescans).run, args=(self._stop,), daemon=True
        )
        self._worker.start()

    def rest(self) -> None:
        """Stops the worker; the receiver goes on."""
        self._stop.set()
        self.service.wakeup.send()
        if self._worker is not None:
            self._worker.join(60)

    def quiet(self) -> bool:
        """Whether nothing waits: no delivery, mark, read or wish that is due."""
        with self.database.read() as db:
            waiting = db.execute(
                select(func.count()).select_from(tables.outcomes).where(tables.outcomes.c.state == "new")
            ).scalar()
            marked = marks.any_before(db, ("item", "reach", "key result", "card"), datetime.now(UTC))
            open_reads = [read for read in reads.open_reads(db) if read.state == "wanted"]
            return not waiting and not marked and not open_reads and not outbox.wishes(db, "wanted")

    def settle(self, timeout: float = 60.0) -> None:
        until(self.quiet, timeout, "everything that waited")

    def standings(self) -> Mapping[str, Standing]:
        with self.database.read() as db:
            return {name: one.standing for name, one in check_ins.standings_of(db).items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()
        self._server.close()
        self.service.close()


def living_jira(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraSimulator, **said: Any
) -> Living:
    """okrlink beside a simulated Jira that sends it webhooks."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    living = Living(database_url, jira_mapping(jira, **said), folder)
    jira.webhooks.register(f"{living.url}/webhooks/jira", SECRETS["JIRA_SECRET"])
    return living


def living_data_center(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraDataCenterSimulator, **said: Any
) -> Living:
    """okrlink beside a simulated Jira Data Center that sends it webhooks, signed."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    living = Living(database_url, data_center_mapping(jira, **said), folder)
    jira.webhooks.register(f"{living.url}/webhooks/jira", SECRETS["JIRA_SECRET"])
    return living


def living_azure_devops(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, ado: AzureDevOpsSimulator, **said: Any
) -> Living:
    """okrlink beside a simulated Azure DevOps, of either edition, that sends it service hooks."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    living = Living(database_url, azure_devops_mapping(ado, **said), folder)
    ado.subscribe(f"{living.url}/webhooks/ado", user="okrlink", password=SECRETS["ADO_SECRET"])
    return living


def jira_mapping(
    jira: SimulatedJira, *, every: str = "1 s", objectives: str = OBJECTIVES, cycle: str = "2026-Q4"
) -> str:
    return JIRA.format(url=jira.url, every=every, objectives=objectives, cycle=cycle)


def data_center_mapping(jira: JiraDataCenterSimulator, **said: Any) -> str:
    """A personal access token stands alone."""
    mapping = jira_mapping(jira, **said).replace("tracker: jira\n", "tracker: jira-data-center\n")
    return mapping.replace("    user: env/JIRA_USER\n", "")


def azure_devops_mapping(
    ado: AzureDevOpsSimulator, *, every: str = "1 s", objectives: str = OBJECTIVES, cycle: str = "2026-Q4"
) -> str:
    tracker = "azure-devops-server" if ado.organisation.edition.is_server else "azure-devops"
    return AZURE_DEVOPS.format(tracker=tracker, url=ado.url, every=every, objectives=objectives, cycle=cycle)
