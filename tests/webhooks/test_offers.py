"""What names of versions, stages, types and labels are taken for."""

import pytest

from integration.core.examination import Sighting
from webhooks.cli.offers import MOST_OFFERED, candidates, of_deployments, of_incidents


def said(*sightings: Sighting) -> list[tuple[str, int, bool]]:
    return [(offer.words, offer.times, offer.likely) for offer in of_deployments(sightings)]


@pytest.mark.parametrize(
    ("versions", "pattern"),
    [
        (["Shop 4.1", "Shop 4.2"], "Shop *"),
        (["v1", "v2.0-rc1"], "v*"),
        (["2026.11"], "*"),
        (["Autumn"], "*"),
        (["/v1"], "*"),
        (["a*1", "b,1", "c?1"], "*"),
    ],
)
def test_versions_are_told_by_what_their_names_begin_with(versions: list[str], pattern: str) -> None:
    assert said(*(Sighting("version", name) for name in versions)) == [(f"version {pattern}", len(versions), True)]


@pytest.mark.parametrize("stage", ["Production", "PROD", "prod-eu", "Deploy_prd", "Live"])
def test_a_stage_that_is_named_like_production_is_likely(stage: str) -> None:
    assert said(Sighting("pipeline", "Shop", stage, 3)) == [(f"pipeline Shop / {stage}", 3, True)]


@pytest.mark.parametrize("stage", ["Pre-Prod", "preprod", "non-prod", "Products", "delivery", "Test"])
def test_another_stage_is_not(stage: str) -> None:
    assert said(Sighting("pipeline", "Shop", stage)) == []
    assert said(Sighting("release pipeline", "Shop", stage)) == [(f"release Shop / {stage}", 1, False)]


def test_a_pipeline_that_deploys_is_likely_where_nothing_is_likelier() -> None:
    deploying = Sighting("pipeline", "Shop deploy", times=9)

    assert said(deploying, Sighting("pipeline", "Shop CI")) == [("pipeline Shop deploy", 9, True)]
    assert said(deploying, Sighting("pipeline", "Pay", "Live"))[-1] == ("pipeline Shop deploy", 9, False)
    assert said(deploying, Sighting("pipeline", "Shop deploy", "Live", 9)) == [("pipeline Shop deploy / Live", 9, True)]


def test_no_more_is_offered_than_somebody_reads() -> None:
    assert len(said(*(Sighting("version", f"App{letter} 1") for letter in "abcdefghijklmnop"))) == MOST_OFFERED


def test_bugs_are_offered_and_not_likely() -> None:
    wanted = candidates(["Story", "Bug", "Incident", "Debugging"], ["prod-bug", "bugfix", "outage", "shop"])
    offers = of_incidents({one: times for times, one in enumerate(wanted, start=1)})

    assert wanted == [("type", "Incident"), ("label", "prod-bug"), ("label", "outage"), ("type", "Bug")]
    assert [(offer.words, offer.likely) for offer in offers] == [
        ("label outage", True),
        ("label prod-bug", True),
        ("type Incident", True),
        ("type Bug", False),
    ]
