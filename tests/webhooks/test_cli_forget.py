"""`okrlink forget`: promise 10, a person can be forgotten, and a connection that nobody needs any more."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from integration.core.catalogue import Catalogue
from integration.core.facts import FieldChanged, ItemCreated, ItemRef, ItemSeen, StatusChanged
from integration.core.forgetting import FORGOTTEN
from integration.core.items import load
from integration.core.okr import CheckIn
from integration.ingest import ingest, keep_pages
from integration.refresh import fold_items
from integration.refresh.policy import Policy
from integration.store import (
    applied,
    check_ins,
    deliveries,
    delivery_tables,
    facts,
    items,
    marks,
    reads,
    tables,
    written,
)
from integration.store.db import Database
from integration.store.deliveries import Outcome
from integration.trackers import TRACKERS
from tests.busy_team import BusyTeam
from tests.steps import NOW, deliver, settle
from tests.webhooks.typing_commands import MAPPING, sit_down

DANA = "712020:00000000000000000000000000000001"
BEN = "712020:00000000000000000000000000000002"
STORY, TASK = ItemRef("jira", "10001"), ItemRef("ado", "7")
JIRA = TRACKERS["jira"]


@pytest.fixture
def terminal(database, database_url, tmp_path, monkeypatch):
    return sit_down(database, database_url, tmp_path, monkeypatch)


@pytest.fixture
def on_sqlite(sqlite_url, tmp_path, monkeypatch):
    database = Database.open(sqlite_url)
    yield sit_down(database, sqlite_url, tmp_path, monkeypatch)
    database.close()


def policy(terminal):
    with terminal.database.read() as connection:
        return Policy(applied.revision(connection), terminal.scorecard, "https://okr.example")


def fold(terminal):
    while fold_items(terminal.database, policy(terminal), NOW):
        pass


def works_everywhere(terminal, account=DANA):
    """Somebody whose name is in everything that okrlink keeps."""
    team = BusyTeam(seed=1)
    team.begin(5)
    deliver(terminal.database, "jira", [body.replace(DANA.encode(), account.encode()) for body in team.bodies])
    while ingest(terminal.database, {"jira": JIRA}, NOW):
        pass
    with terminal.database.write() as db:
        for ref, at in ((STORY, NOW), (TASK, NOW + timedelta(minutes=1))):
            seen = {
                "key": ref.id,
                "title": "Pay by card",
                "labels": ("kr:rebuilt",),
                "assignee": account,
                "watch": (account, BEN),
            }
            told = [
                ItemSeen(at=at, source="1", item=ref.id, fields=seen),
                FieldChanged(
                    at=at, source="2", actor=account, item=ref.id, field="assignee", before=BEN, after=account
                ),
                FieldChanged(at=at, source="3", actor=BEN, item=ref.id, field="watch", after=f"[{account}, {BEN}]"),
                StatusChanged(at=at, source="4", actor=account, item=ref.id, after="Done"),
            ]
            keep_pages(db, ref.connection, told, NOW)
            written.hold(db, ref, "customfield_1", account, "KR Status")
        reads.want(db, "subtree", [STORY], NOW)
        check_ins.add(
            db, CheckIn("trust.answers", at=NOW, day=NOW.date(), value=None, origin="typed", note="better", by=account)
        )
        applied.notice(db, "jira", "topic", f"the tracker said: {account} may not", NOW)
    fold(terminal)
    with terminal.database.write() as db:
        keep_pages(
            db, "jira", [ItemSeen(at=NOW, source="5", item=STORY.id, order=9, fields={"reviewer": account})], NOW
        )


def everything_kept(terminal, *, mappings=True):
    with terminal.database.read() as db:
        return repr(
            [
                list(map(tuple, db.execute(select(table))))
                for table in tables.metadata.sorted_tables
                if mappings or table is not tables.mappings
            ]
        )


class TestAPerson:
    def test_nothing_that_is_kept_names_them_any_more(self, terminal):
        works_everywhere(terminal)
        assert DANA in everything_kept(terminal)

        told = terminal.json("forget", DANA, "--yes")

        assert DANA not in everything_kept(terminal)
        assert set(told["removed"]) == {"delivery", "fact", "sighting", "item", "field of ours", "check-in", "line"}
        assert told["removed"]["item"] == 2
        assert told["waiting"] == 0

    def test_others_are_not_forgotten_with_them(self, terminal):
        works_everywhere(terminal)
        terminal("forget", DANA, "--yes")
        with terminal.database.read() as db:
            (watched,) = [one for one in facts.of_item(db, "jira", STORY.id) if one.get("field") == "watch"]
            state = load(items.rows(db, [STORY])[STORY].state)
        assert (watched["actor"], watched["after"]) == (BEN, f"[{FORGOTTEN}, {BEN}]")
        assert state["watch"].value == (FORGOTTEN, BEN)

    def test_what_they_did_stays_done(self, terminal):
        works_everywhere(terminal)
        with terminal.database.read() as db:
            before = facts.of_item(db, "jira", STORY.id)
        terminal("forget", DANA, "--yes")
        with terminal.database.read() as db:
            after = facts.of_item(db, "jira", STORY.id)
            row = items.rows(db, [STORY])[STORY]
        assert [(one["kind"], one["at"]) for one in after] == [(one["kind"], one["at"]) for one in before]
        assert load(row.state)["title"].value == "Pay by card"

    def test_an_account_that_reads_like_a_label_or_a_title_is_told_apart_from_it(self, terminal):
        with terminal.database.write() as db:
            seen = {"key": "SHOP-1", "title": "admin", "labels": ("admin",), "assignee": "admin"}
            keep_pages(db, "jira", [ItemSeen(at=NOW, source="1", item=STORY.id, fields=seen)], NOW)
        fold(terminal)
        terminal("forget", "admin", "--yes")
        with terminal.database.read() as db:
            state = load(items.rows(db, [STORY])[STORY].state)
        assert {name: known.value for name, known in state.items()} == {**seen, "assignee": FORGOTTEN}

    def test_a_second_time_changes_nothing(self, terminal):
        works_everywhere(terminal)
        terminal("forget", DANA, "--yes")
        before = everything_kept(terminal)
        assert terminal("forget", DANA, "--yes").stdout == f"Nothing is kept of {DANA}.\n"
        assert everything_kept(terminal) == before

    def test_on_one_connection_only(self, terminal):
        works_everywhere(terminal)
        terminal("forget", DANA, "--connection", "ado", "--yes")
        with terminal.database.read() as db:
            states = {ref: row.state for ref, row in items.rows(db, [STORY, TASK]).items()}
        assert (DANA in states[STORY], DANA in states[TASK]) == (True, False)

    def test_a_delivery_that_nobody_has_read_is_not_lost(self, terminal):
        works_everywhere(terminal)
        deliver(terminal.database, "jira", [f'{{"by": "{DANA}"}}'.encode()])

        result = terminal("forget", DANA, "--yes")

        assert result.exit_code == 1
        assert "1 delivery that nobody has read yet names it, too" in result.stdout
        with terminal.database.write() as db:
            (waiting,) = deliveries.waiting(db, 10)
            deliveries.finish(db, [Outcome(waiting.id, "done")])
        assert terminal("forget", DANA, "--yes").exit_code == 0
        assert DANA not in everything_kept(terminal)

    def test_the_links_that_an_item_has_by_its_person_are_looked_at_again(self, terminal):
        works_everywhere(terminal)
        fold(terminal)
        terminal("forget", DANA, "--yes")
        with terminal.database.read() as db:
            assert set(marks.oldest(db, "item", 100, NOW + timedelta(days=9999))) >= {
                ("jira", STORY.id),
                ("ado", TASK.id),
            }

    def test_a_fold_that_was_under_way_does_not_bring_them_back(self, on_sqlite):
        """On SQLite a worker looks before it takes the lock: what it saw may be outdated when it writes."""
        works_everywhere(on_sqlite)
        in_force = policy(on_sqlite)

        class Interrupted(Policy):
            """Somebody is forgotten between the look and the write of this step."""

            def catalogues(self, connection):
                found = super().catalogues(connection)
                on_sqlite("forget", DANA, "--yes")
                return found

        interrupted = Interrupted(in_force.revision, in_force.scorecard, in_force.url)
        assert fold_items(on_sqlite.database, interrupted, NOW) == 0
        fold(on_sqlite)
        assert DANA not in everything_kept(on_sqlite)

    def test_what_sqlite_has_deleted_is_overwritten_in_its_file(self, on_sqlite, tmp_path):
        works_everywhere(on_sqlite)
        on_sqlite("forget", DANA, "--yes")
        assert not [
            file for file in tmp_path.glob("okrlink.db*") if file.is_file() and DANA.encode() in file.read_bytes()
        ]

    def test_the_account_that_okrlink_works_as_is_not_forgotten(self, terminal):
        with terminal.database.write() as db:
            reads.save_catalogue(db, "jira", Catalogue(account=DANA), NOW)
        result = terminal("forget", DANA, "--yes")
        assert result.exit_code == 2
        assert "itself works as on jira" in result.stderr

    def test_the_mapping_is_for_people_to_change(self, database, database_url, tmp_path, monkeypatch):
        mapping = MAPPING.replace("owner: Dana Ortiz", f"owner: {DANA}")
        terminal = sit_down(database, database_url, tmp_path, monkeypatch, mapping)
        assert "The applied mapping names it" in terminal("forget", DANA, "--yes").stdout
        assert DANA not in everything_kept(terminal, mappings=False)

    def test_nothing_is_forgotten_unasked(self, terminal):
        works_everywhere(terminal)
        before = everything_kept(terminal)
        for words in (("forget", DANA), ("forget", DANA, "--json")):
            result = terminal(*words)
            assert result.exit_code == 2
            assert "say --yes" in result.stderr
        assert terminal("forget").exit_code == 2
        assert everything_kept(terminal) == before


class TestAConnection:
    WITHOUT_ADO = MAPPING.replace(MAPPING[MAPPING.index("  ado:") : MAPPING.index("objectives:")], "")

    def test_one_that_the_mapping_names_stays(self, terminal):
        works_everywhere(terminal)
        result = terminal("forget", "--connection", "ado", "--yes")
        assert result.exit_code == 2
        assert "take it out, okrlink apply" in result.stderr

    def test_all_that_was_kept_of_it_goes_and_nothing_else(
        self, terminal, database, database_url, tmp_path, monkeypatch
    ):
        works_everywhere(terminal)
        with database.read() as db:
            jira = [
                list(map(tuple, db.execute(select(table).where(table.c.connection == "jira"))))
                for table in (tables.facts, tables.items, tables.deliveries, tables.links)
            ]
        sit_down(database, database_url, tmp_path, monkeypatch, self.WITHOUT_ADO)

        told = terminal.json("forget", "--connection", "ado", "--yes")

        assert told["removed"]["facts"] == 3
        with database.read() as db:
            assert [
                list(map(tuple, db.execute(select(table).where(table.c.connection == "jira"))))
                for table in (tables.facts, tables.items, tables.deliveries, tables.links)
            ] == jira
            left = [
                table.name
                for table in tables.metadata.sorted_tables
                if "connection" in table.c and db.execute(select(table).where(table.c.connection == "ado")).first()
            ]
        assert left == []
        assert terminal("forget", "--connection", "ado", "--yes").stdout == "Nothing is kept of the connection ado.\n"

    def test_what_it_fed_is_measured_again(self, terminal, database, database_url, tmp_path, monkeypatch):
        works_everywhere(terminal)
        sit_down(database, database_url, tmp_path, monkeypatch, self.WITHOUT_ADO)
        with database.write() as db:
            db.execute(tables.marks.delete())
        terminal("forget", "--connection", "ado", "--yes")
        with database.read() as db:
            assert marks.oldest(db, "key result", 9, NOW + timedelta(days=9999)) == [("", "checkout.rebuilt")]


def test_where_there_is_nothing_to_forget_nobody_is_asked(terminal):
    works_everywhere(terminal)
    assert json.loads(terminal("forget", "nobody", "--json").stdout)["removed"] == {}


WATCHING = """\
delivery:
  deployments: [{reaches: Done, type: Release}]
  changes: [{type: Story}]
