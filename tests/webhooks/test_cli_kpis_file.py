"""`okrlink kpis --facts`: KPIs from a file of pushed facts, without a database."""

import json

import pytest

from tests.webhooks.pushing import AS_OF, ago, change, deployment, incident, number, suite, write
from tests.webhooks.typing_commands import run

HEAD = "version: 1\ncycle: 2026-Q4\nconnections: {}\n"
RULES = "delivery: {deployments: [{pushed: true}], changes: [{pushed: true}], incidents: [{pushed: true}]}\n"


@pytest.fixture(autouse=True)
def _no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("OKRLINK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def kpis(tmp_path):
    """Measures facts by KPIs in YAML; whole commands with `words`."""

    def run_kpis(said: str, facts, *words: str, rules: str = RULES, as_of: str = AS_OF):
        (tmp_path / "okr.yaml").write_text(f"{HEAD}{rules}kpis: {said}\n")
        file = write(tmp_path / "facts.jsonl", facts)
        return run("kpis", "--facts", file, "--mapping", "okr.yaml", "--as-of", as_of, *words)

    return run_kpis


def told(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["kpis"]


def said(one):
    """`23/4 / week`, or `unknown: why`."""
    return f"{one['value']} {one['unit']}".strip() if one["value"] is not None else f"unknown: {one['reason']}"


SUCCESSES = [deployment(f"s{n}", 12 + 24 * n) for n in range(23)]
FAILURES = [deployment("f1", 5, "failed"), deployment("f2", 500, "failed")]
STAGING = [deployment(f"x{n}", n + 1, environment="staging") for n in range(40)]
LEAD = [
    *(deployment(f"d{n}", n, commits=[f"c{n}"]) for n in range(1, 6)),
    change("two", 3, commits=["c1"]),
    change("four", 6, commits=["c2"]),
    change("ten", 13, commits=["c3"]),
    change("forty", 44, commits=["c4"]),
    change("skewed", 4, commits=["c5"]),
]
TWENTY = [
    *(deployment(f"ok{n}", 50 - n, version=f"1.{n}") for n in range(15)),
    deployment("first", 20, version="2.0"),
    deployment("failed", 19, "failed", version="2.1"),
    deployment("blamed", 18, version="2.2"),
    deployment("rolled-back", 10, version="2.3"),
    deployment("back", 8, version="2.2"),
    *(change(f"c{n}", 60, versions=[f"1.{n}"]) for n in range(15)),
    *(change(f"c{v}", 60, versions=[v]) for v in ("2.0", "2.2", "2.3")),
    *(incident(f"i{n}", 16 - n, deployment="blamed", restored=ago(1)) for n in range(3)),
    incident("i3", 9, deployment="rolled-back", restored=ago(1)),
]
THREE_WEEKS = [
    deployment(name, hours)  # Monday twice and Tuesday; never; Wednesday of the weeks before 16 November
    for name, hours in (("1", 603), ("2", 597), ("3", 579), ("4", 219))
]


@pytest.mark.parametrize(
    ("kpi", "facts", "as_of", "value"),
    [
        pytest.param("{use: dora/deployment-frequency}", SUCCESSES + FAILURES + STAGING, AS_OF, "23/4 / week", id="23 successes in 28 days"),
        pytest.param("{use: dora/lead-time}", LEAD, AS_OF, "7 h", id="median of 2, 4, 10 and 40 h"),
        pytest.param("{use: dora/lead-time, aggregate: p90}", LEAD, AS_OF, "31 h", id="p90, interpolated"),
        pytest.param("{use: dora/lead-time, percentile: nearest}", LEAD, AS_OF, "4 h", id="nearest median"),
        pytest.param("{use: dora/lead-time, aggregate: p90, percentile: nearest}", LEAD, AS_OF, "40 h", id="nearest p90"),
        pytest.param("{use: dora/change-failure-rate}", TWENTY, AS_OF, "15 %", id="3 of 20 failed one way or another"),
        pytest.param("{measure: {number: incidents, of: deployments}, aggregate: mean}", TWENTY, AS_OF, "1/5", id="4 incidents on 20"),
        pytest.param(
            "{measure: {count: deployments}, aggregate: median over weeks of active days, window: 3 whole weeks}",
            THREE_WEEKS, AS_OF, "1", id="median over weeks of active days",
        ),
        pytest.param(
            "{measure: {count: deployments}, aggregate: mean over weeks of count, window: 3 whole weeks}",
            THREE_WEEKS, AS_OF, "4/3", id="mean over weeks of count",
        ),
        pytest.param("{use: quality/test-pass-rate}", [suite("1", 1, 90, 10), suite("2", 2, 0, 10)], AS_OF, "900/11 %", id="90 of 110 tests"),
        pytest.param("{use: dora/deployment-frequency}", [], AS_OF, "0 / week", id="no deployment is none a week"),
        pytest.param(
            "{use: dora/change-failure-rate}", [], AS_OF, "unknown: no deployment finished in 28 days", id="but no failure rate"
        ),
        pytest.param("{measure: {pushed: true}}", [number("asked", "2026-09-01T00:00:00Z", 7.4)], AS_OF, "37/5", id="pushed in September"),
        pytest.param(
            "{measure: {pushed: true}}", [number("asked", "2026-09-01T00:00:00Z", 7.4)], "2027-01-10",
            "unknown: the last value is of 2026-09-01, older than 92 days", id="too old in January",
        ),
    ],
)  # fmt: skip
def test_worked_examples_of_the_language(kpis, kpi, facts, as_of, value):
    assert [said(one) for one in told(kpis(f"{{asked: {kpi}}}", facts, "--json", as_of=as_of))] == [value]


def test_lead_times_leave_clock_skew_out_and_say_so(kpis):
    (one,) = told(kpis("{lead-time: {use: dora/lead-time}}", LEAD, "--json", "--explain"))

    assert (one["samples"], one["left_out"]) == (4, 1)
    assert [(fact["fact"], fact["reason"]) for fact in one["left_out_facts"]] == [
        ("skewed", "ends before it starts (clock skew)")
    ]
    assert [(fact["fact"], fact["value"], fact["unit"]) for fact in one["counted_facts"]] == [
        ("two", "2", "h"),
        ("four", "4", "h"),
        ("ten", "10", "h"),
        ("forty", "40", "h"),
    ]


def test_four_keys_counts_incidents_a_deployment_that_shipped_changes(kpis):
    (one,) = told(kpis("{asked: {use: fourkeys/change-failure-rate}}", TWENTY, "--json"))

    assert one["value"] == "2/9"  # 4 incidents on 18: what failed shipped nothing, and what went back nothing new


class TestWhatNobodySaid:
    def test_without_rule_or_fact_of_incidents_there_is_no_failure_rate(self, kpis):
        rules = "delivery: {deployments: [{pushed: true}]}\n"
        (one,) = told(kpis("{cfr: {use: dora/change-failure-rate}}", SUCCESSES, "--json", rules=rules))

        assert said(one) == "unknown: no rule says what an incident is, and the file has none"

    def test_a_fact_of_a_stream_needs_no_rule(self, kpis):
        (one,) = told(kpis("{cfr: {use: dora/change-failure-rate}}", TWENTY, "--json", rules=""))

        assert said(one) == "15 %"

    def test_no_file_tells_of_work_items(self, kpis):
        (one,) = told(kpis("{throughput: {use: flow/throughput}}", SUCCESSES, "--json"))

        assert said(one) == "unknown: a file of pushed facts tells nothing of work items"

    def test_rework_is_unknown_where_nobody_calls_anything_so(self, kpis):
        asked = "{rework: {use: dora/rework-rate}}"
        (silent,) = told(kpis(asked, SUCCESSES, "--json"))
        (one,) = told(kpis(asked, [*SUCCESSES[1:], deployment("fix", 3, rework=True)], "--json"))

        assert said(silent) == "unknown: nothing says which deployments are rework"
        assert said(one) == "100/23 %"


class TestLines:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"kind": "deployment"', "facts.jsonl:2: no JSON: unexpected end of data"),
            ('{"kind": "deploy", "id": "1"}', "facts.jsonl:2: kind: 'deploy' is none of deployment, change, incident"),
            ('{"kind": "incident", "id": "1", "opened": "today"}', "facts.jsonl:2: opened: 'today' is no time"),
            ('["a list"]', "facts.jsonl:2: expected one fact, an object in braces, got a list"),
        ],
        ids=["no JSON", "unknown kind", "no time", "no object"],
    )
    def test_bad_ones_are_refused_with_place_and_reason(self, kpis, tmp_path, line, reason):
        (tmp_path / "okr.yaml").write_text(f"{HEAD}kpis: {{f: {{use: dora/deployment-frequency}}}}\n")
        (tmp_path / "facts.jsonl").write_text(f"{json.dumps(deployment('1', 1))}\n{line}\n")

        result = run("kpis", "--facts", "facts.jsonl", "--mapping", "okr.yaml")

        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr.startswith(reason)

    def test_all_bad_ones_are_told_but_not_thousands(self, kpis, tmp_path):
        (tmp_path / "okr.yaml").write_text(f"{HEAD}kpis: {{f: {{use: dora/deployment-frequency}}}}\n")
        (tmp_path / "facts.jsonl").write_text("{}\n" * 1030)

        lines = run("kpis", "--facts", "facts.jsonl").stderr.splitlines()

        assert len(lines) == 21
        assert lines[-1] == "… and 1,010 more"

    def test_the_last_telling_of_a_fact_stands_and_one_taken_back_is_none(self, kpis):
        facts = [
            deployment("1", 3, "failed"),
            deployment("1", 2),
            deployment("2", 2),
            {"kind": "deployment", "id": "2", "deleted": True},
        ]
        (one,) = told(kpis("{n: {measure: {count: deployments}, where: {result: success}}}", facts, "--json"))

        assert one["value"] == "1"

    def test_cancelled_runs_are_no_deployments(self, kpis):
        facts = [deployment("1", 3), deployment("2", 2, "cancelled"), deployment("3", 1, "skipped")]
        (one,) = told(kpis("{n: {measure: {count: deployments}}}", facts, "--json"))

        assert one["value"] == "1"


