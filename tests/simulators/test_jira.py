"""The simulated Jira lets in whom it knows, refuses what it does not model, and shows itself to people."""

from typing import Any

import pytest
import requests

from tests.simulators.asking_jira import LINK, SUMMARY


class TestAuthentication:
    @pytest.mark.parametrize(
        "auth", [None, ("okrlink@bookshop.example", "wrong"), ("other@bookshop.example", "simulated-token")]
    )
    def test_the_wrong_or_no_credentials_are_401(self, jira, auth):
        answer = requests.get(f"{jira.url}/rest/api/3/myself", auth=auth, timeout=60)

        assert answer.status_code == 401
        assert not jira.unmodelled

    def test_the_right_ones_say_who_asks(self, jira, client):
        me = client("GET", "myself").json()

        assert me["emailAddress"] == jira.email
        assert me["accountType"] == "atlassian"

    def test_a_token_shows_in_no_representation(self, jira):
        assert jira.token not in repr(jira.gate.accounts)


class TestDirectory:
    def test_fields_are_found_by_name_and_type(self, client):
        fields = {one["name"]: one for one in client("GET", "field").json()}

        assert fields["KR Progress"]["schema"] == {
            "type": "number",
            "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float",
            "customId": 10051,
        }
        assert fields["Summary"]["schema"] == {"type": "string", "system": "summary"}

    def test_types_tell_their_level_and_statuses_their_category(self, client):
        assert {one["name"]: one["hierarchyLevel"] for one in client("GET", "issuetype").json()} == {
            "Epic": 1,
            "Story": 0,
            "Task": 0,
            "Bug": 0,
            "Sub-task": -1,
        }
        assert {one["statusCategory"]["key"] for one in client("GET", "status").json()} == {
            "new",
            "indeterminate",
            "done",
        }

    def test_projects_and_the_server(self, client):
        assert [one["key"] for one in client("GET", "project/search").json()["values"]] == ["SHOP", "APP"]
        assert [one["key"] for one in client("GET", "project/search", params={"keys": "APP"}).json()["values"]] == [
            "APP"
        ]
        assert client("GET", "serverInfo").json()["deploymentType"] == "Cloud"


class TestRefusals:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "dashboard"),
            ("POST", "issue"),
            ("PUT", "issue/SHOP-1/properties/x"),
            ("GET", "search"),
            ("DELETE", "issue/SHOP-1"),
            ("GET", "field?type=custom"),
        ],
    )
    def test_what_is_not_modelled_is_refused_and_remembered(self, jira, client, method, path):
        answer = client(method, path)

        assert answer.status_code == 501
        assert "does not model" in answer.json()["errorMessages"][0]
        assert len(jira.unmodelled) == 1

    def test_writes_are_logged_even_refused_ones_and_reads_are_not(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.search("project = SHOP")
        client("POST", "changelog/bulkfetch", json={"issueIdsOrKeys": [epic.key]})
        jira.assert_readonly()

        client.edit(epic.key, {"nope": 1})
        assert [(one.method, one.path, one.status) for one in jira.writes] == [("PUT", "/rest/api/3/issue/SHOP-1", 400)]
        with pytest.raises(AssertionError):
            jira.assert_readonly()

    def test_permissions_must_be_named(self, jira, client):
        jira.forbid("ADMINISTER")
        answer = client("GET", "mypermissions", params={"permissions": "EDIT_ISSUES,ADMINISTER"}).json()

        assert {name: one["havePermission"] for name, one in answer["permissions"].items()} == {
            "EDIT_ISSUES": True,
            "ADMINISTER": False,
        }
        assert client("GET", "mypermissions").status_code == 400
        assert client("GET", "mypermissions", params={"permissions": "FLY"}).status_code == 400

    def test_one_who_may_not_browse_sees_nothing(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.forbid("BROWSE_PROJECTS")

        assert client("GET", f"issue/{epic.key}").status_code == 404
        assert client.search("project = SHOP")["issues"] == []


class TestPeople:
    def test_another_process_can_work_too(self, jira):
        def act(action: str, **arguments: Any) -> Any:
            return requests.post(f"{jira.url}/_simulator/{action}", json=arguments, timeout=60).json()

        epic = act("create_issue", project="SHOP", issue_type="Epic", summary="The new checkout", by="Dana Ortiz")
        act("edit", issue=epic["key"], fields={"KR Progress": 40, "labels": ["checkout"]})
        act("transition", issue=epic["id"], to="In Progress")
        shown = requests.get(f"{jira.url}/_simulator/issues/{epic['key']}", timeout=60).json()

        assert shown["fields"]["KR Progress"] == 40
        assert shown["fields"]["Status"] == "In Progress"
        assert act("transition", issue="SHOP-99", to="Done") == {"error": "issue SHOP-99"}
        assert requests.get(f"{jira.url}/_simulator/state", timeout=60).json()["writes"] == []

    def test_the_pages_show_an_issue_and_say_that_it_is_simulated(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The <new> checkout", {"labels": ["checkout"]})
        story = jira.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key, "Story Points": 5})
        client.edit(epic.key, {SUMMARY: "62 % · on track"})
        client("POST", f"issue/{epic.key}/remotelink", json=LINK)

        page = requests.get(f"{jira.url}/browse/{epic.key}", timeout=60).text
        for text in (
            "Simulated Jira — nothing here is real",
            "The &lt;new&gt; checkout",
            "62 % · on track",
            story.key,
            "checkout",
            "http://okr.example/1",
        ):
            assert text in page
        listing = requests.get(f"{jira.url}/", timeout=60).text
        assert listing.index(epic.key) < listing.index(story.key)
        assert requests.get(f"{jira.url}/browse/SHOP-99", timeout=60).status_code == 404

    def test_a_page_by_an_old_key_leads_to_the_new_one(self, jira):
        jira.move(jira.create_issue("SHOP", "Task", "somebody else's"), "APP")

        assert requests.get(f"{jira.url}/browse/SHOP-1", timeout=60).url.endswith("/browse/APP-1")
