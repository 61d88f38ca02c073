"""`okrlink kpis` from the database, on both databases."""

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from io import StringIO

import pytest
from rich.console import Console

from integration.core.kpi.summary import Summary
from integration.refresh.kpis import digest
from integration.refresh.policy import Policy
from integration.store import applied, measurements
from mappings import load_texts
from tests.webhooks.pushing import AS_OF, NOON, ago, change, deployment, incident, number, suite, work, write
from tests.webhooks.typing_commands import run, sit_down
from webhooks.cli.kpis_text import sparkline, table
from webhooks.kpis.database import StoredFacts
from webhooks.kpis.looks import Asked, history, look

MAPPING = """\
version: 1
cycle: always
cycles: {always: {from: 2020-01-01, to: 2099-12-31}}
connections: {}
services:
  shop: {title: The shop}
  search: {}
delivery:
  deployments: [{pushed: true}]
  changes: [{pushed: true}]
  incidents: [{pushed: true}]
kpis:
  frequency: {use: dora/deployment-frequency, target: ">= 5 / week"}
  lead-time: {use: dora/lead-time}
  failure-rate: {use: dora/change-failure-rate, keep: "<= 15 %"}
  recovery: {use: dora/recovery-time}
  restored: {use: dora/time-to-restore}
  passed: {use: quality/test-pass-rate}
  happiness: {measure: {pushed: true}, kind: team health, keep: ">= 7"}
  rolled-back: {measure: {count: deployments}, where: {rolled back: true}}
"""
FACTS = [
    *(deployment(f"s{n}", 30 * n + 1, service="shop", version=f"1.{40 - n}", commits=[f"k{n}"]) for n in range(20)),
    *(change(f"c{n}", 30 * n + n + 2, service="shop", commits=[f"k{n}"]) for n in range(20)),
    deployment("broken", 46, "failed", service="search"),
    deployment("mended", 40, service="search"),
    incident("late", 20, service="shop", restored=ago(17)),
    incident("open", 3, service="shop"),
    change("waiting", 0.5, service="search"),
    suite("unit", 3, 90, 10),
    number("happiness", ago(100), 7.4),
]


@pytest.fixture
def terminal(database, database_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return sit_down(database, database_url, tmp_path, monkeypatch, MAPPING)


@pytest.fixture
def told(terminal, tmp_path):
    """The facts imported, and worked on until nothing waits."""
    result = run("import", write(tmp_path / "facts.jsonl", FACTS), "--since", "2026-05-01")
    assert result.exit_code == 0, result.stderr
    work(terminal.database, terminal.scorecard)
    return terminal


def without_whence(text):
    told = json.loads(text)
    return {key: value for key, value in told.items() if key not in ("revision", "facts", "mapping")}


def test_database_and_file_agree_to_the_last_digit_and_about_every_fact(told):
    asked = ("--as-of", AS_OF, "--explain", "--json")
    stored = told("kpis", *asked)
    alone = told("kpis", *asked, "--facts", "facts.jsonl", "--mapping", "okr.yaml")

    assert stored.exit_code == alone.exit_code == 0, stored.stderr + alone.stderr
    for one, other in zip(kpis_of(stored), kpis_of(alone), strict=True):
        assert one == other


def kpis_of(result):
    return json.loads(result.stdout)["kpis"]


def test_they_agree_about_weeks_and_groups(told):
    for words in (["--by", "week", "--last", "4"], ["--group", "service"], ["--by", "month", "--group", "service"]):
        asked = ("frequency", "failure-rate", "restored", *words, "--as-of", AS_OF, "--json")
        stored, alone = told("kpis", *asked), told("kpis", *asked, "--facts", "facts.jsonl", "--mapping", "okr.yaml")

        assert without_whence(stored.stdout) == without_whence(alone.stdout), words


def test_lines(told):
    lines = told("kpis", "frequency", "failure-rate", "happiness", "--as-of", AS_OF).stdout.splitlines()

    assert lines == [
        "Delivery",
        "  frequency     5.25 / week  up from 0 / week (better)  target >= 5 / week: met  21 samples",
        "  failure-rate  9.09 %  keep <= 15 %: holds  22 samples",
        "Team health",
        "  happiness  7.4  keep >= 7: holds  1 sample",
    ]


def test_what_is_unknown_says_why(terminal):
    result = terminal("kpis", "failure-rate", "--as-of", AS_OF)

    assert (
        result.stdout.splitlines()[1] == "  failure-rate  unknown: no deployment was pushed yet  keep <= 15 %: unknown"
    )


def test_without_any_fact_it_says_where_facts_come_from(terminal):
    result = terminal("kpis")

    assert result.exit_code == 0
    assert "okrlink backfill" in result.stderr
    assert '"kind": "deployment"' in result.stderr


def test_the_service_is_known_by_its_title(told):
    result = told("kpis", "frequency", "--group", "service", "--as-of", AS_OF)

    assert [line.split()[:2] for line in result.stdout.splitlines()[2:]] == [["search:", "0.25"], ["shop:", "5"]]


class TestOtherMappings:
    def test_kpis_of_a_mapping_that_is_not_in_force(self, told, tmp_path):
        (tmp_path / "new.yaml").write_text(MAPPING + "  p90: {use: dora/lead-time, aggregate: p90}\n")

        told_now = json.loads(told("kpis", "p90", "--mapping", "new.yaml", "--as-of", AS_OF, "--json").stdout)

        assert told_now["mapping"] == "new.yaml"
        assert told_now["kpis"][0]["samples"] == 20

    def test_but_not_under_other_rules_of_delivery(self, told, tmp_path):
        (tmp_path / "new.yaml").write_text(
            MAPPING.replace("deployments: [{pushed: true}]", "deployments: [{version: '*'}]")
        )

        result = told("kpis", "--mapping", "new.yaml")

        assert result.exit_code == 2
        assert "its rules of delivery are not those in force" in result.stderr

    def test_before_anything_is_applied(self, database, database_url, monkeypatch):
        monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)

        result = run("kpis")

        assert result.exit_code == 2
        assert result.stderr.startswith("nothing is applied yet: okrlink apply okr.yaml; or compute from a file")


