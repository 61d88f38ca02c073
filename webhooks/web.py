"""The web server's process: `python -m webhooks.web HOST PORT PROCESSES`, a child of `okrlink serve`.

Granian starts the server processes; each builds its own application, ends with Granian's main process, which ends with
`okrlink serve`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from webhooks.app import create_app
from webhooks.bootstrap import Service, Settings
from webhooks.logs import set_up_logs
from webhooks.parent import end_with

THREADS = 16
"""Requests at once in one server process. More of them share a commit; still more only crowd the interpreter."""


def load() -> Flask:
    """The application of one server process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with(parent.sentinel)
    set_up_logs()
    return create_app(Service.open(Settings.from_environment(os.environ)))


def main() -> None:
    host, port, processes = sys.argv[1:]
    end_with(sys.stdin.fileno())
    multiprocessing.set_start_method("spawn")  # a fork would share locks and connections with its parent
    Server(
        "webhooks.web:load",
        factory=True,
        address=host,
        port=int(port),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=int(processes),
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    main()
