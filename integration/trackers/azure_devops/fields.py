"""Work item fields under the names that all trackers share; every other field keeps its reference name.

Used for webhooks and for REST answers alike, so that the same revision is the same fact however it reached us.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from integration.core.facts import Value
from integration.trackers.azure_devops.payload import DROPPED, identifier, instant_text, scalar, text

CHANGED_DATE = "System.ChangedDate"
CHANGED_BY = "System.ChangedBy"
CREATED_DATE = "System.CreatedDate"
CREATED_BY = "System.CreatedBy"
DELETED = "System.IsDeleted"
HISTORY = "System.History"
PARENT = "System.Parent"
PROJECT = "System.TeamProject"
REVISION = "System.Rev"
STATE = "System.State"
TAGS = "System.Tags"
TYPE = "System.WorkItemType"

BOOKKEEPING = frozenset(
    {
        # They change with every revision and say nothing that the fact's own time, order and actor do not say.
        "System.Id",
        REVISION,
        "System.Watermark",
        "System.AuthorizedDate",
        "System.AuthorizedAs",
        "System.PersonId",
        "System.RevisedDate",
        CHANGED_DATE,
        CHANGED_BY,
        HISTORY,
    }
)

DERIVED = re.compile(r"System\.(AreaId|IterationId|NodeName|(Area|Iteration)Level\d+)")
"""They follow from the paths of area and iteration, and not every interface tells them: no changes of their own."""

PEOPLE = frozenset(
    {
        # A person may come as a mere name, without mail address or id: nothing but the field's name tells then.
        "System.AssignedTo",
        CREATED_BY,
        "Microsoft.VSTS.Common.ActivatedBy",
        "Microsoft.VSTS.Common.ClosedBy",
        "Microsoft.VSTS.Common.ResolvedBy",
        "Microsoft.VSTS.Common.ReviewedBy",
        "Microsoft.VSTS.CodeReview.AcceptedBy",
    }
)


def labels(value: object) -> tuple[str, ...]:
    """Tags are one text, `a; b`."""
    return tuple(tag for part in (text(value) or "").split(";") if (tag := part.strip()))


def _text(value: object) -> Value:
    return value if isinstance(value, str) else None if value is None else str(value)


_SHARED: Mapping[str, tuple[str, Callable[[Any], Value]]] = {
    "System.Title": ("title", _text),
    STATE: ("status", _text),
    TYPE: ("type", _text),
    "System.AreaPath": ("area", _text),
    "System.IterationPath": ("iteration", _text),
    "System.Reason": ("resolution", _text),
    "Microsoft.VSTS.Common.Priority": ("priority", _text),
    TAGS: ("labels", labels),
    PARENT: ("parent", identifier),
    CREATED_DATE: ("created", instant_text),
    "Microsoft.VSTS.Common.ClosedDate": ("done_at", instant_text),
    "Microsoft.VSTS.Common.StateChangeDate": ("status_changed", instant_text),
    DELETED: ("deleted", lambda value: value is True),
}


def shared_name(reference_name: str) -> str:
    """What a field is called in facts."""
    if reference_name == PROJECT:
        return "project"
    known = _SHARED.get(reference_name)
    return known[0] if known else reference_name


def folded_in(values: Mapping[str, Any]) -> dict[str, Value]:
    """The values as an `ItemSeen` carries them; what is not kept is left out."""
    kept: dict[str, Value] = {}
    for name, value in values.items():
        if name in BOOKKEEPING:
            continue
        known = _SHARED.get(name)
        if known is not None:
            kept[known[0]] = known[1](value)
        elif name == PROJECT:
            kept["project"] = kept["project_name"] = _text(value)
        elif name not in PEOPLE or not isinstance(value, str):
            reduced = scalar(value)
            if reduced is not DROPPED:
                kept[name] = reduced
    return kept
