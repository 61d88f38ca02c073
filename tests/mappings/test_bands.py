"""Bands that were published: switched on by their name alone, and shown by it."""

from datetime import UTC, datetime, timedelta

import pytest

import mappings
from integration.core.delivery.facts import Deployment
from integration.core.kpi.language import Kpi
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known
from mappings.bands import reports
from mappings.presets import presets

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def kpis(text: str) -> dict[str, Kpi]:
    return dict(mappings.load_texts({"okr.yaml": text}, "okr.yaml").scorecard.kpis)


def labels(kpi: Kpi) -> list[str]:
    return [band.label for band in kpi.bands]


@pytest.mark.parametrize(("report", "preset"), [(name, preset) for name, of in reports().items() for preset in of])
def test_what_a_report_has_for_a_preset_is_switched_on_by_its_name(report: str, preset: str) -> None:
    loaded = mappings.load_texts(
        {"okr.yaml": f"kpis: {{mine: {{use: {preset}, bands: {{from: {report}}}, review: monthly}}}}"}, "okr.yaml"
    )

    mine = loaded.scorecard.kpis["mine"]
    assert loaded.warnings == ()
    assert preset in presets()
    assert mine.bands_from == report
    assert [band.bound is None for band in mine.bands] == [False] * (len(mine.bands) - 1) + [True], (
        "no value without a band"
    )


def test_every_report_says_its_year() -> None:
    assert all(name.rpartition(" ")[2].isdecimal() for name in reports())


def test_said_among_the_defaults_they_are_of_every_kpi_that_has_any() -> None:
    found = kpis("""
kpis:
  defaults: {bands: {from: dora 2024}, review: monthly}
  lead-time: {use: dora/lead-time}
  failures: {use: dora/change-failure-rate}
  wip: {use: flow/wip}
  recovery: {use: devlake/recovery-time}
""")

    assert labels(found["lead-time"]) == ["elite", "high", "medium", "low"]
    assert labels(found["failures"]) == ["elite", "medium", "high", "low"]
    assert labels(found["wip"]) == []
    assert {found[name].bands_from for name in ("lead-time", "failures")} == {"DORA 2024"}
    assert (found["wip"].bands_from, found["recovery"].bands_from) == ("", "DevLake 2023")


def test_bands_of_ones_own_are_taken_as_they_are_said() -> None:
    [kpi] = kpis(
        'kpis: {lead-time: {use: dora/lead-time, bands: {from: DORA 2024, good: "<= 2 days", bad: else}}}'
    ).values()

    assert (labels(kpi), kpi.bands_from) == (["good", "bad"], "DORA 2024")


@pytest.mark.parametrize(("deployments", "band"), [(0, "low"), (1, "medium"), (4, "high"), (28, "high"), (29, "elite")])
def test_a_value_has_the_band_that_it_falls_into(deployments: int, band: str) -> None:
    """In 28 days; none at all is known, and low."""
    [kpi] = kpis("kpis: {mine: {use: dora/deployment-frequency, bands: {from: DORA 2023}}}").values()
    facts = [
        Deployment(
            id=str(number),
            moments={"finished": (NOW - timedelta(hours=number + 1),)},
            fields={"result": "success", "production": True},
        )
        for number in range(deployments)
    ]

    assert measure(kpi, Known.of(facts), NOW).band == band


def test_unknown_has_no_band() -> None:
    [kpi] = kpis("kpis: {mine: {use: dora/change-failure-rate, bands: {from: DORA 2023}}}").values()

    assert (measure(kpi, Known.of([]), NOW).value, measure(kpi, Known.of([]), NOW).band) == (None, "")
