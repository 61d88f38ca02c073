"""Work items with their whole history, as Azure DevOps keeps them.

A *revision* is a full copy of the fields; an *update* is a delta. Links between work items make an update but no
revision [doc: the request examples of "Work Items - Update" keep `rev` there], which is why update numbers run ahead
of revision numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PARENT = "System.LinkTypes.Hierarchy-Reverse"
CHILD = "System.LinkTypes.Hierarchy-Forward"

# Each end of a link between work items, with the name people see and the other end.
LINK_ENDS: Mapping[str, tuple[str, str]] = {
    PARENT: ("Parent", CHILD),
    CHILD: ("Child", PARENT),
    "System.LinkTypes.Related": ("Related", "System.LinkTypes.Related"),
    "System.LinkTypes.Dependency-Forward": ("Successor", "System.LinkTypes.Dependency-Reverse"),
    "System.LinkTypes.Dependency-Reverse": ("Predecessor", "System.LinkTypes.Dependency-Forward"),
    "System.LinkTypes.Duplicate-Forward": ("Duplicate", "System.LinkTypes.Duplicate-Reverse"),
    "System.LinkTypes.Duplicate-Reverse": ("Duplicate Of", "System.LinkTypes.Duplicate-Forward"),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or a service account. `mail` is the unique name: at Server, the Windows account."""

    id: str
    name: str
    mail: str
    descriptor: str


@dataclass(frozen=True, slots=True)
class Project:
    """A team project; fields carry its name, webhooks its id."""

    id: str
    name: str


Value = str | int | float | bool | datetime | Identity


@dataclass(frozen=True, slots=True)
class Relation:
    """One entry of a work item's `relations`. `target` is the other work item where the link leads to one."""

    rel: str
    url: str
    attributes: Mapping[str, Any]
    target: int | None = None

    def same_as(self, other: "Relation") -> bool:
        """Whether both are the same link, whatever was written beside it."""
        return (self.rel, self.url.lower()) == (other.rel, other.url.lower())


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants of one work item. A field value of None clears the field. `updated` are links as they shall be."""

    fields: Mapping[str, Value | None] = field(default_factory=dict)
    added: tuple[Relation, ...] = ()
    removed: tuple[Relation, ...] = ()
    updated: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """One delta. `fields` maps to (old, new); None is absent. `rev` is the revision that held afterwards."""

    id: int
    rev: int
    actor: Identity
    at: datetime
    fields: Mapping[str, tuple[Value | None, Value | None]]
    added: tuple[Relation, ...] = ()
    removed: tuple[Relation, ...] = ()
    updated: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """All fields and relations as one revision left them. The watermark orders revisions of all items."""

    rev: int
    watermark: int
    at: datetime
    fields: Mapping[str, Value]
    relations: tuple[Relation, ...]


@dataclass(slots=True)
class WorkItem:
    """The current state, and all that led to it."""

    id: int
    project: Project
    fields: dict[str, Value] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    deleted_by: Identity | None = None
    deleted_at: datetime | None = None

    @property
    def rev(self) -> int:
        """The number of the newest revision."""
        return len(self.revisions)

    @property
    def deleted(self) -> bool:
        """Whether the item lies in the recycle bin."""
        return self.deleted_at is not None

    @property
    def type(self) -> str:
        """The name of the work item type."""
        return str(self.fields["System.WorkItemType"])

    @property
    def title(self) -> str:
        """The title."""
        return str(self.fields["System.Title"])

    @property
    def state(self) -> str:
        """The name of the state."""
        return str(self.fields["System.State"])

    @property
    def tags(self) -> list[str]:
        """The tags, in the order in which they were added."""
        return split_tags(self.fields.get("System.Tags"))

    @property
    def parent(self) -> int | None:
        """The parent's id."""
        return next((relation.target for relation in self.relations if relation.rel == PARENT), None)

    @property
    def children(self) -> list[int]:
        """The children's ids."""
        return [link.target for link in self.relations if link.rel == CHILD and link.target is not None]


def split_tags(text: Value | None) -> list[str]:
    """Tags live in one text, separated by semicolons."""
    return [tag.strip() for tag in str(text or "").split(";") if tag.strip()]


def join_tags(tags: list[str]) -> str | None:
    """The text for these tags; none at all is no value. A tag is the same in any case, the first spelling stays."""
    return (
        "; ".join({tag.lower(): tag for tag in reversed(tags)}[key] for key in dict.fromkeys(map(str.lower, tags)))
        or None
    )
