"""Histories that were recorded from real organisations, told by revisions, by updates, and by lists."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import responses

from integration.core.facts import ItemSeen, TrackerFact
from integration.trackers.azure_devops import TRACKER
from integration.trackers.azure_devops.deltas import facts_of_all, full_revision
from integration.trackers.contract import Connection, Secret

ANSWERED = datetime(2026, 11, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PROJECT = {"id": "d07908bc-118f-47d2-8a13-ff75601a6b1a", "name": "MyFirstProject"}


@pytest.fixture
def recorded(corpus: Path) -> Path:
    return corpus / "histories" / "azure-devops"


def answer(recorded: Path, name: str) -> Any:
    told = json.loads((recorded / "microsoft-rest-examples" / f"{name}.json").read_text(encoding="utf-8-sig"))
    return told["responses"]["200"]["body"]


def updates(recorded: Path) -> list[dict[str, Any]]:
    return answer(recorded, "wit__updates__GET__list_of_workitem_updates")["value"]


def after(fields: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after an update."""
    changes = update.get("fields", {})
    changed = {name: change["newValue"] for name, change in changes.items() if "newValue" in change}
    emptied = {name for name, change in changes.items() if "newValue" not in change}
    return {name: value for name, value in {**fields, **changed}.items() if name not in emptied}


def by_webhook(update: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterable[TrackerFact]:
    """What the webhook of a recorded update says: the update itself, and the revision as of then."""
    revision = {"id": update["workItemId"], "rev": update["rev"], "fields": fields}
    resource = {**update, "revision": revision}
    body = {"eventType": "workitem.updated", "publisherId": "tfs", "resource": resource}
    return TRACKER.translate(body, ANSWERED).facts


def kept(facts: Iterable[TrackerFact], *kinds: str) -> dict[tuple[str, str], TrackerFact]:
    """Without who did it: Microsoft gave the one person of its example several ids before publishing it."""
    return {(fact.kind, fact.source): replace(fact, actor=None) for fact in facts if fact.kind in kinds}


def test_the_deltas_of_revisions_are_the_updates_that_were_recorded(recorded: Path) -> None:
    """Thirteen updates of one bug. The feed has no comment texts, but counts them."""
    told = updates(recorded)
    states = list(accumulate(told, after, initial={}))[1:]
    said = [fact for update, fields in zip(told, states, strict=True) for fact in by_webhook(update, fields)]
    revisions = {}
    comments = 0
    for update, fields in zip(told, states, strict=True):
        comments += "System.History" in update.get("fields", {})
        shown = {name: value for name, value in fields.items() if name != "System.History"}
        shown |= {"System.CommentCount": comments} if comments else {}
        revisions[update["rev"]] = full_revision({"id": 1, "rev": update["rev"], "fields": shown}, ANSWERED)

    found = list(facts_of_all(list(revisions.values())))

    kinds = ("field changed", "status changed", "commented", "item moved", "item deleted")
    by_feed = {key: fact for key, fact in kept(found, *kinds).items() if "CommentCount" not in key[1]}
    told_later = {key: fact for key, fact in kept(said, *kinds).items() if not key[1].startswith("1:1:")}
    assert by_feed == told_later
    assert len(by_feed) == 15
    assert [fact.at for fact in found if fact.kind == "item created"] == [datetime(2017, 9, 4, 2, 8, 16, 600000, UTC)]


def test_two_recorded_revisions_differ_as_the_recorded_update_says(recorded: Path) -> None:
    second, third = answer(recorded, "wit__revisions__GET__list_workitem_revisions_paged")["value"]
    update = next(one for one in updates(recorded) if one["rev"] == 3)

    found = facts_of_all([full_revision(second, ANSWERED), full_revision(third, ANSWERED)])

    kinds = ("field changed", "status changed")
    assert kept(found, *kinds) == kept(by_webhook(update, third["fields"]), *kinds)


def test_links_without_a_revision_were_recorded_at_moments_of_their_own(recorded: Path) -> None:
    """What the feed of links tells of them has to have the same sources."""
    told = [update for update in updates(recorded) if "fields" not in update]
    said = [fact for update in told for fact in by_webhook(update, {}) if not isinstance(fact, ItemSeen)]
    feed = [
        {
            "rel": relation["rel"].removesuffix("-Reverse"),
            "sourceId": int(relation["url"].rpartition("/")[2]),
            "targetId": update["workItemId"],
            "changedDate": update["revisedDate"],
            "isActive": side == "added",
        }
        for update in told
        for side, relations in update["relations"].items()
        for relation in relations
    ]

    with responses.RequestsMock() as mock:
        url = "https://dev.azure.com/fabrikam/_apis/wit/reporting/workitemlinks"
        mock.get(url, json={"values": feed, "continuationToken": "6281123", "isLastBatch": True})
        found = [fact for page in client().history("work item links", LONG_AGO, None) for fact in page.facts]

    assert len(said) == 4
    assert {(fact.kind, fact.source) for fact in said} <= {(fact.kind, fact.source) for fact in found}


def test_the_recorded_deployment_is_told(recorded: Path) -> None:
    """It failed before it was deployed, in a version that told no end; classic releases are on a host of their own."""
    listed = answer(recorded, "release__deployments__GET__ListDeploymentsForAGivenDefinitionId")
    ended = {**listed["value"][0], "completedOn": "2017-08-29T16:51:40.133Z"}
    for told, results in ((listed, []), ({"value": [ended]}, ["notDeployed"])):
        with responses.RequestsMock() as mock:
            mock.get("https://dev.azure.com/fabrikam/_apis/projects", json={"value": [PROJECT]})
            mock.get(f"https://vsrm.dev.azure.com/fabrikam/{PROJECT['id']}/_apis/release/deployments", json=told)
            found = [fact for page in client().history("releases", LONG_AGO, None) for fact in page.facts]

        assert [fact.result for fact in found] == results
    assert [(fact.source, fact.pipeline, fact.stage) for fact in found] == [
        ("release:55:118:1:completed", "Fabrikam-web", "PROD")
    ]


def test_recorded_builds_and_pull_requests_are_told(recorded: Path) -> None:
    builds = rows(recorded, "builds")
    pull_requests = rows(recorded, "pull_requests")
    base = f"https://dev.azure.com/fabrikam/{PROJECT['id']}/_apis"
    with responses.RequestsMock() as mock:
        mock.get("https://dev.azure.com/fabrikam/_apis/projects", json={"value": [PROJECT]})
        mock.get(f"{base}/build/builds", json={"value": builds})
        mock.get(f"{base}/git/pullrequests", json={"value": pull_requests})
        told = {
            stream: [fact for page in client().history(stream, LONG_AGO, None) for fact in page.facts]
            for stream in ("builds", "pull requests")
        }

    assert {fact.run for fact in told["builds"]} == {str(build["id"]) for build in builds}
    assert {fact.pipeline for fact in told["builds"]} == {build["definition"]["name"] for build in builds}
    assert {fact.pull_request for fact in told["pull requests"]} == {str(one["pullRequestId"]) for one in pull_requests}


def rows(recorded: Path, name: str) -> list[dict[str, Any]]:
    with (recorded / "devlake" / f"_raw_azuredevops_go_api_{name}.csv").open(encoding="utf-8") as file:
        return [json.loads(row["data"]) for row in csv.DictReader(file)]


def client() -> Any:
    return TRACKER.connect(Connection("ado", "azure-devops", "https://dev.azure.com/fabrikam", token=Secret("pat")))
