"""The REST interface of processes: types, their fields, and their forms. [doc]

All projects share one process. Only an inherited one can be changed, and of it only types that were derived. A form has
one page with two sections, in which each type's fields stand that are on its form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request

from integration.simulators.azure_devops_entrance import Answer, Entrance, listing, query
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_process import Field, Process, WorkItemType
from integration.simulators.azure_devops_refusals import NotModelled, Refused, field_missing

_ROOT = "work/processes"
_TYPE = f"{_ROOT}/<process_id>/workitemtypes/<reference>"
_TYPES = {"double": "double", "string": "string", "integer": "integer"}
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(slots=True)
class Form:
    """The groups that somebody added to a type's form: id -> label and controls."""

    groups: dict[str, tuple[str, list[str]]] = field(default_factory=dict)


def add_processes(entrance: Entrance) -> None:
    """The routes."""
    forms: dict[str, Form] = {}
    _add_reads(entrance, forms)
    _add_changes(entrance)
    _add_form_changes(entrance, forms)


def _add_reads(entrance: Entrance, forms: Mapping[str, Form]) -> None:
    organisation = entrance.service.organisation
    process = organisation.process

    @entrance.route(_ROOT, project=False)
    def processes() -> Answer:
        return listing([_process_body(organisation, projects=query().get("$expand", "").lower() == "projects")])

    @entrance.route(f"{_ROOT}/<process_id>/workitemtypes", project=False)
    def types_of_process(process_id: str) -> Answer:
        _demand_process(organisation, process_id)
        return listing(_type_body(organisation, one) for one in process.types.values())

    @entrance.route(f"{_ROOT}/lists/<list_id>", project=False)
    def picklist(list_id: str) -> Answer:
        for one in process.fields.values():
            if one.picklist and organisation.guid("list", one.reference) == list_id:
                return {
                    "id": list_id,
                    "name": one.name,
                    "type": "String",
                    "isSuggested": False,
                    "items": list(one.picklist),
                }
        raise Refused(404, f"VS403113: The list {list_id} does not exist.", "ProcessListNotFoundException")  # [inf]

    @entrance.route(_TYPE, project=False)
    def type_of_process(process_id: str, reference: str) -> Answer:
        return _type_body(organisation, _type(organisation, process_id, reference))

    @entrance.route(f"{_TYPE}/fields", project=False)
    def fields_of_type(process_id: str, reference: str) -> Answer:
        kind = _type(organisation, process_id, reference)
        return listing(_field_body(one) for one in process.fields.values() if one.is_on(kind.name))

    @entrance.route(f"{_TYPE}/layout", project=False)
    def layout(process_id: str, reference: str) -> Answer:
        kind = _type(organisation, process_id, reference)
        return _layout_body(process, kind, forms.get(kind.name, Form()))


def _add_changes(entrance: Entrance) -> None:
    service = entrance.service
    organisation, process = service.organisation, service.organisation.process

    @entrance.route("wit/fields", "POST")
    def create_field() -> Answer:
        _demand_permission(may=service.settings.may_edit_process)
        if process.customization == "custom":  # [doc] its fields come from definitions in XML; [inf] the words
            message = "VS402805: Fields cannot be created in a collection whose processes are defined in XML."
            raise Refused(400, message, "ProcessCannotBeEditedException")
        body = request.get_json()
        reference, name = str(body.get("referenceName")), str(body.get("name"))
        if body.get("type") not in _TYPES or body.get("usage", "workItem") != "workItem":
            raise NotModelled(f"a field of type {body.get('type')}")
        if process.field(reference) or process.field(name):
            message = f"VS402803: Field {name} already exists."  # [inf] the words
            raise Refused(400, message, "WorkItemFieldAlreadyExistsException")
        made = Field(reference, name, body["type"], types=frozenset(), on_form=False)  # [doc] on no type
        process.add_field(made)
        return {**_field_body(made), "usage": "workItem", "readOnly": False}

    @entrance.route(f"{_ROOT}/<process_id>/workitemtypes", "POST", project=False)
    def derive_type(process_id: str) -> Answer:
        _demand_change(organisation, process_id, may=service.settings.may_edit_process)
        body = request.get_json()
        if not body.get("inheritsFrom"):
            raise NotModelled("a work item type that inherits from none")
        kind = _type(organisation, process_id, str(body["inheritsFrom"]).lower())
        derived = f"{process.name.replace(' ', '')}.{kind.reference.rpartition('.')[2]}"  # [rec] ProcessName.Type
        process.types[kind.name] = replace(kind, reference=derived, inherits=kind.reference)
        return _type_body(organisation, process.types[kind.name])

    @entrance.route(f"{_TYPE}/fields", "POST", project=False)
    def add_field_to_type(process_id: str, reference: str) -> Answer:
        kind = _derived(organisation, process_id, reference, may=service.settings.may_edit_process)
        known = process.field(str(request.get_json().get("referenceName")))
        if known is None:
            raise field_missing(str(request.get_json().get("referenceName")), 404)
        process.add_field(replace(known, types=(known.types or frozenset()) | {kind.name}))
        return _field_body(known)


