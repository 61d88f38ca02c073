"""`okrlink okrs` where KPIs measure key results and guard objectives, on both databases."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from io import StringIO

import pytest
from rich.console import Console

from integration.core.kpi.summary import Summary
from integration.refresh.kpis import digest
from integration.store import measurements
from tests.webhooks.pushing import work, write
from tests.webhooks.typing_commands import sit_down
from webhooks.cli.numbers import table
from webhooks.overview import overview

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MAPPING = """\
version: 1
cycle: always
cycles: {always: {from: 2020-01-01, to: 2099-12-31}}
connections: {}
delivery: {deployments: [{pushed: true}], incidents: [{pushed: true}]}
objectives:
  faster:
    title: Changes reach readers sooner
    guardrails: [failures, happiness]
    key_results:
      often: {title: We deploy more often, kpi: frequency, start: 1 / week, target: 10 / week}
kpis:
  frequency: {use: dora/deployment-frequency}
  failures: {use: dora/change-failure-rate, keep: "<= 15 %"}
  happiness: {measure: {pushed: true}, kind: team health, keep: ">= 7"}
"""


@pytest.fixture
def terminal(database, database_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return sit_down(database, database_url, tmp_path, monkeypatch, MAPPING)


def measured(terminal, value, *, holds, days=(), reason="", as_of=NOW):
    """The failure rate as a worker measured it last, and at the ends of days."""
    with terminal.database.write() as connection:
        kpi = terminal.scorecard.kpis["failures"]

        def told(value, holds):
            known = None if value is None else Fraction(value)
            return Summary(
                kpi=kpi.name, as_of=as_of, first=as_of, last=as_of, value=known, unit="%", reason=reason, holds=holds
            )

        measurements.save(connection, told(value, holds), digest(kpi))
        measurements.save_days(connection, {day: told(None if held is None else 1, held) for day, held in days})


def guardrail_lines(terminal):
    return [line for line in terminal("okrs").stdout.splitlines() if line.startswith("  guardrail")]


class TestGuardrails:
    def test_a_worker_measures_them(self, terminal, tmp_path):
        now = datetime.now(UTC)
        failed = {"kind": "deployment", "id": "1", "environment": "production", "result": "failed"}
        facts = [
            {**failed, "finished": (now - timedelta(days=3)).isoformat()},
            {"kind": "incident", "id": "i", "opened": (now - timedelta(days=3)).isoformat()},
        ]
        since = (now - timedelta(days=60)).date().isoformat()
        assert terminal("import", write(tmp_path / "facts.jsonl", facts), "--since", since).exit_code == 0

        work(terminal.database, terminal.scorecard)

        broken = (now - timedelta(days=3)).date()
        assert guardrail_lines(terminal)[0] == f"  guardrail failures 100 %, keep <= 15 %: broken since {broken}"

    def test_one_that_holds(self, terminal):
        measured(terminal, "100/11", holds=True)

        assert guardrail_lines(terminal)[0] == "  guardrail failures 9.09 %, keep <= 15 %: holds"

    def test_one_that_nobody_measured_yet_says_so(self, terminal):
        assert guardrail_lines(terminal)[1] == (
            "  guardrail happiness, keep >= 7: unknown: not measured yet; that takes a running okrlink serve or okrlink work"
        )

    def test_what_is_unknown_breaks_nothing(self, terminal):
        measured(terminal, None, holds=None, reason="no deployment finished in 28 days")

        assert guardrail_lines(terminal)[0].endswith(
            "failures, keep <= 15 %: unknown: no deployment finished in 28 days"
        )
        assert terminal.json("okrs")["objectives"][0]["status"] != "at risk"

    @pytest.mark.parametrize(
        ("days", "since"),
        [
            pytest.param([], "2026-11-20", id="today, where it held until now or nobody looked"),
            pytest.param([(17, True), (18, False), (19, False)], "2026-11-18", id="since the first day after it held"),
            pytest.param(
                [(16, True), (17, False), (18, None), (19, False)], "2026-11-17", id="an unknown day mends nothing"
            ),
            pytest.param([(17, False), (18, True), (19, None)], "2026-11-20", id="an unknown day breaks nothing"),
            pytest.param([(17, False), (18, False)], "2026-11-17", id="from the first day that is known"),
        ],
    )
    def test_a_broken_one_says_since_when(self, terminal, days, since):
        measured(terminal, "20", holds=False, days=[(date(2026, 11, day), held) for day, held in days])

        assert guardrail_lines(terminal)[0] == f"  guardrail failures 20 %, keep <= 15 %: broken since {since}"

    def test_a_broken_one_puts_its_objective_at_risk_and_is_named(self, terminal):
        measured(terminal, "20", holds=False)

        objective = terminal.json("okrs")["objectives"][0]

        assert (objective["status"], objective["reason"]) == ("at risk", "does not hold: failures")

    def test_json_has_value_bound_and_since_when(self, terminal):
        measured(terminal, "100/3", holds=False)

        failures, happiness = terminal.json("okrs")["objectives"][0]["guardrails"]

        assert failures == {
            "kpi": "failures",
            "title": "failures",
            "keep": "<= 15 %",
            "holds": False,
            "broken_since": "2026-11-20",
            "holds_since": None,
            "value": "100/3",
            "decimal": 33.333333333333336,
            "unit": "%",
            "reason": "",
            "as_of": "2026-11-20T12:00:00+00:00",
        }
        assert (happiness["holds"], happiness["value"], happiness["reason"][:16]) == (None, None, "not measured yet")

    def test_numbers_of_another_definition_are_none_of_this_one(self, terminal):
        measured(terminal, "20", holds=False)
        with terminal.database.write() as connection:
            saved = measurements.newest(connection, ["failures"])["failures"]
            measurements.save(connection, saved.summary, "another")

        assert "failures, keep <= 15 %: unknown: not measured yet" in guardrail_lines(terminal)[0]

    def test_a_terminal_shows_them_below_the_key_results(self, terminal):
        measured(terminal, "20", holds=False)
        console = Console(file=StringIO(), width=120)
        with terminal.database.read() as connection:
            groups = overview(connection, terminal.scorecard, NOW)

        console.print(table(groups, 120))
        console.print(table(groups, 120, brief=True))

        assert console.file.getvalue().count("guardrail failures 20 %, keep <= 15 %: broken since 2026-11-20") == 1


def test_a_key_result_moves_with_its_kpi(terminal, tmp_path):
    """From pushed deployments to the objective's line, as a worker does it."""
    now = datetime.now(UTC)
    deployments = [
        {
            "kind": "deployment",
            "id": str(n),
            "environment": "production",
            "result": "success",
            "finished": (now - timedelta(days=1, hours=n)).isoformat(),
        }
        for n in range(23)
    ]
    since = (now - timedelta(days=60)).date().isoformat()
    assert terminal("import", write(tmp_path / "facts.jsonl", deployments), "--since", since).exit_code == 0
    work(terminal.database, terminal.scorecard)

    line = terminal("okrs").stdout.splitlines()[1]

    assert "53 %" in line  # (5.75 - 1) of (10 - 1)
    assert "faster.often  (1 → 5.75 → 10 / week)" in line
