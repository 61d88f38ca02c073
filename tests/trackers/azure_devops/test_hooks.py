"""Service hooks of the simulated Azure DevOps, looked after over REST."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from integration.core.errors import Permanent, Refused
from integration.core.hooks import HookStep, compare
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS
from integration.trackers.azure_devops import SERVER, TRACKER
from integration.trackers.contract import Connection, HookKeeper, Secret
from tests.simulators.asking_azure_devops import Client
from tests.simulators.listening import Listener

SECRET = "it is basic"
URL = "https://okr.example/webhooks/ado"


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator(back_off=0.01) as sim:
        sim.add_project("Other")
        yield sim
        assert not sim.unmodelled


@pytest.fixture
def connection(sim: AzureDevOpsSimulator) -> Connection:
    return Connection(
        name="ado",
        tracker="azure-devops",
        url=sim.url,
        projects=("Shop",),
        token=Secret(sim.token),
        webhook_secrets=(Secret(SECRET),),
    )


@pytest.fixture
def keeper(connection: Connection) -> HookKeeper:
    return keeper_of(connection)


def keeper_of(connection: Connection) -> HookKeeper:
    tracker = SERVER if connection.tracker == "azure-devops-server" else TRACKER
    assert tracker.hooks is not None
    return tracker.hooks(connection)


def register(keeper: HookKeeper, url: str) -> list[HookStep]:
    steps = list(compare(url, keeper.wanted(url), keeper.there()))
    for step in steps:
        if step.deed == "create" and step.wanted:
            keeper.create(step.wanted)
        elif step.deed == "mend" and step.there and step.wanted:
            keeper.mend(step.there, step.wanted)
        elif step.deed == "remove" and step.there:
            keeper.remove(step.there)
    return [step for step in steps if step.deed != "keep"]


@pytest.mark.parametrize("edition", SERVERS)
def test_every_release_of_server_takes_subscriptions(connection: Connection, edition: str) -> None:
    with AzureDevOpsSimulator(edition=SERVERS[edition]) as server:
        keeper = keeper_of(replace(connection, tracker="azure-devops-server", url=server.url))
        register(keeper, URL)

        assert register(keeper, URL) == []
        assert keeper.provoke(URL)
        assert not server.unmodelled


@pytest.mark.parametrize("tracker", ["azure-devops", "azure-devops-server"])
def test_every_kind_of_event_that_is_read_is_subscribed_to_once(connection: Connection, tracker: str) -> None:
    keeper = keeper_of(replace(connection, tracker=tracker))
    assert {step.deed for step in register(keeper, URL)} == {"create"}
    there = keeper.there()

    assert [replace(hook, id="") for hook in there] == list(keeper.wanted(URL))
    assert {kind for hook in there for kind in hook.events} == set(TRACKER.translated)
    assert register(keeper, URL) == []


def test_builds_are_told_with_their_result(sim: AzureDevOpsSimulator, keeper: HookKeeper) -> None:
    register(keeper, URL)
    listed = Client(sim).get("/_apis/hooks/subscriptions")["value"]
    versions = {one["eventType"]: one["resourceVersion"] for one in listed}

    assert versions["build.complete"] == "2.0"
    assert versions["workitem.updated"] == "1.0"
    assert versions["ms.vss-pipelines.stage-state-changed-event"] == "5.1-preview.1"
    assert versions["ms.vss-release.deployment-completed-event"] == "3.0-preview.1"
    assert SECRET not in json.dumps(listed)


def test_deliveries_prove_themselves_and_are_of_the_connections_projects(
    sim: AzureDevOpsSimulator, connection: Connection, keeper: HookKeeper
) -> None:
    with Listener() as listener:
        register(keeper, listener.url)
        sim.create_work_item("Epic", "The new checkout")
        sim.create_work_item("Epic", "Somebody else's", project="Other")
        assert sim.drain()
    [one] = listener.received

    TRACKER.verify(connection, {name.lower(): value for name, value in one.headers.items()}, one.body)


def test_without_projects_all_are_subscribed_to(sim: AzureDevOpsSimulator, connection: Connection) -> None:
    keeper = keeper_of(replace(connection, projects=()))
    register(keeper, URL)

    assert {one.project for one in sim.subscriptions} == {None}
    assert register(keeper, URL) == []


@pytest.mark.parametrize("status", ["onProbation", "disabledByUser", "disabledBySystem"])
def test_what_does_not_deliver_is_switched_on_again(sim: AzureDevOpsSimulator, keeper: HookKeeper, status: str) -> None:
    register(keeper, URL)
    sim.hooks.switch(sim.subscriptions[3].id, status)  # type: ignore[arg-type]  # one of the simulator's words
    [step] = register(keeper, URL)

    assert step.drift == (("is on probation: new events are lost" if status == "onProbation" else "is disabled"),)
    assert {one.status for one in sim.subscriptions} == {"enabled"}


def test_filters_details_versions_and_missing_passwords_are_drift(
    sim: AzureDevOpsSimulator, keeper: HookKeeper
) -> None:
    register(keeper, URL)
    first = sim.subscriptions[0]
    first.told = {
        "resourceVersion": "5.1-preview.3",
        "publisherInputs": {"projectId": first.project, "areaPath": "Shop"},
        "consumerInputs": {"url": URL, "resourceDetailsToSend": "minimal"},
    }
    [step] = register(keeper, URL)

    assert step.drift == (
        "Resource version is 5.1-preview.3, not 1.0",
        "Resource details to send is minimal, not all",
        "Filters is areaPath: Shop, not empty",
        "carries no proof that we take",
    )
    assert register(keeper, URL) == []


def test_a_kind_that_a_server_does_not_offer_is_not_wanted(keeper: HookKeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "integration.simulators.azure_devops_subscriptions.OFFERED", ("workitem.created", "workitem.updated")
    )

    assert [hook.topic for hook in keeper.wanted(URL)] == ["workitem.created of Shop", "workitem.updated of Shop"]
    assert not keeper.provoke(URL), "whatever could be tested tells of work items that may exist"


def test_the_vendors_test_arrives_and_says_nothing(
    sim: AzureDevOpsSimulator, connection: Connection, keeper: HookKeeper
) -> None:
    with Listener() as listener:
        assert keeper.provoke(listener.url)
        assert sim.drain()
    [one] = listener.received

    TRACKER.verify(connection, {name.lower(): value for name, value in one.headers.items()}, one.body)
    assert one.json["eventType"] in TRACKER.ignored
    assert sim.subscriptions == []


def test_who_may_not_subscribe_is_told_what_an_administrator_must_do(
    sim: AzureDevOpsSimulator, keeper: HookKeeper
) -> None:
    sim.settings.may_subscribe = False
    with pytest.raises(Refused, match="TF400813"):
        keeper.there()
    told = "\n".join(keeper.by_hand(URL, "env/ADO_WEBHOOK_SECRET"))

    for word in (URL, "build.complete, resource version 2.0", "env/ADO_WEBHOOK_SECRET", "okrlink", "Shop"):
        assert word in told
    assert SECRET not in told


def test_without_a_secret_nothing_is_registered(connection: Connection) -> None:
    keeper = keeper_of(replace(connection, webhook_secrets=()))
    with pytest.raises(Permanent, match="webhook_secret"):
        keeper.create(keeper.wanted(URL)[0])


def test_a_password_that_is_not_the_mappings_is_found_by_what_its_last_delivery_was_answered_with(
    sim: AzureDevOpsSimulator, connection: Connection, keeper: HookKeeper
) -> None:
    with Listener() as listener:
        register(keeper_of(replace(connection, webhook_secrets=(Secret("an older one"),))), listener.url)
        assert register(keeper, listener.url) == [], "nobody can know yet: the password comes back masked"

        listener.answers.append(401)
        sim.create_work_item("Epic", "The new checkout")
        assert sim.drain()
        [step] = compare(listener.url, keeper.wanted(listener.url), keeper.there())[:1]
        assert step.drift == ("is on probation: new events are lost", "its last delivery failed: Unauthorized (401)")

        assert [one.topic for one in register(keeper, listener.url)] == ["workitem.created of Shop"]
        assert register(keeper, listener.url) == [], "what failed before it was mended tells nothing any more"

        sim.create_work_item("Epic", "Pay by card")
        assert sim.drain()
        assert register(keeper, listener.url) == []
    TRACKER.verify(connection, {name.lower(): value for name, value in listener.received[-1].headers.items()}, b"")


@pytest.mark.parametrize(
    ("change", "proven"),
    [
        ({}, True),
        ({"basicAuthUsername": "somebody"}, False),
        ({"basicAuthPassword": ""}, False),
        ({"basicAuthPassword": "", "httpHeaders": f"X-Other: 1\nX-Okrlink-Secret: {SECRET}"}, True),
        ({"httpHeaders": "X-Okrlink-Secret: an older one"}, False),
        ({"httpHeaders": "X-Okrlink-Secret: ********"}, True),
    ],
    ids=["ours", "another user", "no password", "our header", "another header", "a header that is masked"],
)
def test_what_a_subscription_shows_of_its_proof_is_compared(
    sim: AzureDevOpsSimulator, keeper: HookKeeper, change: dict[str, str], proven: bool
) -> None:
    register(keeper, URL)
    first = sim.subscriptions[0]
    first.told = {**first.told, "consumerInputs": {**first.told["consumerInputs"], **change}}

    assert [hook.is_proven for hook in keeper.there()[:2]] == [proven, True]
