"""Where each key result would stand under a mapping that is not in force, from what is known and what trackers tell.

Nothing is written: not to the trackers, and not to the database. What nobody has read yet is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.errors import Gone, Permanent, Refused, Retryable, ServiceError
from integration.core.facts import TrackerFact
from integration.core.okr import Standing
from integration.core.queries import Query
from integration.core.scorecard import Measured, Scorecard
from integration.refresh.asking import not_answered
from integration.refresh.guarding import guardrails_of
from integration.refresh.kpis import figure
from integration.refresh.measuring import measure
from integration.refresh.policy import Policy
from integration.store import check_ins, queries, reads
from integration.store.db import Database
from integration.trackers.contract import TrackerClient, client_of
from integration.world import World

T = TypeVar("T")


class Preview:
    """What `measured` found out: where key results stand, and what stood in the way of knowing it.

    `problems` are lines with their remedy, by connection and topic; `asked` the connections whose tracker answered,
    `unreached` those whose tracker did not. Without `clients` no tracker is asked.
    """

    def __init__(
        self, db: Database, scorecard: Scorecard, clients: Mapping[str, TrackerClient] | None, today: datetime
    ) -> None:
        self.scorecard = scorecard
        self.standings: dict[str, Standing] = {}
        self.problems: dict[tuple[str, str], str] = {}
        self.asked: set[str] = set()
        self.unreached: set[str] = set()
        self._db = db
        self._clients = clients
        self._today = today

    def measured(self) -> World:
        """The items as they would be, with every key result measured by them."""
        catalogues = self._catalogues()
        with self._db.read() as connection:
            world = World.known(connection, self.scorecard, catalogues)
        self._ask_queries(world)
        self._read_below(world)
        with self._db.read() as connection:
            self._measure(connection, world)
        return world

    def _catalogues(self) -> Mapping[str, Catalogue]:
        """Each connection's vocabulary: its own word where it can be asked, else as it was last read."""
        with self._db.read() as connection:
            stored = {name: reads.load_catalogue(connection, name) for name in self.scorecard.connections}
        found = {name: catalogue for name, catalogue in stored.items() if catalogue is not None}
        for name in self.scorecard.connections:
            told = self.ask(name, lambda client: client.catalogue())
            if told is not None:
                found[name] = told
                self.asked.add(name)
        return found

    def ask(
        self, name: str, question: Callable[[TrackerClient], T], about: str = "", *, refused: bool = False
    ) -> T | None:
        """The tracker's answer, or None where it gave none; why not becomes one of the problems.

        With `refused`, a refusal that is about this question alone is raised.
        """
        if self._clients is None or name in self.unreached:
            return None
        try:
            return question(client_of(self._clients, name))
        except Gone:
            raise
        except ServiceError as error:
            everywhere = isinstance(error, Retryable) or (isinstance(error, Refused) and error.scope == "connection")
            if refused and not everywhere:
                raise
            if everywhere or not about:
                self.unreached.add(name)
                self.problems[name, "reach"] = f"could not be asked what stands there now: {error}"
            else:
                self.problems[name, f"reach {about}"] = f"could not be asked about {about}: {error}"
            return None

    def _ask_queries(self, world: World) -> None:
        """What would be asked first: which items answer the queries that no tracker was asked before."""
        with self._db.read() as connection:
            known = {(one.connection, one.query): one for one in queries.every(connection) if one.asked_at is not None}
        for name, asked in self.scorecard.queries.items():
            for query in sorted(asked):
                before = known.get((name, query))
                if before is None:
                    self._ask_query(world, name, query)
                elif before.reason:
                    self.problems[name, f"query {query.id}"] = not_answered(name, query, before.reason)
        with self._db.read() as connection:
            world.look_below(connection)

    def _ask_query(self, world: World, name: str, query: Query) -> None:
        try:
            ids = self.ask(name, partial(_all_answers, query=query), f"'{query}'", refused=True)
        except Permanent as error:
            world.refused[name, query] = error.reason
            self.problems[name, f"query {query.id}"] = not_answered(name, query, error.reason)
            return
        if ids is None:
            return
        for ref in world.hear(name, query, ids):
            try:
                told = self.ask(name, partial(_one_item, item=ref.id), ref.id)
            except Gone:
                continue
            with self._db.read() as connection:
                world.learn(connection, name, told or ())

    def _read_below(self, world: World) -> None:
        """What would be read first: all below the items that this mapping links, and that none linked before."""
        for ref in sorted(world.unread):
            key = world.items[ref].key
            try:
                pages = self.ask(ref.connection, partial(_all_below, item=ref.id), key)
            except Gone:
                continue
            if pages is None:
                self.problems[ref.connection, f"unread {key}"] = f"what is below {key} is not read yet"
                continue
            with self._db.read() as connection:
                for page in pages:
                    world.learn(connection, ref.connection, page)

    def _measure(self, connection: Connection, world: World) -> None:
        policy = Policy(0, self.scorecard, "")  # one that is not in force has no revision
        for objective, key_result in self.scorecard.key_results():
            asked = key_result.measure
            gathered = replace(
                world.gather(connection, key_result),
                measured=figure(connection, policy, key_result, asked) if isinstance(asked, Measured) else None,
                guardrails=guardrails_of(connection, self.scorecard, objective),
            )
            ids = (key_result.id, *key_result.was, *(f"{was}.{key_result.name}" for was in objective.was))
            measured = check_ins.standings_of(connection, ids)
            before = next((measured[one] for one in ids if one in measured), None)
            histories = (check_ins.history(connection, one) for one in ids)
            self.standings[key_result.id] = measure(
                self.scorecard,
                objective,
                key_result,
                gathered,
                next((history for history in histories if history), ()),
                self._today,
                before.scope_before(self._today.astimezone(self.scorecard.timezone).date()) if before else None,
                world.catalogues,
            )


def _all_below(client: TrackerClient, item: str) -> Sequence[Sequence[TrackerFact]]:
    return list(client.subtree(item))


def _all_answers(client: TrackerClient, query: Query) -> Sequence[str]:
    return [one for page in client.answers(query) for one in page]


def _one_item(client: TrackerClient, item: str) -> Sequence[TrackerFact]:
    return client.item(item)
