"""Connections: an address that is a site's, a tracker, and credentials that belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from integration.core.errors import Problem
from mappings.build import tracker_of
from mappings.schema.connections import ConnectionKeys
from mappings.secrets import Outside
from mappings.sites import wrong_with
from mappings.whole import Said, Whole
from mappings.wording import found

Connection: TypeAlias = Said[ConnectionKeys]

TEMPLATE = re.compile(r"\$\{?\w+|\$\(|\{\{|%\w+%")
"""How other tools write what comes from outside."""
OUTSIDE = ("url", "user", "tenant", "client", "webhook_user", "ca_file")
PRINCIPAL = ("tenant", "client", "client_secret")


def templates(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        for key in OUTSIDE:
            value = getattr(connection.keys, key)
            if isinstance(value, Outside) and _is_template(value, key):
                message = (
                    f"{found(value.text)} is taken as it stands; "
                    "values of connections may come from outside, as env/NAME or file/PATH"
                )
                yield connection.at_value(message, key)


def _is_template(value: Outside, key: str) -> bool:
    written = value.written() or ""
    if key == "url" and "@" in written:
        return False  # it may hold a password, and is refused for that
    return TEMPLATE.search(written) is not None


def addresses(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        url = connection.keys.url.written()
        if not connection.has("url") or not url or _is_template(connection.keys.url, "url"):
            continue
        wrong = wrong_with(url, tracker_of(connection))
        if wrong:
            yield connection.at_value(wrong, "url")


def trackers(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        if connection.has("url") and not connection.has("tracker") and tracker_of(connection) is None:
            message = (
                "has no tracker, and the address does not tell; "
                "write jira, jira-data-center, azure-devops or azure-devops-server"
            )
            yield connection.at_key(message)


def credentials(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        token, user = connection.has("token"), connection.has("user")
        if tracker_of(connection) == "jira" and token and not user and not connection.keys.gateway:
            yield connection.at_key(
                "has a token but no user; Jira Cloud wants the e-mail address of the token's account"
            )
        if connection.keys.gateway and tracker_of(connection) not in ("jira", None):
            yield connection.at_key("gateway is for Jira Cloud: leave it out", "gateway")
        if user and not token:
            yield connection.at_key("has a user but no token; add token, as env/NAME or file/PATH")


def principals(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        said = [key for key in PRINCIPAL if connection.has(key)]
        if not said:
            continue
        if tracker_of(connection) not in ("azure-devops", None):
            yield connection.at_key("only Azure DevOps Services knows service principals; use token", said[0])
        elif missing := [key for key in PRINCIPAL if key not in said]:
            yield connection.at_key(
                f"has {' and '.join(said)} but no {' and no '.join(missing)}; a service principal signs in with all three"
            )
        elif connection.has("token"):
            yield connection.at_key("signs in by client and client_secret already; leave token out", "token")


def projects(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        if connection.has("projects") and not connection.keys.projects:
            message = 'names no project; list what okrlink may read, or "*" for all that the account sees'
            yield connection.at_value(message, "projects")


def politeness(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        rate = connection.keys.requests_per_second
        if rate is not None and rate <= 0:
            yield connection.at_value("expected more than 0 requests a second", "requests_per_second")


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    templates,
    addresses,
    trackers,
    credentials,
    principals,
    projects,
    politeness,
)
