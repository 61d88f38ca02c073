"""Two workers on one PostgreSQL ingest and refresh the same key results at the same moments, and end where one alone does."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, text

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.facts import ItemRef
from integration.core.links import TagRule
from integration.ingest import ingest
from integration.reading import answer_reads
from integration.refresh import Policy, draw_cards, fold_items, measure_key_results, reach_key_results
from integration.refresh.items import fold
from integration.store import applied, check_ins, marks, reads, tables
from integration.store.db import Database
from integration.store.tables import metadata
from integration.trackers import TRACKERS
from tests.busy_team import EPIC_LINK, BusyTeam, Issue
from tests.histories import CATALOGUES
from tests.steps import NOW, answer_all, deliver, everything, policy_in_force, scorecard, settle

UPDATES = 2_000
LATER = NOW + timedelta(seconds=2)


@pytest.fixture
def postgres(_migrated_postgres: str) -> Iterator[Database]:
    """An empty, migrated database on PostgreSQL."""
    database = Database.open(_migrated_postgres)
    with database.write() as connection:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    yield database
    database.close()


class Worker:
    """What `webhooks.worker` does in its rounds, with connections and a policy of its own and no pauses."""

    def __init__(self, url: str, policy: Policy, batch: int = 40) -> None:
        self.database = Database.open(url)
        self.policy = replace(policy, _catalogues={}, _adopted=[])
        self._trackers = {name: TRACKERS[rule.tracker] for name, rule in policy.scorecard.connections.items()}
        self._batch = batch

    def round(self) -> int:
        done = ingest(self.database, self._trackers, NOW, self._batch)
        done += fold_items(self.database, self.policy, NOW, self._batch)
        done += reach_key_results(self.database, self.policy, NOW, self._batch)
        done += answer_all(self.database)
        done += measure_key_results(self.database, self.policy, LATER, NOW)
        return done + draw_cards(self.database, self.policy, NOW)

    def work_until(self, fed: threading.Event) -> int:
        """Works until all was fed and nothing waits; returns how much it did."""
        total = 0
        while not (fed.is_set() and quiet(self.database)):
            total += self.round()
        return total


def quiet(database: Database) -> bool:
    with database.read() as connection:
        waiting = select(func.count()).select_from(tables.outcomes).where(tables.outcomes.c.state == "new")
        return not (connection.execute(waiting).scalar() or marks.pending(connection) or reads.open_reads(connection))


@pytest.fixture
def two_workers(postgres: Database, _migrated_postgres: str) -> Iterator[Callable[[Policy], tuple[Worker, Worker]]]:
    hired: list[Worker] = []

    def hire(policy: Policy) -> tuple[Worker, Worker]:
        hired.extend(Worker(_migrated_postgres, policy) for _ in range(2))
        return hired[0], hired[1]

    yield hire
    for worker in hired:
        worker.database.close()


def alone(url: str, bodies: Sequence[bytes]) -> Mapping[str, list[Any]]:
    """Where one worker ends that is told the same, on a database of its own."""
    database = Database.open(url)
    policy = policy_in_force(database, scorecard(), CATALOGUES)
    deliver(database, "jira", bodies)
    settle(database, policy)
    found = everything(database)
    database.close()
    return found


def test_two_workers_end_where_one_alone_does(
    postgres: Database,
    two_workers: Callable[[Policy], tuple[Worker, Worker]],
    sqlite_url: str,
) -> None:
    """Thousands of updates of one key result's work, some told twice and some out of order, while both work."""
    team, luck = BusyTeam(seed=7), Random(7)
    team.begin()
    for _ in range(UPDATES):
        team.change()
    told = [*team.bodies, *luck.sample(team.bodies, 200)]
    told = [body for _, body in sorted((place + luck.uniform(0, 30), body) for place, body in enumerate(told))]
    workers = two_workers(policy_in_force(postgres, scorecard(), CATALOGUES))
    fed = threading.Event()

    with ThreadPoolExecutor(2) as threads:
        working = [threads.submit(worker.work_until, fed) for worker in workers]
        for start in range(0, len(told), 50):
            deliver(postgres, "jira", told[start : start + 50])
        fed.set()
        shares = [one.result(timeout=120) for one in working]

    found = everything(postgres)
    expected = alone(sqlite_url, told)
    assert {name: found[name] == expected[name] for name in expected} == dict.fromkeys(expected, True)
    assert found["marks"] == found["sightings"] == []
    assert {name for name, _, _, _ in found["check-ins"]} == {"checkout.built", "checkout.pointed"}
    assert min(shares) > sum(shares) / 10, "both had their share of the work"