def _add_form_changes(entrance: Entrance, forms: dict[str, Form]) -> None:
    service = entrance.service
    organisation, process = service.organisation, service.organisation.process

    @entrance.route(f"{_TYPE}/layout/pages/<page>/sections/<section>/groups", "POST", project=False)
    def add_group(process_id: str, reference: str, page: str, section: str) -> Answer:
        kind = _derived(organisation, process_id, reference, may=service.settings.may_edit_process)
        if (page, section) != (_page(kind).lower(), "section2"):
            raise NotModelled(f"a group in {section} of {page}")
        form = forms.setdefault(kind.name, Form())
        group = organisation.guid("group", kind.name, len(form.groups))
        form.groups[group] = (str(request.get_json().get("label")), [])
        return _group_body(process, group, *form.groups[group])

    @entrance.route(f"{_TYPE}/layout/groups/<group>/controls", "POST", project=False)
    def add_control(process_id: str, reference: str, group: str) -> Answer:
        kind = _derived(organisation, process_id, reference, may=service.settings.may_edit_process)
        known = process.field(str(request.get_json().get("id")))
        groups = forms.get(kind.name, Form()).groups
        if group not in groups or known is None or not known.is_on(kind.name):  # [inf]
            raise Refused(400, f"The control cannot be added to the group {group}.", "FormLayoutException")
        groups[group][1].append(known.reference)
        return _control_body(process, known.reference)


def _demand_permission(*, may: bool) -> None:
    if not may:  # [3p] the status, [inf] the words
        raise Refused(403, "VS402356: You do not have permission to edit the process.", "AccessCheckException")


def _demand_process(organisation: Organisation, process_id: str) -> None:
    if process_id != _id(organisation):
        raise Refused(404, f"VS402362: Process {process_id} does not exist.", "ProcessNotFoundException")  # [inf]


def _demand_change(organisation: Organisation, process_id: str, *, may: bool) -> None:
    _demand_process(organisation, process_id)
    _demand_permission(may=may)
    if organisation.process.customization != "inherited":  # [doc] locked; [inf] the words
        message = f"VS402356: The process {organisation.process.name} cannot be changed."
        raise Refused(400, message, "ProcessCannotBeEditedException")


def _type(organisation: Organisation, process_id: str, reference: str) -> WorkItemType:
    _demand_process(organisation, process_id)
    found = (one for one in organisation.process.types.values() if one.reference.lower() == reference)
    if (kind := next(found, None)) is None:
        raise Refused(404, f"VS402323: Work item type {reference} does not exist.", "WorkItemTypeNotFoundException")
    return kind


def _derived(organisation: Organisation, process_id: str, reference: str, *, may: bool) -> WorkItemType:
    _demand_change(organisation, process_id, may=may)
    kind = _type(organisation, process_id, reference)
    if kind.inherits is None:  # [doc] system types must first be derived; [inf] the words
        message = f"VS403115: {kind.name} is a system work item type of this process: derive it first."
        raise Refused(400, message, "SystemWorkItemTypeCannotBeEditedException")
    return kind


def _id(organisation: Organisation) -> str:
    return organisation.guid("process")


def _process_body(organisation: Organisation, *, projects: bool) -> dict[str, Any]:
    process = organisation.process
    listed = [{"id": one.id, "name": one.name} for one in organisation.projects.values()]
    return {
        "typeId": _id(organisation),
        "name": process.name,
        "description": "",
        "parentProcessTypeId": NOBODY if process.customization == "system" else organisation.guid("parent process"),
        "isEnabled": True,
        "isDefault": True,
        "customizationType": process.customization,
        **({"projects": listed} if projects else {}),
    }


def _type_body(organisation: Organisation, kind: WorkItemType) -> dict[str, Any]:
    return {
        "referenceName": kind.reference,
        "name": kind.name,
        "description": kind.name,
        "url": f"{organisation.url}/_apis/{_ROOT}/{_id(organisation)}/workItemTypes/{kind.reference}",
        "customization": "inherited" if kind.inherits else "system",
        "color": kind.color,
        "icon": kind.icon,
        "isDisabled": False,
        **({"inherits": kind.inherits} if kind.inherits else {}),
    }


def _field_body(one: Field) -> dict[str, Any]:
    custom = "custom" if one.reference.startswith("Custom.") else "system"
    return {"referenceName": one.reference, "name": one.name, "type": one.type, "customization": custom}


def _page(kind: WorkItemType) -> str:
    return f"{kind.name.replace(' ', '')}.Details"


def _layout_body(process: Process, kind: WorkItemType, form: Form) -> dict[str, Any]:
    shown = [one.reference for one in process.fields.values() if one.on_form and one.is_on(kind.name)]
    shipped = _group_body(process, f"{_page(kind)}.Planning", "Planning", shown)
    added = [_group_body(process, group, *told) for group, told in form.groups.items()]
    sections = [{"id": "Section1", "groups": [shipped]}, {"id": "Section2", "groups": added}]
    page = {"id": _page(kind), "label": "Details", "pageType": "custom", "locked": False, "visible": True}
    history = {"id": "History", "label": "History", "pageType": "history", "locked": True, "sections": []}
    return {"pages": [{**page, "sections": sections}, history]}


def _group_body(process: Process, group: str, label: str, controls: list[str]) -> dict[str, Any]:
    return {
        "id": group,
        "label": label,
        "isContribution": False,
        "visible": True,
        "controls": [_control_body(process, one) for one in controls],
    }


def _control_body(process: Process, reference: str) -> dict[str, Any]:
    return {
        "id": reference,
        "label": process.fields[reference].name,
        "controlType": "FieldControl",
        "readOnly": False,
        "visible": True,
        "isContribution": False,
    }
