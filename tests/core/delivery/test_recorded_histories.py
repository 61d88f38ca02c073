"""Recorded histories of real teams: every item has a life in a sane order, which ends where the tracker says that it is."""

import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration.core.catalogue import Catalogue
from integration.core.delivery.derive import Derivation
from integration.core.delivery.facts import Change, DeliveryFact, Incident, Stay, WorkItem
from integration.core.delivery.rules import ChangeRule, Delivery, IncidentRule, Service
from integration.core.facts import ItemCreated, ItemRef, ItemSeen, TrackerFact
from integration.core.items import Item, item_of, join
from integration.core.scorecard import ConnectionRule
from integration.trackers.contract import Connection
from integration.trackers.jira import changelog
from integration.trackers.jira.client import JiraClient
from integration.trackers.jira.vocabulary import field_of, states_of
from tests.trackers.azure_devops.test_recorded_histories import ANSWERED, after, updates
from tests.trackers.azure_devops.test_recorded_histories import by_webhook as ado_by_webhook
from tests.trackers.jira.test_recorded_pasts import LONG_AGO, Recording, recorded

EVERYTHING = Delivery({"": Service("", changes=(ChangeRule(),), incidents=(IncidentRule(),))})
JIRA = ConnectionRule("jira", "jira", "https://bookshop.example")
ADO = ConnectionRule("ado", "azure-devops", "https://dev.azure.com/fabrikam")


class Recorded(NamedTuple):
    """An item, and all that was told of it."""

    item: Item
    facts: list[TrackerFact]


def lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as rows:
        return [json.loads(row["data"]) for row in csv.DictReader(row for row in rows if row.strip())]


def folded(facts: Iterable[TrackerFact], rule: ConnectionRule, catalogue: Catalogue) -> list[Recorded]:
    of: defaultdict[str, list[TrackerFact]] = defaultdict(list)
    for fact in facts:
        of[str(fact.item)].append(fact)
    found = []
    for number, told in of.items():
        state = join({}, [fact for fact in told if isinstance(fact, ItemSeen)])
        item = item_of(state, ItemRef(rule.name, number), catalogue, rule)
        found.append(Recorded(item, [fact for fact in told if not isinstance(fact, ItemSeen)]))
    return found


@pytest.fixture
def catalogue(corpus: Path) -> Catalogue:
    told = corpus / "histories" / "jira"
    statuses = lines(told / "devlake" / "_raw_jira_api_status.csv")
    statuses += json.loads((told / "jirametrics" / "testdata__sample_statuses.json").read_text())
    fields = [field_of(raw) for raw in lines(told / "devlake" / "_raw_jira_api_issue_fields.csv")]
    return Catalogue(fields=tuple(field for field in fields if field), states=states_of(statuses))


@pytest.fixture
def issues(corpus: Path, catalogue: Catalogue) -> list[Recorded]:
    """Issues of two sites, with their changelogs."""
    issues = list({one["id"]: one for one in recorded(corpus)}.values())
    client = JiraClient(Recording(issues), Recording(issues), Connection("jira", "jira", JIRA.url))
    facts = [fact for page in client.history("issues", LONG_AGO, None) for fact in page.facts]
    return folded(facts, JIRA, catalogue)


def assert_sane(found: Iterable[DeliveryFact]) -> None:
    for fact in found:
        created = fact.first("created")
        for name, times in fact.moments.items():
            assert list(times) == sorted(times), f"{fact.id} {name}"
            assert all(at.tzinfo is not None for at in times)
            if name in ("started", "done", "closed", "planned", "restored", "first response"):
                assert created is None or times[0] >= created, f"{fact.id} {name}"
        for name, times in fact.undone.items():
            assert name in fact.moments, f"{fact.id} was never {name}"
            assert times[0] >= fact.moments[name][0], f"{fact.id} {name}"
            assert list(times) == sorted(times)
        if (done := fact.last("done")) is not None:
            closed = fact.last("closed")
            assert closed is not None
            assert closed <= done, f"{fact.id} is done and not closed"


def assert_stays_follow_each_other(stays: list[Stay]) -> None:
    for stay, following in pairwise(stays):
        assert stay.first("left") == following.first("entered")
        assert stay.fields["status"] != following.fields["status"]
    assert all(stay.first("left") is None for stay in stays[-1:])


