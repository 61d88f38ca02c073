"""jira-agile-metrics' cycle times, from the changelogs of issues."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integration.core.catalogue import Catalogue
from integration.core.facts import FieldChanged, StatusChanged, TrackerFact
from tests.peers.asking import JIRA, Team, days

Case = Mapping[str, Any]
Figures = Mapping[str, Any]

CATALOGUE = Catalogue(
    states={
        "backlog": "to do",
        "next": "to do",
        "build": "in progress",
        "code review": "in progress",
        "qa": "in progress",
        "done": "done",
    }
)


def mapping(inputs: Case) -> str:
    """A step that was skipped takes the date of the next one, down to the end."""
    steps = inputs["steps"]
    names = [step["name"] for step in steps]
    first, last = names.index(inputs["committed_step"]), names.index(inputs["done_step"])
    statuses = [status for step in steps[first:last] for status in step["statuses"]]
    begun = " or ".join([*(f"entered {status}" for status in statuses), "closed"])
    return f"""{JIRA}
kpis:
  cycle-time: {{measure: {{between: [{begun}, closed], of: items, whole: days}}, aggregate: max, unit: days}}
"""


def issue_cycle_time(inputs: Case) -> Figures:
    team, issue = Team(mapping(inputs), CATALOGUE), inputs["issue"]
    fields = {"key": issue["key"], "project": "A", "status": issue["status"], "resolution": issue["resolution"]}
    told = list(_facts(issue["changes"]))
    facts = team.item("1", fields, _moment(issue["created"]), told)
    as_of = max([_moment(issue["created"]), *(fact.at for fact in told)]) + timedelta(days=30)
    measured = team.knowing(facts).measured("cycle-time", as_of, days("2000-01-01", "2099-12-31"))
    return {
        "cycle_days": measured.value,
        "completed": next((sample.at.date().isoformat() for sample in measured.counted), None),
    }


def issue_cycle_time_expected(case: Case) -> Figures:
    return case["expected"]


def _facts(changes: list[Case]) -> list[TrackerFact]:
    told: list[TrackerFact] = []
    for number, change in enumerate(changes, 1):
        at = _moment(change["at"])
        for item in change["items"]:
            source = f"{number}:{item['field']}"
            if item["field"] == "status":
                told.append(StatusChanged(at=at, source=source, item="1", before=item["from"], after=item["to"]))
            else:
                told.append(
                    FieldChanged(
                        at=at, source=source, item="1", field=item["field"], before=item["from"], after=item["to"]
                    )
                )
    return told


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
