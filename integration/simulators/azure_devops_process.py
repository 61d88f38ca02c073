"""What an inherited process knows: fields, work item types, their states, and which field a type has.

Names are found as Azure DevOps finds them: by reference name or display name, in any case.
"""

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["string", "integer", "double", "dateTime", "boolean", "html", "plainText", "treePath", "history"]
Category = Literal["Proposed", "InProgress", "Resolved", "Completed", "Removed"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the organisation. `types` None: every work item type has it."""

    reference: str
    name: str
    type: FieldType
    read_only: bool = False
    identity: bool = False
    types: frozenset[str] | None = None
    picklist: tuple[str, ...] = ()  # what it takes, where it takes nothing else
    on_form: bool = True  # as it came with its types; False where somebody has to put it there

    def is_on(self, type_name: str) -> bool:
        """Whether work items of that type have the field."""
        return self.types is None or type_name in self.types


@dataclass(frozen=True, slots=True)
class State:
    """One state of a type. The category, not the name, says whether work is done."""

    name: str
    category: Category
    color: str


@dataclass(frozen=True, slots=True)
class WorkItemType:
    """One work item type; a new item is in its first state."""

    name: str
    reference: str
    color: str
    icon: str
    states: tuple[State, ...]
    inherits: str | None = None  # the type that it was derived from in an inherited process

    def state(self, name: str) -> State | None:
        """The state of that name, in any case."""
        return next((state for state in self.states if state.name.lower() == name.lower()), None)


_COLORS: dict[Category, str] = {
    "Proposed": "b2b2b2",
    "InProgress": "007acc",
    "Resolved": "ff9d00",
    "Completed": "339933",
    "Removed": "ffffff",
}


def _states(**names: str) -> tuple[State, ...]:
    categories: dict[str, Category] = {
        "proposed": "Proposed",
        "in_progress": "InProgress",
        "resolved": "Resolved",
        "completed": "Completed",
        "removed": "Removed",
    }
    return tuple(
        State(name, categories[key], _COLORS[categories[key]])
        for key, text in names.items()
        for name in text.split("|")
    )


_WORK = _states(proposed="New", in_progress="Active", resolved="Resolved", completed="Closed", removed="Removed")
_BACKLOG = _states(proposed="New|Approved", in_progress="Committed", completed="Done", removed="Removed")
_TASK = _states(proposed="New", in_progress="Active", completed="Closed", removed="Removed")
_BUG = _states(proposed="New", in_progress="Active", resolved="Resolved", completed="Closed")

# The Agile process, and Scrum's Product Backlog Item beside it, so that both estimates have a home.
_TYPES = (
    WorkItemType("Epic", "Microsoft.VSTS.WorkItemTypes.Epic", "E06C00", "icon_crown", _WORK),
    WorkItemType("Feature", "Microsoft.VSTS.WorkItemTypes.Feature", "773B93", "icon_trophy", _WORK),
    WorkItemType("User Story", "Microsoft.VSTS.WorkItemTypes.UserStory", "009CCC", "icon_book", _WORK),
    WorkItemType(
        "Product Backlog Item",
        "Microsoft.VSTS.WorkItemTypes.ProductBacklogItem",
        "009CCC",
        "icon_list",
        _BACKLOG,
    ),
    WorkItemType("Bug", "Microsoft.VSTS.WorkItemTypes.Bug", "CC293D", "icon_insect", _BUG),
    WorkItemType("Task", "Microsoft.VSTS.WorkItemTypes.Task", "F2CB1D", "icon_clipboard", _TASK),
    WorkItemType("Issue", "Microsoft.VSTS.WorkItemTypes.Issue", "B4009E", "icon_traffic_cone", _TASK),
)

_COMMON = "Microsoft.VSTS.Common."
_FIELDS = (
    Field("System.Id", "ID", "integer", read_only=True),
    Field("System.Rev", "Rev", "integer", read_only=True),
    Field("System.Watermark", "Watermark", "integer", read_only=True),
    Field("System.Title", "Title", "string"),
    Field("System.TeamProject", "Team Project", "string"),
    Field("System.WorkItemType", "Work Item Type", "string"),
    Field("System.State", "State", "string"),
    Field("System.Reason", "Reason", "string"),
    Field("System.AreaPath", "Area Path", "treePath"),
    Field("System.IterationPath", "Iteration Path", "treePath"),
    Field("System.AssignedTo", "Assigned To", "string", identity=True),
    Field("System.CreatedDate", "Created Date", "dateTime", read_only=True),
    Field("System.CreatedBy", "Created By", "string", read_only=True, identity=True),
    Field("System.ChangedDate", "Changed Date", "dateTime", read_only=True),
    Field("System.ChangedBy", "Changed By", "string", read_only=True, identity=True),
    Field("System.AuthorizedDate", "Authorized Date", "dateTime", read_only=True),
    Field("System.RevisedDate", "Revised Date", "dateTime", read_only=True),
    Field("System.CommentCount", "Comment Count", "integer", read_only=True),
    Field("System.Parent", "Parent", "integer", read_only=True),
    Field("System.IsDeleted", "Is Deleted", "boolean", read_only=True),
    Field("System.BoardColumn", "Board Column", "string", read_only=True),
    Field("System.BoardColumnDone", "Board Column Done", "boolean", read_only=True),
    Field("System.Tags", "Tags", "plainText"),
    Field("System.Description", "Description", "html"),
    Field("System.History", "History", "history"),
    Field(_COMMON + "Priority", "Priority", "integer"),
    Field(_COMMON + "Severity", "Severity", "string", types=frozenset({"Bug"})),
    Field(_COMMON + "ValueArea", "Value Area", "string"),
    Field(_COMMON + "StateChangeDate", "State Change Date", "dateTime", read_only=True),
    Field(_COMMON + "ActivatedDate", "Activated Date", "dateTime", read_only=True),
    Field(_COMMON + "ActivatedBy", "Activated By", "string", read_only=True, identity=True),
    Field(_COMMON + "ResolvedDate", "Resolved Date", "dateTime", read_only=True),
    Field(_COMMON + "ResolvedBy", "Resolved By", "string", read_only=True, identity=True),
    Field(_COMMON + "ClosedDate", "Closed Date", "dateTime", read_only=True),
    Field(_COMMON + "ClosedBy", "Closed By", "string", read_only=True, identity=True),
    Field("Microsoft.VSTS.Scheduling.StoryPoints", "Story Points", "double", types=frozenset({"User Story", "Bug"})),
    Field(
        "Microsoft.VSTS.Scheduling.Effort",
        "Effort",
        "double",
        types=frozenset({"Epic", "Feature", "Product Backlog Item"}),
    ),
    Field("Microsoft.VSTS.Scheduling.RemainingWork", "Remaining Work", "double", types=frozenset({"Task"})),
    Field("Microsoft.VSTS.Scheduling.TargetDate", "Target Date", "dateTime"),
)


# [doc] What a type is for: the backlogs and the rules of the board go by these, not by names.
_CATEGORIES = (
    ("Microsoft.EpicCategory", ("Epic",)),
    ("Microsoft.FeatureCategory", ("Feature",)),
    ("Microsoft.RequirementCategory", ("User Story", "Product Backlog Item")),
    ("Microsoft.BugCategory", ("Bug",)),
    ("Microsoft.TaskCategory", ("Task",)),
    ("Microsoft.IssueCategory", ("Issue",)),
)


class Process:
    """The fields, types and categories of one organisation; fields may be added.

    `customization` is what kind of process it is: only an inherited one can be changed over REST.
    """

    def __init__(self) -> None:
        self.name = "Bookshop Agile"
        self.customization: Literal["system", "inherited", "custom"] = "inherited"
        self.types = {kind.name: kind for kind in _TYPES}
        self.categories = _CATEGORIES
        self.fields = {field.reference: field for field in _FIELDS}

    def add_field(self, field: Field) -> None:
        """From now on the field exists; an existing one of that reference name is replaced."""
        self.fields[field.reference] = field

    def field(self, name: str) -> Field | None:
        """The field of that reference name, else of that display name."""
        wanted = name.lower()
        fields = self.fields.values()
        return next(
            (field for field in fields if field.reference.lower() == wanted),
            next((field for field in fields if field.name.lower() == wanted), None),
        )

    def type(self, name: str) -> WorkItemType | None:
        """The work item type of that name or reference name."""
        wanted = name.lower()
        return next(
            (kind for kind in self.types.values() if wanted in (kind.name.lower(), kind.reference.lower())), None
        )
