"""The client against the simulated Azure DevOps: what it reads, what it writes, and what it makes of refusals."""

import time
from collections.abc import Callable, Iterable, Iterator

import pytest

from integration.core.catalogue import Catalogue
from integration.core.errors import Conflict, Gone, Permanent, Refused, Retryable
from integration.core.facts import ItemCreated, ItemRef, ItemSeen, TrackerFact, Value
from integration.core.items import ItemState, item_of, join
from integration.core.write_back import Badge, Edit
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.faults import Fault
from integration.trackers.azure_devops import TRACKER
from integration.trackers.contract import Connection, Secret, TrackerClient

BADGE = Badge("http://okrlink.bookshop.example/kr/rebuilt", "The new checkout is built", "62 % · on track")
POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as sim:
        sim.add_field("KR Progress", "double", types=("Epic",))
        sim.add_field("KR Summary")
        sim.add_field("Key Result")
        sim.create_work_item("Epic", "A faster checkout", tags=["kr:rebuilt"])
        sim.create_work_item("User Story", "Pay by phone", parent=1, fields={POINTS: 5})
        sim.create_work_item("Task", "Draw it", parent=2)
        yield sim


@pytest.fixture
def ado(sim: AzureDevOpsSimulator) -> TrackerClient:
    return connect(sim)


def connect(sim: AzureDevOpsSimulator, *, token: str = "pat", projects: tuple[str, ...] = ("Shop",)) -> TrackerClient:
    return TRACKER.connect(Connection("ado", "azure-devops", sim.url, projects=projects, token=Secret(token)))


def held(facts: Iterable[TrackerFact], before: Iterable[TrackerFact] = ()) -> dict[str, dict[str, Value]]:
    """What is known of each item's fields, once all the facts are known, in this order or any other."""
    items: dict[str, ItemState] = {}
    for fact in [*facts, *before]:
        if isinstance(fact, ItemSeen):
            items[str(fact.item)] = join(items.get(str(fact.item), {}), [fact])
    return {item: {name: known.value for name, known in state.items()} for item, state in items.items()}


def catalogue(ado: TrackerClient) -> object:
    return ado.catalogue()


def read(ado: TrackerClient) -> object:
    return ado.item("1")


def write(ado: TrackerClient) -> object:
    return ado.write("1", {"Custom.KRProgress": 62})


def test_the_catalogue_knows_fields_states_levels_projects_and_us(
    sim: AzureDevOpsSimulator, ado: TrackerClient
) -> None:
    sim.add_project("Archive")

    known = ado.catalogue()

    assert known.account == sim.account.id
    assert list(known.projects.values()) == ["Shop"]
    assert [(field.id, field.type) for field in known.named("kr progress")] == [("Custom.KRProgress", "number")]
    assert {field.name for field in known.with_role("story points")} == {"Story Points", "Effort"}
    assert [field.writable for field in known.named("Changed Date")] == [False]
    assert known.levels == {"epic": "portfolio", "feature": "portfolio", "task": "subtask"}
    assert [known.state_of("User Story", state) for state in ("New", "Active", "Resolved", "Closed", "Removed")] == [
        "to do",
        "in progress",
        "in progress",
        "done",
        "dropped",
    ]


def test_without_named_projects_all_are_known(sim: AzureDevOpsSimulator) -> None:
    sim.add_project("Archive")

    assert set(connect(sim, projects=()).catalogue().projects.values()) == {"Shop", "Archive"}


@pytest.mark.parametrize("most", [1, 2, 3, 1000])
def test_projects_are_read_to_their_end_however_long_a_page_is(sim: AzureDevOpsSimulator, most: int) -> None:
    sim.settings.page_of_projects = most
    names = {"Shop", *(sim.organisation.add_project(f"Project {number}").name for number in range(4))}

    assert set(connect(sim, projects=()).catalogue().projects.values()) == names
    assert list(connect(sim, projects=("project 3",)).catalogue().projects.values()) == ["Project 3"]


