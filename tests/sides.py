"""The simulated trackers behind the same few words, for tests that ask the same of both."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS, SERVICES
from integration.simulators.faults import Fault, Faults
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator

SECRETS = {
    "JIRA_USER": "okrlink@bookshop.example",
    "JIRA_TOKEN": "simulated-token",
    "ADO_TOKEN": "pat",
}
DANA = "Dana Ortiz"
ALWAYS = """\
version: 1
cycles: {{now: {{from: 2020-01-01, to: 2099-12-31}}}}
cycle: now
connections: {{{name}: {connection}}}
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
      built: {{title: The new checkout is built, work: items}}
      paid: {{title: People can pay by card, work: items}}
"""
"""A cycle in which every test happens, whatever the day."""


class Clock:
    """Time that stands still until somebody lets it pass."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass(frozen=True)
class Write:
    """One write that the tracker took: what it set. A `badge` is shown, or None where it was taken away."""

    item: str
    values: Mapping[str, Any]


class Side(Protocol):
    """A simulated tracker with a project SHOP or Shop, and three fields for us to write."""

    name: str
    faults: Faults
    busy: Fault
    """How it refuses a tenth of what it is asked, until told otherwise."""

    def connection(self) -> str:
        """Its place under `connections` of a mapping."""
        ...

    def hear(self, url: str) -> None: ...
    def drain(self) -> bool: ...
    def epic(self, title: str = "The new checkout", *, tag: str = "kr:built") -> str: ...
    def story(self, parent: str, title: str = "A step") -> str: ...
    def done(self, story: str) -> None: ...
    def tag(self, item: str, tag: str) -> None: ...
    def untag(self, item: str, tag: str) -> None: ...
    def delete(self, item: str) -> None: ...
    def value(self, item: str, field: str) -> Any: ...
    def edit(self, item: str, field: str, value: Any, *, by: str = DANA) -> None:
        """A person sets a field, or with None empties it."""
        ...

    def badges(self, item: str) -> Sequence[str]:
        """The addresses that the item is linked to."""
        ...

    @property
    def writes(self) -> Sequence[Write]:
        """What was really written over REST, by whomever."""
        ...

    @property
    def tries(self) -> int:
        """Every attempt to write, taken or refused."""
        ...

    @property
    def requests(self) -> int:
        """Everything asked over REST."""
        ...

    @property
    def emails(self) -> int: ...
    def may_be_quiet(self, allowed: bool) -> None: ...
    def assert_readonly(self) -> None: ...
    def close(self) -> None: ...


class JiraSide:
    name = "jira"
    busy = Fault("throttle", times=None, share=0.1, retry_after=0.2)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.simulator = JiraSimulator(clock=clock, write_limits=(), projects={"SHOP": "Bookshop", "PAY": "Payments"})
        self.faults = self.simulator.faults

    def connection(self) -> str:
        return f"{{tracker: jira, url: {self.simulator.url}, user: env/JIRA_USER, token: env/JIRA_TOKEN, projects: [SHOP, PAY]}}"

    def hear(self, url: str) -> None:
        self.simulator.webhooks.register(url)

    def drain(self) -> bool:
        return self.simulator.deliveries.drain()

    def epic(self, title: str = "The new checkout", *, tag: str = "kr:built") -> str:
        return self.simulator.create_issue("SHOP", "Epic", title, {"labels": [tag] if tag else []}).id

    def story(self, parent: str, title: str = "A step") -> str:
        return self.simulator.create_issue("SHOP", "Story", title, {"parent": parent}).id

    def done(self, story: str) -> None:
        self.simulator.transition(story, "Done")

    def tag(self, item: str, tag: str) -> None:
        self.simulator.add_label(item, tag)

    def untag(self, item: str, tag: str) -> None:
        self.simulator.remove_label(item, tag)

    def delete(self, item: str) -> None:
        self.simulator.delete(item)

    def value(self, item: str, field: str) -> Any:
        return self.simulator.value(item, field)

    def edit(self, item: str, field: str, value: Any, *, by: str = DANA) -> None:
        self.simulator.edit(item, {field: value}, by=by)

    def badges(self, item: str) -> Sequence[str]:
        return [link["object"]["url"] for link in self.simulator.site.issue(item).remote_links.values()]

    @property
    def writes(self) -> Sequence[Write]:
        found = []
        for asked in self.simulator.writes:
            if asked.status >= 300:
                continue
            item = asked.path.split("/")[5]
            if asked.path.endswith("/remotelink"):
                found.append(Write(item, {"badge": "shown" if asked.method == "POST" else None}))
            else:
                values = {self.simulator.site.fields[name].name: value for name, value in asked.body["fields"].items()}
                found.append(Write(item, values))
        return found

    @property
    def tries(self) -> int:
        return len(self.simulator.writes)

    @property
    def requests(self) -> int:
        return len(self.simulator.requests)

    @property
    def emails(self) -> int:
        return len(self.simulator.emails)

    def may_be_quiet(self, allowed: bool) -> None:
        for permission in ("ADMINISTER", "ADMINISTER_PROJECTS"):
            (self.simulator.allow if allowed else self.simulator.forbid)(permission)

    def assert_readonly(self) -> None:
        self.simulator.assert_readonly()

    def close(self) -> None:
        self.simulator.close()


