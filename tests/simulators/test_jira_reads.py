"""Search and history of the simulated Jira, with the caps and shapes of the real one."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

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
            ("status = Done OR project = APP AND issuetype = Bug", ["SHOP-3", "APP-1"]),
            ("(status = Done OR project = APP) AND NOT project = SHOP", ["APP-1"]),
            ("filter = 'crashes' OR labels = checkout", ["SHOP-1", "APP-1"]),
            ("project = SHOP AND statusCategory != Done ORDER BY updated DESC", ["SHOP-2", "SHOP-1"]),
        ],
    )
    def test_jql(self, jira, client, clock, jql, expected):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["checkout"], "Key Result": "rebuilt"})
        story = jira.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key})
        part = jira.create_issue("SHOP", "Sub-task", "Ask the bank", {"parent": story.key})
        jira.create_issue("APP", "Bug", "Crash")
        jira.save_filter("Crashes", "project = APP ORDER BY created DESC")
        jira.transition(part, "Done")
        clock.pass_(hours=1, seconds=30)
        jira.edit(story, {"Story Points": 5})

        found = client.search(jql if "ORDER" in jql else f"{jql} ORDER BY id ASC", fields=["key"])
        assert [one["key"] for one in found["issues"]] == expected
        assert client("POST", "search/approximate-count", json={"jql": jql}).json() == {"count": len(expected)}

    @pytest.mark.parametrize(
        "jql",
        [
            "",
            "project = NOPE",
            "key = SHOP-99",
            'updated >= "yesterday"',
            "project = SHOP AND",
            "(project = SHOP",
            "filter = nobodys",
        ],
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


class TestEventualConsistency:
    @pytest.fixture
    def late(self, clock) -> Iterator[JiraSimulator]:
        with JiraSimulator(clock=clock, search_lag=timedelta(minutes=2)) as late:
            yield late

    def test_search_knows_of_nothing_at_once(self, late, clock):
        search = Client(late).search
        first = late.create_issue("SHOP", "Task", "first")
        assert search("project = SHOP")["issues"] == []
        clock.pass_(minutes=2)
        second = late.create_issue("SHOP", "Task", "second")
        clock.pass_(minutes=2)
        late.transition(first, "Done")

        by_old = search("project = SHOP AND status = 'To Do' ORDER BY updated ASC", fields=["status"])["issues"]
        assert [one["id"] for one in by_old] == [first.id, second.id]
        assert [one["fields"]["status"]["name"] for one in by_old] == ["Done", "To Do"]
        clock.pass_(minutes=2)
        by_new = search("project = SHOP ORDER BY updated ASC")["issues"]
        assert [one["id"] for one in by_new] == [second.id, first.id]

    def test_what_has_gone_is_not_shown(self, late, clock):
        late.delete(late.create_issue("SHOP", "Task", "gone"))
        clock.pass_(minutes=2)

        assert Client(late).search("project = SHOP")["issues"] == []

    def test_every_answer_tells_the_time_of_the_site(self, jira, client, clock):
        assert parsedate_to_datetime(client("GET", "myself").headers["Date"]) == clock.now


class TestComments:
    def test_search_shows_twenty_and_the_issue_itself_all(self, jira, client):
        issue = jira.create_issue("SHOP", "Task", "much discussed")
        for number in range(103):
            jira.comment(issue, f"comment {number}", public=number != 1)

        [found] = client.search("project = SHOP", fields=["comment"])["issues"]
        shown = found["fields"]["comment"]
        assert (len(shown["comments"]), shown["total"]) == (20, 103)
        assert [one["jsdPublic"] for one in shown["comments"][:3]] == [True, False, True]
        whole = client("GET", f"issue/{issue.key}", params={"fields": "comment"}).json()
        assert len(whole["fields"]["comment"]["comments"]) == 103

    def test_they_are_paged(self, jira, client):
        issue = jira.create_issue("SHOP", "Task", "much discussed")
        made = [jira.comment(issue, f"comment {number}").id for number in range(103)]

        pages = [client("GET", f"issue/{issue.key}/comment", params={"startAt": n}).json() for n in (0, 100)]
        assert [one["id"] for page in pages for one in page["comments"]] == made
        assert [(len(page["comments"]), page["total"]) for page in pages] == [(100, 103), (3, 103)]


class TestPlans:
    def test_versions_are_a_projects_and_paged(self, jira, client):
        for number in range(51):
            jira.create_version("SHOP", f"Shop {number}")
        jira.create_version("APP", "App 1")
        jira.release_version("Shop 50")

        pages = [client("GET", "project/SHOP/version", params={"startAt": n}).json() for n in (0, 50)]
        assert [(len(page["values"]), page["isLast"]) for page in pages] == [(50, False), (1, True)]
        [last] = pages[1]["values"]
        assert (last["name"], last["released"], last["releaseDate"]) == ("Shop 50", True, "2026-10-01")
        assert client("GET", "project/NOPE/version").status_code == 404

    def test_boards_and_their_sprints(self, jira, client):
        kanban = jira.add_board("Support", "kanban", "APP")
        sprint = jira.start_sprint(jira.create_sprint("Week 40").id)

        listed = client("GET", "../../agile/1.0/board", params={"projectKeyOrId": "SHOP"}).json()["values"]
        assert [(one["id"], one["type"]) for one in listed] == [(8, "scrum")]
        every = client("GET", "../../agile/1.0/board").json()["values"]
        assert [one["id"] for one in every] == [8, kanban.id]
        [shown] = client("GET", "../../agile/1.0/board/8/sprint").json()["values"]
        assert (shown["id"], shown["state"], shown["originBoardId"]) == (sprint.id, "active", 8)
        refused = client("GET", f"../../agile/1.0/board/{kanban.id}/sprint")
        assert (refused.status_code, refused.json()["errorMessages"]) == (400, ["The board does not support sprints"])


class TestTokens:
    def test_expired_ones_are_refused(self, jira, client):
        issues = [jira.create_issue("SHOP", "Task", f"task {number}") for number in range(2)]
        for one in issues:
            jira.transition(one, "Done")
        search = {"jql": "project = SHOP", "maxResults": 1}
        fetch = {"issueIdsOrKeys": [one.id for one in issues], "maxResults": 1}
        for path, body in (("search/jql", search), ("changelog/bulkfetch", fetch)):
            token = client("POST", path, json=body).json()["nextPageToken"]
            assert client("POST", path, json={**body, "nextPageToken": token}).status_code == 200
            jira.expire_tokens()
            assert client("POST", path, json={**body, "nextPageToken": token}).status_code == 400


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
        assert done["created"] == int(clock.now.timestamp() * 1000) + 4  # after the `updated` of the issue

    @pytest.mark.parametrize(
        "body",
        [{"issueIdsOrKeys": []}, {"issueIdsOrKeys": ["SHOP-1"], "fieldsByKeys": True}],
        ids=["no issues", "unknown property"],
    )
    def test_bulk_fetch_refuses_what_the_specification_forbids(self, client, body):
        assert client("POST", "changelog/bulkfetch", json=body).status_code == 400

    def test_issues_in_bulk_come_in_the_order_of_their_ids_and_without_those_that_are_not_there(self, jira, client):
        one, other = (jira.create_issue("SHOP", "Task", name) for name in ("one", "other"))

        asked = {"issueIdsOrKeys": [other.id, "SHOP-99", one.key, one.id], "fields": ["summary"]}
        told = client("POST", "issue/bulkfetch", json=asked).json()

        assert [issue["fields"] for issue in told["issues"]] == [{"summary": "one"}, {"summary": "other"}]
        assert told["issueErrors"] == []

    @pytest.mark.parametrize("number", [0, 101])
    def test_issues_in_bulk_are_between_1_and_100(self, client, number):
        keys = [f"SHOP-{place}" for place in range(number)]
        assert client("POST", "issue/bulkfetch", json={"issueIdsOrKeys": keys}).status_code == 400

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
