"""State to JSON: work items, revisions, updates and people as Azure DevOps writes them.

Identities come in two spellings: objects over REST, `Name <mail>` in the 1.0 webhooks and in reporting [rec].
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from integration.simulators.azure_devops_items import Identity, Project, Relation, Revision, Update, Value, WorkItem
from integration.simulators.azure_devops_organisation import FOREVER, Organisation

Spelling = Literal["object", "text"]

# [3p] Shown only when asked for by name or by $expand=all.
_HIDDEN = {
    "System.Id",
    "System.Rev",
    "System.Watermark",
    "System.AuthorizedDate",
    "System.RevisedDate",
    "System.IsDeleted",
}


def stamp(at: datetime) -> str:
    """Milliseconds without trailing zeros, as the service writes them: 2020-01-07T13:16:04.83Z."""
    text = at.strftime("%Y-%m-%dT%H:%M:%S") + f".{at.microsecond // 1000:03d}".rstrip("0").rstrip(".")
    return text + "Z"


def person(organisation: Organisation, who: Identity) -> dict[str, Any]:
    """An `IdentityRef`."""
    avatar = f"{organisation.url}/_apis/GraphProfile/MemberAvatars/{who.descriptor}"
    return {
        "displayName": who.name,
        "url": f"{organisation.url}/_apis/Identities/{who.id}",
        "_links": {"avatar": {"href": avatar}},
        "id": who.id,
        "uniqueName": who.mail,
        "imageUrl": avatar,
        "descriptor": who.descriptor,
    }


def project_body(organisation: Organisation, project: Project) -> dict[str, Any]:
    """A `TeamProjectReference`."""
    url = f"{organisation.url}/_apis/projects/{project.id}"
    return {
        "id": project.id,
        "name": project.name,
        "url": url,
        "state": "wellFormed",
        "revision": 1,
        "visibility": "private",
        "lastUpdateTime": "2020-01-01T00:00:00Z",
    }


def wire(organisation: Organisation, value: Any, spelling: Spelling) -> Any:
    """One field's or attribute's value."""
    if isinstance(value, Identity):
        return person(organisation, value) if spelling == "object" else f"{value.name} <{value.mail}>"
    return stamp(value) if isinstance(value, datetime) else value


def fields_of(
    organisation: Organisation,
    values: Mapping[str, Value],
    spelling: Spelling = "object",
    *,
    wanted: set[str] | None = None,
    everything: bool = False,
) -> dict[str, Any]:
    """The fields by reference name: the wanted ones, or all that are shown unasked."""
    return {
        reference: wire(organisation, value, spelling)
        for reference, value in values.items()
        if (reference in wanted if wanted is not None else everything or reference not in _HIDDEN)
    }


def relation(organisation: Organisation, link: Relation) -> dict[str, Any]:
    """One entry of `relations`."""
    attributes = {key: wire(organisation, value, "object") for key, value in link.attributes.items()}
    if link.target is None:
        attributes["revisedDate"] = stamp(FOREVER)
    return {"rel": link.rel, "url": link.url, "attributes": attributes}


def item_url(organisation: Organisation, work_item_id: int) -> str:
    """The address of a work item over REST."""
    return f"{organisation.url}/_apis/wit/workItems/{work_item_id}"


def page_url(organisation: Organisation, project: Project, work_item_id: int) -> str:
    """Where people open a work item."""
    return f"{organisation.url}/{project.id}/_workitems/edit/{work_item_id}"


def item_links(organisation: Organisation, item: WorkItem) -> dict[str, Any]:
    """`_links` of a work item."""
    url = item_url(organisation, item.id)
    wit = f"{organisation.url}/{item.project.id}/_apis/wit"
    return {
        "self": {"href": url},
        "workItemUpdates": {"href": url + "/updates"},
        "workItemRevisions": {"href": url + "/revisions"},
        "workItemHistory": {"href": url + "/history"},
        "html": {"href": page_url(organisation, item.project, item.id)},
        "workItemType": {"href": f"{wit}/workItemTypes/{item.type.replace(' ', '%20')}"},
        "fields": {"href": f"{wit}/fields"},
    }


def current_values(item: WorkItem) -> dict[str, Value]:
    """The fields as REST knows them now; `System.Parent` follows from the links and is nobody's revision [3p]."""
    parent = item.parent
    return item.fields if parent is None else {**item.fields, "System.Parent": parent}


def work_item(
    organisation: Organisation,
    item: WorkItem,
    *,
    expand: str = "none",
    wanted: set[str] | None = None,
    with_relations: bool = False,
) -> dict[str, Any]:
    """A work item as `GET …/workitems/{id}` answers it."""
    everything = expand in ("all", "fields")
    body: dict[str, Any] = {
        "id": item.id,
        "rev": item.rev,
        "fields": fields_of(organisation, current_values(item), wanted=wanted, everything=everything),
    }
    if (
        with_relations or expand in ("all", "relations")
    ) and item.relations:  # [doc] absent, not empty, where there are none
        body["relations"] = [relation(organisation, link) for link in item.relations]
    if expand in ("all", "links") or (expand == "none" and wanted is None):
        body["_links"] = item_links(organisation, item)
    return {**body, "url": item_url(organisation, item.id)}


def revision(
    organisation: Organisation, item: WorkItem, held: Revision, spelling: Spelling = "object", *, links: bool = True
) -> dict[str, Any]:
    """One revision, with the relations it ended with."""
    url = f"{item_url(organisation, item.id)}/revisions/{held.rev}"
    body: dict[str, Any] = {"id": item.id, "rev": held.rev, "fields": fields_of(organisation, held.fields, spelling)}
    if held.relations and links:
        body["relations"] = [relation(organisation, link) for link in held.relations]
    body["_links"] = {
        "self": {"href": url},
        "workItemRevisions": {"href": f"{item_url(organisation, item.id)}/revisions"},
        "parent": {"href": item_url(organisation, item.id)},
    }
    return {**body, "url": url}


def update(organisation: Organisation, item: WorkItem, made: Update, spelling: Spelling = "object") -> dict[str, Any]:
    """One delta. A side that did not exist is absent."""
    url = f"{item_url(organisation, item.id)}/updates/{made.id}"
    actor = person(organisation, made.actor)
    body: dict[str, Any] = {
        "id": made.id,
        "workItemId": item.id,
        "rev": made.rev,
        "revisedBy": {"id": actor["id"], "name": f"{made.actor.name} <{made.actor.mail}>", **actor},
        "revisedDate": stamp(_revised(item, made)),
    }
    if made.fields:  # [3p] an update of links alone has none, and so no System.ChangedDate
        body["fields"] = {
            reference: {
                side: wire(organisation, value, spelling)
                for side, value in zip(("oldValue", "newValue"), sides, strict=True)
                if value is not None
            }
            for reference, sides in made.fields.items()
        }
    links = {"added": made.added, "removed": made.removed, "updated": made.updated}
    if made.added or made.removed or made.updated:
        body["relations"] = {
            side: [relation(organisation, link) for link in ends] for side, ends in links.items() if ends
        }
    body["_links"] = {
        "self": {"href": url},
        "workItemUpdates": {"href": f"{item_url(organisation, item.id)}/updates"},
        "parent": {"href": item_url(organisation, item.id)},
        "html": {"href": page_url(organisation, item.project, item.id)},
    }
    return {**body, "url": url}


def _revised(item: WorkItem, made: Update) -> datetime:
    # [3p] For a change of links alone, its own time; for fields, the time of the next revision, far away for the newest.
    if not made.fields:
        return made.at
    return item.revisions[made.rev].at if made.rev < item.rev else FOREVER
