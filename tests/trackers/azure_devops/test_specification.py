"""What reading the past asks, and what the simulated Azure DevOps answers, is as Microsoft's own documents describe it.

The documents are generated and have errors of their own. Those that are met here:

- What is optional in an address stands in it as required: the project, the team, and a timeline's id.
- A list is described as a bare array; every list is wrapped as `{"count", "value"}`, as their examples show.
- Values of any type (fields of work items, values of a batch) are described as objects, or as texts of format T.
- `operationStatus` is described in lower case; Microsoft's own example says `PhaseFailed`.
- Nothing is described as null; recorded answers are full of it.
- No document has the header `x-ms-continuationtoken`, which their parameter `continuationToken` needs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import requests
from flask import Flask, Response, request

from integration.core.queries import Query
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.server import Server
from integration.trackers.azure_devops import TRACKER
from integration.trackers.contract import Connection, Secret
from tests.sides import Clock
from tests.trackers.azure_devops.test_both_ways import LONG_AGO, MORNING, delivery, work

DOCUMENTS = ("wit.workItemTracking", "build.build", "release.release", "git.git", "core.core")
OPTIONAL = (r"/\{project\}", r"/\{team\}", r"/\{timelineId\}")


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    answer: Any


class Relay:
    """Stands before the simulator, passes everything on, and remembers it."""

    def __init__(self, sim: AzureDevOpsSimulator) -> None:
        self.exchanges: list[Exchange] = []
        app = Flask("relay")
        app.add_url_rule("/<path:path>", view_func=self._pass_on, methods=["GET", "POST", "OPTIONS"])
        self._upstream = sim.url.rpartition("/")[0]
        self._session = requests.Session()
        self._session.trust_env = False
        self._server = Server(app)
        self.url = f"{self._server.url}/{sim.url.rpartition('/')[2]}"

    def _pass_on(self, path: str) -> Response:
        sent = {name: value for name, value in request.headers.items() if name in ("Authorization", "Content-Type")}
        url = f"{self._upstream}/{path}"
        got = self._session.request(
            request.method, url, params=request.args, headers=sent, data=request.get_data(), timeout=10
        )
        assert got.status_code == 200, got.text
        body = json.loads(request.get_data()) if request.get_data() else None
        self.exchanges.append(Exchange(request.method, f"/{path}", dict(request.args), body, got.json()))
        kept = {name: got.headers[name] for name in ("x-ms-continuationtoken",) if name in got.headers}
        return Response(got.content, headers=kept, content_type="application/json")

    def close(self) -> None:
        self._server.close()


@pytest.fixture(scope="module")
def exchanges() -> Iterator[list[Exchange]]:
    """Everything that reading a history asks: from the beginning, going on after a restart, and later ones' pasts."""
    clock = Clock(MORNING)
    with AzureDevOpsSimulator(clock=clock) as sim:
        work(sim, lambda: clock.forward(hours=3, seconds=7))
        delivery(sim, lambda: clock.forward(hours=3, seconds=7), clock)
        wiql = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
        sim.save_query("Shared Queries/Triage/Deep/Open bugs", wiql)
        relay = Relay(sim)

        def read(since: datetime, cursors: Mapping[str, str]) -> dict[str, str]:
            connection = Connection("ado", "azure-devops", relay.url, projects=("Shop",), token=Secret("pat"))
            client = TRACKER.connect(connection)
            last = {}
            for stream in client.streams:
                for page in client.history(stream, since, cursors.get(stream)):
                    last[stream] = page.cursor
            list(client.present())
            client.total("work items", since)
            assert list(client.answers(Query("Open bugs", saved=True)))
            return last

        ends = read(LONG_AGO, {})
        read(clock() - timedelta(days=1), {})
        clock.forward(days=1)
        sim.edit(3, {"Story Points": 13})
        read(LONG_AGO, ends)
        assert not sim.unmodelled
        yield relay.exchanges
        relay.close()


