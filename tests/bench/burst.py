"""A thousand updates under one key result within a second: how often it is measured, and how often its epic is written."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence

from tests.bench.stage import Stage, staged
from tests.living import OBJECTIVES

STORIES = 1000
KEY_RESULT = "checkout.built"


def measure() -> Iterator[tuple[str, float]]:
    with staged(OBJECTIVES) as stage:
        made: list[str] = []

        def plan() -> None:
            epic = stage.jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
            stories = [
                stage.jira.create_issue("SHOP", "Story", f"Step {n}", {"parent": epic.key}) for n in range(STORIES)
            ]
            made.extend([epic.key, *(story.key for story in stories)])

        planned = stage.told(plan)
        done = stage.told(lambda: [stage.jira.transition(key, "Done") for key in made[1:]] and None)
        stage.hear_echoes()
        stage.post(planned)
        stage.grow_quiet()
        measurements, writes, posting = burst(stage, made[0], done)
        print(f"  {STORIES} updates posted in {posting:.2f} s", file=sys.stderr)
        yield "burst.measurements", measurements
        yield "burst.writes_per_field", writes


def burst(stage: Stage, epic: str, bodies: Sequence[bytes]) -> tuple[int, int, float]:
    """Measurements, writes of the epic's most written field, and the seconds that posting took.

    Looking every few milliseconds sees every measurement: they are at least 0.3 s apart.
    """
    before = writes_of(stage, epic)
    seen, stop = [stage.measured(KEY_RESULT)], threading.Event()

    def look() -> None:
        while not stop.wait(0.005):
            if (at := stage.measured(KEY_RESULT)) != seen[-1]:
                seen.append(at)

    looking = threading.Thread(target=look)
    looking.start()
    started = time.monotonic()
    stage.post(bodies)
    posting = time.monotonic() - started
    stage.settle()
    time.sleep(1.5)  # what settled may still be on its way to the tracker, and its echo back
    stage.settle()
    stop.set()
    looking.join()
    return len(seen) - 1, writes_of(stage, epic) - before, posting


def writes_of(stage: Stage, epic: str) -> int:
    """How often okrlink gave the epic's progress another value."""
    history = stage.jira.site.issue(epic).history
    return sum(change.name == "KR Progress" for entry in history for change in entry.changes)
