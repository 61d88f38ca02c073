"""What the webhooks told, in any order and any number of times, is what a read finds."""

import random
from collections.abc import Iterable, Iterator

import pytest

from integration.core.facts import ItemSeen, TrackerFact
from integration.core.items import ItemState, join
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.trackers.azure_devops import TRACKER
from integration.trackers.azure_devops.fields import PEOPLE
from integration.trackers.azure_devops.inbound import delivery_id, verify
from integration.trackers.contract import Connection, Secret
from tests.simulators.listening import Listener, Received
from tests.trackers.azure_devops.test_pairs import RECEIVED

SECRET = Secret("hook-secret")


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as sim:
        sim.add_field("Key Result")
        yield sim


def played(sim: AzureDevOpsSimulator) -> list[Received]:
    """A few weeks of one story, and what was sent about them."""
    with Listener() as listener:
        sim.subscribe(listener.url, user="okrlink", password=SECRET.reveal())
        first = sim.create_work_item("Feature", "A faster checkout")
        second = sim.create_work_item("Feature", "A friendlier checkout")
        story = sim.create_work_item("User Story", "Pay by phone", parent=first, tags=["kr:rebuilt"])
        sim.set_state(story, "Active")
        sim.edit(story, {"Key Result": "rebuilt", "Story Points": 5})
        sim.comment(story, "Nearly there")
        sim.set_state(story, "Closed")
        sim.set_parent(story, second)
        sim.delete(story)
        sim.restore(story)
        sim.remove_tag(story, "kr:rebuilt")
        sim.set_state(story, "Active")
        assert sim.drain()
        return listener.received


def folded(facts: Iterable[TrackerFact], item: str) -> ItemState:
    return join({}, [fact for fact in facts if isinstance(fact, ItemSeen) and fact.item == item])


def test_what_was_told_is_what_is_found(sim: AzureDevOpsSimulator) -> None:
    connection = Connection("ado", "azure-devops", sim.url, token=Secret("pat"), webhook_secrets=(SECRET,))
    received = played(sim)
    for delivery in received:
        verify(connection, {name.lower(): value for name, value in delivery.headers.items()}, delivery.body)
    assert len({delivery_id({}, delivery.body) for delivery in received}) == len(received)

    found = folded(TRACKER.connect(connection).item("3"), "3")
    order = random.Random(7)
    for _ in range(20):
        bodies = [each.json for each in order.sample([*received, *received], 2 * len(received))]
        facts = [fact for body in bodies for fact in TRACKER.translate(body, RECEIVED).facts]
        told = {name: known.value for name, known in folded(facts, "3").items()}

        different = {name for name in found if told.get(name) != found[name].value}
        assert different <= PEOPLE  # bodies of version 1.0 have nothing but people's names
        assert told["parent"] == "2"
        assert told["deleted"] is False
