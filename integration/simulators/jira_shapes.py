"""Jira's JSON: every thing of the site as REST (version 3) and webhooks (version 2) show it. Shapes are [rec]."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from integration.simulators.jira_document import document
from integration.simulators.jira_kinds import kind_of
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import (
    LINK_TYPES,
    Board,
    Comment,
    Field,
    History,
    Issue,
    IssueLink,
    IssueType,
    Named,
    Project,
    Sprint,
    Status,
    User,
    Version,
)

_CATEGORIES = {
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What every recorded issue carries and the simulator has nothing to say about.
UNUSED: dict[str, Any] = {
    "timespent": None,
    "aggregatetimespent": None,
    "timeestimate": None,
    "timeoriginalestimate": None,
    "workratio": -1,
    "lastViewed": None,
    "versions": [],
    "components": [],
    "attachment": [],
    "security": None,
    "environment": None,
    "timetracking": {},
    "progress": {"progress": 0, "total": 0},
    "aggregateprogress": {"progress": 0, "total": 0},
}
_BRIEF = ("summary", "status", "priority", "issuetype")
_COMMENTED = ("summary", "issuetype", "project", "assignee", "priority", "status")


class Shapes:
    """How this site looks from outside: under `url`, with times in `zone`. REST is of version `api`, webhooks of version 2."""

    api = 3

    def __init__(self, site: Site, url: str, zone: ZoneInfo) -> None:
        self.site: Site = site
        self.url = url
        self.zone = zone

    def address(self, path: str, api: int) -> str:
        """The `self` of something."""
        return f"{self.url}/rest/api/{api}/{path}"

    def moment(self, at: datetime) -> str:
        """A time with milliseconds and an offset without a colon."""
        local = at.astimezone(self.zone)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"

    def user(self, user: User, api: int) -> dict[str, Any]:
        """A user, with the four avatars that make up most of a recorded one."""
        picture = f"{self.url}/avatars/{quote(user.account_id, safe='')}"
        return {
            "self": self.address(f"user?accountId={quote(user.account_id, safe='')}", api),
            "accountId": user.account_id,
            "avatarUrls": {f"{size}x{size}": f"{picture}-{size}.png" for size in (48, 24, 16, 32)},
            "displayName": user.name,
            "active": True,
            "timeZone": self.zone.key,
            "accountType": "atlassian",
        }

    def status(self, status: Status, api: int) -> dict[str, Any]:
        """A status with its category."""
        number, color, name = _CATEGORIES[status.category]
        return {
            "self": self.address(f"status/{status.id}", api),
            "description": "",
            "iconUrl": f"{self.url}/",
            "name": status.name,
            "id": status.id,
            "statusCategory": {
                "self": self.address(f"statuscategory/{number}", api),
                "id": number,
                "key": status.category,
                "colorName": color,
                "name": name,
            },
        }

    def issue_type(self, issue_type: IssueType, api: int) -> dict[str, Any]:
        """An issue type with its level."""
        return {
            "self": self.address(f"issuetype/{issue_type.id}", api),
            "id": issue_type.id,
            "description": "",
            "iconUrl": f"{self.url}/icons/issuetype/{issue_type.id}",
            "name": issue_type.name,
            "subtask": issue_type.level < 0,
            "avatarId": 10315,
            "hierarchyLevel": issue_type.level,
        }

    def priority(self, priority: Named, api: int) -> dict[str, Any]:
        """A priority."""
        icon = f"{self.url}/images/icons/priorities/{priority.name.lower()}.svg"
        return {
            "self": self.address(f"priority/{priority.id}", api),
            "iconUrl": icon,
            "name": priority.name,
            "id": priority.id,
        }

    def resolution(self, resolution: Named, api: int) -> dict[str, Any]:
        """A resolution."""
        return {
            "self": self.address(f"resolution/{resolution.id}", api),
            "id": resolution.id,
            "description": "",
            "name": resolution.name,
        }

    def project(self, project: Project, api: int) -> dict[str, Any]:
        """A project."""
        picture = f"{self.url}/avatars/project/{project.id}"
        return {
            "self": self.address(f"project/{project.id}", api),
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "simplified": project.team_managed,
            "avatarUrls": {f"{size}x{size}": f"{picture}-{size}.png" for size in (48, 24, 16, 32)},
        }

    def version(self, version: Version, api: int, *, event: bool = False) -> dict[str, Any]:
        """A version; its own webhook also names the project."""
        shape: dict[str, Any] = {
            "self": self.address(f"version/{version.id}", api),
            "id": version.id,
            "description": "",
            "name": version.name,
            "archived": False,
            "released": version.released,
        }
        if version.released_on:
            shape["releaseDate"] = version.released_on
        if event:
            shape |= {"overdue": False, "projectId": int(version.project_id)}
        return shape

    def sprint_value(self, sprint: Sprint) -> Any:
        """A sprint as the value of an issue's field."""
        shape = {"id": sprint.id, "name": sprint.name, "state": sprint.state, "boardId": sprint.board, "goal": ""}
        return shape | self._sprint_dates(sprint)

    def sprint(self, sprint: Sprint) -> dict[str, Any]:
        """A sprint as its webhooks show it."""
        address = f"{self.url}/rest/agile/1.0/sprint/{sprint.id}"
        named = {"id": sprint.id, "self": address, "state": sprint.state, "name": sprint.name}
        return named | {"originBoardId": sprint.board, "goal": ""} | self._sprint_dates(sprint)

    def board(self, board: Board) -> dict[str, Any]:
        """A board."""
        address = f"{self.url}/rest/agile/1.0/board/{board.id}"
        return {"id": board.id, "self": address, "name": board.name, "type": board.kind}

    def comment(self, issue: Issue, comment: Comment, api: int = 2) -> dict[str, Any]:
        """A comment, in version 2 as webhooks show it."""
        author = self.user(self.site.users[comment.author], api)
        return {
            "self": self.address(f"issue/{issue.id}/comment/{comment.id}", api),
            "id": comment.id,
            "author": author,
            "body": document(comment.body) if api == 3 else comment.body,
            "updateAuthor": author,
            "created": self.moment(comment.created),
            "updated": self.moment(comment.created),
            "jsdPublic": comment.public,
        }

    def comments(self, issue: Issue, most: int | None = None) -> dict[str, Any]:
        """The value of the field `comment`: the first `most` of them. [rec]"""
        shown = [self.comment(issue, one, self.api) for one in issue.comments[:most]]
        address = self.address(f"issue/{issue.id}/comment", self.api)
        return {
            "comments": shown,
            "self": address,
            "maxResults": len(shown),
            "total": len(issue.comments),
            "startAt": 0,
        }

    def link_event(self, link: IssueLink) -> dict[str, Any]:
        """An issue link in a webhook: numbers for ids, no keys."""
        return {
            "id": int(link.id),
            "sourceIssueId": int(link.source),
            "destinationIssueId": int(link.target),
            "issueLinkType": {
                "id": 10000 + list(LINK_TYPES).index(link.type),
                "name": link.type,
                "outwardName": link.outward,
                "inwardName": link.inward,
                "isSubTaskLinkType": False,
                "isSystemLinkType": False,
            },
            "systemLink": False,
        }

    def field(self, field: Field) -> dict[str, Any]:
        """A field as `GET /field` lists it."""
        clauses = [f"cf[{field.id.removeprefix('customfield_')}]", field.name] if field.custom else [field.id]
        scope = {"scope": {"type": "PROJECT", "project": {"id": field.project}}} if field.project else {}  # [doc]
        return {
            "id": field.id,
            "key": field.id,
            "name": field.name,
            **scope,
            "custom": field.custom is not None,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": clauses,
            "schema": self.schema(field),
        }

    def schema(self, field: Field) -> dict[str, Any]:
        """The type of a field's values."""
        if field.custom:
            custom = {"custom": field.custom, "customId": int(field.id.removeprefix("customfield_"))}
            return {**kind_of(field).schema, **custom}
        return {**kind_of(field).schema, "system": field.id}

    def history(self, history: History) -> dict[str, Any]:
        """One entry of the changelog."""
        return {
            "id": history.id,
            "author": self.user(self.site.users[history.author], self.api),
            "created": self.moment(history.created),
            "items": self.items(history),
        }

    def expanded_changelog(self, issue: Issue, most: int) -> dict[str, Any]:
        """The changelog of an issue that is expanded by it: the newest entries."""
        newest = [self.history(one) for one in reversed(issue.history)][:most]  # [rec] newest first
        return {"startAt": 0, "maxResults": len(newest), "total": len(issue.history), "histories": newest}

    def items(self, history: History) -> list[dict[str, Any]]:
        """The items of a history entry, in REST and webhooks alike."""
        return [
            {
                "field": change.name,
                "fieldtype": change.field_type,
                **({"fieldId": change.field_id} if change.field_id else {}),
                "from": change.before[0],
                "fromString": change.before[1],
                "to": change.after[0],
                "toString": change.after[1],
            }
            for change in history.changes
        ]

    def issue(self, issue: Issue, api: int, wanted: Collection[str] | None = None) -> dict[str, Any]:
        """An issue with the wanted fields (None: all)."""
        shape: dict[str, Any] = {"id": issue.id, "self": self.address(f"issue/{issue.id}", api), "key": issue.key}
        fields = self._fields(issue, api)
        return shape | {"fields": fields if wanted is None else {one: fields[one] for one in fields if one in wanted}}

    def brief(self, issue: Issue, api: int) -> dict[str, Any]:
        """An issue as another shows it: a parent, a child, the end of a link."""
        values = {one: self._value(issue, self.site.fields[one], api) for one in _BRIEF}
        return {"id": issue.id, "key": issue.key, "self": self.address(f"issue/{issue.id}", api), "fields": values}

    def commented(self, issue: Issue) -> dict[str, Any]:
        """An issue as comment webhooks show it: with six fields."""
        values = {one: self._value(issue, self.site.fields[one], 2) for one in _COMMENTED}
        return {"id": issue.id, "self": self.address(f"issue/{issue.id}", 2), "key": issue.key, "fields": values}

    def _fields(self, issue: Issue, api: int) -> dict[str, Any]:
        shape: dict[str, Any] = dict(UNUSED)
        for field in self.site.fields.values():
            if field.is_on(issue.values["project"]):
                shape[field.id] = self._value(issue, field, api)
        if issue.values.get("parent") is None:
            del shape["parent"]  # [rec] the only field that is absent when empty
        changed = issue.category_changed
        shape |= {
            "created": self.moment(issue.created),
            "updated": self.moment(issue.updated),
            "creator": self.user(self.site.users[issue.creator], api),
            "statuscategorychangedate": changed and self.moment(changed),
            "resolutiondate": issue.resolved and self.moment(issue.resolved),
            "subtasks": [self.brief(one, api) for one in self._subtasks(issue)],
            "issuelinks": [self._link(issue, link, api) for link in self.site.links.values()
                           if issue.id in (link.source, link.target)],
            "watches": {"self": self.address(f"issue/{issue.key}/watchers", api), "watchCount": 1, "isWatching": False},
            "votes": {"self": self.address(f"issue/{issue.key}/votes", api), "votes": 0, "hasVoted": False},
        }  # fmt: skip
        return shape

    def _value(self, issue: Issue, field: Field, api: int) -> Any:
        kind = kind_of(field)
        return kind.shape(self, field, issue.values.get(field.id, kind.empty), api)

    def _subtasks(self, issue: Issue) -> Iterable[Issue]:
        return (child for child in self.site.children(issue) if self.site.type_of(child).level < 0)

    def _link(self, issue: Issue, link: IssueLink, api: int) -> dict[str, Any]:
        number = 10000 + list(LINK_TYPES).index(link.type)
        end, other = ("outwardIssue", link.target) if link.source == issue.id else ("inwardIssue", link.source)
        return {
            "id": link.id,
            "self": self.address(f"issueLink/{link.id}", api),
            "type": {"id": str(number), "name": link.type, "inward": link.inward, "outward": link.outward},
            end: self.brief(self.site.issues[other], api),
        }

    def _sprint_dates(self, sprint: Sprint) -> dict[str, Any]:
        dates = {"startDate": sprint.start, "endDate": sprint.end, "completeDate": sprint.completed}
        return {name: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}" for name, at in dates.items() if at}


def milliseconds(at: datetime) -> int:
    """Epoch milliseconds."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
