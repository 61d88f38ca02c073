"""What facts make of each other, as a measurement sees it: shipped, blamed, recovered, rolled back."""

from dataclasses import replace
from datetime import date

import pytest

from integration.core.delivery.attribution import attribute
from integration.core.kpi.history import history
from integration.core.kpi.language import Count, Number, Rolling
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known
from tests.core.kpi.sentences import (
    DAY,
    FAILURE_RATE,
    LEAD_TIME,
    NOW,
    RECOVERY,
    ago,
    between,
    change,
    deployment,
    incident,
    kpi,
    shown,
    where,
)

SHOP = {"service": ("shop",)}
DEPLOYMENTS = [
    deployment("d1", ago(100), started=ago(101), **SHOP),
    deployment("d2", ago(80), "failed", started=ago(81), **SHOP),
    deployment("d3", ago(70), started=ago(71), **SHOP),
    deployment("d4", ago(20), started=ago(21), **SHOP),
]
CHANGES = [
    change("c1", ago(110), None, when={"merged": ago(105)}, **SHOP),
    change("c2", ago(90), None, when={"merged": ago(85)}, **SHOP),
    change("c3", ago(15), None, when={"merged": ago(10)}, **SHOP),
]
INCIDENTS = [incident("i1", ago(60), ago(50), **SHOP), incident("i2", ago(40), **SHOP)]


def known() -> Known:
    return Known.of([*DEPLOYMENTS, *CHANGES, *INCIDENTS], attributed=attribute(DEPLOYMENTS, CHANGES, INCIDENTS))


INCIDENTS_EACH = Number(stream="deployments", field="incidents")
BLAMED = between("deployed", "restored", "incidents")


@pytest.mark.parametrize(
    ("of", "value"),
    [
        pytest.param(kpi(LEAD_TIME), "15 h", id="a change is deployed by the next success after its merge"),
        pytest.param(kpi(LEAD_TIME, "count"), "2", id="what nothing has shipped is not deployed"),
        pytest.param(kpi(FAILURE_RATE), "50 %", id="one failed, one is blamed by two incidents"),
        pytest.param(kpi(INCIDENTS_EACH, "mean"), "0.5", id="no incident is 0 of them"),
        pytest.param(kpi(Number(stream="deployments", field="changes"), "sum"), "2", id="changes that are shipped"),
        pytest.param(kpi(Count(stream="deployments", where=where(incidents="< 1"))), "3", id="deployments without any"),
        pytest.param(kpi(Count(stream="deployments", where=where(rolled_back=False))), "4", id="none was rolled back"),
        pytest.param(kpi(RECOVERY), "10 h", id="the failed one recovered, the blamed one has not"),
        pytest.param(kpi(BLAMED), "20 h", id="from the deployment an incident is blamed on"),
        pytest.param(kpi(Count(stream="incidents", where=where(deployment="d3"))), "2", id="incidents by what they blame"),
    ],
)  # fmt: skip
def test_what_facts_make_of_each_other(of, value):
    assert shown(measure(of, known(), NOW)) == value


@pytest.mark.parametrize(
    ("of", "as_of", "value"),
    [
        pytest.param(kpi(FAILURE_RATE), ago(65), "100/3 %", id="before the incident only the failure counts"),
        pytest.param(kpi(INCIDENTS_EACH, "sum"), ago(45), "1", id="between the two incidents there is one"),
        pytest.param(kpi(LEAD_TIME, "count"), ago(75), "1", id="before it was shipped a change is not"),
        pytest.param(kpi(RECOVERY, "count"), ago(75), "0", id="before it recovered it has not"),
    ],
)
def test_as_of_a_time(of, as_of, value):
    assert shown(measure(of, known(), as_of)).replace("33.3333", "100/3") == value


def test_what_a_fact_says_of_itself_stands_where_nothing_else_is_known():
    alone = [deployment("1", ago(5), incidents=2, rolled_back=True, recovered=ago(1)), change("1", ago(9), ago(5))]

    assert shown(measure(kpi(FAILURE_RATE), Known.of(alone), NOW)) == "100 %"
    assert shown(measure(kpi(RECOVERY), Known.of(alone), NOW)) == "4 h"
    assert shown(measure(kpi(LEAD_TIME), Known.of(alone), NOW)) == "4 h"


def test_a_deployment_is_not_recovered_while_an_incident_goes_on():
    d3 = kpi(between("finished", "recovered", "deployments", where=where(incidents=">= 1")))
    again = [INCIDENTS[0], incident("i2", ago(40), ago(30), **SHOP)]
    over = replace(known(), attributed=attribute(DEPLOYMENTS, CHANGES, again))

    assert shown(measure(d3, known(), ago(45))) == "20 h"
    assert shown(measure(d3, known(), NOW)) == "unknown: no deployment recovered in 28 days; 1 not yet recovered"
    assert shown(measure(d3, over, NOW)) == "40 h"


def test_a_rollback():
    first, second, back = (
        deployment(name, ago(hours), version=version, **SHOP)
        for name, hours, version in (("1", 30, "1.0"), ("2", 20, "1.1"), ("3", 10, "1.0"))
    )
    told = Known.of([first, second, back], attributed=attribute([first, second, back], [], []))
    rolled_back = kpi(Count(stream="deployments", where=where(rolled_back=True)))

    assert measure(rolled_back, told, NOW).value == 1
    assert measure(rolled_back, told, ago(10)).value == 0
    assert shown(measure(kpi(RECOVERY), told, NOW)) == "10 h"


def test_history_and_groups_see_them_too():
    days = history(
        kpi(LEAD_TIME, "count", window=Rolling(1, "day")), known(), [(NOW - n * DAY).date() for n in (3, 2, 1)]
    )
    by = measure_groups(kpi(INCIDENTS_EACH, "sum"), known(), NOW, ["incidents"])

    assert [day.value for day in days] == [1, 0, 0]
    assert [(one.group, one.value) for one in by] == [((("incidents", "0"),), 0), ((("incidents", "2"),), 2)]
    assert days[0].as_of.date() == date(2026, 11, 18)


def test_the_order_in_which_they_were_told_does_not_matter():
    other = replace(known(), attributed=attribute(DEPLOYMENTS[::-1], CHANGES[::-1], INCIDENTS[::-1]))

    assert measure(kpi(FAILURE_RATE), other, NOW) == measure(kpi(FAILURE_RATE), known(), NOW)
