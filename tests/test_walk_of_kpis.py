"""What happens in a tracker, by its webhooks and by its history, through the rules of delivery to KPIs."""

from fractions import Fraction
from typing import Any

import pytest

from integration.refresh import attribute_facts, derive_facts, measure_kpis
from integration.store import measurements
from mappings import load

MAPPING = """\
delivery:
  deployments: [{type: Epic, reaches: STATUS}]
  incidents: [{tag: prod-incident}]
  changes: [{level: item, not: {tag: prod-incident}}]
kpis:
  throughput: {use: flow/throughput}
  time-to-resolve: {use: sla/time-to-resolve, where: {level: item}, aggregate: mean}
  waiting: {measure: {count: {state: to do, level: item}}, window: now}
  deployment-frequency: {use: dora/deployment-frequency}
  lead-time: {measure: {between: [created, deployed], of: changes}, unit: days, decimals: 1}
  change-failure-rate: {use: dora/change-failure-rate}
  time-to-restore: {use: dora/time-to-restore, measure: {at: [opened, restored]}}
"""


@pytest.fixture
def measured(desk):
    """The desk with the mapping in force, and a look at what its KPIs are by now."""
    desk.mapping()
    status = "Done" if desk.side.name == "jira" else "Closed"
    desk.mapping_file.write_text(desk.mapping_file.read_text() + MAPPING.replace("STATUS", status))
    desk.apply(load(desk.mapping_file))

    def look() -> dict[str, Any]:
        while True:
            desk.settle()
            now = desk.clock()
            done = derive_facts(desk.database, desk.policy, now) + attribute_facts(desk.database, desk.policy, now)
            if not done:
                break
        desk.clock.forward(minutes=1)
        measure_kpis(desk.database, desk.policy, desk.clock(), desk.clock())
        with desk.database.read() as connection:
            told = measurements.newest(connection)
        return {
            name: one.summary.value if one.summary.value is not None else one.summary.reason
            for name, one in told.items()
        }

    desk.look = look
    return desk


def test_work_in_a_tracker_is_measured(measured):
    desk, side = measured, measured.side
    desk.clock.forward(days=1)
    epic = side.epic()
    first, broken, _waiting = side.story(epic), side.story(epic, "Readers cannot pay"), side.story(epic)
    side.tag(broken, "prod-incident")
    desk.later(days=2)
    side.done(first)
    desk.later(days=1)
    side.done(epic)  # which deploys what was done
    desk.later(days=1)
    side.done(broken)

    assert desk.look() == {
        "throughput": Fraction(2, 4),  # two stories in four weeks; epics are none
        "time-to-resolve": (2 + 4) * 24 / 2,
        "waiting": 1,
        "deployment-frequency": Fraction(1, 4),
        "lead-time": 3,  # the first story's; the other one is an incident, and no change
        "change-failure-rate": 0,  # the incident opened before anything was deployed
        "time-to-restore": 4 * 24,
    }
