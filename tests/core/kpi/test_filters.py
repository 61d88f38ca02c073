"""Which facts a KPI is about."""

import pytest

from integration.core.facts import ItemRef
from integration.core.kpi import filters
from integration.core.kpi.language import ALL, Count, Filter, Share
from integration.core.kpi.sight import Sight
from tests.core.kpi.sentences import NOW, Any, ago, at, deployment, either, item, kpi, measured, where, without

BUG = item(
    "1",
    {"created": at("2026-11-01")},
    type="Bug",
    priority="P1",
    labels=("Checkout", "eu"),
    components=("cart",),
    area="Shop\\Checkout\\Cart",
    size=3,
    cost="2.5",
    ready=True,
    escaped=False,
    blank="",
    nobody=(),
    history={
        "state": ((at("2026-11-02"), "in progress"), (at("2026-11-10"), "done")),
        "reopened": ((at("2026-11-12"), 2),),
    },
)


def matches(told: Filter, as_of: Any = NOW) -> bool:
    asked = filters.question(told, Sight(as_of, "items"))
    return asked is None or asked(BUG)


@pytest.mark.parametrize(
    ("told", "matched"),
    [
        pytest.param(ALL, True, id="no filter"),
        pytest.param(where(type="bug"), True, id="capitals never matter"),
        pytest.param(where(type="B*"), True, id="a pattern"),
        pytest.param(where(type=("Story", "Bug")), True, id="one of several"),
        pytest.param(where(type="Story"), False, id="another"),
        pytest.param(where(type="Bug", priority="P2"), False, id="all must hold"),
        pytest.param(where(type="Bug", priority="P1", size=">= 3"), True, id="all three hold"),
        pytest.param(where(label="checkout"), True, id="one of its labels"),
        pytest.param(where(component="cart"), True, id="one of its components"),
        pytest.param(where(area="Shop/Checkout"), True, id="an area has what is below it"),
        pytest.param(where(area="Checkout"), False, id="but not what is elsewhere"),
        pytest.param(where(priority="*"), True, id="has a value"),
        pytest.param(where(severity="*"), False, id="has none"),
        pytest.param(where(blank="*"), False, id="an empty text is no value"),
        pytest.param(where(nobody="*"), False, id="and no texts are none"),
        pytest.param(where(size="> 3"), False, id="more than a number"),
        pytest.param(where(size="< 4"), True, id="less than a number"),
        pytest.param(where(cost="<= 2.5"), True, id="a number in a text"),
        pytest.param(where(type=">= 3"), False, id="a word is no number"),
        pytest.param(where(ready=">= 1"), False, id="and true is none"),
        pytest.param(where(severity=">= 3"), False, id="what is missing matches no number"),
        pytest.param(where(ready=True), True, id="true"),
        pytest.param(where(escaped=False), True, id="false"),
        pytest.param(where(escaped=True), False, id="not true"),
        pytest.param(where(severity=False), False, id="what is missing is not false"),
        pytest.param(where(ready="true"), True, id="true as a word"),
        pytest.param(where(size="3"), True, id="a number as a word"),
        pytest.param(without(where(priority="P1")), False, id="not"),
        pytest.param(without(where(severity="P1")), True, id="not keeps what is missing"),
        pytest.param(without(ALL), False, id="not anything"),
        pytest.param(either(where(type="Story"), where(size="3")), True, id="either"),
        pytest.param(either(where(type="Story"), where(size="4")), False, id="neither"),
        pytest.param(either(where(type="Story"), ALL), True, id="either, or anything"),
        pytest.param(where(reopened=">= 2"), True, id="a count"),
        pytest.param(where(open=False), True, id="done is not open"),
        pytest.param(where(open=True), False, id="done is no more open"),
    ],
)
def test_filters(told, matched):
    assert matches(told) is matched


@pytest.mark.parametrize(
    ("told", "as_of", "matched"),
    [
        pytest.param(where(state="in progress"), "2026-11-05", True, id="a state as of a time"),
        pytest.param(where(state="in progress"), "2026-11-10", True, id="a change at that very moment is not seen"),
        pytest.param(where(state="in progress"), "2026-11-11", False, id="after it"),
        pytest.param(where(state="*"), "2026-11-01", False, id="before anything is known of it"),
        pytest.param(where(reopened=">= 1"), "2026-11-11", False, id="a count before it counted"),
        pytest.param(where(open=True), "2026-11-05", True, id="open as of a time"),
        pytest.param(where(open=False), "2026-11-01", False, id="not known whether open"),
        pytest.param(where(priority="P1"), "2026-10-01", True, id="other fields count as last known"),
    ],
)
def test_as_of(told, as_of, matched):
    assert matches(told, at(as_of)) is matched


def test_the_connection_is_the_items():
    one = item("1", {})
    asked = filters.question(where(connection="jira"), Sight(NOW, "items"))

    assert asked is not None
    assert not asked(one)
    assert asked(type(one)(id="1", item=ItemRef("jira", "10001")))


DEPLOYMENTS = [
    deployment("1", ago(1)),
    deployment("2", ago(1), production=False, environment="staging"),
    deployment("3", ago(1), "failed", production=False, environment="staging"),
]


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        pytest.param(Count(stream="deployments"), "1", id="production ones"),
        pytest.param(Count(stream="deployments", where=where(environment="*")), "3", id="unless any environment is asked for"),
        pytest.param(Count(stream="deployments", where=where(environment="staging")), "2", id="or another one"),
        pytest.param(
            Count(stream="deployments", where=either(where(environment="staging"), where(result="success"))), "3", id="even within `either`"
        ),
        pytest.param(Count(stream="deployments", where=where(result="failed")), "0", id="a failure elsewhere is none"),
        pytest.param(Share(stream="deployments", of=where(result="failed")), "0 %", id="nor in a share"),
        pytest.param(Share(stream="deployments", of=where(environment="prod")), "100/3 %", id="a share may be of environments"),
    ],
)  # fmt: skip
def test_deployments_are_those_of_production(measure, value):
    assert measured(kpi(measure), DEPLOYMENTS) == value
