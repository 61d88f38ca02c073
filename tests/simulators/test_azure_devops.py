"""The simulated Azure DevOps over REST: what can be read, in which shapes, and by whom; and the pages for people."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.faults import Fault
from tests.simulators.asking_azure_devops import Client, add

MORNING = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sim(clock: Clock) -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator(clock=clock) as sim:
        sim.add_field("KR Progress", "double")
        yield sim


@pytest.fixture
def ado(sim: AzureDevOpsSimulator) -> Client:
    return Client(sim)


@pytest.fixture
def tree(sim: AzureDevOpsSimulator) -> tuple[int, int, int]:
    epic = sim.create_work_item("Epic", "A faster checkout", tags=["kr:checkout/rebuilt"])
    story = sim.create_work_item("User Story", "Pay by phone", fields={"Story Points": 3}, parent=epic)
    task = sim.create_work_item("Task", "Draw it", parent=story)
    return epic, story, task


# Who may enter, and how things are found


@pytest.mark.parametrize("authorization", ["Bearer pat", "Basic OnBhdA==", "Basic YW55Ym9keTpwYXQ="])
def test_a_token_opens_as_basic_password_or_bearer(sim, authorization):
    answer = requests.get(f"{sim.url}/_apis/projects", headers={"Authorization": authorization}, timeout=60)

    assert [one["name"] for one in answer.json()["value"]] == ["Shop"]


@pytest.mark.parametrize("authorization", ["", "Bearer other", "Basic OnBhdHM=", "Basic ?"])
def test_a_bad_token_is_answered_by_a_sign_in_page_in_the_two_hundreds(sim, authorization):
    answer = requests.get(f"{sim.url}/_apis/projects", headers={"Authorization": authorization}, timeout=60)

    assert answer.status_code == 203
    assert "Sign In" in answer.text


def test_addresses_are_the_same_in_any_case(sim, ado, tree):
    assert ado.get("/SHOP/_APIS/wit/WorkItems/1")["id"] == 1


def test_connection_data_names_the_owner_of_the_token(ado):
    user = ado.get("/_apis/connectionData")["authenticatedUser"]

    assert user["providerDisplayName"] == "okrlink service"
    assert user["properties"]["Account"]["$value"] == "okrlink@bookshop.example"


def test_what_is_not_modelled_says_so_and_is_remembered(sim, ado):
    answer = ado.ask("GET", "/Shop/_apis/build/Definitions")

    assert answer.status_code == 501
    assert "does not model" in answer.json()["message"]
    assert sim.unmodelled == ["GET /bookshop/Shop/_apis/build/Definitions: this address or method"]


def test_an_unknown_project_is_named(ado):
    answer = ado.ask("GET", "/Nowhere/_apis/wit/fields")

    assert (answer.status_code, answer.json()["typeKey"]) == (404, "ProjectDoesNotExistWithNameException")


# The process


def test_fields_are_listed_with_both_names_and_the_type(ado):
    fields = {field["referenceName"]: field for field in ado.get("/Shop/_apis/wit/fields")["value"]}

    assert fields["Custom.KRProgress"]["name"] == "KR Progress"
    assert fields["Custom.KRProgress"]["type"] == "double"
    assert fields["Microsoft.VSTS.Scheduling.StoryPoints"]["name"] == "Story Points"


def test_a_states_category_says_what_its_name_does_not(ado):
    states = ado.get("/Shop/_apis/wit/workitemtypes/Product%20Backlog%20Item/states")["value"]

    assert {state["name"]: state["category"] for state in states} == {
        "New": "Proposed",
        "Approved": "Proposed",
        "Committed": "InProgress",
        "Done": "Completed",
        "Removed": "Removed",
    }


# Work items


def test_a_work_item_is_read_with_its_fields_and_on_request_its_relations(ado, tree):
    story = ado.get("/_apis/wit/workitems/2")
    expanded = ado.get("/_apis/wit/workitems/2", **{"$expand": "relations"})

    assert story["fields"]["Microsoft.VSTS.Scheduling.StoryPoints"] == 3.0
    assert story["fields"]["System.Parent"] == 1
    assert "System.Id" not in story["fields"]
    assert "relations" not in story
    assert {link["attributes"]["name"]: link["url"].rpartition("/")[2] for link in expanded["relations"]} == {
        "Parent": "1",
        "Child": "3",
    }


def test_a_batch_takes_two_hundred_ids_and_can_omit_what_is_missing(sim, ado, tree):
    sim.delete(3)
    fields = ["System.Id", "System.Title"]

    few = ado.post("/_apis/wit/workitemsbatch", {"ids": [1, 3, 2], "fields": fields, "errorPolicy": "omit"}).json()
    strict = ado.post("/_apis/wit/workitemsbatch", {"ids": [1, 3]})
    many = ado.post("/_apis/wit/workitemsbatch", {"ids": list(range(1, 202))})

    assert [one and one["fields"]["System.Id"] for one in few["value"]] == [1, None, 2]
    assert strict.json()["message"].startswith("TF401232: Work item 3 does not exist")
    assert many.status_code == 400


def test_fields_and_expand_exclude_each_other(ado, tree):
    answer = ado.ask("GET", "/_apis/wit/workitems/1", params={"fields": "System.Title", "$expand": "all"})

    assert answer.json()["typeKey"] == "ConflictingParametersException"


def test_a_deleted_item_is_gone_but_for_the_recycle_bin(sim, ado, tree):
    sim.delete(1, actor="Dana Reed")

    assert ado.ask("GET", "/_apis/wit/workitems/1").status_code == 404
    assert ado.ask("GET", "/_apis/wit/workitems/1/updates").status_code == 404
    assert ado.get("/_apis/wit/recyclebin/1")["deletedBy"] == "Dana Reed <dana.reed@bookshop.example>"

    sim.restore(1)
    assert ado.get("/_apis/wit/workitems/1")["rev"] == 3


# History


def test_an_update_holds_what_changed_and_only_that(sim, ado, tree, clock):
    clock.now += timedelta(hours=1, milliseconds=250)
    sim.set_state(2, "active", actor="Dana Reed")
    last = ado.get("/_apis/wit/workitems/2/updates")["value"][-1]

    assert last["fields"]["System.State"] == {"oldValue": "New", "newValue": "Active"}
    assert last["fields"]["System.Rev"] == {"oldValue": 1, "newValue": 2}
    assert last["fields"]["System.ChangedDate"]["newValue"] == "2026-10-05T10:30:00.25Z"
    assert last["fields"]["Microsoft.VSTS.Common.ActivatedDate"] == {"newValue": "2026-10-05T10:30:00.25Z"}
    assert "System.Title" not in last["fields"]
    assert last["revisedDate"] == "9999-01-01T00:00:00Z"
    assert last["revisedBy"]["displayName"] == "Dana Reed"


def test_a_link_makes_updates_on_both_ends_but_no_revision(sim, ado, tree, clock):
    other = sim.create_work_item("Epic", "Another")
    clock.now += timedelta(minutes=5)
    sim.set_parent(2, other)
    child, old, new = (ado.get(f"/_apis/wit/workitems/{one}/updates")["value"][-1] for one in (2, 1, other))

    assert (child["id"], child["rev"]) == (3, 1)
    assert "fields" not in child
    assert child["revisedDate"] == "2026-10-05T09:35:00Z"
    assert [link["url"].rpartition("/")[2] for link in child["relations"]["removed"]] == ["1"]
    assert [link["url"].rpartition("/")[2] for link in child["relations"]["added"]] == [str(other)]
    assert old["relations"]["removed"][0]["rel"] == "System.LinkTypes.Hierarchy-Forward"
    assert new["relations"]["added"][0]["rel"] == "System.LinkTypes.Hierarchy-Forward"
    assert len(ado.get("/_apis/wit/workitems/2/revisions")["value"]) == 1


def test_updates_come_in_pages(sim, ado, tree):
    sim.settings.page = 2
    for number in range(4):
        sim.edit(1, {"Title": f"Title {number}"})

    first = ado.get("/_apis/wit/workitems/1/updates")["value"]
    rest = ado.get("/_apis/wit/workitems/1/updates", **{"$skip": 2, "$top": 200})["value"]

    assert [one["id"] for one in first + rest] == [1, 2, 3, 4]


def test_reporting_revisions_are_a_feed_with_a_token(sim, ado, tree):
    path = "/Shop/_apis/wit/reporting/workitemrevisions"
    first = ado.get(path, **{"$maxPageSize": 2})
    second = ado.get(path, continuationToken=first["continuationToken"])
    sim.set_state(1, "Active")
    third = ado.get(path, continuationToken=second["continuationToken"], fields="System.State,System.Id")
    nothing = ado.get(path, continuationToken=third["continuationToken"])

    assert [one["id"] for one in first["values"]] == [1, 2]
    assert (first["isLastBatch"], second["isLastBatch"]) == (False, True)
    assert third["values"] == [{"id": 1, "rev": 2, "fields": {"System.Id": 1, "System.State": "Active"}}]
    assert (nothing["values"], nothing["continuationToken"]) == ([], third["continuationToken"])


def test_deleted_items_are_in_the_feed_on_request_and_links_have_a_feed_of_their_own(sim, ado, tree):
    sim.delete(3)
    path = "/_apis/wit/reporting/workitemrevisions"
    asked = ado.post(path, {"includeDeleted": True, "types": ["Task"], "includeIdentityRef": True}).json()
    links = ado.get("/_apis/wit/reporting/workitemlinks")

    assert [one["fields"].get("System.IsDeleted") for one in asked["values"]] == [None, True]
    assert asked["values"][0]["fields"]["System.ChangedBy"]["displayName"] == "Sam Rivera"
    assert ado.get(path, types="Task")["values"] == []
    assert [(one["sourceId"], one["targetId"], one["isActive"]) for one in links["values"]] == [
        (1, 2, True),
        (2, 3, True),
    ]


# Queries


def found(answer):
    return [one["id"] for one in answer.json()["workItems"]]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("[System.TeamProject] = 'Shop' AND [System.Id] IN (1, 3, 99)", [1, 3]),
        ("[System.TeamProject] = @project AND [System.WorkItemType] <> 'Task'", [1, 2]),
        ("[System.ChangedDate] >= '2026-10-06'", [3]),
        ("[System.Tags] CONTAINS 'KR:checkout/rebuilt'", [1]),
        ("([Story Points] > 2 OR [System.Title] = 'Draw it') AND NOT [System.State] = 'Removed'", [2, 3]),
        ("[System.Parent] = 1 ORDER BY [System.ChangedDate] DESC", [2]),
        ("[System.AreaPath] UNDER 'Shop' AND [System.Id] NOT IN (1)", [2, 3]),
    ],
)
def test_flat_queries(sim, ado, tree, clock, where, ids):
    clock.now += timedelta(days=1)
    sim.set_state(3, "Active")

    assert found(ado.post("/Shop/_apis/wit/wiql", {"query": f"SELECT [System.Id] FROM WorkItems WHERE {where}"})) == ids


def test_a_time_of_day_needs_time_precision(sim, ado, tree, clock):
    query = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] >= '2026-10-05T09:30:00.001Z'"}
    clock.now += timedelta(seconds=1)
    sim.set_state(2, "Active")

    assert "date precision" in ado.post("/_apis/wit/wiql", query).json()["message"]
    assert found(ado.post("/_apis/wit/wiql", query, timePrecision="true")) == [2]


def test_a_recursive_link_query_walks_down_the_tree(ado, tree):
    query = (
        "SELECT [System.Id] FROM WorkItemLinks WHERE ([Source].[System.Id] IN (1)) "
        "AND ([System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward') "
        "AND ([Target].[System.WorkItemType] <> 'Bug') MODE (Recursive)"
    )
    rows = ado.post("/_apis/wit/wiql", {"query": query}).json()["workItemRelations"]

    assert [(row.get("source", {}).get("id"), row["target"]["id"]) for row in rows] == [(None, 1), (1, 2), (2, 3)]


def test_too_large_a_result_fails_and_is_not_truncated(sim, ado, tree):
    sim.settings.result_cap = 2
    answer = ado.post("/_apis/wit/wiql", {"query": "SELECT [System.Id] FROM WorkItems"}, **{"$top": 1})

    assert (answer.status_code, answer.json()["message"][:9]) == (400, "VS402337:")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("SELECT [System.Id] FROM WorkItems WHERE [No.Such] = 1", 400),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 'one'", 400),
        ("SELECT [System.Id] FROM", 400),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.Title] EVER 'x'", 501),
        ("SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.Id] = 1 MODE (MustContain)", 501),
    ],
)
def test_queries_that_are_refused_or_not_modelled(ado, query, status):
    assert ado.post("/_apis/wit/wiql", {"query": query}).status_code == status


# Limits and faults


def test_a_blocked_request_carries_the_limits_and_the_next_one_works(sim, ado, tree):
    sim.faults.add(Fault("throttle", retry_after=2, method="PATCH"))
    refused = ado.patch(1, add("System.Title", "Faster"))

    assert refused.status_code == 429
    assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Remaining"]) == ("2", "0")
    assert refused.json()["message"].startswith("TF400733")
    assert ado.patch(1, add("System.Title", "Faster")).status_code == 200


def test_retry_after_may_come_with_an_answer_that_succeeds(sim, ado):
    sim.slow_down(retry_after=3)
    slow, quick = ado.ask("GET", "/_apis/projects"), ado.ask("GET", "/_apis/projects")

    assert (slow.status_code, slow.headers["Retry-After"]) == (200, "3")
    assert "Retry-After" not in quick.headers


def test_work_may_be_done_though_the_connection_is_cut(sim, ado, tree):
    sim.faults.add(Fault("work then cut", method="PATCH"))
    with pytest.raises(requests.ConnectionError):
        ado.patch(1, add("Custom.KRProgress", 10))

    assert sim.value(1, "KR Progress") == 10.0


# The vendor's own client

SDK = """
import sys
from azure.devops.connection import Connection
from azure.devops.v7_1.work_item_tracking.models import JsonPatchOperation, Wiql
from msrest.authentication import BasicAuthentication