class JiraDataCenterSide(JiraSide):
    name = "dc"

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.simulator = JiraDataCenterSimulator(clock=clock, projects={"SHOP": "Bookshop", "PAY": "Payments"})
        self.faults = self.simulator.faults

    def connection(self) -> str:
        return f"{{tracker: jira-data-center, url: {self.simulator.url}, token: env/JIRA_TOKEN, projects: [SHOP, PAY]}}"

    def story(self, parent: str, title: str = "A step") -> str:
        epic = self.simulator.site.issue(parent).key
        return self.simulator.create_issue("SHOP", "Story", title, {"Epic Link": epic}).id


class AzureDevOpsSide:
    name = "ado"
    tracker = "azure-devops"
    edition = SERVICES
    busy = Fault("throttle", times=None, share=0.1, retry_after=0.2)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.simulator = AzureDevOpsSimulator(clock=clock, edition=self.edition)
        for name, kind in (("KR Progress", "double"), ("KR Status", "string"), ("KR Summary", "string")):
            self.simulator.add_field(name, kind)
        self.faults = self.simulator.faults

    def connection(self) -> str:
        return f"{{tracker: {self.tracker}, url: {self.simulator.url}, token: env/ADO_TOKEN, projects: [Shop]}}"

    def hear(self, url: str) -> None:
        self.simulator.subscribe(url)

    def drain(self) -> bool:
        return self.simulator.drain()

    def epic(self, title: str = "The new checkout", *, tag: str = "kr:built") -> str:
        return str(self.simulator.create_work_item("Epic", title, tags=[tag] if tag else []))

    def story(self, parent: str, title: str = "A step") -> str:
        return str(self.simulator.create_work_item("User Story", title, parent=int(parent)))

    def done(self, story: str) -> None:
        self.simulator.set_state(int(story), "Closed")

    def tag(self, item: str, tag: str) -> None:
        self.simulator.add_tag(int(item), tag)

    def untag(self, item: str, tag: str) -> None:
        self.simulator.remove_tag(int(item), tag)

    def delete(self, item: str) -> None:
        self.simulator.delete(int(item))

    def value(self, item: str, field: str) -> Any:
        return self.simulator.value(int(item), field)

    def edit(self, item: str, field: str, value: Any, *, by: str = DANA) -> None:
        self.simulator.edit(int(item), {field: value}, actor=by)

    def badges(self, item: str) -> Sequence[str]:
        return list(self.simulator.hyperlinks(int(item)))

    @property
    def writes(self) -> Sequence[Write]:
        process = self.simulator.organisation.process
        found = []
        for write in self.simulator.writes:
            if write.status >= 300:
                continue
            values: dict[str, Any] = {}
            for operation in write.document:
                path = operation["path"]
                if path.startswith("/fields/"):
                    values[process.field(path.removeprefix("/fields/")).name] = operation.get("value")
                elif path.startswith("/relations/"):
                    values["badge"] = values.get("badge") or (None if operation["op"] == "remove" else "shown")
            found.append(Write(str(write.work_item_id), values))
        return found

    @property
    def tries(self) -> int:
        return len(self.simulator.writes)

    @property
    def requests(self) -> int:
        return len(self.simulator.requests)

    @property
    def emails(self) -> int:
        return len(self.simulator.emails)

    def may_be_quiet(self, allowed: bool) -> None:
        self.simulator.settings.may_suppress = allowed

    def assert_readonly(self) -> None:
        self.simulator.assert_readonly()

    def close(self) -> None:
        self.simulator.close()


class AzureDevOpsServerSide(AzureDevOpsSide):
    name = "tfs"
    tracker = "azure-devops-server"
    edition = SERVERS["2022"]
    busy = Fault("unavailable", times=None, share=0.1)  # Server limits nobody, and may be overloaded


SIDES = {"jira": JiraSide, "dc": JiraDataCenterSide, "ado": AzureDevOpsSide, "tfs": AzureDevOpsServerSide}


@pytest.fixture(params=sorted(SIDES))
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """Each of the simulated trackers in turn, as of now, with the values that its place in a mapping names."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    made: Side = SIDES[request.param](real_time)
    yield made
    made.close()


def real_time() -> datetime:
    return datetime.now(UTC)


def mapping_of(side: Side) -> str:
    """A mapping in which the tracker is all that there is."""
    return ALWAYS.format(name=side.name, connection=side.connection())
