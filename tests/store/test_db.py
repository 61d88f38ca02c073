"""What a transaction promises when it has committed."""

import pytest

from integration.store.db import Database


@pytest.mark.parametrize("synced", [True, False])
def test_a_commit_waits_for_the_disk_unless_it_can_be_repeated(database: Database, synced: bool) -> None:
    question = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    waits, does_not = (2, 1) if database.is_sqlite else ("on", "off")

    with database.write(synced=synced) as connection:
        said = connection.exec_driver_sql(question).scalar()

    assert said == (waits if synced else does_not)


def test_the_next_commit_waits_for_the_disk_again(database: Database) -> None:
    with database.write(synced=False):
        pass

    with database.write() as connection:
        said = connection.exec_driver_sql("PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit")
        assert said.scalar() in (2, "on")
