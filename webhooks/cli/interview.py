"""The questions of `okrlink init`: what is asked, the default of each, and which answers make sense."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from itertools import islice

from integration.core.scorecard import CardValue
from mappings.first import (
    FIELDS,
    Answers,
    MeasuredBy,
    ShownAs,
    connection_name,
    likely_cycle,
    short_name,
    this_and_next_quarter,
)
from mappings.first_delivery import choices, likely_target
from mappings.presets import presets
from mappings.schema.connections import TrackerName
from mappings.sites import tracker_by_address
from mappings.suggestions import near
from webhooks.cli import making_sense
from webhooks.cli.asking import Asking
from webhooks.cli.delivery_questions import rules_of_deployments, rules_of_incidents
from webhooks.cli.looking import Look, Seen
from webhooks.cli.machine import country_of, time_zone
from webhooks.phrases import listed

MADE_UP = "https://your-site.atlassian.net"
"""The address that stands in the file until somebody writes the true one."""
TRACKERS: tuple[TrackerName, ...] = ("jira", "azure-devops", "azure-devops-server", "jira-data-center")
MEASURES: tuple[MeasuredBy, ...] = ("items", "story points", "kpi", "number")
USUAL_KPI = "dora/lead-time"
SHOWN: tuple[ShownAs, ...] = ("badge", "fields", "nowhere")
MOST_LISTED = 40
"""Projects; an account may see thousands, and all can be named."""
MOST_EXAMPLES = 3


def interview(asking: Asking, today: date, look: Look | None = None) -> Answers:
    """All questions, in an order in which each can use the answers before, and what a look at the tracker tells."""
    asking.say("Enter takes what stands in [brackets]; all of it can be changed later in the file.\n")
    asking.say("1. Your tracker. Of its account only the names of environment variables are asked, never a secret.")
    url = asking.ask("Address that people open", MADE_UP, making_sense.address)
    tracker = _tracker(asking, url)
    prefix = connection_name(tracker).upper()
    user = (
        asking.ask("Variable with the account's e-mail address", f"{prefix}_USER", making_sense.variable)
        if tracker == "jira"
        else ""
    )
    token = asking.ask("Variable with its token", f"{prefix}_TOKEN", making_sense.variable)
    secret = asking.ask("Variable with the secret of its webhooks", f"{prefix}_WEBHOOK_SECRET", making_sense.variable)
    asking.say("2. What okrlink may read")
    projects = _projects(asking, look.begin(url, tracker, user, token) if look and url != MADE_UP else {})
    seen = look.into(projects) if look else Seen()
    asking.say("3. Your days")
    timezone = asking.ask("Time zone", time_zone(os.environ), making_sense.time_zone_there_is)
    holidays = asking.ask(
        "Days off of a country or region, such as DE-BE, or none", country_of(timezone) or "none", making_sense.region
    )
    asking.say("4. The cycle")
    this, following = this_and_next_quarter(today)
    cycle = asking.ask(f"{this} is this quarter, {following} the next", likely_cycle(today), making_sense.named_cycle)
    asking.say("5. One objective and one key result; more of them are added in the file")
    objective = asking.ask(
        "Objective: where you want to be, in words", "Buying takes less than a minute", making_sense.in_words
    )
    objective_name = asking.ask("Its short name", _name_for(objective, "first-objective"), making_sense.short)
    key_result = asking.ask("Key result: how it will be seen", "The new checkout is built", making_sense.in_words)
    key_result_name = asking.ask(
        "Its short name, which people tag with", _name_for(key_result, "first-result"), making_sense.short
    )
    measured_by = _measured_by(asking, seen)
    kpi, start, target = _way(asking, measured_by)
    asking.say("6. How people tag work")
    tag = _tagged(asking, seen)
    asking.say("7. What a deployment is")
    deployments = rules_of_deployments(asking, tracker, seen.deployments)
    asking.say("8. What an incident is: a failure that users felt")
    incidents = rules_of_incidents(asking, tracker, seen.incidents)
    asking.say("9. Where progress is shown")
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
        kpi=kpi,
        deployments=deployments,
        incidents=incidents,
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
        return asking.ask("Projects by key or name, with commas between; * is all", "*", making_sense.several)
    for number, (key, name) in enumerate(islice(visible.items(), MOST_LISTED), start=1):
        asking.say(f"   {number:3}  {key}" + (f"  {name}" if name != key else ""))
    if len(visible) > MOST_LISTED:
        asking.say(f"        … and {len(visible) - MOST_LISTED:,} more, by key or name")
    default = next(iter(visible)) if len(visible) == 1 else "*"
    return asking.ask(
        "Projects by number, key or name, with commas between; * is all", default, making_sense.among(visible)
    )


def _measured_by(asking: Asking, seen: Seen) -> MeasuredBy:
    """In points first where items are estimated; not at all where the tracker has no field for them."""
    words = "Measured by linked items, their story points, a KPI of delivery, or a number people type in"
    if estimates := seen.estimates():
        asking.say(f"   Work can be estimated there, in {listed(estimates)}")
        return asking.choose(words, sorted(MEASURES, key=lambda each: each != "story points"))
    if seen.catalogue:
        words = "Measured by linked items, a KPI of delivery, or a number people type in"
        return asking.choose(words, [each for each in MEASURES if each != "story points"])
    return asking.choose(words, MEASURES)


def _way(asking: Asking, measured_by: MeasuredBy) -> tuple[str, str, str]:
    """The KPI, the start and the target of the key result, where its measure has them."""
    if measured_by == "number":
        start = asking.ask("Where the number stands, with its unit", "0 %", making_sense.starting)
        likely, understand = making_sense.likely_end(start), making_sense.target_from(start)
        return "", start, asking.ask("Which number is to be reached", likely, understand)
    if measured_by == "kpi":
        titles = {name: presets()[name].title or "" for name in choices()}
        for number, (name, title) in enumerate(titles.items(), start=1):
            asking.say(f"   {number:3}  {name}  {title}")
        kpi = asking.ask("Which KPI, by number or name", USUAL_KPI, making_sense.one_of(choices()))
        words = "Where it is to be: a number with its unit, or how far from where it was before the cycle"
        return kpi, "", asking.ask(words, likely_target(kpi), making_sense.target_of(kpi))
    return "", "", ""


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
    tag = asking.ask(words, default, making_sense.tag)
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


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