kpis:
  lead-time: {use: dora/lead-time}
"""


class TestDelivery:
    """What is kept of an item for KPIs is its fields, and people stand in those."""

    @pytest.fixture
    def watching(self, database, database_url, tmp_path, monkeypatch):
        terminal = sit_down(database, database_url, tmp_path, monkeypatch, MAPPING + WATCHING)
        told = []
        for item, kind, hours in (("1", "Story", 0), ("2", "Release", 5)):
            common = {"item": item, "actor": DANA}
            seen = {"key": f"SHOP-{item}", "title": "Pay", "type": kind, "project": "SHOP", "status": "Done"}
            at = NOW + timedelta(hours=hours - 20)
            people = {"customfield_7": (DANA, BEN), "customfield_8": f"ask [~accountid:{DANA}]", "assignee": DANA}
            told += [
                ItemCreated(at=at, source=f"c{item}", **common),
                StatusChanged(at=at + timedelta(hours=1), source=f"s{item}", after="Doing", **common),
                StatusChanged(at=at + timedelta(hours=2), source=f"d{item}", after="Done", **common),
                ItemSeen(at=NOW, source=f"i{item}", fields=seen | {"category": "done"} | people, item=item),
            ]
        with database.write() as db:
            reads.save_catalogue(
                db, "jira", Catalogue(projects={"SHOP": "Shop"}, states={"doing": "in progress", "done": "done"}), NOW
            )
            keep_pages(db, "jira", told, NOW)
        settle(database, policy(terminal), datetime.now(UTC))
        return terminal

    def test_names_them_no_more_at_once_and_after_all_is_derived_anew(self, watching):
        assert DANA in everything_kept(watching)
        before = watching.json("kpis")

        told = watching.json("forget", DANA, "--yes")

        assert DANA not in everything_kept(watching)
        assert told["removed"]["delivery fact"] >= 2
        settle(watching.database, policy(watching), datetime.now(UTC))
        assert DANA not in everything_kept(watching)
        assert watching.json("rebuild")["changed_kpis"] == {}
        assert DANA not in everything_kept(watching)
        assert [one["value"] for one in watching.json("kpis")["kpis"]] == [one["value"] for one in before["kpis"]]

    def test_of_a_connection_goes_with_what_was_found_of_it(
        self, watching, database, database_url, tmp_path, monkeypatch
    ):
        with database.read() as db:
            assert db.execute(select(delivery_tables.shipments)).all()
        mapping = (
            (MAPPING + WATCHING)
            .replace("  jira:\n    tracker", "  other:\n    tracker")
            .replace("jira: {fields", "other: {fields")
        )
        terminal = sit_down(database, database_url, tmp_path, monkeypatch, mapping)

        terminal("forget", "--connection", "jira", "--yes")
        settle(database, policy(terminal), datetime.now(UTC))

        with database.read() as db:
            for table in (
                delivery_tables.delivery_facts,
                delivery_tables.moments,
                delivery_tables.timeline,
                delivery_tables.waiting,
                delivery_tables.delivery_names,
                delivery_tables.shipments,
            ):
                assert db.execute(select(table)).all() == [], table.name
