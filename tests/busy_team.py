"""A team that never rests: thousands of Jira webhooks about a few issues, cheaply made in the shape of recorded ones.

team = BusyTeam(seed=1)
team.begin(); [team.change() for _ in range(1000)]; team.bodies
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

STATUSES = {"To Do": ("10000", "new"), "In Progress": ("3", "indeterminate"), "Done": ("10001", "done")}
LEVELS = {"Initiative": 2, "Epic": 1, "Story": 0}
EPIC_LINK = "customfield_10014"


@dataclass
class Issue:
    id: str
    type: str
    created: datetime
    labels: tuple[str, ...] = ()
    parent: str | None = None
    epic_link: str | None = None
    """The key of an epic, as Data Center tells a story's."""
    status: str = "To Do"
    status_changed: datetime | None = None
    points: float | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """Other fields, by id."""

    @property
    def key(self) -> str:
        return f"SHOP-{self.id}"


@dataclass
class BusyTeam:
    seed: int = 0
    issues: dict[str, Issue] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._luck = Random(self.seed)
        self._now = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
        self._entries = 20_000
        self._ids = iter(range(10_001, 100_000))

    def begin(self, stories: int = 30) -> None:
        """Two initiatives, one of them tagged; four epics, two of them tagged; and stories below."""
        for label in ("kr:built", ""):
            self.create("Initiative", labels=(label,) if label else ())
        for label in ("kr:built", "kr:pointed", "", ""):
            self.create("Epic", labels=(label,) if label else (), parent=self._one("Initiative", "").id)
        for _ in range(stories):
            self.create("Story", parent=self._one("Epic").id, points=float(self._luck.choice((1, 2, 3, 5, 8))))

    def change(self) -> None:
        """Something happens: mostly a status, often a parent or a tag, now and then a birth or an end."""
        what = self._luck.choices(
            (self._flip, self._move, self._move_epic, self._tag, self._estimate, self._replace), (50, 20, 10, 10, 5, 5)
        )
        what[0]()

    def create(self, kind: str, **said: Any) -> Issue:
        issue = Issue(str(next(self._ids)), kind, self._tick(), **said)
        self.issues[issue.id] = issue
        self._tell("jira:issue_created", issue)
        return issue

    def delete(self, issue: Issue) -> None:
        self._tick()
        del self.issues[issue.id]
        self._tell("jira:issue_deleted", issue)

    def set_status(self, issue: Issue, status: str) -> None:
        before, issue.status, issue.status_changed = issue.status, status, self._tick()
        self._log(issue, "status", (STATUSES[before][0], before), (STATUSES[status][0], status))

    def set_parent(self, issue: Issue, parent: Issue | None) -> None:
        before, issue.parent = issue.parent, parent.id if parent else None
        self._tick()
        self._log(issue, "parent", (before, None), (issue.parent, None), name="IssueParentAssociation")

    def set_labels(self, issue: Issue, *labels: str) -> None:
        before, issue.labels = issue.labels, labels
        self._tick()
        self._log(issue, "labels", (None, " ".join(before)), (None, " ".join(labels)))

    def _flip(self) -> None:
        story = self._one("Story")
        self.set_status(story, self._luck.choice([status for status in STATUSES if status != story.status]))

    def _move(self) -> None:
        self.set_parent(self._one("Story"), self._luck.choice([self._one("Epic"), self._one("Epic"), None]))

    def _move_epic(self) -> None:
        self.set_parent(self._one("Epic"), self._one("Initiative"))

    def _tag(self) -> None:
        tagged = self._one(self._luck.choice(("Epic", "Story", "Initiative")))
        self.set_labels(tagged, *self._luck.choice(((), ("kr:built",), ("kr:pointed",), ("kr:built", "kr:pointed"))))

    def _estimate(self) -> None:
        story = self._one("Story")
        before, story.points = story.points, self._luck.choice((None, 1.0, 13.0))
        self._tick()
        self._log(story, "customfield_10036", (None, _text(before)), (None, _text(story.points)), name="Story Points")

    def _replace(self) -> None:
        self.delete(self._one("Story"))
        self.create("Story", parent=self._one("Epic").id)

    def _one(self, kind: str, label: str | None = None) -> Issue:
        of_kind = [one for one in self.issues.values() if one.type == kind]
        if label is not None:
            of_kind = [one for one in of_kind if (label in one.labels if label else not one.labels)]
        return self._luck.choice(of_kind)

    def _tick(self) -> datetime:
        self._now += timedelta(seconds=61)
        return self._now

    def _log(
        self,
        issue: Issue,
        field_id: str,
        before: tuple[str | None, str | None],
        after: tuple[str | None, str | None],
        name: str = "",
    ) -> None:
        self._entries += 1
        change: dict[str, Any] = {"field": name or field_id, "fieldtype": "jira", "fieldId": field_id}
        change |= {"from": before[0], "fromString": before[1], "to": after[0], "toString": after[1]}
        self._tell("jira:issue_updated", issue, {"id": str(self._entries), "items": [change]})

    def _tell(self, event: str, issue: Issue, changelog: Any = None) -> None:
        status_id, category = STATUSES[issue.status]
        parent = None if issue.parent is None else {"id": issue.parent, "key": f"SHOP-{issue.parent}"}
        fields = {
            "summary": f"{issue.type} {issue.id}",
            "project": {"id": "10100", "key": "SHOP", "name": "Bookshop"},
            "issuetype": {"name": issue.type, "subtask": False, "hierarchyLevel": LEVELS[issue.type]},
            "status": {"id": status_id, "name": issue.status, "statusCategory": {"key": category}},
            "priority": {"id": "3", "name": "Medium"},
            "labels": list(issue.labels),
            "parent": parent,
            "created": _time(issue.created),
            "updated": _time(self._now),
            "statuscategorychangedate": _time(issue.status_changed or issue.created),
            "resolution": None,
            "resolutiondate": None,
            "customfield_10036": issue.points,
            EPIC_LINK: issue.epic_link,
            **issue.more,
        }
        body = {
            "timestamp": int(self._now.timestamp() * 1000),
            "webhookEvent": event,
            "user": {"accountId": "712020:00000000000000000000000000000001", "displayName": "Dana Ortiz"},
            "issue": {"id": issue.id, "key": issue.key, "fields": fields},
        }
        self.bodies.append(json.dumps(body if changelog is None else {**body, "changelog": changelog}).encode())


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"
