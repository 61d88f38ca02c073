"""What the answers of `okrlink init` mean: each raises a ValueError that says what is wrong with one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence

from integration.core.catalogue import folded
from mappings.calendars import wrong_with_region, wrong_with_time_zone
from mappings.checks.names import spelled
from mappings.cycles import by_name
from mappings.first import (
    FIELDS,
    short_name,
    wrong_with_numbers,
    wrong_with_target,
)
from mappings.sites import tracker_by_address, wrong_with
from mappings.suggestions import did_you_mean
from webhooks.cli.looking import ALL


def likely_end(start: str) -> str:
    """As an example: in the unit of the start."""
    return f"100{start.lstrip('+-.0123456789')}" if start != "100" else "200"


def address(answer: str) -> str:
    url = answer if "://" in answer else f"https://{answer}"
    if wrong := wrong_with(url, tracker_by_address(url)):
        raise ValueError(wrong)
    return url.rstrip("/")


def variable(answer: str) -> str:
    """By custom in capitals. Anything else may be the secret itself, unless there is a variable of that name."""
    name = answer.removeprefix("env/").removeprefix("$")
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) and not (name.isidentifier() and name in os.environ):
        raise ValueError("expected the name of a variable in capitals, such as JIRA_TOKEN; never the secret itself")
    return name


def several(answer: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(" ".join(name.split()) for name in answer.split(",") if name.strip()))
    if not names:
        raise ValueError("at least one project, or *")
    return names


def among(visible: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    """A project is meant by its key or name first, else by its number in the list."""
    meant = {folded(name): key for key, name in visible.items()} | {folded(key): key for key in visible}
    meant |= {str(number): key for number, key in enumerate(visible, start=1) if str(number) not in meant}

    def chosen(answer: str) -> tuple[str, ...]:
        names = several(answer)
        if ALL[0] in names:
            return ALL
        unknown = [name for name in names if folded(name) not in meant]
        if unknown:
            guess = did_you_mean(unknown[0], [*visible, *visible.values()])
            raise ValueError(f"the account sees no project '{unknown[0]}'{guess}")
        return tuple(dict.fromkeys(meant[folded(name)] for name in names))

    return chosen


def time_zone_there_is(answer: str) -> str:
    if wrong := wrong_with_time_zone(answer):
        raise ValueError(wrong)
    return answer


def region(answer: str) -> str:
    if answer.casefold() in ("none", "-"):
        return ""
    if wrong := wrong_with_region(answer):
        raise ValueError(wrong)
    return answer


def named_cycle(answer: str) -> str:
    if by_name(answer) is None:
        raise ValueError(
            "2026-Q4, 2026-H2, 2026-10 and 2026 are cycles; others get their dates in the file, under cycles"
        )
    return answer


def in_words(answer: str) -> str:
    if not re.search(r"[^\W_]", answer):
        raise ValueError("say it in a few words")
    return " ".join(answer.split())


def short(answer: str) -> str:
    if spelled(answer) != answer:
        raise ValueError(f"a name has small letters, digits and hyphens; such as {short_name(answer)}")
    return answer


def starting(answer: str) -> str:
    return target_from(answer)(likely_end(answer)) and answer


def target_from(start: str) -> Callable[[str], str]:
    def target(answer: str) -> str:
        if wrong := wrong_with_numbers(start, answer):
            raise ValueError(wrong)
        return answer

    return target


def target_of(preset: str) -> Callable[[str], str]:
    """A target for a KPI that uses the preset."""

    def target(answer: str) -> str:
        if wrong := wrong_with_target(preset, answer):
            raise ValueError(wrong)
        return answer

    return target


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    """One of these by its number, its name, or the end of its name behind the last slash."""
    known = {str(number): name for number, name in enumerate(names, start=1)}
    known |= {name.rpartition("/")[2]: name for name in names} | {name: name for name in names}

    def chosen(answer: str) -> str:
        try:
            return known[folded(answer)]
        except KeyError:
            raise ValueError(f"there is no {answer} among them{did_you_mean(answer, list(names))}") from None

    return chosen


def tag(answer: str) -> str:
    label = "*" in answer
    if label and (answer.count("*") != 1 or answer == "*" or " " in answer):
        raise ValueError("a label has one * and no spaces, as in kr:*; the * stands for the key result")
    if answer.casefold() in (field.casefold() for field in FIELDS):
        raise ValueError(
            "okrlink writes a field of that name; people choose key results in another, such as Key Result"
        )
    return answer if label else in_words(answer)
