"""Keeps child processes running: starts them, starts them again when they die, ends them, and never outlives them."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a child is started again: doubled each time it dies young."""
GROWN_UP = 30.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Child:
    """A process of ours. Its stdin is a pipe that closes with us: that is how it notices that we are gone."""

    name: str
    command: Sequence[str]
    patience: float
    """Seconds it may take to end."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float | None = None
    """When it shall be started again; None while it runs."""
    pause: float = FIRST_PAUSE


class Supervisor:
    """Runs until SIGTERM or SIGINT. Meanwhile `idle` is called every second and `hang_up` at SIGHUP, if there is one."""

    def __init__(
        self,
        children: Sequence[Child],
        environment: Mapping[str, str],
        *,
        idle: Callable[[], None] = lambda: None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        self._children = children
        self._environment = environment
        self._idle = idle
        self._hang_up = hang_up
        # Signal handlers and threads only put here; all else happens in `run`.
        self._events: SimpleQueue[Child | signal.Signals] = SimpleQueue()

    def run(self) -> None:
        """Returns when all children have ended, in the order in which they were given."""
        told = [signal.SIGTERM, signal.SIGINT] + ([signal.SIGHUP] if self._hang_up else [])
        before = {number: signal.signal(number, self._note) for number in told}
        try:
            for child in self._children:
                self._start(child)
            self._watch()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for child in self._children:
                _end(child)

    def _note(self, number: int, _frame: object) -> None:
        self._events.put(signal.Signals(number))

    def _watch(self) -> None:
        while True:
            self._start_due()
            try:
                event = self._events.get(timeout=1.0)
            except Empty:
                self._idle()
                continue
            if isinstance(event, Child):
                self._bury(event)
            elif event is signal.SIGHUP and self._hang_up is not None:
                self._hang_up()
            else:
                return

    def _start(self, child: Child) -> None:
        # A group of its own: Ctrl-C reaches us only, and we end the children in order.
        child.process = process = subprocess.Popen(  # noqa: S603 - our own command
            child.command, stdin=subprocess.PIPE, env=self._environment, process_group=0
        )
        child.started_at, child.due_at = time.monotonic(), None

        def wait() -> None:
            process.wait()
            self._events.put(child)

        threading.Thread(target=wait, name=f"waits for {child.name}", daemon=True).start()

    def _start_due(self) -> None:
        for child in self._children:
            if child.due_at is not None and time.monotonic() >= child.due_at:
                self._start(child)

    def _bury(self, child: Child) -> None:
        now = time.monotonic()
        if now - child.started_at >= GROWN_UP:
            child.pause = FIRST_PAUSE
        status = child.process.returncode if child.process else None
        log.error("the %s ended (status %s); it is started again in %.1f s", child.name, status, child.pause)
        child.due_at = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)


def _end(child: Child) -> None:
    process = child.process
    if process is None:
        return
    process.terminate()
    try:
        process.wait(child.patience)
    except subprocess.TimeoutExpired:
        log.error("the %s does not end and is killed", child.name)  # noqa: TRY400 - a traceback says nothing here
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
