"""What is a change: an item, a pull request, or a commit on its way to production."""

from dataclasses import replace
from typing import Any

import pytest

from integration.core.delivery.facts import Change
from integration.core.delivery.rules import ChangeRule, IncidentRule, Service
from integration.core.facts import CommitsPushed, LinkAdded, PullRequestChanged
from integration.core.kpi.language import Moment
from integration.core.links import Selector
from tests.core.delivery.told import ADO, JIRA, at, born, days, delivery, derived, item, patterns, walked

DONE = {"status": "Done", "state": "done"}
ITEMS = ChangeRule(only=Selector(levels=("item",)), incidents=False)


def entered(status: str) -> tuple[Moment, ...]:
    return (Moment("entered", status),)


class TestItems:
    def changes(self, facts, *rules, known=None, incidents=()):
        return derived(Change, facts, Service("", changes=rules, incidents=incidents), known or item(**DONE))

    def test_an_item_has_its_own_moments_and_the_versions_that_name_it(self):
        known = item(**DONE, fields={"fix_versions": ("Shop 1.4",)})
        [one] = self.changes(walked((2, "In Progress"), (4, "Done")), ITEMS, known=known)
        assert (days(one.moments["started"]), days(one.moments["done"])) == ([2], [4])
        assert one.names == ("jira:1", "shop-1", "shop 1.4")
        assert one.fields["type"] == "Story"

    @pytest.mark.parametrize(
        ("steps", "expected", "undone"),
        [
            pytest.param([(2, "In Review"), (4, "Done")], [2], [], id="ready before it is done, and still ready when it is"),
            pytest.param([(2, "In Progress"), (3, "In Review"), (4, "In Progress")], [3], [4], id="sent back to where it was"),
            pytest.param([(2, "In Review"), (3, "To Do")], [2], [3], id="sent back to the beginning"),
            pytest.param([(2, "In Review"), (3, "Blocked"), (4, "Done")], [2], [], id="on to where it never was"),
            pytest.param([(2, "In Review"), (3, "Removed")], [2], [3], id="dropped in the end"),
            pytest.param([(2, "Done")], [], [], id="never there"),
        ],
    )  # fmt: skip
    def test_done_is_what_the_rule_says(self, steps, expected, undone):
        [one] = self.changes(walked(*steps), ChangeRule(done=entered("In Review")))
        assert (days(one.moments.get("done", ())), days(one.undone.get("done", ()))) == (expected, undone)

    def test_started_is_what_the_rule_says(self):
        facts = walked((2, "Blocked"), (3, "In Progress"), (4, "Done"))
        [one] = self.changes(facts, ChangeRule(started=entered("In Progress")))
        assert days(one.moments["started"]) == [3]

    def test_the_first_of_a_choice_that_is_known(self):
        choice = (Moment("entered", "in review"), Moment("entered", "in progress"))
        [one] = self.changes(walked((2, "In Progress"), (4, "Done")), ChangeRule(started=choice))
        assert days(one.moments["started"]) == [2]

    def test_epics_and_parts_are_no_changes_unless_a_rule_says_so(self):
        for level in ("portfolio", "subtask"):
            assert self.changes(walked(), ITEMS, known=item(level=level)) == []
        epics = ChangeRule(only=Selector(types=patterns("Epic")))
        assert len(self.changes(walked(), epics, known=item(type="Epic", level="portfolio"))) == 1

    def test_an_incident_is_a_change_only_where_the_rule_lets_it(self):
        incidents = (IncidentRule(only=Selector(types=patterns("Bug"))),)
        bug = item(type="Bug")
        assert self.changes(walked(), ITEMS, known=bug, incidents=incidents) == []
        assert len(self.changes(walked(), ChangeRule(), known=bug, incidents=incidents)) == 1

    def test_without_a_rule_nothing_is_a_change(self):
        assert self.changes(walked()) == []

    def test_it_can_be_named_by_the_commits_and_builds_that_it_is_linked_to(self):
        commit = "vstfs:///Git/Commit/aaa%2Fbbb%2FCAFE12345"
        facts = [
            *walked(),
            LinkAdded(at=at(2), source="1", item="1", other=commit, link="ArtifactLink"),
            LinkAdded(at=at(2), source="2", item="1", other="vstfs:///Build/Build/4711", link="ArtifactLink"),
        ]
        [one] = self.changes(facts, ITEMS)
        assert one.names[-2:] == ("4711", "cafe12345")

    def test_services_that_understand_it_differently_have_a_change_each(self):
        services = delivery(
            Service("shop", changes=(ChangeRule(started=entered("in progress")),)),
            Service("search", changes=(ChangeRule(started=entered("in review")),)),
            Service("devices", changes=(ChangeRule(started=entered("in progress")),)),
        )
        found = derived(Change, walked((2, "In Progress"), (3, "In Review")), services, item())
        assert [(one.services, days(one.moments["started"])) for one in found] == [
            (("shop", "devices"), [2]),
            (("search",), [3]),
        ]
        assert len({one.id for one in found}) == 2


