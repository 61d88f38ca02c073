"""What a tracker shows before there is a mapping: whose account it is, which projects it sees, which labels are in use."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from integration.core.errors import Refused
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Secret, Surveyor


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={f"P{number:03}": f"Project {number}" for number in range(60)}) as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def ado() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as site:
        site.add_project("Pay & Ship")
        yield site
        assert not site.unmodelled


def of_jira(jira: JiraSimulator) -> Connection:
    return Connection("jira", "jira", jira.url, user=jira.email, token=Secret(jira.token))


def of_azure_devops(ado: AzureDevOpsSimulator) -> Connection:
    return Connection("ado", "azure-devops", ado.url, token=Secret(ado.token))


def surveyor(connection: Connection) -> Surveyor:
    survey = TRACKERS[connection.tracker].survey
    assert survey is not None
    return survey(connection)


def test_jira_tells_all_its_projects_page_by_page(jira: JiraSimulator) -> None:
    survey = surveyor(of_jira(jira))

    assert survey.account() == "okrlink"
    assert [*survey.projects().items()][::59] == [("P000", "Project 0"), ("P059", "Project 59")]


def test_jira_tells_the_labels_of_the_whole_site(jira: JiraSimulator) -> None:
    jira.create_issue("P000", "Epic", "The new checkout", {"labels": ["kr:built", "shop"]})
    jira.create_issue("P001", "Epic", "Pay by card", {"labels": ["kr:paid", "shop"]})

    assert surveyor(of_jira(jira)).labels(["P000"]) == ["kr:built", "kr:paid", "shop"]


def test_azure_devops_tells_the_tags_of_the_named_projects(ado: AzureDevOpsSimulator) -> None:
    ado.create_work_item("Epic", "The new checkout", tags=["kr:built"])
    ado.create_work_item("Epic", "Pay by card", tags=["kr:paid"], project="Pay & Ship")
    survey = surveyor(of_azure_devops(ado))

    assert survey.account() == "okrlink service"
    assert survey.projects() == {"Shop": "Shop", "Pay & Ship": "Pay & Ship"}
    assert survey.labels(["Pay & Ship"]) == ["kr:paid"]
    assert survey.labels([]) == ["kr:built", "kr:paid"]


def test_a_wrong_token_is_refused(jira: JiraSimulator, ado: AzureDevOpsSimulator) -> None:
    for connection in (of_jira(jira), of_azure_devops(ado)):
        with pytest.raises(Refused):
            surveyor(replace(connection, token=Secret("another"))).account()
