"""What trackers must be asked before a key result can be measured, and what they have not answered yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from integration.core.facts import ItemRef
from integration.core.queries import Query
from integration.core.scorecard import KeyResult, Scorecard
from integration.store import marks, queries, reads


def unanswered(
    connection: Connection,
    scorecard: Scorecard,
    key_result: KeyResult,
    besides: Collection[tuple[str, Query]] = (),
) -> tuple[str, str]:
    """Why it must wait for an answer, and what will give none; both empty where all is answered."""
    questions = [one for one in scorecard.questions(key_result) if one not in besides]
    if not questions:
        return "", ""
    asked: Mapping[tuple[str, Query], queries.Asked] = {
        (one.connection, one.query): one for one in queries.every(connection)
    }
    for name, query in questions:
        known = asked.get((name, query))
        if known is None or known.asked_at is None:
            if known is not None and known.reason:
                return "", not_answered(name, query, known.reason)
            return f"{name} has not been asked yet which items answer: {query}", ""
        unseen = [ItemRef(name, one) for one in sorted(queries.unseen(connection, name, query))]
        dead = [one for one in reads.unanswered(connection, unseen) if one.state == "dead"]
        if dead:
            return "", f"could not read {dead[0].ref.id}, which answers a query: {dead[0].reason}"
        if unseen:
            return f"still reading {len(unseen):,} items that answer: {query}", ""
        if known.changed_at and marks.any_of_connection(connection, "item", name, known.changed_at):
            return f"still looking at the items that answer: {query}", ""
    return "", ""


def not_answered(name: str, query: Query, words: str) -> str:
    """One line for a query that a tracker does not answer, in its words."""
    what = "saved query" if query.saved else "query"
    return f"{name} does not answer the {what} '{query}': {words}"
