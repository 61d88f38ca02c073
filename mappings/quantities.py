"""Texts with a form -> values: numbers, quantities, bounds, targets, durations, dates. A ValueError says what is wrong.

Every message tells what to write instead, as far as that can be known.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from integration.core.quantities import Bound, Quantity, Relative
from mappings.wording import found

NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
QUANTITY = re.compile(r"(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?) *(?P<unit>(?:%|/ *[^\W\d]|[^\W\d]|[€$£¥]).*)?")
OF_PROGRAMS = re.compile(r"[+-]?(?:0[xX][0-9A-Fa-f]+|0[oObB][0-7]+|[0-9.]+[eE][+-]?[0-9]+|[0-9]+_[0-9_.]*)")
"""Numbers to many programs that would be read here as a number with a unit: 1e3 as 1 in e3."""
COMMA = re.compile(r"(?P<whole>[+-]?[0-9]+),(?P<part>[0-9]+)(?P<rest>.*)")
SIGNED = re.compile(r"(?P<number>[+-][0-9]+(?:\.[0-9]+)?) *(?P<unit>%|percent|points?)?")
DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) *(?P<unit>[A-Za-z]+)")
BOUND = re.compile(r"(?P<comparison><=|>=|<|>|at most|at least) *(?P<quantity>.*)")
COMPARISONS = {"at most": "<=", "at least": ">="}
OTHER_SIGNS = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">="}
SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400}
SPELLINGS = {"second": "s", "sec": "s", "m": "min", "minute": "min", "hour": "h", "hr": "h", "d": "day", "w": "week"}
LONGEST_NUMBER = 40


def number(text: str) -> Decimal:
    """`24`, `010` (which is 10), `-3.5`."""
    text = text.strip()
    _refuse_comma(text)
    if not NUMBER.fullmatch(text) or len(text) > LONGEST_NUMBER:
        raise ValueError(f"expected a number, got {found(text)}")
    return Decimal(text)


def quantity(text: str) -> Quantity:
    """A number as written, and the unit behind it: `24`, `50 %` or `50 percent`, `5 / week`, `18 USD`."""
    text = " ".join(text.split())
    _refuse_comma(text)
    if OF_PROGRAMS.fullmatch(text):
        raise ValueError(f"{found(text)} is a number to programs only; write all its digits, as in 1000")
    match = QUANTITY.fullmatch(text)
    if not match or len(match["number"]) > LONGEST_NUMBER:
        raise ValueError(f"expected a number, got {found(text)}")
    unit = re.sub(r"^/ *", "/ ", match["unit"] or "")
    return Quantity(Decimal(match["number"]), "%" if unit == "percent" else unit)


def percentage(text: str) -> Decimal:
    """`25 %` or 25."""
    amount = quantity(text)
    if amount.unit not in ("", "%") or not 0 <= amount.number <= 100:
        raise ValueError(f"expected a share from 0 % to 100 %, got {found(text)}")
    return amount.number


def bound(text: str) -> Bound:
    """What must hold: `<= 15 %`, `at least 7`."""
    text = " ".join(text.split())
    for sign, meant in OTHER_SIGNS.items():
        if text.startswith(sign):
            raise ValueError(f'{found(text)} has another sign; write "{meant} {text[len(sign) :].strip()}"')
    match = BOUND.fullmatch(text)
    if match:
        comparison = COMPARISONS.get(match["comparison"], match["comparison"])
        return Bound(comparison, quantity(match["quantity"]))  # type: ignore[arg-type] # one of the four by the pattern
    if not (QUANTITY.fullmatch(text) or COMMA.fullmatch(text)):
        raise ValueError(f'expected a bound such as ">= 7" or at most 15 %, got {found(text)}')
    plain = quantity(text)
    shown = f"{plain.number} {plain.unit}".strip()
    raise ValueError(f'{found(text)} says no direction; write ">= {shown}" or "<= {shown}"')


def target(text: str) -> Quantity | Relative:
    """The number to reach, or how far from the start: `+50 %`, `-30 %`, `-5 points`."""
    text = " ".join(text.split())
    held = BOUND.fullmatch(text)
    if held:
        raise ValueError(
            f"a target is one number to reach: write {held['quantity']}; "
            f'to hold it all the time write `keep: "{text}"`'  # as written: the next message tells if it is no bound
        )
    if text[:1] not in ("+", "-"):
        return quantity(text)
    _refuse_comma(text)
    signed = SIGNED.fullmatch(text)
    if signed and signed["unit"]:
        return Relative(Decimal(signed["number"]), percent=signed["unit"] in ("%", "percent"))
    if signed:
        plain = signed["number"].removeprefix("+")
        raise ValueError(
            f"{found(text)} is just the number {plain} in YAML; write {text} %, {text} points, or the number to reach"
        )
    raise ValueError(
        f"{found(text)} counts from the start, in % or in points: write +50 %, -5 points, or the number to reach"
    )


def duration(text: str) -> timedelta:
    """`5 s`, `90 min`, `4 h`, `3 days`, `2 weeks`, `6 months` (of 30 days)."""
    text = " ".join(text.split())
    _refuse_comma(text)
    if NUMBER.fullmatch(text):
        raise ValueError(f"expected a duration, got {found(text)}; add a unit: {text} min, {text} h or {text} days")
    match = DURATION.fullmatch(text)
    unit = match["unit"].casefold() if match else ""
    unit = unit if unit in SECONDS else unit.removesuffix("s")
    unit = SPELLINGS.get(unit, unit)
    if not match or unit not in SECONDS:
        raise ValueError(
            f"expected a duration, got {found(text)}; write it like 90 min, 4 h, 3 days, 2 weeks or 6 months"
        )
    try:
        return timedelta(seconds=float(match["number"]) * SECONDS[unit])
    except OverflowError as error:
        raise ValueError(f"{found(text)} is longer than any plan") from error


def day(text: str) -> date:
    """`2026-12-31`."""
    text = text.strip()
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{found(text)} is on no calendar") from None
    meant = _meant_day(text)
    hint = f"write {meant}" if meant else "write it like 2026-12-31"
    raise ValueError(f"expected a date, got {found(text)}; {hint}")


def _meant_day(text: str) -> date | None:
    """The day that was written in another order, where only one order makes sense of it."""
    numbers = re.match(r"([0-9]{1,4})[./-]([0-9]{1,2})[./-]([0-9]{1,4})(?![0-9])", text)
    if not numbers:
        return None
    first, second, third = (int(part) for part in numbers.groups())
    if first > 31:
        orders = [(first, second, third)]
    elif "/" in text:
        orders = [(third, first, second), (third, second, first)]
    else:
        orders = [(third, second, first)]
    days = {found_day for order in orders if (found_day := _date(*order))}
    return days.pop() if len(days) == 1 else None


def _date(year: int, month: int, day_of_month: int) -> date | None:
    try:
        return date(year, month, day_of_month) if year > 99 else None
    except ValueError:
        return None


def _refuse_comma(text: str) -> None:
    match = COMMA.fullmatch(text)
    if not match:
        return
    pointed = f"{match['whole']}.{match['part']}{match['rest']}"
    if len(match["part"]) == 3 or "," in match["rest"]:
        joined = f"{match['whole']}{match['part']}{match['rest'].replace(',', '')}"
        raise ValueError(f"{found(text)} has a comma; write {joined}, or a decimal point")
    raise ValueError(f"{found(text)} has a decimal comma; write {pointed}")
