"""Webhooks of the simulated Data Center, whose resource has another address and another body since version 10."""

from collections.abc import Iterator

import pytest

from integration.core.errors import Permanent
from integration.core.hooks import compare
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, HookKeeper, Secret
from tests.simulators.listening import Listener

TRACKER = TRACKERS["jira-data-center"]
SECRET = "it is signed"


@pytest.fixture(params=["9.12.4", "10.3.1"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraDataCenterSimulator]:
    with JiraDataCenterSimulator(version=request.param) as site:
        yield site
        assert not site.unmodelled


def connection_to(jira: JiraDataCenterSimulator, user: str | None = None) -> Connection:
    return Connection(
        name="jira",
        tracker="jira-data-center",
        url=jira.url,
        projects=("SHOP",),
        token=Secret(jira.token),
        webhook_user=user,
        webhook_secrets=(Secret(SECRET),),
    )


def keeper_of(connection: Connection) -> HookKeeper:
    assert TRACKER.hooks is not None
    return TRACKER.hooks(connection)


def test_both_versions_are_registered_with_once_and_send_signed(jira: JiraDataCenterSimulator) -> None:
    connection = connection_to(jira)
    keeper = keeper_of(connection)
    with Listener() as listener:
        keeper.create(keeper.wanted(listener.url)[0])
        jira.create_issue("SHOP", "Epic", "The new checkout")
        assert jira.deliveries.drain()
        assert [one.deed for one in compare(listener.url, keeper.wanted(listener.url), keeper.there())] == ["keep"]
    [one] = listener.received

    TRACKER.verify(connection, {name.lower(): value for name, value in one.headers.items()}, one.body)


def test_a_disabled_one_is_mended_and_ours_removed(jira: JiraDataCenterSimulator) -> None:
    keeper = keeper_of(connection_to(jira))
    url = "http://okr.example/webhooks/jira"
    keeper.create(keeper.wanted(url)[0])
    [made] = jira.webhooks.registered.values()
    jira.webhooks.change(made.id, enabled=False)
    [step] = compare(url, keeper.wanted(url), keeper.there())
    assert step.drift == ("is disabled",)
    assert step.there is not None
    keeper.mend(step.there, keeper.wanted(url)[0])

    assert [(one.enabled, one.secret) for one in jira.webhooks.registered.values()] == [(True, SECRET)]
    keeper.remove(keeper.there()[0])
    assert keeper.there() == []


def test_basic_authentication_is_for_people_to_set(jira: JiraDataCenterSimulator) -> None:
    keeper = keeper_of(connection_to(jira, user="okrlink"))
    with pytest.raises(Permanent, match="leave out webhook_user"):
        keeper.create(keeper.wanted("http://okr.example/webhooks/jira")[0])
