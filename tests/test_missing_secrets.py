"""A secret that is not there for a while: what came meanwhile is taken in, what was wished waits, and nothing is given up."""

import pytest

from integration.simulators.jira import JiraSimulator
from integration.store import applied, deliveries, outbox, reads
from integration.trackers.contract import Connection
from tests.living import Living, living_jira, until


@pytest.fixture
def jira():
    with JiraSimulator(write_limits=()) as simulator:
        yield simulator


@pytest.fixture
def living(jira, database_url, tmp_path, monkeypatch):
    with living_jira(database_url, tmp_path, monkeypatch, jira) as begun:
        begun.service.connections._every = 0.0
        begun.settle()
        yield begun


def states(living: Living) -> set[str]:
    with living.database.read() as connection:
        return {count.state for count in deliveries.counts(connection)}


def notices(living: Living) -> list[str]:
    with living.database.read() as connection:
        return [line for _, _, line, _ in applied.shown(connection)]


def test_a_token_that_is_missing_gives_up_nothing(living, jira, monkeypatch):
    monkeypatch.delenv("JIRA_TOKEN")
    epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
    jira.create_issue("SHOP", "Story", "A step", {"parent": epic.key})
    assert jira.deliveries.drain()

    until(lambda: any("JIRA_TOKEN" in line for line in notices(living)), what="a line that says what is missing")
    until(lambda: "new" not in states(living), what="the end of all deliveries")
    assert "dead" not in states(living)
    with living.database.read() as connection:
        assert not outbox.wishes(connection, "dead")
        assert all(read.state == "wanted" for read in reads.open_reads(connection))

    monkeypatch.setenv("JIRA_TOKEN", "simulated-token")
    until(lambda: jira.value(epic, "KR Progress") == 0, what="the write")
    until(lambda: not notices(living), what="the end of that line")


def test_who_only_works_needs_no_secret_of_webhooks(living, monkeypatch):
    monkeypatch.delenv("JIRA_SECRET")
    _, connection = living.service.connections()["jira"]
    assert isinstance(connection, Connection)
    assert not connection.webhook_secrets
