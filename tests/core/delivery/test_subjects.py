"""Which facts are about one thing."""

import pytest

from integration.core.delivery.subjects import Subject, other_end, subject_of
from integration.core.facts import CommitsPushed, ItemSeen, LinkAdded, PullRequestChanged, SprintChanged
from tests.core.delivery.told import at, born, ended, moved, released


@pytest.mark.parametrize(
    ("fact", "kind", "number"),
    [
        pytest.param(born(), "item", "1", id="an item's creation"),
        pytest.param(moved(2, "To Do", "Done"), "item", "1", id="an item's change"),
        pytest.param(ItemSeen(at=at(2), source="1:2", item="1", fields={}), "item", "1", id="an item as it is"),
        pytest.param(ended(2, "build"), "run", "12", id="a build is its run"),
        pytest.param(ended(2), "run", "12", id="a stage"),
        pytest.param(ended(2, "job"), "run", "12", id="a job"),
        pytest.param(ended(2, "release deployment", run="5"), "release", "5", id="a classic release"),
        pytest.param(released(2), "version", "7", id="a version"),
        pytest.param(
            PullRequestChanged(at=at(2), source="pr:r:8:merged", action="merged", pull_request="8"), "pull request", "8",
            id="a pull request",
        ),
        pytest.param(CommitsPushed(at=at(2), source="push:r:9:main", repository="shop"), "push", "push:r:9:main", id="a push"),
    ],
)  # fmt: skip
def test_a_fact_is_about_one_subject(fact, kind, number):
    assert subject_of("ado", fact) == Subject("ado", kind, number)


def test_a_sprint_is_none():
    assert subject_of("jira", SprintChanged(at=at(2), source="3:started", action="started", sprint="3")) is None


def test_a_link_tells_of_both_its_ends():
    link = LinkAdded(at=at(2), source="5", item="1", other="77", link="Blocks")
    assert (subject_of("jira", link), other_end("jira", link)) == (
        Subject("jira", "item", "1"),
        Subject("jira", "item", "77"),
    )


def test_a_link_to_a_build_has_no_other_end():
    link = LinkAdded(at=at(2), source="5", item="1", other="vstfs:///Build/Build/4711", link="ArtifactLink")
    assert other_end("ado", link) is None
