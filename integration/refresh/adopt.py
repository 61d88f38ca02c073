"""A newly applied mapping: what follows its names, and what must look again because of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from integration.core.facts import ItemRef
from integration.core.scorecard import Scorecard
from integration.refresh.attributing_all import marks_of_failures
from integration.store import (
    applied,
    check_ins,
    facts,
    items,
    marks,
    measurements,
    outbox,
    pauses,
    pushed,
    queries,
    reads,
    streams,
    written,
)
from integration.store.marks import Mark


def adopt(connection: Connection, scorecard: Scorecard, now: datetime) -> None:
    """In the transaction that applies it: renames follow `was`, and every item, key result and card is marked."""
    applied.wait_for_folds(connection)
    for objective, key_result in scorecard.key_results():
        former = (*key_result.was, *(f"{before}.{key_result.name}" for before in objective.was))
        for before in former:
            check_ins.rename(connection, before, key_result.id)
            items.rename_key_result(connection, before, key_result.id)
    for kpi in scorecard.watched.values():
        for before in kpi.was:
            measurements.rename(connection, before, kpi.name)
    marks.add(connection, [Mark("item", (ref.connection, ref.id), now) for ref in items.refs(connection)])
    if scorecard.watched:
        subjects = [*facts.subjects(connection), *pushed.subjects(connection)]
        marks.add(connection, [Mark("delivery", subject, now) for subject in subjects])
        marks.add(connection, marks_of_failures(connection, scorecard, now))
    marks.add(connection, [Mark("kpi", ("", name), now) for name in scorecard.watched])
    marks.add(connection, [Mark("key result", ("", key_result.id), now) for _, key_result in scorecard.key_results()])
    # What the former mapping wished is not this one's wish; what stood in its way may not stand in this one's.
    shown = showing(connection, scorecard)
    outbox.withdraw(connection, sorted(shown))
    pauses.resume(connection)
    written.clear_refusals(connection)
    applied.clear_notices(connection)
    marks.add(connection, [Mark("card", (ref.connection, ref.id), now) for ref in sorted(shown)])
    streams.ask_queries_now(connection, queries.lay_out(connection, scorecard.queries), now)
    reads.want_again(connection, "catalogue", [ItemRef(name, "") for name in scorecard.connections], now)


def showing(connection: Connection, scorecard: Scorecard) -> set[ItemRef]:
    """The items that show something of ours, or are to, or may have to."""
    shown = {*outbox.items(connection), *written.items(connection)}
    for name, rule in scorecard.write_back.items():
        shown |= items.linked(connection, name, below=bool(rule.to))
    return shown
