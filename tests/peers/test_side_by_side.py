"""The same three weeks by every definition that we ship: what a team that moves had, beside ours, and why they differ.

Production deployments of November 2026 (a Monday is the 2nd), with the changes that they name, and incidents:

| Deployment | Finished | Result | Changes |
|---|---|---|---|
| d1 | Mon 2, 10:00 | success | c1: first commit 24 h before, merged 1 h before |
| d2 | Mon 2, 16:00 | success | |
| d3 | Wed 4, 10:00 | failed | |
| d4 | Wed 4, 14:00 | success | c2: 48 h, 2 h; c3: 2 h, 1 h |
| d5 | Mon 16, 10:00 | success | c4: 168 h, 48 h |

| Incident | Opened | Restored | Blamed |
|---|---|---|---|
| i1 | Mon 2, 17:00 | 2.5 h later | d2, which was the last |
| i2 | Mon 16, 12:00 | 24 h later | d5, by the commit of c4 that it names |
| i3 | Sat 14, 12:00 | 6 h later | nobody, as d4 is ten days old; d4 where there is no limit |
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from integration.core.kpi.language import Dates
from mappings.presets import presets
from tests.peers.asking import Team, commit

WEEKS = Dates(date(2026, 11, 2), date(2026, 11, 22))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ANY = "incidents: [{pushed: true}]"
RULES = {
    "dora": ANY,
    "devlake": "incidents: [{pushed: true, caused_by: {last_deployment: before, within: no limit}}]",
    "fourkeys": 'incidents: [{pushed: true, caused_by: {commit: "root cause: *", last_deployment: never}}]',
    "gitlab": ANY,
    "metrik": "incidents: [{from: failed deployments}]",
    "middleware": "incidents: [{pushed: true, caused_by: {last_deployment: at or before, within: no limit}}]",
}
"""What each school blames, in its own words."""


def november(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def deployment(
    name: str, at: datetime, *changes: str, result: str = "success", to: str = "production"
) -> dict[str, Any]:
    told = {"kind": "deployment", "id": name, "environment": to, "result": result, "finished": at.isoformat()}
    return told | {"commits": [commit(change) for change in changes]}


def change(name: str, deployed: datetime, first_commit: int, merged: int) -> dict[str, Any]:
    """Both moments in hours before it was deployed."""
    first, last = (deployed - timedelta(hours=hours) for hours in (first_commit, merged))
    told = {"kind": "change", "id": name, "commits": [commit(name)]}
    return told | {"first_commit": first.isoformat(), "merged": last.isoformat()}


def incident(name: str, opened: datetime, hours: float, *blamed: str) -> dict[str, Any]:
    restored = opened + timedelta(hours=hours)
    told = {"kind": "incident", "id": name, "opened": opened.isoformat(), "restored": restored.isoformat()}
    return told | {"deployment": list(blamed)}


TOLD = (
    deployment("d1", november(2, 10), "c1"),
    deployment("d2", november(2, 16)),
    deployment("d3", november(4, 10), result="failed"),
    deployment("d4", november(4, 14), "c2", "c3"),
    deployment("d5", november(16, 10), "c4"),
    deployment("rehearsal", november(5, 10), to="staging"),
    change("c1", november(2, 10), 24, 1),
    change("c2", november(4, 14), 48, 2),
    change("c3", november(4, 14), 2, 1),
    change("c4", november(16, 10), 168, 48),
    incident("i1", november(2, 17), 2.5),
    incident("i2", november(16, 12), 24, commit("c4")),
    incident("i3", november(14, 12), 6),
)
FOUND: Mapping[str, tuple[Fraction | int, str, str]] = {
    # how often
    "dora/deployment-frequency": (Fraction(4, 3), "/ week", ""),
    "gitlab/deployment-frequency": (Fraction(4, 21), "/ day", ""),
    "metrik/deployment-frequency": (Fraction(4, 21), "/ day", "high"),
    "middleware/deployment-frequency": (Fraction(4, 3), "deployments per week", "high"),
    "devlake/deployment-frequency": (1, "days per week", "high"),  # two days, none, one
    "fourkeys/deployment-frequency": (Fraction(1, 2), "days per week", "monthly"),  # from Sunday to Sunday: 2, 0, 1, 0
    # how long it took: 2, 24, 48 and 168 hours
    "dora/lead-time": (36, "h", ""),
    "fourkeys/lead-time": (36, "h", "one week"),
    "devlake/lead-time": (24, "h", "high"),  # the lower middle
    "metrik/lead-time": (Fraction("60.5") / 24, "days", "high"),  # the mean
    "middleware/lead-time": (Fraction("60.5"), "h", "high"),
    "gitlab/lead-time": (Fraction("1.5"), "h", ""),  # from the merge: 1, 1, 2 and 48 hours
    # how many failed
    "dora/change-failure-rate": (60, "%", ""),  # d2, d3 and d5 of five
    "devlake/change-failure-rate": (75, "%", "low"),  # d2, d4 and d5 of the four that succeeded
    "middleware/change-failure-rate": (75, "%", "low"),
    "gitlab/change-failure-rate": (60, "%", ""),  # three incidents on five
    "metrik/change-failure-rate": (20, "%", "high"),  # d3 of five
    "fourkeys/change-failure-rate": (Fraction(1, 3), "incidents per deployment", "16-45%"),  # i2 on d1, d4 and d5
    # how long users waited
    "dora/recovery-time": (4, "h", ""),  # d2 3.5, d3 4, d5 26 hours
    "devlake/recovery-time": (26, "h", "medium"),  # d2 3.5, d5 26, d4 244 hours
    "dora/time-to-restore": (6, "h", ""),
    "devlake/time-to-restore": (6, "h", "high"),
    "gitlab/time-to-restore": (6, "h", ""),
    "fourkeys/time-to-restore": (6, "h", "one day"),  # 2, 6 and 24 whole hours
    "middleware/time-to-restore": (Fraction("32.5") / 3, "h", "high"),
    "metrik/time-to-restore": (4, "h", "high"),  # from d3 to d4
}


@pytest.mark.parametrize("preset", FOUND)
def test_three_weeks_are_what_each_definition_makes_of_them(preset: str) -> None:
    school, _, _ = preset.partition("/")
    team = Team(
        f"delivery:\n  deployments: [{{pushed: true}}]\n  changes: [{{pushed: true}}]\n  {RULES[school]}\n"
        f"kpis: {{mine: {{use: {preset}, review: monthly}}}}"
    )
    told = [one for one in TOLD if school != "metrik" or one["kind"] != "incident"]

    measured = team.knowing(team.pushed(told)).measured("mine", NOW, WEEKS)

    assert (measured.value, measured.unit, measured.band) == FOUND[preset]


def test_no_definition_of_another_tool_is_missing() -> None:
    schools = {preset for preset in presets() if preset.partition("/")[0] in RULES}

    assert schools - set(FOUND) == {"dora/rework-rate"}, "which nobody else has"
