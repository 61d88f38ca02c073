"""Fields of a simulated inherited process: made, added to types and forms, and tried on a work item."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from integration.core.errors import Permanent, Refused
from integration.core.fields import FieldStep, check, compare
from integration.core.scorecard import CardValue
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS
from integration.trackers.azure_devops import SERVER, TRACKER
from integration.trackers.contract import Connection, FieldKeeper, Secret
from tests.simulators.asking_azure_devops import Client

WANTED: Mapping[str, CardValue] = {"OKR Share": "percent", "OKR Line": "summary"}
SHARE, LINE = "Custom.OKRShare", "Custom.OKRLine"


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as sim:
        sim.add_project("Other")
        yield sim
        assert not sim.unmodelled


@pytest.fixture
def connection(sim: AzureDevOpsSimulator) -> Connection:
    return Connection(name="ado", tracker="azure-devops", url=sim.url, projects=("Shop",), token=Secret(sim.token))


@pytest.fixture
def keeper(connection: Connection) -> FieldKeeper:
    return keeper_of(connection)


def keeper_of(connection: Connection) -> FieldKeeper:
    tracker = SERVER if connection.tracker == "azure-devops-server" else TRACKER
    assert tracker.fields is not None
    return tracker.fields(connection)


def create(connection: Connection, *types: str) -> list[FieldStep]:
    keeper, catalogue = keeper_of(connection), TRACKER.connect(connection).catalogue()
    steps = list(compare(WANTED, catalogue, keeper.places(types, [])))
    for step in steps:
        field = keeper.create(step.name, step.value) if step.deed == "create" else step.id
        for place in step.places:
            keeper.place(field or "", place)
    return steps


@pytest.mark.parametrize("tracker", ["azure-devops", "azure-devops-server"])
def test_fields_are_made_of_the_right_type_and_can_be_written(
    sim: AzureDevOpsSimulator, connection: Connection, tracker: str
) -> None:
    connection = replace(connection, tracker=tracker)
    epic = sim.create_work_item("Epic", "The new checkout")
    steps = create(connection, "Epic", "Feature")
    assert [(step.deed, [place.name for place in step.places]) for step in steps] == [
        ("create", ["Epic in the process Bookshop Agile", "Feature in the process Bookshop Agile"])
    ] * 2
    client = TRACKER.connect(connection)
    client.write(str(epic), {SHARE: 62.5, LINE: "62 % · on track"})

    assert [sim.value(epic, name) for name in WANTED] == [62.5, "62 % · on track"]
    standings = check(WANTED, client.catalogue(), keeper_of(connection).samples(["Epic"], {SHARE: "percent"}))
    assert [one.editable_on for one in standings] == [(str(epic),)] * 2


@pytest.mark.parametrize("edition", SERVERS)
def test_every_release_of_server_takes_fields(connection: Connection, edition: str) -> None:
    with AzureDevOpsSimulator(edition=SERVERS[edition]) as server:
        connection = replace(connection, tracker="azure-devops-server", url=server.url)
        server.create_work_item("Epic", "The new checkout")
        create(connection, "Epic")
        [sample] = keeper_of(connection).samples(["Epic"], {SHARE: "percent"})

        assert sample.refused == {}
        assert not server.unmodelled


def test_what_was_made_is_not_made_again(sim: AzureDevOpsSimulator, connection: Connection) -> None:
    create(connection, "Epic")
    before = [asked for asked in sim.requests if asked.startswith("POST")]

    assert [step.deed for step in create(connection, "Epic")] == ["keep", "keep"]
    assert [asked for asked in sim.requests if asked.startswith("POST")] == before


def test_the_fields_of_a_type_stand_together(sim: AzureDevOpsSimulator, connection: Connection) -> None:
    create(connection, "Epic")
    [of_type] = [place.id for place in keeper_of(connection).places(["Epic"], [])]
    pages = Client(sim).get(f"/{of_type}/layout")["pages"]

    groups = {group["label"]: group["controls"] for section in pages[0]["sections"] for group in section["groups"]}
    assert [control["id"] for control in groups["Key result"]] == [SHARE, LINE]


def test_another_type_that_comes_later_gets_them_too(sim: AzureDevOpsSimulator, connection: Connection) -> None:
    create(connection, "Epic")
    steps = create(connection, "Epic", "Feature")

    assert [(step.deed, [place.name for place in step.places]) for step in steps] == [
        ("place", ["Feature in the process Bookshop Agile"])
    ] * 2


def test_without_types_those_that_people_tag_are_meant(keeper: FieldKeeper) -> None:
    assert [place.name.partition(" in ")[0] for place in keeper.places([], [])] == [
        "Epic",
        "Feature",
        "User Story",
        "Product Backlog Item",
    ]


@pytest.mark.parametrize(("kind", "words"), [("system", "create an inherited process"), ("custom", "defined in XML")])
def test_a_process_that_no_program_can_change_is_left_to_people(
    sim: AzureDevOpsSimulator, connection: Connection, kind: str, words: str
) -> None:
    sim.organisation.process.customization = kind  # type: ignore[assignment]  # one of the simulator's words
    steps = create(connection, "Epic")

    assert {step.deed for step in steps} == {"leave"}
    assert all(words in step.problems[0] for step in steps)
    assert not [asked for asked in sim.requests if asked.startswith("POST")]

    sim.add_field("OKR Share", "double", types=("Epic",))
    sim.add_field("OKR Line", "string", types=("Feature",))
    assert [step.deed for step in create(connection, "Epic")] == ["keep", "leave"], "people did the one, not the other"


def test_a_field_that_a_type_lacks_cannot_be_written(sim: AzureDevOpsSimulator, keeper: FieldKeeper) -> None:
    epic = sim.create_work_item("Epic", "The new checkout")
    before = sim.item(epic).rev
    sim.add_field("OKR Share", "double", types=("Feature",))
    sim.add_field("OKR Line", "string", read_only=True)
    sim.add_field("KR Progress", "double")
    [sample] = keeper.samples(["Epic"], {SHARE: "percent", LINE: "summary", "Custom.KRProgress": "percent"})

    assert set(sample.refused) == {SHARE, LINE}
    assert "TF51535" in sample.refused[SHARE]
    assert sim.item(epic).rev == before, "trying writes nothing"
    sim.assert_readonly()


def test_a_token_that_may_not_write_is_seen(sim: AzureDevOpsSimulator, keeper: FieldKeeper) -> None:
    sim.create_work_item("Epic", "The new checkout")
    sim.add_field("KR Progress", "double")
    sim.settings.may_write = False
    [sample] = keeper.samples(["Epic"], {"Custom.KRProgress": "percent"})

    assert "TF237111" in sample.refused["Custom.KRProgress"]


def test_a_list_is_tried_with_a_value_of_its_own(sim: AzureDevOpsSimulator, keeper: FieldKeeper) -> None:
    sim.create_work_item("Epic", "The new checkout")
    health = sim.add_field("Health", picklist=("On Track", "At Risk"))
    [sample] = keeper.samples(["Epic"], {health: "status"})

    assert sample.refused == {}


def test_a_value_is_written_as_its_list_spells_it(sim: AzureDevOpsSimulator, connection: Connection) -> None:
    epic = sim.create_work_item("Epic", "The new checkout")
    health = sim.add_field("Health", picklist=("On Track", "At Risk"))
    client = TRACKER.connect(connection)
    client.write(str(epic), {health: "on track"})
    with pytest.raises(Permanent, match="its list has no value 'missed'; add it to the list") as error:
        client.write(str(epic), {health: "missed"})

    assert sim.value(epic, "Health") == "On Track"
    assert set(error.value.fields) == {health}
    assert len(sim.writes) == 1
    client.write(str(epic), {health: None})
    assert sim.value(epic, "Health") is None


def test_where_there_is_no_item_nothing_is_tried(keeper: FieldKeeper) -> None:
    assert [(sample.of, sample.item) for sample in keeper.samples(["Epic"], {SHARE: "percent"})] == [
        ("Epic in Shop", None)
    ]


def test_who_may_not_edit_the_process_is_told_what_an_administrator_must_do(
    sim: AzureDevOpsSimulator, keeper: FieldKeeper
) -> None:
    sim.settings.may_edit_process = False
    with pytest.raises(Refused, match="permission to edit the process"):
        keeper.create("OKR Share", "percent")
    told = "\n".join(keeper.by_hand(WANTED))

    assert "OKR Share: Decimal" in told
    assert "OKR Line: Text (single line)" in told


def test_a_name_that_was_taken_is_the_trackers_to_refuse(sim: AzureDevOpsSimulator, keeper: FieldKeeper) -> None:
    sim.add_field("OKR Share", "html")
    with pytest.raises(Permanent, match="already exists"):
        keeper.create("OKR Share", "percent")
