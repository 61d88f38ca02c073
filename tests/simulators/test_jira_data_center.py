"""What the simulated Data Center does otherwise than the Cloud. What they share is tested on the simulated Cloud."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integration.simulators.faults import Fault
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_data_center_gate import Rate
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_webhooks import sign
from tests.simulators.asking_jira import LINK, PROGRESS, SECRET, Clock
from tests.simulators.listening import Listener

EPIC_LINK = "customfield_10014"


@pytest.fixture
def jira(clock: Clock, listener: Listener) -> Iterator[JiraDataCenterSimulator]:
    with JiraDataCenterSimulator(webhook=listener.url, secret=SECRET, clock=clock) as jira:
        yield jira


def ask(jira: JiraDataCenterSimulator, method: str, path: str, **more: Any) -> requests.Response:
    more.setdefault("headers", {"Authorization": f"Bearer {jira.token}"})
    return requests.request(method, f"{jira.url}/rest/{path}", timeout=60, **more)


def get(jira: JiraDataCenterSimulator, path: str, **query: Any) -> Any:
    answer = ask(jira, "GET", f"api/2/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestWhoAsks:
    def test_a_personal_access_token_or_a_name_with_its_password(self, jira):
        for how in ({}, {"headers": {}, "auth": (jira.login, jira.password)}):
            me = ask(jira, "GET", "api/2/myself", **how).json()
            assert (me["name"], me["key"][:8]) == ("okrlink", "JIRAUSER")
            assert "accountId" not in me

    @pytest.mark.parametrize(
        "auth", [("okrlink", "simulated-token"), ("okrlink@bookshop.example", "simulated-password")]
    )
    def test_a_token_is_no_password_and_an_address_no_name(self, jira, auth):
        assert ask(jira, "GET", "api/2/myself", headers={}, auth=auth).status_code == 401
        assert ask(jira, "GET", "api/2/myself", headers={}).status_code == 401

    def test_every_good_answer_tells_of_the_limit_and_to_wait_for_nothing(self, jira):
        headers = ask(jira, "GET", "api/2/myself").headers

        assert headers["retry-after"] == "0"
        assert headers["X-RateLimit-Limit"] == "10000"
        assert headers["X-RateLimit-Remaining"] == "9999"
        assert {"X-RateLimit-Interval-Seconds", "X-RateLimit-FillRate"} <= set(headers)

    def test_an_empty_bucket_refuses(self):
        with JiraDataCenterSimulator(rate=Rate(limit=2, fill=1, interval=60)) as jira:
            answers = [ask(jira, "GET", "api/2/myself") for _ in range(3)]

        assert [one.status_code for one in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert "RateLimit-Reason" not in answers[2].headers

    def test_a_fault_refuses_in_the_same_way(self, jira):
        jira.faults.add(Fault("throttle", retry_after=7))

        answer = ask(jira, "GET", "api/2/myself")

        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


class TestTheSite:
    def test_what_the_site_is_made_of(self, jira):
        assert get(jira, "serverInfo")["versionNumbers"] == [10, 3, 5]
        assert [one["key"] for one in get(jira, "project")] == ["SHOP"]
        assert not any("hierarchyLevel" in one for one in get(jira, "issuetype"))
        links = [one for one in get(jira, "field") if one["name"] == "Epic Link"]
        assert links[0]["schema"]["custom"] == "com.pyxis.greenhopper.jira:gh-epic-link"
        assert get(jira, "mypermissions", projectKey="SHOP")["permissions"]["ADMINISTER_PROJECTS"]["havePermission"]

    def test_a_story_hangs_on_an_epic_by_its_key_and_a_sub_task_has_a_parent(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        story = jira.create_issue("SHOP", "Story", "Pay by card", {"Epic Link": epic.key})
        part = jira.create_issue("SHOP", "Sub-task", "Write the tests", {"parent": story.key})

        fields = get(jira, f"issue/{story.id}")["fields"]
        assert fields[EPIC_LINK] == epic.key
        assert "parent" not in fields
        assert get(jira, f"issue/{part.id}")["fields"]["parent"]["key"] == story.key
        assert jira.site.children(epic) == [story]
        with pytest.raises(Refused):
            jira.edit(story, {"parent": epic.key})
        with pytest.raises(Refused):
            jira.edit(part, {"Epic Link": epic.key})

    def test_search_goes_by_offset_and_tells_the_total(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        stories = [jira.create_issue("SHOP", "Story", f"Story {n}", {"Epic Link": epic.id}) for n in range(5)]
        part = jira.create_issue("SHOP", "Sub-task", "Write the tests", {"parent": stories[0].key})
        jql = f'parent in ({stories[0].id}) OR "Epic Link" = {epic.key} ORDER BY id'

        page = get(jira, "search", jql=jql, startAt=1, maxResults=2, fields="summary")

        assert (page["startAt"], page["maxResults"], page["total"]) == (1, 2, 6)
        assert [one["id"] for one in page["issues"]] == [stories[1].id, stories[2].id]
        assert [set(one["fields"]) for one in page["issues"]] == [{"summary"}] * 2
        assert get(jira, "search", jql=f"cf[10014] in ({epic.key})")["total"] == 5
        assert get(jira, "search", jql="ORDER BY created")["total"] == 7
        posted = ask(jira, "POST", "api/2/search", json={"jql": f"key = {part.key}", "fields": ["parent"]}).json()
        assert posted["issues"][0]["fields"]["parent"]["key"] == stories[0].key
        jira.assert_readonly()

    def test_a_changelog_is_expanded_whole_oldest_first_with_names_for_fields(self, jira):
        story = jira.create_issue("SHOP", "Story", "Pay by card")
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.edit(story, {"KR Progress": 5, "assignee": "Dana Ortiz"})
        jira.set_parent(story, epic)
        for n in range(150):
            jira.edit(story, {"summary": f"take {n}"})

        by_search = get(jira, "search", jql=f"key = {story.key}", expand="changelog")["issues"][0]["changelog"]
        histories = get(jira, f"issue/{story.key}", expand="changelog")["changelog"]["histories"]

        assert by_search["histories"] == histories
        assert len(histories) == 152
        first, second = (entry["items"] for entry in histories[:2])
        dana = jira.site.user("Dana Ortiz")
        assert [(item["field"], item["fieldtype"], item["to"], item["toString"]) for item in [*first, *second]] == [
            ("KR Progress", "custom", None, "5"),
            ("assignee", "jira", dana.account_id, "Dana Ortiz"),
            ("Epic Link", "custom", epic.id, epic.key),
        ]
        assert not any("fieldId" in item for entry in histories for item in entry["items"])
        assert ask(jira, "GET", f"api/2/issue/{story.key}/changelog").status_code == 501

    def test_a_sprint_is_a_printed_object(self, jira):
        sprint = jira.start_sprint(jira.create_sprint("Week 40").id)
        story = jira.create_issue("SHOP", "Story", "Pay by card", {"Sprint": [sprint.id]})

        [value] = get(jira, f"issue/{story.id}")["fields"]["customfield_10020"]

        assert value.startswith("com.atlassian.greenhopper.service.sprint.Sprint@")
        assert ",state=ACTIVE,name=Week 40,startDate=2026-10-01T" in value


class TestWriting:
    def test_screens_are_checked(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.change_field("KR Progress", on_screens=False)

        answer = ask(jira, "PUT", f"api/2/issue/{epic.key}", json={"fields": {PROGRESS: 1}})

        assert answer.status_code == 400
        words = f"Field '{PROGRESS}' cannot be set. It is not on the appropriate screen, or unknown."
        assert answer.json()["errors"] == {PROGRESS: words}

    def test_texts_are_plain_and_people_are_named(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        people = {"assignee": {"name": "dana.ortiz"}, "reporter": {"key": jira.site.user("okrlink").account_id}}
        fields = {"description": "one\ntwo", **people}

        assert ask(jira, "PUT", f"api/2/issue/{epic.key}", json={"fields": fields}).status_code == 204
        refused = ask(jira, "PUT", f"api/2/issue/{epic.key}", json={"fields": {"assignee": {"accountId": "1"}}})

        shown = get(jira, f"issue/{epic.key}")["fields"]
        assert (shown["description"], shown["assignee"]["name"]) == ("one\ntwo", "dana.ortiz")
        assert refused.status_code == 400

    def test_who_may_not_be_silent_may_not_write(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        edit = {"json": {"fields": {PROGRESS: 1}}, "params": {"notifyUsers": "false"}}
        assert ask(jira, "PUT", f"api/2/issue/{epic.key}", **edit).status_code == 204
        jira.forbid("ADMINISTER")
        jira.forbid("ADMINISTER_PROJECTS")

        answer = ask(jira, "PUT", f"api/2/issue/{epic.key}", **edit)

        assert answer.status_code == 403
        assert "project admin permissions are required" in answer.text
        assert not jira.emails

    def test_a_remote_link_by_its_global_id(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        path = f"api/2/issue/{epic.key}/remotelink"

        assert [ask(jira, "POST", path, json=LINK).status_code for _ in range(2)] == [201, 200]
        assert ask(jira, "GET", path, params={"globalId": "okr=1"}).json()["object"]["title"] == "KR 1"
        assert ask(jira, "DELETE", path, params={"globalId": "okr=1"}).status_code == 204


class TestWebhooks:
    def test_a_delivery_is_signed_and_has_no_name(self, jira, listener):
        jira.create_issue("SHOP", "Epic", "The new checkout")
        assert jira.deliveries.drain(60)
        [one] = listener.received

        assert one.headers["X-Hub-Signature"] == sign(SECRET, one.body)
        assert not [name for name in one.headers if name.lower().startswith("x-atlassian")]

    def test_with_a_user_it_is_opened_by_name_and_password(self, clock, listener):
        with JiraDataCenterSimulator(webhook=listener.url, secret=SECRET, webhook_user="hook", clock=clock) as jira:
            jira.create_issue("SHOP", "Epic", "The new checkout")
            assert jira.deliveries.drain(60)
        [one] = listener.received

        assert base64.b64decode(one.headers["Authorization"].split()[1]).decode() == f"hook:{SECRET}"
        assert "X-Hub-Signature" not in one.headers

    def test_what_was_refused_is_lost(self, jira, listener):
        listener.answers = [503]
        jira.create_issue("SHOP", "Epic", "The new checkout")
        assert jira.deliveries.drain(60)

        assert len(listener.received) == 1

    def test_a_comment_is_told_twice_and_once_without_its_issue(self, jira, listener):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        comment = jira.comment(epic, "nice")
        jira.delete_comment(epic, comment.id)
        assert jira.deliveries.drain(60)

        alone, updated, gone, deleted = (one.json for one in listener.received[1:])
        assert (alone["webhookEvent"], "issue" in alone) == ("comment_created", False)
        assert f"/issue/{epic.id}/comment/" in alone["comment"]["self"]
        assert (updated["issue_event_type_name"], updated["comment"]["body"]) == ("issue_commented", "nice")
        assert "changelog" not in updated
        assert (gone["webhookEvent"], "issue" in gone) == ("comment_deleted", False)
        assert (deleted["issue_event_type_name"], "comment" in deleted) == ("issue_comment_deleted", False)

    @pytest.mark.parametrize(
        ("version", "here", "elsewhere"),
        [
            ("9.12.4", "webhooks/1.0/webhook", "jira-webhook/1.0/webhooks"),
            ("10.3.5", "jira-webhook/1.0/webhooks", "webhooks/1.0/webhook"),
        ],
    )
    def test_registration_moved_in_version_10(self, listener, version, here, elsewhere):
        wish = {"name": "okrlink", "url": listener.url, "events": ["jira:issue_created"]}
        with JiraDataCenterSimulator(version=version) as jira:
            made = ask(jira, "POST", here, json=wish)
            assert (made.status_code, made.json()["events"]) == (201, ["jira:issue_created"])
            assert ask(jira, "POST", elsewhere, json=wish).status_code == 404
            assert [one["name"] for one in ask(jira, "GET", here).json()] == ["okrlink"]

            jira.transition(jira.create_issue("SHOP", "Epic", "Heard of"), "Done")
            assert ask(jira, "DELETE", made.json()["self"].partition("/rest/")[2]).status_code == 204
            jira.create_issue("SHOP", "Epic", "Not heard of")
            assert jira.deliveries.drain(60)
            jira.forbid("ADMINISTER")
            assert ask(jira, "GET", here).status_code == 403

        assert [one.json["webhookEvent"] for one in listener.received] == ["jira:issue_created"]
