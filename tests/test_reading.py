"""What webhooks never told is read: durable questions, asked once, retried, and answered into the same facts (design section 6)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from integration.core.okr import Standing
from integration.ingest import ingest
from integration.reading import answer_reads
from integration.refresh import fold_items, measure_key_results, reach_key_results
from integration.simulators.faults import Fault
from integration.store import check_ins, facts, reads
from integration.trackers import TRACKERS
from integration.trackers.contract import TrackerClient
from tests.desk import Desk
from tests.steps import deliver


def take(desk: Desk) -> None:
    """Puts what the tracker told until now into the inbox."""
    assert desk.side.drain()
    told = desk._listener.received
    deliver(desk.database, desk.side.name, [one.body for one in told[desk._taken :]])
    desk._taken = len(told)


@contextmanager
def unheard(desk: Desk) -> Iterator[None]:
    """What happens inside is never told: it was before okrlink, or its webhooks are lost."""
    take(desk)
    yield
    assert desk.side.drain()
    desk._taken = len(desk._listener.received)


def standing(desk: Desk, key_result: str = "checkout.built") -> Standing:
    with desk.database.read() as connection:
        return check_ins.standings_of(connection)[key_result].standing


def counted(desk: Desk) -> tuple[int, int] | None:
    """How many items are done of how many; None where that is unknown."""
    work = standing(desk).work
    return None if work is None else (work.items_done, work.items)


def asked(desk: Desk, state: str | None = None) -> list[tuple[str, str, int, str | None]]:
    """The questions about items: kind, item, how often it was tried, and what stood in the way."""
    with desk.database.read() as connection:
        waiting = reads.open_reads(connection)
    return [(one.kind, one.ref.id, one.attempts, one.reason) for one in waiting if state in (None, one.state)]


@pytest.fixture
def begun(desk: Desk) -> Desk:
    desk.apply()
    desk.settle()
    return desk


def old_epic(desk: Desk, *, tag: str = "") -> tuple[str, list[str]]:
    """An epic that was there before okrlink, with two stories of which one is done."""
    with unheard(desk):
        epic = desk.side.epic(tag=tag)
        stories = [desk.side.story(epic, f"Step {number}") for number in (1, 2)]
        desk.side.done(stories[0])
    return epic, stories


def test_a_tagged_epic_is_read_with_all_below_it(begun: Desk) -> None:
    epic, _ = old_epic(begun)
    begun.side.tag(epic, "kr:built")
    begun.settle()

    assert counted(begun) == (1, 2)


def test_answers_are_facts_like_those_of_webhooks(begun: Desk) -> None:
    epic, stories = old_epic(begun)
    begun.side.tag(epic, "kr:built")
    begun.settle()

    with begun.database.read() as connection:
        kinds = {fact["kind"] for fact in facts.of_item(connection, begun.side.name, stories[0])}
    assert "created" in " ".join(kinds)


def test_an_item_that_comes_under_a_link_through_a_new_parent_is_read(ado_desk: Desk) -> None:
    ado_desk.apply()
    tracker = ado_desk.side.simulator
    epic = ado_desk.side.epic()
    ado_desk.settle()
    with unheard(ado_desk):
        feature = tracker.create_work_item("Feature", "In the app")
        tracker.create_work_item("User Story", "Freeze button", parent=feature)
        tracker.create_work_item("User Story", "Unfreeze button", parent=feature)
    tracker.set_parent(feature, int(epic))
    ado_desk.settle()

    assert counted(ado_desk) == (0, 2)


def test_what_was_put_below_an_item_before_that_was_linked_is_read_too(ado_desk: Desk) -> None:
    """The epic's own birth was seen, so nobody asks about it; the feature's was not."""
    ado_desk.apply()
    tracker = ado_desk.side.simulator
    epic = ado_desk.side.epic(tag="")
    with unheard(ado_desk):
        feature = tracker.create_work_item("Feature", "In the app")
        tracker.create_work_item("User Story", "Freeze button", parent=feature)
    tracker.set_parent(feature, int(epic))
    ado_desk.settle()
    tracker.add_tag(int(epic), "kr:built")
    ado_desk.settle()

    assert counted(ado_desk) == (0, 1)
    assert standing(ado_desk).work is not None


def test_a_parent_that_was_never_seen_is_asked_for(begun: Desk) -> None:
    """One story is told of; its epic, and through that its other stories, are found by asking."""
    epic, stories = old_epic(begun, tag="kr:built")
    begun.side.done(stories[1])
    begun.settle()

    assert counted(begun) == (2, 2)
    assert begun.side.value(epic, "KR Progress") == 100


def test_until_it_is_answered_the_number_is_unknown_and_says_why(begun: Desk) -> None:
    epic, _ = old_epic(begun)
    begun.side.faults.add(Fault("unavailable", times=None))
    begun.side.tag(epic, "kr:built")
    begun.refresh()

    found = standing(begun)
    assert (found.current, found.progress, found.waiting) == (None, None, True)
    assert found.reason.startswith("still reading ")
    assert " and what is below it" in found.reason
    assert not begun.wishes()

    begun.side.faults.clear()
    begun.later(minutes=5)
    assert counted(begun) == (1, 2)
    assert not standing(begun).reason


def test_a_tracker_that_fails_is_asked_again_later_and_later(begun: Desk) -> None:
    epic, _ = old_epic(begun)
    begun.side.faults.add(Fault("error", times=None))
    begun.side.tag(epic, "kr:built")
    tries = []
    for _ in range(64):
        begun.refresh()
        (question,) = asked(begun)
        tries.append(question[2])
        begun.clock.forward(seconds=1)

    assert tries[-1] == 7, "after 1, 2, 4, 8, 16 and 32 seconds"
    assert "simulated" in str(question[3]) or "500" in str(question[3])
    begun.side.faults.clear()
    begun.later(minutes=5)
    assert counted(begun) == (1, 2)


def test_it_waits_as_long_as_the_tracker_says(jira_desk: Desk) -> None:
    jira_desk.apply()
    jira_desk.settle()
    epic, _ = old_epic(jira_desk)
    jira_desk.side.tag(epic, "kr:built")
    jira_desk.side.faults.add(Fault("throttle", retry_after=40))
    jira_desk.refresh()
    before = jira_desk.side.requests
    jira_desk.clock.forward(seconds=39)
    jira_desk.refresh()
    assert jira_desk.side.requests == before
    jira_desk.clients = jira_desk.connect(
        jira_desk.mapping()
    )  # a client remembers for itself, by the clock on the wall
    jira_desk.later(seconds=1)
    assert counted(jira_desk) == (1, 2)


def test_what_can_not_be_read_is_given_up_in_the_trackers_words_and_can_be_replayed(ado_desk: Desk) -> None:
    ado_desk.apply()
    ado_desk.settle()
    tracker = ado_desk.side.simulator
    epic, _ = old_epic(ado_desk)
    ado_desk.side.tag(epic, "kr:built")
    with unheard(ado_desk):
        tracker.delete(int(epic))
    ado_desk.settle()

    (question,) = asked(ado_desk, "dead")
    found = standing(ado_desk)
    assert (found.current, found.waiting) == (None, False)
    assert found.reason == f"could not read {epic} and what is below it: {question[3]}"
    assert epic in str(question[3])

    with unheard(ado_desk):
        tracker.restore(int(epic))
    with ado_desk.database.write() as connection:
        assert reads.replay(connection, ado_desk.clock()) == 1
    ado_desk.settle()
    assert counted(ado_desk) == (1, 2)


def test_a_tracker_that_wants_rest_is_asked_nothing_else(desk: Desk) -> None:
    """By no worker, and for as long as it said."""
    desk.apply()
    desk.settle()
    epics = [old_epic(desk)[0] for _ in range(3)]
    desk.side.faults.add(Fault("throttle", times=None, retry_after=900))
    for epic in epics:
        desk.side.tag(epic, "kr:built")
    desk.refresh()
    desk.clients = desk.connect(desk.mapping())  # as another worker has: a client remembers for itself
    desk.clock.forward(seconds=899)
    desk.refresh()
    assert len(desk.side.faults.hits) == 1
    assert any("nothing is read or written before 12:15" in line for line in desk.notices())

    desk.side.faults.clear()
    desk.later(seconds=30)
    assert counted(desk) == (3, 6)
    assert not desk.notices()


def test_a_wish_for_rest_that_comes_with_a_good_answer_is_heard_by_all(begun: Desk) -> None:
    class Slowing:
        """A tracker that answers, and wants to be left alone for a minute then."""

        def __init__(self, client: TrackerClient) -> None:
            self._client = client

        def __getattr__(self, name: str) -> object:
            return getattr(self._client, name)

        def asked_to_wait(self) -> float:
            return 60.0

    name = begun.side.name
    begun.clients[name] = Slowing(begun.clients[name])
    for epic in [old_epic(begun)[0] for _ in range(2)]:
        begun.side.tag(epic, "kr:built")
    begun.refresh()
    assert len(asked(begun, "wanted")) == 1
    begun.clock.forward(seconds=60)
    begun.refresh()
    assert not asked(begun)


def test_a_token_that_expired_gives_up_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """People mend that without telling us."""
    desk.apply()
    desk.settle()
    epic, _ = old_epic(desk)
    desk.side.tag(epic, "kr:built")
    good = desk.clients
    for variable in ("JIRA_TOKEN", "ADO_TOKEN"):
        monkeypatch.setenv(variable, "expired")
    desk.clients = desk.connect(desk.mapping())
    desk.settle()
    assert asked(desk, "wanted")
    assert any("nothing is read or written before" in line for line in desk.notices())

    desk.clients = good
    desk.later(minutes=5)
    assert counted(desk) == (1, 2)
    assert not desk.notices()


def test_an_answer_that_nobody_expected_stops_no_other_and_is_given_up_in_the_end(begun: Desk) -> None:
    class Odd:
        """A tracker that answers one question so that we stumble."""

        def __init__(self, client: TrackerClient, epic: str) -> None:
            self._client = client
            self._epic = epic

        def __getattr__(self, name: str) -> object:
            return getattr(self._client, name)

        def subtree(self, item: str) -> object:
            if item == self._epic:
                raise KeyError("rev")
            return self._client.subtree(item)

    name, real = begun.side.name, begun.clients[begun.side.name]
    odd, even = old_epic(begun)[0], old_epic(begun)[0]
    begun.clients[name] = Odd(real, odd)
    for epic in (odd, even):
        begun.side.tag(epic, "kr:built")
    begun.refresh()
    assert asked(begun) == [("subtree", odd, 1, "okrlink failed to read it (KeyError)")]
    for _ in range(20):
        begun.clock.forward(minutes=5)
        begun.refresh()
    ((_, item, _, reason),) = asked(begun, "dead")
    assert (item, reason) == (odd, "okrlink failed to read it (KeyError)")
    assert standing(begun).reason.endswith("okrlink failed to read it (KeyError)")

    begun.clients[name] = real
    with begun.database.write() as connection:
        reads.replay(connection, begun.clock())
    begun.settle()
    assert counted(begun) == (2, 4)


def test_a_database_that_is_down_is_no_fault_of_the_question(begun: Desk) -> None:
    epic, _ = old_epic(begun)
    begun.side.faults.add(Fault("cut"))
    begun.side.tag(epic, "kr:built")
    begun.refresh()
    ((_, _, _, before),) = asked(begun)
    begun.clock.forward(seconds=1)
    with begun.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE sightings RENAME TO gone")
    with pytest.raises(Exception, match="sightings"):
        answer_reads(begun.database, begun.clients, begun.clock)
    with begun.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO sightings")
    assert [question[3] for question in asked(begun)] == [before]

    begun.later(minutes=5)
    assert counted(begun) == (1, 2)


def test_nothing_is_asked_twice(jira_desk: Desk) -> None:
    jira_desk.apply()
    jira_desk.settle()
    epic, stories = old_epic(jira_desk)
    jira_desk.side.tag(epic, "kr:built")
    jira_desk.settle()
    assert searches(jira_desk) == 2, "one for the epic's children, one for theirs"

    jira_desk.side.untag(epic, "kr:built")
    jira_desk.settle()
    jira_desk.side.tag(epic, "kr:built")
    jira_desk.side.tag(stories[0], "kr:built")
    jira_desk.settle()
    assert counted(jira_desk) == (1, 2)
    assert searches(jira_desk) == 2


def test_whoever_saw_an_items_birth_asks_nothing_about_it(jira_desk: Desk) -> None:
    jira_desk.apply()
    jira_desk.settle()
    epic = jira_desk.side.epic()
    jira_desk.side.story(epic)
    jira_desk.settle()

    assert counted(jira_desk) == (0, 1)
    assert not searches(jira_desk)


def test_a_deleted_item_is_not_asked_for(jira_desk: Desk) -> None:
    """Of a story all that was ever heard is its end."""
    jira_desk.apply()
    epic = jira_desk.side.epic()
    jira_desk.side.story(epic)
    jira_desk.settle()
    with unheard(jira_desk):
        gone = jira_desk.side.story(epic)
    jira_desk.side.delete(gone)
    jira_desk.settle()

    assert asked(jira_desk) == []
    assert counted(jira_desk) == (0, 1)


def test_a_number_waits_until_all_of_an_answer_is_folded(begun: Desk) -> None:
    """An answer of hundreds of items is folded in several goes; half of it would be a wrong number."""
    epic, _ = old_epic(begun)
    begun.side.tag(epic, "kr:built")
    take(begun)
    policy, now = begun.policy, begun.clock()
    assert policy is not None
    name = begun.side.name
    trackers = {name: TRACKERS[policy.scorecard.connections[name].tracker]}
    seen = []
    ingest(begun.database, trackers, now)
    for _ in range(8):
        fold_items(begun.database, policy, now, limit=1)
        reach_key_results(begun.database, policy, now)
        answer_reads(begun.database, begun.clients, begun.clock)
        measure_key_results(begun.database, policy, now + timedelta(seconds=2), now)
        found = standing(begun)
        seen.append(counted(begun))
        assert counted(begun) is not None or found.reason.startswith("still reading "), found.reason

    assert set(seen) == {None, (1, 2)}


def test_a_question_asked_anew_while_it_is_being_answered_is_asked_again(begun: Desk) -> None:
    now = begun.clock()
    with begun.database.write() as connection:
        reads.want(connection, "item", [begun.ref("1")], now)
    with begun.database.write() as connection:
        (claimed,) = reads.claim(connection, now, 10)
    with begun.database.write() as connection:
        reads.want_again(connection, "item", [begun.ref("1")], now + timedelta(seconds=1))
    with begun.database.write() as connection:
        reads.finish(connection, claimed)
        assert [one.ref.id for one in reads.claim(connection, now + timedelta(seconds=1), 10)] == ["1"]


def test_a_changed_vocabulary_has_all_items_looked_at_anew(jira_desk: Desk) -> None:
    """The field `Size` is found a day after the stories were estimated in it."""
    jira_desk.apply(key_results={"built": "{title: It is built, work: Size}"}, fields={"KR Progress": "percent"})
    with_size = jira_desk.side.simulator.add_field("Size", "number")
    jira_desk.side.simulator.change_field(with_size.id, name="Something")
    jira_desk.settle()
    epic = jira_desk.side.epic()
    stories = [jira_desk.side.story(epic) for _ in range(2)]
    jira_desk.side.done(stories[0])
    jira_desk.side.edit(stories[0], with_size.id, 3)
    jira_desk.side.edit(stories[1], with_size.id, 1)
    jira_desk.settle()
    assert counted(jira_desk) == (1, 2)
    assert standing(jira_desk).current == 50

    jira_desk.side.simulator.change_field(with_size.id, name="Size")
    jira_desk.clock.forward(days=1)
    with jira_desk.database.write() as connection:
        reads.want_again(connection, "catalogue", [jira_desk.ref("")], jira_desk.clock())
    jira_desk.settle()
    assert standing(jira_desk).current == 75


def test_a_status_that_nobody_knows_is_asked_for_but_not_all_the_time(ado_desk: Desk) -> None:
    """An administrator added `Closed` to the process after its states were read."""
    ado_desk.apply()
    epic = ado_desk.side.epic()
    story = ado_desk.side.story(epic)
    ado_desk.settle()
    ado_desk.clock.forward(minutes=1)
    with ado_desk.database.write() as connection:
        told = reads.load_catalogue(connection, "ado")
        assert told is not None
        states = {name: state for name, state in told.states.items() if "closed" not in name}
        reads.save_catalogue(connection, "ado", replace(told, states=states), ado_desk.clock())
    ado_desk.clock.forward(seconds=10)
    ado_desk.side.done(story)
    ado_desk.settle()
    assert standing(ado_desk).current is None
    assert standing(ado_desk).reason.startswith("the tracker has not told the category of status 'Closed'")

    ado_desk.later(minutes=4)
    assert standing(ado_desk).current is None, "it was asked five minutes ago at the earliest"
    ado_desk.later(minutes=1)
    assert counted(ado_desk) == (1, 1)


def searches(desk: Desk) -> int:
    return sum(one.path.endswith("/search/jql") for one in desk.side.simulator.requests)
