"""How quickly the recorded pasts of issues become stored facts: through the client that reads Jira's history, in one process."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from integration.history import walk
from integration.store import migrations, streams
from integration.store.db import Database
from integration.store.streams import WHOLE
from integration.trackers.contract import Connection
from integration.trackers.jira.client import JiraClient
from tests.bench.ingest import CORPUS
from tests.trackers.jira.test_recorded_pasts import LONG_AGO, PEOPLE, answer, recorded

ROUNDS = 5
SITES = 10
PAGE = 100
"""Issues in one answer of search, as Jira Cloud gives them."""
LEFT_OUT = frozenset({"description", "environment", "worklog", "attachment"})
"""Fields that are not asked for."""
"""The same issues are read so often, each time as another connection's, so that nothing is a repetition."""


def measure() -> Iterator[tuple[str, float]]:
    corpus = CORPUS.parent
    if not (corpus / "histories").is_dir():
        print("  no recorded histories (OKRLINK_CORPUS): history.entries_per_s is left out", file=sys.stderr)
        return
    issues = list({one["id"]: one for one in recorded(corpus)}.values())
    told = Answers(issues)
    entries = sum(len(one["changelog"]["histories"]) for one in issues)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        rates = [SITES * entries / _seconds(Path(folder) / f"{number}.db", told) for number in range(ROUNDS)]
    print(f"  {entries} entries of {len(issues)} issues, {SITES} times", file=sys.stderr)
    yield "history.entries_per_s", statistics.median(rates)


def _seconds(file: Path, told: Answers) -> float:
    database = Database.open(f"sqlite:///{file.absolute()}")
    with closing(database):
        migrations.upgrade(database)
        began = time.process_time()
        for number in range(SITES):
            _read(database, f"jira {number}", told)
        return time.process_time() - began


def _read(database: Database, name: str, told: Answers) -> None:
    now = datetime.now(UTC)
    with database.write() as connection:
        streams.begin(connection, name, "issues", WHOLE, LONG_AGO, now)
        taken = streams.take_over(connection, name, "issues", WHOLE, now)
    client = JiraClient(told, told, Connection(name, "jira", "https://bookshop.example"))
    if walk(database, client, taken, lambda: datetime.now(UTC), timedelta(days=1)).items != told.issues:
        raise AssertionError("not all issues were read")


class Answers:
    """What Jira Cloud answers, as bytes that were made before: what is measured begins with decoding them."""

    def __init__(self, issues: Sequence[dict[str, Any]]) -> None:
        self.issues = len(issues)
        self._pages = [answer(page) for page in _pages(issues)]
        logs = [{"issueId": one["id"], "changeHistories": one["changelog"]["histories"][::-1]} for one in issues]
        self._logs = answer({"issueChangeLogs": logs})
        self._me = answer({"timeZone": "Asia/Shanghai"})
        self._fields = answer([{"id": name, "schema": {"type": "user"}} for name in PEOPLE])

    def get_current_user(self) -> requests.Response:
        return self._me

    def get_fields(self) -> requests.Response:
        return self._fields

    def enhanced_jql(self, _jql: str, *, nextPageToken: str | None, **_: object) -> requests.Response:  # noqa: N803 - the library's name
        return self._pages[int(nextPageToken or 0)]

    def get_bulk_changelogs(self, **_: object) -> requests.Response:
        return self._logs


def _pages(issues: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    shown = [
        {
            **{name: value for name, value in one.items() if name != "changelog"},
            "fields": {name: value for name, value in one["fields"].items() if name not in LEFT_OUT},
        }
        for one in issues
    ]
    for start in range(0, len(shown), PAGE):
        more = {"nextPageToken": str(start // PAGE + 1)} if start + PAGE < len(shown) else {}
        yield {"issues": shown[start : start + PAGE], **more}
