"""The questions of `okrlink init`: what is asked, the default of each, and which answers make sense."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import date
from itertools import islice

from integration.core.catalogue import folded
from integration.core.scorecard import CardValue
from mappings.calendars import wrong_with_region, wrong_with_time_zone
from mappings.checks.names import spelled
from mappings.cycles import by_name
from mappings.first import (
    FIELDS,
    Answers,
    MeasuredBy,
    ShownAs,
    connection_name,
    likely_cycle,
    short_name,
    this_and_next_quarter,
    wrong_with_numbers,
)
from mappings.schema.connections import TrackerName
from mappings.sites import tracker_by_address, wrong_with
from mappings.suggestions import did_you_mean, near
from webhooks.cli.asking import Asking
from webhooks.cli.looking import ALL, Look, Seen
from webhooks.cli.machine import country_of, time_zone
from webhooks.phrases import listed

MADE_UP = "https://your-site.atlassian.net"
"""The address that stands in the file until somebody writes the true one."""
TRACKERS: tuple[TrackerName, ...] = ("jira", "azure-devops", "azure-devops-server", "jira-data-center")
MEASURES: tuple[MeasuredBy, ...] = ("items", "story points", "number")
SHOWN: tuple[ShownAs, ...] = ("badge", "fields", "nowhere")
MOST_LISTED = 40
"""Projects; an account may see thousands, and all can be named."""
MOST_EXAMPLES = 3


def interview(asking: Asking, today: date, look: Look | None = None) -> Answers:
    """All questions, in an order in which each can use the answers before, and what a look at the tracker tells."""
    asking.say("Enter takes what stands in [brackets]; all of it can be changed later in the file.\n")
    asking.say("1. Your tracker. Of its account only the names of environment variables are asked, never a secret.")
    url = asking.ask("Address that people open", MADE_UP, _address)
    tracker = _tracker(asking, url)
    prefix = connection_name(tracker).upper()
    user = (
        asking.ask("Variable with the account's e-mail address", f"{prefix}_USER", _variable)
        if tracker == "jira"
        else ""
    )
    token = asking.ask("Variable with its token", f"{prefix}_TOKEN", _variable)
    secret = asking.ask("Variable with the secret of its webhooks", f"{prefix}_WEBHOOK_SECRET", _variable)
    asking.say("2. What okrlink may read")
    projects = _projects(asking, look.begin(url, tracker, user, token) if look and url != MADE_UP else {})
    seen = look.into(projects) if look else Seen()
    asking.say("3. Your days")
    timezone = asking.ask("Time zone", time_zone(os.environ), _time_zone)
    holidays = asking.ask(
        "Days off of a country or region, such as DE-BE, or none", country_of(timezone) or "none", _region
    )
    asking.say("4. The cycle")
    this, following = this_and_next_quarter(today)
    cycle = asking.ask(f"{this} is this quarter, {following} the next", likely_cycle(today), _cycle)
    asking.say("5. One objective and one key result; more of them are added in the file")
    objective = asking.ask("Objective: where you want to be, in words", "Buying takes less than a minute", _words)
    objective_name = asking.ask("Its short name", _name_for(objective, "first-objective"), _name)
    key_result = asking.ask("Key result: how it will be seen", "The new checkout is built", _words)
    key_result_name = asking.ask("Its short name, which people tag with", _name_for(key_result, "first-result"), _name)
    measured_by = _measured_by(asking, seen)
    number = measured_by == "number"
    start = asking.ask("Where the number stands, with its unit", "0 %", _start) if number else ""
    target = asking.ask("Which number is to be reached", _target(start), _from(start)) if number else ""
    asking.say("6. How people tag work")
    tag = _tagged(asking, seen)
    asking.say("7. Where progress is shown")
    fields = _fields(asking, seen)
    shown = _shown(asking, seen, fields)
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
        objective_name=objective_name,
        key_result=key_result,
        key_result_name=key_result_name,
        measured_by=measured_by,
        start=start,
        target=target,
        field="" if "*" in tag else tag,
        label=tag if "*" in tag else "",
        shown=shown,
        fields=fields,
    )


NAMES = {"Buying takes less than a minute": "checkout", "The new checkout is built": "built"}
"""Short names of the titles that we bring."""


def _tracker(asking: Asking, url: str) -> TrackerName:
    if by_address := tracker_by_address(url):
        return by_address
    return asking.choose(f"Which tracker is it: {_or(TRACKERS)}?", TRACKERS)


def _projects(asking: Asking, visible: Mapping[str, str]) -> tuple[str, ...]:
    """From a numbered list where the tracker told of any."""
    if not visible:
        return asking.ask("Projects by key or name, with commas between; * is all", "*", _several)
    for number, (key, name) in enumerate(islice(visible.items(), MOST_LISTED), start=1):
        asking.say(f"   {number:3}  {key}" + (f"  {name}" if name != key else ""))
    if len(visible) > MOST_LISTED:
        asking.say(f"        … and {len(visible) - MOST_LISTED:,} more, by key or name")
    default = next(iter(visible)) if len(visible) == 1 else "*"
    return asking.ask("Projects by number, key or name, with commas between; * is all", default, _among(visible))


def _measured_by(asking: Asking, seen: Seen) -> MeasuredBy:
    """In points first where items are estimated; not at all where the tracker has no field for them."""
    words = "Measured by linked items, their story points, or a number people type in"
    if estimates := seen.estimates():
        asking.say(f"   Work can be estimated there, in {listed(estimates)}")
        return asking.choose(words, sorted(MEASURES, key=lambda each: each != "story points"))
    if seen.catalogue:
        return asking.choose("Measured by linked items, or a number people type in", [MEASURES[0], MEASURES[2]])
    return asking.choose(words, MEASURES)


def _tagged(asking: Asking, seen: Seen) -> str:
    """As people tag already, where something looks like it."""
    patterns, fields = seen.patterns(), seen.key_result_fields()
    for pattern, examples in patterns.items():
        more = f" and {len(examples) - MOST_EXAMPLES:,} more" if len(examples) > MOST_EXAMPLES else ""
        asking.say(f"   {pattern} fits {', '.join(examples[:MOST_EXAMPLES])}{more}")
    for name in fields:
        asking.say(f"   {name} is a field")
    default = next(iter((*patterns, *fields)), "kr:*")
    words = "A label or tag in which * stands for the key result, or the name of a field"
    tag = asking.ask(words, default, _tag)
    if "*" in tag or seen.catalogue is None:
        return tag
    if known := seen.named(tag):
        return tag if known.id == tag else known.name
    meant = near(tag, [one.name for one in seen.catalogue.fields])
    asking.warn(
        f"There is no field {tag} yet: make it there as a text or a select field, for people to fill in."
        + (f" Or is {meant} meant?" if meant else "")
    )
    return tag


def _fields(asking: Asking, seen: Seen) -> Mapping[str, CardValue]:
    """The fields that would show progress, as the tracker calls them; those that cannot show it are left out."""
    if seen.catalogue is None:
        return FIELDS
    found: dict[str, CardValue] = {}
    for name, value in FIELDS.items():
        if reason := seen.unfit(name, value):
            asking.say(f"   {name} {reason}; it is left out")
            continue
        known = seen.named(name)
        asking.say(f"   {known.name if known else name} is {'there' if known else 'not there yet'}")
        found[known.name if known else name] = value
    return found


def _shown(asking: Asking, seen: Seen, fields: Mapping[str, CardValue]) -> ShownAs:
    if not fields:
        return asking.choose("A badge on the item, or nowhere yet", [SHOWN[0], SHOWN[2]])
    there = all(seen.named(name) for name in fields)
    words = "A badge on the item, fields of it, or nowhere yet"
    return asking.choose(words, sorted(SHOWN, key=lambda each: each != "fields") if there else SHOWN)


def _name_for(title: str, otherwise: str) -> str:
    """A title in other letters than ours tells no name."""
    return NAMES.get(title) or (short_name(title) if re.search("[A-Za-z0-9]", title) else otherwise)


def _target(start: str) -> str:
    """As an example: in the unit of the start."""
    return f"100{start.lstrip('+-.0123456789')}" if start != "100" else "200"


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _address(answer: str) -> str:
    url = answer if "://" in answer else f"https://{answer}"
    if wrong := wrong_with(url, tracker_by_address(url)):
        raise ValueError(wrong)
    return url.rstrip("/")


def _variable(answer: str) -> str:
    """By custom in capitals. Anything else may be the secret itself, unless there is a variable of that name."""
    name = answer.removeprefix("env/").removeprefix("$")
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) and not (name.isidentifier() and name in os.environ):
        raise ValueError("expected the name of a variable in capitals, such as JIRA_TOKEN; never the secret itself")
    return name


def _several(answer: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(" ".join(name.split()) for name in answer.split(",") if name.strip()))
    if not names:
        raise ValueError("at least one project, or *")
    return names


def _among(visible: Mapping[str, str]) -> Callable[[str], tuple[str, ...]]:
    """A project is meant by its key or name first, else by its number in the list."""
    meant = {folded(name): key for key, name in visible.items()} | {folded(key): key for key in visible}
    meant |= {str(number): key for number, key in enumerate(visible, start=1) if str(number) not in meant}

    def chosen(answer: str) -> tuple[str, ...]:
        names = _several(answer)
        if ALL[0] in names:
            return ALL
        unknown = [name for name in names if folded(name) not in meant]
        if unknown:
            guess = did_you_mean(unknown[0], [*visible, *visible.values()])
            raise ValueError(f"the account sees no project '{unknown[0]}'{guess}")
        return tuple(dict.fromkeys(meant[folded(name)] for name in names))

    return chosen


def _time_zone(answer: str) -> str:
    if wrong := wrong_with_time_zone(answer):
        raise ValueError(wrong)
    return answer


def _region(answer: str) -> str:
    if answer.casefold() in ("none", "-"):
        return ""
    if wrong := wrong_with_region(answer):
        raise ValueError(wrong)
    return answer


def _cycle(answer: str) -> str:
    if by_name(answer) is None:
        raise ValueError(
            "2026-Q4, 2026-H2, 2026-10 and 2026 are cycles; others get their dates in the file, under cycles"
        )
    return answer


def _words(answer: str) -> str:
    if not re.search(r"[^\W_]", answer):
        raise ValueError("say it in a few words")
    return " ".join(answer.split())


def _name(answer: str) -> str:
    if spelled(answer) != answer:
        raise ValueError(f"a name has small letters, digits and hyphens; such as {short_name(answer)}")
    return answer


def _start(answer: str) -> str:
    return _from(answer)(_target(answer)) and answer


def _from(start: str) -> Callable[[str], str]:
    def target(answer: str) -> str:
        if wrong := wrong_with_numbers(start, answer):
            raise ValueError(wrong)
        return answer

    return target


def _tag(answer: str) -> str:
    label = "*" in answer
    if label and (answer.count("*") != 1 or answer == "*" or " " in answer):
        raise ValueError("a label has one * and no spaces, as in kr:*; the * stands for the key result")
    if answer.casefold() in (field.casefold() for field in FIELDS):
        raise ValueError(
            "okrlink writes a field of that name; people choose key results in another, such as Key Result"
        )
    return answer if label else _words(answer)
