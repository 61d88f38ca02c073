"""One organisation's state and the only way to change it: `commit`, which writes history on both ends of a link."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from integration.simulators.azure_devops_editions import SERVICES, Edition
from integration.simulators.azure_devops_items import (
    LINK_ENDS,
    PARENT,
    Change,
    Identity,
    Project,
    Relation,
    Revision,
    Update,
    Value,
    WorkItem,
)
from integration.simulators.azure_devops_process import Process
from integration.simulators.azure_devops_refusals import Refused, field_missing, rule_broken, work_item_missing

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
REVISION_CAP = 10_000  # [doc] for updates over REST
_COMMON = "Microsoft.VSTS.Common."

Step = tuple[WorkItem, Update]


@dataclass(frozen=True, slots=True)
class LinkChange:
    """One link between work items made or broken, seen from the forward end: for `reporting/workitemlinks`."""

    rel: str
    source: int
    target: int
    actor: Identity
    at: datetime
    active: bool


class Organisation:
    """Projects, people and work items. Take `lock` around whatever reads or changes more than one thing."""

    def __init__(self, name: str, clock: Callable[[], datetime], edition: Edition = SERVICES) -> None:
        self.name = name
        self.edition = edition
        self.id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.visualstudio.simulated"))
        self.url = ""
        self.process = Process()
        self.categories: dict[tuple[str, str, str], str] = {}
        """By project's id, type and state: where a project's own process sees a state differently."""
        self.projects: dict[str, Project] = {}
        self.queries: dict[tuple[str, str], str] = {}  # (project's id, path of a saved query) -> its WIQL
        self.people: dict[str, Identity] = {}
        self.items: dict[int, WorkItem] = {}
        self.link_changes: list[LinkChange] = []
        self.lock = threading.RLock()
        self._clock = clock
        self._watermark = 0

    def now(self) -> datetime:
        """The clock's time, to the millisecond, which is all that Azure DevOps keeps of it."""
        at = self._clock()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def guid(self, *names: object) -> str:
        """The same names give the same id, in every run."""
        return str(uuid.uuid5(uuid.UUID(self.id), "/".join(map(str, names))))

    def add_project(self, name: str) -> Project:
        """The project of that name, new or known."""
        return self.projects.setdefault(name.lower(), Project(self.guid("project", name.lower()), name))

    def project(self, name_or_id: str) -> Project | None:
        """The project of that name or id, in any case."""
        wanted = name_or_id.lower()
        return self.projects.get(wanted) or next((one for one in self.projects.values() if one.id == wanted), None)

    def person(self, who: str | Identity) -> Identity:
        """The identity of that name or mail address; a new name makes a new person."""
        if isinstance(who, Identity):
            return self.people.setdefault(who.mail.lower(), who)
        wanted = who.strip().lower()
        for known in self.people.values():
            if wanted in (known.name.lower(), known.mail.lower(), f"{known.name} <{known.mail}>".lower()):
                return known
        name, _, rest = who.partition("<")
        mail = rest.rstrip("> ") or (wanted if "@" in wanted else f"{wanted.replace(' ', '.')}@{self.name}.example")
        guid = self.guid("person", mail.lower())
        person = self.edition.identity(guid, name.strip(), mail, self.name)
        return self.people.setdefault(person.mail.lower(), person)

    def item(self, work_item_id: int, *, deleted: bool = False) -> WorkItem:
        """The work item; one in the recycle bin only when asked for."""
        item = self.items.get(work_item_id)
        if item is None or (item.deleted and not deleted):
            raise work_item_missing(work_item_id)
        return item

    def living(self) -> Iterator[WorkItem]:
        """All work items but the deleted, oldest first."""
        return (item for item in self.items.values() if not item.deleted)

    def link(self, rel: str, target: int, comment: str | None = None) -> Relation:
        """A link to another work item."""
        ends = {key.lower(): key for key in LINK_ENDS}
        if rel.lower() not in ends:
            raise Refused(
                400, f"VS403317: Unknown relation type {rel}.", "WorkItemRelationTypeNotFoundException"
            )  # [inf]
        rel = ends[rel.lower()]
        attributes = {"isLocked": False, "name": LINK_ENDS[rel][0], **({"comment": comment} if comment else {})}
        return Relation(rel, f"{self.url}/_apis/wit/workItems/{target}", attributes, target)

    def create(
        self,
        project: Project,
        type_name: str,
        fields: dict[str, Value],
        actor: Identity,
        *,
        added: tuple[Relation, ...] = (),
    ) -> list[Step]:
        """A new work item in its type's first state, unless the fields say otherwise."""
        kind = self.process.type(type_name)
        if kind is None:
            message = f"VS402323: Work item type {type_name} does not exist in project {project.name}."
            raise Refused(404, message, "WorkItemTypeNotFoundException")  # [3p]
        item = WorkItem(max(self.items, default=0) + 1, project)
        first: dict[str, Value] = {
            "System.TeamProject": project.name,
            "System.AreaPath": project.name,
            "System.IterationPath": project.name,
            "System.WorkItemType": kind.name,
            "System.State": kind.states[0].name,
            "System.CreatedBy": actor,
            "System.CommentCount": 0,
            _COMMON + "Priority": 2,
        }
        change = Change({**first, **fields}, added)
        self.check(item, change)
        self.items[item.id] = item
        return self.commit(item, change, actor)

    def commit(self, item: WorkItem, change: Change, actor: Identity) -> list[Step]:
        """Applies what really changes, and returns the updates made: this item's, then those of the links' other ends.

        A change that changes nothing makes no update [3p].
        """
        fields: dict[str, Value | None] = {
            ref: value for ref, value in change.fields.items() if item.fields.get(ref) != value
        }
        added = tuple(new for new in change.added if not any(new.same_as(old) for old in item.relations))
        removed = tuple(old for old in item.relations if any(old.same_as(gone) for gone in change.removed))
        updated = tuple(new for new in change.updated if any(new.same_as(old) and new != old for old in item.relations))
        self.check(item, Change(fields, added, removed))
        if not (fields or added or removed or updated):
            return []
        at = max(self.now(), item.updates[-1].at + timedelta(milliseconds=1)) if item.updates else self.now()
        revises = bool(fields) or any(link.target is None for link in (*added, *removed, *updated))
        deltas = self._revise(item, fields, actor, at) if revises else {}
        steps = [self._record(item, actor, at, deltas, added, removed, updated, revises=revises)]
        for links, gone in ((added, False), (removed, True)):
            steps += [self._mirror(item, link, actor, at, gone=gone) for link in links if link.target is not None]
        return steps

    def check(self, item: WorkItem, change: Change) -> None:
        """Raises `Refused` for what the rules of the item's type or of links do not admit."""
        type_name = str(change.fields.get("System.WorkItemType") or item.type)
        for reference, value in change.fields.items():
            known = self.process.fields.get(reference)
            if known is None or not known.is_on(type_name):
                raise field_missing(reference)
            if reference == "System.Title" and not value:
                raise rule_broken(reference, known.name, "Required, InvalidEmpty")
            if known.picklist and value and str(value).lower() not in [one.lower() for one in known.picklist]:
                raise rule_broken(reference, known.name, "HasValues, LimitedToValues, InvalidNotInListValue")  # [3p]
            kind = self.process.type(type_name) if reference == "System.State" else None
            if kind and not kind.state(str(value)):
                raise rule_broken(reference, known.name, "HasValues, LimitedToValues, InvalidNotInListValue")
        self._check_links(item, change.added, change.removed)

    def _check_links(self, item: WorkItem, added: tuple[Relation, ...], removed: tuple[Relation, ...]) -> None:
        for link in added:
            if link.target is not None:
                self.item(link.target)
            if link.target == item.id or (link.rel == PARENT and link.target in self._below(item)):
                raise Refused(400, "TF201035: The link would be circular.", "WorkItemLinkInvalidException")  # [3p] code
        parents = [link for link in (*item.relations, *added) if link.rel == PARENT and link not in removed]
        if len(parents) > 1:
            message = (
                f"TF201036: You cannot add a Parent link to work item {item.id}: it can have only one Parent link."
            )
            raise Refused(400, message, "WorkItemLinkInvalidException")  # [3p]

    def _below(self, item: WorkItem) -> set[int]:
        found: set[int] = set()
        ahead = list(item.children)
        while ahead:
            child = ahead.pop()
            if child not in found:
                found.add(child)
                ahead += self.items[child].children
        return found

    def _revise(
        self, item: WorkItem, fields: dict[str, Value | None], actor: Identity, at: datetime
    ) -> dict[str, tuple[Value | None, Value | None]]:
        self._watermark += 1
        item.fields.pop("System.History", None)  # what was said belongs to the revision in which it was said
        # [rec] every delta of fields carries these.
        stamps: dict[str, Value | None] = {
            "System.Rev": item.rev + 1,
            "System.AuthorizedDate": at,
            "System.RevisedDate": FOREVER,
            "System.ChangedDate": at,
            "System.ChangedBy": actor,
            "System.Watermark": self._watermark,
        }
        if not item.revisions:
            stamps |= {"System.Id": item.id, "System.CreatedDate": at}
        if "System.History" in fields:
            stamps["System.CommentCount"] = int(str(item.fields.get("System.CommentCount", 0))) + 1
        deltas: dict[str, tuple[Value | None, Value | None]] = {}
        for reference, value in {**stamps, **fields, **self._follow_state(item, fields, actor, at)}.items():
            old = item.fields.get(reference)
            if reference == "System.RevisedDate" and item.revisions:
                old = at
            if old != value:
                deltas[reference] = (old, value)
            if value is None:
                item.fields.pop(reference, None)
            else:
                item.fields[reference] = value
        return deltas

    def _follow_state(
        self, item: WorkItem, fields: dict[str, Value | None], actor: Identity, at: datetime
    ) -> dict[str, Value | None]:
        kind = self.process.type(str(fields.get("System.WorkItemType") or item.fields["System.WorkItemType"]))
        state = kind.state(str(fields["System.State"])) if kind and "System.State" in fields else None
        if state is None:
            return {}
        follows: dict[str, Value | None] = {
            "System.State": state.name,
            "System.Reason": f"Moved to state {state.name}" if item.revisions else "New",
            "System.BoardColumn": state.name,
            "System.BoardColumnDone": False,
            _COMMON + "StateChangeDate": at,
        }
        verb = {"InProgress": "Activated", "Resolved": "Resolved", "Completed": "Closed"}.get(state.category)
        if verb:
            follows |= {f"{_COMMON}{verb}Date": at, f"{_COMMON}{verb}By": actor}
        if state.category != "Completed":
            follows |= {_COMMON + "ClosedDate": None, _COMMON + "ClosedBy": None}
        return follows

    def _record(
        self,
        item: WorkItem,
        actor: Identity,
        at: datetime,
        deltas: dict[str, tuple[Value | None, Value | None]],
        added: tuple[Relation, ...],
        removed: tuple[Relation, ...],
        updated: tuple[Relation, ...] = (),
        *,
        revises: bool,
    ) -> Step:
        kept = [link for link in item.relations if link not in removed]
        item.relations = [next((new for new in updated if new.same_as(link)), link) for link in kept] + list(added)
        relations = tuple(item.relations)
        if revises:
            item.revisions.append(Revision(item.rev + 1, self._watermark, at, dict(item.fields), relations))
        else:
            item.revisions[-1] = replace(item.revisions[-1], relations=relations)
        update = Update(len(item.updates) + 1, item.rev, actor, at, deltas, added, removed, updated)
        item.updates.append(update)
        return item, update

    def _mirror(self, item: WorkItem, link: Relation, actor: Identity, at: datetime, *, gone: bool) -> Step:
        other = self.items[link.target or 0]
        end = (self.link(LINK_ENDS[link.rel][1], item.id),)
        old = tuple(one for one in other.relations if one.same_as(end[0]))
        forward = not link.rel.endswith("-Reverse")
        source, target = (item.id, other.id) if forward else (other.id, item.id)
        self.link_changes.append(
            LinkChange(link.rel.rpartition("-")[0] or link.rel, source, target, actor, at, not gone)
        )
        return self._record(other, actor, at, {}, () if gone else end, old if gone else (), revises=False)

    def delete(self, item: WorkItem, actor: Identity) -> list[Step]:
        """Into the recycle bin: a revision like any other [3p], in which `System.IsDeleted` becomes true."""
        steps = self.commit(item, Change({"System.IsDeleted": True}), actor)
        item.deleted_by, item.deleted_at = actor, item.updates[-1].at
        return steps

    def restore(self, item: WorkItem, actor: Identity) -> list[Step]:
        """Out of the recycle bin, links and all."""
        item.deleted_by = item.deleted_at = None
        return self.commit(item, Change({"System.IsDeleted": None}), actor)
