"""A process that outlives the one that started it would hold our port, or work on a database that others now have.

So each of ours holds something that the kernel closes when its parent ends, however it ends: even `kill -9` of the
parent is seen at once.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time

GRACE = 10.0
"""Seconds for what is under way after the parent is gone."""


def end_with(descriptor: int) -> None:
    """From now on this process ends, politely and then not, once `descriptor` reads as closed."""
    threading.Thread(target=_watch, args=(descriptor,), name="parent watch", daemon=True).start()


def _watch(descriptor: int) -> None:
    select.select([descriptor], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
