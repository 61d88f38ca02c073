"""Limits that the simulators count and refuse by: Jira's bursts and quota, Azure DevOps' usage."""

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_limits import BURSTS, Limits, Quota
from tests.simulators.asking_azure_devops import Client as AzureDevOpsClient
from tests.simulators.asking_jira import Client as JiraClient


def test_a_burst_is_refused_at_its_endpoint_and_method_only():
    slow = {"GET /rest/api/3/issue/<which>": 2.0}
    with JiraSimulator(bursts=slow) as jira:
        ask = JiraClient(jira)
        one, other = (jira.create_issue("SHOP", "Epic", title).key for title in ("The new checkout", "Pay by card"))

        answers = [ask("GET", f"issue/{key}") for key in (one, other, one)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        told = answers[-1].headers
        assert (told["RateLimit-Reason"], told["Retry-After"]) == ("jira-burst-based", "1")
        assert ask("GET", "myself").status_code == 200
        assert ask.edit(one, {"summary": "The newest checkout"}).status_code == 204
        assert jira.gate.on_all.refused == {"jira-burst-based": 1}


def test_the_bursts_of_the_documentation():
    limits = Limits(BURSTS)

    def until_refused(method, endpoint):
        return next(count for count in range(1000) if limits.met(method, endpoint))

    assert 100 <= until_refused("GET", "/rest/api/3/field") < 150
    assert 50 <= until_refused("PUT", "/rest/api/3/issue/<which>") < 75
    assert 150 <= until_refused("GET", "/rest/api/3/issue/<which>") < 225


def test_points_are_told_with_every_answer_and_refused_when_they_are_spent():
    with JiraSimulator(quota=Quota(10, seconds=3600)) as jira:
        ask = JiraClient(jira)
        key = jira.create_issue("SHOP", "Epic", "The new checkout").key

        assert ask("GET", f"issue/{key}").headers["X-RateLimit-Remaining"] == "8", (
            "one for the request, one for the issue"
        )
        assert ask.edit(key, {"summary": "The newest checkout"}).headers["X-RateLimit-Remaining"] == "7"
        assert "X-RateLimit-NearLimit" not in ask("GET", "myself").headers
        ask("GET", f"issue/{key}")
        near = ask("GET", f"issue/{key}").headers
        assert (near["X-RateLimit-Remaining"], near["X-RateLimit-NearLimit"]) == ("1", "true")
        ask("GET", f"issue/{key}")

        refused = ask("GET", "myself")
        assert (refused.status_code, refused.headers["RateLimit-Reason"]) == (429, "jira-quota-tenant-based")
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert refused.headers["X-RateLimit-Reset"].endswith("Z")


@pytest.fixture
def organisation():
    with AzureDevOpsSimulator("bookshop", project="Shop", token="pat") as simulator:
        yield simulator


def test_azure_devops_tells_before_it_blocks(organisation):
    ask = AzureDevOpsClient(organisation)
    organisation.settings.usage = (10, 60.0)

    answers = [ask.ask("GET", "/_apis/projects") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert [index for index, answer in enumerate(answers) if "Retry-After" in answer.headers] == [8, 9, 10]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers[8:]] == ["1", "0", "0"]
    assert answers[-1].json()["message"].startswith("TF400733")
    assert organisation.journal.refused == 1
