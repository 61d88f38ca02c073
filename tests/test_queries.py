"""Items that answer a query in the tracker's own language: asked at rescans, linked and counted like any others."""

from datetime import timedelta
from decimal import Decimal

from integration.core.okr import Standing
from integration.history import walk
from integration.rescan import begin, readers_of, rescan
from integration.store import check_ins, streams
from integration.store.streams import STANDING, WHOLE
from integration.trackers.contract import Connection
from tests.desk import Desk

QUARTER = timedelta(minutes=15)
BUILT = "checkout.built"
STORIES = {"jira": "issuetype = Story ORDER BY created", "ado": "[System.WorkItemType] = 'User Story'"}
FILTERS = {
    "jira": "issuetype = Story",
    "ado": "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'User Story'",
}


def linked(what: str) -> dict[str, str]:
    return {"built": f"{{title: The new checkout is built, work: items, linked: [{{{what}}}]}}"}


def counted(what: str) -> dict[str, str]:
    return {"built": f"{{title: Few are open, count: {{{what}}}, target: 1}}"}


def query(desk: Desk) -> str:
    return f'query: "{STORIES[desk.side.name]}"'


def story(desk: Desk) -> str:
    """One below an epic that nobody tagged."""
    return desk.side.story(desk.side.epic(tag=""))


def save(desk: Desk, name: str) -> None:
    """A filter or shared query for all stories."""
    simulator = desk.side.simulator
    if desk.side.name == "jira":
        simulator.save_filter(name, FILTERS["jira"])
    else:
        simulator.save_query(f"Shared Queries/Team/{name}", FILTERS["ado"])


def asked(desk: Desk) -> None:
    """What a worker asks now, and all that follows."""
    name = desk.side.name
    readers = readers_of(desk.clients, [name])
    site = Connection(name, "", "", projects=desk.loaded.scorecard.connections[name].projects, rescan=QUARTER)
    begin(desk.database, readers, desk.clock())
    while rescan(desk.database, {name: site}, readers, desk.clock):
        pass
    desk.settle()


def backfilled(desk: Desk) -> None:
    name = desk.side.name
    reader = readers_of(desk.clients, [name])[name]
    for stream in reader.streams[:2]:
        with desk.database.write() as connection:
            streams.begin(connection, name, stream, WHOLE, desk.clock() - timedelta(days=999), desk.clock())
            taken = streams.take_over(connection, name, stream, WHOLE, desk.clock())
        walk(desk.database, reader, taken, desk.clock, timedelta(days=999))
    desk.later(seconds=3)


def standing(desk: Desk) -> Standing:
    with desk.database.read() as connection:
        return check_ins.standings_of(connection)[BUILT].standing


def test_work_is_linked_by_a_query(desk: Desk) -> None:
    """Nobody tells of these stories: one was made before, and none is tagged."""
    first = story(desk)
    desk.side.done(first)
    story(desk)
    desk.forget_deliveries()
    desk.apply(key_results=linked(query(desk)))
    desk.settle()
    waiting = standing(desk)
    assert (waiting.progress, waiting.waiting) == (None, True)
    assert "has not been asked yet which items answer" in waiting.reason

    asked(desk)
    desk.later(seconds=3)
    assert (standing(desk).current, standing(desk).reason) == (Decimal(50), "")
    assert desk.side.value(first, "KR Progress") == 50


def test_what_answers_no_more_is_linked_no_more(desk: Desk) -> None:
    story(desk)
    gone = story(desk)
    desk.side.done(gone)
    desk.apply(key_results=linked(query(desk)))
    desk.settle()
    asked(desk)
    desk.later(seconds=3)
    assert standing(desk).current == 50

    desk.side.delete(gone)
    desk.clock.forward(minutes=15)
    asked(desk)
    desk.later(seconds=3)
    assert standing(desk).current == 0


def test_a_saved_query_is_found_by_its_name(desk: Desk) -> None:
    save(desk, "Our stories")
    desk.side.done(story(desk))
    desk.apply(key_results=linked("saved_query: our stories"))
    desk.settle()

    asked(desk)
    desk.later(seconds=3)
    assert standing(desk).current == 100


def test_a_query_that_is_refused_is_told_in_the_trackers_words(desk: Desk) -> None:
    """And, once it is mended there, asked like any other."""
    desk.side.done(story(desk))
    desk.apply(key_results=linked("saved_query: Our stories"))
    desk.settle()
    asked(desk)
    desk.later(seconds=3)
    [line] = [one for one in desk.notices() if "Our stories" in one]
    assert line.startswith(f"{desk.side.name} does not answer the saved query 'Our stories': ")
    assert standing(desk).reason == line
    assert line in desk.plan().problems.values()

    save(desk, "Our stories")
    desk.clock.forward(minutes=15)
    asked(desk)
    desk.later(seconds=3)
    assert standing(desk).current == 100
    assert not [one for one in desk.notices() if "Our stories" in one]


def test_a_plan_asks_what_nobody_asked_before(desk: Desk) -> None:
    done = story(desk)
    desk.side.done(done)
    desk.forget_deliveries()

    made = desk.plan(key_results=linked(query(desk)))

    assert made.standings[BUILT].current == 100
    assert [(one.ref.id, change.then) for one in made.items for change in one.changes if change.value == "percent"] == [
        (done, 100)
    ]
    desk.side.assert_readonly()


def test_items_are_counted_by_what_they_are_and_by_a_query(desk: Desk) -> None:
    stories = [story(desk) for _ in range(3)]
    desk.side.epic()
    desk.forget_deliveries()
    desk.apply(key_results=counted(f"open: true, {query(desk)}"))
    desk.settle()
    asked(desk)
    assert (
        standing(desk).reason
        == f"the items of {desk.side.name} have not all been read yet; run okrlink backfill {desk.side.name}"
    )

    backfilled(desk)
    assert (standing(desk).current, standing(desk).start, standing(desk).unit) == (3, 3, "items")

    desk.side.done(stories[0])
    desk.later(days=1)
    assert (standing(desk).current, standing(desk).progress) == (2, Decimal("0.5"))
    assert desk.plan().standings[BUILT].current == 2


def test_a_new_query_is_asked_at_once_and_an_old_one_forgotten(desk: Desk) -> None:
    desk.side.done(story(desk))
    desk.apply(key_results=linked(query(desk)))
    desk.settle()
    asked(desk)

    save(desk, "Our stories")
    desk.apply(key_results=linked("saved_query: Our stories"))
    desk.settle()
    with desk.database.read() as connection:
        walked = streams.find(connection, desk.side.name, streams.QUERIES, STANDING)
    assert walked is not None
    assert walked.due_at <= desk.clock()

    asked(desk)
    desk.later(seconds=3)
    assert standing(desk).current == 100
