"""What the tests of the simulated Jira stand on: a clock that waits, a client, and names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from integration.simulators.jira import JiraSimulator
from tests.simulators.listening import Listener

PROGRESS, STATUS, SUMMARY = "customfield_10051", "customfield_10052", "customfield_10053"
SECRET = "It's a Secret to Everybody"
LINK = {"globalId": "okr=1", "relationship": "key result", "object": {"url": "http://okr.example/1", "title": "KR 1"}}


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


class Client:
    """What an API client does, without one."""

    def __init__(self, jira: JiraSimulator) -> None:
        self._jira = jira
        self._session = requests.Session()
        self._session.auth = (jira.email, jira.token)

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        return self._session.request(method, f"{self._jira.url}/rest/api/3/{path}", timeout=60, **more)

    def edit(self, key: str, fields: dict[str, Any], **params: str) -> requests.Response:
        return self("PUT", f"issue/{key}", json={"fields": fields}, params={"notifyUsers": "false", **params})

    def search(self, jql: str, **more: Any) -> dict[str, Any]:
        answer = self("POST", "search/jql", json={"jql": jql, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()


def events(jira: JiraSimulator, listener: Listener) -> list[dict[str, Any]]:
    assert jira.deliveries.drain(60)
    return [one.json for one in listener.received]
