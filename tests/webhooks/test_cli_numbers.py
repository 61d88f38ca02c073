"""`okrlink okrs` and `okrlink checkin`, on both databases."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pytest
from rich.console import Console

from integration.core.okr import Standing, WorkCount
from integration.store import check_ins, marks
from integration.store.db import Database
from tests.webhooks.typing_commands import sit_down
from webhooks.cli import Mistake
from webhooks.cli.checkin import parse_value
from webhooks.cli.numbers import bar, table
from webhooks.overview import overview

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)


@pytest.fixture
def terminal(database, database_url, tmp_path, monkeypatch):
    return sit_down(database, database_url, tmp_path, monkeypatch)


def measured(terminal, **said):
    """The checkout, as a worker last measured it."""
    work = WorkCount(
        **{
            "done": Fraction(31),
            "scope": Fraction(50),
            "items": 12,
            "items_done": 7,
            "unestimated": 2,
            "estimate": Fraction(3),
            "scope_at_start": Fraction(40),
            "double": ("SHOP-7",),
            **said,
        }
    )
    standing = Standing(
        key_result="checkout.rebuilt",
        as_of=NOON,
        status="on track",
        current=Decimal(62),
        start=Decimal(0),
        target=Decimal(100),
        unit="%",
        progress=Fraction(62, 100),
        expected=Fraction(55, 100),
        work=work,
    )
    with terminal.database.write() as connection:
        check_ins.save_standing(connection, standing, work.scope_at_start, date(2026, 10, 1))


class TestOkrs:
    def test_says_what_was_measured_and_what_a_reader_must_know(self, terminal):
        measured(terminal)

        lines = terminal("okrs").stdout.splitlines()

        assert lines[:5] == [
            "Buying a book takes less than a minute: on track, 62 %, expected 55 %",
            "  without checkout.abandoned",
            "  [###########|........]   62 %    +7  on track     checkout.rebuilt  (31 of 50 story points)  The new checkout is built",
            "    62 % of today's scope, 78 % of the scope at start (+10 story points)",
            "    2 items not estimated, each counted as 3 story points",
        ]
        assert lines[5] == "    SHOP-7 counts for another key result, too"

    def test_what_is_unknown_says_why(self, terminal):
        assert "not measured yet; that takes a running okrlink serve or okrlink work" in terminal("okrs").stdout

    def test_json_has_every_key_for_every_key_result(self, terminal):
        measured(terminal)

        told = terminal.json("okrs")

        results = [one for objective in told["objectives"] for one in objective["key_results"]]
        assert [one["id"] for one in results] == ["checkout.rebuilt", "checkout.abandoned", "trust.answers"]
        assert len({frozenset(one) for one in results}) == 1
        rebuilt = results[0]
        assert (rebuilt["percent"], rebuilt["score"], rebuilt["expected"], rebuilt["pace"]) == (62, 62, 55, 7)
        assert rebuilt["progress"] == 0.62
        assert rebuilt["work"]["percent_of_scope_at_start"] == 78
        assert rebuilt["work"]["double"] == ["SHOP-7"]
        assert (results[1]["percent"], results[1]["status"], results[1]["as_of"]) == (None, "unknown", None)


class TestCheckin:
    def test_tells_what_changed_and_how_to_take_it_back(self, terminal):
        result = terminal("checkin", "abandoned", "61.5", "--confidence", "7", "--note", "the new form helps")

        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            "checkout.abandoned  Fewer baskets are left standing",
            "  value       none → 61.5 %  (from 68 to 55 %)",
            "  progress    none → 50 %",
            "  status      unknown → on track",
            "  confidence  none → 7 of 10",
            "  note        the new form helps",
            "Kept. To take it back: okrlink checkin checkout.abandoned --undo",
        ]

    def test_a_running_worker_measures_it_again(self, terminal):
        terminal("checkin", "abandoned", "61.5")

        with terminal.database.read() as connection:
            assert marks.pending(connection, ["key result"]) == {"key result": 4}  # three of them since the mapping
            assert marks.settled(connection, "key result", datetime.now(UTC)) is not None

    def test_undo_takes_back_the_last_one_only(self, terminal):
        terminal("checkin", "abandoned", "66")
        terminal("checkin", "abandoned", "60", "--confidence", "3")

        told = terminal.json("checkin", "abandoned", "--undo")

        assert told["undone"]
        assert (told["before"]["current"], told["after"]["current"]) == (60, 66)
        assert (told["before"]["confidence"], told["after"]["confidence"]) == (3, None)
        terminal("checkin", "abandoned", "--undo")
        result = terminal("checkin", "abandoned", "--undo")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "nothing to take back" in result.stderr

    def test_linked_work_takes_confidence_but_no_value(self, terminal):
        measured(terminal)

        refused = terminal("checkin", "rebuilt", "70")
        told = terminal.json("checkin", "rebuilt", "--confidence", "4")

        assert refused.exit_code == 2
        assert "measured by its linked work" in refused.stderr
        assert (told["before"]["confidence"], told["after"]["confidence"]) == (None, 4)
        assert told["after"]["status"] == "on track"

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["abandonned", "3"], "no key result is called 'abandonned'; did you mean checkout.abandoned?"),
            (["abandoned", "61,5"], "'61,5' has a comma; write 61.5 or 615"),
            (["abandoned", "many"], "expected a number, got 'many'"),
            (["abandoned"], "nothing to check in: give a value, --confidence or --note"),
            (["abandoned", "3", "--undo"], "--undo takes nothing else"),
        ],
    )
    def test_a_mistake_changes_nothing_and_says_what_would_be_right(self, terminal, words, message):
        result = terminal("checkin", *words)

        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{message}\n")
        with terminal.database.read() as connection:
            assert not check_ins.history(connection, "checkout.abandoned")

    def test_a_key_result_goes_by_its_title_too(self, terminal):
        assert terminal.json("checkin", "questions are answered", "12")["key_result"] == "trust.answers"

    def test_a_value_may_be_negative(self, terminal):
        assert terminal.json("checkin", "answers", "-2.5")["after"]["current"] == -2.5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("61.5", "61.5"),
        ("61.5 %", "61.5"),
        ("61.5%", "61.5"),
        (" 1 200 ", "1200"),
        ("\N{MINUS SIGN}3", "-3"),
        (".5", "0.5"),
        ("7.", "7"),
        ("9" * 40, "9" * 40),
    ],
)
def test_numbers_as_people_type_them(text, value):
    assert parse_value(text, "%") == Decimal(value)


@pytest.mark.parametrize("text", ["240 / week", "240/week", "240"])
def test_spaces_in_a_unit_do_not_matter(text):
    assert parse_value(text, "/ week") == 240


def test_a_mistyped_option_is_no_value():
    with pytest.raises(Mistake, match="checkin has no option --confidnce"):
        parse_value("--confidnce", "%")


@pytest.mark.parametrize(
    "text", ["", "%", "1.2.3", "1e5", "nan", "five", "0x10", "1,000.5.2", "\N{ARABIC-INDIC DIGIT FIVE}", "9" * 41]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(Mistake):
        parse_value(text, "%")


@pytest.mark.parametrize(
    ("score", "expected", "text"),
    [
        (Fraction(0), None, ".........."),
        (Fraction(1, 2), None, "#####....."),
        (Fraction(1, 2), Fraction(3, 4), "#####...|."),
        (Fraction(1), Fraction(99, 100), "#########|"),
        (Fraction(1), Fraction(1), "##########"),
        (None, Fraction(1, 2), ".........."),
    ],
)
def test_a_bar_shows_progress_and_where_it_should_be(score, expected, text):
    assert bar(score, expected, 10, filled="#", empty=".") == text


@pytest.mark.parametrize(
    ("width", "brief", "lines"),
    [
        (
            140,
            False,
            {"31 of 50 story points", "checkout.rebuilt", "2 items not estimated, each counted as 3 story points"},
        ),
        (140, True, {"31 of 50 story points"}),
        (80, True, set()),
    ],
)
def test_a_terminal_gets_as_much_as_it_has_room_for(sqlite_url, tmp_path, monkeypatch, width, brief, lines):
    """Bar, percentage, pace and status always; amounts where there is room; a line a key result where it is brief."""
    database = Database.open(sqlite_url)
    terminal = sit_down(database, sqlite_url, tmp_path, monkeypatch)
    measured(terminal)
    with database.read() as connection:
        groups = overview(connection, terminal.scorecard, NOON)
    database.close()
    console = Console(width=width, file=StringIO(), force_terminal=False)

    console.print(table(groups, width, brief=brief))

    shown = console.file.getvalue()
    assert "███████████|░░░░░░░░   62 %   +7  on track     " in shown
    maybe = {"31 of 50 story points", "checkout.rebuilt", "2 items not estimated, each counted as 3 story points"}
    assert {line for line in maybe if line in shown} == lines
    assert not brief or len(shown.splitlines()) == 7, shown
