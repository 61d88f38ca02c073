"""The pages for people: the list of work items, and one work item as a form. Nothing on them needs the internet."""

from typing import Any

from flask import Blueprint, abort, render_template

from integration.simulators.azure_devops_items import CHILD, PARENT, Identity, Relation, Update, Value, WorkItem
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_service import Service

_SHOWN_UPDATES = 25
_QUIET_FIELDS = (
    "System.Rev",
    "System.AuthorizedDate",
    "System.RevisedDate",
    "System.ChangedDate",
    "System.ChangedBy",
    "System.Watermark",
    "System.Reason",
    "System.BoardColumn",
    "System.BoardColumnDone",
    "System.CommentCount",
    "Microsoft.VSTS.Common.StateChangeDate",
    "Microsoft.VSTS.Common.ActivatedDate",
    "Microsoft.VSTS.Common.ActivatedBy",
    "Microsoft.VSTS.Common.ResolvedDate",
    "Microsoft.VSTS.Common.ResolvedBy",
    "Microsoft.VSTS.Common.ClosedDate",
    "Microsoft.VSTS.Common.ClosedBy",
)
_ESTIMATES = ("Microsoft.VSTS.Scheduling.StoryPoints", "Microsoft.VSTS.Scheduling.Effort")


def pages(service: Service) -> Blueprint:
    """The pages."""
    routes = Blueprint("ado_pages", __name__)
    organisation = service.organisation

    @routes.get("/")
    @routes.get("/<org>")
    @routes.get("/<org>/<project>/_workitems")
    def items(org: str | None = None, project: str | None = None) -> str:
        _be_in(organisation, org or organisation.name.lower())
        with organisation.lock:
            scope = organisation.project(project) if project else None
            listed = [_card(organisation, item) for item in organisation.living() if scope in (None, item.project)]
            return render_template("ado_list.html", organisation=organisation.name, items=_as_tree(listed))

    @routes.get("/<org>/_workitems/edit/<int:work_item_id>")
    @routes.get("/<org>/<project>/_workitems/edit/<int:work_item_id>")
    def one_item(org: str, work_item_id: int, project: str | None = None) -> str:
        _be_in(organisation, org)
        with organisation.lock:
            item = organisation.items.get(work_item_id)
            if item is None or (project and organisation.project(project) != item.project):
                abort(404)
            return render_template("ado_item.html", organisation=organisation.name, **_form(organisation, item))

    return routes


def _be_in(organisation: Organisation, org: str) -> None:
    if org != organisation.name.lower():
        abort(404)


def _card(organisation: Organisation, item: WorkItem) -> dict[str, Any]:
    kind = organisation.process.type(item.type)
    state = kind.state(item.state) if kind else None
    return {
        "id": item.id,
        "type": item.type,
        "color": kind.color if kind else "888888",
        "title": item.title,
        "state": item.state,
        "state_color": state.color if state else "888888",
        "category": state.category if state else "",
        "tags": item.tags,
        "parent": item.parent,
        "project": item.project.name,
        "estimate": next((_text(item.fields[name]) for name in _ESTIMATES if name in item.fields), ""),
        "custom": _custom(organisation, item),
    }


def _as_tree(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {card["id"] for card in cards}
    below: dict[int | None, list[dict[str, Any]]] = {}
    for card in cards:
        below.setdefault(card["parent"] if card["parent"] in known else None, []).append(card)
    ordered: list[dict[str, Any]] = []

    def walk(parent: int | None, depth: int) -> None:
        for card in below.get(parent, []):
            ordered.append({**card, "depth": depth})
            walk(card["id"], depth + 1)

    walk(None, 0)
    return ordered


def _custom(organisation: Organisation, item: WorkItem) -> list[dict[str, Any]]:
    fields = [field for field in organisation.process.fields.values() if field.reference.startswith("Custom.")]
    return [
        {
            "name": field.name,
            "value": _text(item.fields.get(field.reference)),
            "share": _share(item.fields.get(field.reference)) if field.type == "double" else None,
        }
        for field in fields
        if field.is_on(item.type)
    ]


def _share(value: Value | None) -> float | None:
    return value if isinstance(value, float) and 0 <= value <= 100 else None


def _form(organisation: Organisation, item: WorkItem) -> dict[str, Any]:
    def others(rel: str) -> list[dict[str, Any]]:
        found = [organisation.items[link.target] for link in item.relations if link.rel == rel and link.target]
        return [_card(organisation, other) for other in found]

    assigned = item.fields.get("System.AssignedTo")
    return {
        "item": _card(organisation, item),
        "deleted": item.deleted,
        "rev": item.rev,
        "area": item.fields["System.AreaPath"],
        "iteration": item.fields["System.IterationPath"],
        "assigned": assigned.name if isinstance(assigned, Identity) else "No one selected",
        "priority": _text(item.fields.get("Microsoft.VSTS.Common.Priority")),
        "parents": others(PARENT),
        "children": others(CHILD),
        "links": [
            {"url": link.url, "comment": link.attributes.get("comment") or link.url}
            for link in item.relations
            if link.rel == "Hyperlink"
        ],
        "history": [_line(organisation, made) for made in reversed(item.updates[-_SHOWN_UPDATES:])],
    }


def _line(organisation: Organisation, made: Update) -> dict[str, Any]:
    fields = organisation.process.fields
    changes = [
        {
            "name": "Comment" if reference == "System.History" else fields[reference].name,
            "old": _text(old),
            "new": _text(new),
        }
        for reference, (old, new) in made.fields.items()
        if reference not in _QUIET_FIELDS
    ]
    if made.id == 1:
        changes = [{"name": "Created", "old": "", "new": ""}]
    changes += [{"name": f"{_end(link)} added", "old": "", "new": _target(link)} for link in made.added]
    changes += [{"name": f"{_end(link)} removed", "old": _target(link), "new": ""} for link in made.removed]
    return {"who": made.actor.name, "at": made.at, "changes": changes}


def _end(link: Relation) -> str:
    return str(link.attributes["name"]) if link.target else link.rel


def _target(link: Relation) -> str:
    return f"#{link.target}" if link.target else str(link.attributes.get("comment") or link.url)


def _text(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Identity):
        return value.name
    return f"{value:g}" if isinstance(value, float) else str(value)