def test_every_recorded_issue_has_a_life(issues: list[Recorded], catalogue: Catalogue) -> None:
    derivation = Derivation(JIRA, catalogue, EVERYTHING)
    kinds: defaultdict[type[DeliveryFact], int] = defaultdict(int)
    for item, facts in issues:
        found = derivation.derive(facts, item)
        assert_sane(found)
        assert_stays_follow_each_other([fact for fact in found if isinstance(fact, Stay)])
        [work] = [fact for fact in found if isinstance(fact, WorkItem)]
        assert work.history["state"][-1][1] == item.state
        assert work.history["status"][-1][1] == item.status
        assert (work.last("done") is not None) is (item.state == "done")
        assert derivation.derive(facts[::-1], item) == found
        for fact in found:
            kinds[type(fact)] += 1
    assert kinds[WorkItem] == kinds[Change] == kinds[Incident] == len(issues) > 40
    assert kinds[Stay] > 100


def test_every_initiative_epic_and_story_of_a_recorded_site_has_a_life(corpus: Path) -> None:
    """Told by another tool, by names of fields; its statuses tell no category, so that states stay unknown."""
    told = corpus / "histories" / "jira" / "jira-timeline-report"
    entries = 0
    fields = [field_of(raw) for raw in json.loads((told / "bitovi-training-fields.json").read_text())]
    catalogue = Catalogue(fields=tuple(field for field in fields if field))
    derivation = Derivation(JIRA, catalogue, EVERYTHING)
    issues = json.loads((told / "bitovi-training.part-shared.json").read_text())
    for issue in issues:
        item, facts = timeline_of(issue, catalogue)
        found = derivation.derive(facts, item)
        assert_sane(found)
        stays = [fact for fact in found if isinstance(fact, Stay)]
        assert_stays_follow_each_other(stays)
        assert stays[-1].fields["status"] == item.status
        entries += len(facts)
    assert entries > 600


def timeline_of(issue: Mapping[str, Any], catalogue: Catalogue) -> Recorded:
    number, shown = issue["id"], issue["fields"]
    created = datetime.fromisoformat(shown["Created"]).astimezone(UTC)
    facts: list[TrackerFact] = [ItemCreated(at=created, source=number, item=number)]
    for raw in issue["changelog"]:
        at = datetime.fromisoformat(raw["created"]).astimezone(UTC)
        entry = changelog.entry_of(raw, item=number, at=at, actor=None)
        facts += changelog.facts_of(entry, lambda _: False)
    fields = {"key": issue["key"], "status": shown["Status"]["name"], "created": created.isoformat()}
    seen = ItemSeen(at=created, source=number, item=number, fields=fields)
    return Recorded(item_of(join({}, [seen]), ItemRef("jira", number), catalogue, JIRA), facts)


def test_the_recorded_bug_of_azure_devops_has_a_life(corpus: Path) -> None:
    states = {"new": "to do", "active": "in progress", "resolved": "in progress", "closed": "done"}
    catalogue = Catalogue(states=states)
    facts: list[TrackerFact] = []
    fields: dict[str, Any] = {}
    for update in updates(corpus / "histories" / "azure-devops"):
        fields = after(fields, update)
        facts += ado_by_webhook(update, fields)
    [(item, told)] = folded(facts, ADO, catalogue)
    told.append(ItemCreated(at=datetime(2017, 9, 4, 2, 8, 16, 600000, UTC), source="1:created", item=item.ref.id))

    found = Derivation(ADO, catalogue, EVERYTHING).derive(told, item)

    assert_sane(found)
    [work] = [fact for fact in found if isinstance(fact, WorkItem)]
    assert work.history["status"][-1][1] == item.status
    assert work.first("created") < ANSWERED


def test_five_thousand_entries_a_second_are_derived(issues: list[Recorded], catalogue: Catalogue) -> None:
    """By the time of the processor, which neighbours on a busy machine do not lengthen much."""
    derivation = Derivation(JIRA, catalogue, EVERYTHING)
    entries = 10 * sum(len(facts) for _, facts in issues)
    began = time.process_time()
    for _ in range(10):
        for item, facts in issues:
            derivation.derive(facts, item)
    taken = time.process_time() - began
    assert entries > 8000
    assert entries / taken >= 5000
