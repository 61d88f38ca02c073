"""The questions of `okrlink init`, each with a default; an answer that makes no sense is asked for again."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from mappings import quantities
from mappings.calendars import time_zones, wrong_with_region, wrong_with_time_zone
from mappings.cycles import by_name
from mappings.first import Answers, MeasuredBy, ShownAs, connection_name, likely_cycle
from mappings.schema.connections import TrackerName
from mappings.sites import tracker_by_address, wrong_with

T = TypeVar("T")

TRACKERS: tuple[TrackerName, ...] = ("jira", "azure-devops", "jira-data-center", "azure-devops-server")
MEASURES: tuple[MeasuredBy, ...] = ("items", "story points", "number")
SHOWN: tuple[ShownAs, ...] = ("badge", "fields", "nowhere")


class Interview:
    """Asks one question after the other; takes the defaults when told to, or when nobody answers."""

    def __init__(self, *, defaults_only: bool) -> None:
        self._silent = defaults_only

    def answers(self, today: date) -> Answers:
        """All questions, in an order in which each can use the answers before."""
        url = self._ask("1. Address of your tracker", "https://your-site.atlassian.net", _address)
        told = tracker_by_address(url)
        tracker = self._choose("   Which tracker is that?", TRACKERS) if told is None else told
        name = connection_name(tracker).upper()
        user = (
            self._ask("   Environment variable with the account", f"{name}_USER", _variable)
            if tracker == "jira"
            else ""
        )
        token = self._ask("   Environment variable with its token", f"{name}_TOKEN", _variable)
        secret = self._ask(
            "   Environment variable with the secret of its webhooks", f"{name}_WEBHOOK_SECRET", _variable
        )
        projects = self._ask("2. Projects, by key or name, with commas between (* is all)", "*", _several)
        timezone = self._ask("3. Time zone", local_time_zone(), _time_zone)
        holidays = self._ask("   Country or region of your days off, such as DE-BE (- is none)", "-", _region)
        cycle = self._ask("4. Cycle", likely_cycle(today), _cycle)
        objective = self._ask("5. One objective, in words", "Buying takes less than a minute", _words)
        key_result = self._ask("   One key result of it, in words", "The new checkout is built", _words)
        measured_by = self._choose(
            "   Measured by linked work (items, or story points), or a number people type in", MEASURES
        )
        number = measured_by == "number"
        start = self._ask("   Where does the number stand?", "0", _quantity) if number else ""
        target = self._ask("   Which number is to be reached?", "100", _from(start)) if number else ""
        tag = self._ask("6. How do people tag work? A label with a *, or the name of a field", "kr:*", _words)
        shown = self._choose("7. Where is progress shown? A badge on the item, fields, nowhere yet", SHOWN)
        return Answers(
            url=url,
            tracker=tracker,
            user=user,
            token=token,
            webhook_secret=secret,
            projects=projects,
            timezone=timezone,
            holidays=holidays,
            cycle=cycle,
            objective=objective,
            key_result=key_result,
            measured_by=measured_by,
            start=start,
            target=target,
            field="" if "*" in tag else tag,
            label=tag if "*" in tag else "",
            shown=shown,
        )

    def _choose(self, question: str, choices: tuple[T, ...]) -> T:
        def chosen(answer: str) -> T:
            for choice in choices:
                if answer.casefold() == str(choice):
                    return choice
            raise ValueError(f"one of: {', '.join(map(str, choices))}")

        return self._ask(question, str(choices[0]), chosen)

    def _ask(self, question: str, default: str, understand: Callable[[str], T]) -> T:
        def understood(answer: str) -> T:
            try:
                return understand(answer.strip())
            except ValueError as error:
                raise click.UsageError(str(error)) from error

        if self._silent:
            return understood(default)
        try:
            answer: T = click.prompt(question, default=default, value_proc=understood)
        except click.Abort:
            if sys.stdin.isatty():
                raise
            self._silent = True  # the answers have ended; the rest are defaults
            return understood(default)
        return answer


def local_time_zone() -> str:
    """The machine's time zone by its name, where it tells one."""
    named = os.environ.get("TZ", "").removeprefix(":")
    linked = re.search(r"zoneinfo/(.+)$", str(Path("/etc/localtime").resolve()))
    return next((zone for zone in (named, linked[1] if linked else "") if zone in time_zones()), "UTC")


def _address(answer: str) -> str:
    if wrong := wrong_with(answer, tracker_by_address(answer)):
        raise ValueError(wrong)
    return answer.rstrip("/")


def _variable(answer: str) -> str:
    name = answer.removeprefix("env/").removeprefix("$")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("the name of a variable, such as JIRA_TOKEN; the secret itself is never asked for")
    return name


def _several(answer: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in answer.split(",") if name.strip())
    if not names:
        raise ValueError('at least one project, or "*"')
    return names


def _time_zone(answer: str) -> str:
    if wrong := wrong_with_time_zone(answer):
        raise ValueError(wrong)
    return answer


def _region(answer: str) -> str:
    if answer == "-":
        return ""
    if wrong := wrong_with_region(answer):
        raise ValueError(wrong)
    return answer


def _cycle(answer: str) -> str:
    if by_name(answer) is None:
        raise ValueError("2026-Q4, 2026-H2, 2026-10 or 2026; other spans are written into the file, under cycles")
    return answer


def _words(answer: str) -> str:
    if not re.search(r"[^\W_]", answer):
        raise ValueError("a few words")
    return " ".join(answer.split())


def _quantity(answer: str) -> str:
    quantities.quantity(answer)
    return answer


def _from(start: str) -> Callable[[str], str]:
    def target(answer: str) -> str:
        if quantities.target(answer) == quantities.quantity(start):
            raise ValueError(f"equals its start ({start}); there is no way to go")
        return answer

    return target
