"""Four Keys' dashboard, and the spellings of times that its payloads have."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

from integration.core.delivery.facts import Deployment
from integration.core.kpi.language import Dates
from integration.pushed.reading import Received, read
from integration.trackers.jira import payload
from tests.peers.asking import JIRA, Team, commit, end_of, moment, number

Case = Mapping[str, Any]
Figures = Mapping[str, Any]

METRICS = (
    JIRA
    + """
delivery:
  deployments: [{pushed: true}]
  changes: [{pushed: true}]
  incidents: [{type: Incident, caused_by: {commit: "root cause: *", last_deployment: never}}]
kpis:
  defaults: {timezone: UTC, week_starts: sunday}
  frequency: {use: fourkeys/deployment-frequency, window: 3 months}
  weeks: {use: fourkeys/deployment-frequency, window: 3 months, aggregate: median over weeks of active weeks}
  weeks-per-month: {use: fourkeys/deployment-frequency, window: 3 months, aggregate: median over months of active weeks}
  lead-time: {use: fourkeys/lead-time, unit: min}
  lead-time-in-hours: {use: fourkeys/lead-time}
  failures: {use: fourkeys/change-failure-rate}
  restore: {use: fourkeys/time-to-restore}
"""
)
ALL_TIME = Dates(date(2000, 1, 1), date(2099, 12, 31))
BUCKETS = {
    "Daily": "daily",
    "Weekly": "weekly",
    "Monthly": "monthly",
    "Yearly": "yearly",
    "One day": "one day",
    "One week": "one week",
    "One month": "one month",
    "Six months": "six months",
    "One year": "one year",
}


def metrics(inputs: Case) -> Figures:
    """An incident is an issue whose title names the commits; a reader of a day has seen all of it."""
    team = Team(METRICS)
    read_on = date.fromisoformat(inputs["read_on"])
    first_event = moment(inputs["first_event_at"]).date()
    facts = team.pushed([*map(_deployment, inputs["deployments"]), *map(_change, inputs["changes"])])
    for order, one in enumerate(inputs["incidents"], 1):
        facts += team.item(str(order), _incident(one), moment(one["created_at"]))
    asked, as_of = team.knowing(facts, since={"deployments": end_of(first_event)}), end_of(read_on)
    values = {kpi: asked.measured(kpi, as_of) for kpi in team.scorecard.kpis}
    everything = team.knowing(facts)
    daily = {
        kpi: {
            day: number(value) for day, value in everything.by("day", kpi, as_of, _until(first_event, read_on)).items()
        }
        for kpi in ("lead-time-in-hours", "failures", "restore")
    }
    return {
        "deployment_frequency.bucket": values["frequency"].band,
        "deployment_frequency.median_days_per_week": number(values["frequency"].value),
        "deployment_frequency.median_weeks_with_deployment": number(values["weeks"].value),
        "deployment_frequency.median_weeks_with_deployment_per_month": number(values["weeks-per-month"].value),
        "lead_time.bucket": values["lead-time"].band,
        "lead_time.median_minutes": number(values["lead-time"].value),
        "lead_time.daily_median_hours": daily["lead-time-in-hours"],
        "change_failure.bucket": values["failures"].band,
        "change_failure.ratio": number(values["failures"].value),
        "change_failure.daily_ratio": daily["failures"],
        "restore.bucket": values["restore"].band,
        "restore.median_hours": number(values["restore"].value),
        "restore.daily_median_hours": daily["restore"],
    }


def metrics_expected(case: Case) -> Figures:
    """A bucket of nothing is no bucket, and a day without a value is no day."""
    return {
        f"{metric}.{name}": _shown(name, value)
        for metric, figures in case["expected"].items()
        for name, value in figures.items()
    }


def _shown(name: str, value: Any) -> Any:
    if name == "bucket":
        return BUCKETS.get(value, value or "")
    if isinstance(value, dict):
        return {day: told for day, told in value.items() if told is not None}
    return value


def _until(first: date, last: date) -> Dates:
    return Dates(first - timedelta(days=31), last)


def _deployment(one: Case) -> dict[str, Any]:
    told = {"kind": "deployment", "environment": "production", "result": "success"}
    return told | {"id": one["id"], "finished": one["at"], "commits": [commit(change) for change in one["changes"]]}


def _change(one: Case) -> dict[str, Any]:
    return {"kind": "change", "id": one["id"], "first_commit": one["at"], "commits": [commit(one["id"])]}


def _incident(one: Case) -> dict[str, Any]:
    title = "; ".join(["The shop is down", *(f"root cause: {commit(change)}" for change in one["changes"])])
    told = {"key": one["id"], "project": "SHOP", "type": "Incident", "title": title}
    if one["resolved_at"] is None:
        return told | {"status": "Open", "category": "to do"}
    return told | {"status": "Closed", "category": "done", "done_at": one["resolved_at"]}


# --- times ---


def timestamp_spellings(inputs: Case) -> Figures:
    """As the API reads a time, and as it is read from what Jira tells."""
    return {"instant": _pushed(inputs["text"]), "in Jira's words": _of_jira(inputs["text"])}


def timestamp_spellings_expected(case: Case) -> Figures:
    instant = moment(case["expected"]["instant"])
    return {"instant": instant, "in Jira's words": instant}


def _pushed(text: str) -> Any:
    told = {"kind": "deployment", "id": "1", "environment": "production", "result": "success", "finished": text}
    received = read(told)
    if not isinstance(received, Received):
        return received.reason
    [fact] = Team(JIRA).pushed([told])
    assert isinstance(fact, Deployment)
    return fact.finished


def _of_jira(text: str) -> Any:
    try:
        return payload.moment(text).astimezone(UTC)
    except ValueError as error:
        return str(error)
