"""What the peers are reported to get wrong: each with the rule that decides it here."""

from integration.core.kpi.language import Count, Now, Rate
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known, LeftOut, Sample
from tests.core.kpi.sentences import (
    BAD,
    CYCLE,
    DAY,
    FAILURE_RATE,
    FREQUENCY,
    LEAD_TIME,
    NOW,
    RECOVERY,
    RESTORE,
    WIP,
    ago,
    at,
    between,
    change,
    deployment,
    incident,
    item,
    kpi,
    measured,
    state,
    where,
)


def test_a_redeployed_change_counts_when_it_was_deployed_first():
    again = change("1", NOW - 33 * DAY, (NOW - 31 * DAY, ago(1)))

    assert measured(kpi(LEAD_TIME), [again]) == "unknown: no change deployed in 28 days"
    assert measured(kpi(between("first commit", "last deployed", "changes")), [again]) == "791 h"


def test_a_change_without_commits_begins_with_its_work():
    assert measured(kpi(LEAD_TIME), [change("1", None, ago(1), when={"started": ago(4)})]) == "3 h"


def test_a_change_of_no_deployment_is_told_and_not_counted():
    told = measure(kpi(LEAD_TIME), Known.of([change("1", ago(9), None), change("2", ago(4), ago(1))]), NOW)

    assert (told.value, told.samples) == (3, 1)
    assert told.left_out == [LeftOut("1", "not yet deployed")]


def test_a_deployment_before_its_commit_is_clock_skew():
    told = measure(kpi(LEAD_TIME), Known.of([change("1", ago(1), ago(2)), change("2", ago(4), ago(1))]), NOW)

    assert (told.value, told.left_out) == (3, [LeftOut("1", "ends before it starts (clock skew)")])


def test_a_failed_deployment_is_no_deployment_a_week_but_one_below_the_line():
    facts = [deployment("1", ago(1), "failed"), *(deployment(str(n), ago(n)) for n in range(2, 5))]

    assert measured(kpi(FREQUENCY), facts) == "0.75 / week"
    assert measured(kpi(FAILURE_RATE), facts) == "25 %"


def test_a_deployment_that_has_not_finished_is_none():
    assert measured(kpi(FREQUENCY), [deployment("1", None, started=ago(1))]) == "0 / week"


def test_one_deployment_blamed_thrice_failed_once():
    facts = [deployment("1", ago(1), "failed", incidents=3, rolled_back=True), deployment("2", ago(2))]

    assert measured(kpi(FAILURE_RATE), facts) == "50 %"


def test_an_incident_of_no_deployment_is_restored_all_the_same():
    assert measured(kpi(RESTORE), [incident("1", ago(3), ago(1))]) == "2 h"
    assert measured(kpi(FAILURE_RATE), [incident("1", ago(3), ago(1)), deployment("1", ago(4))]) == "0 %"


def test_a_deployment_without_changes_is_a_deployment():
    assert measured(kpi(FREQUENCY), [deployment("1", ago(1), changes=0)]) == "0.25 / week"
    assert measured(kpi(Rate(Count(stream="deployments", where=where(changes=">= 1")), "week")), [deployment("1", ago(1), changes=0)]) == "0 / week"  # fmt: skip


def test_a_later_incident_does_not_change_what_was():
    blamed = deployment("1", NOW - 3 * DAY, history={"incidents": ((NOW - 2 * DAY, 0), (NOW - DAY, 1))})
    of = kpi(FAILURE_RATE)

    assert measured(of, [blamed], NOW - 2 * DAY) == "0 %"
    assert measured(of, [blamed], NOW) == "100 %"


def test_recovery_counts_in_the_window_in_which_it_came():
    old = deployment("1", NOW - 40 * DAY, "failed", recovered=NOW - 39 * DAY)
    late = deployment("2", NOW - 30 * DAY, "failed", recovered=ago(24))

    assert measured(kpi(RECOVERY), [old, late]) == "696 h"


def test_several_environments_are_production_only():
    facts = [deployment("1", ago(1)), deployment("2", ago(2), production=False, environment="staging")]

    assert measured(kpi(Count(stream="deployments")), facts) == "1"
    assert measured(kpi(Count(stream="deployments", where=BAD)), facts) == "0"


def test_an_item_reopened_is_in_progress_again():
    again = item(
        "1",
        {"created": ago(500), "started": ago(400), "done": ago(200)},
        undone={"done": [ago(100)]},
        history={"state": ((ago(400), "in progress"), (ago(200), "done"), (ago(100), "in progress"))},
    )

    assert measured(kpi(CYCLE), [again]) == "unknown: no item done in 28 days; 1 not yet done"
    assert measured(kpi(CYCLE), [again], ago(150)) == "200 h"
    assert [measured(kpi(WIP, window=Now()), [again], when) for when in (ago(300), ago(150), NOW)] == ["1", "0", "1"]


def test_a_moved_item_is_where_it_is_now():
    moved = item("1", {"created": ago(10)}, project=("PAY", "Payments"), history=state(("2026-11-19", "in progress")))

    for project, value in (("PAY", "1"), ("Payments", "1"), ("SHOP", "0")):
        of = kpi(Count(stream="items", where=where(project=project)), window=Now())
        assert measured(of, [moved]) == value


def test_every_measurement_opens_to_its_facts():
    told = measure(kpi(LEAD_TIME), Known.of([change("2", ago(9), ago(3)), change("1", ago(4), ago(3))]), NOW)

    assert told.counted == [Sample("1", 3600, ago(3)), Sample("2", 21600, ago(3))]
    assert told.counted[0].fact == "1"
    assert told.counted[:1] == [Sample("1", 3600, ago(3))]
    assert repr(told.counted) == "<2 samples>"


def test_both_sides_of_a_line_say_which_they_are():
    from integration.core.kpi.language import Ratio

    of = kpi(Ratio(Count(stream="incidents"), Count(stream="deployments")), unit="%")
    told = measure(of, Known.of([incident("1", ago(1)), deployment("1", ago(3)), deployment("2", ago(2))]), NOW)

    assert (told.value, told.above, told.below) == (50, 1, 2)
    assert [(one.fact, one.part) for one in told.counted] == [("1", "below"), ("2", "below"), ("1", "above")]


def test_what_a_share_was_divided_by():
    told = measure(kpi(FAILURE_RATE), Known.of([deployment("1", ago(1), "failed"), deployment("2", ago(1))]), NOW)

    assert (told.value, told.above, told.below, told.unit) == (50, 1, 2, "%")


def test_a_fact_corrected_is_the_one_that_stands():
    known = Known.of(
        [incident("1", at("2026-11-18"), at("2026-11-19")), incident("1", at("2026-11-18"), at("2026-11-20"))]
    )

    assert measure(kpi(RESTORE), known, NOW).value == 48
