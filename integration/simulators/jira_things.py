"""The things of a Jira site, as plain values, and those that every simulated site starts with."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"
CUSTOM_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"

Category = Literal["new", "indeterminate", "done"]
State = Literal["future", "active", "closed"]


@dataclass(frozen=True, slots=True)
class User:
    """A person or a service account. Outside the Cloud `account_id` is the user's key, and people sign in by `login`."""

    account_id: str
    name: str
    email: str
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A workflow status; only its category says whether work is done."""

    id: str
    name: str
    category: Category


@dataclass(frozen=True, slots=True)
class IssueType:
    """A type with its level: 1 epic, 0 standard, -1 sub-task."""

    id: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Named:
    """A priority, a resolution or an option: an id and a name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project; one that is team-managed keeps its fields and screens to itself."""

    id: str
    key: str
    name: str
    team_managed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a project; `released_on` is a day, for Jira keeps no hour of a release."""

    id: str
    name: str
    project_id: str
    released: bool = False
    released_on: str | None = None


@dataclass(frozen=True, slots=True)
class Sprint:
    """A sprint of a board."""

    id: int
    name: str
    board: int = 8
    state: State = "future"
    start: datetime | None = None
    end: datetime | None = None
    completed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """A board of a project; only a scrum board has sprints."""

    id: int
    name: str
    kind: Literal["scrum", "kanban"] = "scrum"
    project: str | None = None  # the id of the one whose issues it shows; None for all


@dataclass(frozen=True, slots=True)
class Field:
    """A field: `kind` names the `jira_kinds.KINDS` that reads and shows its values.

    `logged` is what history calls it. `editable` is whether an edit may set it; `on_screens` whether editmeta lists it.
    """

    id: str
    name: str
    kind: str
    custom: str | None = None
    editable: bool = True
    on_screens: bool = True
    logged: str | None = None
    options: tuple[Named, ...] = ()
    project: str | None = None  # the id of the team-managed project whose own field it is
    contexts: tuple[frozenset[str], ...] = (frozenset(),)  # ids of projects by context; none in a global one
    shown_in: frozenset[str] = frozenset()  # ids of projects on whose screen it is, where it is not on all

    def is_on(self, project: str) -> bool:
        """Whether issues of that project have the field."""
        meant = any(not projects or project in projects for projects in self.contexts)
        return self.project in (None, project) and meant

    def is_shown(self, project: str) -> bool:
        """Whether it is on the screen of that project."""
        return self.project in (None, project) and (self.on_screens or project in self.shown_in)

    @property
    def log_name(self) -> str:
        """The name that history shows."""
        return self.logged or (self.name if self.custom else self.id)


@dataclass(frozen=True, slots=True)
class Change:
    """One item of a history entry, with the four texts and ids that Jira keeps."""

    name: str
    field_type: str
    field_id: str | None
    before: tuple[str | None, str | None]
    after: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class History:
    """One entry of the changelog."""

    id: str
    author: str
    created: datetime
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as plain text; `public` is False where customers of a service desk do not see it."""

    id: str
    author: str
    body: str
    created: datetime
    public: bool = True


@dataclass(frozen=True, slots=True)
class IssueLink:
    """A link between two issues, by their ids."""

    id: str
    type: str
    outward: str
    inward: str
    source: str
    target: str


@dataclass(slots=True)
class Issue:
    """An issue. The id is for ever, the key changes with a move; `values` are by field id, in `jira_values`' own forms."""

    id: str
    key: str
    created: datetime
    updated: datetime
    creator: str
    values: dict[str, Any] = field(default_factory=dict)
    category_changed: datetime | None = None
    resolved: datetime | None = None
    history: list[History] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    remote_links: dict[str, dict[str, Any]] = field(default_factory=dict)


LINK_TYPES = {"Blocks": ("blocks", "is blocked by"), "Relates": ("relates to", "relates to")}

# [rec] ids as a Cloud site of 2021 numbers them
STATUSES = (
    Status("10000", "To Do", "new"),
    Status("3", "In Progress", "indeterminate"),
    Status("10011", "Review", "indeterminate"),
    Status("10002", "Done", "done"),
)
ISSUE_TYPES = (
    IssueType("10000", "Epic", 1),
    IssueType("10001", "Story", 0),
    IssueType("10002", "Task", 0),
    IssueType("10004", "Bug", 0),
    IssueType("10003", "Sub-task", -1),
)
PRIORITIES = tuple(Named(str(n), name) for n, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1))
RESOLUTIONS = (Named("10000", "Done"), Named("10001", "Won't Do"), Named("10002", "Duplicate"))

SYSTEM_FIELDS = (
    Field("summary", "Summary", "text"),
    Field("issuetype", "Issue Type", "type", editable=False),
    Field("project", "Project", "project", editable=False),
    Field("status", "Status", "status", editable=False),
    Field("priority", "Priority", "priority"),
    Field("resolution", "Resolution", "resolution", editable=False),
    Field("labels", "Labels", "labels"),
    Field("parent", "Parent", "parent", logged="IssueParentAssociation"),  # [rec] without fieldId
    Field("assignee", "Assignee", "user"),
    Field("reporter", "Reporter", "user"),
    Field("fixVersions", "Fix versions", "versions", logged="Fix Version"),
    Field("description", "Description", "textarea"),
    Field("duedate", "Due date", "date"),
)
CUSTOM_FIELDS = (
    Field("customfield_10016", "Story point estimate", "number", "com.pyxis.greenhopper.jira:jsw-story-points"),
    Field("customfield_10020", "Sprint", "sprints", "com.pyxis.greenhopper.jira:gh-sprint"),
    Field("customfield_10036", "Story Points", "number", CUSTOM_TYPES + "float"),
    Field("customfield_10050", "Key Result", "text", CUSTOM_TYPES + "textfield"),
    Field("customfield_10051", "KR Progress", "number", CUSTOM_TYPES + "float"),
    Field("customfield_10052", "KR Status", "text", CUSTOM_TYPES + "textfield"),
    Field("customfield_10053", "KR Summary", "text", CUSTOM_TYPES + "textfield"),
)
# The custom types that `add_field` can make.
MAKEABLE = {
    "number": CUSTOM_TYPES + "float",
    "text": CUSTOM_TYPES + "textfield",
    "textarea": CUSTOM_TYPES + "textarea",
    "url": CUSTOM_TYPES + "url",
    "option": CUSTOM_TYPES + "select",
    "date": CUSTOM_TYPES + "datepicker",
}
