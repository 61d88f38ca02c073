"""`okrlink kpis --facts`: KPIs from a file of pushed facts, without a database."""

import json

import pytest

from tests.webhooks.pushing import AS_OF, HEAD, Sheet, ago, change, deployment, incident, number, suite
from tests.webhooks.typing_commands import run


@pytest.fixture
def kpis(tmp_path, monkeypatch):
    return Sheet(tmp_path, monkeypatch)


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
    assert [said(one) for one in kpis.told(f"{{asked: {kpi}}}", facts, as_of=as_of)] == [value]


def test_lead_times_leave_clock_skew_out_and_say_so(kpis):
    (one,) = kpis.told("{lead-time: {use: dora/lead-time}}", LEAD, "--explain")

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
    (one,) = kpis.told("{asked: {use: fourkeys/change-failure-rate}}", TWENTY)

    assert one["value"] == "4/19"  # what failed shipped nothing


class TestWhatNobodySaid:
    def test_without_rule_or_fact_of_incidents_there_is_no_failure_rate(self, kpis):
        rules = "delivery: {deployments: [{pushed: true}]}\n"
        (one,) = kpis.told("{cfr: {use: dora/change-failure-rate}}", SUCCESSES, rules=rules)

        assert said(one) == "unknown: no rule says what an incident is, and the file has none"

    def test_a_fact_of_a_stream_needs_no_rule(self, kpis):
        (one,) = kpis.told("{cfr: {use: dora/change-failure-rate}}", TWENTY, rules="")

        assert said(one) == "15 %"

    def test_no_file_tells_of_work_items(self, kpis):
        (one,) = kpis.told("{throughput: {use: flow/throughput}}", SUCCESSES)

        assert said(one) == "unknown: a file of pushed facts tells nothing of work items"

    def test_rework_is_unknown_where_nobody_calls_anything_so(self, kpis):
        asked = "{rework: {use: dora/rework-rate}}"
        (silent,) = kpis.told(asked, SUCCESSES)
        (one,) = kpis.told(asked, [*SUCCESSES[1:], deployment("fix", 3, rework=True)])

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
        (one,) = kpis.told("{n: {measure: {count: deployments}, where: {result: success}}}", facts)

        assert one["value"] == "1"

    def test_cancelled_runs_are_no_deployments(self, kpis):
        facts = [deployment("1", 3), deployment("2", 2, "cancelled"), deployment("3", 1, "skipped")]
        (one,) = kpis.told("{n: {measure: {count: deployments}}}", facts)

        assert one["value"] == "1"


def test_failed_deployments_are_incidents_where_a_rule_says_so(kpis):
    """metrik's definition: from the first failure in a row to the service's next success."""
    rules = "delivery: {deployments: [{pushed: true}], incidents: [{from: failed deployments}]}\n"
    facts = [deployment("1", 10, "failed"), deployment("2", 8, "failed"), deployment("3", 5)]
    (one,) = kpis.told("{mttr: {use: metrik/time-to-restore}}", facts, rules=rules)

    assert said(one) == "5 h"
