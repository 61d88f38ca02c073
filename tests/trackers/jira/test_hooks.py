"""Webhooks of the simulated Jira Cloud, looked after with its own REST interface."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from integration.core.errors import Permanent, Refused
from integration.core.hooks import compare
from integration.simulators.jira import JiraSimulator
from integration.trackers.contract import Connection, HookKeeper, Secret
from integration.trackers.jira import TRACKER
from tests.simulators.listening import Listener

SECRET = "it is signed"


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}) as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def connection(jira: JiraSimulator) -> Connection:
    return Connection(
        name="jira",
        tracker="jira",
        url=jira.url,
        projects=("SHOP",),
        user=jira.email,
        token=Secret(jira.token),
        webhook_secrets=(Secret(SECRET),),
    )


def keeper_of(connection: Connection) -> HookKeeper:
    assert TRACKER.hooks is not None
    return TRACKER.hooks(connection)


def test_what_is_created_is_what_was_wanted(jira: JiraSimulator, connection: Connection, listener: Listener) -> None:
    keeper = keeper_of(connection)
    [wanted] = keeper.wanted(listener.url)
    keeper.create(wanted)
    [there] = keeper.there()

    assert replace(there, id="") == wanted
    assert wanted.events == frozenset(TRACKER.translated)
    assert SECRET not in repr((there, keeper))


def test_deliveries_are_signed_and_of_the_connections_projects(
    jira: JiraSimulator, connection: Connection, listener: Listener
) -> None:
    keeper = keeper_of(connection)
    keeper.create(keeper.wanted(listener.url)[0])
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    jira.create_issue("PAY", "Epic", "Somebody else's")
    jira.comment(epic, "At last.")
    jira.delete(epic)
    jira.delete(jira.create_issue("PAY", "Epic", "Somebody else's, too"))
    assert jira.deliveries.drain()

    assert [one.json["webhookEvent"] for one in listener.received] == [
        "jira:issue_created",
        "comment_created",
        "jira:issue_deleted",
    ]
    for one in listener.received:
        TRACKER.verify(connection, {name.lower(): value for name, value in one.headers.items()}, one.body)


def test_drift_is_seen_and_mended(jira: JiraSimulator, connection: Connection) -> None:
    keeper = keeper_of(connection)
    url = "https://okr.example/webhooks/jira"
    jira.webhooks.register(
        url, name="by hand", events=("jira:issue_created",), jql="project = PAY", enabled=False, exclude_body=True
    )
    [step] = compare(url, keeper.wanted(url), keeper.there())

    assert step.drift[0] == "is disabled"
    assert step.drift[1].startswith("does not tell of comment_created, ")
    assert step.drift[2:] == (
        'JQL is project = PAY, not project in ("SHOP")',
        "Exclude body is yes, not no",
        "carries no proof that we take",
    )
    assert step.there is not None
    assert step.wanted is not None
    keeper.mend(step.there, step.wanted)

    assert [one.deed for one in compare(url, keeper.wanted(url), keeper.there())] == ["keep"]
    assert [one.secret for one in jira.webhooks.registered.values()] == [SECRET]


@pytest.mark.parametrize("jql", ["project = SHOP", "project in (SHOP)", "Project IN ( 'shop' )"])
def test_a_filter_in_an_administrators_own_words_is_no_drift(
    jira: JiraSimulator, connection: Connection, jql: str
) -> None:
    keeper = keeper_of(connection)
    url = "https://okr.example/webhooks/jira"
    jira.webhooks.register(url, SECRET, events=tuple(TRACKER.translated), jql=jql)

    assert [one.deed for one in compare(url, keeper.wanted(url), keeper.there())] == ["keep"]


def test_what_is_gone_is_as_good_as_removed(jira: JiraSimulator, connection: Connection) -> None:
    keeper = keeper_of(connection)
    jira.webhooks.register("https://okr.example/webhooks/jira")
    [there] = keeper.there()
    keeper.remove(there)
    keeper.remove(there)

    assert keeper.there() == []


def test_who_does_not_administer_jira_is_told_what_an_administrator_must_do(
    jira: JiraSimulator, connection: Connection
) -> None:
    jira.forbid("ADMINISTER")
    keeper = keeper_of(connection)
    with pytest.raises(Refused, match="ADMINISTER"):
        keeper.there()
    told = "\n".join(keeper.by_hand("https://okr.example/webhooks/jira", "env/JIRA_WEBHOOK_SECRET"))

    for word in (
        "https://okr.example/webhooks/jira",
        'project in ("SHOP")',
        "jira:version_released",
        "env/JIRA_WEBHOOK_SECRET",
        f"POST {jira.url}/rest/webhooks/1.0/webhook",
    ):
        assert word in told
    assert SECRET not in told


def test_without_a_secret_nothing_is_registered(jira: JiraSimulator, connection: Connection) -> None:
    keeper = keeper_of(replace(connection, webhook_secrets=()))
    with pytest.raises(Permanent, match="webhook_secret"):
        keeper.create(keeper.wanted("https://okr.example/webhooks/jira")[0])

    assert jira.writes == []