class TestOnATerminal:
    def seen(self, told, width, *names, as_of=NOON):
        console = Console(file=StringIO(), width=width)
        with told.database.read() as connection:
            policy = Policy(applied.revision(connection) or 0, told.scorecard, "")
            source = StoredFacts(connection, policy)
            kpis = [told.scorecard.kpis[name] for name in names]
            looks = [look(source, kpi, Asked(as_of)) for kpi in kpis]
            console.print(table(looks, {kpi.name: history(source, kpi, as_of) for kpi in kpis}, width))
        return console.file.getvalue()

    def test_days_that_a_worker_kept_are_drawn(self, told):
        with told.database.read() as connection:
            source = StoredFacts(connection, Policy(0, told.scorecard, ""))
            days = history(source, told.scorecard.kpis["frequency"], datetime.now(UTC))

        assert None not in days

    def test_days_are_drawn_where_there_is_room(self, told):
        keep_days(told, "happiness", {date(2026, 11, 17): 4, date(2026, 11, 18): 8, date(2026, 11, 19): 6})

        assert f"{' ' * 25}▁█▅" in self.seen(told, 140, "happiness")
        assert "▁" not in self.seen(told, 100, "happiness")

    def test_a_narrow_one_has_the_same_words(self, told):
        narrow = self.seen(told, 90, "frequency", "failure-rate")

        assert "5.25 / week" in narrow
        assert "target >= 5 / week: met" in " ".join(narrow.split())
        assert "keep <= 15 %: holds" in " ".join(narrow.split())


def test_a_sparkline_has_gaps_where_nothing_is_known():
    assert sparkline([0, None, 7]) == "▁ █"
    assert sparkline([3, 3]) == "▄▄"
    assert sparkline([None, None]) == ""


def test_days_of_another_definition_are_not_drawn(told):
    keep_days(told, "lead-time", {date(2026, 11, 19): 6})
    p90 = MAPPING.replace("use: dora/lead-time}", "use: dora/lead-time, aggregate: p90}")
    other = load_texts({"okr.yaml": p90}, "okr.yaml").scorecard
    asked = (date(2026, 11, 1), date(2026, 11, 20))
    with told.database.read() as connection:
        drawn = StoredFacts(connection, Policy(1, told.scorecard, "")).days(told.scorecard.kpis["lead-time"], *asked)
        source = StoredFacts(connection, Policy(1, other, ""))

        assert [(day, one.value) for day, one in drawn if day == date(2026, 11, 19)] == [(date(2026, 11, 19), 6)]
        assert source.days(other.kpis["lead-time"], *asked) == ()


def keep_days(terminal, name, days):
    """As if a worker had measured the KPI on these days, and on no others."""
    kpi = terminal.scorecard.kpis[name]
    told = {
        day: Summary(kpi=name, as_of=NOON, first=NOON, last=NOON, value=Fraction(value)) for day, value in days.items()
    }
    with terminal.database.write() as connection:
        measurements.forget_days(connection, name)
        measurements.save(connection, next(iter(told.values())), digest(kpi))
        measurements.save_days(connection, told)
