"""The web server's process: `python -m webhooks.web HOST PORT PROCESSES`, a child of `okrlink serve`.

Granian starts the server processes; each builds its own application, ends with Granian's main process, which ends with
`okrlink serve`.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import sys
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from webhooks.logs import set_up_logs
from webhooks.parent import end_with

if TYPE_CHECKING:
    from flask import Flask

THREADS = 16
"""Requests at once in one server process. More of them share a commit; still more only crowd the interpreter."""


def load() -> Flask:
    """The application of one server process."""
    under_granian()
    set_up_logs()

    from webhooks.app import create_app  # not in Granian's main process, which has no use for it
    from webhooks.bootstrap import Service, Settings

    return create_app(Service.open(Settings.from_environment(os.environ)))


def under_granian() -> None:
    """What each server process begins with: it ends with Granian's main process, and without a last word."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with(parent.sentinel)
    # Granian's threads may still wait for the interpreter when it is taken down, and would then abort the process.
    atexit.register(_leave)


def _leave() -> None:
    logging.shutdown()
    os._exit(0)


def serve(target: str, host: str, port: int, processes: int) -> None:
    """Serves the application that `target` (module:function) returns in each of the processes, until SIGTERM or SIGINT."""
    multiprocessing.set_start_method("spawn")  # a fork would share locks and connections with its parent
    Server(
        target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=processes,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
    ).serve()


def main() -> None:
    host, port, processes = sys.argv[1:]
    end_with(sys.stdin.fileno())
    serve("webhooks.web:load", host, int(port), int(processes))


if __name__ == "__main__":
    main()
