"""Jira's webhooks as administrators register them: all events that we read, of the connection's projects, signed.

The vendor's library does not know them. Only this kind can be registered with an account's token: dynamic webhooks are
for apps. Jira tells of a secret only whether there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson

from integration.core.errors import Gone, Permanent
from integration.core.hooks import Hook
from integration.trackers.contract import Connection
from integration.trackers.jira.payload import Json, optional_identifier, record, text
from integration.trackers.jira.projects import Projects, listed_projects
from integration.trackers.jira.rest import Rest, understood
from integration.trackers.jira.translate import HANDLERS

RESOURCE = "rest/webhooks/1.0/webhook"
SINCE_10 = "rest/jira-webhook/1.0/webhooks"
"""Where Data Center 10 moved the resource, and gave it another body."""
TOPIC = "issues, versions and sprints"
_ISSUES = "issue-related-events-section"
"""Jira's name of the filter; versions and sprints pass it unseen."""
_PROJECTS = re.compile(r'project\s*(?:=|in\b)\s*\(?(?P<keys>[\w\s,"\']+)\)?', re.IGNORECASE)
_SECRET = "(the value of {})"  # noqa: S105  # what is printed in its place


class JiraHooks:
    """Looks after the webhooks of one Jira site. It needs an account that administers Jira."""

    def __init__(self, api: Any, connection: Connection) -> None:
        self._api = api
        self._connection = connection
        self._rest = Rest(connection.url, api.get_current_user)
        self.occasion = f"change any issue{f' of {connection.projects[0]}' if connection.projects else ''}"

    def wanted(self, url: str) -> Sequence[Hook]:
        return [Hook(TOPIC, url, frozenset(HANDLERS), {"JQL": self._jql, "Exclude body": "no"})]

    def there(self) -> Sequence[Hook]:
        found = self._rest.listed(self._api.get, self._resource)
        with understood():
            return [self._hook(each) for each in found]

    def create(self, wanted: Hook) -> None:
        self._rest.done(self._api.post, self._resource, data=self._body(wanted, self._secret()))

    def mend(self, there: Hook, wanted: Hook) -> None:
        self._rest.done(self._api.put, f"{self._resource}/{there.id}", data=self._body(wanted, self._secret()))

    def remove(self, there: Hook) -> None:
        try:
            self._rest.done(self._api.delete, f"{self._resource}/{there.id}")
        except Gone:
            return  # as wished, whoever removed it

    def provoke(self, url: str) -> bool:
        """Jira has no test. Whatever makes it send something changes an issue, a version or a sprint that people see."""
        del url
        return False

    def by_hand(self, url: str, secret: str) -> Sequence[str]:
        [wanted] = self.wanted(url)
        body = orjson.dumps(self._body(wanted, _SECRET.format(secret))).decode()
        return [
            "As an administrator of Jira: Settings, System, WebHooks, Create a WebHook, with",
            f"  Name          {self._name}",
            "  Status        Enabled",
            f"  URL           {url}",
            f"  Secret        {_SECRET.format(secret)}",
            f"  JQL           {self._jql or '(leave it empty: all projects)'}",
            f"  Events        {', '.join(sorted(wanted.events))}",
            "  Exclude body  no",
            f"Or send: POST {self._connection.url}/{self._resource}",
            f"  {body}",
        ]

    @cached_property
    def _jql(self) -> str:
        """The site filters by projects as they are, and knows no patterns: those are looked up."""
        named, known = self._connection.projects, Projects(self._connection.projects, self._listed_projects)
        if known.are_plain():
            return _jql(named)
        sight = known.sight()
        sight.complain()
        return _jql(sorted((sight.keys or {}).values()))

    def _listed_projects(self, keys: Sequence[str]) -> Sequence[Json]:
        return listed_projects(self._api, self._rest, keys)

    @property
    def _resource(self) -> str:
        return RESOURCE

    @property
    def _name(self) -> str:
        return f"okrlink {self._connection.name}"

    def _secret(self) -> str:
        if not self._connection.webhook_secrets:
            raise Permanent("the connection has no webhook_secret to sign deliveries with")
        return self._connection.webhook_secrets[0].reveal()

    def _body(self, wanted: Hook, secret: str) -> Mapping[str, Any]:
        return {
            "name": self._name,
            "url": wanted.url,
            "events": sorted(wanted.events),
            "filters": {_ISSUES: wanted.settings["JQL"]},
            "excludeBody": False,
            "enabled": True,
            "secret": secret,
        }

    def _is_proven(self, told: Json) -> bool:
        return told.get("isSigned") is True

    def _hook(self, told: Json) -> Hook:
        filters, events = told.get("filters"), told.get("events")
        jql = text(record(filters, "filters").get(_ISSUES)) if filters else None
        return Hook(
            topic=TOPIC,
            url=text(told.get("url")) or "",
            events=frozenset(each for each in events if isinstance(each, str))
            if isinstance(events, list)
            else frozenset(),
            settings={
                "JQL": self._jql if _projects(jql or "") == _projects(self._jql) else jql or "",
                "Exclude body": "yes" if _excludes_body(told) else "no",
            },
            state="disabled" if False in (told.get("enabled"), told.get("active")) else "enabled",
            is_proven=self._is_proven(told),
            id=optional_identifier(told.get("id")) or (text(told.get("self")) or "").rpartition("/")[2],
        )


class JiraDataCenterHooks(JiraHooks):
    """The same on one's own machines, where the resource depends on the version, and none tells whether there is a secret."""

    def _listed_projects(self, keys: Sequence[str]) -> Sequence[Json]:
        del keys  # it always tells all of them
        return self._rest.listed(self._api.get_projects)

    @cached_property
    def _since_10(self) -> bool:
        numbers = self._rest.told(self._api.get_server_info).get("versionNumbers")
        return isinstance(numbers, list) and bool(numbers) and isinstance(numbers[0], int) and numbers[0] >= 10

    @property
    def _resource(self) -> str:
        return SINCE_10 if self._since_10 else RESOURCE

    def _secret(self) -> str:
        if self._connection.webhook_user is not None:
            raise Permanent(
                "webhooks that sign in with a user are made on Jira's page only; leave out webhook_user, and they are signed"
            )
        return super()._secret()

    def _body(self, wanted: Hook, secret: str) -> Mapping[str, Any]:
        body = super()._body(wanted, secret)
        if not self._since_10:
            return body
        kept = {name: body[name] for name in ("name", "url", "events", "filters")}
        return {**kept, "active": True, "configuration": {"SECRET": secret, "EXCLUDE_BODY": "false"}}

    def _is_proven(self, told: Json) -> bool:
        return told.get("isSigned") is not False


def _jql(projects: Sequence[str]) -> str:
    keys = ", ".join(f'"{key}"' for key in projects)
    return f"project in ({keys})" if projects else ""


def _projects(jql: str) -> object:
    """What a filter lets pass: projects where it names nothing else, so that an administrator may write it as they like."""
    found = _PROJECTS.fullmatch(jql.strip())
    if found is None:
        return jql.strip()
    return frozenset(key.strip(" \"'").casefold() for key in found["keys"].split(","))


def _excludes_body(told: Json) -> bool:
    """Data Center 10 tells it among its configuration, as a text."""
    kept = told.get("configuration")
    return told.get("excludeBody") is True or (isinstance(kept, dict) and kept.get("EXCLUDE_BODY") == "true")
