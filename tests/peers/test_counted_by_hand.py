"""A recorded site through a mapping, as a new team would begin: figures that were counted by hand, and the facts of each.

The site is ten stories of 2021 and 2022, of which four were done. What matters of their changelogs, in UTC (`Selected for
Development` is in progress by the site's own categories, and the mapping says that work starts with `In Progress`):

| Story | In Progress | Done |
|---|---|---|
| SP-5 | 2021-08-29 18:04:49.188 | 2021-09-06 04:34:14.358, reopened 2021-10-11 12:48:42.419, again at 12:49:07.261 |
| SP-10 | 2021-08-29 18:06:55.587 | 2021-09-06 04:34:26.239 |
| SP-13 | never | 2022-04-19 01:53:42.206 |
| SP-14 | 2022-04-19 01:31:32.667 | 2022-04-19 01:53:07.054 |

Its deployments nobody recorded; they are told by an import: successes at 2021-09-06 06:00 and 2021-10-12 08:00, a failure at
2022-04-19 09:00, a success a day later.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.delivery.facts import DeliveryFact
from integration.core.facts import ItemSeen, TrackerFact
from integration.core.kpi.language import Dates
from integration.trackers.contract import Connection
from integration.trackers.jira.client import JiraClient
from integration.trackers.jira.vocabulary import states_of
from tests.peers.asking import Asked, Team
from tests.trackers.jira.test_recorded_pasts import LONG_AGO, Recording

MAPPING = """
connections: {jira: {tracker: jira, url: https://bookshop.example/, user: env/U, token: env/T, projects: [SP]}}
delivery:
  items: [{started: In Progress}]
  changes: [{started: In Progress}]
  deployments: [{pushed: true}]
  incidents: [{type: Bug}]
kpis:
  defaults: {window: 2021-06-01..2022-06-30}
  cycle-time: {use: flow/cycle-time, aggregate: median}
  first-time: {use: flow/cycle-time, aggregate: max, measure: {between: [started, first done]}}
  throughput: {use: flow/throughput}
  wip: {use: flow/wip, window: now}
  time-to-plan: {use: sla/time-to-plan, aggregate: median, unit: days}
  in-review: {use: flow/time-in-status, where: {status: Review}, aggregate: sum, unit: s}
  lead-time: {use: dora/lead-time}
  failures: {use: dora/change-failure-rate}
  recovery: {use: dora/recovery-time}
"""
DEPLOYMENTS = (
    ("2021-09-06T06:00:00Z", "success"),
    ("2021-10-12T08:00:00Z", "success"),
    ("2022-04-19T09:00:00Z", "failed"),
    ("2022-04-20T09:00:00Z", "success"),
)
LATER = datetime(2022, 7, 1, tzinfo=UTC)
SPRINT = TrackerField("customfield_10020", "Sprint", role="sprint")


@pytest.fixture(scope="module")
def site(corpus: Path) -> Asked:
    folder = corpus / "histories" / "jira" / "jirametrics"
    if not folder.is_dir():
        pytest.skip("no recorded site in the corpus (histories/jira/jirametrics)")
    statuses = json.loads((folder / "testdata__sample_statuses.json").read_text())
    catalogue = Catalogue(fields=(SPRINT,), states=states_of(statuses))
    team = Team(MAPPING, catalogue)
    imported = [
        {"kind": "deployment", "id": str(number), "environment": "production", "finished": at, "result": result}
        for number, (at, result) in enumerate(DEPLOYMENTS, 1)
    ]
    return team.knowing([*team.pushed(imported), *_stories(folder, team)])


def _stories(folder: Path, team: Team) -> Iterator[DeliveryFact]:
    """Read as a backfill reads them. Of a story that was recorded twice the later recording, which knows more."""
    issues: dict[str, dict[str, Any]] = {}
    for path in folder.glob("*SP-*.json"):
        issue = json.loads(path.read_text())
        known = issues.get(issue["id"])
        if known is None or len(known["changelog"]["histories"]) < len(issue["changelog"]["histories"]):
            issues[issue["id"]] = issue
    told = list(issues.values())
    client = JiraClient(Recording(told), Recording(told), Connection("jira", "jira", "https://bookshop.example"))
    facts: defaultdict[str, list[TrackerFact]] = defaultdict(list)
    for page in client.history("issues", LONG_AGO, None):
        for fact in page.facts:
            facts[str(fact.item)].append(fact)
    for number, of_item in facts.items():
        seen = [fact for fact in of_item if isinstance(fact, ItemSeen)]
        yield from team.recorded(number, seen, [fact for fact in of_item if not isinstance(fact, ItemSeen)])


def lasted(days: int, hours: int, minutes: int, seconds: str) -> Fraction:
    """In seconds, exactly."""
    return Fraction(((days * 24 + hours) * 60 + minutes) * 60) + Fraction(seconds)


@pytest.mark.parametrize(
    ("kpi", "value", "counted"),
    [
        pytest.param("cycle-time", lasted(7, 10, 27, "30.652") / 86_400, "SP-5 SP-10 SP-14", id="cycle time"),
        pytest.param("first-time", lasted(7, 10, 29, "25.170") / 86_400, "SP-5 SP-10 SP-14", id="first time done"),
        pytest.param("throughput", Fraction(4 * 7, 395), "SP-5 SP-10 SP-13 SP-14", id="throughput"),
        pytest.param("wip", Fraction(6), "SP-1 SP-2 SP-7 SP-8 SP-11 SP-15", id="work in progress"),
        pytest.param("time-to-plan", lasted(72, 11, 21, "56.890") / 86_400, "SP-13 SP-14 SP-15", id="time to plan"),
        pytest.param("in-review", Fraction("2.926") + Fraction("4.854"), "SP-5 SP-10", id="time in Review"),
        pytest.param("lead-time", lasted(7, 11, 53, "4.413") / 3_600, "SP-5 SP-10 SP-14", id="lead time"),
        pytest.param("recovery", Fraction(24), "3", id="recovery time"),
    ],
)
def test_a_figure_is_what_was_counted_by_hand(site: Asked, kpi: str, value: Fraction, counted: str) -> None:
    """
    - Cycle time: SP-5 42 days 18:44:18.073, SP-10 7 days 10:27:30.652, SP-14 21:34.387; the middle one. SP-13 has no start.
    - First time done: of SP-5 7 days 10:29:25.170, which is the longest now.
    - Throughput: four in the 395 days of the window; SP-5 once, though it was done twice.
    - Lead time: SP-5 and SP-10 were done before the deployment of 2021-09-06 06:00, which is 7 days 11:55:10.812 and
      11:53:04.413 after their starts; SP-14 waited for the success of 2022-04-20 09:00, 1 day 07:28:27.333 after its start,
      because the failure ships nothing. The middle one.
    - Time to plan, until the first sprint: SP-13 300 days 06:08:52.421, SP-14 72 days 11:21:56.890, SP-15 44:32.037.
    """
    measured = site.measured(kpi, LATER)

    assert measured.value == value
    assert site.keys(sample.fact for sample in measured.counted) == set(counted.split())


@pytest.mark.parametrize(
    ("kpi", "left"),
    [
        ("cycle-time", {"SP-13": "start not known (started)"}),
        ("lead-time", {"SP-13": "start not known (first commit or started)"}),
        ("time-to-plan", {}),
    ],
)
def test_what_has_no_sample_is_left_out_with_the_reason(site: Asked, kpi: str, left: dict[str, str]) -> None:
    """Stories that have not ended are of the window in which they began."""
    found = {site.key(one.fact): one.reason for one in site.measured(kpi, LATER).left_out}

    assert {key: reason for key, reason in found.items() if not reason.startswith("not yet")} == left


def test_a_week_is_what_it_was_until_a_story_is_reopened(site: Asked) -> None:
    """SP-5 and SP-10 were done in the week of 2021-09-06; since October only SP-10 was."""
    week = Dates(date(2021, 9, 6), date(2021, 9, 12))

    assert site.measured("throughput", datetime(2021, 9, 13, tzinfo=UTC), week).value == 2
    assert site.measured("throughput", datetime(2021, 10, 11, 12, 48, 30, tzinfo=UTC), week).value == 2
    assert site.measured("throughput", LATER, week).value == 1


def test_one_of_four_deployments_failed(site: Asked) -> None:
    rate = site.measured("failures", LATER)

    assert (rate.value, rate.above, rate.below) == (25, 1, 4)
    assert site.measured("failures", datetime(2022, 4, 1, tzinfo=UTC)).value == 0
