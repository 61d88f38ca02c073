"""Pushed facts: each once, the newest telling of it, whatever the order and repetition in which tellings arrive."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from integration.store import marks, pushed
from integration.store.db import Database
from integration.store.pushed import Kept, Outcome, Telling
from integration.store.tables import pushed as table

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def telling(id_: str, data: str = "{}", kind: str = "deployment") -> Telling:
    return Telling(kind, id_, data, deleted=False)


def gone(id_: str) -> Telling:
    return Telling("deployment", id_, "", deleted=True)


def put(database: Database, told: Sequence[Telling], at: datetime = NOW) -> Sequence[Outcome]:
    with database.write() as connection:
        return pushed.put(connection, told, "ci", at)


def standing(database: Database) -> Sequence[Kept]:
    with database.read() as connection:
        return pushed.after(connection)


def marked(database: Database) -> Sequence[str]:
    with database.write() as connection:
        names = [name for _, name in marks.oldest(connection, "delivery", 100, NOW + timedelta(days=1))]
        connection.execute(delete(marks.marks))
        return names


def test_a_fact_is_accepted_once(database: Database) -> None:
    assert put(database, [telling("d-1")]) == ["accepted"]
    assert put(database, [telling("d-1")], NOW + timedelta(hours=1)) == ["unchanged"]

    assert [(one.id, one.data, one.sender) for one in standing(database)] == [("d-1", "{}", "ci")]


def test_a_later_telling_corrects_it(database: Database) -> None:
    put(database, [telling("d-1", '{"result":"success"}')])

    assert put(database, [telling("d-1", '{"result":"failed"}')], NOW + timedelta(hours=1)) == ["updated"]
    assert [one.data for one in standing(database)] == ['{"result":"failed"}']


def test_an_older_telling_that_comes_late_changes_nothing(database: Database) -> None:
    put(database, [telling("d-1", '{"result":"failed"}')], NOW + timedelta(hours=1))

    assert put(database, [telling("d-1", '{"result":"success"}')]) == ["unchanged"]
    assert [one.data for one in standing(database)] == ['{"result":"failed"}']


def test_a_deleted_fact_is_gone_and_can_be_told_again(database: Database) -> None:
    put(database, [telling("d-1")])

    assert put(database, [gone("d-1")], NOW + timedelta(seconds=1)) == ["deleted"]
    assert put(database, [gone("d-1")], NOW + timedelta(seconds=2)) == ["unchanged"]
    assert standing(database) == []
    assert put(database, [telling("d-1")], NOW + timedelta(seconds=3)) == ["accepted"]
    assert [one.id for one in standing(database)] == ["d-1"]


def test_of_one_call_the_last_telling_wins(database: Database) -> None:
    told = [telling("d-1", "1"), telling("d-2"), telling("d-1", "2"), telling("d-1", "2")]

    assert put(database, told) == ["accepted", "accepted", "updated", "unchanged"]
    assert [(one.id, one.data) for one in standing(database)] == [("d-1", "2"), ("d-2", "{}")]


def test_kinds_have_ids_of_their_own(database: Database) -> None:
    assert put(database, [telling("1"), telling("1", kind="build")]) == ["accepted", "accepted"]


def test_only_what_changed_is_marked(database: Database) -> None:
    put(database, [telling("d-1"), telling("d-2")])
    assert marked(database) == ["deployment:d-1", "deployment:d-2"]

    put(database, [telling("d-1"), telling("d-2", "other"), gone("d-3")], NOW + timedelta(hours=1))
    assert marked(database) == ["deployment:d-2"]


def test_facts_are_found_by_id_and_read_in_pages(database: Database) -> None:
    put(database, [telling(f"d-{number}") for number in range(5)] + [telling("b-1", kind="build")])
    put(database, [gone("d-2")])

    with database.read() as connection:
        assert [one.id for one in pushed.get(connection, "deployment", ["d-1", "d-2", "b-1"])] == ["d-1"]
        first = pushed.after(connection, limit=3)
        rest = pushed.after(connection, (first[-1].kind, first[-1].id), limit=3)
    assert [one.id for one in (*first, *rest)] == ["b-1", "d-0", "d-1", "d-3", "d-4"]


def test_what_was_known_from_earlier_on_stays_so(database: Database) -> None:
    shop, search = ("deployment", "shop"), ("deployment", "search")
    with database.write() as connection:
        pushed.known_since(connection, {shop: NOW})
        pushed.known_since(connection, {shop: NOW + timedelta(days=1), search: NOW})
        pushed.known_since(connection, {search: NOW - timedelta(days=1)})

    with database.read() as connection:
        assert pushed.since(connection, [shop, search, ("build", "shop")]) == {
            shop: NOW,
            search: NOW - timedelta(days=1),
        }


TELLINGS = st.lists(
    st.tuples(st.sampled_from(["d-1", "d-2", "d-3"]), st.sampled_from(["1", "2", None]), st.integers(0, 50)),
    max_size=8,
    unique_by=lambda one: one[2],  # no two are received at the same moment
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=TELLINGS, data=st.data())
def test_any_order_and_repetition_ends_the_same(
    database: Database, told: list[tuple[str, str | None, int]], data: st.DataObject
) -> None:
    """Each telling with the moment at which it was received, in any order and some of them again."""

    def ends(tellings: list[tuple[str, str | None, int]]) -> list[tuple[str, str]]:
        with database.write() as connection:
            connection.execute(delete(table))
        for id_, content, second in tellings:
            one = gone(id_) if content is None else telling(id_, content)
            put(database, [one], NOW + timedelta(seconds=second))
        return [(one.id, one.data) for one in standing(database)]

    newest = {id_: content for id_, content, _ in sorted(told, key=lambda one: one[2])}
    again = data.draw(st.lists(st.sampled_from(told), max_size=4)) if told else []
    shuffled = data.draw(st.permutations([*told, *again]))

    assert ends(shuffled) == sorted((id_, content) for id_, content in newest.items() if content is not None)
