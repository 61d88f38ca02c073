"""What is shown where people work: fields, badges, dashboards."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from integration.core.scorecard import CardValue
from mappings.schema.forms import Bool, Duration, Keys, Share, Text, Texts, about, names, text


class Dashboard(Keys):
    """A dashboard that okrlink keeps; in Azure DevOps it belongs to a team of a project."""

    name: Text | None = about("its name", "OKRs 2026-Q4")
    project: Text | None = about("its project (Azure DevOps)", "Mobile Bank")
    team: Text | None = about("its team (Azure DevOps)", "Mobile Bank Team")


class WriteBackKeys(Keys):
    """What okrlink writes into one connection. A connection that is not named here is only read."""

    fields: Annotated[dict[str, Annotated[CardValue, BeforeValidator(text)]], names("KR Progress")] | None = about(
        "field as on screen: the value it shows", {"KR Progress": "percent", "KR Status": "status"}
    )
    to: Texts | None = about(
        "types of linked items, also those linked through a parent; else what carries the tag", "Epic"
    )
    remote_link: Bool | None = about("a badge on the item; needs no field", default=False)
    property: Bool | None = about("an entity property for apps (Jira)", default=False)
    dashboard: Dashboard | None = about("a dashboard that okrlink keeps", {"name": "OKRs 2026-Q4"})
    many: Annotated[Literal["list", "worst", "first"], BeforeValidator(text)] | None = about(
        "what an item of several key results shows", default="list"
    )
    edits: Annotated[Literal["keep", "check-in"], BeforeValidator(text)] | None = about(
        "what becomes of a field that a person changed", default="keep"
    )
    quiet: Bool | None = about("write only where no e-mail follows", default=True)
    every: Duration | None = about("least time between writes to an item; Azure DevOps 15 min", default="1 min")
    stop_above: Share | None = about("share of written items that one apply may change", default="25 %")
