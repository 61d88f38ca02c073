"""The past of the simulated Data Center, as the client reads it: everything once, though issues move under its feet."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import cast

import pytest

from integration.core.facts import ItemCreated, SprintChanged, TrackerFact, VersionChanged
from integration.core.queries import Query
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_things import Issue
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, HistoryPage, Reader, Secret
from tests.simulators.asking_jira import Clock

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SEARCH = "/rest/api/2/search"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jira(clock: Clock) -> Iterator[JiraDataCenterSimulator]:
    projects = {"SHOP": "Bookshop", "PAY": "Payments"}
    with JiraDataCenterSimulator(clock=clock, projects=projects, time_zone="Asia/Kolkata") as site:
        yield site
        assert not site.unmodelled
        site.assert_readonly()


def reader(jira: JiraDataCenterSimulator) -> Reader:
    """A new client, as after a restart."""
    site = Connection("jira", "jira-data-center", jira.url, ("SHOP",), token=Secret(jira.token))
    return cast("Reader", TRACKERS["jira-data-center"].connect(site))


def read(jira: JiraDataCenterSimulator, cursor: str | None = None, stream: str = "issues") -> list[HistoryPage]:
    return list(reader(jira).history(stream, LONG_AGO, cursor))


def told(pages: Sequence[HistoryPage]) -> list[TrackerFact]:
    return [fact for page in pages for fact in page.facts]


def issues(pages: Sequence[HistoryPage]) -> Counter[str | None]:
    """How often each issue was told."""
    return Counter(fact.item for fact in told(pages) if isinstance(fact, ItemCreated))


def many(jira: JiraDataCenterSimulator, clock: Clock, count: int, *, apart: float = 1) -> list[Issue]:
    """So many issues, so many seconds apart; every other one is being worked on."""
    made = []
    for number in range(count):
        made.append(jira.create_issue("SHOP", "Story", f"Story {number}"))
        if number % 2:
            jira.transition(made[-1], "In Progress")
        clock.pass_(seconds=apart)
    clock.pass_(hours=1)
    return made


def asked(jira: JiraDataCenterSimulator) -> int:
    return sum(request.path == SEARCH for request in jira.requests)


def test_a_hundred_issues_a_request_with_all_that_became_of_them(jira, clock) -> None:
    made = many(jira, clock, 230)

    pages = read(jira)

    assert issues(pages) == Counter(one.id for one in made)
    assert [page.items for page in pages] == [100, 99, 31]
    assert asked(jira) == len(jira.requests) - len(["project", "myself", "field"]) == 3
    assert sum(fact.kind == "status changed" for fact in told(pages)) == 115


@pytest.mark.parametrize("apart", [0, 1, 90])
@pytest.mark.parametrize("moved", [0, 50, 99])
def test_an_issue_that_is_changed_meanwhile_hides_no_other(jira, clock, moved, apart) -> None:
    """It moves to the end, and all that stood behind it come one place nearer; also when all were changed at once."""
    made = many(jira, clock, 230, apart=apart)
    walk = reader(jira).history("issues", LONG_AGO, None)
    first = next(walk)

    jira.edit(made[moved], {"summary": "Changed meanwhile"})
    rest = list(walk)

    found = issues([first, *rest])
    assert set(found) == {one.id for one in made}
    assert [number for number, times in found.items() if times > 1] == [made[moved].id]


def test_wherever_it_is_stopped_nothing_is_missed_and_nothing_told_twice(jira, clock) -> None:
    made = many(jira, clock, 230)
    for killed_after in (1, 2):
        first = list(islice(reader(jira).history("issues", LONG_AGO, None), killed_after))

        assert issues([*first, *read(jira, first[-1].cursor)]) == Counter(one.id for one in made)


def test_the_next_walk_tells_only_what_changed_since(jira, clock) -> None:
    made = many(jira, clock, 120)
    cursor = read(jira)[-1].cursor
    before = asked(jira)
    assert not told(read(jira, cursor))
    assert asked(jira) == before + 1

    clock.pass_(hours=1)
    jira.edit(made[3], {"summary": "Changed"})

    assert issues(read(jira, cursor)) == Counter([made[3].id])


@pytest.mark.parametrize("cursor", ["", "{}", "[]", '{"updated": "yesterday"}'])
def test_a_cursor_that_cannot_be_read_is_none(jira, clock, cursor) -> None:
    made = many(jira, clock, 3)

    assert issues(read(jira, cursor)) == Counter(one.id for one in made)


def test_how_many_there_are_which_are_there_and_which_answer_a_query(jira, clock) -> None:
    made = many(jira, clock, 1100, apart=0)
    jira.create_issue("PAY", "Story", "Elsewhere")

    assert reader(jira).total("issues", clock.now - timedelta(hours=2)) == 1100
    assert [len(page) for page in reader(jira).present()] == [1000, 100]
    assert {number for page in reader(jira).present() for number in page} == {one.id for one in made}
    done = reader(jira).answers(Query("status = 'In Progress'"))
    assert sum(len(page) for page in done) == 550


def test_released_versions_and_held_sprints(jira, clock) -> None:
    jira.add_board("Support", "kanban")
    version = jira.release_version(jira.create_version("SHOP", "Shop 1.0").name)
    sprint = jira.start_sprint(jira.create_sprint("Week 40").id)

    [released] = told(read(jira, stream="versions"))
    [started] = told(read(jira, stream="sprints"))

    assert isinstance(released, VersionChanged)
    assert (released.source, released.release_date) == (f"{version.id}:released", "2026-10-01")
    assert isinstance(started, SprintChanged)
    assert (started.source, started.at) == (f"{sprint.id}:started", clock.now)
