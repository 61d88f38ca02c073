"""What there is to choose from before there is a mapping: all projects that the account sees, and labels in use."""

from collections.abc import Iterator

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Examiner, Secret


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


def examiner(connection: Connection) -> Examiner:
    examine = TRACKERS[connection.tracker].examiner
    assert examine is not None
    return examine(connection)


def test_jira_tells_all_its_projects_page_by_page(jira: JiraSimulator) -> None:
    projects = examiner(of_jira(jira)).projects()

    assert [(one.key, one.name) for one in projects][::59] == [("P000", "Project 0"), ("P059", "Project 59")]


def test_jira_tells_the_labels_of_the_whole_site(jira: JiraSimulator) -> None:
    jira.create_issue("P000", "Epic", "The new checkout", {"labels": ["kr:built", "shop"]})
    jira.create_issue("P001", "Epic", "Pay by card", {"labels": ["kr:paid", "shop"]})

    assert examiner(of_jira(jira)).labels(["P000"]) == ["kr:built", "kr:paid", "shop"]


def test_azure_devops_tells_the_tags_of_the_named_projects(ado: AzureDevOpsSimulator) -> None:
    ado.create_work_item("Epic", "The new checkout", tags=["kr:built"])
    ado.create_work_item("Epic", "Pay by card", tags=["kr:paid"], project="Pay & Ship")
    examining = examiner(of_azure_devops(ado))

    assert examining.labels(["Pay & Ship"]) == ["kr:paid"]
    assert examining.labels([]) == ["kr:built", "kr:paid"]


@pytest.mark.parametrize("edition", SERVERS)
def test_every_release_of_server_tells_the_tags_of_the_named_projects(edition: str) -> None:
    with AzureDevOpsSimulator(edition=SERVERS[edition]) as server:
        server.add_project("Other")
        server.create_work_item("Epic", "The new checkout", tags=["kr:built"])
        server.create_work_item("Epic", "Pay by card", tags=["kr:paid"], project="Other")
        examining = examiner(Connection("ado", "azure-devops-server", server.url, token=Secret(server.token)))

        assert examining.labels(["shop"]) == ["kr:built"]
        assert examining.labels([]) == ["kr:built", "kr:paid"]
        assert not server.unmodelled


def test_a_data_center_tells_its_projects_and_lists_no_labels() -> None:
    with JiraDataCenterSimulator() as jira:
        connection = Connection("jira", "jira-data-center", jira.url, token=Secret(jira.token))
        told = examiner(connection)

        assert told.introduce().account.startswith("okrlink")
        assert [one.key for one in told.projects()] == ["SHOP"]
        assert told.labels([]) == ()
        assert not jira.unmodelled
