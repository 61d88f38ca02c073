"""The example of two services counts three numbers by hand; these come of it, and the rest is as its rules say."""

import json
from pathlib import Path
from typing import Any

import pytest

import mappings
from tests.webhooks.typing_commands import run

EXAMPLES = Path(mappings.__file__).parent / "examples"
COMMAND = "okrlink kpis --facts services.jsonl --mapping services.yaml --as-of 2026-11-30"
EXPLAINED = COMMAND.replace("kpis", "kpis failure-rate --explain", 1)


@pytest.fixture(autouse=True)
def _beside_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)


def told(command: str, *words: str) -> dict[str, dict[str, Any]]:
    result = run(*command.split()[1:], "--json", *words)
    assert result.exit_code == 0, result.stderr
    return {one["kpi"]: one for one in json.loads(result.stdout)["kpis"]}


def test_the_numbers_counted_by_hand_come_of_it() -> None:
    head = (EXAMPLES / "services.yaml").read_text(encoding="utf-8")
    measured = told(COMMAND)

    assert COMMAND in head
    assert EXPLAINED in head
    for name, value, unit in (("failure-rate", 40, "%"), ("lead-time", 24, "h"), ("answered-in-time", 50, "%")):
        assert f"# - {name} is {value} {unit}. " in head
        assert (measured[name]["decimal"], measured[name]["unit"]) == (value, unit)


def test_the_deployments_named_in_the_head_are_those_that_count() -> None:
    counted = {fact["fact"]: fact["decimal"] for fact in told(EXPLAINED)["failure-rate"]["counted_facts"]}

    assert {name for name, value in counted.items() if value} == {"b2", "b3", "b6", "g2"}
    assert counted.keys() == {"g1", "g2", "g3", *(f"b{number}" for number in range(1, 8))}


def test_bounds_bands_and_unknowns_are_told_beside_the_numbers() -> None:
    measured = told(COMMAND)

    assert (measured["frequency"]["decimal"], measured["frequency"]["bands_from"]) == (2.25, "DORA 2024")
    assert measured["small-steps"]["decimal"] == 1.1
    assert (measured["restore"]["decimal"], measured["happiness"]["decimal"]) == (23.5, 7.2)
    assert measured["cycle-time"]["decimal"] is None
    assert "nothing of work items" in measured["cycle-time"]["reason"]


def test_the_mapping_guards_and_measures_its_objective() -> None:
    loaded = mappings.load(EXAMPLES / "services.yaml")
    (objective,) = loaded.scorecard.objectives

    assert loaded.warnings == ()
    assert objective.guardrails == ("failure-rate", "happiness")
    assert told(COMMAND)["safe-and-soon.faster"]["decimal"] == 48
