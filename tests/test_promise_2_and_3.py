"""Promises 2 and 3: twice is once, and order does not matter (design section 5)."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integration.store import check_ins, migrations
from integration.store.db import Database
from tests.histories import BODIES, CATALOGUES
from tests.steps import deliver, everything, policy_in_force, scorecard, settle

TRACKERS = ("jira", "azure-devops")
MOST_BODIES = 15
# Each example plays a whole history on a database; a failing one is printed as it is, because shrinking takes minutes.
FEW = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a migrated SQLite database that nothing is in."""
    path = tmp_path_factory.mktemp("empty") / "okrlink.db"
    database = Database.open(f"sqlite:///{path}")
    migrations.upgrade(database)
    with database.engine.connect() as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def outcome(empty: Path, tracker: str, bodies: list[bytes], *, batch: int = 0):
    """Where deliveries end, taken in at once or `batch` at a time."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "okrlink.db"
        shutil.copy(empty, path)
        database = Database.open(f"sqlite:///{path}")
        policy = policy_in_force(
            database, scorecard(tracker=tracker, connection=tracker), {tracker: CATALOGUES[tracker]}
        )
        for start in range(0, len(bodies), batch or len(bodies)):
            deliver(database, tracker, bodies[start : start + (batch or len(bodies))])
            settle(database, policy)
        found = everything(database)
        database.close()
        return found


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_history_is_measured_as_a_person_would_count_it(tracker, database):
    """The plain order first: what the permutations below must equal is right in itself."""
    policy = policy_in_force(database, scorecard(tracker=tracker, connection=tracker), {tracker: CATALOGUES[tracker]})
    deliver(database, tracker, BODIES[tracker]())
    settle(database, policy)

    with database.read() as db:
        standing = {name: one.standing for name, one in check_ins.standings_of(db).items()}
    work = {
        name: (one.work.items_done, one.work.items, int(one.work.done), int(one.work.scope))
        for name, one in standing.items()
    }
    expected = {
        # Pay by card is done; Ship it moved away from the epic tagged `built`, and is open again.
        "jira": {"checkout.built": (1, 1, 1, 1), "checkout.pointed": (1, 2, 5, 13)},
        # The freeze button is done; the unfreeze button was removed, deleted and restored: it leaves both sides.
        "azure-devops": {"checkout.built": (1, 1, 1, 1), "checkout.pointed": (1, 1, 3, 3)},
    }
    assert work == expected[tracker]


@pytest.mark.parametrize("tracker", TRACKERS)
def test_promise_2_twice_is_once(empty, tracker):
    """Every body delivered again, under another delivery id, at once or long afterwards, changes nothing."""
    bodies = list(BODIES[tracker]())
    once = outcome(empty, tracker, bodies)

    assert outcome(empty, tracker, bodies + bodies) == once
    assert outcome(empty, tracker, bodies + bodies, batch=len(bodies)) == once


@pytest.mark.parametrize("tracker", TRACKERS)
@FEW
@given(
    order=st.permutations(range(MOST_BODIES)),
    repeats=st.lists(st.integers(0, MOST_BODIES - 1), max_size=5),
    batch=st.integers(1, MOST_BODIES),
)
def test_promise_3_order_does_not_matter(empty, tracker, order, repeats, batch):
    """Any permutation of the same deliveries, with repeats, in batches of any size, ends in the same state."""
    bodies = list(BODIES[tracker]())
    assert len(bodies) <= MOST_BODIES
    shuffled = [bodies[number] for number in (*order, *repeats) if number < len(bodies)]

    assert outcome(empty, tracker, shuffled, batch=batch) == outcome(empty, tracker, bodies)