def test_a_state_is_what_its_items_project_makes_of_it(sim: AzureDevOpsSimulator) -> None:
    """Two processes may have a type and a state of the same names, and mean another category by it."""
    sim.categorise("Archive", "User Story", "Resolved", "Completed")
    for project in ("Shop", "Archive"):
        story = sim.create_work_item("User Story", f"Of {project}", project=project)
        sim.set_state(story, "Resolved")
    ado = connect(sim, projects=("Shop", "Archive"))
    known = ado.catalogue()

    found = {}
    for item in ("4", "5"):
        state = join({}, [fact for fact in ado.item(item) if isinstance(fact, ItemSeen)])
        read = item_of(state, ItemRef("ado", item), known, None)
        found[read.project] = read.state
    assert found == {"Shop": "in progress", "Archive": "done"}
    assert known.state_of("User Story", "Resolved") == "in progress"


def test_an_item_is_read_as_facts(ado: TrackerClient) -> None:
    facts = ado.item("2")

    assert {type(fact) for fact in facts} == {ItemSeen, ItemCreated}
    story = held(facts)["2"]
    assert (story["title"], story["type"], story["parent"], story[POINTS]) == ("Pay by phone", "User Story", "1", 5.0)
    assert (story["deleted"], story["labels"], story["done_at"], story["Custom.KeyResult"]) == (False, (), None, None)


