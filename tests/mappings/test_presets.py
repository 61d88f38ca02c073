"""The presets: each is a KPI without a mistake, and says what it means, also at the edges."""

import re

import pytest

import mappings
from integration.core.kpi.language import Between, Kpi, Rate, Ratio, Share
from mappings.kpis.kinds import of_value
from mappings.kpis.resolved import of_preset
from mappings.presets import presets

PROMISED = {
    "dora": "deployment-frequency lead-time change-failure-rate recovery-time rework-rate time-to-restore",
    "flow": "throughput cycle-time wip age time-in-status",
    "sla": "time-to-respond time-to-plan time-to-resolve",
    "quality": "test-pass-rate defect-density bug-resolution-time escaped-defects build-success-rate",
    "devlake": "deployment-frequency lead-time change-failure-rate recovery-time time-to-restore",
    "fourkeys": "deployment-frequency lead-time change-failure-rate time-to-restore",
    "gitlab": "deployment-frequency lead-time change-failure-rate time-to-restore",
    "metrik": "deployment-frequency lead-time change-failure-rate time-to-restore",
    "middleware": "deployment-frequency lead-time change-failure-rate time-to-restore",
}
NAMES = sorted(presets())

EDGES = {
    "reopened": r"reopened",
    "moved": r"moved",
    "deleted": r"[Dd]elet",
    "redeployed": r"redeploy|attempt",
    "failed": r"[Ff]ailed|[Ff]ailure",
    "cancelled": r"cancelled|[Cc]ancelled",
    "several environments": r"other environments",
    "incidents without deployment": r"[Ii]ncidents without a deployment|blamed on no deployment|whether or not|that people report",
    "deployments without changes": r"without changes|no change",
    "clock skew": r"clock skew",
}
"""Edge rule -> how a description speaks of it."""


def streams(kpi: Kpi) -> set[str]:
    sides = [getattr(kpi.measure, name, None) for name in ("side", "above", "below")]
    return {side.stream for side in (*sides, kpi.measure) if hasattr(side, "stream")}


def concerned(kpi: Kpi) -> list[str]:
    """The edges that matter to a KPI, by the facts that it counts."""
    edges: list[str] = []
    if "deployments" in streams(kpi) and kpi.name != "dora/recovery-time":
        edges += ["cancelled", "several environments"]
    if "changes" in streams(kpi):
        edges += ["redeployed", "failed", "several environments"]
    if streams(kpi) & {"items", "stays"} or (streams(kpi) == {"incidents"} and not kpi.name.startswith("metrik/")):
        edges += ["moved", "deleted"] + ([] if kpi.name == "flow/age" else ["reopened"])
    if kpi.name.endswith("change-failure-rate"):
        edges += ["incidents without deployment", "deployments without changes"]
    if isinstance(kpi.measure, Between) and not kpi.name.startswith("metrik/"):
        edges.append("clock skew")
    return edges


def test_every_preset_that_is_promised_is_there_and_no_other() -> None:
    assert sorted(f"{school}/{name}" for school, names in PROMISED.items() for name in names.split()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_used_without_a_mistake_or_advice(name: str) -> None:
    text = f"kpis: {{mine: {{use: {name}, review: monthly}}}}"

    loaded = mappings.load_texts({"okr.yaml": text}, "okr.yaml")

    assert loaded.warnings == ()
    mine, preset = loaded.scorecard.kpis["mine"], of_preset(name)
    assert (mine.measure, mine.aggregate, mine.window, mine.bands) == (
        preset.measure,
        preset.aggregate,
        preset.window,
        preset.bands,
    )
    assert (mine.preset, mine.title) == (name, "mine")


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_what_people_must_know(name: str) -> None:
    kpi = of_preset(name)

    assert kpi.title
    assert kpi.description.endswith(".")
    assert kpi.better
    assert kpi.kind
    assert kpi.indicator
    assert kpi.source
    assert kpi.unit or isinstance(kpi.measure, Rate | Share)
    assert presets()[name].unit, "said also where the measure suggests it, for whoever reads the file"


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_has_a_sentence_for_each_edge_that_concerns_it(name: str) -> None:
    kpi = of_preset(name)

    assert [edge for edge in concerned(kpi) if not re.search(EDGES[edge], kpi.description)] == []


def test_presets_stay_what_the_language_says() -> None:
    """Some by hand, word by word from the language's own list."""
    kinds = {name: of_value(of_preset(name).measure, of_preset(name).aggregate) for name in NAMES}

    assert {name for name, kind in kinds.items() if kind == "rate"} == {
        "dora/deployment-frequency",
        "flow/throughput",
        "gitlab/deployment-frequency",
        "metrik/deployment-frequency",
    }
    assert {name for name, kind in kinds.items() if kind == "ratio"} == {
        "gitlab/change-failure-rate",
        "quality/defect-density",
        "quality/test-pass-rate",
    }
    assert isinstance(of_preset("quality/defect-density").measure, Ratio)
    assert of_preset("devlake/recovery-time").nearest
    assert of_preset("fourkeys/lead-time").week_starts == 6
    assert [band.label for band in of_preset("devlake/deployment-frequency").bands] == [
        "elite",
        "high",
        "medium",
        "low",
    ]
    assert of_preset("devlake/deployment-frequency").bands_from == "DevLake 2023"
    assert of_preset("metrik/time-to-restore").decimals == 2
    assert of_preset("dora/time-to-restore").source == "MTTR, DORA until 2022"


def test_owners_and_bounds_are_for_a_team_to_say() -> None:
    assert {(keys.owner, keys.target, keys.keep) for keys in presets().values()} == {(None, None, None)}
