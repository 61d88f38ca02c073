"""What people do in Jira, and what the site then tells its webhooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, Protocol

from integration.simulators.jira_kinds import kind_of
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import (
    LINK_TYPES,
    Change,
    Comment,
    Field,
    History,
    Issue,
    IssueLink,
    Sprint,
    Version,
)
from integration.simulators.jira_values import Invalid
from integration.simulators.jira_webhooks import Flow

Which = Issue | str | int
By = str | None


class Tell(Protocol):
    """Who hears of events: `Webhooks.tell`."""

    def __call__(self, event: str, body: Callable[[], Mapping[str, Any]], *, flow: Flow = "Primary") -> None: ...


class Work:
    """The actions. Each takes issues by object, id, key or former key, and who did it by account id, name or address.

    Field values are said as people say them: `{"Story Points": 5, "labels": ["checkout"], "parent": "SHOP-1"}`.
    """

    def __init__(self, site: Site, shapes: Shapes, tell: Tell, somebody: str) -> None:
        self._site = site
        self._shapes = shapes
        self._tell = tell
        self._somebody = somebody

    def create_issue(
        self, project: str, issue_type: str, summary: str, fields: Mapping[str, Any] | None = None, *, by: By = None
    ) -> Issue:
        """A new issue in its workflow's first status. Creation leaves no history. [rec]"""
        with self._site.lock:
            site, now, author = self._site, self._site.clock(), self._account(by)
            identity, home = site.next_id(), site.project(project)
            issue = Issue(identity, "", now, now, author)
            issue.values = {
                "project": home.id,
                "issuetype": site.issue_type(issue_type).id,
                "status": site.statuses[0].id,
                "priority": site.priority("Medium").id,
                "reporter": author,
            }
            issue.values |= {one.id: value for one, value in self._read({"summary": summary, **(fields or {})}).items()}
            self._check_parent(issue, issue.values)
            issue.key = site.new_key(home, identity)
            issue.category_changed = now
            site.issues[identity] = issue
            self._tell_issue("jira:issue_created", "issue_created", issue, author)
            return issue

    def edit(self, which: Which, fields: Mapping[str, Any], *, by: By = None) -> History | None:
        """Sets fields, in one history entry and one webhook; neither when every value already was so."""
        with self._site.lock:
            return self.change(self._site.issue(which), self._read(fields), by=by)

    def change(self, issue: Issue, values: Mapping[Field, Any], *, by: By = None) -> History | None:
        """`edit` with values already read."""
        with self._site.lock:
            self._check_parent(issue, issue.values | {field.id: value for field, value in values.items()})
            event_type = "issue_assigned" if [field.id for field in values] == ["assignee"] else "issue_updated"
            return self._log(issue, self._set(issue, values), by, event_type)

    def transition(self, which: Which, to: str, *, resolution: str | None = None, by: By = None) -> History | None:
        """Another status; one of category done also resolves, leaving it un-resolves."""
        with self._site.lock:
            site, issue = self._site, self._site.issue(which)
            before, after = site.status_of(issue), site.status(to)
            values: dict[Field, Any] = {}
            if after.category == "done" and not issue.values.get("resolution"):
                values[site.fields["resolution"]] = site.resolution(resolution or "Done").id
                issue.resolved = site.clock()
            elif after.category != "done" and issue.values.get("resolution"):
                values[site.fields["resolution"]] = None
                issue.resolved = None
            if before.category != after.category:
                issue.category_changed = site.clock()
            values[site.fields["status"]] = after.id
            return self._log(issue, self._set(issue, values), by, "issue_generic")  # [rec]

    def set_parent(self, which: Which, parent: Which | None, *, by: By = None) -> History | None:
        """Puts the issue under an epic, a sub-task under an issue, or under nothing."""
        issue = self._site.issue(which)
        return self.edit(
            issue, {self._site.parent_field(issue): None if parent is None else self._site.issue(parent).id}, by=by
        )

    def add_label(self, which: Which, label: str, *, by: By = None) -> History | None:
        """One more label."""
        with self._site.lock:
            labels = self._site.issue(which).values.get("labels", ())
            return self.edit(which, {"labels": [*labels, label]}, by=by)

    def remove_label(self, which: Which, label: str, *, by: By = None) -> History | None:
        """One label less."""
        with self._site.lock:
            labels = self._site.issue(which).values.get("labels", ())
            return self.edit(which, {"labels": [one for one in labels if one != label]}, by=by)

    def move(self, which: Which, project: str, *, by: By = None) -> History | None:
        """Into another project, under a new key; the old one goes on resolving. [doc]"""
        with self._site.lock:
            site, issue = self._site, self._site.issue(which)
            home, before = site.project(project), issue.key
            if issue.values["project"] == home.id:
                return None
            changes = self._set(issue, {site.fields["project"]: home.id})
            issue.key = site.new_key(home, issue.id)
            key = Change("Key", "jira", None, (None, before), (None, issue.key))  # [rec] without fieldId
            return self._log(issue, [*changes, key], by, "issue_moved")

    def delete(self, which: Which, *, by: By = None) -> None:
        """Gone, with its sub-tasks; other children lose their parent without a word. [inf]"""
        with self._site.lock:
            issue, author = self._site.issue(which), self._account(by)
            self._delete(issue, author, "Primary")

    def comment(self, which: Which, body: str, *, public: bool = True, by: By = None) -> Comment:
        """A comment; its webhook carries no user, and on the Cloud six fields of the issue. [rec]"""
        with self._site.lock:
            issue, now = self._site.issue(which), self._site.clock()
            comment = Comment(self._site.next_id(), self._account(by), body, now, public)
            issue.comments.append(comment)
            issue.updated = now
            self._tell_comment("created", issue, comment)
            return comment

    def delete_comment(self, which: Which, comment_id: str) -> None:
        """Gone. Its webhook still shows it. [rec]"""
        with self._site.lock:
            issue = self._site.issue(which)
            comment = next(one for one in issue.comments if one.id == comment_id)
            issue.comments.remove(comment)
            issue.updated = self._site.clock()
            self._tell_comment("deleted", issue, comment)

    def link(self, source: Which, target: Which, kind: str = "Relates", *, by: By = None) -> IssueLink:
        """A link, which both issues log [rec] and both tell [3p]."""
        with self._site.lock:
            outward, inward = LINK_TYPES[kind]
            here, there = self._site.issue(source), self._site.issue(target)
            link = IssueLink(self._site.next_id(), kind, outward, inward, here.id, there.id)
            self._site.links[link.id] = link
            self._tell("issuelink_created", lambda: {"issueLink": self._shapes.link_event(link)})
            for one, other, words in ((here, there, outward), (there, here, inward)):
                item = Change("Link", "jira", None, (None, None), (other.key, f"This issue {words} {other.key}"))
                self._log(one, [item], by, "issue_updated")
            return link

    def unlink(self, link_id: str, *, by: By = None) -> None:
        """Not linked any more, which both issues log [rec] and both tell [3p]."""
        with self._site.lock:
            link = self._site.links.pop(link_id)
            self._tell("issuelink_deleted", lambda: {"issueLink": self._shapes.link_event(link)})
            here, there = self._site.issue(link.source), self._site.issue(link.target)
            for one, other, words in ((here, there, link.outward), (there, here, link.inward)):
                item = Change("Link", "jira", None, (other.key, f"This issue {words} {other.key}"), (None, None))
                self._log(one, [item], by, "issue_updated")

    def create_version(self, project: str, name: str) -> Version:
        """A version to come. Version events carry no user. [rec]"""
        with self._site.lock:
            version = Version(self._site.next_id(), name, self._site.project(project).id)
            return self._tell_version("jira:version_created", version)

    def release_version(self, version: str) -> Version:
        """Released, today."""
        with self._site.lock:
            day = f"{self._site.clock().astimezone(self._shapes.zone):%Y-%m-%d}"
            released = replace(self._site.version(version), released=True, released_on=day)
            return self._tell_version("jira:version_released", released)

    def create_sprint(self, name: str, board: int = 8) -> Sprint:
        """A sprint to come. Issues join by `edit(issue, {"Sprint": [sprint.id]})`."""
        with self._site.lock:
            return self._tell_sprint("sprint_created", Sprint(int(self._site.next_id()), name, board))

    def start_sprint(self, sprint: int, days: int = 14) -> Sprint:
        """Started, for so many days."""
        with self._site.lock:
            now = self._site.clock()
            started = replace(self._site.sprints[sprint], state="active", start=now, end=now + timedelta(days=days))
            return self._tell_sprint("sprint_started", started)

    def change_sprint(self, sprint: int, **changes: Any) -> Sprint:
        """Another `name`, `start` or `end`."""
        with self._site.lock:
            return self._tell_sprint("sprint_updated", replace(self._site.sprints[sprint], **changes))

    def close_sprint(self, sprint: int) -> Sprint:
        """Closed, with whatever was not done."""
        with self._site.lock:
            closed = replace(self._site.sprints[sprint], state="closed", completed=self._site.clock())
            return self._tell_sprint("sprint_closed", closed)

    def set_remote_link(self, which: Which, link: Mapping[str, Any], *, by: By = None) -> tuple[dict[str, Any], bool]:
        """The link under its globalId, replaced as a whole [doc]; says whether it is new. Without one, always new.

        History gets an entry each time, even for the same link again [rec]; that a webhook follows is the harder
        case [inf].
        """
        with self._site.lock:
            issue = self._site.issue(which)
            key = link.get("globalId") or f"appLink={self._site.next_id()}"
            known = issue.remote_links.get(key)
            made = {"id": known["id"] if known else int(self._site.next_id()), **link}
            issue.remote_links[key] = made
            self._log(issue, [_remote_change(known, made)], by, "issue_updated")
            return made, known is None

    def remove_remote_link(self, which: Which, global_id: str, *, by: By = None) -> bool:
        """Gone; says whether there was one."""
        with self._site.lock:
            issue = self._site.issue(which)
            if not (gone := issue.remote_links.pop(global_id, None)):
                return False
            self._log(issue, [_remote_change(gone, None)], by, "issue_updated")
            return True

    def _account(self, by: By) -> str:
        return self._site.user(by).account_id if by else self._somebody

    def _read(self, fields: Mapping[str, Any]) -> dict[Field, Any]:
        values, errors = {}, {}
        for name, said in fields.items():
            field = self._site.field(name)
            try:
                values[field] = kind_of(field).read(self._site, field, said)
            except Invalid as error:
                errors[field.id] = str(error)
        if errors:
            raise Refused(errors=errors)
        return values

    def _check_parent(self, issue: Issue, values: Mapping[str, Any]) -> None:
        level = self._site.issue_type(values["issuetype"]).level
        for name, field in self._site.fields.items():
            if field.kind not in ("parent", "epic") or (parent := values.get(name)) is None:
                continue
            above = self._site.type_of(self._site.issues[parent]).level
            if parent == issue.id or above != level + 1 or name != self._site.parent_field(issue):
                raise Refused(errors={name: "Please select valid parent issue."})

    def _set(self, issue: Issue, values: Mapping[Field, Any]) -> Sequence[Change]:
        changes: list[Change] = []
        for field, value in values.items():
            kind = kind_of(field)
            before = issue.values.get(field.id, kind.empty)
            if before != value:
                changes += kind.changes(self._site, field, before, value)
                issue.values[field.id] = value
        return changes

    def _log(self, issue: Issue, changes: Sequence[Change], by: By, event_type: str) -> History | None:
        if not changes:
            return None
        now, author = self._site.clock(), self._account(by)
        # [rec] an entry is some milliseconds younger than the `updated` of the issue
        history = History(self._site.next_id(), author, now + timedelta(milliseconds=4), tuple(changes))
        issue.history.append(history)
        issue.updated = now
        changelog = {"id": history.id, "items": self._shapes.items(history)}
        self._tell_issue("jira:issue_updated", event_type, issue, author, {"changelog": changelog})
        return history

    def _delete(self, issue: Issue, author: str, flow: Flow) -> None:
        for child in self._site.children(issue):
            if self._site.type_of(child).level < 0:
                self._delete(child, author, "Secondary")
            else:
                child.values[self._site.parent_field(child)] = None
        for link in [one for one in self._site.links.values() if issue.id in (one.source, one.target)]:
            del self._site.links[link.id]
        self._tell_issue("jira:issue_deleted", None, issue, author, flow=flow)  # [rec] without an event type
        del self._site.issues[issue.id]

    def _tell_issue(
        self,
        event: str,
        event_type: str | None,
        issue: Issue,
        author: str,
        more: Mapping[str, Any] | None = None,
        *,
        flow: Flow = "Primary",
    ) -> None:
        self._site.index(issue)

        def body() -> dict[str, Any]:
            named = {"issue_event_type_name": event_type} if event_type else {}
            user = self._shapes.user(self._site.users[author], 2)
            return {**named, "user": user, "issue": self._shapes.issue(issue, 2), **(more or {})}

        self._tell(event, body, flow=flow)

    def _tell_comment(self, action: Literal["created", "deleted"], issue: Issue, comment: Comment) -> None:
        self._site.index(issue)
        shape = self._shapes
        self._tell(
            f"comment_{action}", lambda: {"comment": shape.comment(issue, comment), "issue": shape.commented(issue)}
        )

    def _tell_version(self, event: str, version: Version) -> Version:
        self._site.versions[version.id] = version
        self._tell(event, lambda: {"version": self._shapes.version(version, 2, event=True)})
        return version

    def _tell_sprint(self, event: str, sprint: Sprint) -> Sprint:
        self._site.sprints[sprint.id] = sprint
        self._tell(event, lambda: {"sprint": self._shapes.sprint(sprint)})
        return sprint


def _remote_change(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Change:
    def logged(link: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
        return (str(link["id"]), f'This issue links to "{link["object"]["title"]}"') if link else (None, None)

    return Change("RemoteIssueLink", "jira", None, logged(before), logged(after))  # [rec]
