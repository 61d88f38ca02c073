"""Which operations of the vendors' documents each call of a client asks for: a new one has to be written down here."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.core.queries import Query
from integration.core.write_back import Badge
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.trackers.azure_devops import TRACKER as AZURE_DEVOPS
from integration.trackers.azure_devops.client import AzureDevOpsClient
from integration.trackers.contract import Connection, Secret, TrackerClient
from integration.trackers.jira import TRACKER as JIRA
from integration.trackers.jira.client import JiraClient
from tests.conformance.recorder import Recorder
from tests.sides import Clock
from tests.trackers.azure_devops.test_both_ways import MORNING, delivery, work

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ASKS_NOTHING = {"asked_to_wait", "same", "same_badge"}

QUERIES = {
    "JiraClient": Query("issuetype = Epic"),
    "AzureDevOpsClient": Query("SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Epic'"),
}

CALLS: dict[str, Callable[[TrackerClient, str, str], Any]] = {
    "catalogue": lambda client, item, field: client.catalogue(),
    "item": lambda client, item, field: client.item(item),
    "items": lambda client, item, field: client.items([item, "99999"]),
    "subtree": lambda client, item, field: list(client.subtree(item)),
    "current": lambda client, item, field: client.current(item, [field], badge=True),
    "last_edit": lambda client, item, field: client.last_edit(item, field),
    "write": lambda client, item, field: client.write(
        item, {field: 40}, badge=Badge("https://okr.example/1", "Key result", "40 %")
    ),
    "why_not_quiet": lambda client, item, field: client.why_not_quiet(""),
    "history": lambda client, item, field: [list(client.history(each, LONG_AGO, None)) for each in client.streams],
    "total": lambda client, item, field: [client.total(each, LONG_AGO) for each in client.streams],
    "answers": lambda client, item, field: list(client.answers(QUERIES[type(client).__name__])),
    "present": lambda client, item, field: list(client.present()),
}


OPERATIONS: dict[tuple[str, str], set[str]] = {
    ("azure_devops", "answers"): {"Wiql_Query By Wiql"},
    ("azure_devops", "catalogue"): {
        "Fields_List",
        "GET /connectionData",
        "Projects_List",
        "Work Item Type Categories_List",
        "Work Item Types_List",
    },
    ("azure_devops", "current"): {"Work Items_Get Work Item"},
    ("azure_devops", "history"): {
        "Builds_List",
        "Deployments_List",
        "Projects_List",
        "Pull Requests_Get Pull Requests By Project",
        "Reporting Work Item Links_Get",
        "Reporting Work Item Revisions_Read Reporting Revisions Get",
    },
    ("azure_devops", "item"): {"Work Item Types_List", "Work Items_Get Work Item"},
    ("azure_devops", "items"): {"Work Item Types_List", "Work Items_Get Work Items Batch"},
    ("azure_devops", "last_edit"): {"Updates_List", "Work Items_Get Work Item"},
    ("azure_devops", "present"): {"Wiql_Query By Wiql"},
    ("azure_devops", "subtree"): {"Wiql_Query By Wiql", "Work Item Types_List", "Work Items_Get Work Items Batch"},
    ("azure_devops", "total"): {"Wiql_Query By Wiql"},
    ("azure_devops", "why_not_quiet"): set(),
    ("azure_devops", "write"): {"Work Items_Get Work Item", "Work Items_Update"},
    ("jira", "answers"): {"getCurrentUser", "searchAndReconsileIssuesUsingJql", "searchProjects"},
    ("jira", "catalogue"): {"getCurrentUser", "getFields", "getIssueAllTypes", "getStatuses", "searchProjects"},
    ("jira", "current"): {"getIssue", "getRemoteIssueLinks"},
    ("jira", "history"): {
        "getAllBoards",
        "getAllSprints",
        "getBulkChangelogs",
        "getCurrentUser",
        "getFields",
        "getProjectVersionsPaginated",
        "searchAndReconsileIssuesUsingJql",
        "searchProjects",
    },
    ("jira", "item"): {"getIssue"},
    ("jira", "items"): {"bulkFetchIssues", "getCurrentUser"},
    ("jira", "last_edit"): {"getChangeLogs", "getFields"},
    ("jira", "present"): {"getCurrentUser", "searchAndReconsileIssuesUsingJql", "searchProjects"},
    ("jira", "subtree"): {"getIssue", "searchAndReconsileIssuesUsingJql"},
    ("jira", "total"): {"countIssues", "getCurrentUser", "searchProjects"},
    ("jira", "why_not_quiet"): {"getMyPermissions"},
    ("jira", "write"): {"createOrUpdateRemoteIssueLink", "editIssue", "getFields"},
}


@pytest.fixture
def jira() -> Iterator[tuple[TrackerClient, str, str]]:
    with JiraSimulator() as site:
        epic = site.create_issue("SHOP", "Epic", "The new checkout")
        site.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key})
        site.transition(epic, "Done")
        site.add_board("Shop")
        connection = Connection("jira", "jira", site.url, projects=("SHOP",), user=site.email, token=Secret(site.token))
        yield JIRA.connect(connection), epic.id, "customfield_10051"


@pytest.fixture
def azure_devops() -> Iterator[tuple[TrackerClient, str, str]]:
    with AzureDevOpsSimulator() as sim:
        sim.add_field("KR Progress", "double")
        epic = sim.create_work_item("Epic", "The new checkout")
        sim.create_work_item("Product Backlog Item", "Pay by card", parent=epic)
        sim.edit(epic, {"KR Progress": 40})
        connection = Connection("ado", "azure-devops", sim.url, projects=("Shop",), token=Secret(sim.token))
        yield AZURE_DEVOPS.connect(connection), str(epic), "Custom.KRProgress"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("tracker", ["jira", "azure_devops"])
def test_a_call_asks_for_these_operations(
    corpus: Path, recorder: Recorder, request: pytest.FixtureRequest, tracker: str, call: str
) -> None:
    client, item, field = request.getfixturevalue(tracker)

    CALLS[call](client, item, field)

    asked = set()
    for each in recorder.heard:
        if each.method == "OPTIONS":
            continue  # a client library's look for addresses, which it keeps
        operation = each.vendor.description(corpus).find(each.method, each.vendor.address(each.path))
        asked.add(operation.id if operation else f"{each.method} {each.path.partition('/_apis')[2] or '/_apis'}")
    assert asked == OPERATIONS[tracker, call]


THE_WHOLE_PAST = {
    "Builds_List",
    "Deployments_List",
    "Fields_List",
    "Projects_List",
    "Pull Requests_Get Pull Requests By Project",
    "Queries_Get",
    "Queries_List",
    "Reporting Work Item Links_Get",
    "Reporting Work Item Revisions_Read Reporting Revisions Get",
    "Revisions_List",
    "Timeline_Get",
    "Wiql_Query By Wiql",
    "Work Items_Get Work Items Batch",
}


def test_reading_a_past_that_has_everything_in_it_asks_for_these_operations(corpus: Path, recorder: Recorder) -> None:
    """From the beginning, from a day on, after a restart, and by a query in a folder of its own."""
    clock = Clock(MORNING)
    with AzureDevOpsSimulator(clock=clock) as sim:
        work(sim, lambda: clock.forward(hours=3, seconds=7))
        delivery(sim, lambda: clock.forward(hours=3, seconds=7), clock)
        sim.save_query("Shared Queries/Triage/Deep/Open bugs", "SELECT [System.Id] FROM WorkItems")
        connection = Connection("ado", "azure-devops", sim.url, projects=("Shop",), token=Secret(sim.token))

        def read(since: datetime, cursors: dict[str, str]) -> dict[str, str]:
            client = AzureDevOpsClient(connection)
            pages = {stream: list(client.history(stream, since, cursors.get(stream))) for stream in client.streams}
            return {stream: listed[-1].cursor for stream, listed in pages.items() if listed}

        ends = read(LONG_AGO, {})
        read(clock() - timedelta(days=1), {})
        clock.forward(days=1)
        sim.edit(3, {"Story Points": 13})
        read(LONG_AGO, ends)
        assert list(AzureDevOpsClient(connection).answers(Query("Open bugs", saved=True)))

    asked = {
        each.vendor.description(corpus).find(each.method, each.vendor.address(each.path)) for each in recorder.heard
    }
    assert {operation.id for operation in asked if operation} == THE_WHOLE_PAST


@pytest.mark.parametrize("client", [JiraClient, AzureDevOpsClient])
def test_no_call_is_left_out(client: type) -> None:
    public = {name for name in dir(client) if callable(getattr(client, name)) and not name.startswith("_")}

    assert public - ASKS_NOTHING == CALLS.keys()
