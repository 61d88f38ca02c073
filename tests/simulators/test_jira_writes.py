"""Edits and remote links of the simulated Jira, as documented and recorded."""

from datetime import UTC, datetime

import pytest

from tests.simulators.asking_jira import LINK, PROGRESS, STATUS, SUMMARY, events


class TestEdits:
    def test_an_edit_changes_the_value_and_leaves_one_history_entry_and_one_webhook(self, jira, client, listener):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        answer = client.edit(epic.key, {PROGRESS: 62, STATUS: "on track"})

        assert answer.status_code == 204
        assert (jira.value(epic, "KR Progress"), jira.value(epic, "KR Status")) == (62, "on track")
        [history] = client("GET", f"issue/{epic.key}/changelog").json()["values"]
        progress = {
            "field": "KR Progress",
            "fieldtype": "custom",
            "fieldId": PROGRESS,
            "from": None,
            "fromString": None,
            "to": None,
            "toString": "62",
        }
        assert history["items"][0] == progress
        [_created, updated] = events(jira, listener)
        assert updated["webhookEvent"] == "jira:issue_updated"
        assert updated["changelog"] == {"id": history["id"], "items": history["items"]}
        assert updated["issue"]["fields"][PROGRESS] == 62

    def test_the_same_value_again_leaves_neither(self, jira, client, listener):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"KR Progress": 62})

        assert client.edit(epic.key, {PROGRESS: 62.0}).status_code == 204
        assert epic.history == []
        assert [one["webhookEvent"] for one in events(jira, listener)] == ["jira:issue_created"]

    @pytest.mark.parametrize(
        ("fields", "errors"),
        [
            (
                {"customfield_99999": 1},
                {
                    "customfield_99999": "Field 'customfield_99999' cannot be set. It is not on the appropriate screen, or unknown."
                },
            ),
            (
                {"status": {"name": "Done"}},
                {"status": "Field 'status' cannot be set. It is not on the appropriate screen, or unknown."},
            ),
            ({PROGRESS: "62"}, {PROGRESS: "Operation value must be a number"}),
            ({PROGRESS: True}, {PROGRESS: "Operation value must be a number"}),
            ({STATUS: 62}, {STATUS: "Operation value must be a string"}),
            (
                {STATUS: "x" * 256},
                {STATUS: "The entered text is too long. It exceeds the allowed limit of 255 characters."},
            ),
            (
                {"description": "plain"},
                {"description": "Operation value must be an Atlassian Document (see the Atlassian Document Format)"},
            ),
        ],
        ids=[
            "unknown field",
            "status",
            "text as number",
            "boolean as number",
            "number as text",
            "long text",
            "plain description",
        ],
    )
    def test_a_refused_field_refuses_the_whole_edit_in_jiras_words(self, jira, client, fields, errors):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        answer = client.edit(epic.key, {SUMMARY: "never written", **fields})

        assert answer.status_code == 400
        assert answer.json() == {"errorMessages": [], "errors": errors}
        assert jira.value(epic, "KR Summary") is None

    def test_long_text_is_a_document_in_version_3_and_plain_in_webhooks(self, jira, client, listener):
        notes = jira.add_field("KR Notes", "textarea")
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        written = {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "slow"}]}],
        }

        assert client.edit(epic.key, {notes.id: written}).status_code == 204
        assert client("GET", f"issue/{epic.key}").json()["fields"][notes.id] == written
        assert events(jira, listener)[-1]["issue"]["fields"][notes.id] == "slow"

    def test_a_field_that_refuses_is_not_in_editmeta(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.change_field("KR Status", editable=False)

        assert PROGRESS in client("GET", f"issue/{epic.key}/editmeta").json()["fields"]
        assert STATUS not in client("GET", f"issue/{epic.key}/editmeta").json()["fields"]
        assert client.edit(epic.key, {STATUS: "late"}).status_code == 400

    def test_labels_can_be_added_and_removed_by_operations(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["old"]})
        update = {"update": {"labels": [{"add": "new"}, {"remove": "old"}]}}

        assert client("PUT", f"issue/{epic.key}", json=update).status_code == 204
        assert jira.value(epic, "labels") == ["new"]

    def test_watchers_get_no_mail_only_when_asked_for_by_one_who_may(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.edit(epic.key, {PROGRESS: 1})
        assert jira.emails == []

        client.edit(epic.key, {PROGRESS: 2}, notifyUsers="true")
        assert jira.emails == [epic.key]

        jira.forbid("ADMINISTER_PROJECTS")
        jira.forbid("ADMINISTER")
        client.edit(epic.key, {PROGRESS: 3})
        assert jira.emails == [epic.key, epic.key]

    def test_a_boolean_that_python_spells_is_refused(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        assert client.edit(epic.key, {PROGRESS: 1}, notifyUsers="False").status_code == 400
        assert jira.value(epic, "KR Progress") is None

    def test_one_issue_takes_twenty_writes_in_two_seconds(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        other = jira.create_issue("SHOP", "Epic", "Another")
        jira.gate.limits = ((20, 60.0),)
        statuses = [client.edit(epic.key, {PROGRESS: n}).status_code for n in range(21)]
        refused = client.edit(epic.key, {PROGRESS: 99})

        assert statuses == [204] * 20 + [429]
        assert refused.headers["RateLimit-Reason"] == "jira-per-issue-on-write"
        assert 50 <= int(refused.headers["Retry-After"]) <= 60
        assert datetime.fromisoformat(refused.headers["X-RateLimit-Reset"]) > datetime.now(UTC)
        assert client.edit(other.key, {PROGRESS: 1}).status_code == 204

        jira.gate.limits = ()
        assert client.edit(epic.key, {PROGRESS: 99}).status_code == 204


class TestRemoteLinks:
    def test_a_known_global_id_is_replaced_as_a_whole(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        first = client("POST", f"issue/{epic.key}/remotelink", json=LINK)
        second = client(
            "POST", f"issue/{epic.key}/remotelink", json={"globalId": "okr=1", "object": {"url": "u", "title": "t"}}
        )

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        [link] = client("GET", f"issue/{epic.key}/remotelink").json()
        assert link["object"] == {"url": "u", "title": "t"}
        assert "relationship" not in link

    def test_it_shows_in_history_and_can_be_deleted(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client("POST", f"issue/{epic.key}/remotelink", json=LINK)

        assert [change.name for history in epic.history for change in history.changes] == ["RemoteIssueLink"]
        assert client("DELETE", f"issue/{epic.key}/remotelink", params={"globalId": "okr=1"}).status_code == 204
        assert client("DELETE", f"issue/{epic.key}/remotelink", params={"globalId": "okr=1"}).status_code == 404

    def test_without_the_permission_it_is_403(self, jira, client):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.forbid("LINK_ISSUES")

        assert client("POST", f"issue/{epic.key}/remotelink", json=LINK).status_code == 403
