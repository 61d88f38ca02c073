"""Each `<event>__<variant>.json` is a delivery in the shape that Azure DevOps sends; the `.events.json` beside it is what it says.

Reading a pair teaches the vendor. Facts leave out what is None, and that they are exact.
"""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.core.facts import TrackerFact
from integration.trackers.azure_devops import HANDLERS, IGNORED, TRACKER

HERE = Path(__file__).parent
RECEIVED = datetime(2026, 11, 1, 12, tzinfo=UTC)
BODIES = sorted(path for path in HERE.glob("*.json") if not path.name.endswith(".events.json"))


def as_json(fact: TrackerFact) -> dict[str, Any]:
    said = {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
    if said["exact"]:
        del said["exact"]
    readable = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}
    return {"kind": fact.kind} | {name: value for name, value in readable.items() if value is not None}


def explained(path: Path) -> dict[str, Any]:
    translation = TRACKER.translate(json.loads(path.read_bytes()), RECEIVED)
    facts = [as_json(fact) for fact in translation.facts]
    said = {"event": translation.event, "items": translation.items, "ignored": translation.ignored, "facts": facts}
    return json.loads(json.dumps(said))


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_a_body_says_what_stands_beside_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".events.json").read_bytes())

    assert explained(path) == expected


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_no_fact_names_anybody_or_quotes_them(path: Path) -> None:
    told = json.dumps(explained(path))

    for private in ("bookshop.example", "Dana", "Rex", "Nobody outside", "Looks good", "token="):
        assert private not in told


def test_every_kind_that_is_translated_has_a_pair() -> None:
    assert {path.stem.partition("__")[0] for path in BODIES} - set(IGNORED) == set(HANDLERS)
