"""A client library that okrlink does not use otherwise, `jira`, works with the simulated Jiras as it does with real ones."""

from collections.abc import Iterator

import pytest
from jira import JIRA
from jira.exceptions import JIRAError

from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from tests.simulators.asking_jira import LINK, PROGRESS

Site = JiraSimulator | JiraDataCenterSimulator


@pytest.fixture(params=["cloud", "data center"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with JiraSimulator() if request.param == "cloud" else JiraDataCenterSimulator() as site:
        yield site


@pytest.fixture
def library(site: Site) -> Iterator[JIRA]:
    """On the Cloud it has to be told of version 3; of Data Center it speaks version 2 by itself."""
    if isinstance(site, JiraSimulator):
        opening = {"basic_auth": (site.email, site.token), "options": {"rest_api_version": "3"}}
    else:
        opening = {"token_auth": site.token}
    library = JIRA(site.url, max_retries=0, **opening)
    yield library
    library.close()


def test_it_finds_issues_and_their_history(site: Site, library: JIRA) -> None:
    epic = site.create_issue("SHOP", "Epic", "The new checkout")
    site.transition(epic, "Done")

    (found,) = library.search_issues("project = SHOP", expand="changelog")
    read = library.issue(epic.key, expand="changelog")

    assert (found.key, found.fields.summary) == (epic.key, "The new checkout")
    for each in (found, read):
        changes = [change for history in each.changelog.histories for change in history.items]
        assert [(one.field, one.toString) for one in changes if one.field == "status"] == [("status", "Done")]
    assert not site.unmodelled


def test_it_walks_through_more_pages_than_one(site: Site, library: JIRA) -> None:
    keys = [site.create_issue("SHOP", "Story", f"Story {number}").key for number in range(1, 8)]

    found = library.search_issues("project = SHOP ORDER BY key ASC", maxResults=0)

    assert [each.key for each in found] == keys


def test_it_edits_and_links(site: Site, library: JIRA) -> None:
    epic = site.create_issue("SHOP", "Epic", "The new checkout")

    library.issue(epic.key).update(fields={PROGRESS: 40}, notify=False)
    library.add_simple_link(epic.key, LINK["object"])

    assert site.value(epic, "KR Progress") == 40
    assert [each.object.url for each in library.remote_links(epic.key)] == [LINK["object"]["url"]]
    assert not site.unmodelled


def test_it_knows_the_fields_and_who_asks(site: Site, library: JIRA) -> None:
    assert "KR Progress" in {each["name"] for each in library.fields()}
    assert library.myself()["displayName"] == "okrlink"
    assert library.server_info()["baseUrl"] == site.url


def test_it_understands_refusals(site: Site, library: JIRA) -> None:
    with pytest.raises(JIRAError, match="does not exist") as refused:
        library.issue("SHOP-99")

    assert refused.value.status_code == 404
