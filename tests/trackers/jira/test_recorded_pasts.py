"""Recorded pasts of real issues: read as a history, and told entry by entry as webhooks, they leave the same."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import requests

from integration.core.facts import ItemSeen, TrackerFact
from integration.core.items import join
from integration.trackers.contract import Connection
from integration.trackers.decoding import decode
from integration.trackers.jira import TRACKER
from integration.trackers.jira.client import JiraClient
from integration.trackers.jira.payload import moment

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 10, 8, 12, 0, tzinfo=UTC)
PEOPLE = ["assignee", "reporter", "creator"]


def recorded(corpus: Path) -> Iterator[dict[str, Any]]:
    """Issues as Jira Cloud showed them, with the whole of their changelogs."""
    csv.field_size_limit(sys.maxsize)
    histories = corpus / "histories" / "jira"
    with (histories / "devlake" / "_raw_jira_api_issues.csv").open() as lines:
        yield from (json.loads(row["data"]) for row in csv.DictReader(lines))
    for path in sorted((histories / "jirametrics").glob("*SP-*.json")):
        yield json.loads(path.read_text())


class Recording:
    """Answers as Jira did, with one recorded issue on each page of search."""

    def __init__(self, issues: Sequence[dict[str, Any]]) -> None:
        self._issues = issues

    def get_current_user(self) -> requests.Response:
        return answer({"timeZone": "Asia/Shanghai"})

    def get_fields(self) -> requests.Response:
        return answer([{"id": name, "schema": {"type": "user"}} for name in PEOPLE])

    def enhanced_jql(self, jql: str, *, nextPageToken: str | None, **_: object) -> requests.Response:  # noqa: N803
        here = int(nextPageToken or 0)
        more = {"nextPageToken": str(here + 1)} if here + 1 < len(self._issues) else {}
        return answer({"issues": self._issues[here : here + 1], **more})

    def get_bulk_changelogs(self, data: Mapping[str, Any]) -> requests.Response:
        logs = [
            {"issueId": issue["id"], "changeHistories": issue["changelog"]["histories"][::-1]}
            for issue in self._issues
            if issue["id"] in data["issueIdsOrKeys"]
        ]
        return answer({"issueChangeLogs": logs})


def answer(body: object) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = 200, json.dumps(body).encode()
    return response


def webhooks(issue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The issue's life as webhooks would have told it. Recorded is only what it is now, which the last ones show."""
    number, fields, entries = issue["id"], issue["fields"], issue["changelog"]["histories"][::-1]
    born = {name: fields[name] for name in ("created", "creator")}
    yield {
        "webhookEvent": "jira:issue_created",
        "issue": {"id": number, "fields": {**born, "updated": fields["created"]}},
    }
    for entry in entries:
        # The issue's own time is some milliseconds older than the entry's, and as old as it was if this changes nothing.
        at = min(moment(entry["created"]), moment(fields["updated"]))
        shown = {**(fields if entry is entries[-1] else {}), "updated": at.isoformat()}
        yield {
            "webhookEvent": "jira:issue_updated",
            "user": entry.get("author"),
            "issue": {"id": number, "fields": shown},
            "changelog": {"id": entry["id"], "items": entry["items"]},
        }
    for comment in (fields.get("comment") or {}).get("comments", ()):
        yield {"webhookEvent": "comment_created", "comment": comment, "issue": {"id": number}}
    yield {"webhookEvent": "jira:issue_updated", "issue": {"id": number, "key": issue["key"], "fields": fields}}


def kept(facts: Sequence[TrackerFact]) -> dict[tuple[str, str], TrackerFact]:
    return {(fact.kind, fact.source): fact for fact in facts if not isinstance(fact, ItemSeen)}


def folded(facts: Iterable[TrackerFact]) -> dict[str, dict[str, Any]]:
    """What is known of each issue, by field."""
    seen: dict[str, list[ItemSeen]] = {}
    for fact in facts:
        if isinstance(fact, ItemSeen):
            seen.setdefault(str(fact.item), []).append(fact)
    return {item: {name: state.value for name, state in join({}, of).items()} for item, of in seen.items()}


def test_recorded_pasts_are_the_same_both_ways(corpus) -> None:
    issues = list({one["id"]: one for one in recorded(corpus)}.values())
    told = [orjson.dumps(body) for issue in issues for body in webhooks(issue)]
    client = JiraClient(Recording(issues), Recording(issues), Connection("jira", "jira", "https://bookshop.example"))

    heard = [fact for body in told for fact in TRACKER.translate(decode(body), RECEIVED).facts]
    read = [fact for page in client.history("issues", LONG_AGO, None) for fact in page.facts]

    by_webhook, by_history = kept(heard), kept(read)
    assert len(by_webhook) > 800
    # Links have webhooks of their own, which nobody recorded here.
    assert {kind for kind, _ in by_history.keys() - by_webhook.keys()} == {"link added"}
    for key, fact in by_webhook.items():
        assert replace(by_history[key], at=fact.at) == fact
        assert by_history[key].at >= fact.at
    now, then = folded(read), folded(heard)
    assert now.keys() == then.keys()
    for item, fields in now.items():
        since = datetime.fromisoformat(fields.pop("status_changed"))
        heard_since = then[item].pop("status_changed", None)
        assert heard_since is None or since >= datetime.fromisoformat(heard_since)
        assert fields == then[item]
