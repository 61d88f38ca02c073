"""What people and pipelines do in the simulated organisation. Each action makes history and tells the subscribers."""

from collections.abc import Iterable, Mapping
from typing import Any

from integration.simulators.azure_devops_code import pull_request, pushed
from integration.simulators.azure_devops_events import work_item_event, work_item_updated
from integration.simulators.azure_devops_hooks import Event, Hooks
from integration.simulators.azure_devops_items import (
    PARENT,
    Change,
    Identity,
    Project,
    Relation,
    Value,
    WorkItem,
    join_tags,
)
from integration.simulators.azure_devops_ledger import Ledger
from integration.simulators.azure_devops_organisation import Organisation, Step
from integration.simulators.azure_devops_patch import hyperlink, read_value
from integration.simulators.azure_devops_pipelines import (
    build_completed,
    deployment_completed,
    run_changed,
    stage_changed,
)
from integration.simulators.azure_devops_refusals import Refused, field_missing
from integration.simulators.azure_devops_shapes import item_url, stamp

SOMEBODY = "Sam Rivera <sam@bookshop.example>"


class Actions:
    """Actions on one organisation. Fields go by reference or display name, people by name, mail or `Name <mail>`."""

    def __init__(self, organisation: Organisation, hooks: Hooks) -> None:
        self.organisation = organisation
        self.hooks = hooks
        self.ledger = Ledger(organisation)

    def create_work_item(
        self,
        type: str,  # noqa: A002 - the tracker's own word
        title: str,
        *,
        actor: str | Identity = SOMEBODY,
        project: str | None = None,
        fields: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        parent: int | None = None,
    ) -> int:
        """The id of the new work item."""
        with self.organisation.lock:
            values = {"System.Title": title, **self._read(fields or {})}
            if text := join_tags(list(tags)):
                values["System.Tags"] = text
            links = () if parent is None else (self.organisation.link(PARENT, parent),)
            who = self.organisation.person(actor)
            kept = {reference: value for reference, value in values.items() if value is not None}
            steps = self.organisation.create(self._project(project), type, kept, who, added=links)
            item = steps[0][0]
            self.hooks.publish(work_item_event(self.organisation, item, "created", who))
            self.tell(steps[1:])
            return item.id

    def edit(self, work_item_id: int, fields: Mapping[str, Any], *, actor: str | Identity = SOMEBODY) -> None:
        """Sets the fields; None clears one."""
        with self.organisation.lock:
            self._commit(work_item_id, Change(self._read(fields)), actor)

    def set_state(self, work_item_id: int, state: str, *, actor: str | Identity = SOMEBODY) -> None:
        """Moves the item to the state."""
        self.edit(work_item_id, {"System.State": state}, actor=actor)

    def add_tag(self, work_item_id: int, *tags: str, actor: str | Identity = SOMEBODY) -> None:
        """Adds tags, where they are not there yet."""
        with self.organisation.lock:
            joined = join_tags([*self.organisation.item(work_item_id).tags, *tags])
            self._commit(work_item_id, Change({"System.Tags": joined}), actor)

    def remove_tag(self, work_item_id: int, *tags: str, actor: str | Identity = SOMEBODY) -> None:
        """Removes tags, where they are there."""
        with self.organisation.lock:
            gone = {tag.lower() for tag in tags}
            kept = [tag for tag in self.organisation.item(work_item_id).tags if tag.lower() not in gone]
            self._commit(work_item_id, Change({"System.Tags": join_tags(kept)}), actor)

    def set_parent(self, work_item_id: int, parent: int | None, *, actor: str | Identity = SOMEBODY) -> None:
        """Puts the item under another parent, or under none. Three items are told: it, the old parent, the new one."""
        with self.organisation.lock:
            item = self.organisation.item(work_item_id)
            if item.parent == parent:
                return
            old = tuple(link for link in item.relations if link.rel == PARENT)
            new = () if parent is None else (self.organisation.link(PARENT, parent),)
            self._commit(work_item_id, Change(added=new, removed=old), actor)

    def add_relation(
        self,
        work_item_id: int,
        rel: str,
        target: int | str,
        *,
        comment: str | None = None,
        actor: str | Identity = SOMEBODY,
    ) -> None:
        """Links the item to a work item (an id) or to an address (`rel` Hyperlink)."""
        with self.organisation.lock:
            self._commit(work_item_id, Change(added=(self._link(work_item_id, rel, target, comment),)), actor)

    def remove_relation(
        self, work_item_id: int, rel: str, target: int | str, *, actor: str | Identity = SOMEBODY
    ) -> None:
        """Takes such a link away."""
        with self.organisation.lock:
            self._commit(work_item_id, Change(removed=(self._link(work_item_id, rel, target, None),)), actor)

    def comment(self, work_item_id: int, text: str, *, actor: str | Identity = SOMEBODY) -> None:
        """Says something in the discussion."""
        self.edit(work_item_id, {"System.History": text}, actor=actor)

    def delete(self, work_item_id: int, *, actor: str | Identity = SOMEBODY) -> None:
        """Moves the item to the recycle bin."""
        with self.organisation.lock:
            item, who = self.organisation.item(work_item_id), self.organisation.person(actor)
            self.organisation.delete(item, who)
            self.hooks.publish(work_item_event(self.organisation, item, "deleted", who))

    def restore(self, work_item_id: int, *, actor: str | Identity = SOMEBODY) -> None:
        """Takes the item out of the recycle bin."""
        with self.organisation.lock:
            item, who = self.organisation.item(work_item_id, deleted=True), self.organisation.person(actor)
            if item.deleted:
                self.organisation.restore(item, who)
                self.hooks.publish(work_item_event(self.organisation, item, "restored", who))

    def complete_build(self, **what: Any) -> None:
        """Sends `build.complete`; the words are those of `build_completed`, with `actor` and `project`."""
        with self.organisation.lock:
            told = self._send(build_completed, what, acted=True)
            if told.resource_version == "1.0":
                told = self._event(build_completed, {**what, "resource_version": "2.0"}, acted=True)
            self.ledger.build(told.resource)

    def change_run(self, **what: Any) -> None:
        """Sends run-state-changed; the words are those of `run_changed`, with `project`."""
        with self.organisation.lock:
            event = self._send(run_changed, what)
            self.ledger.run(event.project, event.resource["run"])

    def change_stage(self, **what: Any) -> None:
        """Sends stage-state-changed; the words are those of `stage_changed`, with `project`."""
        with self.organisation.lock:
            event = self._send(stage_changed, what)
            run = event.resource["run"]
            if run["id"] not in self.ledger.builds:
                self.ledger.run(event.project, {**run, "state": "inProgress"})
            now = self.organisation.now()
            started, ended = stamp(what.get("created") or now), stamp(what.get("finished") or now)
            self.ledger.stage(run, event.resource["stage"], what.get("attempt", 1), started, ended)

    def complete_deployment(self, **what: Any) -> None:
        """Sends deployment-completed; the words are those of `deployment_completed`, with `actor` and `project`."""
        with self.organisation.lock:
            event = self._send(deployment_completed, what, acted=True)
            started = stamp(what.get("started") or self.organisation.now())
            actor = self.organisation.person(what.get("actor", SOMEBODY))
            self.ledger.deployment(actor, event.resource, started)

    def push(self, **what: Any) -> None:
        """Sends `git.push`; the words are those of `pushed`, with `actor` and `project`."""
        self._send(pushed, what, acted=True)

    def change_pull_request(self, **what: Any) -> None:
        """Sends `git.pullrequest.*`; the words are those of `pull_request`, with `actor` and `project`."""
        with self.organisation.lock:
            self.ledger.pull_request(self._send(pull_request, what, acted=True).resource)

    def tell(self, steps: Iterable[Step]) -> None:
        """Publishes `workitem.updated` for each update [3p], and `workitem.commented` for what was said."""
        for item, made in steps:
            if "System.History" in made.fields and made.fields["System.History"][1]:
                self.hooks.publish(work_item_event(self.organisation, item, "commented", made.actor))
            self.hooks.publish(work_item_updated(self.organisation, item, made))

    def _commit(self, work_item_id: int, change: Change, actor: str | Identity) -> None:
        item = self.organisation.item(work_item_id)
        self.tell(self.organisation.commit(item, change, self.organisation.person(actor)))

    def _send(self, make: Any, what: Mapping[str, Any], *, acted: bool = False) -> Event:
        with self.organisation.lock:
            event = self._event(make, what, acted=acted)
            self.hooks.publish(event)
            return event

    def _event(self, make: Any, what: Mapping[str, Any], *, acted: bool) -> Event:
        words = dict(what)
        project = self._project(words.pop("project", None))
        actor = self.organisation.person(words.pop("actor", SOMEBODY))
        event: Event = make(self.organisation, project, *((actor,) if acted else ()), **words)
        return event

    def _project(self, name: str | None) -> Project:
        if name is None:
            return next(iter(self.organisation.projects.values()))
        if project := self.organisation.project(name):
            return project
        raise Refused(
            404, f"TF200016: The following project does not exist: {name}.", "ProjectDoesNotExistWithNameException"
        )

    def _read(self, fields: Mapping[str, Any]) -> dict[str, Value | None]:
        values: dict[str, Value | None] = {}
        for name, given in fields.items():
            field = self.organisation.process.field(name)
            if field is None:
                raise field_missing(name)
            if given is None or given == "":
                values[field.reference] = None
            elif field.identity:
                values[field.reference] = self.organisation.person(given)
            else:
                values[field.reference] = read_value(field, given)
        return values

    def _link(self, work_item_id: int, rel: str, target: int | str, comment: str | None) -> Relation:
        if isinstance(target, int):
            return self.organisation.link(rel, target, comment)
        attributes = {"comment": comment} if comment else {}
        return hyperlink(self.organisation, self.organisation.item(work_item_id), target, attributes, rel=rel)


def item_state(organisation: Organisation, item: WorkItem) -> dict[str, Any]:
    """An item in a few words, for JSON."""
    return {
        "id": item.id,
        "rev": item.rev,
        "url": item_url(organisation, item.id),
        "type": item.type,
        "title": item.title,
        "state": item.state,
        "tags": item.tags,
        "parent": item.parent,
        "children": item.children,
        "deleted": item.deleted,
    }
