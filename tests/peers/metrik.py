"""metrik's four keys from pipelines alone, and the levels that it gives."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from integration.core.delivery.facts import DeliveryFact
from integration.core.facts import RunFinished
from integration.core.kpi.language import Dates
from tests.peers.asking import AZURE_DEVOPS, Asked, Team, commit, number

Case = Mapping[str, Any]
Figures = Mapping[str, Any]

KPIS = """
kpis:
  frequency: {use: metrik/deployment-frequency}
  lead-time: {use: metrik/lead-time}
  failures: {use: metrik/change-failure-rate}
  restore: {use: metrik/time-to-restore}
"""
PUSHED = (
    """
delivery:
  deployments: [{pushed: true}]
  changes: [{pushed: true}]
  incidents: [{from: failed deployments}]
"""
    + KPIS
)
RESULTS = {"SUCCESS": "succeeded", "FAILED": "failed", "OTHER": "canceled"}
MILLISECOND = timedelta(milliseconds=1)
MONDAY = datetime(2021, 3, 1, tzinfo=UTC)


def pipelines(stages: Mapping[str, str]) -> str:
    """Each pipeline is a service of its own, deployed by the stage that is named for it."""
    services = "".join(
        f'  pipeline-{pipeline}: {{deployments: [{{pipeline: "{pipeline}", stage: {stage}}}], incidents: [{{from: failed deployments}}]}}\n'
        for pipeline, stage in stages.items()
    )
    return f"{AZURE_DEVOPS}services:\n{services}{KPIS}"


def change_failure_rate(inputs: Case) -> Figures:
    asked, as_of, window = _asked(inputs)
    return {"percent": number(asked.measured("failures", as_of, window).value)}


def change_failure_rate_expected(case: Case) -> Figures:
    return {"percent": None if case["expected"]["percent"] is None else round(case["expected"]["percent"], 6)}


def deployment_frequency(inputs: Case) -> Figures:
    """The rate times the days of the window."""
    asked, as_of, window = _asked(inputs)
    rate = asked.measured("frequency", as_of, window)
    assert rate.value is not None
    return {"deployments": rate.value * Fraction((rate.last - rate.first) // MILLISECOND, 86_400_000)}


def deployment_frequency_expected(case: Case) -> Figures:
    return case["expected"]


def time_to_restore(inputs: Case) -> Figures:
    asked, as_of, window = _asked(inputs)
    return {"mean_hours": number(asked.measured("restore", as_of, window).value)}


def time_to_restore_expected(case: Case) -> Figures:
    """In hours to two decimals, as metrik shows them and judges them."""
    mean = case["expected"]["mean_ms"]
    return {"mean_hours": None if mean is None else round(mean / 3_600_000, 2)}


def _asked(inputs: Case) -> tuple[Asked, datetime, Dates]:
    """Measured when the window ends, whose last millisecond is in it."""
    first, last = map(_moment, inputs["window_ms"])
    team = Team(pipelines(inputs["stage_by_pipeline"]))
    facts = [fact for run in inputs["runs"] for fact in team.derived(_stages(run))]
    return team.knowing(facts), last + MILLISECOND, Dates(first.date(), last.date())


def _stages(run: Case) -> list[RunFinished]:
    name = f"{run['pipeline']}-{run['number']}"
    return [
        RunFinished(
            of="stage",
            at=_moment(stage["done_ms"]),
            source=f"{name}:{stage['name']}",
            run=name,
            pipeline=run["pipeline"],
            stage=stage["name"],
            result=RESULTS[stage["status"]],
            attempt=1,
            project="shop",
        )
        for stage in run["stages"]
    ]


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


# --- levels ---


def levels(inputs: Case) -> Figures:
    """What the preset calls a value, from the facts that amount to it."""
    team = Team(PUSHED)
    kpi, told = FACTS[inputs["metric"]]
    facts: list[DeliveryFact] = [] if inputs["value"] is None else team.pushed(told(inputs["value"]))
    length = timedelta(days=inputs.get("days", 60))
    window = Dates(MONDAY.date(), (MONDAY + length - timedelta(days=1)).date())
    return {"level": team.knowing(facts).measured(kpi, MONDAY + length, window).band}


def levels_expected(case: Case) -> Figures:
    """No value has no level."""
    return {"level": "" if case["expected"]["level"] == "INVALID" else case["expected"]["level"].lower()}


def _ended(name: str, after: timedelta, result: str = "success", **more: Any) -> dict[str, Any]:
    told = {"kind": "deployment", "id": name, "environment": "production", "result": result}
    return {**told, "finished": (MONDAY + after).isoformat(), **more}


def _lead_time(value: float) -> list[dict[str, Any]]:
    first = MONDAY + timedelta(days=1) - timedelta(days=value)
    change = {"kind": "change", "id": "1", "first_commit": first.isoformat(), "commits": [commit("1")]}
    return [change, _ended("1", timedelta(days=1), commits=[commit("1")])]


def _restore(value: float) -> list[dict[str, Any]]:
    return [_ended("1", timedelta(hours=1), "failed"), _ended("2", timedelta(hours=1 + value))]


def _failures(value: float) -> list[dict[str, Any]]:
    return [_ended(str(n), timedelta(minutes=n), "failed" if n < value else "success") for n in range(100)]


def _deployments(value: int) -> list[dict[str, Any]]:
    return [_ended(str(n), timedelta(minutes=n)) for n in range(value)]


FACTS = {
    "lead_time_days": ("lead-time", _lead_time),
    "restore_hours": ("restore", _restore),
    "failure_percent": ("failures", _failures),
    "deployments": ("frequency", _deployments),
}
