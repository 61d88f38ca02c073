"""The simulated Jira's answers fulfil the vendor's own description of them, and the vendor-shaped client takes them."""

from dataclasses import replace

import pytest
from atlassian import JiraCloud

from integration.simulators.jira_things import CUSTOM_TYPES
from tests.conformance.recorder import Recorder, wrong
from tests.simulators.asking_jira import LINK, PROGRESS


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "myself", {}),
        ("GET", "serverInfo", {}),
        ("GET", "field", {}),
        ("GET", "status", {}),
        ("GET", "issuetype", {}),
        ("GET", "configuration", {}),
        ("GET", "project/search", {}),
        ("GET", "label", {"params": {"startAt": 0, "maxResults": 1000}}),
        ("GET", "mypermissions", {"params": {"permissions": "EDIT_ISSUES"}}),
        ("GET", "issue/{issueIdOrKey}", {"params": {"expand": "changelog"}}),
        ("GET", "issue/{issueIdOrKey}/editmeta", {}),
        ("GET", "issue/{issueIdOrKey}/changelog", {}),
        ("GET", "issue/{issueIdOrKey}/comment", {}),
        ("GET", "project/{projectIdOrKey}/version", {}),
        ("GET", "field/{fieldId}/context/projectmapping", {}),
        ("GET", "issuetypescreenscheme/project", {"params": {"projectId": 10101}}),
        ("GET", "issuetypescreenscheme/mapping", {}),
        ("GET", "screenscheme", {}),
        ("GET", "screens", {}),
        ("GET", "screens/{screenId}/tabs", {}),
        ("GET", "screens/{screenId}/tabs/{tabId}/fields", {}),
        (
            "POST",
            "field",
            {"json": {"name": "OKR", "type": CUSTOM_TYPES + "float", "searcherKey": CUSTOM_TYPES + "exactnumber"}},
        ),
        ("POST", "search/jql", {"json": {"jql": "project = SHOP", "fields": ["*all"], "maxResults": 1}}),
        ("GET", "search/jql", {"params": {"jql": "project = SHOP", "fields": "*all", "maxResults": 1}}),
        ("POST", "search/approximate-count", {"json": {"jql": "project = SHOP"}}),
        ("POST", "changelog/bulkfetch", {"json": {"issueIdsOrKeys": ["SHOP-1", "SHOP-2"], "maxResults": 1}}),
        ("POST", "issue/bulkfetch", {"json": {"issueIdsOrKeys": ["SHOP-2", "SHOP-1", "SHOP-9"], "fields": ["*all"]}}),
        ("GET", "/rest/agile/1.0/board", {"params": {"projectKeyOrId": "SHOP"}}),
        ("GET", "/rest/agile/1.0/board/8/sprint", {}),
    ],
)
def test_a_request_and_its_answer_are_as_the_vendor_describes_them(
    jira, client, corpus, recorder: Recorder, method, path, more
):
    epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"KR Progress": 40, "description": "why"})
    jira.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key})
    jira.transition(epic, "Done")
    jira.comment(epic, "At last.")
    jira.start_sprint(jira.create_sprint("Week 40").id)
    jira.release_version(jira.create_version("SHOP", "Shop 1.0").name)

    path = f"/rest/api/3/{path}" if not path.startswith("/") else path
    screen = jira.site.project("SHOP").id
    named = {"issueIdOrKey": epic.key, "projectIdOrKey": "SHOP", "fieldId": PROGRESS}
    client(method, f"../../..{path.format(**named, screenId=screen, tabId=screen)}", **more)

    [heard] = recorder.heard
    assert list(wrong(corpus, heard.vendor, replace(heard.exchange, ours=True))) == []


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
