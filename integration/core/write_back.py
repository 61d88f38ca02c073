"""What to write where: the smallest change from what was written last, and when a person's value must stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import isclose
from typing import TypeAlias

from integration.core.errors import PlanTooLarge
from integration.core.facts import ItemRef

FieldValue: TypeAlias = str | int | float | None
"""What a tracker field can hold for us; None clears it."""

NEVER_TOO_MANY = 20


@dataclass(frozen=True, slots=True)
class Badge:
    """The remote link (Jira) or hyperlink (Azure DevOps) that shows a key result on an item."""

    url: str
    title: str
    summary: str
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What one item shows: a value per tracker field id, and a badge or none."""

    ref: ItemRef
    fields: Mapping[str, FieldValue]
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Who gave a field its present value, as the item's history tells it."""

    actor: str | None
    value: FieldValue


class Verdict(Enum):
    """Whose the present value of a field is."""

    OURS = "ours"
    """Ours, or nobody's: it may be replaced."""
    PERSON = "a person's"
    """It stands, and is reported, until they or the mapping say otherwise."""


def changes(
    desired: Mapping[str, FieldValue], last_written: Mapping[str, FieldValue], passengers: Collection[str] = ()
) -> Mapping[str, FieldValue]:
    """The smallest change that makes what was written what is desired; empty where nothing is worth a write.

    A target that is desired to be None is cleared, if it was ever written; one that `desired` does not name is left as
    it is. `passengers` change by themselves and travel only with another change; writing one for the first time, or
    clearing it, is a change like any other.
    """
    changed = {
        target: value
        for target, value in desired.items()
        if (value != last_written[target] if target in last_written else value is not None)
    }
    worth_it = any(
        target not in passengers or value is None or last_written.get(target) is None
        for target, value in changed.items()
    )
    return changed if worth_it else {}


def may_overwrite(
    current: FieldValue,
    *,
    last_written: FieldValue,
    attempts: Collection[FieldValue],
    held: tuple[FieldValue] | None,
    edit: Callable[[], Edit | None],
    account: str,
    same: Callable[[FieldValue, FieldValue], bool],
) -> Verdict:
    """Whose the value is that stands in a field now. The first of these that applies decides:

    1. It is what we wrote last, or tried to write since: ours. (`same` compares as that type of field does.)
    2. A person's value was left alone here (`held`): nobody's if theirs was not empty and the field is empty now, for
       that hands it back; else still theirs. An empty `held` is a person's emptying of our value, and stays.
    3. We wrote a value (`last_written`), and another stands there: a person's, whoever is its author, since the account
       may be a person's, too. An empty field is no exception: they emptied it, unless we tried to.
    4. We never wrote one, and the field is empty: nobody's.
    5. We know of no value of ours here (a new database): the item's history decides. Ours if our account gave it its
       present value; a person's if somebody else did, or nobody can tell. `edit` is asked only then.
    """
    if any(same(ours, current) for ours in (last_written, *attempts) if not _empty(ours)):
        return Verdict.OURS
    if held is not None:
        return Verdict.OURS if _empty(current) and not _empty(held[0]) else Verdict.PERSON
    if not _empty(last_written):
        return Verdict.OURS if _empty(current) and None in attempts else Verdict.PERSON
    if _empty(current):
        return Verdict.OURS
    last = edit()
    return Verdict.OURS if last is not None and account and last.actor == account else Verdict.PERSON


def alike(one: object, other: object) -> bool:
    """Whether two values say the same, told by a webhook, by history (numbers as texts), or by us. Trackers trim texts."""
    if one in (None, "") or other in (None, ""):
        return one in (None, "") and other in (None, "")
    try:
        return isclose(float(str(one)), float(str(other)), rel_tol=1e-9, abs_tol=1e-9)
    except ValueError:
        return str(one).split() == str(other).split()


def check_size(changed: int, written: int, allowed_percent: int | Decimal) -> None:
    """Raises `PlanTooLarge` where more than the allowed share of the items written before would be changed or cleared.

    Up to 20 items are never too many, so that small teams are not asked every time. First writes do not count.
    """
    if changed > NEVER_TOO_MANY and 100 * changed > allowed_percent * written:
        raise PlanTooLarge(changed, written, allowed_percent)


def _empty(value: FieldValue) -> bool:
    return value is None or value == ""
