"""What examiners tell of deployments and of how many items there are: within the projects, the days and a budget."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integration.core.examination import Sighting
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.trackers import TRACKERS
from integration.trackers.azure_devops.sightings import MOST_PIPELINES
from integration.trackers.contract import Connection, Examiner, Secret
from integration.trackers.jira.sightings import NEWEST

NOW = datetime.now(UTC)
SINCE, TOMORROW = NOW - timedelta(days=90), NOW + timedelta(days=2)


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}) as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def ado() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as site:
        yield site
        site.assert_readonly()
        assert not site.unmodelled


def examiner(connection: Connection) -> Examiner:
    examine = TRACKERS[connection.tracker].examiner
    assert examine is not None
    return examine(connection)


def at_jira(jira: JiraSimulator) -> Examiner:
    return examiner(Connection("jira", "jira", jira.url, (), jira.email, Secret(jira.token)))


def at_azure_devops(ado: AzureDevOpsSimulator) -> Examiner:
    return examiner(Connection("ado", "azure-devops", ado.url, (), token=Secret("pat")))


def test_versions_are_those_of_the_projects_released_since_then(jira: JiraSimulator) -> None:
    for project, name in (("SHOP", "Shop 1"), ("PAY", "Pay 1")):
        jira.create_version(project, name)
        jira.release_version(name)
    jira.create_version("SHOP", "Shop 2")

    there = at_jira(jira)

    assert there.sightings(("book*",), SINCE) == [Sighting("version", "Shop 1")]
    assert {one.name for one in there.sightings((), SINCE)} == {"Shop 1", "Pay 1"}
    assert there.sightings((), TOMORROW) == []


def test_of_very_many_versions_the_newest_are_looked_at(jira: JiraSimulator) -> None:
    for number in range(NEWEST + 160):
        jira.create_version("SHOP", f"Shop {number}")
    for number in (70, NEWEST + 159):
        jira.release_version(f"Shop {number}")
    asked = len(jira.requests)

    assert at_jira(jira).sightings(("SHOP",), SINCE) == [Sighting("version", f"Shop {NEWEST + 159}")]
    assert len(jira.requests) - asked == 1 + 1 + NEWEST // 50


def test_jira_counts_by_type_and_label(jira: JiraSimulator) -> None:
    for project, labels in (("SHOP", ["outage"]), ("SHOP", ['a"b"']), ("PAY", ["outage"])):
        jira.create_issue(project, "Bug", "Nothing can be paid", {"labels": labels})
    jira.create_issue("SHOP", "Epic", "A faster checkout")

    there = at_jira(jira)

    assert there.count("type", "Bug", ("SHOP",), SINCE) == 2
    assert there.count("label", "outage", (), SINCE) == 2
    assert there.count("label", 'a"b"', ("Bookshop",), SINCE) == 1
    assert there.count("type", "Bug", (), TOMORROW) == 0


def test_a_data_center_counts_by_its_search() -> None:
    with JiraDataCenterSimulator() as jira:
        jira.create_issue("SHOP", "Bug", "Nothing can be paid", {"labels": ["outage"]})
        connection = Connection("jira", "jira-data-center", jira.url, (), token=Secret(jira.token))

        assert examiner(connection).count("type", "Bug", ("SHOP",), SINCE) == 1
        assert examiner(connection).count("label", "other", (), SINCE) == 0
        assert not jira.unmodelled


def test_stages_are_those_of_each_pipelines_newest_run(ado: AzureDevOpsSimulator) -> None:
    for run, stages in ((1, ["Build", "Staging"]), (2, ["Build", "Production"])):
        for stage in stages:
            ado.change_stage(run_id=run, pipeline="Shop", stage=stage)
        ado.change_run(run_id=run, pipeline="Shop", finished=NOW + timedelta(seconds=run))
    ado.complete_deployment(deployment_id=1, release="Release-1", environment="Live", definition="Pay")

    told = at_azure_devops(ado).sightings(("shop",), SINCE)

    assert sorted((one.of, one.name, one.stage, one.times) for one in told) == [
        ("pipeline", "Shop", "", 2),
        ("pipeline", "Shop", "Build", 2),
        ("pipeline", "Shop", "Production", 2),
        ("release pipeline", "Pay", "Live", 1),
    ]
    assert at_azure_devops(ado).sightings(("Elsewhere",), SINCE) == []


def test_of_very_many_pipelines_the_busiest_are_asked_for_stages(ado: AzureDevOpsSimulator) -> None:
    for number in range(MOST_PIPELINES + 3):
        ado.complete_build(build_id=number + 1, definition=f"Pipeline {number}")

    told = at_azure_devops(ado).sightings((), SINCE)

    assert len(told) == MOST_PIPELINES + 3
    assert sum("/timeline" in request for request in ado.requests) == MOST_PIPELINES


def test_azure_devops_counts_by_type_and_tag(ado: AzureDevOpsSimulator) -> None:
    ado.add_project("Pay")
    ado.create_work_item("Bug", "Nothing can be paid", tags=["it's out"])
    ado.create_work_item("Bug", "A typo", project="Pay")

    there = at_azure_devops(ado)

    assert there.count("type", "Bug", (), SINCE) == 2
    assert there.count("type", "Bug", ("Pay",), SINCE) == 1
    assert there.count("label", "it's out", ("Shop",), SINCE) == 1
    assert there.count("type", "Bug", (), TOMORROW) == 0
