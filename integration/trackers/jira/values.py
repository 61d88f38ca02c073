"""Field values as Jira wants them in an edit, as it shows them, and when two of them are the same to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from integration.core.catalogue import folded
from integration.core.write_back import Badge, FieldValue
from integration.trackers.jira.adf import document, is_document, plain_text
from integration.trackers.jira.payload import Json, reduced, text

_TEXTS = frozenset({"text", "rich text"})


def for_edit(kind: str, value: FieldValue, *, documents: bool = True) -> Any:
    """What an edit of a field of that type sends; None clears it. Rich text is a document on the Cloud, plain elsewhere."""
    if value is None:
        return None
    if kind == "rich text" and documents:
        return document(str(value))
    if kind == "option":
        return {"value": str(value)}
    return str(value) if kind in _TEXTS else value


def shown(value: object) -> FieldValue:
    """What a field holds, by the words on screen; None where it is empty."""
    if is_document(value):
        return plain_text(value) or None
    if isinstance(value, str):
        return value or None  # whole, however long: it is compared, not kept
    kept = reduced(value)
    if isinstance(kept, tuple):
        return ", ".join(kept) or None
    return kept if isinstance(kept, str | int | float) else None


def as_told(kind: str, change: Json) -> FieldValue:
    """The value after a change, as history tells it: numbers only as text, options and texts by what people see."""
    told = text(change.get("toString"))
    if kind != "number" or told is None:
        return told
    try:
        return float(told)
    except ValueError:
        return told


def same(kind: str, ours: FieldValue, theirs: FieldValue) -> bool:
    """Jira keeps numbers as doubles, trims texts, does not tell an empty text from none, and spells options as it likes."""
    if kind == "number":
        ours_number, theirs_number = _number(ours), _number(theirs)
        if ours_number is None or theirs_number is None:
            return _words(ours) == _words(theirs)
        return math.isclose(ours_number, theirs_number, rel_tol=1e-9, abs_tol=1e-9)
    if kind in _TEXTS:
        return _lines(ours) == _lines(theirs)
    if kind == "option":
        return folded(_words(ours)) == folded(_words(theirs))
    return _words(ours) == _words(theirs)


def remote_link(global_id: str, badge: Badge) -> Mapping[str, Any]:
    """The whole object, always: Jira forgets what an update of a remote link leaves out."""
    return {
        "globalId": global_id,
        "application": {"type": "okrlink", "name": "OKR"},
        "relationship": "contributes to",
        "object": {
            "url": badge.url,
            "title": badge.title,
            "summary": badge.summary,
            "icon": {},
            "status": {"resolved": badge.resolved, "icon": {}},
        },
    }


def badge_of(link: object) -> Badge | None:
    """The badge in a remote link as Jira shows it; None where it shows none."""
    there = link.get("object") if isinstance(link, dict) else None
    if not isinstance(there, dict):
        return None
    status = there.get("status")
    return Badge(
        url=text(there.get("url")) or "",
        title=text(there.get("title")) or "",
        summary=text(there.get("summary")) or "",
        resolved=isinstance(status, dict) and status.get("resolved") is True,
    )


def _number(value: FieldValue) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _words(value: FieldValue) -> str:
    return "" if value is None else str(value).strip()


def _lines(value: FieldValue) -> list[str]:
    return [line.rstrip() for line in _words(value).splitlines()]
