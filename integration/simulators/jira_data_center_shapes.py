"""Jira's JSON as Data Center shows it, where it differs from the Cloud's. Shapes are [rec], from 7.x and 8.x, if not marked."""

from typing import Any
from urllib.parse import quote

from integration.simulators.jira_refusals import Unmodelled
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_things import Comment, Field, History, Issue, IssueType, Project, Sprint, User


class DataCenterShapes(Shapes):
    """People by name and key, types without levels, history by the names of fields, no time of a category's change."""

    api = 2

    def user(self, user: User, api: int) -> dict[str, Any]:
        """A user."""
        picture = f"{self.url}/secure/useravatar?ownerId={user.account_id}"
        return {
            "self": self.address(f"user?username={quote(user.login or '', safe='')}", api),
            "name": user.login,
            "key": user.account_id,
            "emailAddress": user.email,
            "avatarUrls": {f"{size}x{size}": f"{picture}&s={size}" for size in (48, 24, 16, 32)},
            "displayName": user.name,
            "active": True,
            "timeZone": self.zone.key,
        }

    def issue_type(self, issue_type: IssueType, api: int) -> dict[str, Any]:
        """An issue type: of its level only that it is a sub-task."""
        shape = super().issue_type(issue_type, api)
        del shape["hierarchyLevel"]
        return shape

    def project(self, project: Project, api: int) -> dict[str, Any]:
        """A project."""
        shape = super().project(project, api)
        del shape["simplified"]
        return shape

    def field(self, field: Field) -> dict[str, Any]:
        """A field as `GET /field` lists it."""
        shape = super().field(field)
        del shape["key"]
        return shape

    def comment(self, issue: Issue, comment: Comment, api: int = 2) -> dict[str, Any]:
        """A comment. Whether customers see it is a property of it, which is not modelled."""
        if not comment.public:
            raise Unmodelled("comments that customers do not see")
        shape = super().comment(issue, comment, api)
        del shape["jsdPublic"]
        return shape

    def sprint_value(self, sprint: Sprint) -> str:
        """A sprint as the value of an issue's field: a Java object, printed."""
        dates = self._sprint_dates(sprint)
        told = {"id": sprint.id, "rapidViewId": sprint.board, "state": sprint.state.upper(), "name": sprint.name}
        told |= {name: dates.get(name, "<null>") for name in ("startDate", "endDate", "completeDate")}
        said = ",".join(f"{name}={value}" for name, value in told.items())
        return f"com.atlassian.greenhopper.service.sprint.Sprint@1f39706[{said},sequence={sprint.id}]"

    def expanded_changelog(self, issue: Issue, most: int) -> dict[str, Any]:  # noqa: ARG002
        """The changelog of an issue that is expanded by it: all of it [inf], oldest first [3p]."""
        entries = [self.history(one) for one in issue.history]
        return {"startAt": 0, "maxResults": len(entries), "total": len(entries), "histories": entries}

    def items(self, history: History) -> list[dict[str, Any]]:
        """The items of a history entry: fields by their names only."""
        return [{name: value for name, value in item.items() if name != "fieldId"} for item in super().items(history)]

    def _fields(self, issue: Issue, api: int) -> dict[str, Any]:
        shape = super()._fields(issue, api)
        del shape["statuscategorychangedate"]
        return shape
