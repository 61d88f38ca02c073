"""What is kept of a query's answer, and what follows from another one, on both databases."""

from datetime import timedelta

from sqlalchemy import select

from integration.core.errors import Permanent
from integration.core.facts import ItemRef
from integration.core.queries import Query
from integration.rescan import attempt
from integration.store import applied, items, queries, reads, streams, tables
from integration.store.db import Database
from integration.store.items import Row
from integration.store.streams import QUERIES, STANDING
from integration.trackers.contract import Connection
from tests.chronicles import Chronicle
from tests.steps import NOW

MINE, OTHERS = Query("assignee = currentUser()"), Query("Others", saved=True)
SITE = Connection("jira", "jira", "https://bookshop.jira.example")


def know(database: Database, *ids: str) -> None:
    with database.write() as connection:
        items.save(connection, [Row(ItemRef("jira", one), one, None, False, "{}") for one in ids], [])


def ask(database: Database, answers: dict[Query, list[str] | Permanent]) -> None:
    """Asks all queries, which are answered so."""
    with database.write() as connection:
        queries.lay_out(connection, {"jira": list(answers)})
        streams.begin(connection, "jira", QUERIES, STANDING, NOW, NOW)
        stream = streams.take_over(connection, "jira", QUERIES, STANDING, NOW)
    assert attempt(database, SITE, Chronicle(answered=answers), stream, lambda: NOW)


def marked(database: Database) -> list[str]:
    """The items to be looked at again, each once; they are as good as looked at then."""
    with database.write() as connection:
        subjects = connection.execute(select(tables.marks.c.subject).where(tables.marks.c.kind == "item")).scalars()
        found = sorted(subjects)
        connection.execute(tables.marks.delete())
    return found


def test_only_items_that_came_or_went_are_looked_at_again(database: Database) -> None:
    know(database, "1", "2", "3")

    ask(database, {MINE: ["1", "2"]})
    assert marked(database) == ["1", "2"]
    ask(database, {MINE: ["1", "2"]})
    assert marked(database) == []
    ask(database, {MINE: ["2", "3"]})
    assert marked(database) == ["1", "3"]
    with database.read() as connection:
        told = queries.answered_by(connection, [ItemRef("jira", one) for one in "123"])
    assert told == {ItemRef("jira", "2"): {MINE.id}, ItemRef("jira", "3"): {MINE.id}}


def test_an_item_that_nobody_has_seen_is_read_until_it_is_there(database: Database) -> None:
    ask(database, {MINE: ["9"]})
    with database.write() as connection:
        [wanted] = reads.open_reads(connection)
        assert (wanted.kind, wanted.ref) == ("item", ItemRef("jira", "9"))
        reads.give_up(connection, wanted, "HTTP 403")

    ask(database, {MINE: ["9"]})
    with database.read() as connection:
        assert [read.state for read in reads.open_reads(connection)] == ["wanted"]


def test_a_refused_query_keeps_its_last_answer_and_stops_no_other(database: Database) -> None:
    know(database, "1", "2")
    ask(database, {MINE: ["1"], OTHERS: []})
    marked(database)

    ask(database, {MINE: Permanent("HTTP 400: no such field"), OTHERS: ["2"]})

    assert marked(database) == ["2"]
    line = "jira does not answer the query 'assignee = currentUser()': HTTP 400: no such field"
    with database.read() as connection:
        assert queries.items_answering(connection, "jira", MINE) == {"1"}
        assert [message for _, _, message, _ in applied.shown(connection)] == [line]

    ask(database, {MINE: ["1"], OTHERS: ["2"]})
    with database.read() as connection:
        assert not applied.shown(connection)


def test_a_query_that_the_mapping_names_no_more_is_forgotten_with_its_answer(database: Database) -> None:
    ask(database, {MINE: ["1"], OTHERS: ["1"]})

    with database.write() as connection:
        assert queries.lay_out(connection, {"jira": [OTHERS], "ado": [MINE]}) == {"ado"}
        assert not queries.items_answering(connection, "jira", MINE)
        assert queries.items_answering(connection, "jira", OTHERS) == {"1"}


def test_an_answer_that_comes_when_the_mapping_has_let_its_query_go_is_not_kept(database: Database) -> None:
    ask(database, {MINE: ["1"]})
    with database.write() as connection:
        [asked] = queries.every(connection)
        queries.lay_out(connection, {})

        assert queries.answered(connection, asked, ["1"], NOW) == frozenset()
        assert not queries.items_answering(connection, "jira", MINE)


def test_they_are_asked_again_as_often_as_the_connection_is(database: Database) -> None:
    ask(database, {MINE: []})

    with database.read() as connection:
        walked = streams.find(connection, "jira", QUERIES, STANDING)
    assert walked is not None
    assert walked.due_at == NOW + SITE.rescan == NOW + timedelta(minutes=15)
