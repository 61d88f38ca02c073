"""The file as a whole: the main one, and the ones it includes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from integration.core.scorecard import Grading
from mappings.hours import OpenHours, open_hours
from mappings.schema.connections import ConnectionKeys
from mappings.schema.delivery import Delivery, ServiceKeys
from mappings.schema.forms import (
    WIDE_NAME,
    Duration,
    Keys,
    Text,
    Texts,
    about,
    as_typed,
    form,
    names,
    rule_list,
    section,
    text,
    word,
)
from mappings.schema.kpis import KpiKeys, Weekday
from mappings.schema.okrs import CycleKeys, ObjectiveKeys
from mappings.schema.selectors import LinkRule
from mappings.schema.write_back import WriteBackKeys


class Retention(Keys):
    """How long raw deliveries are kept, and those that were not understood."""

    deliveries: Duration | None = about("what trackers sent", "14 days", default="30 days")
    dead: Duration | None = about("what was not understood", default="90 days")


class Access(Keys):
    """Who may do what, by e-mail pattern or group of the sign-in."""

    admins: Texts | None = about("may change everything", "group:okr-admins")
    editors: Texts | None = about("may check in and link", "*@acme.example")
    viewers: Texts | None = about("may look", "*@acme.example")


class TeamFile(Keys):
    """What an included file may say."""

    cycle: Text | None = about("when; said once for all objectives of the file", "2026-Q4")
    owner: Text | None = about("who answers; said once for all objectives of the file", "dana@acme.example")
    team: Text | None = about("whose it is; said once for all objectives and services of the file", "Checkout")
    cycles: Annotated[dict[str, CycleKeys], names("2026-T3")] = section("spans of dates", pattern=WIDE_NAME)
    objectives: Annotated[dict[str, ObjectiveKeys], names("checkout")] = section("what the team wants")
    links: Annotated[tuple[LinkRule, ...], BeforeValidator(rule_list)] = about(
        "how people tag", [{"label": "kr:*"}], value=()
    )
    services: Annotated[dict[str, ServiceKeys], names("shop")] = section("services", pattern=WIDE_NAME)
    kpis: Annotated[dict[str, KpiKeys], names("lead-time")] = section("what is watched all the time")


class MainFile(TeamFile):
    """What okr.yaml may say."""

    version: Annotated[Literal["1"], BeforeValidator(text), WithJsonSchema({"type": "number", "enum": [1]})] | None = (
        about("version of the language; left out means 1, for ever", default=1)
    )
    timezone: Text | None = about("where days, weeks and quarters begin", "Europe/Berlin", default="UTC")
    week_starts: Annotated[Weekday, BeforeValidator(word)] | None = about("first day of a week", default="monday")
    holidays: Text | None = about("days off, by country or region", "DE-BE", "US")
    business_hours: (
        Annotated[
            OpenHours,
            form(open_hours),
            as_typed(
                r"^[A-Za-z]{3,9}(-[A-Za-z]{3,9})? +[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2}( *,.*)?$",
                "as on a door: Mon-Fri 09:00-17:30",
            ),
        ]
        | None
    ) = about("as on a door", "Mon-Fri 09:00-17:30")
    grading: Annotated[Grading, BeforeValidator(text)] | None = about("how pace becomes a status", default="viva")
    include: Texts | None = about("more files, relative to this one", "teams/*.yaml")
    retention: Retention | None = about("how long raw deliveries are kept")
    connections: Annotated[dict[str, ConnectionKeys], names("jira")] = section("the trackers")
    delivery: Delivery | None = about("what counts as a deployment, a change, an incident")
    access: Access | None = about("who may do what")
    write_back: Annotated[dict[str, WriteBackKeys], names("jira")] = section("where progress is shown, by connection")
