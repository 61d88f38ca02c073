"""Which tracker facts are about one thing: what is derived from all of them together, and from nothing else.

| Kind | Tracker facts of it | Id |
|---|---|---|
| item | every fact with that `item`, and links and their removals that name it as `other` | the item's |
| run | `RunFinished` of a build, a pipeline run, its stages and jobs | `run`, which is the build's id, too |
| release | `RunFinished` of a classic release's deployments | `run`, the release's id |
| version | `VersionChanged` | `version` |
| pull request | `PullRequestChanged` | `pull_request`, which Azure DevOps counts per organisation |
| push | one `CommitsPushed` | `source` |

A sprint is no subject: when an item was planned is told by the item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from integration.core.facts import (
    CommitsPushed,
    LinkAdded,
    LinkRemoved,
    PullRequestChanged,
    RunFinished,
    TrackerFact,
    VersionChanged,
)

SubjectKind: TypeAlias = Literal["item", "run", "release", "version", "pull request", "push"]

RELEASE_DEPLOYMENT = "release deployment"


class Subject(NamedTuple):
    """One thing of a connection of which delivery facts are derived."""

    connection: str
    kind: SubjectKind
    id: str


Address: TypeAlias = Callable[[Subject, Mapping[str, str]], str]
"""Where people can look at a subject, below the address of its site; empty where they cannot. What is told of it beside its
id: `key`, `project`, `repository`.
"""


def subject_of(connection: str, fact: TrackerFact) -> Subject | None:
    """What the fact is about; None where nothing is derived from it."""
    if fact.item is not None:
        return Subject(connection, "item", fact.item)
    if isinstance(fact, RunFinished):
        return Subject(connection, "release" if fact.of == RELEASE_DEPLOYMENT else "run", fact.run)
    if isinstance(fact, VersionChanged):
        return Subject(connection, "version", fact.version)
    if isinstance(fact, PullRequestChanged):
        return Subject(connection, "pull request", fact.pull_request)
    if isinstance(fact, CommitsPushed):
        return Subject(connection, "push", fact.source)
    return None


def other_end(connection: str, fact: TrackerFact) -> Subject | None:
    """The item at the other end of a link, of which the fact tells, too.

    Its id is the item's key where the tracker told only that. A link to a build, a commit or an address has none.
    """
    if isinstance(fact, LinkAdded | LinkRemoved) and ":" not in fact.other:
        return Subject(connection, "item", fact.other)
    return None
