"""What the routes of the simulated service share: the organisation, who may enter, the settings, and the journal."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from integration.simulators.azure_devops_actions import Actions
from integration.simulators.azure_devops_hooks import Hooks
from integration.simulators.azure_devops_items import Identity
from integration.simulators.azure_devops_organisation import REVISION_CAP, Organisation
from integration.simulators.azure_devops_wiql import RESULT_CAP


@dataclass(slots=True)
class Settings:
    """Limits, and the answers to questions that the documentation leaves open. Change them at any time."""

    revision_cap: int = REVISION_CAP
    result_cap: int = RESULT_CAP
    page: int = 200  # [inf] the most updates or revisions of one item in one answer
    reporting_page: int = 200  # [3p] unless $maxPageSize says otherwise, up to 1000
    is_going_in_circles: bool = False  # [inf] a list's way on leads back to the same page
    page_of_projects: int = 1000  # [inf] the most projects in one answer
    may_write: bool = True  # the tokens' right to edit work items
    may_subscribe: bool = True  # [doc] permissions of their own: View and Edit subscriptions
    may_edit_process: bool = True  # [doc] a permission of its own
    may_suppress: bool = True  # [doc] a project permission of its own: Suppress notifications for work item updates
    suppress_stops_hooks: bool = False  # [inf] whether suppressNotifications also stops service hooks is undocumented
    slow_answers: int = 0  # so many answers that do succeed carry the headers of a limit that is near
    slow_retry_after: float = 1.0
    usage: tuple[int, float] | None = (
        None  # [doc] so much in a sliding window of seconds; [inf] a request is one unit of it
    )


@dataclass(frozen=True, slots=True)
class Write:
    """One attempt to change a work item over REST."""

    work_item_id: int
    document: Any
    quiet: bool
    status: int
    actor: str


@dataclass(frozen=True, slots=True)
class Email:
    """One change over REST about which people were sent mail."""

    work_item_id: int
    rev: int


@dataclass(slots=True)
class Journal:
    """What was done to the service from outside."""

    writes: list[Write] = field(default_factory=list)
    emails: list[Email] = field(default_factory=list)
    unmodelled: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """Everything that was asked over REST with a good token: method and path."""
    refused: int = 0
    """How much of that was too much."""
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    """Those of these requests that said something in JSON, and what."""

    def state(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Service:
    """Everything a route needs."""

    organisation: Organisation
    actions: Actions
    hooks: Hooks
    tokens: Mapping[str, Identity] = field(repr=False)
    settings: Settings = field(default_factory=Settings)
    journal: Journal = field(default_factory=Journal)
