"""Writing to the simulated Azure DevOps: JSON Patch, guarded, quiet, dry, refused, and many at once."""

import json
from collections.abc import Iterator

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from tests.simulators.asking_azure_devops import PATCH, Client, add, hyperlink, rev


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as sim:
        sim.add_field("KR Progress", "double", types=("Epic", "User Story"))
        sim.add_field("KR Summary")
        sim.add_field("KR Locked", read_only=True)
        sim.create_work_item("Epic", "A faster checkout")
        sim.create_work_item("User Story", "Pay by phone", parent=1)
        sim.create_work_item("Task", "Draw it")
        yield sim


@pytest.fixture
def ado(sim: AzureDevOpsSimulator) -> Client:
    return Client(sim)


def test_a_guarded_patch_sets_fields_and_answers_with_the_item(sim, ado):
    answer = ado.patch(1, rev(1), add("Custom.KRProgress", 42), add("KR Summary", "on track"))

    assert answer.json()["rev"] == 2
    assert answer.json()["fields"]["Custom.KRProgress"] == 42.0
    assert sim.value(1, "KR Summary") == "on track"
    assert sim.value(1, "System.ChangedBy")["uniqueName"] == "okrlink@bookshop.example"
    assert [(write.work_item_id, write.status, write.quiet) for write in sim.writes] == [(1, 200, False)]


def test_a_stale_revision_changes_nothing(sim, ado):
    sim.edit(1, {"KR Progress": 70}, actor="Dana Reed")
    answer = ado.patch(1, rev(1), add("Custom.KRProgress", 42))

    assert (answer.status_code, answer.json()["typeKey"]) == (412, "TestPatchOperationFailedException")
    assert "value 2 was not equal to test value 1" in answer.json()["message"]
    assert sim.value(1, "KR Progress") == 70.0


def test_a_patch_that_changes_nothing_makes_no_revision(sim, ado):
    ado.patch(1, add("Custom.KRProgress", 42))
    again = ado.patch(1, add("Custom.KRProgress", 42.0))

    assert again.json()["rev"] == 2
    assert len(sim.emails) == 1


def test_add_joins_tags_and_replace_replaces_them(sim, ado):
    ado.patch(1, add("System.Tags", "one; two"))
    ado.patch(1, add("System.Tags", "Two; three"))
    assert sim.item(1).tags == ["one", "two", "three"]

    ado.patch(1, {"op": "replace", "path": "/fields/System.Tags", "value": "four"})
    assert sim.item(1).tags == ["four"]


def test_remove_clears_a_field_or_takes_a_relation_away(sim, ado):
    ado.patch(1, add("Custom.KRProgress", 42), hyperlink("http://127.0.0.1/kr", "KR-1"))
    assert sim.hyperlinks(1) == {"http://127.0.0.1/kr": "KR-1"}

    nth = [link.rel for link in sim.item(1).relations].index("Hyperlink")
    ado.patch(1, {"op": "remove", "path": "/fields/Custom.KRProgress"}, {"op": "remove", "path": f"/relations/{nth}"})
    assert (sim.value(1, "KR Progress"), sim.hyperlinks(1)) == (None, {})


def test_the_comment_of_a_relation_may_be_replaced(sim, ado):
    ado.patch(1, hyperlink("http://127.0.0.1/kr", "KR-1"))
    nth = [link.rel for link in sim.item(1).relations].index("Hyperlink")
    comment = {"op": "replace", "path": f"/relations/{nth}/attributes/comment", "value": "KR-2"}
    answers = [ado.patch(1, comment).json()["rev"] for _ in range(2)]

    assert answers == [3, 3]
    assert sim.hyperlinks(1) == {"http://127.0.0.1/kr": "KR-2"}
    updated = ado.get("/_apis/wit/workitems/1/updates")["value"][-1]["relations"]["updated"]
    assert [link["attributes"]["comment"] for link in updated] == ["KR-2"]


def test_a_hyperlink_makes_a_revision_and_only_once(sim, ado):
    first = ado.patch(3, hyperlink("http://127.0.0.1/kr"))
    second = ado.patch(3, hyperlink("http://127.0.0.1/kr"))

    assert first.json()["rev"] == 2
    assert second.json()["typeKey"] == "RelationAlreadyExistsException"


def test_a_parent_link_appears_on_both_items(sim, ado):
    parent = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": f"{sim.url}/_apis/wit/workItems/2"}
    answer = ado.patch(3, {"op": "add", "path": "/relations/-", "value": parent})

    assert answer.json()["rev"] == 1
    assert (sim.item(3).parent, sim.item(2).children) == (2, [3])


