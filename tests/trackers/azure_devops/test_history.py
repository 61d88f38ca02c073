"""The past, read from the feeds and lists of the simulated Azure DevOps, is what its webhooks told."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from integration.core.errors import Gone, Retryable
from integration.core.facts import TrackerFact
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.faults import Fault
from integration.trackers.azure_devops import TRACKER, history_items, history_lists
from integration.trackers.contract import Connection, Historian, HistoryPage, Secret
from tests.sides import Clock

MORNING = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(MORNING)


@pytest.fixture
def sim(clock: Clock) -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator(clock=clock) as sim:
        sim.add_project("Warehouse")
        yield sim


def historian(sim: AzureDevOpsSimulator, *projects: str) -> Historian:
    return TRACKER.connect(Connection("ado", "azure-devops", sim.url, projects=projects, token=Secret("pat")))


def read(sim: AzureDevOpsSimulator, stream: str, cursor: str | None = None) -> list[HistoryPage]:
    return list(historian(sim, "Shop").history(stream, LONG_AGO, cursor))


def facts(pages: Sequence[HistoryPage]) -> list[TrackerFact]:
    return [fact for page in pages for fact in page.facts]


def kinds(pages: Sequence[HistoryPage]) -> list[str]:
    return [fact.kind for fact in facts(pages)]


def test_a_page_holds_a_thousand_revisions_and_counts_the_items_it_tells_first(sim):
    first = sim.create_work_item("Epic", "The new checkout")
    for number in range(1009):
        sim.create_work_item("User Story", f"Step {number}")
    sim.set_state(first, "Active")
    before = len(sim.requests)

    pages = read(sim, "work items")

    assert [page.items for page in pages] == [1000, 10]
    assert len(sim.requests) - before == len(pages)
    assert "status changed" in [fact.kind for fact in pages[1].facts]  # beside a revision of the page before


def test_going_on_from_any_page_misses_nothing_and_repeats_nothing(sim, clock, monkeypatch):
    monkeypatch.setattr(history_items, "PAGE", 3)
    story = sim.create_work_item("User Story", "Pay by phone", tags=["kr:built"])
    other = sim.create_work_item("User Story", "Pay by card", parent=sim.create_work_item("Epic", "Pay"))
    for state in ("Active", "Resolved", "Closed", "Active"):
        clock.forward(minutes=5)
        sim.set_state(story, state)
        sim.edit(other, {"Story Points": len(state)})
        sim.comment(other, "Nearly there")
    sim.remove_tag(story, "kr:built")
    for stream in ("work items", "work item links"):
        whole = read(sim, stream)

        for number, page in enumerate(whole[:-1]):
            assert facts(read(sim, stream, page.cursor)) == facts(whole[number + 1 :])
    assert len(whole) == 1


def test_the_last_cursor_tells_later_what_changed_since(sim, clock):
    story = sim.create_work_item("User Story", "Pay by phone")
    cursor = read(sim, "work items")[-1].cursor
    assert facts(read(sim, "work items", cursor)) == []

    clock.forward(days=1)
    sim.set_state(story, "Active")

    told = facts(read(sim, "work items", cursor))
    assert "status changed" in [fact.kind for fact in told]
    assert "item created" not in [fact.kind for fact in told]


def test_an_item_that_changes_again_is_told_with_all_of_its_past_once(sim, clock):
    epic = sim.create_work_item("Epic", "Pay")
    story = sim.create_work_item("User Story", "Pay by phone", parent=epic, tags=["kr:built"])
    sim.create_work_item("User Story", "Nobody ever touches it")
    clock.forward(days=1)
    sim.set_state(story, "Active")
    clock.forward(days=1)
    since = clock()
    clock.forward(days=1)
    sim.set_state(story, "Closed")
    client = historian(sim, "Shop")

    (page,) = client.history("work items", since, None)
    clock.forward(days=1)
    sim.set_state(epic, "Active")
    sim.set_state(story, "Active")
    (later,) = historian(sim, "Shop").history("work items", since, page.cursor)

    assert page.items == 1
    moves = [(fact.before, fact.after) for fact in page.facts if fact.kind == "status changed"]
    assert moves == [("New", "Active"), ("Active", "Closed")]
    assert "item created" in [fact.kind for fact in page.facts]
    assert {fact.item for fact in page.facts} == {str(story)}
    parents = [fact.fields["parent"] for fact in page.facts if fact.kind == "item seen" and "parent" in fact.fields]
    assert set(parents) == {str(epic)}
    assert later.items == 1
    told = [(fact.item, fact.kind) for fact in later.facts if fact.kind in ("item created", "status changed")]
    assert told == [(str(epic), "item created"), (str(epic), "status changed"), (str(story), "status changed")]


def test_many_items_with_a_past_are_read_from_the_feeds_own_beginning(sim, clock, monkeypatch):
    monkeypatch.setattr(history_items, "MOST_PASTS", 5)
    monkeypatch.setattr(history_items, "PAGE", 10)
    items = [sim.create_work_item("User Story", f"Step {number}") for number in range(12)]
    clock.forward(days=1)
    since = clock()
    for item in items:
        clock.forward(minutes=1)
        sim.set_state(item, "Active")

    pages = list(historian(sim, "Shop").history("work items", since, None))

    told = [fact for page in pages for fact in page.facts]
    assert len([fact for fact in told if fact.kind == "item created"]) == 12
    assert len([fact for fact in told if fact.kind == "status changed"]) == 12
    assert sum(page.items for page in pages) == historian(sim, "Shop").total("work items", since) == 12
    assert not [asked for asked in sim.requests if asked.endswith("/revisions")]


def test_changes_of_one_moment_may_fall_on_both_sides_of_a_page(sim, monkeypatch):
    """Asked for as it was a millisecond before the page, an item may already have been what it was then, or not yet."""
    monkeypatch.setattr(history_items, "PAGE", 3)
    first, second = (sim.create_work_item("User Story", title) for title in ("One", "Two"))
    sim.set_state(first, "Active")
    sim.set_state(second, "Active")
    sim.set_state(first, "Closed")

    pages = read(sim, "work items")
    again = read(sim, "work items", pages[0].cursor)

    assert facts(again) == facts(pages[1:])
    assert f"GET /bookshop/_apis/wit/workItems/{first}/revisions/2" in sim.requests


def test_links_that_were_made_at_once_are_one_change_across_pages(sim, monkeypatch):
    first, second = (sim.create_work_item("Epic", title) for title in ("One", "Two"))
    story = sim.create_work_item("User Story", "Pay by phone", parent=first)
    sim.set_parent(story, second)  # two records of one moment: the third request has the second of them
    sim.settings.reporting_page = 2

    pages = read(sim, "work item links")

    moved = [(fact.before, fact.after) for fact in facts(pages) if fact.kind == "parent changed"]
    assert len(pages) == 2
    assert moved == [(None, str(first)), (str(first), str(second))]


def test_a_deleted_item_is_told_as_deleted_and_as_it_was(sim):
    story = sim.create_work_item("User Story", "Pay by phone")
    sim.set_state(story, "Active")
    sim.delete(story)
    cursor = read(sim, "work items")[-1].cursor
    sim.restore(story)

    assert kinds(read(sim, "work items"))[-1] == "item restored"
    assert kinds(read(sim, "work items", cursor)) == ["item seen", "item restored"]


def test_an_item_deleted_between_two_readings_is_told_as_deleted(sim):
    story = sim.create_work_item("User Story", "Pay by phone")
    cursor = read(sim, "work items")[-1].cursor
    sim.delete(story)

    assert kinds(read(sim, "work items", cursor)) == ["item seen", "item deleted"]


def test_only_the_projects_of_the_connection_are_read(sim):
    sim.create_work_item("User Story", "Pay by phone")
    sim.create_work_item("User Story", "Stack the shelves", project="Warehouse")

    assert sum(page.items for page in read(sim, "work items")) == 1
    assert sum(page.items for page in historian(sim).history("work items", LONG_AGO, None)) == 2
    assert historian(sim, "Shop").total("work items", LONG_AGO) == 1
    assert historian(sim).total("work items", LONG_AGO) == 2


def test_a_project_that_is_named_later_is_read_from_its_beginning(sim):
    sim.create_work_item("User Story", "Stack the shelves", project="Warehouse")
    cursor = read(sim, "work items")[-1].cursor

    assert sum(page.items for page in historian(sim, "Shop", "Warehouse").history("work items", LONG_AGO, cursor)) == 1


def test_a_project_that_cannot_be_read_holds_up_no_other(sim):
    sim.create_work_item("User Story", "Pay by phone")
    told = 0

    with pytest.raises(Gone, match=r"Nowhere: .*TF200016"):  # noqa: PT012 - what comes before it counts
        for page in historian(sim, "Nowhere", "Shop").history("work items", LONG_AGO, None):
            told += page.items

    assert told == 1


@pytest.mark.parametrize("stream", ["work items", "work item links", "builds", "pipeline runs"])
def test_whatever_stops_a_reading_it_goes_on_from_its_last_page(sim, clock, monkeypatch, stream):
    """Many requests are refused, others break off; each time another process takes over."""
    monkeypatch.setattr(history_items, "PAGE", 3)
    monkeypatch.setattr(history_lists, "PAGE", 2)
    monkeypatch.setattr(history_lists, "PAGE_OF_RUNS", 2)
    sim.settings.reporting_page = 3
    epic = sim.create_work_item("Epic", "Pay")
    for number in range(1, 11):
        story = sim.create_work_item("User Story", f"Step {number}", parent=epic)
        sim.set_state(story, "Active")
        sim.change_stage(run_id=number, pipeline="Deploy", stage="Production")
        sim.change_run(run_id=number, pipeline="Deploy")
        clock.forward(minutes=20)
    whole = facts(read(sim, stream))
    sim.faults.add(Fault("throttle", times=None, share=0.28))
    sim.faults.add(Fault("cut", times=None, share=0.28))

    told, cursor, stops = [], None, 0
    while True:
        try:
            for page in historian(sim, "Shop").history(stream, LONG_AGO, cursor):
                told += page.facts
                cursor = page.cursor
            break
        except Retryable:
            stops += 1

    assert told == whole
    assert stops


@pytest.mark.parametrize("count", [0, 3, 40])
def test_ids_are_told_however_many_there_are(sim, count):
    for number in range(count):
        sim.create_work_item("Task", f"Step {number}", project="Warehouse" if number % 2 else "Shop")
    sim.settings.result_cap = 30_000 if count < 40 else 7

    found = [one for page in historian(sim).present() for one in page]

    assert found == [str(number) for number in range(1, count + 1)]


def test_a_deleted_item_is_not_present(sim):
    sim.delete(sim.create_work_item("Task", "Draw it"))

    assert list(historian(sim, "Shop").present()) == []


def test_builds_are_told_once_and_again_only_within_the_overlap(sim, clock):
    for number in (1, 2, 3):
        sim.complete_build(build_id=number, definition="Shop CI")
        clock.forward(minutes=4)
    pages = read(sim, "builds")
    later = read(sim, "builds", pages[-1].cursor)

    assert [fact.run for fact in facts(pages)] == ["1", "2", "3"]
    assert [fact.run for fact in facts(later)] == ["3"]


def test_a_run_is_told_with_every_attempt_of_its_stages(sim):
    for attempt, result in ((1, "failed"), (2, "succeeded")):
        sim.change_stage(run_id=9, pipeline="Shop deploy", stage="Production", attempt=attempt, result=result)
    sim.change_run(run_id=9, pipeline="Shop deploy")
    sim.complete_build(build_id=10, definition="A classic one")

    told = facts(read(sim, "pipeline runs"))

    assert [(fact.of, fact.stage, fact.attempt, fact.result) for fact in told] == [
        ("run", None, None, "succeeded"),
        ("stage", "Production", 2, "succeeded"),
        ("stage", "Production", 1, "failed"),
    ]
    assert {fact.commit for fact in told} == {"0" * 39 + "1"}


def test_a_restart_while_runs_are_read_repeats_no_page(sim, clock):
    for number in range(1, 121):
        clock.forward(seconds=1)
        sim.change_stage(run_id=number, pipeline="Shop deploy", stage="Production")
        sim.change_run(run_id=number, pipeline="Shop deploy")
    pages = read(sim, "pipeline runs")

    assert [page.items for page in pages] == [50, 50, 20]
    assert facts(read(sim, "pipeline runs", pages[0].cursor)) == facts(pages[1:])


def test_deployments_that_ended_are_told(sim):
    sim.complete_deployment(deployment_id=1, release="Release-1", environment="Production", status="rejected")

    (told,) = facts(read(sim, "releases"))

    assert (told.of, told.stage, told.result, told.attempt) == ("release deployment", "Production", "failed", 1)


def test_pull_requests_are_told_with_both_ends_of_their_lives(sim, clock):
    old = {"pull_request_id": 1, "repository": "main", "title": "Faster", "created": MORNING}
    sim.change_pull_request(verb="created", **old)
    clock.forward(days=2)
    sim.change_pull_request(verb="updated", status="completed", closed=clock(), **old)
    sim.change_pull_request(verb="created", pull_request_id=2, repository="main", title="Slower", created=clock())
    sim.change_pull_request(
        verb="updated", pull_request_id=2, repository="main", title="Slower", status="abandoned", created=clock()
    )
    since = MORNING + timedelta(days=1)

    pages = list(historian(sim, "Shop").history("pull requests", since, None))

    told = [fact for fact in facts(pages) if fact.pull_request == "1"]
    assert [page.items for page in pages] == [1, 1]  # those opened since, then those closed since
    assert [(fact.action, fact.at) for fact in told] == [("opened", MORNING), ("merged", clock())]


def test_a_list_that_leads_in_circles_is_left_and_read_again_later(sim, clock, monkeypatch):
    monkeypatch.setattr(history_lists, "PAGE", 2)
    for number in range(1, 6):
        sim.complete_build(build_id=number, definition="Shop")
        clock.forward(minutes=1)
    sim.settings.is_going_in_circles = True
    pages: list[HistoryPage] = []
    with pytest.raises(Retryable, match="to the same page again"):
        pages.extend(historian(sim, "Shop").history("builds", LONG_AGO, None))
    sim.settings.is_going_in_circles = False

    told = [
        fact.run for page in [*pages, *read(sim, "builds", pages[-1].cursor if pages else None)] for fact in page.facts
    ]
    assert told == ["1", "2", "3", "4", "5"]
