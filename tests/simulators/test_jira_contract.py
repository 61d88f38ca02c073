"""The simulated Jira's answers fulfil the vendor's own description of them, and the vendor-shaped client takes them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from atlassian import JiraCloud

from tests.simulators.asking_jira import LINK, PROGRESS


@pytest.fixture(scope="module")
def specification(corpus: Path) -> dict[str, Any]:
    return json.loads((corpus / "specs" / "jira" / "jira-platform-rest-v3.openapi.json").read_text())


def described(specification: dict[str, Any], method: str, path: str, status: int) -> dict[str, Any]:
    answer = specification["paths"][f"/rest/api/3/{path}"][method.lower()]["responses"][str(status)]
    return {**answer["content"]["application/json"]["schema"], "components": specification["components"]}


def without_nulls(answer: Any) -> Any:
    """The description forbids null everywhere; recordings are full of it."""
    if isinstance(answer, dict):
        return {name: without_nulls(value) for name, value in answer.items() if value is not None}
    return [without_nulls(one) for one in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "myself", {}),
        ("GET", "serverInfo", {}),
        ("GET", "field", {}),
        ("GET", "status", {}),
        ("GET", "issuetype", {}),
        ("GET", "project/search", {}),
        ("GET", "mypermissions", {"params": {"permissions": "EDIT_ISSUES"}}),
        ("GET", "issue/{issueIdOrKey}", {"params": {"expand": "changelog"}}),
        ("GET", "issue/{issueIdOrKey}/editmeta", {}),
        ("GET", "issue/{issueIdOrKey}/changelog", {}),
        ("GET", "issue/{issueIdOrKey}/comment", {}),
        ("GET", "project/{projectIdOrKey}/version", {}),
        ("POST", "search/jql", {"json": {"jql": "project = SHOP", "fields": ["*all"], "maxResults": 1}}),
        ("POST", "search/approximate-count", {"json": {"jql": "project = SHOP"}}),
    ],
)
def test_an_answer_is_as_the_vendor_describes_it(jira, client, specification, method, path, more):
    epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"KR Progress": 40, "description": "why"})
    jira.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key})
    jira.transition(epic, "Done")
    jira.comment(epic, "At last.")
    jira.release_version(jira.create_version("SHOP", "Shop 1.0").name)

    answer = client(method, path.format(issueIdOrKey=epic.key, projectIdOrKey="SHOP"), **more)

    jsonschema.validate(without_nulls(answer.json()), described(specification, method, path, answer.status_code))


def test_the_client_library_reads_and_writes_unchanged(jira):
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    with JiraCloud(url=jira.url, username=jira.email, password=jira.token) as cloud:
        cloud.edit_issue(epic.key, notify_users="false", data={"fields": {PROGRESS: 40}})
        cloud.create_or_update_remote_issue_link(epic.key, data=LINK)
        found = cloud.enhanced_jql("project = SHOP", fields=["summary"], limit=10)
        histories = cloud.get_bulk_changelogs(data={"issueIdsOrKeys": [epic.key]})

    assert [one["fields"]["summary"] for one in found["issues"]] == ["The new checkout"]
    assert [one["items"][0]["field"] for one in histories["issueChangeLogs"][0]["changeHistories"]] == [
        "KR Progress",
        "RemoteIssueLink",
    ]
    assert jira.value(epic, "KR Progress") == 40
    assert not jira.unmodelled
