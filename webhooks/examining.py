"""One connection examined: its tracker is asked, the database looked at, and the answers judged by the core.

Nothing is written, in the tracker or in the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integration.core import examination
from integration.core.errors import Permanent, Refused, Retryable
from integration.core.examination import Finding, Needs, Project
from integration.core.fields import Sample, check
from integration.core.hooks import compare, unreachable
from integration.core.scorecard import Scorecard
from integration.rescan import SWEEP
from integration.store import streams
from integration.store.db import Database
from integration.store.streams import STANDING
from integration.trackers import TRACKERS
from integration.trackers.budget import ALL
from integration.trackers.contract import Connection, Examiner, Tracker

_STATUS = re.compile(r"HTTP (\d{3})")
_URL = "see that url is the tracker's own address, and that this machine reaches it"
_NEW_TOKEN = "make a new token of the account, and see that user is its own"  # noqa: S105  # a remedy
_SCOPES = "see that the token is not expired, and has the scopes read:jira-work and write:jira-work"
_PRINCIPAL = "see that tenant, client and client_secret are right; a secret ends some day, too"
_HOOKS = "okrlink hooks register prints what an administrator must do instead"


@dataclass(slots=True)
class Report:
    """What was found out about one connection."""

    connection: str
    findings: list[Finding] = field(default_factory=list)
    is_unreached: bool = False

    def failures(self) -> int:
        return sum(one.level == "failure" for one in self.findings)

    @contextmanager
    def looking(self, topic: str, remedy: str = "") -> Iterator[None]:
        """What the tracker refuses while looking at this is a finding, too."""
        try:
            yield
        except Retryable as error:
            self.is_unreached = True
            self.findings.append(Finding(topic, "failure", error.reason, _URL))
        except Permanent as error:
            self.findings.append(Finding(topic, "failure", error.reason, remedy))


class Examination:
    """Asks one tracker, as far as it answers."""

    def __init__(self, site: Connection, scorecard: Scorecard, url: str, *, wants_hooks: bool) -> None:
        """`url` is where the tracker shall reach us; whether it shall, is known even where its secret is not."""
        self._site = site
        self._url = url
        self._wants_hooks = wants_hooks
        self._needs = Needs.of(scorecard, site.name)

    def run(self, report: Report) -> None:
        """Whoever is not let in learns nothing else."""
        tracker = TRACKERS.get(self._site.tracker)
        if tracker is None or tracker.examiner is None:
            says = f"this version does not examine {self._site.tracker}"
            report.findings.append(Finding("reach", "warning", says))
            return
        examiner = tracker.examiner(self._site)
        if not self._is_let_in(examiner, report):
            return
        with report.looking("projects"):
            for project in self._projects(examiner, report):
                told = examiner.permissions(project, self._needs.abilities)
                report.findings += examination.permissions(project.key, told)
        if self._needs.fields:
            with report.looking("fields"):
                report.findings += self._fields(tracker)
        with report.looking("webhooks", _HOOKS):
            report.findings.append(self._webhooks(tracker))

    def _is_let_in(self, examiner: Examiner, report: Report) -> bool:
        asked = datetime.now(UTC)
        try:
            introduction = examiner.introduce()
        except Retryable as error:
            report.is_unreached = True
            report.findings.append(Finding("reach", "failure", error.reason, _URL))
            return False
        except Permanent as error:
            report.findings.append(self._turned_away(error))
            return False
        heard = datetime.now(UTC)
        resting = self._site.ledger.rests(ALL) if self._site.ledger else 0.0
        report.findings += [
            Finding("reach", "ok", f"{self._site.url} answers"),
            Finding("account", "ok", f"signed in as {introduction.account}"),
            examination.clock(introduction, asked, heard),
            examination.quota(introduction, resting),
        ]
        with report.looking("token"):
            report.findings.append(examination.token(examiner.token_ends(), heard))
        return True

    def _turned_away(self, error: Permanent) -> Finding:
        found = _STATUS.match(error.reason)
        status = int(found[1]) if found else None
        if not isinstance(error, Refused) or (status is not None and 300 <= status < 400):
            return Finding("reach", "failure", error.reason, _URL)
        if self._site.principal is not None:
            remedy = _PRINCIPAL
        elif self._site.gateway is not None:
            remedy = _SCOPES
        elif self._site.tracker == "jira":
            remedy = f"{_NEW_TOKEN}; a scoped token or a service account's needs gateway: true"
        elif self._site.tracker == "azure-devops":
            remedy = "make a new token of the account in this organisation, and see that url names it"
        else:
            remedy = _NEW_TOKEN
        return Finding("account", "failure", error.reason, remedy)

    def _projects(self, examiner: Examiner, report: Report) -> Sequence[Project]:
        """Those of the mapping that the account sees."""
        wanted, visible = self._site.projects, examiner.projects()
        report.findings += examination.projects(wanted, visible)
        return [one for one in visible if not wanted or any(one.is_called(name) for name in wanted)]

    def _fields(self, tracker: Tracker) -> Iterator[Finding]:
        catalogue = tracker.connect(self._site).catalogue()
        rule = self._needs.fields
        known = {one.id: value for name, value in rule.items() for one in catalogue.named(name)}
        samples: Sequence[Sample] = ()
        if tracker.fields is not None and known:
            samples = tracker.fields(self._site).samples(self._needs.types, known)
        return examination.fields(check(rule, catalogue, samples))

    def _webhooks(self, tracker: Tracker) -> Finding:
        if not self._wants_hooks:
            return examination.no_secret(self._site.rescan)
        why = unreachable(self._url, self._site.url, in_cloud=tracker.in_cloud)
        if why is not None:
            remedy = f"set OKRLINK_URL to the address by which {self._site.name} reaches okrlink serve"
            return Finding("webhooks", "failure", why, remedy)
        if tracker.hooks is None:
            return Finding("webhooks", "warning", "this version does not look after them")
        keeper = tracker.hooks(self._site)
        at = f"{self._url}/webhooks/{self._site.name}"
        return examination.webhooks(compare(at, keeper.wanted(at), keeper.there()))


def by_the_database(database: Database, site: Connection, now: datetime) -> Sequence[Finding]:
    """How far the connection's past was read, and when it was last asked for what webhooks missed."""
    with database.read() as connection:
        whole = streams.whole_backfill(connection, site.name)
        standing = [one for one in streams.every(connection, STANDING) if one.connection == site.name]
    asked = [one for one in standing if one.name != SWEEP]
    reason = next((one.reason for one in asked if one.reason), None)
    return [
        examination.history(
            site.name, whole.reached_at if whole else None, whole.lacks(site.projects) if whole else ()
        ),
        examination.rescans([one.reached_at for one in asked], reason, site.rescan, now),
    ]
