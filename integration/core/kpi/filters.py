"""Filters as questions to a fact, made once for a KPI and asked of each fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

from integration.core.delivery.facts import DeliveryFact
from integration.core.facts import Value
from integration.core.kpi import fields
from integration.core.kpi.language import AnyOf, Facts, Filter, Holds, Is, Share, Test
from integration.core.kpi.sight import Sight
from integration.core.links import Pattern, area_and_above, texts
from integration.core.quantities import Bound

Matches: TypeAlias = Callable[[DeliveryFact], bool]

_OPEN = frozenset({"to do", "in progress"})


def question(told: Filter, sight: Sight) -> Matches | None:
    """Whether a fact matches, as of a time; None for the filter that all facts match."""
    asked = [_test(name, test, sight) for name, test in told.tests]
    asked += [_one_of([question(one, sight) for one in several]) for several in told.either]
    asked += [_none_of(question(one, sight)) for one in told.excluded]
    if not asked:
        return None
    if len(asked) == 1:
        return asked[0]
    if len(asked) == 2:
        one, other = asked
        return lambda fact: one(fact) and other(fact)
    return lambda fact: all(ask(fact) for ask in asked)


def of_side(side: Facts, sight: Sight) -> Matches | None:
    """Whether a fact is one of a side's. Deployments are those of production, unless the environment is asked for."""
    asked = question(side.where, sight)
    read = side.where.fields | (side.of.fields if isinstance(side, Share) else frozenset())
    if side.stream != "deployments" or "environment" in read:
        return asked
    if asked is None:
        return lambda fact: fact.fields.get("production") is True
    return lambda fact: fact.fields.get("production") is True and asked(fact)


def _one_of(questions: Sequence[Matches | None]) -> Matches:
    asked = [ask for ask in questions if ask is not None]
    if len(asked) < len(questions):
        return lambda _: True

    def one_of(fact: DeliveryFact) -> bool:
        for ask in asked:  # noqa: SIM110 # a generator for each fact costs more than the questions
            if ask(fact):
                return True
        return False

    return one_of


def _none_of(asked: Matches | None) -> Matches:
    return (lambda _: False) if asked is None else (lambda fact: not asked(fact))


def _test(name: str, test: Test, sight: Sight) -> Matches:
    """A missing value matches no test."""
    if name == "open" and isinstance(test, Is):
        state, wanted = fields.reader("state", sight), test.true
        return lambda fact: (now := state(fact)) is not None and (now in _OPEN) is wanted
    read = fields.reader(name, sight)
    match test:
        case AnyOf():
            known: dict[Value, bool] = {}

            def matched(fact: DeliveryFact) -> bool:
                value = read(fact)
                if value.__class__ is not str:  # numbers and truths are rare here, and 1 == True would share a key
                    return value is not None and _any(test.patterns, name, value)
                answer = known.get(value)
                if answer is None:
                    answer = known[value] = _any(test.patterns, name, value)
                return answer

            return matched
        case Holds():
            holds = within(test.bound, Fraction(test.bound.quantity.number))

            def held(fact: DeliveryFact) -> bool:
                value = read(fact)
                if value is None:
                    return False
                number = value if value.__class__ is int else fields.number(value)  # counts mostly
                return number is not None and holds(number)

            return held
        case Is():
            true = test.true
            return lambda fact: read(fact) is true


def _any(patterns: Sequence[Pattern], name: str, value: Value) -> bool:
    words = [word for word in texts(value) if word]
    if name == "area":
        words = [around for word in words for around in area_and_above(word)]
    return any(pattern.matches(word) for word in words for pattern in patterns)


def within(bound: Bound, threshold: Fraction) -> Callable[[int | Fraction], bool]:
    """Whether a value is within a bound whose number is `threshold` in the value's own unit."""
    limit: int | Fraction = threshold.numerator if threshold.denominator == 1 else threshold  # integers compare fast
    match bound.comparison:
        case "<=":
            return lambda value: value <= limit
        case ">=":
            return lambda value: value >= limit
        case "<":
            return lambda value: value < limit
        case ">":
            return lambda value: value > limit
