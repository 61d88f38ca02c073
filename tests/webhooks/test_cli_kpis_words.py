"""What `okrlink kpis` says, to people and to programs: groups, calendars, facts, mistakes, and what to do where nothing is."""

import json

import pytest

from tests.webhooks.pushing import Sheet, ago, change, deployment, number, write
from tests.webhooks.typing_commands import run

SUCCESSES = [deployment(f"s{n}", 12 + 24 * n) for n in range(23)]
THREE_WEEKS = [
    deployment(name, hours)  # Monday twice and Tuesday; never; Wednesday of the weeks before 16 November
    for name, hours in (("1", 603), ("2", 597), ("3", 579), ("4", 219))
]
LEAD = [deployment("d1", 1, commits=["c1"]), change("two", 3, commits=["c1"])]


@pytest.fixture
def kpis(tmp_path, monkeypatch):
    return Sheet(tmp_path, monkeypatch)


class TestWords:
    def test_a_line_a_kpi_grouped_by_kind(self, kpis):
        mapping = (
            '{happiness: {measure: {pushed: true}, kind: team health, keep: ">= 8"}, '
            'frequency: {use: dora/deployment-frequency, target: ">= 5 / week"}, '
            "recovery: {use: dora/recovery-time}}"
        )
        facts = [*SUCCESSES, deployment("before", 29 * 24), number("happiness", ago(24), 7.4)]

        assert kpis(mapping, facts).stdout.splitlines() == [
            "Delivery",
            "  frequency  5.75 / week  up from 0.25 / week (better)  target >= 5 / week: met  23 samples",
            "  recovery   unknown: no deployment recovered in 28 days",
            "Team health",
            "  happiness  7.4  keep >= 8: broken  1 sample",
        ]

    def test_bands_come_with_whose_they_are(self, kpis):
        kpi = "{f: {use: dora/deployment-frequency, bands: {from: DORA 2023, high: '>= 1 / week', low: else}}}"
        (one,) = kpis.told(kpi, SUCCESSES)

        assert (one["band"], one["bands_from"]) == ("high", "DORA 2023")
        assert "high (DORA 2023)" in kpis(kpi, SUCCESSES).stdout

    def test_parts_by_a_field(self, kpis):
        facts = [
            deployment("1", 3, service="shop"),
            deployment("2", 2, service="shop"),
            deployment("3", 1, service="search"),
        ]
        asked = "{n: {measure: {count: deployments}}}"

        assert kpis(asked, facts, "--group", "service").stdout.splitlines() == [
            "Others",
            "  n  3  up from 0  3 samples",
            "    search: 1  1 sample",
            "    shop: 2  2 samples",
        ]
        (one,) = kpis.told(asked, facts, "--group", "service")
        assert [(part["group"], part["value"]) for part in one["groups"]] == [
            ({"service": "search"}, "1"),
            ({"service": "shop"}, "2"),
        ]

    def test_whole_weeks_in_a_row(self, kpis):
        result = kpis("{n: {measure: {count: deployments}}}", THREE_WEEKS, "--by", "week", "--last", "3")

        assert result.stdout.splitlines() == [
            "n, by week",
            "  2026-W44  3  3 samples",
            "  2026-W45  0  0 samples",
            "  2026-W46  1  1 sample",
        ]

    def test_whole_weeks_of_each_group(self, kpis):
        facts = [deployment("1", 219, service="shop"), deployment("2", 219, service="search")]
        asked = "{n: {measure: {count: deployments}}}"
        (one,) = kpis.told(asked, facts, "--by", "week", "--last", "1", "--group", "service")

        assert [part["group"] for part in one["series"]] == [
            {"week": "2026-W46", "service": "search"},
            {"week": "2026-W46", "service": "shop"},
        ]

    def test_what_there_is_now_is_shown_as_of_the_end_of_each_week(self, kpis):
        asked = "{n: {measure: {count: deployments}, window: now}}"
        (one,) = kpis.told(asked, THREE_WEEKS, "--by", "week", "--last", "3")

        assert [(part["group"]["week"], part["value"]) for part in one["series"]] == [
            ("2026-W44", "3"),
            ("2026-W45", "3"),
            ("2026-W46", "4"),
        ]

    def test_explaining_names_each_fact_with_its_times_its_link_and_its_value(self, kpis):
        facts = [
            deployment("d1", 1, commits=["c1"], url="https://ci.example/1"),
            change("two", 3, commits=["c1"], url="https://git.example/two"),
            change("waiting", 0.5),
        ]

        lines = kpis("{lead: {use: dora/lead-time}}", facts, "--explain").stdout.splitlines()

        assert lines[-6:] == [
            "  Window: 2026-10-23 12:00 to 2026-11-20 12:00 UTC",
            "  Counted: 1",
            "    two  first commit 2026-11-20 09:00 → deployed 2026-11-20 11:00  2 h",
            "      https://git.example/two",
            "  Left out: 1",
            "    waiting  first commit 2026-11-20 11:30  not yet deployed",
        ]

    def test_explaining_is_limited(self, kpis):
        lines = kpis("{n: {measure: {count: deployments}}}", SUCCESSES, "--explain", "--limit", "3").stdout.splitlines()

        assert [line.split()[0] for line in lines if line.startswith("    s")] == ["s0", "s1", "s2"]
        assert lines[-2:] == ["    … and 20 more", "  Left out: 0"]


