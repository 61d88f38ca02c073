"""Search and history of the simulated Jira, with the caps and shapes of the real one."""

import pytest

from integration.simulators.jira import JiraSimulator
from tests.simulators.asking_jira import Client


class TestSearch:
    def test_it_shows_ids_only_unless_asked_and_pages_to_the_end(self, jira, client):
        keys = [jira.create_issue("SHOP", "Task", f"task {n}").key for n in range(5)]
        seen, token, pages = [], None, 0
        while True:
            more = {"nextPageToken": token} if token else {}
            page = client.search("project = SHOP ORDER BY key ASC", maxResults=2, **more)
            seen += page["issues"]
            pages += 1
            token = page.get("nextPageToken")
            if page["isLast"]:
                break

        assert pages == 3
        assert token is None
        assert all(set(one) == {"id", "self"} for one in seen)
        assert [jira.site.issue(one["id"]).key for one in seen] == keys

    def test_an_issue_that_moves_in_the_order_between_pages_hides_no_other(self, jira, client, clock):
        issues = []
        for number in range(4):
            clock.pass_(minutes=1)
            issues.append(jira.create_issue("SHOP", "Task", f"task {number}"))
        jql = "project = SHOP ORDER BY updated ASC"
        first = client.search(jql, maxResults=2)
        clock.pass_(minutes=1)
        jira.edit(issues[0], {"summary": "changed"})
        rest = client.search(jql, nextPageToken=first["nextPageToken"])

        assert [one["id"] for one in rest["issues"]] == [issues[2].id, issues[3].id, issues[0].id]

    def test_any_other_field_caps_the_page_at_a_hundred(self, jira, client):
        for number in range(103):
            jira.create_issue("SHOP", "Task", f"task {number}")

        assert len(client.search("project = SHOP", maxResults=5000, fields=["id", "key"])["issues"]) == 103
        page = client.search("project = SHOP", maxResults=5000, fields=["summary"])
        assert len(page["issues"]) == 100
        assert set(page["issues"][0]["fields"]) == {"summary"}

    @pytest.mark.parametrize(
        ("jql", "expected"),
        [
            ("project in (SHOP, APP)", ["SHOP-1", "SHOP-2", "SHOP-3", "APP-1"]),
            ("project = 'App'", ["APP-1"]),
            ("parent = SHOP-1", ["SHOP-2"]),
            ("parent in (SHOP-1, SHOP-2)", ["SHOP-2", "SHOP-3"]),
            ("key in (SHOP-3, APP-1)", ["SHOP-3", "APP-1"]),
            ("labels = checkout", ["SHOP-1"]),
            ('project = SHOP AND updated >= "2026-10-01 10:00"', ["SHOP-2"]),
            ('"Key Result" is not EMPTY', ["SHOP-1"]),
            ("project = SHOP AND status = Done", ["SHOP-3"]),
            ("project = SHOP AND statusCategory != Done ORDER BY updated DESC", ["SHOP-2", "SHOP-1"]),
        ],
    )
    def test_jql(self, jira, client, clock, jql, expected):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["checkout"], "Key Result": "rebuilt"})
        story = jira.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key})
        part = jira.create_issue("SHOP", "Sub-task", "Ask the bank", {"parent": story.key})
        jira.create_issue("APP", "Bug", "Crash")
        jira.transition(part, "Done")
        clock.pass_(hours=1, seconds=30)
        jira.edit(story, {"Story Points": 5})

        found = client.search(jql if "ORDER" in jql else f"{jql} ORDER BY id ASC", fields=["key"])
        assert [one["key"] for one in found["issues"]] == expected
        assert client("POST", "search/approximate-count", json={"jql": jql}).json() == {"count": len(expected)}

    @pytest.mark.parametrize(
        "jql", ["", "project = NOPE", "key = SHOP-99", 'updated >= "yesterday"', "project = SHOP AND"]
    )
    def test_what_jira_refuses_is_refused_in_its_shape(self, jira, client, jql):
        answer = client("GET", "search/jql", params={"jql": jql})

        assert answer.status_code == 400
        assert answer.json()["errorMessages"]
        assert not jira.unmodelled

    def test_other_jql_is_refused_and_remembered(self, jira, client):
        assert client("GET", "search/jql", params={"jql": "assignee = currentUser()"}).status_code == 400
        assert jira.unmodelled == ["the JQL 'assignee = currentUser()'"]

    def test_times_in_jql_are_the_callers(self, clock):
        with JiraSimulator(clock=clock, time_zone="America/New_York") as jira:
            jira.create_issue("SHOP", "Task", "at nine in London, at five in New York")
            client = Client(jira)

            assert len(client.search('updated >= "2026-10-01 05:00"')["issues"]) == 1
            assert client.search('updated >= "2026-10-01 05:01"')["issues"] == []
            assert client("GET", "issue/SHOP-1").json()["fields"]["created"] == "2026-10-01T05:00:00.000-0400"


