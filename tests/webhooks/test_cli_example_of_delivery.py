"""The example of delivery says what comes of it, counted by hand, and that comes of it."""

import json
from pathlib import Path

import mappings
from tests.webhooks.typing_commands import run

EXAMPLES = Path(mappings.__file__).parent / "examples"
COMMAND = "okrlink kpis --facts delivery.jsonl --mapping delivery.yaml --as-of 2026-10-25"


def told(*words: str) -> dict[str, tuple[float, str, str]]:
    """Value to two digits, unit, and band with whose it is."""
    result = run(*COMMAND.split()[1:], "--json", *words)
    assert result.exit_code == 0, result.stderr
    return {
        one["kpi"]: (round(one["decimal"], 2), one["unit"], f"{one['band']} ({one['bands_from']})")
        for one in json.loads(result.stdout)["kpis"]
    }


def test_what_the_example_counts_by_hand_is_what_is_measured(monkeypatch) -> None:
    monkeypatch.chdir(EXAMPLES)

    assert COMMAND in (EXAMPLES / "delivery.yaml").read_text()
    assert told() == {
        "frequency": (1.33, "/ week", "high (DORA 2024)"),
        "lead-time": (36, "h", "high (DORA 2024)"),
        "failure-rate": (60, "%", "low (DORA 2024)"),
        "recovery": (4, "h", "high or medium (DORA 2024)"),
        "frequency-as-before": (1, "days per week", "high (DevLake 2023)"),
        "lead-time-as-before": (24, "h", "high (DevLake 2023)"),
        "failure-rate-as-before": (50, "%", "low (DevLake 2023)"),
    }
