"""The change feeds: full revisions of all items, and the links between them, which no revision tells of."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import request

from integration.simulators.azure_devops_entrance import Answer, Entrance, project, query, refuse_unmodelled
from integration.simulators.azure_devops_items import Revision, WorkItem
from integration.simulators.azure_devops_organisation import FOREVER, LinkChange, Organisation
from integration.simulators.azure_devops_refusals import Refused, field_missing
from integration.simulators.azure_devops_shapes import Spelling, fields_of, stamp

_LARGEST_PAGE = 1000
_START = datetime.min.replace(tzinfo=UTC)


def add_reporting(entrance: Entrance) -> None:
    """The routes under `wit/reporting/`."""
    service = entrance.service
    organisation = service.organisation

    @entrance.route("wit/reporting/workitemrevisions", "GET", "POST")
    def revisions() -> Answer:
        words: dict[str, Any] = dict(query())
        if request.method == "POST":
            words |= {name.lower(): value for name, value in (request.get_json(silent=True) or {}).items()}
        refuse_unmodelled(words, "includeDiscussionChangesOnly", "includeTagRef")
        size = min(int(words.get("$maxpagesize") or service.settings.reporting_page), _LARGEST_PAGE)
        found = list(_revisions(organisation, words))
        values = [_revision_body(organisation, item, held, words) for item, held in found[:size]]
        last = found[:size][-1] if found else None
        token = f"{last[1].watermark};{last[0].id};{last[1].rev}" if last else words.get("continuationtoken")
        return _batch(organisation, "workItemRevisions", values, token or "0;0;0", is_last=len(found) <= size)

    @entrance.route("wit/reporting/workitemlinks")
    def links() -> Answer:
        words = query()
        after = _position(words.get("continuationtoken"))
        size = service.settings.reporting_page
        start = _start(words)
        numbered = list(enumerate(organisation.link_changes, 1))
        found = [(number, change) for number, change in numbered if number > after and change.at >= start]
        values = [_link_body(change) for _, change in found[:size]]
        token = str(found[:size][-1][0]) if found else str(after)
        return _batch(organisation, "workItemLinks", values, token, is_last=len(found) <= size)


def _batch(organisation: Organisation, what: str, values: list[Any], token: str, *, is_last: bool) -> dict[str, Any]:
    link = f"{organisation.url}/_apis/wit/reporting/{what}?continuationToken={token}&api-version=7.1"
    return {"values": values, "nextLink": link, "continuationToken": token, "isLastBatch": is_last}


def _revisions(organisation: Organisation, words: dict[str, Any]) -> Iterator[tuple[WorkItem, Revision]]:
    after, start = _position(words.get("continuationtoken")), _start(words)
    kinds = {kind.lower() for kind in _names(words, "types")}
    scope = project()
    candidates = [
        (item, held)
        for item in organisation.items.values()
        if scope in (None, item.project) and (not item.deleted or _true(words, "includedeleted"))
        for held in (item.revisions[-1:] if _true(words, "includelatestonly") else item.revisions)
    ]
    for item, held in sorted(candidates, key=lambda pair: pair[1].watermark):
        if held.watermark > after and held.at >= start and (not kinds or item.type.lower() in kinds):
            yield item, held


def _revision_body(organisation: Organisation, item: WorkItem, held: Revision, words: dict[str, Any]) -> dict[str, Any]:
    spelling: Spelling = "object" if _true(words, "includeidentityref") else "text"
    shown = {**held.fields}
    later = item.revisions[held.rev].at if held.rev < item.rev else FOREVER
    shown["System.RevisedDate"] = later
    wanted: set[str] | None = None
    if names := _names(words, "fields"):
        wanted = set()
        for name in names:
            field = organisation.process.field(name)
            if field is None:
                raise field_missing(name)
            wanted.add(field.reference)
    elif words.get("$expand") != "fields":  # [doc] long texts only when asked for
        fields = organisation.process.fields
        wanted = {reference for reference in shown if fields[reference].type not in ("html", "history")}
    body = fields_of(organisation, shown, spelling, wanted=wanted, everything=True)
    return {"id": item.id, "rev": held.rev, "fields": body}


def _link_body(change: LinkChange) -> dict[str, Any]:
    return {
        "rel": change.rel,
        "sourceId": change.source,
        "targetId": change.target,
        "changedDate": stamp(change.at),
        "isActive": change.active,
    }


def _names(words: dict[str, Any], key: str) -> list[str]:
    given = words.get(key) or []
    return [name.strip() for name in (given.split(",") if isinstance(given, str) else given) if name.strip()]


def _true(words: dict[str, Any], key: str) -> bool:
    return str(words.get(key, "")).lower() == "true"


def _position(token: str | None) -> int:
    try:
        return int((token or "0").partition(";")[0])
    except ValueError:
        raise Refused(
            400, f"VS402459: Invalid continuation token {token}.", "InvalidContinuationTokenException"
        ) from None


def _start(words: dict[str, Any]) -> datetime:
    text = words.get("startdatetime")
    if not text:
        return _START
    at = datetime.fromisoformat(str(text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
