"""Fields of the simulated Jira Cloud: made, given to projects, put on screens, and tried on an issue."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from integration.core.errors import Permanent, Refused
from integration.core.fields import FieldStep, check, compare
from integration.core.scorecard import CardValue
from integration.simulators.jira import JiraSimulator
from integration.trackers.contract import Connection, FieldKeeper, Secret
from integration.trackers.jira import TRACKER

WANTED: Mapping[str, CardValue] = {"OKR share": "percent", "OKR line": "summary", "OKR page": "url"}


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}) as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def connection(jira: JiraSimulator) -> Connection:
    return Connection(
        name="jira", tracker="jira", url=jira.url, projects=("SHOP",), user=jira.email, token=Secret(jira.token)
    )


@pytest.fixture
def keeper(connection: Connection) -> FieldKeeper:
    return keeper_of(connection)


def keeper_of(connection: Connection) -> FieldKeeper:
    assert TRACKER.fields is not None
    return TRACKER.fields(connection)


def create(connection: Connection, wanted: Mapping[str, CardValue] = WANTED) -> list[FieldStep]:
    keeper, catalogue = keeper_of(connection), TRACKER.connect(connection).catalogue()
    known = [one.id for name in wanted for one in catalogue.named(name)]
    steps = list(compare(wanted, catalogue, keeper.places(["Epic"], known)))
    for step in steps:
        field = keeper.create(step.name, step.value) if step.deed == "create" else step.id
        for place in step.places:
            keeper.place(field or "", place)
    return steps


def test_fields_are_made_of_the_right_type_and_can_be_written(jira: JiraSimulator, connection: Connection) -> None:
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    assert [step.deed for step in create(connection)] == ["create"] * 3
    client = TRACKER.connect(connection)
    catalogue = client.catalogue()
    [share], [line], [page] = (catalogue.named(name) for name in WANTED)
    client.write(epic.id, {share.id: 62, line.id: "62 % · on track", page.id: "https://okr.example/kr"})

    assert (share.type, line.type, page.type) == ("number", "text", "text")
    assert [jira.value(epic, name) for name in WANTED] == [62, "62 % · on track", "https://okr.example/kr"]
    standings = check(WANTED, catalogue, keeper_of(connection).samples(["Epic"], {share.id: "percent"}))
    assert [one.editable_on for one in standings] == [(epic.key,)] * 3


def test_what_was_made_is_not_made_again(jira: JiraSimulator, connection: Connection) -> None:
    create(connection)
    before = len(jira.writes)

    assert [step.deed for step in create(connection)] == ["keep"] * 3
    assert len(jira.writes) == before


def test_a_field_on_no_screen_is_seen_and_put_there(jira: JiraSimulator, connection: Connection) -> None:
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    share = jira.add_field("OKR share", "number")
    jira.change_field(share.id, on_screens=False)
    wanted: Mapping[str, CardValue] = {"OKR share": "percent"}
    [sample] = keeper_of(connection).samples(["Epic"], {share.id: "percent"})
    assert "is not on the screen" in sample.refused[share.id]

    [step] = create(connection, wanted)
    assert (step.deed, [place.name for place in step.places]) == ("place", ["screen 'SHOP: Default Issue Screen'"])
    [sample] = keeper_of(connection).samples(["Epic"], {share.id: "percent"})
    assert (sample.item, sample.refused) == (epic.key, {})


def test_a_field_for_other_projects_is_given_to_ours_too(jira: JiraSimulator, connection: Connection) -> None:
    pay = jira.site.project("PAY").id
    share = jira.add_field("OKR share", "number")
    jira.change_field(share.id, contexts=(frozenset({pay}),))
    [step] = create(connection, {"OKR share": "percent"})

    assert [place.name for place in step.places] == ["project SHOP"]
    assert jira.site.fields[share.id].contexts == (frozenset({pay}), frozenset({jira.site.project("SHOP").id}))


def test_a_team_managed_project_is_left_to_people(jira: JiraSimulator, connection: Connection) -> None:
    jira.add_project("TEAM", "A team's own", team_managed=True)
    connection = replace(connection, projects=("TEAM",))
    [step] = create(connection, {"OKR share": "percent"})

    assert step.deed == "leave"
    assert step.problems[0].startswith("TEAM is team-managed, and Jira makes fields there for nobody but people")
    assert step.problems[0].endswith("add a field of this name to Epic")
    assert jira.writes == []

    own = jira.add_field("OKR share", "number")
    jira.change_field(own.id, project=jira.site.project("TEAM").id)
    assert [one.deed for one in create(connection, {"OKR share": "percent"})] == ["keep"]


def test_where_there_is_no_issue_nothing_is_tried(keeper: FieldKeeper) -> None:
    [sample] = keeper.samples(["Epic"], {"customfield_10051": "percent"})

    assert (sample.of, sample.item) == ("Epic in SHOP", None)


def test_who_does_not_administer_jira_may_look_but_not_make(
    jira: JiraSimulator, connection: Connection, keeper: FieldKeeper
) -> None:
    jira.create_issue("SHOP", "Epic", "The new checkout")
    jira.forbid("ADMINISTER")
    assert keeper.samples(["Epic"], {"customfield_10051": "percent"})[0].refused == {}
    with pytest.raises(Refused, match="administrators"):
        keeper.places(["Epic"], ["customfield_10051"])

    told = "\n".join(keeper.by_hand(WANTED))
    assert "OKR share: Number" in told
    assert "screens of SHOP" in told


def test_jiras_own_words_where_it_does_not_take_a_field(keeper: FieldKeeper) -> None:
    [*_, screen] = keeper.places(["Epic"], [])
    with pytest.raises(Permanent, match="already exists on the screen"):
        keeper.place("summary", screen)
