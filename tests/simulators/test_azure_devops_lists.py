"""The simulated Azure DevOps remembers what pipelines, releases and pull requests did, and how items were."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from tests.sides import Clock
from tests.simulators.asking_azure_devops import Client

MORNING = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
BUILDS = {"queryOrder": "finishTimeAscending", "statusFilter": "completed"}


@pytest.fixture
def clock() -> Clock:
    return Clock(MORNING)


@pytest.fixture
def sim(clock: Clock) -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator(clock=clock) as sim:
        yield sim


@pytest.fixture
def ado(sim: AzureDevOpsSimulator) -> Client:
    return Client(sim)


def ids(answer):
    return [one["id"] for one in answer["value"]]


def test_builds_are_listed_by_their_ends_with_the_way_on_in_a_header(sim, ado):
    for number in (3, 1, 2):
        sim.complete_build(build_id=number, definition="Shop CI", finished=MORNING + timedelta(hours=number))

    first = ado.ask("GET", "/Shop/_apis/build/builds", params={**BUILDS, "$top": 2})
    token = first.headers["x-ms-continuationtoken"]
    second = ado.ask("GET", "/Shop/_apis/build/builds", params={**BUILDS, "continuationToken": token})

    assert (ids(first.json()), ids(second.json())) == ([1, 2], [3])
    assert "x-ms-continuationtoken" not in second.headers
    assert ids(ado.get("/Shop/_apis/build/builds", **BUILDS, minTime="2026-10-05T11:30:00Z")) == [2, 3]


def test_a_timeline_holds_the_newest_attempts_and_leads_to_the_earlier(sim, ado, clock):
    for attempt, result in ((1, "failed"), (2, "succeeded")):
        sim.change_stage(run_id=9, pipeline="Shop deploy", stage="Production", attempt=attempt, result=result)
        clock.forward(hours=1)
    sim.change_run(run_id=9, pipeline="Shop deploy")

    newest = ado.get("/Shop/_apis/build/builds/9/timeline")["records"][0]
    earlier = newest["previousAttempts"][0]
    first = ado.get(f"/Shop/_apis/build/builds/9/timeline/{earlier['timelineId']}")["records"][0]

    assert (newest["type"], newest["attempt"], newest["result"]) == ("Stage", 2, "succeeded")
    assert (first["id"], first["attempt"], first["result"]) == (earlier["recordId"], 1, "failed")
    assert first["id"] != newest["id"]


def test_a_build_of_a_classic_pipeline_has_no_stages(sim, ado):
    sim.complete_build(build_id=1, definition="Shop CI")

    assert [one["type"] for one in ado.get("/Shop/_apis/build/builds/1/timeline")["records"]] == ["Job"]
    assert ado.ask("GET", "/Shop/_apis/build/builds/2/timeline").status_code == 404


def test_deployments_are_listed_by_their_ids_from_the_one_that_the_header_names(sim, ado):
    for number in (1, 2, 3):
        sim.complete_deployment(deployment_id=number, release="Release-1", environment="Production", status="rejected")

    first = ado.ask("GET", "/Shop/_apis/release/deployments", params={"queryOrder": "ascending", "$top": 2})
    token = first.headers["x-ms-continuationtoken"]
    second = ado.get("/Shop/_apis/release/deployments", queryOrder="ascending", continuationToken=token)

    assert (ids(first.json()), ids(second)) == ([1, 2], [3])
    assert second["value"][0]["deploymentStatus"] == "failed"  # which its environment calls rejected


def test_pull_requests_are_listed_newest_first_and_by_when_they_were_made_or_closed(sim, ado):
    same = {"repository": "main", "created": MORNING}
    sim.change_pull_request(verb="created", pull_request_id=1, title="One", **same)
    sim.change_pull_request(verb="created", pull_request_id=2, title="Two", repository="main", created=MORNING)
    later = MORNING + timedelta(days=1)
    sim.change_pull_request(verb="updated", pull_request_id=1, title="One", status="completed", closed=later, **same)

    def listed(**criteria):
        query = {f"searchCriteria.{name}": value for name, value in {"status": "all", **criteria}.items()}
        return [one["pullRequestId"] for one in ado.get("/Shop/_apis/git/pullrequests", **query)["value"]]

    assert listed() == [2, 1]
    assert listed(queryTimeRangeType="closed", minTime="2026-10-06T00:00:00Z") == [1]
    assert listed(queryTimeRangeType="created", minTime="2026-10-06T00:00:00Z") == []


def test_a_batch_answers_how_items_were(sim, ado, clock):
    epic = sim.create_work_item("Epic", "A faster checkout")
    clock.forward(hours=1)
    sim.set_state(epic, "Active")
    late = sim.create_work_item("Epic", "Not yet")

    asked = {"ids": [epic, late], "asOf": "2026-10-05T09:59:59Z", "errorPolicy": "Omit"}
    was, missing = ado.post("/_apis/wit/workitemsbatch", asked).json()["value"]

    assert (was["rev"], was["fields"]["System.State"]) == (1, "New")
    assert missing is None


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("build/builds", {}),
        ("build/builds", {**BUILDS, "definitions": "1"}),
        ("release/deployments", {}),
        ("git/pullrequests", {}),
    ],
)
def test_what_no_list_models_it_refuses(sim, ado, path, query):
    assert ado.ask("GET", f"/Shop/_apis/{path}", params=query).status_code == 501
    assert sim.unmodelled


def test_requests_are_counted(sim, ado):
    ado.get("/Shop/_apis/git/pullrequests", **{"searchCriteria.status": "all"})

    assert sim.requests == ["GET /bookshop/Shop/_apis/git/pullrequests"]
