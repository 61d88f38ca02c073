"""What a mapping's author asks of Jira: JQL or the name of a filter, within the connection's projects."""

from collections.abc import Iterator

import pytest

from integration.core.errors import Permanent
from integration.core.queries import Query
from integration.simulators.jira import JiraSimulator
from integration.trackers.contract import Connection, Secret
from integration.trackers.jira.client import JiraClient, connect
from integration.trackers.jira.jql import Scope


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}, write_limits=()) as site:
        for project in ("SHOP", "PAY"):
            for kind in ("Bug", "Story"):
                site.create_issue(project, kind, f"A {kind}")
        yield site
        assert not site.unmodelled
        site.assert_readonly()


def reader(jira: JiraSimulator, *projects: str) -> JiraClient:
    return connect(Connection("jira", "jira", jira.url, projects=projects, user=jira.email, token=Secret(jira.token)))


def answers(jira: JiraSimulator, query: Query, *projects: str) -> list[str]:
    """The keys of the issues that answer."""
    return [jira.site.issue(one).key for page in reader(jira, *projects).answers(query) for one in page]


@pytest.mark.parametrize(
    ("query", "projects", "keys"),
    [
        pytest.param(Query("issuetype = Bug"), ("SHOP",), ["SHOP-1"], id="within the connection's projects"),
        pytest.param(Query("issuetype = Bug"), (), ["PAY-1", "SHOP-1"], id="or in all, where it names none"),
        pytest.param(Query("issuetype = Bug OR issuetype = Story"), ("SHOP",), ["SHOP-1", "SHOP-2"], id="with an OR"),
        pytest.param(Query("issuetype = Bug ORDER BY created DESC"), ("SHOP",), ["SHOP-1"], id="without its order"),
        pytest.param(Query("bugs", saved=True), ("SHOP",), ["SHOP-1"], id="a saved filter"),
        pytest.param(Query("ORDER BY created"), ("PAY",), ["PAY-1", "PAY-2"], id="nothing but an order asks for all"),
        pytest.param(Query("key = SHOP-1"), ("PAY",), [], id="nothing"),
    ],
)
def test_the_issues_that_answer(jira: JiraSimulator, query: Query, projects: tuple[str, ...], keys: list[str]) -> None:
    jira.save_filter("Bugs", "issuetype = Bug ORDER BY created DESC")

    assert answers(jira, query, *projects) == keys


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query("project = NOPE"), "The value 'NOPE' does not exist for the field 'project'."),
        (Query("nobody's", saved=True), "The value 'nobody's' does not exist for the field 'filter'."),
        (Query("project = SHOP) OR (project = PAY"), "its parentheses do not match"),
        (Query("(project = SHOP"), "its parentheses do not match"),
    ],
)
def test_what_it_refuses_is_told_in_its_words(jira: JiraSimulator, query: Query, words: str) -> None:
    with pytest.raises(Permanent) as refused:
        answers(jira, query, "SHOP")

    assert words in refused.value.reason


@pytest.mark.parametrize(
    ("query", "jql"),
    [
        (Query("a = 1 order  by b"), '(a = 1) AND project in ("SHOP")'),
        (Query('summary ~ "order by \\" (" ORDER BY b'), '(summary ~ "order by \\" (") AND project in ("SHOP")'),
        (Query("summary ~ 'it (' "), "(summary ~ 'it (') AND project in (\"SHOP\")"),
        (Query('The "big" one', saved=True), '(filter = "The \\"big\\" one") AND project in ("SHOP")'),
    ],
)
def test_how_it_is_asked(query: Query, jql: str) -> None:
    assert Scope(("SHOP",), None).answering(query) == jql


def test_it_costs_a_request_for_five_thousand_issues(jira) -> None:
    for number in range(150):
        jira.create_issue("SHOP", "Story", f"Story {number}")
    before = len(jira.requests)

    assert len(answers(jira, Query("issuetype = Story"), "SHOP")) == 151

    asked = [request for request in jira.requests[before:] if request.path.endswith("/search/jql")]
    assert len(asked) == 1
