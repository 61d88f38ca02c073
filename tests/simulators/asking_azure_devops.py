"""A plain client of the simulated Azure DevOps, as the tests ask it."""

from typing import Any

import requests

from integration.simulators.azure_devops import AzureDevOpsSimulator

PATCH = "application/json-patch+json"


class Client:
    def __init__(self, sim: AzureDevOpsSimulator, token: str = "pat") -> None:
        self.sim = sim
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = ("", token)

    def ask(self, method: str, path: str, **words: Any) -> requests.Response:
        return self.session.request(method, f"{self.sim.url}{path}", timeout=60, **words)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **query: Any) -> requests.Response:
        return self.ask("POST", path, json=body, params={"api-version": "7.1", **query})

    def patch(self, work_item_id: int, *operations: Any, **query: Any) -> requests.Response:
        return self.ask(
            "PATCH",
            f"/_apis/wit/workitems/{work_item_id}",
            json=list(operations),
            params={"api-version": "7.1", **query},
            headers={"Content-Type": PATCH},
        )


def rev(number: int) -> dict[str, Any]:
    return {"op": "test", "path": "/rev", "value": number}


def add(field: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{field}", "value": value}


def hyperlink(url: str, comment: str = "") -> dict[str, Any]:
    value = {"rel": "Hyperlink", "url": url, "attributes": {"comment": comment}}
    return {"op": "add", "path": "/relations/-", "value": value}