def test_what_was_read_last_wins_over_what_was_told_before(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    """A field was emptied and a parent taken away, and no webhook told. A link alone makes no new revision."""
    sim.edit(2, {"Key Result": "rebuilt"}, actor="Dana Reed")
    before = ado.item("2")
    time.sleep(1.1)  # the tracker tells the time of an answer in whole seconds
    sim.edit(2, {"Key Result": None}, actor="Dana Reed")
    sim.set_parent(2, None, actor="Dana Reed")

    after = ado.item("2")

    assert (held(before)["2"]["Custom.KeyResult"], held(before)["2"]["parent"]) == ("rebuilt", "1")
    for known in (held(after, before=before)["2"], held(before, before=after)["2"]):
        assert (known["Custom.KeyResult"], known["parent"]) == (None, None)


def test_a_subtree_is_the_item_and_all_below_it(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    other = sim.create_work_item("User Story", "Not below it")

    facts = [fact for page in ado.subtree("1") for fact in page]

    assert {item: fields["parent"] for item, fields in held(facts).items()} == {"1": None, "2": "1", "3": "2"}
    assert str(other) not in held(facts)


def test_a_subtree_comes_in_pages(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    for number in range(210):
        sim.create_work_item("Task", f"Step {number}", parent=2)

    pages = list(ado.subtree("1"))

    assert [len(held(page)) for page in pages] == [200, 13]


def test_a_subtree_that_no_query_can_answer_is_read_level_by_level(
    sim: AzureDevOpsSimulator, ado: TrackerClient
) -> None:
    for number in range(210):
        sim.create_work_item("Task", f"Step {number}", parent=2)
    sim.delete(7)
    at_once = [fact for page in ado.subtree("1") for fact in page]
    sim.settings.result_cap = 100

    pages = list(ado.subtree("1"))

    assert [len(held(page)) for page in pages] == [1, 1, 199, 11]  # the deleted one takes its place in a batch
    assert held([fact for page in pages for fact in page]) == held(at_once)
    with pytest.raises(Gone):
        list(ado.subtree("999"))


def test_items_are_read_together_as_they_are_one_by_one(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    sim.delete(3)
    before = len(sim.requests)

    found = ado.items(["1", "2", "3", "99", "SHOP-1"])

    assert sum("/workitemsbatch" in request.casefold() for request in sim.requests[before:]) == 1
    assert {item: type(found[item]) for item in ("3", "99", "SHOP-1")} == dict.fromkeys(("3", "99", "SHOP-1"), Gone)
    for item in ("1", "2"):
        told = found[item]
        assert isinstance(told, tuple)
        assert held(told) == held(ado.item(item))


@pytest.mark.parametrize("item", ["99", "SHOP-1", ""])
def test_an_item_that_is_not_there_is_gone(ado: TrackerClient, item: str) -> None:
    for read in (
        lambda: ado.item(item),
        lambda: list(ado.subtree(item)),
        lambda: ado.write(item, {"Custom.KRProgress": 1}),
    ):
        with pytest.raises(Gone):
            read()


def test_fields_and_badge_are_written_quietly_at_once(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    looked = ado.current("1", ["Custom.KRProgress", "Custom.KRSummary"], badge=True)
    ado.write("1", {"Custom.KRProgress": 62, "Custom.KRSummary": "62 %"}, badge=BADGE, revision=looked.revision)

    assert (looked.fields, looked.badge) == ({"Custom.KRProgress": None, "Custom.KRSummary": None}, None)
    now = ado.current("1", ["Custom.KRProgress", "Custom.KRSummary"], badge=True)
    assert now.fields == {"Custom.KRProgress": 62.0, "Custom.KRSummary": "62 %"}
    assert now.badge == BADGE
    assert now.revision == 2
    assert len(sim.writes) == 1
    assert sim.emails == []


def test_people_are_told_when_quiet_is_not_asked_for(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    ado.write("1", {"Custom.KRProgress": 62}, quiet=False)

    assert len(sim.emails) == 1


def test_a_value_is_cleared(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    ado.write("1", {"Custom.KRProgress": 62})
    ado.write("1", {"Custom.KRProgress": None})

    assert sim.value(1, "KR Progress") is None


def test_a_badge_follows_its_key_result_and_goes(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    sim.add_relation(1, "Hyperlink", "http://wiki.bookshop.example/checkout")
    ado.write("1", {}, badge=BADGE)
    ado.write("1", {}, badge=Badge(BADGE.url, BADGE.title, "70 % · on track"))
    assert ado.current("1", [], badge=True).badge == Badge(BADGE.url, BADGE.title, "70 % · on track")

    elsewhere = Badge("http://okrlink.bookshop.example/kr/other", "Another | thing", "1 %", resolved=True)
    ado.write("1", {}, badge=elsewhere)
    assert list(sim.hyperlinks(1).values()) == ["", "okrlink, done: Another / thing | 1 %"]

    ado.write("1", {}, remove_badge=True)
    assert sim.hyperlinks(1) == {"http://wiki.bookshop.example/checkout": ""}


def test_a_badge_that_stands_already_is_not_written_again(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    for _ in range(2):
        ado.write("1", {}, badge=BADGE)
    ado.write("2", {}, remove_badge=True)

    assert len(sim.writes) == 1


def test_somebody_else_wrote_in_between(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    looked = ado.current("1", ["Custom.KRProgress"], badge=True)
    sim.edit(1, {"KR Progress": 70}, actor="Dana Reed")

    with pytest.raises(Conflict):
        ado.write("1", {"Custom.KRProgress": 62}, revision=looked.revision)
    with pytest.raises(Conflict):
        ado.write("1", {"Custom.KRProgress": 62}, badge=BADGE, revision=looked.revision)

    assert sim.value(1, "KR Progress") == 70.0


def test_the_last_edit_names_who_gave_the_present_value(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    ado.write("1", {"Custom.KRProgress": 62})
    assert ado.last_edit("1", "Custom.KRProgress") == Edit(sim.account.id, 62.0)

    sim.edit(1, {"KR Progress": 70}, actor="Dana Reed")
    edit = ado.last_edit("1", "Custom.KRProgress")
    assert edit is not None
    assert (edit.value, edit.actor == sim.account.id) == (70.0, False)

    assert ado.last_edit("1", "Custom.KRSummary") is None


def test_a_long_history_is_read_from_its_end(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    sim.edit(1, {"KR Summary": "long ago"}, actor="Dana Reed")
    for number in range(450):
        sim.edit(1, {"KR Progress": number}, actor="Dana Reed")

    for field, value in (("Custom.KRProgress", 449.0), ("Custom.KRSummary", "long ago")):
        edit = ado.last_edit("1", field)
        assert edit is not None
        assert edit.value == value


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("Custom.Nowhere", "Cannot find field Custom.Nowhere"),
        ("System.ChangedDate", "Rule Error for field Changed Date"),
    ],
)
def test_a_refused_field_is_named_with_the_trackers_own_words(ado: TrackerClient, field: str, words: str) -> None:
    with pytest.raises(Permanent) as refused:
        ado.write("1", {field: "2026-10-05T09:30:00Z"})

    assert words in refused.value.fields[field]


def test_a_token_that_opens_nothing_is_refused(sim: AzureDevOpsSimulator) -> None:
    stranger = connect(sim, token="a-wrong-token")

    for call in (catalogue, read, write):
        with pytest.raises(Refused) as refused:
            call(stranger)
        assert "a-wrong-token" not in str(refused.value)


def test_an_account_that_may_not_be_quiet_writes_nothing(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    sim.settings.may_suppress = False

    with pytest.raises(Refused, match="suppress notifications"):
        ado.write("1", {"Custom.KRProgress": 62})

    assert sim.value(1, "KR Progress") is None


@pytest.mark.parametrize("call", [read, write])
@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (Fault("throttle", times=9, retry_after=7), 7.0),
        (Fault("unavailable", times=9, retry_after=3), 3.0),
        (Fault("error", times=9), None),
        (Fault("html", times=9), None),
        (Fault("broken json", times=9), None),
        (Fault("cut", times=9), None),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_trouble_is_told_and_not_repeated_behind_the_callers_back(
    sim: AzureDevOpsSimulator,
    ado: TrackerClient,
    call: Callable[[TrackerClient], object],
    fault: Fault,
    after: float | None,
) -> None:
    ado.item("1")  # by now the SDK knows its routes
    sim.faults.add(fault)

    with pytest.raises(Retryable) as told:
        call(ado)

    assert told.value.after == after
    assert len(sim.faults.hits) == 1
    assert sim.writes == []


def test_a_wish_to_slow_down_on_a_good_answer_is_kept(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    ado.item("1")
    sim.slow_down(1, retry_after=1)
    ado.item("1")

    began = time.monotonic()
    ado.item("1")

    assert time.monotonic() - began >= 0.9


def test_a_wish_beyond_our_patience_is_the_callers_to_keep(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    ado.item("1")
    sim.slow_down(9, retry_after=30)
    ado.item("1")

    with pytest.raises(Retryable) as told:
        ado.item("1")

    assert told.value.after == pytest.approx(30, abs=2)
    sim.assert_readonly()


def test_an_organisation_that_cannot_be_reached_may_be_later(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    sim.close()

    with pytest.raises(Retryable):
        ado.item("1")


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "equal"),
    [
        ("number", 62, 62.0, True),
        ("number", 62.1, 62.10000000001, True),
        ("number", 62, 63, False),
        ("number", 62, "not a number", False),
        ("number", 0, None, False),
        ("text", "on track", "on track ", True),
        ("text", "on track", "On track", False),
        ("text", None, "", True),
        ("date", "2026-10-05T09:30:00+00:00", "2026-10-05T09:30:00Z", True),
        ("date", "2026-10-05", "2026-10-06T00:00:00Z", False),
    ],
)
def test_values_compare_as_their_field_keeps_them(
    ado: TrackerClient, kind: str, ours: str | float | None, theirs: str | float | None, equal: bool
) -> None:
    assert ado.same(kind, ours, theirs) is equal


def test_two_organisations_do_not_mix(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    with AzureDevOpsSimulator("library", project="Loans", token="other") as library:
        library.create_work_item("Bug", "A torn page")
        there = TRACKER.connect(Connection("lib", "azure-devops", library.url, token=Secret("other")))

        assert held(there.item("1"))["1"]["project"] == "Loans"
        assert held(ado.item("1"))["1"]["project"] == "Shop"
        assert isinstance(there.catalogue(), Catalogue)
        assert library.unmodelled == sim.unmodelled == []


def test_a_text_for_a_field_of_html_is_escaped_and_known_again(sim: AzureDevOpsSimulator, ado: TrackerClient) -> None:
    name = sim.add_field("KR Story", "html")
    told = "62 % <b>· p95 <= 2 s & falling"

    ado.write("1", {name: told, "Custom.KRSummary": told})

    assert sim.value(1, name) == "62 % &lt;b&gt;· p95 &lt;= 2 s &amp; falling"
    assert sim.value(1, "Custom.KRSummary") == told
    held = ado.current("1", [name], badge=False).fields[name]
    for theirs in (held, f"<div>{held}</div>", f"<p><b>62</b>&nbsp;%{str(held)[4:]}<br></p>"):
        assert ado.same("rich text", told, theirs)
    for theirs in ("62 %", told, f"{held} fast", f"<i>so far:</i> {held}"):
        assert not ado.same("rich text", told, theirs)