def test_json_has_every_key_and_exact_values(kpis):
    result = kpis('{frequency: {use: dora/deployment-frequency, target: ">= 5 / week"}}', SUCCESSES, "--json")
    whole = json.loads(result.stdout)

    assert {key: whole[key] for key in whole if key != "kpis"} == {
        "as_of": "2026-11-20T12:00:00+00:00",
        "facts": "facts.jsonl",
        "mapping": "okr.yaml",
    }
    (one,) = whole["kpis"]
    words = ("title", "description", "kind", "indicator", "owner", "review", "source", "preset", "better")
    assert {key: one[key] for key in one if key not in words} == {
        "kpi": "frequency",
        "group": {},
        "value": "23/4",
        "decimal": 5.75,
        "unit": "/ week",
        "reason": "",
        "as_of": "2026-11-20T12:00:00+00:00",
        "window": {"first": "2026-10-23T12:00:00+00:00", "last": "2026-11-20T12:00:00+00:00"},
        "samples": 23,
        "left_out": 0,
        "above": None,
        "below": None,
        "target": ">= 5 / week",
        "meets": True,
        "keep": None,
        "holds": None,
        "band": None,
        "bands_from": None,
        "before": {
            **{key: one["before"][key] for key in ("as_of", "window", "group", "above", "below")},
            "value": "0",
            "decimal": 0,
            "unit": "/ week",
            "reason": "",
            "samples": 0,
            "left_out": 0,
        },
        "groups": [],
    }
    assert (one["title"], one["kind"], one["preset"]) == ("frequency", "delivery", "dora/deployment-frequency")


class TestMistakes:
    def test_a_name_that_no_kpi_has(self, kpis):
        result = kpis("{lead-time: {use: dora/lead-time}}", LEAD, "leadtime")

        assert result.exit_code == 2
        assert result.stderr == "no KPI is called 'leadtime'; did you mean lead-time?\n"

    def test_kpis_are_not_grouped_by_people(self, kpis):
        result = kpis("{n: {measure: {count: deployments}}}", [], "--group", "assignee")

        assert result.exit_code == 2
        assert result.stderr == "--group assignee: KPIs are not grouped by people; group by team or service\n"

    def test_a_field_that_the_facts_do_not_have(self, kpis):
        result = kpis("{n: {measure: {count: deployments}}}", [], "--group", "enviroment")

        assert result.exit_code == 2
        assert (
            result.stderr
            == "--group enviroment: n: deployments have no field 'enviroment'; did you mean environment?\n"
        )

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--last", "3"], "--last says how many of --by: day, week, month or quarter\n"),
            (["--limit", "3"], "--limit is for --explain\n"),
        ],
        ids=["last of nothing", "limit of nothing"],
    )
    def test_options_that_go_together(self, kpis, words, message):
        result = kpis("{n: {measure: {count: deployments}}}", [], *words)

        assert (result.exit_code, result.stderr) == (2, message)

    @pytest.mark.parametrize("as_of", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31"])
    def test_what_is_no_time(self, kpis, as_of):
        result = kpis("{n: {measure: {count: deployments}}}", [], as_of=as_of)

        assert result.exit_code == 2
        assert result.stderr.startswith(f"--as-of {as_of}: write a day or a time")

    def test_a_day_is_meant_to_its_end(self, kpis):
        (one,) = kpis.told("{n: {measure: {count: deployments}}}", [deployment("1", -11)], as_of="2026-11-20")

        assert (one["value"], one["as_of"]) == ("1", "2026-11-21T00:00:00+00:00")


class TestNothingThere:
    def test_no_kpis_says_how_to_name_some(self, kpis):
        result = kpis("{}", SUCCESSES)

        assert result.exit_code == 0
        assert "The mapping has no KPIs yet." in result.stdout
        assert "use: dora/deployment-frequency" in result.stdout

    def test_no_facts_says_what_one_looks_like(self, kpis):
        result = kpis("{f: {use: dora/deployment-frequency}}", [])

        assert "0 / week" in result.stdout
        assert result.stderr.endswith(
            "facts.jsonl has no facts; okrlink schema facts says what one looks like, a line each.\n"
        )

    def test_no_mapping_says_that_one_is_needed(self, tmp_path):
        result = run("kpis", "--facts", write(tmp_path / "facts.jsonl", []))

        assert result.exit_code == 2
        assert "--facts needs the mapping that has the KPIs" in result.stderr
