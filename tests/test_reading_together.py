"""Items that were never seen are read together: as many as one request takes, and each question is answered by itself."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from integration.rescan import begin, readers_of, rescan
from integration.simulators.faults import Fault
from integration.store import items, reads
from integration.trackers.contract import Connection, ItemOutcome, TrackerClient
from tests.desk import Desk
from tests.desks import at_desk
from tests.test_queries import counted, query

MANY = 1000
MOST_REQUESTS = {"jira": 12, "ado": 7}
NOBODY = "99999"


@pytest.fixture(params=["jira", "ado"])
def desk_anywhere(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """Beside each tracker, on each database."""
    yield from at_desk(request.param, database_url, tmp_path, monkeypatch)


@pytest.fixture(params=["jira", "dc", "ado", "tfs"])
def begun(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """Beside each edition of each tracker, when its vocabulary has been told."""
    for desk in at_desk(request.param, sqlite_url, tmp_path, monkeypatch):
        desk.apply()
        desk.settle()
        yield desk


class Killed(BaseException):
    """What stops a process stops it anywhere, and nothing of ours catches it."""


class Wrapped:
    """A tracker whose answers about many items go through our hands."""

    def __init__(self, client: TrackerClient) -> None:
        self._client = client
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        self.asked.append(len(items))
        return self._client.items(items)


class Dying(Wrapped):
    """We are killed with the third answer in our hands."""

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        told = super().items(items)
        if len(self.asked) == 3:
            raise Killed
        return told


class Odd(Wrapped):
    """We stumble over every answer about many."""

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        super().items(items)
        raise KeyError("rev")


def wrap(desk: Desk, wrapping: type[Wrapped]) -> Wrapped:
    wrapped = desk.clients[desk.side.name] = wrapping(desk.clients[desk.side.name])
    return wrapped


def unseen(desk: Desk, number: int) -> Sequence[str]:
    """Stories that nobody told of."""
    epic = desk.side.epic(tag="")
    stories = []
    for place in range(number):
        stories.append(desk.side.story(epic, f"Step {place}"))
        if len(stories) % 100 == 0:
            desk.forget_deliveries()
    desk.forget_deliveries()
    return stories


def want(desk: Desk, ids: Sequence[str]) -> None:
    with desk.database.write() as connection:
        reads.want(connection, "item", [desk.ref(one) for one in ids], desk.clock())


def waiting(desk: Desk) -> Mapping[str, reads.Read]:
    """The questions about items that are still open, or were given up."""
    with desk.database.read() as connection:
        return {one.ref.id: one for one in reads.open_reads(connection) if one.kind == "item"}


def known(desk: Desk) -> set[str]:
    with desk.database.read() as connection:
        return {ref.id for ref in items.refs(connection)}


def ask_queries(desk: Desk) -> None:
    """What answers the mapping's query is known after it, and nothing of these items has been read."""
    name, quarter = desk.side.name, timedelta(minutes=15)
    readers = readers_of(desk.clients, [name])
    loaded = desk.loaded
    assert loaded is not None
    site = Connection(name, "", "", projects=loaded.scorecard.connections[name].projects, rescan=quarter)
    begin(desk.database, readers, desk.clock())
    while rescan(desk.database, {name: site}, readers, desk.clock):
        pass


def a_thousand_answers(desk: Desk) -> Sequence[str]:
    """Stories from long before okrlink, that answer a query now."""
    stories = unseen(desk, MANY)
    desk.clock.forward(days=400)
    desk.apply(key_results=counted(query(desk)))
    desk.settle()
    ask_queries(desk)
    assert waiting(desk).keys() >= set(stories)
    return stories


def test_a_thousand_answers_cost_a_handful_of_requests(desk_anywhere: Desk) -> None:
    desk = desk_anywhere
    stories = a_thousand_answers(desk)
    before = desk.side.requests

    desk.settle()

    assert desk.side.requests - before <= MOST_REQUESTS[desk.side.name]
    assert not waiting(desk)
    assert known(desk) >= set(stories)


