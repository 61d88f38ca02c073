"""Which of two versions is the older one, as people number them."""

from __future__ import annotations

import re

NUMBERED = re.compile(r"(?P<name>\D*?)[vV]?(?P<numbers>\d+(?:\.\d+)+)(?P<rest>.*)", re.DOTALL)


def is_older(version: str, than: str) -> bool | None:
    """Whether `version` comes before `than`; None where they are not numbered alike (`1.4.2`, `Shop 1.10`, `v2.0-rc1`).

    What follows the numbers is a version before them (`2.0-rc1` before `2.0`), as semantic versioning has it; two such
    are not told apart.
    """
    one, other = NUMBERED.fullmatch(version.strip()), NUMBERED.fullmatch(than.strip())
    if one is None or other is None or one["name"].strip().casefold() != other["name"].strip().casefold():
        return None
    mine, its = _numbers(one["numbers"]), _numbers(other["numbers"])
    if mine != its:
        return mine < its
    return bool(one["rest"]) and not other["rest"]


def _numbers(text: str) -> tuple[int, ...]:
    """`1.4` and `1.4.0` are one version."""
    numbers = [int(number) for number in text.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