def test_failed_deployments_are_incidents_where_a_rule_says_so(kpis):
    """metrik's definition: from the first failure in a row to the service's next success."""
    rules = "delivery: {deployments: [{pushed: true}], incidents: [{from: failed deployments}]}\n"
    facts = [deployment("1", 10, "failed"), deployment("2", 8, "failed"), deployment("3", 5)]
    (one,) = told(kpis("{mttr: {use: metrik/time-to-restore}}", facts, "--json", rules=rules))

    assert said(one) == "5 h"


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
        (one,) = told(kpis(kpi, SUCCESSES, "--json"))

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
        (one,) = told(kpis(asked, facts, "--group", "service", "--json"))
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
        (one,) = told(
            kpis(
                "{n: {measure: {count: deployments}}}",
                facts,
                "--by",
                "week",
                "--last",
                "1",
                "--group",
                "service",
                "--json",
            )
        )

        assert [part["group"] for part in one["series"]] == [
            {"week": "2026-W46", "service": "search"},
            {"week": "2026-W46", "service": "shop"},
        ]

    def test_what_there_is_now_is_shown_as_of_the_end_of_each_week(self, kpis):
        asked = "{n: {measure: {count: deployments}, window: now}}"
        (one,) = told(kpis(asked, THREE_WEEKS, "--by", "week", "--last", "3", "--json"))

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
        "facts": str(whole["facts"]),
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

    def test_what_is_no_time(self, kpis):
        result = kpis("{n: {measure: {count: deployments}}}", [], as_of="yesterday")

        assert result.exit_code == 2
        assert result.stderr.startswith("--as-of yesterday: write a day or a time")


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
