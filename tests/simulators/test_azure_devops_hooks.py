"""Service hooks of the simulated Azure DevOps: the shapes of deliveries, and what an answer does to a subscription."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from tests.simulators.asking_azure_devops import Client, add
from tests.simulators.listening import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator(
        back_off=0.01, probation_back_off=0.3, clock=lambda: datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
    ) as sim:
        sim.add_field("KR Progress", "double")
        yield sim


def received(sim, listener):
    assert sim.drain(60)
    return [one.json for one in listener.received]


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


# Shapes


def test_a_created_item_arrives_flat(sim, listener):
    subscription = sim.subscribe(listener.url)
    sim.create_work_item("Bug", "It is slow", actor="Dana Reed <dana@bookshop.example>", tags=["kr:speed"])
    (body,) = received(sim, listener)

    assert body["eventType"] == "workitem.created"
    assert (body["publisherId"], body["resourceVersion"]) == ("tfs", "1.0")
    assert (body["subscriptionId"], body["notificationId"]) == (subscription.id, 1)
    assert (body["resource"]["id"], body["resource"]["rev"]) == (1, 1)
    assert body["resource"]["fields"]["System.Tags"] == "kr:speed"
    assert body["resource"]["fields"]["System.CreatedBy"] == "Dana Reed <dana@bookshop.example>"
    assert body["resourceContainers"]["project"] == {"id": sim.add_project("Shop"), "baseUrl": sim.url + "/"}
    assert body["createdDate"] == "2026-10-05T09:30:00.0000000Z"
    assert "It is slow" in body["message"]["text"]


def test_an_updated_item_arrives_as_its_update_with_the_revision_inside(sim, listener):
    sim.create_work_item("Bug", "It is slow")
    sim.subscribe(listener.url)
    sim.set_state(1, "Closed", actor="Dana Reed")
    (body,) = received(sim, listener)
    resource = body["resource"]

    assert body["eventType"] == "workitem.updated"
    assert (resource["id"], resource["workItemId"], resource["rev"]) == (2, 1, 2)
    assert resource["fields"]["System.State"] == {"oldValue": "New", "newValue": "Closed"}
    assert resource["fields"]["System.Rev"] == {"oldValue": 1, "newValue": 2}
    assert resource["revisedBy"]["displayName"] == "Dana Reed"
    assert resource["revisedDate"] == "9999-01-01T00:00:00Z"
    assert (resource["revision"]["id"], resource["revision"]["rev"]) == (1, 2)
    assert resource["revision"]["fields"]["System.ChangedBy"] == "Dana Reed <dana.reed@bookshop.example>"


def test_a_parent_link_is_told_of_from_both_ends_without_fields(sim, listener):
    sim.create_work_item("Epic", "Up")
    sim.create_work_item("User Story", "Down")
    sim.subscribe(listener.url)
    sim.set_parent(2, 1)
    child, parent = (body["resource"] for body in received(sim, listener))

    assert (child["workItemId"], child["id"], child["rev"]) == (2, 2, 1)
    assert "fields" not in child
    assert child["relations"]["added"][0]["rel"] == "System.LinkTypes.Hierarchy-Reverse"
    assert child["relations"]["added"][0]["attributes"] == {"isLocked": False, "name": "Parent"}
    assert child["revision"]["relations"] == child["relations"]["added"]
    assert (parent["workItemId"], parent["relations"]["added"][0]["attributes"]["name"]) == (1, "Child")


def test_comment_delete_and_restore_have_events_of_their_own(sim, listener):
    sim.create_work_item("Bug", "It is slow")
    sim.subscribe(listener.url)
    sim.comment(1, "Still")
    sim.delete(1)
    sim.restore(1)
    bodies = received(sim, listener)

    assert [body["eventType"].removeprefix("workitem.") for body in bodies] == [
        "commented",
        "updated",
        "deleted",
        "restored",
    ]
    assert bodies[0]["resource"]["fields"]["System.History"] == "Still"
    assert bodies[0]["resource"]["fields"]["System.CommentCount"] == 1
    assert "/recyclebin/1" in bodies[2]["resource"]["url"]
    assert "System.History" not in bodies[3]["resource"]["fields"]


def test_pipelines_and_code_say_what_happened(sim, listener):
    sim.subscribe(listener.url)
    done = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
    sim.complete_build(build_id=7, definition="Shop CI", result="failed", finished=done)
    sim.complete_build(build_id=8, definition="Shop CI", resource_version="1.0")
    sim.change_run(run_id=9, pipeline="Shop deploy")
    sim.change_stage(run_id=9, pipeline="Shop deploy", stage="Production", finished=done)
    sim.complete_deployment(deployment_id=3, release="Release-1", environment="Production", status="rejected")
    sim.push(push_id=4, repository="shop", commits=[{"id": "a" * 40, "comment": "Fix #1"}])
    sim.change_pull_request(
        verb="merged", pull_request_id=5, repository="shop", title="Fix", status="completed", closed=done
    )
    events = [(body["eventType"], body["publisherId"], body["resource"]) for body in received(sim, listener)]
    new, old, run, stage, release, push, merge = (resource for _, _, resource in events)

    assert {publisher for _, publisher, _ in events} == {"tfs", "pipelines", "rm"}
    assert (new["status"], new["result"], new["finishTime"]) == ("completed", "failed", "2026-10-05T10:00:00Z")
    assert (old["status"], "result" in old) == ("succeeded", False)
    assert (run["run"]["state"], run["run"]["result"], run["pipeline"]["name"]) == (
        "completed",
        "succeeded",
        "Shop deploy",
    )
    assert (stage["stage"]["name"], stage["stage"]["result"], stage["run"]["id"]) == ("Production", "succeeded", 9)
    assert (release["environment"]["name"], release["environment"]["status"]) == ("Production", "rejected")
    assert push["commits"][0]["commitId"] == push["refUpdates"][0]["newObjectId"] == "a" * 40
    assert (merge["status"], merge["closedDate"]) == ("completed", "2026-10-05T10:00:00Z")


# Who is told, and how


def test_credentials_travel_as_basic_auth_and_headers(sim, listener):
    subscription = sim.subscribe(listener.url, user="okrlink", password="hunter2", headers={"X-Hook-Token": "t"})
    sim.create_work_item("Bug", "It is slow")
    received(sim, listener)

    assert listener.received[0].headers["Authorization"] == "Basic b2tybGluazpodW50ZXIy"
    assert listener.received[0].headers["X-Hook-Token"] == "t"
    assert "b2tybGluazpodW50ZXIy" not in repr(subscription)


def test_each_subscription_counts_its_own_notifications(sim, listener):
    everything = sim.subscribe(listener.url)
    updates = sim.subscribe(listener.url, "workitem.updated", project="Shop")
    sim.add_project("Other")
    sim.create_work_item("Bug", "One")
    sim.set_state(1, "Active")
    sim.set_state(sim.create_work_item("Bug", "Two", project="Other"), "Active")
    bodies = received(sim, listener)

    assert [body["notificationId"] for body in bodies if body["subscriptionId"] == everything.id] == [1, 2, 3, 4]
    assert [body["notificationId"] for body in bodies if body["subscriptionId"] == updates.id] == [1]
    both = [body["id"] for body in bodies if body["resource"].get("workItemId") == 1]
    assert len(both) == 2
    assert len(set(both)) == 1


def test_a_quiet_write_is_told_of_unless_the_switch_says_otherwise(sim, listener):
    sim.create_work_item("Epic", "Up")
    sim.subscribe(listener.url)
    ado = Client(sim)
    ado.patch(1, add("Custom.KRProgress", 1), suppressNotifications="true")
    sim.settings.suppress_stops_hooks = True
    ado.patch(1, add("Custom.KRProgress", 2), suppressNotifications="true")

    assert [body["resource"]["rev"] for body in received(sim, listener)] == [2]


# What an answer does


@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_a_transient_answer_brings_the_same_notification_again(sim, listener, status):
    listener.answers = [status, status]
    subscription = sim.subscribe(listener.url)
    sim.create_work_item("Bug", "It is slow")
    bodies = received(sim, listener)

    assert [body["notificationId"] for body in bodies] == [1, 1, 1]
    assert subscription.status == "enabled"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_any_other_refusal_is_probation_in_which_new_events_are_lost(sim, listener, status):
    listener.answers = [status]
    subscription = sim.subscribe(listener.url)
    sim.create_work_item("Bug", "One")
    assert sim.drain(60)
    assert subscription.status == "onProbation"
    sim.create_work_item("Bug", "Two")

    assert eventually(lambda: subscription.status == "enabled")
    sim.create_work_item("Bug", "Three")
    titles = [body["resource"]["fields"]["System.Title"] for body in received(sim, listener)]
    assert titles == ["One", "One", "Three"]
    assert subscription.lost == 1


def test_seven_failed_retries_disable_a_subscription(listener):
    with AzureDevOpsSimulator(probation_back_off=0.002) as sim:
        listener.answers = [500] * 100
        subscription = sim.subscribe(listener.url)
        sim.create_work_item("Bug", "One")

        assert eventually(lambda: subscription.status == "disabledBySystem")
        assert len(received(sim, listener)) == 8


def test_gone_disables_at_once_and_a_person_may_switch_it_on_again(sim, listener):
    listener.answers = [410]
    subscription = sim.subscribe(listener.url)
    sim.create_work_item("Bug", "One")
    assert sim.drain(60)
    sim.create_work_item("Bug", "Two")
    assert subscription.status == "disabledBySystem"
    assert Client(sim).get("/_apis/hooks/subscriptions")["value"][0]["status"] == "disabledBySystem"

    sim.hooks.switch(subscription.id, "enabled")
    sim.create_work_item("Bug", "Three")
    assert [body["resource"]["fields"]["System.Title"] for body in received(sim, listener)] == ["One", "Three"]