connection = Connection(base_url=sys.argv[1], creds=BasicAuthentication("", "pat"))
wit = connection.clients_v7_1.get_work_item_tracking_client()
core = connection.clients_v7_1.get_core_client()
story = wit.get_work_item(2, expand="Relations")
print(core.get_projects()[0].name, story.rev, story.fields["System.Title"], story.relations[0].attributes["name"])
print(wit.get_work_item_type_states("Shop", "User Story")[3].category, len(wit.get_work_items([1, 2], project="Shop")))
print(wit.query_by_wiql(Wiql(query="SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 2")).work_items[0].id)
print(wit.get_updates(2)[0].fields["System.State"].new_value)
guarded = [JsonPatchOperation(op="test", path="/rev", value=1), JsonPatchOperation(op="add", path="/fields/System.Title", value="New")]
print(wit.update_work_item(guarded, 2, suppress_notifications=True).rev)
print({field.name: field.reference_name for field in wit.get_work_item_fields()}["KR Progress"])
"""


def test_the_vendors_sdk_takes_it_for_the_real_one(sim, tree, tmp_path):
    environment = {**os.environ, "AZURE_DEVOPS_CACHE_DIR": str(tmp_path), "NO_PROXY": "127.0.0.1"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SDK, sim.url],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )

    assert ran.stdout.splitlines() == [
        "Shop 1 Pay by phone Parent",
        "Completed 2",
        "2",
        "New",
        "2",
        "Custom.KRProgress",
    ], ran.stderr


# Pages and actions over HTTP


def test_the_page_of_a_work_item_shows_what_a_person_looks_for(sim, tree):
    sim.edit(1, {"KR Progress": 62}, actor="Dana Reed")
    sim.add_relation(1, "Hyperlink", "http://127.0.0.1/kr", comment="Key result: rebuilt")
    page = requests.get(f"{sim.url}/Shop/_workitems/edit/1", timeout=60).text

    for text in (
        "Simulated Azure DevOps — nothing here is real",
        "A faster checkout",
        "kr:checkout/rebuilt",
        "KR Progress",
        "width: 62.0%",
        "Pay by phone",
        "Key result: rebuilt",
        "Dana Reed",
    ):
        assert text in page
    assert "//cdn" not in page


def test_the_front_page_lists_work_items_as_a_tree(sim, tree):
    page = requests.get(f"{sim.url.removesuffix('bookshop')}", timeout=60).text

    assert [page.index(title) for title in ("A faster checkout", "Pay by phone", "Draw it")] == sorted(
        page.index(title) for title in ("A faster checkout", "Pay by phone", "Draw it")
    )
    assert "--depth: 2" in page


def test_every_action_is_there_over_http(sim):
    base = sim.url.removesuffix("bookshop") + "_simulator"

    def act(path, **words):
        answer = requests.post(f"{base}/{path}", json=words, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    epic = act("work-items", type="Epic", title="One", actor="Dana Reed", tags=["a"])["id"]
    story = act("work-items", type="User Story", title="Two", parent=epic)["id"]
    act(f"work-items/{story}/edit", fields={"Story Points": 5})
    act(f"work-items/{story}/set-state", state="Closed")
    act(f"work-items/{story}/add-tag", tags=["b", "c"])
    act(f"work-items/{story}/remove-tag", tags=["b"])
    act(f"work-items/{story}/comment", text="Well done")
    act(f"work-items/{story}/add-relation", rel="Hyperlink", target="http://127.0.0.1/")
    act(f"work-items/{story}/set-parent", parent=None)
    act(f"work-items/{epic}/delete")

    shown = requests.get(f"{base}/work-items/{story}", timeout=60).json()
    assert (shown["state"], shown["tags"], shown["parent"]) == ("Closed", ["c"], None)
    assert act(f"work-items/{epic}/restore")["deleted"] is False
    assert requests.post(f"{base}/work-items/{story}/paint", json={}, timeout=60).status_code == 404
    assert requests.post(f"{base}/work-items/{story}/edit", json={"colour": 1}, timeout=60).status_code == 400
