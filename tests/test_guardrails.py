"""A guardrail breaks and holds again, and a range is held day by day: from pushed numbers, through the steps, to what people see."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from integration.core.forecast import Forecast
from integration.core.kpi.language import Aggregate, Fold, Kpi, PushedNumbers, Rolling
from integration.core.quantities import Bound, Quantity
from integration.core.scorecard import Cycle, KeyResult, Measured, Objective, Scorecard
from integration.core.standing import Standing
from integration.pushed.reading import Received
from integration.pushed.receiving import keep, understand
from integration.refresh import Policy
from integration.store import check_ins, marks, pushed, tables
from integration.store.db import Database
from integration.store.marks import Mark
from tests.busy_team import BusyTeam
from tests.histories import CATALOGUES
from tests.steps import NOW, Q4, deliver, policy_in_force, scorecard, settle
from webhooks import condition
from webhooks.cli.status import _guarded
from webhooks.kpis.guardrails import NOT_MEASURED_YET, Guarding, guarded, guarding
from webhooks.overview import Group, overview

SEVEN = Bound(">=", Quantity(Decimal(7)))
HAPPY = Kpi(
    name="happiness",
    measure=PushedNumbers(),
    aggregate=Aggregate(Fold("last")),
    window=Rolling(92, "day"),
    keep=SEVEN,
)
DAY = timedelta(days=1)
SUMMARY = "customfield_10052"


def guarded_card(card: Scorecard, *guardrails: str, **said: Any) -> Scorecard:
    """The first objective of the card is guarded by happiness."""
    objective = replace(card.objectives[0], guardrails=guardrails or ("happiness",), **said)
    return replace(card, objectives=(objective, *card.objectives[1:]), kpis={"happiness": HAPPY})


def tell(database: Database, value: float, at: datetime, now: datetime) -> None:
    """Somebody pushes a number; happiness is known since October began."""
    told = understand([{"kind": "measurement", "kpi": "happiness", "at": at.isoformat(), "value": value}])
    received = [one for one in told if isinstance(one, Received)]
    assert len(received) == 1
    with database.write() as connection:
        keep(connection, received, "test", now)
        pushed.known_since(connection, {("measurement", "happiness"): datetime(2026, 10, 1, tzinfo=UTC)})


def begin(database: Database, card: Scorecard) -> Policy:
    """A tagged epic with a story that is done and one that is not."""
    policy = policy_in_force(database, card, CATALOGUES)
    team = BusyTeam()
    epic = team.create("Epic", labels=("kr:built",))
    for _ in range(2):
        team.create("Story", parent=epic.id)
    team.set_status(team._one("Story"), "Done")
    deliver(database, "jira", team.bodies)
    settle(database, policy)
    return policy


def shown(database: Database) -> Sequence[str]:
    """What shall stand in the field that shows the summary."""
    with database.read() as connection:
        wished = connection.execute(select(tables.outbox.c.desired)).scalars()
        return [orjson.loads(one)[SUMMARY] for one in wished]


def standing(database: Database, key_result: str = "checkout.built") -> Standing:
    with database.read() as connection:
        return check_ins.standings_of(connection)[key_result].standing


def group(database: Database, card: Scorecard, now: datetime = NOW) -> Group:
    with database.read() as connection:
        return overview(connection, card, now)[0]


def on_watch(database: Database, card: Scorecard, today: date) -> Sequence[Guarding]:
    with database.read() as connection:
        return guarding(connection, card, today)


def test_breach_and_recovery_reach_objective_card_and_status(database: Database) -> None:
    card = guarded_card(scorecard(fields={"KR Status": "summary"}))
    policy = begin(database, card)
    assert shown(database) == ["50 % · on track · 1 of 2 items · by 31 Dec"]
    assert [guarded(one) for one in group(database, card).guardrails] == [
        f"happiness, keep >= 7: unknown: {NOT_MEASURED_YET}"
    ]
    assert group(database, card).standing.status == "on track"  # an unknown one breaks nothing

    tell(database, 6.5, NOW - 5 * DAY, NOW)
    settle(database, policy)

    assert shown(database) == ["50 % · on track · 1 of 2 items · by 31 Dec · guardrail broken: happiness"]
    rolled = group(database, card)
    assert (rolled.standing.status, rolled.standing.reason) == ("at risk", "does not hold: happiness")
    assert [guarded(one) for one in rolled.guardrails] == ["happiness 6.5, keep >= 7: broken since 2026-10-28"]
    with database.read() as connection:
        told = condition.condition(connection, card, NOW)
    assert [_guarded(one) for one in told.guardrails] == ["checkout: happiness 6.5, keep >= 7: broken since 2026-10-28"]
    assert condition.as_json(told)["guardrails"][0]["broken_since"] == "2026-10-28"

    later = NOW + 2 * DAY
    tell(database, 8, later - DAY, later)
    settle(database, policy, later)

    assert shown(database) == ["50 % · on track · 1 of 2 items · by 31 Dec"]
    assert group(database, card, later).standing.status == "on track"
    [one] = on_watch(database, card, later.date())
    assert _guarded(one) == "checkout: happiness 8, keep >= 7: holds again since 2026-11-03"


def test_a_late_number_changes_since_when_it_was_broken(database: Database) -> None:
    card = guarded_card(scorecard())
    policy = begin(database, card)
    tell(database, 6.5, NOW - 5 * DAY, NOW)
    settle(database, policy)

    tell(database, 6, NOW - 9 * DAY, NOW)
    settle(database, policy)

    [one] = on_watch(database, card, NOW.date())
    assert (one.guardrail.broken_since, one.guardrail.holds_since) == (date(2026, 10, 24), None)


def test_what_has_held_all_along_is_worth_no_line(database: Database) -> None:
    card = guarded_card(scorecard())
    policy = begin(database, card)
    tell(database, 9, NOW - 9 * DAY, NOW)
    settle(database, policy)

    [one] = on_watch(database, card, NOW.date())
    assert (one.guardrail.holds, _guarded(one)) == (True, "")


@pytest.mark.parametrize(
    "cycle",
    [
        pytest.param(Cycle("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)), id="it is over"),
        pytest.param(Cycle("2027-Q1", date(2027, 1, 1), date(2027, 3, 31)), id="it has not begun"),
    ],
)
def test_only_what_is_pursued_is_guarded(database: Database, cycle: Cycle) -> None:
    card = guarded_card(scorecard(), cycle=cycle)
    policy = begin(database, card)
    tell(database, 6.5, NOW - 5 * DAY, NOW)
    settle(database, policy)

    assert group(database, card).standing.broken_guardrails == ()
    assert standing(database).broken_guardrails == ()
    assert not on_watch(database, card, NOW.date())


def test_a_bound_that_is_another_now_is_unknown_until_it_is_measured(database: Database) -> None:
    card = guarded_card(scorecard())
    policy = begin(database, card)
    tell(database, 6.5, NOW - 5 * DAY, NOW)
    settle(database, policy)

    looser = replace(card, kpis={"happiness": replace(HAPPY, keep=Bound(">=", Quantity(Decimal(6))))})

    [one] = group(database, looser).guardrails
    assert (one.holds, one.reason) == (None, NOT_MEASURED_YET)


# --- a range to hold, and a line to follow ---


def by_kpi(**said: Any) -> Scorecard:
    key_result = KeyResult("team.happy", "happy", "team", "People are happy", Measured(HAPPY), **said)
    return replace(
        scorecard(), objectives=(Objective("team", "A good place", Q4, (key_result,)),), kpis={"happiness": HAPPY}
    )


def test_a_range_is_held_on_a_share_of_the_days_and_a_late_number_changes_it(database: Database) -> None:
    """Known from 14 October on: 6 on ten days, then 8 on nine days and today."""
    policy = policy_in_force(database, by_kpi(keep=SEVEN), CATALOGUES)
    tell(database, 6, datetime(2026, 10, 14, 9, tzinfo=UTC), NOW)
    tell(database, 8, datetime(2026, 10, 24, 9, tzinfo=UTC), NOW)
    settle(database, policy)
    assert standing(database, "team.happy").progress == Fraction(10, 20)

    tell(database, 7.5, datetime(2026, 10, 19, 9, tzinfo=UTC), NOW)
    settle(database, policy)

    told = standing(database, "team.happy")
    assert (told.progress, told.current) == (Fraction(15, 20), Decimal(8))
    assert (told.forecast, told.no_forecast) == (None, "it holds a range, day by day until its end")


def test_a_kpi_follows_the_line_through_its_days(database: Database) -> None:
    card = by_kpi(start=Quantity(Decimal(5)), target=Quantity(Decimal(9)))
    policy = policy_in_force(database, card, CATALOGUES)
    for ago, value in ((2, 5), (1, 5.1), (0, 5.2)):
        tell(database, value, NOW - ago * DAY, NOW)
    settle(database, policy)
    assert standing(database, "team.happy").no_forecast == "3 of 4 days known"

    tomorrow = NOW + DAY
    tell(database, 5.3, tomorrow, tomorrow)
    settle(database, policy, tomorrow + DAY / 4)

    told = standing(database, "team.happy").forecast
    assert told == Forecast(
        "trend",
        Q4.last,
        chance=Fraction(1),
        points=4,
        expected=Decimal("11.1"),
        low=Decimal("11.1"),
        high=Decimal("11.1"),
        crosses_on=date(2026, 12, 10),
    )


def test_linked_work_has_a_forecast_from_the_fourth_week_on(database: Database) -> None:
    """What was done before the key result was measured tells nothing of its weeks; nothing was done since."""
    policy = begin(database, scorecard())
    assert standing(database).no_forecast == "0 of 4 weeks known"

    for weeks in (3, 4):
        then = NOW + timedelta(weeks=weeks)
        with database.write() as connection:
            marks.add(connection, [Mark("key result", ("", "checkout.built"), then)])
        settle(database, policy, then)
        if weeks == 3:
            assert standing(database).no_forecast == "3 of 4 weeks known"

    assert standing(database).forecast == Forecast("throughput", Q4.last, chance=Fraction(0), points=4)
