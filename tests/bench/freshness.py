"""From webhook to field: twenty quiet items a second, on the embedded default, with a tracker that takes every write."""

import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from tests.bench.stage import Stage, staged

ITEMS = 200
PER_SECOND = 20
PATIENCE = 30.0
"""Seconds that count for a field that was not seen to change at all."""
OBJECTIVES = "objectives:\n  checkout:\n    title: Buying takes a minute\n    key_results:\n" + "".join(
    f"      part-{n}: {{title: Part {n}, work: items}}\n" for n in range(ITEMS)
)


def measure() -> Iterator[tuple[str, float]]:
    with staged(OBJECTIVES) as stage:
        epics: list[str] = []
        stories: list[str] = []

        def plan() -> None:
            for n in range(ITEMS):
                epics.append(stage.jira.create_issue("SHOP", "Epic", f"Part {n}", {"labels": [f"kr:part-{n}"]}).key)
                stories.append(stage.jira.create_issue("SHOP", "Story", f"Step {n}", {"parent": epics[-1]}).key)

        stage.post(stage.told(plan))
        stage.grow_quiet()
        # Only now: whatever is read from the tracker before would tell of it already.
        done = [stage.told(lambda key=key: stage.jira.transition(key, "Done") and None)[-1] for key in stories]  # type: ignore[misc]
        stage.hear_echoes()
        waits = sorted(played(stage, epics, done))
        late = sum(wait >= PATIENCE for wait in waits)
        print(f"  {ITEMS - late} of {ITEMS} fields changed in time", file=sys.stderr)
        yield "freshness.p50_s", statistics.median(waits)
        yield "freshness.p99_s", waits[int(len(waits) * 0.99)]


def played(stage: Stage, epics: Sequence[str], bodies: Sequence[bytes]) -> Sequence[float]:
    """Seconds from the start of each delivery until its epic shows 100."""
    keys = {stage.jira.site.issue(epic).id: epic for epic in epics}
    began: dict[str, float] = {}
    waits: dict[str, float] = {}
    stop = threading.Event()

    def look() -> None:
        # Only what was written since the last look: the simulator shares this process's CPU with whoever looks.
        requests = stage.jira.gate.requests
        seen = len(requests)
        while not stop.wait(0.01):
            for write in requests[seen:]:
                seen += 1
                epic = keys.get(write.path.split("/")[5])
                if write.method == "PUT" and epic in began and 100 in ((write.body or {}).get("fields") or {}).values():
                    waits.setdefault(epic, time.monotonic() - began[epic])

    looking = threading.Thread(target=look)
    looking.start()
    start = time.monotonic()
    for number, (epic, body) in enumerate(zip(epics, bodies, strict=True)):
        time.sleep(max(0.0, start + number / PER_SECOND - time.monotonic()))
        began[epic] = time.monotonic()
        stage.post([body])
    deadline = time.monotonic() + PATIENCE
    while len(waits) < len(epics) and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    looking.join()
    return [waits.get(epic, PATIENCE) for epic in epics]
