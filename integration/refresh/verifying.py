"""Edits that we overwrote in the moment in which they were made, found in the item's history.

Jira guards no write by a revision: between our look and our write a person may have typed something. The history entry
of our write tells what really stood there. If that is neither what we saw nor ours, it was theirs: it is held from now
on, and written back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.facts import ItemRef
from integration.core.write_back import FieldValue, alike
from integration.store import facts, written
from integration.store.facts import Change
from integration.store.written import Sent, Written


def find_overwritten(
    connection: Connection, known: Mapping[ItemRef, Sequence[Written]], catalogues: Mapping[str, Catalogue]
) -> Mapping[ItemRef, Sequence[Written]]:
    """What is known of these items once their history was compared with our writes."""
    compared = dict(known)
    for ref, targets in known.items():
        catalogue = catalogues.get(ref.connection)
        waiting = [one for one in targets if one.sent]
        if not waiting or catalogue is None or not catalogue.account:
            continue
        for one in waiting:
            _compare(connection, ref, one, catalogue)
        compared[ref] = written.on_item(connection, ref)
    return compared


def _compare(connection: Connection, ref: ItemRef, one: Written, catalogue: Catalogue) -> None:
    field = next((known for known in catalogue.fields if known.id == one.target), None)
    names = {one.target} | ({field.name} if field else set())
    left, overwritten = list(one.sent), None
    for change in facts.changes(connection, ref, names, after=min(sent.after for sent in one.sent)):
        ours = _entry_of(change, left, catalogue.account)
        if ours is None:
            continue
        # What was sent before it and is still waited for left no entry: the tracker took it for no change.
        left = left[left.index(ours) + 1 :]
        stood = _value(change.before, is_number=field is not None and field.type == "number")
        values_of_ours = (one.value, *one.attempts, *(sent.wrote for sent in one.sent))
        if not alike(stood, ours.saw) and not (
            stood is not None and any(alike(stood, value) for value in values_of_ours)
        ):
            overwritten = (stood, ours.wrote)
    if left != list(one.sent):
        if overwritten is not None:
            written.put_back(connection, ref, one.target, *overwritten)
        written.verified(connection, ref, one.target, left)


def _entry_of(change: Change, left: Sequence[Sent], account: str) -> Sent | None:
    """Which of our writes a history entry tells of."""
    if change.actor != account:
        return None
    return next((sent for sent in left if change.row > sent.after and alike(change.after, sent.wrote)), None)


def _value(text: str | None, *, is_number: bool) -> FieldValue:
    """History tells numbers as texts."""
    if text is None or not is_number:
        return text or None
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if isfinite(number) and number == int(number) else number
