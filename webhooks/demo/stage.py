"""Everything that runs in the demo: two simulated trackers, the receiver, the worker, and a page, all on loopback."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path

from integration.core.errors import ServiceError
from integration.core.okr import CheckIn
from integration.core.scorecard import Scorecard
from integration.refresh.clock import JOB as NEW_DAY
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.server import Server
from integration.store import applied, check_ins, deliveries, items, marks, migrations, outbox, reads
from integration.store.marks import Mark
from webhooks.app import create_app
from webhooks.applying import apply_file
from webhooks.bootstrap import Service, Settings
from webhooks.demo.clock import DemoClock
from webhooks.demo.company import Company, TellCheckIn
from webhooks.demo.teams import AzureTeam, JiraTeam
from webhooks.overview import overview
from webhooks.pages.okrs import LinkedItem, Look, okrs_pages
from webhooks.worker import Worker

PORT = 8765
"""Where the page is, if nobody else has the port."""
ENOUGH = 60.0
LINES = 12
SIMULATED = "The bookshop, its people, their Jira and their Azure DevOps are made up; nothing leaves this machine."
OVER = "The quarter is over. Everything stays here to look at until the demo is stopped with Ctrl-C."


@dataclass(slots=True)
class Stage:
    """What runs, and how to wait until it has come to rest."""

    folder: Path
    clock: DemoClock
    service: Service
    scorecard: Scorecard
    jira: JiraSimulator
    ado: AzureDevOpsSimulator
    company: Company
    url: str
    told: list[tuple[datetime, str]] = field(default_factory=list)
    """What happened, in sentences."""
    over: bool = False

    def settle(self, stop: threading.Event) -> None:
        """Waits until all is told, measured and written. Raises where that takes too long."""
        deadline = time.monotonic() + ENOUGH
        quiet = 0
        while quiet < 2 and not stop.is_set():
            if time.monotonic() > deadline:
                raise ServiceError("the demo's service did not come to rest; its log says why")
            self.jira.deliveries.drain(1)
            self.ado.drain(1)
            quiet = quiet + 1 if self._at_rest() else 0
            stop.wait(0.05)

    def _at_rest(self) -> bool:
        zone = self.scorecard.timezone
        with self.service.database.read() as connection:
            seen = applied.last_done(connection, NEW_DAY)
            today_is_known = seen is not None and seen.astimezone(zone).date() == self.clock().astimezone(zone).date()
            return today_is_known and not (
                deliveries.waiting_since(connection)
                or marks.pending(connection)
                or any(read.state == "wanted" for read in reads.open_reads(connection))
                or outbox.wishes(connection, "wanted")
            )


@contextmanager
def staged(clock: DemoClock, port: int | None = None) -> Iterator[Stage]:
    """Builds it in a folder of its own, and takes all of it down at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="okrlink-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_log_in(folder / "okrlink.log"))
        jira = stack.enter_context(JiraSimulator(clock=clock, projects={"SHOP": "Web shop"}, time_zone="Europe/Berlin"))
        ado = stack.enter_context(AzureDevOpsSimulator("bookshop", project="App", clock=clock))
        for people in ("Noor Haddad", "Sam Rivera", "Alex Kim", "Mira Novak", "Tom Berger"):
            jira.add_user(people)
        ado.add_field("KR Progress", "double", types=("Feature",))
        ado.add_field("KR Status", types=("Feature",))
        ado.add_field("KR Summary", types=("Feature",))
        secrets = _secrets(jira, ado)
        stack.enter_context(_environment(secrets))
        url = f"http://127.0.0.1:{_free_port(port)}"
        service = Service.open(Settings(f"sqlite:///{folder / 'okrlink.db'}", url))
        stack.callback(service.close)
        migrations.upgrade(service.database)
        mapping = folder / "okr.yaml"
        mapping.write_text(
            resources.files("webhooks.demo").joinpath("okr.yaml").read_text(encoding="utf-8"), encoding="utf-8"
        )
        scorecard = apply_file(service.database, mapping).loaded.scorecard
        company = Company({"web": JiraTeam(jira), "app": AzureTeam(ado)}, _tells(service, scorecard, clock))
        stage = Stage(folder, clock, service, scorecard, jira, ado, company, url)
        app = create_app(service)
        app.register_blueprint(okrs_pages(lambda: look(stage)))
        stack.enter_context(Server(app, port=int(url.rpartition(":")[2])))
        jira.webhooks.register(f"{url}/webhooks/jira", secrets["OKRLINK_DEMO_JIRA_SECRET"])
        ado.subscribe(f"{url}/webhooks/ado", user="okrlink", password=secrets["OKRLINK_DEMO_ADO_SECRET"])
        stack.enter_context(_working(service, Worker(service, today=clock, spread=timedelta(0), rescans=False)))
        yield stage


