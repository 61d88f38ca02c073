"""What a mapping becomes: a scorecard, and connections whose secrets are still only names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from integration.core.errors import MappingInvalid, Problem
from integration.core.retention import Retention
from integration.core.scorecard import Scorecard
from integration.trackers.contract import Connection, Secret, ServicePrincipal
from mappings.schema.connections import TrackerName
from mappings.secrets import Missing, Outside, value_of
from mappings.sites import wrong_with

GATEWAY = ("OKRLINK_ATLASSIAN_API", "https://api.atlassian.com")
AUTHORITY = ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com")
"""Where vendors' own addresses are in their public clouds, and the environment variables that name those of other clouds."""

ALL_PROJECTS = "*"
"""As a mapping says it; to trackers it is said by naming none."""


@dataclass(frozen=True, slots=True)
class ConnectionSource:
    """A connection as the file says it; `resolve` makes a `Connection` of it where it is needed."""

    name: str
    tracker: TrackerName
    url: Outside
    projects: tuple[str, ...]
    user: Outside | None = None
    token: Outside | None = None
    webhook_user: Outside | None = None
    webhook_secrets: tuple[Outside, ...] = ()
    ca_file: Outside | None = None
    rescan: timedelta = timedelta(minutes=15)
    requests_per_second: Decimal | None = None
    gateway: bool = False
    tenant: Outside | None = None
    client: Outside | None = None
    client_secret: Outside | None = None
    places: Mapping[str, Problem] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    """Key -> where its value stands, as a problem without a message."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A mapping without mistakes."""

    scorecard: Scorecard
    connections: tuple[ConnectionSource, ...]
    warnings: tuple[Problem, ...]
    files: Mapping[str, str]
    """Relative name -> text; the main file first. `load_texts` reads them again."""
    digest: str
    """SHA-256, in hex, over names and texts."""
    retention: Retention = dataclasses.field(default_factory=Retention)


def resolve(source: ConnectionSource, environment: Mapping[str, str], beside: Path) -> Connection:
    """The connection with its values, read now. Raises `MappingInvalid` with every value that is missing."""
    problems: list[Problem] = []

    def read(key: str, named: Outside | None) -> str:
        try:
            return "" if named is None else value_of(named, environment, beside)
        except Missing as missing:
            problems.append(dataclasses.replace(source.places[key], message=str(missing)))
            return ""

    url = read("url", source.url)
    wrong = wrong_with(url, source.tracker) if url else None
    if wrong:
        problems.append(dataclasses.replace(source.places["url"], message=wrong))
    connection = Connection(
        name=source.name,
        tracker=source.tracker,
        url=url.rstrip("/"),
        projects=() if ALL_PROJECTS in source.projects else source.projects,
        user=read("user", source.user) or None,
        token=Secret(read("token", source.token)) if source.token else None,
        webhook_user=read("webhook_user", source.webhook_user) or None,
        webhook_secrets=tuple(
            Secret(read(f"webhook_secret[{index}]", named)) for index, named in enumerate(source.webhook_secrets)
        ),
        ca_file=read("ca_file", source.ca_file) or None,
        rescan=source.rescan,
        requests_per_second=None if source.requests_per_second is None else float(source.requests_per_second),
        gateway=_address(GATEWAY, environment) if source.gateway else None,
        principal=ServicePrincipal(
            read("tenant", source.tenant),
            read("client", source.client),
            Secret(read("client_secret", source.client_secret)),
            _address(AUTHORITY, environment),
        )
        if source.client
        else None,
    )
    if problems:
        raise MappingInvalid(sorted(problems))
    return connection


def _address(place: tuple[str, str], environment: Mapping[str, str]) -> str:
    variable, usual = place
    return (environment.get(variable) or usual).rstrip("/")