@cache
def document(corpus: Path, name: str) -> dict[str, Any]:
    """A document, with its known errors mended."""
    path = corpus / "specs" / "azure-devops" / "7.1" / f"{name}.json"
    told = json.loads(path.read_text(encoding="utf-8-sig"))
    definitions = deepcopy(told["definitions"])
    for known in definitions.values():
        for name, described in known.get("properties", {}).items():
            if name == "operationStatus":
                described.pop("enum", None)
            if name in ("fields", "values", "additionalProperties"):
                described.get("items", {}).clear()
                described.pop("additionalProperties", None)
    return {**told, "definitions": definitions}


def operation(corpus: Path, asked: Exchange) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document and its description of what was asked."""
    path = urlsplit(asked.path).path.lower()
    for name in DOCUMENTS:
        told = document(corpus, name)
        for template, methods in {**told["paths"], **told.get("x-ms-paths", {})}.items():
            if asked.method.lower() in methods and pattern(template).fullmatch(path):
                return told, methods[asked.method.lower()]
    raise AssertionError(f"in no document: {asked.method} {asked.path}")


@cache
def pattern(template: str) -> re.Pattern[str]:
    escaped = re.escape(template.partition("?")[0].lower()).replace(r"\{", "{").replace(r"\}", "}")
    for optional in OPTIONAL:
        escaped = re.sub(optional.lower(), r"(/[^/_][^/]*)?", escaped)
    return re.compile(re.sub(r"\{[^}]+\}", r"[^/]+", escaped))


def without_nulls(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: without_nulls(value) for name, value in answer.items() if value is not None}
    return [without_nulls(one) for one in answer if one is not None] if isinstance(answer, list) else answer


def check(told: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> None:
    validator = jsonschema.Draft4Validator({**schema, "definitions": told["definitions"]})
    errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]
    assert not errors, errors[:5]


def test_every_question_is_one_that_the_documents_know(corpus: Path, exchanges: list[Exchange]) -> None:
    for asked in exchanges:
        told, described = operation(corpus, asked)
        known = {one["name"]: one for one in described["parameters"] if one.get("in") == "query"}
        known["api-version"] = {"type": "string", "enum": ["7.1"]}
        for name, value in asked.query.items():
            assert name in known, f"{asked.path}: no parameter {name}"
            kind = known[name].get("type", "string")
            as_told = {"integer": int, "boolean": json.loads}.get(kind, str)(value)
            check(told, {key: known[name][key] for key in ("type", "enum") if key in known[name]}, as_told)
        bodies = [one["schema"] for one in described["parameters"] if one.get("in") == "body"]
        assert bool(bodies) == (asked.body is not None)
        for schema in bodies:
            check(told, schema, asked.body)
            properties = told["definitions"][schema["$ref"].rpartition("/")[2]]["properties"]
            assert set(asked.body) <= set(properties)


def test_every_answer_is_one_that_the_documents_describe(corpus: Path, exchanges: list[Exchange]) -> None:
    for asked in exchanges:
        told, described = operation(corpus, asked)
        schema = described["responses"]["200"]["schema"]
        answer = without_nulls(asked.answer)
        if schema.get("type") == "array":
            assert asked.answer["count"] == len(asked.answer["value"])
            answer = answer["value"]
        check(told, schema, answer)
        if asked.path.endswith("/workitemrevisions"):  # of whose values the document says nothing
            for each in answer["values"]:
                check(told, {"$ref": "#/definitions/WorkItem"}, each)


def test_all_that_reading_the_past_can_ask_was_asked(exchanges: list[Exchange]) -> None:
    asked = {re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+", "*", one.path.partition("_apis/")[2]) for one in exchanges}

    assert asked == {
        "build/builds",
        "build/builds/*/timeline",
        "build/builds/*/timeline/*",
        "git/pullrequests",
        "projects",
        "release/deployments",
        "wit/fields",
        "wit/queries",
        "wit/queries/*",
        "wit/reporting/workitemlinks",
        "wit/reporting/workitemrevisions",
        "wit/wiql",
        "wit/workItems/*/revisions",
        "wit/workitemsbatch",
    }