def pull_request(day: float, action: str, actor: str | None = "dev", **more: Any) -> PullRequestChanged:
    told = {"repository": "shop", "target_branch": "main", "source_branch": "x", "project": "Bookshop"} | more
    return PullRequestChanged(
        at=at(day), source=f"pr:1:8:{action}:{day}", actor=actor, action=action, pull_request="8", **told
    )


PULLS = ChangeRule(pull_requests=patterns("shop"), into=patterns("main", "hotfix/*"))


class TestPullRequests:
    def changes(self, facts, rule=PULLS):
        return derived(Change, facts, Service("", changes=(rule,)), connection=ADO)

    def test_opened_answered_and_merged(self):
        facts = [
            pull_request(2, "opened"),
            pull_request(3, "commented", "dev"),
            pull_request(4, "commented", "reviewer"),
            pull_request(5, "merged", merge_commit="CAFE1234"),
        ]
        [one] = self.changes(facts)
        moments = ("opened", "started", "first response", "merged", "done")
        assert [days(one.moments[name])[0] for name in moments] == [2, 2, 4, 5, 5]
        assert one.names == ("cafe1234",)
        assert one.fields["repository"] == "shop"

    def test_its_end_alone_tells_when_it_was_opened(self):
        [one] = self.changes([pull_request(5, "merged", opened=at(1))])
        assert (days(one.moments["opened"]), days(one.moments["merged"])) == ([1], [5])

    @pytest.mark.parametrize(
        ("facts", "number"),
        [
            pytest.param([pull_request(2, "opened")], 1, id="on its way"),
            pytest.param([pull_request(2, "opened"), pull_request(3, "abandoned")], 0, id="abandoned"),
            pytest.param(
                [pull_request(2, "opened"), pull_request(3, "abandoned"), pull_request(4, "commented")], 0,
                id="talked about after it was abandoned",
            ),
            pytest.param([pull_request(3, "abandoned"), pull_request(4, "updated")], 1, id="taken up again"),
            pytest.param([pull_request(3, "merged", target_branch="release/1")], 0, id="into a branch that does not count"),
            pytest.param([pull_request(3, "merged", repository="blog")], 0, id="of another repository"),
        ],
    )  # fmt: skip
    def test_which_are_changes(self, facts, number):
        assert len(self.changes(facts)) == number

    def test_no_tracker_tells_which_files_were_touched(self):
        rule = ChangeRule(pull_requests=patterns("shop"), paths=patterns("apps/*"))
        assert self.changes([pull_request(3, "merged")], rule) == []


class TestCommits:
    def pushed(self, branch="main", commits=("AAA1111", "BBB2222"), repository="shop"):
        return CommitsPushed(at=at(3), source="push:1:9", repository=repository, branch=branch, commits=commits)

    def changes(self, push):
        rule = ChangeRule(commits=patterns("shop"), into=patterns("main"))
        return derived(Change, [push], Service("", changes=(rule,)), connection=ADO)

    def test_each_commit_of_a_push_is_one(self):
        found = self.changes(self.pushed())
        assert [one.names for one in found] == [("aaa1111",), ("bbb2222",)]
        assert {days(one.moments[name])[0] for one in found for name in ("first commit", "merged")} == {3}

    def test_into_another_branch_it_is_none(self):
        assert self.changes(self.pushed(branch="feature/x")) == []

    def test_into_another_repository_it_is_none(self):
        assert self.changes(self.pushed(repository="blog")) == []

    def test_a_push_without_commits_is_none(self):
        assert self.changes(self.pushed(commits=())) == []


def test_an_item_that_left_the_projects_means_nothing_any_more():
    shop = replace(JIRA, projects=("SHOP",))
    rules = Service("", changes=(ITEMS,))
    assert derived(Change, [born()], rules, item(project="PAY"), shop) == []
    assert len(derived(Change, [born()], rules, item(), shop)) == 1
