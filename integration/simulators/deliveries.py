"""The webhook sender: delivers, retries, and on request loses, repeats and reorders, as networks and vendors do.

    deliveries = Deliveries(retry_on=JIRA_RETRIES, back_off=0.05)
    deliveries.send(Delivery("jira:issue_updated", url, headers, body))
    deliveries.drop(0.1)                # of what is sent from now on
    assert deliveries.drain(timeout=5)
    assert deliveries.counts["delivered"] == 1

It knows nothing of either vendor: who signs, and what a refusal means for later events, is the simulator's.
"""

import heapq
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import requests

# What each vendor tries again; every other refusal is final. Unreachable is retried by both.
JIRA_RETRIES = frozenset({408, 409, 425, 429, *range(500, 600)})  # [doc]
AZURE_DEVOPS_RETRIES = frozenset({408, 502, 503, 504})  # [doc]

Outcome = Literal["delivered", "retrying", "refused", "given up", "dropped"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook to one address. `retry_header`, where given, carries the number of the retry (from 1)."""

    event: str
    url: str
    headers: Mapping[str, str] = field(repr=False)  # may hold credentials
    body: bytes = field(repr=False)
    retry_header: str | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt in the log. `status` is None when nobody answered; a dropped delivery was never attempted."""

    event: str
    url: str
    outcome: Outcome
    status: int | None
    attempt: int


class Deliveries:
    """A queue and its threads. With one thread (the default) deliveries arrive in order unless told otherwise.

    `back_off` seconds are doubled with each retry, up to `retries` times. `on_outcome` hears of every attempt, in the
    sending thread: the place for a vendor's probation rules.
    """

    def __init__(
        self,
        *,
        threads: int = 1,
        retry_on: Collection[int] = JIRA_RETRIES,
        retries: int = 5,  # [doc] Jira
        back_off: float = 0.05,
        timeout: float = 20.0,  # [3p] Jira's patience
        seed: int = 0,
        on_outcome: Callable[[Delivery, Sent], None] | None = None,
    ) -> None:
        self._retry_on = frozenset(retry_on)
        self._retries = retries
        self._back_off = back_off
        self._timeout = timeout
        self._random = random.Random(seed)
        self._on_outcome = on_outcome
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Delivery]] = []
        self._sequence = itertools.count()
        self._held: list[Delivery] = []
        self._held_since = 0.0
        self._in_flight = 0
        self._drop = self._repeat = 0.0
        self._window, self._hold = 0, 0.0
        self._paused = self._closed = False
        self._log: list[Sent] = []
        self._threads = [
            threading.Thread(target=self._run, name=f"deliveries:{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, delivery: Delivery) -> None:
        """Queues it and returns at once; here chance decides whether it is lost or doubled."""
        with self._changed:
            if self._random.random() < self._drop:
                self._log.append(Sent(delivery.event, delivery.url, "dropped", None, 0))
                return
            copies = 2 if self._random.random() < self._repeat else 1
            for _ in range(copies):
                if self._window:
                    self._hold_back(delivery)
                else:
                    self._enqueue(delivery)
            self._changed.notify_all()

    def drop(self, share: float) -> None:
        """From now on this share of deliveries is lost without a trace but in the log."""
        with self._changed:
            self._drop = share

    def repeat(self, share: float) -> None:
        """From now on this share of deliveries is made twice, with the same headers and body."""
        with self._changed:
            self._repeat = share

    def reorder(self, window: int, *, hold: float = 0.2) -> None:
        """From now on deliveries wait for `window` of them, or `hold` seconds, and go shuffled. 0 ends it."""
        with self._changed:
            self._window, self._hold = window, hold
            if not window:
                self._shuffle_out()
            self._changed.notify_all()

    def pause(self) -> None:
        """Nothing leaves until `resume()`; what is sent meanwhile waits."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """What waited goes out."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    @property
    def pending(self) -> int:
        """How many are queued, held back, waiting for a retry or under way."""
        with self._changed:
            return self._count_pending()

    @property
    def log(self) -> list[Sent]:
        """Every attempt and every loss, oldest first."""
        with self._changed:
            return list(self._log)

    @property
    def counts(self) -> Counter[str]:
        """How often each outcome occurred."""
        return Counter(sent.outcome for sent in self.log)

    def state(self) -> dict[str, Any]:
        """Counts, log and how many are pending, for JSON."""
        return {"pending": self.pending, "counts": self.counts, "log": [asdict(sent) for sent in self.log]}

    def drain(self, timeout: float = 10.0) -> bool:
        """Waits until nothing is pending, and says whether that came to pass. While paused it cannot."""
        with self._changed:
            self._shuffle_out()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._count_pending(), timeout)

    def close(self) -> None:
        """Forgets what is pending and ends the threads, after the requests under way. Closing twice is harmless."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._held.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(self._timeout)

    def _count_pending(self) -> int:
        return len(self._due) + len(self._held) + self._in_flight

    def _enqueue(self, delivery: Delivery, delay: float = 0.0) -> None:
        heapq.heappush(self._due, (time.monotonic() + delay, next(self._sequence), delivery))

    def _hold_back(self, delivery: Delivery) -> None:
        if not self._held:
            self._held_since = time.monotonic()
        self._held.append(delivery)
        if len(self._held) >= self._window:
            self._shuffle_out()

    def _shuffle_out(self) -> None:
        self._random.shuffle(self._held)
        for delivery in self._held:
            self._enqueue(delivery)
        self._held.clear()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # loopback needs no proxy
            while (delivery := self._next()) is not None:
                status = self._post(session, delivery)
                self._settle(delivery, status)

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if self._held and now >= self._held_since + self._hold:
                    self._shuffle_out()
                if self._due and not self._paused and self._due[0][0] <= now:
                    self._in_flight += 1
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._idle(now))
        return None

    def _idle(self, now: float) -> float | None:
        moments = [self._held_since + self._hold] if self._held else []
        if self._due and not self._paused:
            moments.append(self._due[0][0])
        return max(0.0, min(moments) - now) if moments else None

    def _post(self, session: requests.Session, delivery: Delivery) -> int | None:
        headers = dict(delivery.headers)
        if delivery.retry_header and delivery.attempt:
            headers[delivery.retry_header] = str(delivery.attempt)
        try:
            with session.post(
                delivery.url, data=delivery.body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as answer:
                return answer.status_code
        except requests.RequestException:
            return None

    def _settle(self, delivery: Delivery, status: int | None) -> None:
        outcome = self._judge(delivery, status)
        sent = Sent(delivery.event, delivery.url, outcome, status, delivery.attempt)
        if self._on_outcome:
            self._on_outcome(delivery, sent)
        with self._changed:
            self._log.append(sent)
            self._in_flight -= 1
            if outcome == "retrying" and not self._closed:
                delay = self._back_off * 2**delivery.attempt * self._random.uniform(0.7, 1.3)
                self._enqueue(replace(delivery, attempt=delivery.attempt + 1), delay)
            self._changed.notify_all()

    def _judge(self, delivery: Delivery, status: int | None) -> Outcome:
        if status is not None and 200 <= status < 300:
            return "delivered"
        if status is not None and status not in self._retry_on:
            return "refused"
        return "retrying" if delivery.attempt < self._retries else "given up"