class TestHistory:
    def test_bulk_fetch_pages_filters_and_groups(self, jira, client, clock):
        one, other = (jira.create_issue("SHOP", "Task", name) for name in ("one", "other"))
        for issue in (one, other):
            for status in ("In Progress", "Done"):
                clock.pass_(hours=1)
                jira.transition(issue, status)
            jira.edit(issue, {"summary": "renamed"})

        first = client(
            "POST",
            "changelog/bulkfetch",
            json={"issueIdsOrKeys": [one.key, other.id], "fieldIds": ["status"], "maxResults": 3},
        ).json()
        rest = client(
            "POST",
            "changelog/bulkfetch",
            json={
                "issueIdsOrKeys": [one.key, other.id],
                "fieldIds": ["status"],
                "nextPageToken": first["nextPageToken"],
            },
        ).json()

        assert [(log["issueId"], len(log["changeHistories"])) for log in first["issueChangeLogs"]] == [
            (one.id, 2),
            (other.id, 1),
        ]
        assert [(log["issueId"], len(log["changeHistories"])) for log in rest["issueChangeLogs"]] == [(other.id, 1)]
        assert "nextPageToken" not in rest
        [done] = rest["issueChangeLogs"][0]["changeHistories"]
        assert [item["fieldId"] for item in done["items"]] == ["status"]
        assert done["created"] == int(clock.now.timestamp() * 1000)

    @pytest.mark.parametrize(
        "body",
        [{"issueIdsOrKeys": []}, {"issueIdsOrKeys": ["SHOP-1"], "fieldsByKeys": True}],
        ids=["no issues", "unknown property"],
    )
    def test_bulk_fetch_refuses_what_the_specification_forbids(self, client, body):
        assert client("POST", "changelog/bulkfetch", json=body).status_code == 400

    def test_an_expanded_changelog_is_newest_first_and_cut(self, jira, client):
        issue = jira.create_issue("SHOP", "Task", "much edited")
        for number in range(25):
            jira.edit(issue, {"summary": str(number)})

        whole = client("GET", f"issue/{issue.key}", params={"expand": "changelog"}).json()["changelog"]
        [found] = client.search("project = SHOP", fields=["summary"], expand="changelog")["issues"]

        assert whole["histories"][0]["items"][0]["toString"] == "24"
        assert (len(whole["histories"]), len(found["changelog"]["histories"])) == (25, 20)

    def test_a_page_of_history_holds_a_hundred(self, jira, client):
        issue = jira.create_issue("SHOP", "Task", "much edited")
        for number in range(101):
            jira.edit(issue, {"summary": str(number)})
        path = f"issue/{issue.key}/changelog"

        first = client("GET", path, params={"maxResults": 500}).json()
        last = client("GET", path, params={"startAt": 100}).json()

        assert (len(first["values"]), first["isLast"], first["total"]) == (100, False, 101)
        assert (len(last["values"]), last["isLast"]) == (1, True)
        assert int(first["values"][0]["id"]) < int(first["values"][1]["id"])