class Rounds:
    """Two workers that begin each step at the same moment, as often as asked."""

    def __init__(self, workers: tuple[Worker, Worker]) -> None:
        self._workers = workers
        self._together = threading.Barrier(2, timeout=60)

    def fold(self, *issues: Issue) -> None:
        """Each folds one of two items at the same moment, then both go on until nothing is marked."""
        done = threading.Event()
        done.set()

        def one(worker: Worker, issue: Issue) -> None:
            self._together.wait()
            fold(worker.database, worker.policy, [("jira", issue.id)], NOW)
            worker.work_until(done)

        with ThreadPoolExecutor(2) as threads:
            for result in [threads.submit(one, *each) for each in zip(self._workers, issues, strict=True)]:
                result.result()


def built(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        work = check_ins.standings_of(connection)["checkout.built"].standing.work
    assert work is not None
    return work.items_done, work.items


def take_in(worker: Worker, team: BusyTeam) -> None:
    deliver(worker.database, "jira", team.bodies)
    team.bodies.clear()
    while ingest(worker.database, {"jira": TRACKERS["jira"]}, NOW):
        pass


def test_a_status_and_its_grandparent_change_at_the_same_moment(
    postgres: Database, two_workers: Callable[[Policy], tuple[Worker, Worker]]
) -> None:
    """Neither worker sees the other's change; the key result counts both all the same, hundreds of times."""
    workers = two_workers(policy_in_force(postgres, scorecard(), CATALOGUES))
    rounds, team = Rounds(workers), BusyTeam()
    tagged, other = team.create("Initiative", labels=("kr:built",)), team.create("Initiative")
    stays, epic = team.create("Epic", parent=tagged.id), team.create("Epic", parent=other.id)
    team.create("Story", parent=stays.id)
    story = team.create("Story", parent=epic.id)
    take_in(workers[0], team)
    workers[0].work_until(_already())
    for number in range(150):
        team.set_status(story, "To Do" if story.status == "Done" else "Done")
        if number % 3:
            team.set_parent(epic, other if epic.parent == tagged.id else tagged)
        else:
            team.set_status(epic, "To Do" if epic.status == "Done" else "Done")
        take_in(workers[0], team)
        rounds.fold(*((story, epic) if number % 2 else (epic, story)))

        inside = epic.parent == tagged.id
        assert built(postgres) == (int(inside and story.status == "Done"), 1 + inside), f"round {number}"


def test_an_epic_and_its_story_are_first_seen_at_the_same_moment(
    postgres: Database, two_workers: Callable[[Policy], tuple[Worker, Worker]]
) -> None:
    """The story names its epic by a key (Data Center) that nobody knows yet, and finds it all the same."""
    jira = Catalogue(account="us", fields=(TrackerField(EPIC_LINK, "Epic Link", role="epic link"),))
    workers = two_workers(policy_in_force(postgres, scorecard(), {"jira": jira}))
    rounds, team = Rounds(workers), BusyTeam()
    for number in range(40):
        epic = team.create("Epic", labels=("kr:built",))
        story = team.create("Story", epic_link=epic.key)
        take_in(workers[0], team)
        rounds.fold(*((story, epic) if number % 2 else (epic, story)))

        assert built(postgres) == (0, number + 1), f"round {number}"
        with postgres.read() as connection:
            row = select(tables.items.c.parent).where(tables.items.c.item == story.id)
            assert connection.execute(row).scalar() == epic.id, f"round {number}"


def test_an_item_is_first_seen_while_the_tracker_tells_its_vocabulary(
    postgres: Database, two_workers: Callable[[Policy], tuple[Worker, Worker]]
) -> None:
    """It is tagged in a field that nobody knew a moment ago, and is linked all the same."""
    by_field = replace(scorecard(), tags=(TagRule(field="Key Result"),))
    workers = two_workers(policy_in_force(postgres, by_field, {"jira": Catalogue()}))
    team = BusyTeam()
    for number in range(25):
        field = f"customfield_2{number:04}"
        tagged = team.create("Story", more={field: "built"})
        take_in(workers[0], team)
        with postgres.write() as connection:
            reads.want_again(connection, "catalogue", [ItemRef("jira", "")], NOW)
        told: Any = Vocabulary(Catalogue(account="us", fields=(TrackerField(field, "Key Result"),)))
        at = NOW + timedelta(seconds=1 + number)
        at_once(
            partial(fold, workers[0].database, workers[0].policy, [("jira", tagged.id)], NOW),
            partial(answer_reads, workers[1].database, {"jira": told}, at.replace),
        )
        workers[0].work_until(_already())

        with postgres.read() as connection:
            linked = select(tables.links.c.item)
            assert list(connection.execute(linked).scalars()) == [tagged.id], f"round {number}"


class Vocabulary:
    """A tracker that is only asked for its fields."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def catalogue(self) -> Catalogue:
        return self._catalogue

    def asked_to_wait(self) -> float:
        return 0.0


def test_two_workers_take_in_the_same_facts_in_opposite_orders(
    postgres: Database, two_workers: Callable[[Policy], tuple[Worker, Worker]]
) -> None:
    """Deliveries come twice, and neither of those who read them waits for the other for ever."""
    workers = two_workers(policy_in_force(postgres, scorecard(), CATALOGUES))
    team = BusyTeam()
    team.begin(stories=10)
    for _ in range(20):
        new = len(team.bodies)
        for _ in range(40):
            team.change()
        some = team.bodies[new:]
        deliver(postgres, "jira", [*some, *reversed(some)])

        def take(worker: Worker) -> int:
            return ingest(worker.database, {"jira": TRACKERS["jira"]}, NOW, 40)

        assert at_once(*(partial(take, worker) for worker in workers)) == [40, 40]


def _already() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """All begin at the same moment; what each returned."""
    together = threading.Barrier(len(work), timeout=60)

    def one(call: Callable[[], Any]) -> Any:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(work)) as threads:
        return [one.result() for one in [threads.submit(one, call) for call in work]]


def test_reads_claimed_by_several_workers_at_once_are_asked_once_each(postgres: Database) -> None:
    refs = [ItemRef("jira", f"{number:04}") for number in range(200)]
    with postgres.write() as connection:
        reads.want(connection, "subtree", refs, NOW)

    def ask() -> list[ItemRef]:
        asked: list[ItemRef] = []
        while True:
            with postgres.write() as connection:
                claimed = reads.claim(connection, NOW, 3)
            if not claimed:
                return asked
            asked += [read.ref for read in claimed]

    asked = at_once(ask, ask, ask, ask)

    assert sorted(ref for one in asked for ref in one) == refs
    assert sum(map(bool, asked)) > 1, "more than one had something to ask"


def test_a_job_claimed_by_several_workers_at_once_is_done_once(postgres: Database) -> None:
    def claim(number: int) -> bool:
        with postgres.write() as connection:
            return applied.claim_job(connection, f"job {number}", NOW, timedelta(minutes=1))

    for number in range(50):
        assert at_once(*(partial(claim, number),) * 4).count(True) == 1
