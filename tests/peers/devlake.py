"""DevLake's dashboard, its deployments and its histories of statuses."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from integration.core.delivery.facts import Deployment, Stay
from integration.core.facts import RunFinished, StatusChanged
from tests.peers.asking import AZURE_DEVOPS, JIRA, Team, commit, days, moment

Case = Mapping[str, Any]
Figures = Mapping[str, Any]

DASHBOARD = """
services:
  p1: {was: cicd1}
  elsewhere: {}
delivery:
  deployments: [{pushed: true}]
  changes: [{pushed: true}]
  incidents: [{pushed: true, caused_by: {last_deployment: before, within: no limit}}]
kpis:
  defaults: {where: {service: p1}}
  days-per-week: {use: devlake/deployment-frequency}
  days-per-month: {use: devlake/deployment-frequency, aggregate: median over months of active days}
  lead-time: {use: devlake/lead-time, unit: min}
  failures: {use: devlake/change-failure-rate}
  recovery: {use: devlake/recovery-time, unit: min}
  restore: {use: devlake/time-to-restore, unit: min}
  days-per-week-2021: {use: devlake/deployment-frequency, bands: {from: DevLake 2021}}
  lead-time-2021: {use: devlake/lead-time, bands: {from: DevLake 2021}}
  failures-2021: {use: devlake/change-failure-rate, bands: {from: DevLake 2021}}
"""
BANDS = {
    "bands_2023": {
        "deployment_frequency_band": "days-per-week",
        "lead_time_band": "lead-time",
        "change_failure_band": "failures",
        "recovery_band": "recovery",
    },
    "bands_2021": {
        "deployment_frequency_band": "days-per-week-2021",
        "lead_time_band": "lead-time-2021",
        "change_failure_band": "failures-2021",
        "recovery_band": "restore",
    },
}
"""What the dashboard shows -> the KPI whose band it is."""


def dashboard(inputs: Case) -> Figures:
    """Recovery of 2021 is the older time to restore, as there."""
    team = Team(DASHBOARD)
    told = [_deployment(one, inputs["changes"]) for one in inputs["deployments"]]
    finished = {one["id"]: one["finished"] for one in told}
    facts = team.pushed(
        [*told, *(_change(one, finished) for one in inputs["changes"]), *map(_incident, inputs["incidents"])]
    )
    moments = [moment(inputs["to"]), *(at for fact in facts for times in fact.moments.values() for at in times)]
    asked, as_of, window = team.knowing(facts), max(moments) + timedelta(days=1), days(inputs["from"], inputs["to"])
    values = {kpi: asked.measured(kpi, as_of, window) for kpi in team.scorecard.kpis}
    rate = values["failures"].value
    return {
        "median_deploy_days_per_week": values["days-per-week"].value,
        "median_deploy_days_per_month": values["days-per-month"].value,
        "median_lead_time_minutes": values["lead-time"].value,
        "change_failure_rate": None if rate is None else rate / 100,
        "median_recovery_minutes": values["recovery"].value,
        "median_restore_minutes": values["restore"].value,
        "deployment_by_incident": {incident: cause.id for incident, cause in asked.attributed.causes.items()},
        **{f"{year}.{shown}": values[kpi].band for year, bands in BANDS.items() for shown, kpi in bands.items()},
    }


def dashboard_expected(case: Case) -> Figures:
    """`Less than one hour(elite)` is elite; what is not available has no band."""
    plain = {name: value for name, value in case["expected"].items() if name not in BANDS}
    return plain | {f"{year}.{name}": _band(shown) for year in BANDS for name, shown in case["expected"][year].items()}


def _band(shown: str) -> str:
    label = re.search(r"\((\w+)\)$", shown)
    return label[1] if label else ""


def _deployment(one: Case, changes: list[Case]) -> dict[str, Any]:
    return {
        "kind": "deployment",
        "id": one["id"],
        "service": "cicd1" if one["scope"] == "cicd1" else "elsewhere",
        "environment": one["environment"],
        "result": one["result"],
        "finished": max(one["commit_finished_at"]),
        "commits": [commit(change["id"]) for change in changes if change["deployment"] == one["id"]],
    }


def _change(one: Case, finished: Mapping[str, str]) -> dict[str, Any]:
    deployed = finished.get(one["deployment"])
    first = None
    if deployed and one["cycle_minutes"] is not None:
        first = (moment(deployed) - timedelta(minutes=one["cycle_minutes"])).isoformat()
    merged = one["merged_at"]
    return {
        "kind": "change",
        "id": one["id"],
        "service": "p1",
        "first_commit": first,
        "merged": merged,
        "commits": [commit(one["id"])],
    }


def _incident(one: Case) -> dict[str, Any]:
    return {
        "kind": "incident",
        "id": one["id"],
        "service": "p1",
        "opened": one["created_at"],
        "restored": one["resolved_at"],
    }


# --- what is a deployment ---

GENERATOR = (
    AZURE_DEVOPS
    + """
