"""Scoped tokens and those of service accounts open a site through Atlassian's gateway only."""

from collections.abc import Iterator

import pytest
import requests

from integration.core.errors import Permanent, Refused, Retryable
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import CLOUD_ID, JiraSimulator
from integration.trackers.contract import Connection, Secret
from integration.trackers.jira import TRACKER

PROGRESS = "customfield_10051"


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(scoped=True) as site:
        yield site


def connection(jira: JiraSimulator, gateway: str | None, user: str | None = None) -> Connection:
    return Connection("jira", "jira", jira.url, ("SHOP",), user=user, token=Secret(jira.token), gateway=gateway)


@pytest.mark.parametrize("user", ["okrlink@bookshop.example", None], ids=["of a person", "of a service account"])
def test_through_the_gateway_it_reads_and_writes(jira: JiraSimulator, user: str | None) -> None:
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    client = TRACKER.connect(connection(jira, jira.url, user))
    assert client.catalogue().account
    client.write(epic.id, {PROGRESS: 62})

    assert jira.value(epic, "KR Progress") == 62
    assert not jira.unmodelled


def test_at_the_site_itself_it_opens_nothing(jira: JiraSimulator) -> None:
    with pytest.raises(Refused, match="401"):
        TRACKER.connect(connection(jira, None, jira.email)).catalogue()


def test_a_site_that_has_no_cloud_id_is_told_of() -> None:
    with AzureDevOpsSimulator() as elsewhere:
        client = TRACKER.connect(
            Connection("jira", "jira", elsewhere.url, token=Secret("t"), gateway="https://a.example")
        )
        with pytest.raises(Permanent, match="tells no cloud id"):
            client.catalogue()


def test_a_gateway_that_cannot_be_reached_is_named(jira: JiraSimulator) -> None:
    with pytest.raises(Retryable, match=r"localhost cannot be reached"):
        TRACKER.connect(connection(jira, "http://localhost:9")).catalogue()


def test_the_cloud_id_is_public(jira: JiraSimulator) -> None:
    assert requests.get(f"{jira.url}/_edge/tenant_info", timeout=60).json() == {"cloudId": CLOUD_ID}