@pytest.mark.parametrize(
    ("work_item_id", "operation", "status", "words"),
    [
        (1, add("Custom.Nope", 1), 400, "TF51535: Cannot find field Custom.Nope"),
        (3, add("Custom.KRProgress", 1), 400, "TF51535: Cannot find field Custom.KRProgress"),
        (1, add("Custom.KRLocked", "x"), 400, "TF401320: Rule Error for field KR Locked. Error code: ReadOnly"),
        (1, add("System.ChangedDate", "2026-01-01"), 400, "ReadOnly"),
        (1, add("Custom.KRProgress", "much"), 400, "InvalidType"),
        (1, add("Custom.KRSummary", "x" * 256), 400, "InvalidTooLong"),
        (1, add("System.State", "Sleeping"), 400, "InvalidNotInListValue"),
        (1, add("System.Title", ""), 400, "Required"),
        (99, add("System.Title", "x"), 404, "TF401232: Work item 99 does not exist"),
        (1, {"op": "remove", "path": "/relations/7"}, 400, "Index was out of range"),
        (1, {"op": "move", "path": "/fields/System.Title"}, 501, "does not model"),
    ],
)
def test_what_is_refused_leaves_everything_as_it_was(sim, ado, work_item_id, operation, status, words):
    answer = ado.patch(work_item_id, add("System.Description", "half a change"), operation)

    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert sim.item(1).rev == sim.item(3).rev == 1


def test_a_link_in_a_circle_or_to_a_second_parent_is_refused(sim, ado):
    def parent(of, is_now):
        url = f"{sim.url}/_apis/wit/workItems/{is_now}"
        value = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url}
        return ado.patch(of, {"op": "add", "path": "/relations/-", "value": value}).json()["message"]

    assert "circular" in parent(1, is_now=2)
    assert "only one Parent" in parent(2, is_now=3)


def test_suppressed_notifications_send_no_mail(sim, ado):
    ado.patch(1, add("Custom.KRProgress", 1), suppressNotifications="true")
    assert (len(sim.emails), sim.writes[0].quiet) == (0, True)

    sim.settings.may_suppress = False
    assert ado.patch(1, add("Custom.KRProgress", 2), suppressNotifications="true").status_code == 403
    assert ado.patch(1, add("Custom.KRProgress", 2)).status_code == 200
    assert len(sim.emails) == 1


def test_a_dry_run_judges_and_writes_nothing(sim, ado):
    good = ado.patch(1, rev(1), add("Custom.KRProgress", 42), validateOnly="true")
    bad = ado.patch(1, add("Custom.Nope", 42), validateOnly="true")

    assert (good.status_code, good.json()["rev"], bad.status_code) == (200, 1, 400)
    sim.assert_readonly()


def test_assert_readonly_names_the_writes(sim, ado):
    ado.patch(1, add("Custom.KRProgress", 42))

    with pytest.raises(AssertionError, match=r"Custom\.KRProgress"):
        sim.assert_readonly()


def test_a_token_may_lack_the_right_to_write(sim, ado):
    sim.settings.may_write = False

    assert ado.patch(1, add("Custom.KRProgress", 42)).json()["message"].startswith("TF237111")


def test_revisions_over_rest_are_numbered(sim, ado):
    sim.settings.revision_cap = 2
    ado.patch(1, add("Custom.KRProgress", 1))

    assert ado.patch(1, add("Custom.KRProgress", 2)).json()["typeKey"] == "WorkItemRevisionLimitExceededException"
    sim.edit(1, {"KR Progress": 3})  # people are not counted
    assert sim.item(1).rev == 3


def test_a_patch_needs_its_content_type_and_a_version(sim, ado):
    path = "/_apis/wit/workitems/1"
    plain = ado.ask("PATCH", path, json=[add("System.Title", "x")], params={"api-version": "7.1"})
    ageless = ado.ask("PATCH", path, data=json.dumps([add("System.Title", "x")]), headers={"Content-Type": PATCH})
    empty = ado.patch(1)

    assert plain.status_code == 415
    assert ageless.json()["typeKey"] == "VssVersionNotSpecifiedException"
    assert empty.json()["message"].startswith("You must pass a valid patch document")


def test_a_batch_answers_for_each_and_is_not_atomic(sim, ado):
    def one(work_item_id, *operations, content_type=PATCH):
        uri = f"/_apis/wit/workitems/{work_item_id}?api-version=7.1&suppressNotifications=true"
        return {"method": "PATCH", "uri": uri, "headers": {"Content-Type": content_type}, "body": list(operations)}

    asked = [one(1, rev(1), add("Custom.KRProgress", 5)), one(2, rev(9), add("Custom.KRProgress", 5)), one(99)]
    answer = ado.ask("PATCH", "/_apis/wit/$batch", json=asked, params={"api-version": "7.1"}).json()

    assert [one["code"] for one in answer["value"]] == [200, 412, 404]
    assert json.loads(answer["value"][0]["body"])["fields"]["Custom.KRProgress"] == 5.0
    assert (sim.value(1, "KR Progress"), sim.value(2, "KR Progress")) == (5.0, None)
    assert sim.emails == []
