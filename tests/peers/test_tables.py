"""The tables of other tools, reproduced by their definitions in our language but for the exceptions that are listed."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.peers import devlake, fourkeys, jira_agile_metrics, metrik
from tests.peers.not_reproduced import NOT_REPRODUCED, Different

Figures = Mapping[str, Any]


class Adapter(NamedTuple):
    """What we make of a case's inputs, and what the other tool expects, in the same words."""

    ours: Callable[[Mapping[str, Any]], Figures]
    theirs: Callable[[Mapping[str, Any]], Figures]


ADAPTERS: Mapping[str, Adapter] = {
    "devlake/dashboard": Adapter(devlake.dashboard, devlake.dashboard_expected),
    "devlake/deployment_generator": Adapter(devlake.deployment_generator, devlake.deployment_generator_expected),
    "devlake/issue_status_history": Adapter(devlake.issue_status_history, devlake.issue_status_history_expected),
    "fourkeys/metrics": Adapter(fourkeys.metrics, fourkeys.metrics_expected),
    "fourkeys/timestamp_spellings": Adapter(fourkeys.timestamp_spellings, fourkeys.timestamp_spellings_expected),
    "jira-agile-metrics/issue_cycle_time": Adapter(
        jira_agile_metrics.issue_cycle_time, jira_agile_metrics.issue_cycle_time_expected
    ),
    "metrik/change_failure_rate": Adapter(metrik.change_failure_rate, metrik.change_failure_rate_expected),
    "metrik/deployment_frequency": Adapter(metrik.deployment_frequency, metrik.deployment_frequency_expected),
    "metrik/levels": Adapter(metrik.levels, metrik.levels_expected),
    "metrik/time_to_restore": Adapter(metrik.time_to_restore, metrik.time_to_restore_expected),
}
NOT_OURS = {each.suite for each in NOT_REPRODUCED if not each.cases and not each.figures}
LISTED = [each for each in NOT_REPRODUCED if each.suite not in NOT_OURS]


@pytest.fixture
def tables(corpus: Path) -> Path:
    folder = corpus / "dora"
    if not folder.is_dir():
        pytest.skip("no tables of other tools in the corpus (dora)")
    return folder


def cases_of(tables: Path, suite: str) -> list[Mapping[str, Any]]:
    return list(json.loads((tables / f"{suite}.json").read_text(encoding="utf-8"))["cases"])


def covered(listed: Different, expected: Mapping[str, Figures]) -> Iterator[tuple[str, str]]:
    for case in listed.cases or expected:
        for figure in listed.figures or expected.get(case, ("is not in the table",)):
            yield case, figure


def test_every_table_is_run_or_said_not_to_be_ours(tables: Path) -> None:
    found = {f"{path.parent.name}/{path.stem}" for path in tables.glob("*/*.json")}

    assert found == set(ADAPTERS) | NOT_OURS
    assert NOT_OURS.isdisjoint(ADAPTERS)


@pytest.mark.parametrize("suite", ADAPTERS)
def test_a_table_is_reproduced_but_for_what_is_listed(tables: Path, suite: str) -> None:
    adapter = ADAPTERS[suite]
    cases = cases_of(tables, suite)
    expected = {case["id"]: adapter.theirs(case) for case in cases}
    found = {case["id"]: adapter.ours(case["inputs"]) for case in cases}

    different = {
        (case, figure): (found[case].get(figure), value)
        for case, figures in expected.items()
        for figure, value in figures.items()
        if figure not in found[case] or found[case][figure] != value
    }
    listed = {pair for each in LISTED if each.suite == suite for pair in covered(each, expected)}

    assert {pair: values for pair, values in different.items() if pair not in listed} == {}, (
        "neither the same nor listed"
    )
    assert listed - different.keys() == set(), "listed, but reproduced or not there"


def test_each_difference_is_listed_once_and_says_why() -> None:
    pairs = [(each.suite, case, figure) for each in LISTED for case in each.cases for figure in each.figures or ("",)]

    assert len(pairs) == len(set(pairs))
    assert all(len(each.reason) > 40 for each in NOT_REPRODUCED)
    assert {each.suite for each in LISTED} <= set(ADAPTERS)
