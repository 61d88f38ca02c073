"""okrlink beside one simulated tracker, a step at a time: real HTTP, a real database, no threads of ours, and time stands still.

desk.settle()            # everything that follows from what happened, up to the tracker's own fields
desk.later(minutes=1)    # the same, a minute later
"""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from integration.core.facts import ItemRef
from integration.core.write_back import FieldValue
from integration.ingest import ingest
from integration.planning import Plan, plan
from integration.publish import publish
from integration.reading import answer_reads
from integration.refresh import Policy, draw_cards, fold_items, measure_key_results, reach_key_results
from integration.store import applied, outbox, written
from integration.store.db import Database
from integration.store.outbox import Wish
from integration.trackers import TRACKERS
from integration.trackers.contract import TrackerClient
from mappings import Loaded, load, resolve
from tests.sides import Clock, Side
from tests.simulators.listening import Listener
from tests.steps import deliver
from webhooks.applying import apply_loaded

URL = "https://okr.example"
FIELDS = {"KR Progress": "percent", "KR Status": "status"}

MAPPING = """\
version: 1
cycles: {{now: {{from: {first}, to: {last}}}}}
cycle: now
connections: {{{name}: {connection}}}
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
{key_results}
{write_back}
"""
KEY_RESULTS = {
    "built": "{title: The new checkout is built, work: items}",
    "rated": "{title: Readers rate it 4.5, start: 3.5, target: 4.5}",
}


class Desk:
    def __init__(self, database: Database, side: Side, clock: Clock, folder: Path) -> None:
        self.database = database
        self.side = side
        self.clock = clock
        self.clients: dict[str, TrackerClient] = {}
        self.policy: Policy | None = None
        self.loaded: Loaded | None = None
        self._folder = folder
        self._listener = Listener()
        self._taken = 0
        side.hear(self._listener.url)

    def mapping(
        self, *, key_results: Mapping[str, str] = KEY_RESULTS, write_back: str | None = None, **said: Any
    ) -> Loaded:
        """A mapping of the two key results; `said` are keys of its write_back, `write_back` the whole section."""
        if write_back is None:
            said = {"fields": FIELDS, "every": "1 min", **said}
            keys = ", ".join(f"{key}: {_flow(value)}" for key, value in said.items())
            write_back = f"write_back: {{{self.side.name}: {{{keys}}}}}"
        lines = "\n".join(f"      {name}: {words}" for name, words in key_results.items())
        year = self.clock().year
        text = MAPPING.format(
            first=f"{year}-01-01",
            last=f"{year}-12-31",
            name=self.side.name,
            connection=self.side.connection(),
            key_results=lines,
            write_back=write_back,
        )
        self.mapping_file.write_text(text)
        return load(self.mapping_file)

    @property
    def mapping_file(self) -> Path:
        return self._folder / "okr.yaml"

    def apply(self, loaded: Loaded | None = None, **said: Any) -> None:
        """Puts a mapping in force."""
        loaded = self.loaded = loaded or self.mapping(**said)
        done = apply_loaded(self.database, loaded, self._folder, self.clock())
        self.policy = Policy(done.revision, loaded.scorecard, URL)
        for name, client in self.connect(loaded).items():
            self.clients.setdefault(name, client)

    def connect(self, loaded: Loaded) -> dict[str, TrackerClient]:
        connections = [resolve(source, os.environ, self._folder) for source in loaded.connections]
        return {one.name: TRACKERS[one.tracker].connect(one) for one in connections}

    def plan(self, loaded: Loaded | None = None, **said: Any) -> Plan:
        """What a mapping would write; without any, the one in force."""
        loaded = loaded or (self.loaded if self.loaded and not said else self.mapping(**said))
        return plan(self.database, loaded.scorecard, self.connect(loaded), URL, self.clock())

    def settle(self) -> None:
        """Everything that follows from what happened until now."""
        while self.refresh() + self.publish():
            pass

    def later(self, **by: float) -> None:
        self.clock.forward(**by)
        self.settle()

    def refresh(self) -> int:
        """Takes in what the tracker told, and measures and draws until nothing is marked; writes nothing."""
        total = 0
        while worked := self._step():
            total += worked
        return total

    def _step(self) -> int:
        assert self.side.drain()
        bodies = [one.body for one in self._listener.received[self._taken :]]
        self._taken += len(bodies)
        deliver(self.database, self.side.name, bodies)
        worked = len(bodies)
        if self.policy is None:
            return worked
        now = self.clock()
        settled = now + timedelta(seconds=2)
        trackers = {name: TRACKERS[rule.tracker] for name, rule in self.policy.scorecard.connections.items()}
        return (
            worked
            + ingest(self.database, trackers, now)
            + fold_items(self.database, self.policy, now)
            + reach_key_results(self.database, self.policy, now)
            + answer_reads(self.database, self.clients, self.clock)
            + measure_key_results(self.database, self.policy, settled, now)
            + draw_cards(self.database, self.policy, now)
        )

    def publish(self) -> int:
        """Writes what is due; returns how many items were worked on."""
        count = 0
        while self.policy and publish(
            self.database, self.policy.scorecard, self.policy.revision, self.clients, self.clock
        ):
            count += 1
        return count

    def forget_deliveries(self) -> None:
        """Whatever the tracker told until now is lost."""
        assert self.side.drain()
        self._taken = len(self._listener.received)

    def held(self) -> Mapping[tuple[str, str], FieldValue]:
        """What is left alone, as `status` shows it: (item, field) -> a person's value."""
        with self.database.read() as connection:
            refs = {ref for ref, _, _ in written.held(connection)}
            known = written.on_items(connection, refs)
        return {
            (ref.id, one.field): one.held[0]
            for ref, targets in known.items()
            for one in targets
            if one.held is not None
        }

    def notices(self) -> Sequence[str]:
        """What stands in the way, as `status` shows it."""
        with self.database.read() as connection:
            return [line for _, _, line, _ in applied.shown(connection)]

    def wishes(self, state: str = "wanted") -> Sequence[Wish]:
        with self.database.read() as connection:
            return outbox.wishes(connection, state)

    def replay(self) -> None:
        """As `okrlink replay` does for writes."""
        with self.database.write() as connection:
            outbox.replay(connection, self.clock())

    def ref(self, item: str) -> ItemRef:
        return ItemRef(self.side.name, item)

    def close(self) -> None:
        self._listener.__exit__()
        self.side.close()


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
