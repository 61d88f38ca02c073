"""Tracker facts: what a tracker said, before any mapping gives it a meaning.

A fact is identified within its connection by (`kind`, `source`), where `source` is made of the tracker's own ids
(changelog id and field, work item revision, build id and attempt), so that the same event by webhook, by backfill and by
replay is one fact. Of two tellings the more precise one stays, of two as precise the earlier: nobody hears of anything
before it happens. Facts keep scalar fields, account ids and times; never names of people, mail addresses or comment text.

`ItemSeen` is the one fact that is not kept as a row: it carries what an item's fields were at a time, and is folded
into the item field by field (`core.items`); folding it twice, or late, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = Scalar | tuple[str, ...]
"""A field's value: a scalar, or several texts (labels, components)."""


@dataclass(frozen=True, slots=True, order=True)
class ItemRef:
    """One issue or work item: its connection and its immutable id. The key that people see may change; this never does."""

    connection: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerFact:
    """What all facts carry: when it happened (aware UTC), the tracker's own id for it, the acting account's id, the item."""

    kind: ClassVar[str] = ""
    at: datetime
    source: str
    actor: str | None = None
    item: str | None = None
    """The immutable id of the item it is about, where it is about one."""
    recurs: ClassVar[bool] = False
    """Whether it can happen again under the same source; then its last time counts."""
    exact: bool = True
    """False where the tracker tells the same event's time or details more precisely elsewhere: mostly its webhook does,
    seldom its history.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSeen(TrackerFact):
    """What some of an item's fields were as of `at`. Fields that are not named are not touched by it.

    Names that mean the same on every tracker: `key`, `project`, `project_name`, `type`, `subtask` (bool), `hierarchy`
    (int: 1 and more is portfolio, 0 item, -1 part of an item), `title`, `status`, `status_id`, `category` (one of
    `to do`, `in progress`, `done`), `resolution`, `priority`, `labels`, `components`, `fix_versions`, `parent` (an item
    id, None for none), `area`, `iteration`, `created`, `done_at`, `status_changed` (ISO 8601 UTC texts), `deleted`
    (bool). All other fields stand under the tracker's own id (`customfield_10016`, `Microsoft.VSTS.Common.Severity`).
    """

    kind: ClassVar[str] = "item seen"
    order: int = 0
    """Breaks ties in `at`: the changelog id or the revision, 0 where there is none."""
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCreated(TrackerFact):
    kind: ClassVar[str] = "item created"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChanged(TrackerFact):
    """A field other than status, parent or key got another value; `before` and `after` are ids where the tracker has ids."""

    kind: ClassVar[str] = "field changed"
    field: str
    before: Scalar = None
    after: Scalar = None
    before_text: str | None = None
    after_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(TrackerFact):
    kind: ClassVar[str] = "status changed"
    before: str | None = None
    after: str | None = None
    before_id: str | None = None
    after_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentChanged(TrackerFact):
    """`before` and `after` are item ids (or keys, where the tracker told only those)."""

    kind: ClassVar[str] = "parent changed"
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAdded(TrackerFact):
    """`item` points to `other`; `link` is the link type as the tracker calls it, `outward` its direction."""

    kind: ClassVar[str] = "link added"
    other: str
    link: str
    outward: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRemoved(TrackerFact):
    kind: ClassVar[str] = "link removed"
    other: str
    link: str
    outward: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(TrackerFact):
    """Somebody commented; the text is not kept. `seen_by_author` is False where the comment is internal."""

    kind: ClassVar[str] = "commented"
    comment: str
    seen_by_author: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDeleted(TrackerFact):
    kind: ClassVar[str] = "item deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRestored(TrackerFact):
    kind: ClassVar[str] = "item restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMoved(TrackerFact):
    """The item's key or project changed; its id did not."""

    kind: ClassVar[str] = "item moved"
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChanged(TrackerFact):
    """A version was `created`, `released`, `unreleased`, `updated`, `moved`, `deleted` or `merged` (into `merged_into`)."""

    kind: ClassVar[str] = "version changed"
    recurs: ClassVar[bool] = True
    action: str
    version: str
    name: str | None = None
    project: str | None = None
    release_date: str | None = None
    merged_into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintChanged(TrackerFact):
    """A sprint was `created`, `started`, `closed`, `updated` or `deleted`."""

    kind: ClassVar[str] = "sprint changed"
    recurs: ClassVar[bool] = True
    action: str
    sprint: str
    name: str | None = None
    board: str | None = None
    starts: str | None = None
    ends: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(TrackerFact):
    """A build, a pipeline run, one of its stages or jobs, or a release's deployment ended (or, `result` None, began).

    `of` is `build`, `run`, `stage`, `job` or `release deployment`; `result` is the tracker's own word.
    """

    kind: ClassVar[str] = "run finished"
    of: str
    run: str
    pipeline: str | None = None
    stage: str | None = None
    state: str | None = None
    result: str | None = None
    attempt: int | None = None
    project: str | None = None
    branch: str | None = None
    commit: str | None = None
    started: datetime | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitsPushed(TrackerFact):
    kind: ClassVar[str] = "commits pushed"
    repository: str
    branch: str | None = None
    commits: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestChanged(TrackerFact):
    """A pull request was `opened`, `updated`, `merged`, `abandoned` or `commented` on."""

    kind: ClassVar[str] = "pull request changed"
    action: str
    pull_request: str
    repository: str | None = None
    status: str | None = None
    source_branch: str | None = None
    target_branch: str | None = None
    merge_commit: str | None = None
    opened: datetime | None = None
    project: str | None = None