delivery:
  deployments:
    - {pipeline: deployment}
    - {pipeline: "*", stage: "*", environment: production}
"""
)
"""A pipeline of type DEPLOYMENT is one by its name, a task of that type by the stage that names its environment."""
RESULTS = {"SUCCESS": "succeeded", "FAILURE": "failed", "SKIPPED": "skipped"}


def deployment_generator(inputs: Case) -> Figures:
    """Each pipeline's deployments to production, by the number of the pipeline: their results, and when they finished."""
    team = Team(GENERATOR)
    found = {}
    for pipeline in inputs["pipelines"]:
        tasks = [
            task for task in inputs["tasks"] if task["pipeline"] == pipeline["id"] and task["type"] == "DEPLOYMENT"
        ]
        facts = [
            one for one in team.derived(_run(pipeline, tasks)) if isinstance(one, Deployment) and one.is_production
        ]
        found[_number(pipeline["id"])] = [[one.fields["result"], one.finished] for one in facts]
    return found


def deployment_generator_expected(case: Case) -> Figures:
    rows: dict[str, list[Any]] = {_number(pipeline["id"]): [] for pipeline in case["inputs"]["pipelines"]}
    for one in case["expected"]["deployments"]:
        finished = one["finished_at"] and moment(one["finished_at"])
        if one["environment"] == "PRODUCTION":
            rows[_number(one["deployment"])].append(
                [{"SUCCESS": "success", "FAILURE": "failed"}[one["result"]], finished]
            )
    return rows


def _number(pipeline: str) -> str:
    return pipeline.rpartition(":")[2]


def _run(pipeline: Case, tasks: list[Case]) -> list[RunFinished]:
    if pipeline["finished_at"] is None:
        return []
    at, number = moment(pipeline["finished_at"]), _number(pipeline["id"])
    of = {"run": number, "pipeline": "deployment" if pipeline["type"] else "build", "project": "shop", "at": at}
    whole = RunFinished(of="build", source=f"{number}:build", result=RESULTS[pipeline["result"]], **of)
    return [
        whole,
        *(
            RunFinished(
                of="stage",
                source=task["id"],
                stage=task["environment"],
                result=RESULTS[task["result"]],
                attempt=1,
                **of,
            )
            for task in tasks
        ),
    ]


# --- how long an issue was in each status ---

STAYS = (
    JIRA
    + """
kpis: {time-in-status: {measure: {between: [entered, left], of: stays, whole: minutes}, aggregate: sum, unit: min}}
"""
)


def issue_status_history(inputs: Case) -> Figures:
    team = Team(STAYS)
    fields = {"key": inputs["issue"], "project": "SHOP", "status": inputs["current_status"]}
    if inputs["resolved_at"]:
        fields |= {"category": "done", "done_at": inputs["resolved_at"]}
    told = [
        StatusChanged(
            at=moment(each["at"]), source=f"{n}:status", item="1", before=each["from_status"], after=each["to_status"]
        )
        for n, each in enumerate(inputs["status_changes"], 1)
    ]
    facts = team.item("1", fields, moment(inputs["created_at"]), told)
    stays = [fact for fact in facts if isinstance(fact, Stay)]
    ends = [at for fact in stays for times in fact.moments.values() for at in times]
    whole = days("2000-01-01", "2099-12-31")
    lasted = team.knowing(facts).measured("time-in-status", max(ends) + timedelta(days=1), whole).counted
    minutes = {sample.fact: int(sample.value / 60) for sample in lasted}
    return {
        "intervals": [
            [stay.fields["status"], stay.first("entered"), stay.first("left"), minutes.get(stay.id)] for stay in stays
        ]
    }


def issue_status_history_expected(case: Case) -> Figures:
    return {
        "intervals": [
            [one["status"], moment(one["start"]), one["end"] and moment(one["end"]), one["minutes"]]
            for one in case["expected"]["intervals"]
        ]
    }