def test_killed_in_the_middle_nothing_is_lost(desk_anywhere: Desk) -> None:
    desk = desk_anywhere
    stories = a_thousand_answers(desk)
    real = desk.clients[desk.side.name]
    dying = wrap(desk, Dying)
    with pytest.raises(Killed):
        desk.settle()
    kept = MANY - len(waiting(desk))
    assert kept == sum(dying.asked[:2]), "the third answer was lost with its process, and no more"

    desk.clients[desk.side.name] = real
    before = desk.side.requests
    desk.clock.forward(seconds=reads.LEASE.total_seconds() + 1)
    desk.settle()

    assert desk.side.requests - before <= MOST_REQUESTS[desk.side.name] - 2
    assert known(desk) >= set(stories)
    assert not waiting(desk)


def test_what_is_not_there_is_given_up_and_the_others_are_taken_in(begun: Desk) -> None:
    stories = unseen(begun, 3)
    begun.side.delete(stories[1])
    begun.forget_deliveries()
    want(begun, [*stories, NOBODY])
    wrapped = wrap(begun, Wrapped)
    begun.settle()

    assert wrapped.asked == [4]
    gone = waiting(begun)
    assert {item: one.state for item, one in gone.items()} == {stories[1]: "dead", NOBODY: "dead"}
    assert all("does not exist" in str(one.reason).casefold() for one in gone.values()), gone
    assert known(begun) >= {stories[0], stories[2]}


def test_a_tracker_that_is_down_puts_all_of_them_off(begun: Desk) -> None:
    stories = unseen(begun, 5)
    want(begun, stories)
    begun.side.faults.add(Fault("unavailable", times=None))
    begun.refresh()

    assert len(begun.side.faults.hits) == 1
    assert {item: (one.state, one.attempts) for item, one in waiting(begun).items()} == dict.fromkeys(
        stories, ("wanted", 1)
    )

    begun.side.faults.clear()
    begun.later(minutes=5)
    assert not waiting(begun)
    assert known(begun) >= set(stories)


def test_a_token_that_expired_gives_up_nothing(begun: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jira tells nobody who asks as nobody that an issue is there."""
    stories = unseen(begun, 5)
    good = begun.clients
    for variable in ("JIRA_TOKEN", "ADO_TOKEN"):
        monkeypatch.setenv(variable, "expired")
    begun.clients = begun.connect(begun.mapping())
    want(begun, stories)
    begun.settle()
    assert {one.state for one in waiting(begun).values()} == {"wanted"}
    assert any("nothing is read or written before" in line for line in begun.notices())

    begun.clients = good
    begun.later(minutes=5)
    assert known(begun) >= set(stories)


def test_what_nobody_can_read_together_is_read_one_by_one(begun: Desk) -> None:
    stories = unseen(begun, 5)
    want(begun, stories)
    odd = wrap(begun, Odd)
    begun.settle()

    assert odd.asked == [5]
    assert not waiting(begun)
    assert known(begun) >= set(stories)


def test_one_by_one_ends_where_the_tracker_wants_rest(desk: Desk) -> None:
    desk.apply()
    desk.settle()
    stories = unseen(desk, 5)
    want(desk, stories)
    wrap(desk, Odd)
    one = Fault("throttle", times=None, retry_after=60, method="GET", path=r"(?i)/(issue|workitems)/\d+$")
    desk.side.faults.add(one)
    desk.refresh()

    assert len(desk.side.faults.hits) == 1
    assert {one.state for one in waiting(desk).values()} == {"wanted"}

    desk.side.faults.clear()
    desk.clients = desk.connect(desk.mapping())  # a client remembers for itself, by the clock on the wall
    desk.later(minutes=5)
    assert known(desk) >= set(stories)


def test_an_item_that_is_asked_for_anew_meanwhile_is_asked_again(begun: Desk) -> None:
    stories = unseen(begun, 3)
    want(begun, stories)

    class Meanwhile(Wrapped):
        def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
            told = super().items(items)
            with begun.database.write() as connection:
                reads.want_again(connection, "item", [begun.ref(stories[1])], begun.clock() + timedelta(seconds=1))
            return told

    wrap(begun, Meanwhile)
    begun.refresh()
    assert set(waiting(begun)) == {stories[1]}
