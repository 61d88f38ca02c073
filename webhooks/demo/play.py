"""Plays the story: at the pace of the demo's clock for people who watch, or at once for programs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime

from webhooks.demo.stage import Stage
from webhooks.demo.story import EDIT, END, QUARTER, Act, story

PLANNING = 0.06
"""The share of the time that the week of planning takes."""


def play(stage: Stage, seconds: float, stop: threading.Event) -> None:
    """The quarter in so many seconds; ends early when `stop` is set."""
    acts = story()
    for first, last, share in ((acts[0].at, QUARTER, PLANNING), (QUARTER, END, 1 - PLANNING)):
        stage.clock.run(last, seconds * share)
        for act in acts:
            if first <= act.at < last:
                if stop.wait(stage.clock.seconds_until(act.at)):
                    return
                _do(stage, act)
        if stop.wait(stage.clock.seconds_until(last)):
            return
        # The quarter begins when okrlink knows its scope, which growth is told from.
        stage.settle(stop)
    stage.over = not stop.is_set()


def play_at_once(stage: Stage, stop: threading.Event) -> None:
    """The same, as fast as it can. Comes to rest wherever a later act builds on what okrlink has done by then."""
    acts = story()
    since = acts[0].at
    for until in (QUARTER, EDIT, END):
        _do_all(stage, (act for act in acts if since <= act.at < until), until, stop)
        since = until
    stage.over = not stop.is_set()


def _do_all(stage: Stage, acts: Iterable[Act], until: datetime, stop: threading.Event) -> None:
    for act in acts:
        if stop.is_set():
            return
        _do(stage, act)
    stage.clock.jump(until)
    stage.settle(stop)


def _do(stage: Stage, act: Act) -> None:
    stage.clock.jump(act.at)
    stage.told.append((act.at, act.do(stage.company)))
