"""What the file calls a selector -> the selector that the core matches."""

from __future__ import annotations

from integration.core.links import Pattern, Selector
from integration.core.queries import Query
from mappings.schema import selectors
from mappings.schema.selectors import Narrowing


def selector(keys: Narrowing) -> Selector:
    """What the file calls a selector, as the core matches it."""
    labels = keys if isinstance(keys, selectors.Selector) else None
    asked = (
        Query(keys.query) if keys.query else None,
        Query(keys.saved_query, saved=True) if keys.saved_query else None,
    )
    return Selector(
        connections=keys.connection or (),
        projects=tuple(map(Pattern, keys.project or ())),
        types=keys.type or (),
        statuses=keys.status or (),
        priorities=keys.priority or (),
        components=keys.component or (),
        labels=(labels.label or labels.tag or ()) if labels else (),
        states=keys.state or (),
        levels=keys.level or (),
        open=keys.open,
        areas=keys.area or (),
        keys=keys.key or (),
        fields=keys.fields or {},
        queries=tuple(query for query in asked if query is not None),
        excluded=selector(keys.excluded) if keys.excluded is not None else None,
    )
