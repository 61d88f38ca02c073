"""What the simulated Jira tells, and when."""

import hashlib
import hmac

import pytest

from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_webhooks import sign
from tests.simulators.asking_jira import SECRET, events


class TestWebhooks:
    def test_the_signature_is_the_one_the_vendor_publishes(self):
        assert (
            sign(SECRET, b"Hello World!") == "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
        )

    def test_a_delivery_is_signed_over_its_raw_body_and_named(self, jira, listener):
        jira.create_issue("SHOP", "Epic", "Überholt")
        assert jira.deliveries.drain(60)
        [one] = listener.received

        digest = hmac.new(SECRET.encode(), one.body, hashlib.sha256).hexdigest()
        assert one.headers["X-Hub-Signature"] == f"sha256={digest}"
        assert one.headers["X-Atlassian-Webhook-Identifier"]
        assert one.headers["X-Atlassian-Webhook-Flow"] == "Primary"
        assert "Überholt".encode() in one.body

    def test_a_retry_has_the_same_identifier_and_says_so(self, jira, listener):
        listener.answers = [503]
        jira.create_issue("SHOP", "Epic", "The new checkout")
        assert jira.deliveries.drain(60)
        first, second = listener.received

        assert first.headers["X-Atlassian-Webhook-Identifier"] == second.headers["X-Atlassian-Webhook-Identifier"]
        assert second.headers["X-Atlassian-Webhook-Retry"] == "1"

    def test_without_a_secret_there_is_no_signature(self, clock, listener):
        with JiraSimulator(webhook=listener.url, clock=clock) as jira:
            jira.create_issue("SHOP", "Epic", "The new checkout")
            assert jira.deliveries.drain(60)

        assert "X-Hub-Signature" not in listener.received[0].headers

    def test_every_action_tells_what_the_real_one_tells(self, jira, listener):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", by="Dana Ortiz")
        story = jira.create_issue("SHOP", "Story", "Pay by card")
        jira.set_parent(story, epic)
        jira.transition(story, "Done")
        jira.comment(story, "well done")
        jira.link(story, epic, "Blocks")
        jira.release_version(jira.create_version("SHOP", "Shop 1.0").name)
        jira.close_sprint(jira.start_sprint(jira.create_sprint("Sprint 1").id).id)
        jira.delete(story)

        told = [
            (one["webhookEvent"], one.get("issue_event_type_name"), "user" in one, "changelog" in one)
            for one in events(jira, listener)
        ]
        assert told == [
            ("jira:issue_created", "issue_created", True, False),
            ("jira:issue_created", "issue_created", True, False),
            ("jira:issue_updated", "issue_updated", True, True),
            ("jira:issue_updated", "issue_generic", True, True),
            ("comment_created", None, False, False),
            ("issuelink_created", None, False, False),
            ("jira:issue_updated", "issue_updated", True, True),
            ("jira:issue_updated", "issue_updated", True, True),
            ("jira:version_created", None, False, False),
            ("jira:version_released", None, False, False),
            ("sprint_created", None, False, False),
            ("sprint_started", None, False, False),
            ("sprint_closed", None, False, False),
            ("jira:issue_deleted", None, True, False),
        ]  # fmt: skip

    def test_what_is_taken_back_is_told_too(self, jira, listener):
        one, other = (jira.create_issue("SHOP", "Story", name) for name in ("One", "Other"))
        comment, link = jira.comment(one, "Oh no"), jira.link(one, other, "Blocks")
        before = len(events(jira, listener))
        jira.delete_comment(one, comment.id)
        jira.unlink(link.id)
        sprint = jira.create_sprint("Week 40")
        jira.change_sprint(sprint.id, name="Week 41")

        gone, unlinked, source, target, _, changed = events(jira, listener)[before:]
        assert (gone["webhookEvent"], gone["comment"]["id"], one.comments) == ("comment_deleted", comment.id, [])
        assert (unlinked["webhookEvent"], unlinked["issueLink"]["id"]) == ("issuelink_deleted", int(link.id))
        assert [told["changelog"]["items"][0]["fromString"] for told in (source, target)] == [
            f"This issue blocks {other.key}",
            f"This issue is blocked by {one.key}",
        ]
        assert (changed["webhookEvent"], changed["sprint"]["name"]) == ("sprint_updated", "Week 41")

    def test_a_transition_resolves_and_going_back_unresolves(self, jira, listener, clock):
        story = jira.create_issue("SHOP", "Story", "Pay by card")
        clock.pass_(hours=2)
        jira.transition(story, "Done", resolution="Won't Do")
        jira.transition(story, "In Progress")
        _, done, reopened = events(jira, listener)

        assert [(item["field"], item["toString"]) for item in done["changelog"]["items"]] == [
            ("resolution", "Won't Do"),
            ("status", "Done"),
        ]
        assert done["issue"]["fields"]["resolutiondate"] == "2026-10-01T11:00:00.000+0000"
        assert done["issue"]["fields"]["status"]["statusCategory"]["key"] == "done"
        assert reopened["issue"]["fields"]["resolution"] is None
        assert reopened["issue"]["fields"]["resolutiondate"] is None

    def test_a_parent_is_an_association_without_a_field_id(self, jira, listener):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        story = jira.create_issue("SHOP", "Story", "Pay by card")
        jira.set_parent(story, epic)
        [*_, updated] = events(jira, listener)

        assert updated["changelog"]["items"] == [
            {
                "field": "IssueParentAssociation",
                "fieldtype": "jira",
                "from": None,
                "fromString": None,
                "to": epic.id,
                "toString": epic.key,
            }
        ]
        assert updated["issue"]["fields"]["parent"]["key"] == epic.key
        assert updated["timestamp"] == int(jira.site.clock().timestamp() * 1000)


class TestMoving:
    def test_old_keys_go_on_resolving_and_the_id_stays(self, jira, client, listener):
        issue = jira.create_issue("SHOP", "Task", "somebody else's")
        jira.move(issue, "APP")

        for name in ("SHOP-1", "APP-1", issue.id):
            shown = client("GET", f"issue/{name}").json()
            assert (shown["id"], shown["key"]) == (issue.id, "APP-1")
        moved = events(jira, listener)[-1]
        assert moved["issue_event_type_name"] == "issue_moved"
        assert [(item["field"], item["fromString"], item["toString"]) for item in moved["changelog"]["items"]] == [
            ("project", "Bookshop", "App"),
            ("Key", "SHOP-1", "APP-1"),
        ]

    def test_a_deleted_issue_is_404_and_its_sub_tasks_with_it(self, jira, client, listener):
        story = jira.create_issue("SHOP", "Story", "Pay by card")
        part = jira.create_issue("SHOP", "Sub-task", "Ask the bank", {"parent": story.key})
        jira.delete(story)

        assert client("GET", f"issue/{story.key}").status_code == 404
        assert client("GET", f"issue/{part.key}").status_code == 404
        assert [one["issue"]["key"] for one in events(jira, listener)[-2:]] == [part.key, story.key]
        assert [one.headers["X-Atlassian-Webhook-Flow"] for one in listener.received[-2:]] == ["Secondary", "Primary"]

    def test_a_parent_is_one_level_up(self, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        with pytest.raises(Refused, match="valid parent"):
            jira.create_issue("SHOP", "Sub-task", "Ask the bank", {"parent": epic.key})
