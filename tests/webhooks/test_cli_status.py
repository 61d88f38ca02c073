"""`okrlink status` and `okrlink replay`."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.core.facts import ItemRef
from integration.store import applied, budgets, deliveries, items, marks, outbox, reads, streams, written
from integration.store.budgets import Asked
from integration.store.deliveries import Outcome
from integration.store.inbox import Delivery, Inbox
from integration.store.items import Row
from integration.store.marks import Mark
from tests.webhooks.typing_commands import sit_down

NOW = datetime.now(UTC)
EPIC = ItemRef("jira", "10001")


@pytest.fixture
def terminal(database, database_url, tmp_path, monkeypatch):
    terminal = sit_down(database, database_url, tmp_path, monkeypatch)
    with database.write() as connection:  # as a worker would have done by now
        for kind in ("item", "reach", "key result", "card"):
            wanted = marks.oldest(connection, kind, 100, datetime.now(UTC))
            marks.ensure_subjects(connection, kind, wanted)
            marks.done(connection, marks.claim(connection, kind, wanted))
        for read in reads.open_reads(connection):
            reads.finish(connection, read)
    return terminal


@pytest.fixture
def epic(terminal):
    """An epic with a mistyped label."""
    state = '{"key":["SHOP-1","2026-10-05",0],"labels":[["kr:rebuild","kr:rebuilt"],"2026-10-05",0]}'
    with terminal.database.write() as connection:
        items.save(connection, [Row(EPIC, "SHOP-1", None, False, state)], [])
    return EPIC


def deliver(database, *bodies):
    inbox = Inbox.for_database(database)
    for number, body in enumerate(bodies):
        inbox.put(Delivery("jira", f"d{number}", datetime.now(UTC) - timedelta(minutes=5), {}, body))
    inbox.close()


def test_a_service_at_rest_says_so(terminal):
    lines = terminal("status").stdout.splitlines()

    assert lines[0].startswith("Mapping   revision 1, applied ")
    assert lines[1:7] == [
        "Webhooks  none yet",
        "Measuring nothing waits",
        "Reading   nothing waits",
        "Writing   nothing waits",
        "Rescans   none yet",
        "Requests  none today",
    ]


def test_requests_are_told_by_what_they_were_made_for(terminal):
    asked = [Asked("jira", "history", 1200), Asked("jira", "write", 34, 2), Asked("ado", "look", 1)]
    with terminal.database.write() as connection:
        budgets.add(connection, datetime.now(UTC).replace(minute=0, second=0, microsecond=0), asked)
        budgets.add(connection, datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2), asked)

    told = terminal("status").stdout.splitlines()

    assert "Requests  1,235 today" in told
    assert "  ado: 1 to look before writing" in told
    assert "  jira: 1,200 for the past, 34 to write; 2 refused as too many" in told
    assert terminal.json("status", "--json")["requests_today"][1:] == [
        {"connection": "jira", "purpose": "history", "made": 1200, "refused": 0},
        {"connection": "jira", "purpose": "write", "made": 34, "refused": 2},
    ]


def test_it_tells_when_each_tracker_was_asked_and_what_webhooks_missed(terminal):
    long_ago = NOW - timedelta(days=3)
    with terminal.database.write() as connection:
        for scope, since in (("", long_ago), ("all", datetime(1970, 1, 1, tzinfo=UTC))):
            streams.begin(connection, "jira", "issues", scope, since, NOW)
        stream = streams.take_over(connection, "jira", "issues", "", NOW)
        stream = streams.go_on(connection, stream, "7", 12, 5, 3, NOW)
        streams.reached(connection, stream, datetime.now(UTC) - timedelta(minutes=4), NOW)
    shown = terminal("status").stdout

    assert "Rescans   jira 4 minutes ago" in shown
    assert f"jira: 3 facts since {long_ago:%Y-%m-%d}, found by asking" in shown
    assert f"jira: whatever was before {long_ago:%Y-%m-%d} is not known; okrlink backfill jira reads it" in shown
    standing, _ = terminal.json("status")["streams"]
    assert (standing["stream"], standing["told"], standing["new_facts"], standing["missed"]) == ("issues", 12, 5, 3)


def test_a_project_that_no_backfill_read_is_named(terminal):
    with terminal.database.write() as connection:
        for scope, projects in (("", ("SHOP",)), ("all", ("BILL", "S*"))):
            streams.begin(connection, "jira", "issues", scope, NOW, NOW)
            stream = streams.take_over(connection, "jira", "issues", scope, NOW)
            streams.reached(connection, stream, NOW, NOW, projects)
    assert "whatever was before" not in terminal("status").stdout

    with terminal.database.write() as connection:
        stream = streams.take_over(connection, "jira", "issues", "all", NOW)
        streams.reached(connection, stream, NOW, NOW, ("BILL",))
    assert f"jira: of SHOP, whatever was before {NOW:%Y-%m-%d} is not known" in terminal("status").stdout


def test_what_stops_a_walk_through_history_is_said(terminal):
    with terminal.database.write() as connection:
        streams.begin(connection, "jira", "issues", "", NOW, NOW)
        stream = streams.take_over(connection, "jira", "issues", "", NOW)
        streams.put_off(connection, stream, NOW, "HTTP 403: not yours")

    shown = terminal("status").stdout

    assert "Rescans   jira not yet" in shown
    assert "asking jira for issues: HTTP 403: not yours" in shown


def test_deliveries_are_counted_by_kind_and_what_became_of_them(terminal):
    deliver(terminal.database, b"1", b"2", b"3", b"4", b"5")
    with terminal.database.write() as connection:
        deliveries.finish(
            connection,
            [
                Outcome(1, "done", "jira:issue_updated"),
                Outcome(2, "ignored", "user_created", "says nothing of work"),
                Outcome(3, "unsupported", "space_created"),
                Outcome(4, "dead", None, "not JSON: line 1"),
            ],
        )

    told = terminal.json("status")["deliveries"]
    shown = terminal("status").stdout

    assert told["waiting"] == 1
    assert {(one["event"], one["state"], one["count"]) for one in told["counts"]} == {
        ("jira:issue_updated", "done", 1),
        ("user_created", "ignored", 1),
        ("space_created", "unsupported", 1),
        (None, "dead", 1),
        (None, "new", 1),
    }
    assert told["dead"] == [{"id": 4, "event": None, "reason": "not JSON: line 1"}]
    day = f"{datetime.now(UTC) - timedelta(minutes=5):%Y-%m-%d}"
    assert (
        f"1 read, 1 ignored, 1 of unknown kind since {day}; 1 not understood since {day}; "
        "1 to read, the oldest from 5 minutes ago"
    ) in shown
    assert "jira  space_created       1 not known to this version" in shown
    assert "delivery 4: not JSON: line 1" in shown


def test_counts_say_since_when_deliveries_are_kept(terminal):
    inbox = Inbox.for_database(terminal.database)
    for number, days in enumerate((80, 20, 10, 1)):
        inbox.put(Delivery("jira", f"d{number}", NOW - timedelta(days), {}, b"{}"))
    inbox.close()
    with terminal.database.write() as connection:
        states = ("dead", "done", "ignored", "dead")
        deliveries.finish(connection, [Outcome(number, state, "event") for number, state in enumerate(states, 1)])
    dead, read = (f"{NOW - timedelta(days):%Y-%m-%d}" for days in (80, 20))

    shown = terminal("status").stdout
    told = terminal.json("status")["deliveries"]

    assert f"Webhooks  1 read, 1 ignored since {read}; 2 not understood since {dead}\n" in shown
    assert f"Webhooks by kind, of those kept since {dead}\n" in shown
    assert (told["counted_since"][:10], told["dead_since"][:10]) == (read, dead)

    with terminal.database.write() as connection:
        assert deliveries.throw_away(connection, [2]) == 1
    assert f"1 ignored since {NOW - timedelta(10):%Y-%m-%d}" in terminal("status").stdout


def test_a_write_that_was_given_up_shows_the_trackers_own_words(terminal, epic):
    with terminal.database.write() as connection:
        outbox.want(connection, epic, {"customfield_1": 62}, NOW, NOW)
        outbox.give_up(connection, outbox.claim(connection, NOW, 1)[0], "400: Field 'customfield_1' cannot be set.")

    [dead] = terminal.json("status")["writes"]["dead"]

    assert (dead["key"], dead["fields"], dead["attempts"]) == ("SHOP-1", {"customfield_1": 62}, 1)
    assert dead["reason"] == "400: Field 'customfield_1' cannot be set."
    assert "writing customfield_1 on SHOP-1: 400: Field 'customfield_1' cannot be set." in terminal("status").stdout


def test_a_field_that_a_person_holds_comes_with_the_remedy(terminal, epic):
    with terminal.database.write() as connection:
        written.hold(connection, epic, "customfield_1", "ask Sam", "KR Progress")

    [held] = terminal.json("status")["held"]

    assert (held["key"], held["field"], held["value"]) == ("SHOP-1", "customfield_1", "ask Sam")
    assert "empty the field in the tracker" in held["remedy"]


@pytest.mark.parametrize(("number", "shown"), [(77.0, "“77”"), (61.5, "“61.5”"), (1_234_567.0, "“1234567”")])
def test_a_number_that_a_person_holds_is_shown_as_in_the_tracker(terminal, epic, number, shown):
    with terminal.database.write() as connection:
        written.hold(connection, epic, "customfield_1", number, "KR Progress")

    assert f"SHOP-1  customfield_1: {shown}\n" in terminal("status").stdout


def test_what_stands_in_the_way_is_shown_until_its_cause_is_gone(terminal):
    def notice(message):
        with terminal.database.write() as connection:
            applied.notice(connection, "jira", "field KR Progress", message, NOW)

    notice("KR Progress: there is no field called 'KR Progress'")
    before = terminal("status").stdout
    notice(None)

    assert "jira: KR Progress: there is no field called 'KR Progress'" in before
    assert terminal.json("status")["notices"] == []


def test_a_tag_that_names_nothing_is_listed_with_what_may_be_meant(terminal, epic):
    [tag] = terminal.json("status")["unknown_tags"]

    assert (tag["key"], tag["tag"], tag["suggestion"]) == ("SHOP-1", "kr:rebuild", "checkout.rebuilt")
    assert "SHOP-1  kr:rebuild; did you mean checkout.rebuilt?" in terminal("status").stdout


def test_what_is_unknown_says_why(terminal):
    told = {one["key_result"]: one["reason"] for one in terminal.json("status")["unknown_key_results"]}

    assert told["checkout.rebuilt"] == "not measured yet"


def test_what_waits_is_told_with_its_age(terminal, epic):
    with terminal.database.write() as connection:
        marks.add(connection, [Mark("item", ("jira", "10001"), NOW - timedelta(hours=3))])
        reads.want(connection, "subtree", [epic], NOW)
        outbox.want(connection, epic, {"customfield_1": 62}, NOW - timedelta(days=2), NOW)

    lines = terminal("status").stdout.splitlines()

    assert lines[2:5] == [
        "Measuring 1 mark to follow, the oldest from 3 hours ago",
        "Reading   1 read to make",
        "Writing   1 item to write, the oldest from 2 days ago",
    ]


class TestReplay:
    @pytest.fixture
    def given_up(self, terminal, epic):
        deliver(terminal.database, b"1", b"2")
        with terminal.database.write() as connection:
            deliveries.finish(connection, [Outcome(1, "dead", None, "x"), Outcome(2, "dead", None, "x")])
            reads.want(connection, "subtree", [epic], NOW)
            reads.give_up(connection, reads.claim(connection, NOW, 1)[0], "gone")
            outbox.want(connection, epic, {"customfield_1": 62}, NOW, NOW)
            outbox.give_up(connection, outbox.claim(connection, NOW, 1)[0], "400")

    def test_tries_all_of_it_again(self, terminal, given_up):
        assert terminal("replay").stdout == "Trying again: 2 deliveries, 1 read, 1 write.\n"
        told = terminal.json("status")
        assert (told["deliveries"]["waiting"], told["deliveries"]["dead"], told["writes"]["dead"]) == (2, [], [])
        assert [one["state"] for one in told["reads"]] == ["wanted"]

    def test_or_only_the_deliveries_that_are_named(self, terminal, given_up):
        assert terminal.json("replay", "2") == {"deliveries": 1, "reads": 0, "writes": 0}
        assert [one["id"] for one in terminal.json("status")["deliveries"]["dead"]] == [1]

    def test_says_so_of_a_delivery_that_was_not_given_up(self, terminal, given_up):
        assert terminal("replay", "3").stdout.startswith("None of these deliveries was given up")
        assert len(terminal.json("status")["deliveries"]["dead"]) == 2

    @pytest.mark.parametrize("number", ["0", "99999999999999999999"])
    def test_takes_no_number_that_is_none_of_a_delivery(self, terminal, number):
        assert terminal("replay", number).exit_code == 2

    def test_has_nothing_to_do_where_nothing_was_given_up(self, terminal):
        assert terminal("replay").stdout == "Nothing was given up: there is nothing to try again.\n"
