"""What people do in each of the two simulated trackers, in the words of their work, and what can be seen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator

SHOWN = ("KR Progress", "KR Status", "KR Summary")


class Team(Protocol):
    """A team and its tracker. Items are told apart by `item`, the tracker's id."""

    @property
    def tracker(self) -> str: ...

    def add(self, kind: str, title: str, *, by: str, parent: str | None, tags: Sequence[str]) -> str: ...
    def estimate(self, item: str, points: float, *, by: str) -> None: ...
    def start(self, item: str, *, by: str) -> None: ...
    def finish(self, item: str, *, by: str) -> None: ...
    def drop(self, item: str, *, by: str) -> None: ...
    def move(self, item: str, parent: str, *, by: str) -> None: ...
    def write(self, item: str, field: str, text: str, *, by: str) -> None: ...
    def name(self, item: str) -> str:
        """As people say it: SHOP-12, #4711."""
        ...

    def address(self, item: str) -> str: ...
    def look(self, item: str) -> dict[str, Any]:
        """All that the tracker shows of an item, for whoever reads JSON."""
        ...


@dataclass(frozen=True, slots=True)
class JiraTeam:
    """The web shop's team, in project SHOP."""

    jira: JiraSimulator
    tracker: str = "Jira"

    def add(self, kind: str, title: str, *, by: str, parent: str | None, tags: Sequence[str]) -> str:
        fields: dict[str, Any] = {"labels": list(tags)} if tags else {}
        if parent:
            fields["parent"] = parent
        return self.jira.create_issue("SHOP", kind, title, fields, by=by).id

    def estimate(self, item: str, points: float, *, by: str) -> None:
        self.jira.edit(item, {"Story Points": points}, by=by)

    def start(self, item: str, *, by: str) -> None:
        self.jira.transition(item, "In Progress", by=by)

    def finish(self, item: str, *, by: str) -> None:
        self.jira.transition(item, "Done", by=by)

    def drop(self, item: str, *, by: str) -> None:
        self.jira.transition(item, "Done", resolution="Won't Do", by=by)

    def move(self, item: str, parent: str, *, by: str) -> None:
        self.jira.set_parent(item, parent, by=by)

    def write(self, item: str, field: str, text: str, *, by: str) -> None:
        self.jira.edit(item, {field: text}, by=by)

    def name(self, item: str) -> str:
        return self.jira.site.issue(item).key

    def address(self, item: str) -> str:
        return f"{self.jira.url}/browse/{self.name(item)}"

    def look(self, item: str) -> dict[str, Any]:
        issue = self.jira.site.issue(item)
        links = [link["object"] for link in issue.remote_links.values()]
        return {
            "tracker": self.tracker,
            "key": issue.key,
            "type": self.jira.site.type_of(issue).name,
            "title": self.jira.value(item, "Summary"),
            "status": self.jira.value(item, "Status"),
            "points": self.jira.value(item, "Story Points"),
            "tags": list(self.jira.value(item, "Labels") or ()),
            "parent": self.name(issue.values["parent"]) if issue.values.get("parent") else None,
            "fields": {name: self.jira.value(item, name) for name in SHOWN},
            "remote_links": [
                {"url": one["url"], "title": one["title"], "summary": one.get("summary", "")} for one in links
            ],
        }


@dataclass(frozen=True, slots=True)
class AzureTeam:
    """The app's team, in project App."""

    ado: AzureDevOpsSimulator
    tracker: str = "Azure DevOps"

    def add(self, kind: str, title: str, *, by: str, parent: str | None, tags: Sequence[str]) -> str:
        above = int(parent) if parent else None
        return str(self.ado.create_work_item(kind, title, actor=by, tags=tags, parent=above))

    def estimate(self, item: str, points: float, *, by: str) -> None:
        self.ado.edit(int(item), {"Story Points": points}, actor=by)

    def start(self, item: str, *, by: str) -> None:
        self.ado.set_state(int(item), "Active", actor=by)

    def finish(self, item: str, *, by: str) -> None:
        self.ado.set_state(int(item), "Closed", actor=by)

    def drop(self, item: str, *, by: str) -> None:
        self.ado.set_state(int(item), "Removed", actor=by)

    def move(self, item: str, parent: str, *, by: str) -> None:
        self.ado.set_parent(int(item), int(parent), actor=by)

    def write(self, item: str, field: str, text: str, *, by: str) -> None:
        self.ado.edit(int(item), {field: text}, actor=by)

    def name(self, item: str) -> str:
        return f"#{item}"

    def address(self, item: str) -> str:
        return f"{self.ado.url}/App/_workitems/edit/{item}"

    def look(self, item: str) -> dict[str, Any]:
        number = int(item)
        kept = self.ado.item(number)
        has_points = "Microsoft.VSTS.Scheduling.StoryPoints" in kept.fields
        return {
            "tracker": self.tracker,
            "key": item,
            "type": kept.type,
            "title": kept.title,
            "status": kept.state,
            "points": self.ado.value(number, "Story Points") if has_points else None,
            "tags": kept.tags,
            "parent": str(kept.parent) if kept.parent else None,
            "fields": {name: self.ado.value(number, name) for name in SHOWN},
            "remote_links": [
                {"url": url, "title": comment, "summary": ""} for url, comment in self.ado.hyperlinks(number).items()
            ],
        }
