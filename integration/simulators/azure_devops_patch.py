"""A JSON Patch document against one work item, judged as the real service judges it: all or nothing."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integration.simulators.azure_devops_items import Change, Relation, Value, WorkItem, join_tags, split_tags
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_process import Field
from integration.simulators.azure_devops_refusals import NotModelled, Refused, field_missing, rule_broken

Operation = Mapping[str, Any]
_WORK_ITEM_URL = re.compile(r"/_apis/wit/workitems/(\d+)$", re.IGNORECASE)
_COMMENT = re.compile(r"/relations/(\d+)/attributes/comment")
_LONGEST_STRING = 255  # [doc] of a single-line field


def read_patch(organisation: Organisation, item: WorkItem, document: Any) -> Change:
    """What the document asks for. Raises `Refused` for what Azure DevOps refuses, `NotModelled` for what we do not model."""
    if not isinstance(document, list) or not document:
        message = "You must pass a valid patch document in the body of the request."
        raise Refused(400, message, "VssPropertyValidationException")  # [3p]
    fields: dict[str, Value | None] = {}
    added: list[Relation] = []
    removed: list[Relation] = []
    updated: list[Relation] = []
    for operation in document:
        verb, path = str(operation.get("op", "")).lower(), str(operation.get("path", ""))
        if verb == "test":
            _test(item, path, operation.get("value"))
        elif verb not in ("add", "replace", "remove"):
            raise NotModelled(f"JSON Patch operation {verb!r}")
        elif path.startswith("/fields/"):
            field = _field(organisation, item, path.removeprefix("/fields/"))
            fields[field.reference] = _value(organisation, item, field, operation, verb)
        elif verb == "add" and path == "/relations/-":
            added.append(_relation(organisation, item, operation.get("value")))
        elif verb == "remove" and re.fullmatch(r"/relations/\d+", path):
            removed.append(_nth_relation(item, int(path.rpartition("/")[2])))
        elif verb == "replace" and (nth := _COMMENT.fullmatch(path)):  # [doc]
            relation = _nth_relation(item, int(nth[1]))
            attributes = {**relation.attributes, "comment": str(operation.get("value", ""))}
            updated.append(replace(relation, attributes=attributes))
        else:
            raise NotModelled(f"JSON Patch {verb} of {path!r}")
    return Change(fields, tuple(added), tuple(removed), tuple(updated))


def _test(item: WorkItem, path: str, expected: Any) -> None:
    if path.startswith("/fields/"):
        found: Any = item.fields.get(path.removeprefix("/fields/"))
    elif path == "/rev":
        found = item.rev
    else:
        raise NotModelled(f"JSON Patch test of {path!r}")
    if str(found) != str(expected):  # [inf] 12 and "12" are the same revision
        message = (
            f"VS403351: Test Operation for path {path} failed, value {found} was not equal to test value {expected}."
        )
        raise Refused(412, message, "TestPatchOperationFailedException")  # [3p]


def _field(organisation: Organisation, item: WorkItem, name: str) -> Field:
    field = organisation.process.field(name)
    if field is None or not field.is_on(item.type):
        raise field_missing(name)
    if field.read_only:
        raise rule_broken(field.reference, field.name, "ReadOnly, InvalidNotOldValue")
    if field.reference in ("System.TeamProject", "System.WorkItemType"):
        raise NotModelled(f"a change of {field.reference}")
    return field


def _value(organisation: Organisation, item: WorkItem, field: Field, operation: Operation, verb: str) -> Value | None:
    if verb == "remove":
        return None
    if "value" not in operation:
        raise Refused(400, "VS403349: The patch operation has no value.", "VssPropertyValidationException")  # [inf]
    given = operation["value"]
    if given is None or given == "":
        return None
    if field.reference == "System.Tags":
        old = item.tags if verb == "add" else []  # [3p] add joins the tags that are there, replace does not
        return join_tags(old + split_tags(given))
    if field.identity:
        return organisation.person(
            given.get("uniqueName") or given["displayName"] if isinstance(given, dict) else given
        )
    try:
        return read_value(field, given)
    except (TypeError, ValueError):
        raise rule_broken(field.reference, field.name, "InvalidType") from None


def read_value(field: Field, given: Any) -> Value:
    """The value as the field's type keeps it. Raises ValueError or TypeError where it cannot."""
    if isinstance(given, dict | list):
        raise TypeError(f"{field.reference} takes a scalar")
    match field.type:
        case "double" | "integer" if isinstance(given, bool):
            raise TypeError(f"{field.reference} takes a number")
        case "double":
            return float(given)
        case "integer":
            return int(given)
        case "boolean":
            return given if isinstance(given, bool) else str(given).lower() == "true"
        case "dateTime":
            at = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return at.replace(microsecond=at.microsecond // 1000 * 1000)
        case "string" if len(str(given)) > _LONGEST_STRING:
            raise rule_broken(field.reference, field.name, "InvalidTooLong")
        case _:
            return str(given)


def _relation(organisation: Organisation, item: WorkItem, given: Any) -> Relation:
    if not isinstance(given, dict) or not given.get("rel") or not given.get("url"):
        raise Refused(400, "VS403350: A relation needs rel and url.", "VssPropertyValidationException")  # [inf]
    rel, url, attributes = str(given["rel"]), str(given["url"]), dict(given.get("attributes") or {})
    if rel.startswith("System.LinkTypes."):
        target = _WORK_ITEM_URL.search(url)
        if target is None:
            raise Refused(400, f"VS403318: {url} is no work item.", "InvalidWorkItemUrlException")  # [inf]
        relation = organisation.link(rel, int(target[1]), attributes.get("comment"))
    elif rel in ("Hyperlink", "ArtifactLink"):
        relation = hyperlink(organisation, item, url, attributes, rel=rel)
    else:
        raise NotModelled(f"a relation of type {rel!r}")
    if any(relation.same_as(old) for old in item.relations):
        message = f"The work item already has a relation of type {rel} to {url}."
        raise Refused(400, message, "RelationAlreadyExistsException")  # [3p]
    return relation


def hyperlink(
    organisation: Organisation, item: WorkItem, url: str, attributes: Mapping[str, Any], *, rel: str = "Hyperlink"
) -> Relation:
    """A link to something that is no work item, with the attributes the service adds [doc]."""
    at = organisation.now()
    stamps = {"authorizedDate": at, "resourceCreatedDate": at, "resourceModifiedDate": at}
    number = 1000 + len(item.updates)
    return Relation(rel, url, {"id": number, **stamps, **attributes})


def _nth_relation(item: WorkItem, index: int) -> Relation:
    if index >= len(item.relations):
        message = f"Index was out of range for path /relations/{index}."
        raise Refused(400, message, "PatchOperationFailedException")  # [3p]
    return item.relations[index]
