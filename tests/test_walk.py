"""One webhook, all the way: signed in, measured, shown in the tracker's own field, and nothing comes back for it."""

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS, SERVICES
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from tests.living import living_azure_devops, living_data_center, living_jira, until


@pytest.fixture
def jira():
    with JiraSimulator(write_limits=()) as simulator:
        yield simulator


@pytest.fixture(params=[SERVICES, SERVERS["2020"]], ids=["services", "server"])
def ado(request):
    with AzureDevOpsSimulator(edition=request.param) as simulator:
        for name, kind in (("KR Progress", "double"), ("KR Status", "string"), ("KR Summary", "string")):
            simulator.add_field(name, kind)
        yield simulator


def test_a_tagged_epic_shows_its_progress_in_jira(jira, database_url, tmp_path, monkeypatch):
    """A story is done; within a moment the epic that feeds a key result says so, and a link leads to more."""
    with living_jira(database_url, tmp_path, monkeypatch, jira) as living:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
        stories = [jira.create_issue("SHOP", "Story", f"Step {n}", {"parent": epic.key}) for n in range(2)]
        until(lambda: jira.value(epic, "KR Progress") == 0, what="the first write")
        jira.transition(stories[0], "Done")
        until(lambda: jira.value(epic, "KR Progress") == 50, what="the second write")
        living.settle()

        assert jira.value(epic, "KR Summary").startswith("50 % · ")
        assert jira.value(epic, "KR Status") in ("on track", "behind", "at risk")
        links = jira.site.issue(epic).remote_links.values()
        assert [link["object"]["url"] for link in links] == ["https://okr.example/key-results/checkout.built"]
        assert {write.path.split("/")[5] for write in jira.writes} == {epic.id}
        assert not jira.emails
        assert not jira.unmodelled

        # No echo: what okrlink wrote came back as webhooks, and made nothing be written.
        assert jira.deliveries.drain()
        living.settle()
        before = len(jira.writes)
        jira.comment(epic, "nice")
        assert jira.deliveries.drain()
        living.settle()
        assert len(jira.writes) == before


@pytest.mark.parametrize("version", ["9.12.4", "10.3.5"])
def test_a_tagged_epic_shows_its_progress_in_a_data_center(version, database_url, tmp_path, monkeypatch):
    """The same where stories hang on their epic by a field, sub-tasks are parts of them, and history names fields."""
    with (
        JiraDataCenterSimulator(version=version) as jira,
        living_data_center(database_url, tmp_path, monkeypatch, jira) as living,
    ):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
        stories = [jira.create_issue("SHOP", "Story", f"Step {n}", {"Epic Link": epic.key}) for n in range(2)]
        jira.create_issue("SHOP", "Sub-task", "A part", {"parent": stories[1].key})
        until(lambda: jira.value(epic, "KR Progress") == 0, what="the first write")
        jira.transition(stories[0], "Done")
        until(lambda: jira.value(epic, "KR Progress") == 50, what="the second write")
        living.settle()

        assert jira.value(epic, "KR Summary").startswith("50 % · ")
        links = jira.site.issue(epic).remote_links.values()
        assert [link["object"]["url"] for link in links] == ["https://okr.example/key-results/checkout.built"]
        assert {write.path.split("/")[5] for write in jira.writes} == {epic.id}
        assert {name for write in jira.writes for name in (write.body.get("fields") or {})} == {
            jira.site.field(name).id for name in ("KR Progress", "KR Status", "KR Summary")
        }
        assert not jira.emails
        assert not jira.unmodelled

        assert jira.deliveries.drain()
        living.settle()
        before = len(jira.writes)
        jira.comment(epic, "nice")
        assert jira.deliveries.drain()
        living.settle()
        assert len(jira.writes) == before

        # What a person typed stays: it is known by its name in history.
        jira.edit(epic, {"KR Status": "trust me"})
        jira.transition(stories[1], "Done")
        until(lambda: jira.value(epic, "KR Progress") == 100, what="the third write")
        living.settle()
        assert jira.value(epic, "KR Status") == "trust me"


def test_a_tagged_epic_shows_its_progress_in_azure_devops(ado, database_url, tmp_path, monkeypatch):
    """The same in Azure DevOps Services and Server, through a feature between epic and story."""
    with living_azure_devops(database_url, tmp_path, monkeypatch, ado) as living:
        epic = ado.create_work_item("Epic", "Block a card", tags=["kr:built"])
        feature = ado.create_work_item("Feature", "In the app", parent=epic)
        stories = [ado.create_work_item("User Story", f"Step {n}", parent=feature) for n in range(2)]
        until(lambda: ado.value(epic, "KR Progress") == 0, what="the first write")
        ado.set_state(stories[0], "Closed")
        until(lambda: ado.value(epic, "KR Progress") == 50, what="the second write")
        living.settle()

        assert ado.value(epic, "KR Summary").startswith("50 % · ")
        assert list(ado.hyperlinks(epic)) == ["https://okr.example/key-results/checkout.built"]
        assert {write.work_item_id for write in ado.writes} == {epic}
        assert not ado.emails
        assert not ado.unmodelled

        assert ado.drain()
        living.settle()
        before = len(ado.writes)
        ado.comment(epic, "nice")
        assert ado.drain()
        living.settle()
        assert len(ado.writes) == before
