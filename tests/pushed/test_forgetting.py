"""A person is taken out of pushed facts, too, should a sender have named one."""

from datetime import UTC, datetime

import orjson

from integration.forgetting import forget
from integration.pushed.receiving import receive, understand
from integration.store import marks, pushed
from integration.store.db import Database
from tests.pushed.telling import BUILD


def test_a_person_is_taken_out_of_pushed_facts(database: Database) -> None:
    told = [{**BUILD, "fields": {"by": "5b10a2844c20165700ede21g", "region": "EU"}}, {**BUILD, "id": "b-2"}]
    with database.write() as connection:
        receive(connection, understand(told), "ci")
        before = len(marks.oldest(connection, "delivery", 10, datetime.now(UTC)))

    found = forget(database, "5b10a2844c20165700ede21g", None, lambda: datetime.now(UTC))

    with database.read() as connection:
        kept = {one.id: orjson.loads(one.data) for one in pushed.after(connection)}
    assert before == 2
    assert found["pushed fact"] == 1
    assert kept["b-2"] == {**BUILD, "id": "b-2"}
    assert kept["b-1"]["fields"]["region"] == "EU"
    assert "5b10a2844c20165700ede21g" not in str(kept)