def look(stage: Stage) -> Look:
    """What the page shows now: the numbers as okrlink has them, on the demo's day."""
    now = stage.clock()
    zone = stage.scorecard.timezone
    tagged = {(thing.team.tracker, thing.item): thing for thing in list(stage.company.things.values())}
    trackers = {"jira": "Jira", "ado": "Azure DevOps"}
    linked: dict[str, list[LinkedItem]] = {}
    with stage.service.database.read() as connection:
        groups = overview(connection, stage.scorecard, now)
        for _, key_result in stage.scorecard.key_results():
            refs = items.linked_to(connection, key_result.id)
            for ref in sorted(refs, key=lambda ref: (trackers[ref.connection] != "Jira", int(ref.id))):
                tracker = trackers[ref.connection]
                thing = tagged[tracker, ref.id]
                one = LinkedItem(thing.team.name(ref.id), thing.title, tracker, thing.team.address(ref.id))
                linked.setdefault(key_result.id, []).append(one)
    return Look(
        groups=groups,
        today=now.astimezone(zone).date(),
        items=linked,
        simulated=SIMULATED,
        happened=[(at.astimezone(zone).date(), line) for at, line in reversed(stage.told[-LINES:])],
        over=OVER if stage.over else "",
    )


def _secrets(jira: JiraSimulator, ado: AzureDevOpsSimulator) -> Mapping[str, str]:
    """What the mapping takes from outside. They open nothing but these simulators."""
    return {
        "OKRLINK_DEMO_JIRA_URL": jira.url,
        "OKRLINK_DEMO_JIRA_USER": jira.email,
        "OKRLINK_DEMO_JIRA_TOKEN": jira.token,
        "OKRLINK_DEMO_JIRA_SECRET": "simulated-secret",
        "OKRLINK_DEMO_ADO_URL": ado.url,
        "OKRLINK_DEMO_ADO_TOKEN": ado.token,
        "OKRLINK_DEMO_ADO_SECRET": "simulated-secret",
    }


def _tells(service: Service, scorecard: Scorecard, clock: DemoClock) -> TellCheckIn:
    """How the company's people check in: as `okrlink checkin` does, on the demo's day."""

    def check_in(key_result: str, value: Decimal, confidence: int | None, note: str, by: str) -> None:
        now = clock()
        day = now.astimezone(scorecard.timezone).date()
        with service.database.write() as connection:
            check_ins.add(connection, CheckIn(key_result, now, day, value, "typed", confidence, note, by))
            marks.add(connection, [Mark("key result", ("", key_result), datetime.now(UTC))])
        service.wakeup.send()

    return check_in


@contextmanager
def _working(service: Service, worker: Worker) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        service.wakeup.send()
        thread.join(10)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _log_in(file: Path) -> Iterator[None]:
    """The terminal belongs to the demo; what the service logs goes to a file."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _free_port(wanted: int | None) -> int:
    """The wanted port; without a wish the usual one, or any that is free now."""
    for port in (PORT, 0) if wanted is None else (wanted,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceError(f"port {wanted} is taken on 127.0.0.1; choose another with --port")
