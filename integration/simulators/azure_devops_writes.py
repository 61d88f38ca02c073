"""Writing over REST: `PATCH …/workitems/{id}` and many of them in one `$batch`."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import request

from integration.simulators.azure_devops_entrance import Answer, Entrance, query, refuse_unmodelled, who
from integration.simulators.azure_devops_patch import read_patch
from integration.simulators.azure_devops_refusals import NotModelled, Refused
from integration.simulators.azure_devops_service import Email, Service, Write
from integration.simulators.azure_devops_shapes import work_item

_MOST_IN_BATCH = 200  # [inf]
_TARGET = re.compile(r"^(?:/[^/]+)?/_apis/wit/workitems/(\d+)$", re.IGNORECASE)


def add_writes(entrance: Entrance) -> None:
    """The two routes."""
    service = entrance.service

    @entrance.route("wit/workitems/<int:work_item_id>", "PATCH")
    def patch(work_item_id: int) -> Answer:
        _expect_patch(request.content_type)
        return write(service, work_item_id, request.get_json(force=True, silent=True), query())

    @entrance.route("wit/$batch", "PATCH", "POST", project=False)
    def batch() -> Answer:
        asked = request.get_json(force=True, silent=True)
        if not isinstance(asked, list) or len(asked) > _MOST_IN_BATCH:
            raise Refused(400, f"A batch is a list of at most {_MOST_IN_BATCH} requests.", "VssBatchException")
        answers = [_one_of_batch(service, one) for one in asked]
        return {"count": len(answers), "value": answers}


def write(service: Service, work_item_id: int, document: Any, words: Mapping[str, str]) -> dict[str, Any]:
    """Applies the document, journals the attempt, and answers with the work item. Raises `Refused`, `NotModelled`."""
    refuse_unmodelled(dict(words), "bypassRules")
    dry = words.get("validateonly", "").lower() == "true"
    quiet = words.get("suppressnotifications", "").lower() == "true"
    status = 200
    try:
        return _apply(service, work_item_id, document, dry=dry, quiet=quiet)
    except Refused as error:
        status = error.status
        raise
    finally:
        if not dry:
            service.journal.writes.append(Write(work_item_id, document, quiet, status, who().name))


def _apply(service: Service, work_item_id: int, document: Any, *, dry: bool, quiet: bool) -> dict[str, Any]:
    organisation, settings = service.organisation, service.settings
    item = organisation.item(work_item_id)
    change = read_patch(organisation, item, document)
    organisation.check(item, change)
    if not settings.may_write:
        message = (
            "TF237111: The current user does not have permissions to save work items under the specified area path."
        )
        raise Refused(403, message, "WorkItemUnauthorizedAccessException")  # [3p]
    if quiet and not settings.may_suppress:
        message = "VS403513: The current user does not have permissions to suppress notifications."
        raise Refused(403, message, "WorkItemSuppressNotificationsException")  # [inf]
    if item.rev >= settings.revision_cap:
        message = f"Work item {item.id} has reached the limit of {settings.revision_cap} revisions for the REST API."
        raise Refused(400, message, "WorkItemRevisionLimitExceededException")  # [doc] the limit, [inf] the words
    if not dry and (steps := organisation.commit(item, change, who())):
        if not quiet:
            service.journal.emails.append(Email(item.id, item.rev))
        if not (quiet and settings.suppress_stops_hooks):
            service.actions.tell(steps)
    return work_item(organisation, item, with_relations=True)  # [doc] a dry run answers with the item as it is


def _one_of_batch(service: Service, asked: Mapping[str, Any]) -> dict[str, Any]:
    # [doc] Not atomic: each has its own status, and its body is JSON within JSON.
    parts = urlsplit(str(asked.get("uri", "")))
    target = _TARGET.match(parts.path)
    if asked.get("method") != "PATCH" or target is None:
        raise NotModelled(f"{asked.get('method')} {asked.get('uri')} in a batch")
    words = {name.lower(): value for name, value in parse_qsl(parts.query)}
    headers = {name.lower(): value for name, value in (asked.get("headers") or {}).items()}
    try:
        _expect_patch(headers.get("content-type"))
        body, status = write(service, int(target[1]), asked.get("body"), words), 200
    except Refused as error:
        body, status = error.body(), error.status
    return {"code": status, "headers": {"Content-Type": "application/json; charset=utf-8"}, "body": json.dumps(body)}


def _expect_patch(content_type: str | None) -> None:
    if not (content_type or "").lower().startswith("application/json-patch+json"):
        message = f"The Content-Type {content_type!r} is not supported; application/json-patch+json is."
        raise Refused(415, message, "VssRequestContentTypeNotSupportedException")  # [3p]
