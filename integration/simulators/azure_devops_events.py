"""The bodies of work item events, made from what was recorded of the change."""

from typing import Any, Literal

from integration.simulators.azure_devops_hooks import Event
from integration.simulators.azure_devops_items import Identity, Update, WorkItem
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_shapes import (
    fields_of,
    item_links,
    item_url,
    page_url,
    relation,
    revision,
    update,
)

Verb = Literal["created", "commented", "deleted", "restored"]


def work_item_updated(organisation: Organisation, item: WorkItem, made: Update) -> Event:
    """`resource.id` is the number of the update, `resource.workItemId` the work item [rec]."""
    resource = update(organisation, item, made, "text")
    resource["revision"] = revision(organisation, item, item.revisions[made.rev - 1], "text")
    return Event("workitem.updated", item.project, _said(organisation, item, "updated", made.actor), resource)


def work_item_event(organisation: Organisation, item: WorkItem, verb: Verb, actor: Identity) -> Event:
    """The other four carry the whole item, flat: `resource.id` is the work item [doc]."""
    url = item_url(organisation, item.id)
    if verb == "deleted":
        url = f"{organisation.url}/_apis/wit/recyclebin/{item.id}"
    resource: dict[str, Any] = {"id": item.id, "rev": item.rev, "fields": fields_of(organisation, item.fields, "text")}
    if item.relations:
        resource["relations"] = [relation(organisation, link) for link in item.relations]
    resource["_links"] = {**item_links(organisation, item), "self": {"href": url}}
    resource["url"] = url
    past = "commented on" if verb == "commented" else verb
    return Event(f"workitem.{verb}", item.project, _said(organisation, item, past, actor), resource)


def _said(organisation: Organisation, item: WorkItem, verb: str, actor: Identity) -> str:
    url = page_url(organisation, item.project, item.id)
    return f"{item.type} #{item.id} ({item.title}) {verb} by {actor.name}.\r\n({url})"
