"""Atlassian's descriptions of Jira's interface: whether a request or an answer is as they say."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from integration.simulators.jira_gate import Request

SPECIFICATIONS = {
    "/rest/api/": "jira-platform-rest-v3.openapi.json",
    "/rest/agile/": "jira-software-agile-1.0.openapi.json",
}
WRONG = {
    "getBulkChangelogs": (
        "tells that `created` is a text; clients meet the milliseconds of an epoch, which the simulator sends",
        ("created",),
    ),
}
"""What the descriptions get wrong of the interface, and which properties are therefore not compared."""


@cache
def specification(corpus: Path, path: str) -> dict[str, Any]:
    name = next(name for prefix, name in SPECIFICATIONS.items() if path.startswith(prefix))
    return json.loads((corpus / "specs" / "jira" / name).read_text())


def operation(corpus: Path, method: str, path: str) -> dict[str, Any]:
    """What the description says of requests with that method to that path; a plain path counts before one with a name."""
    paths = specification(corpus, path)["paths"]
    templates = [one for one in paths if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", one), path)]
    assert templates, f"nothing is described at {path}"
    described = paths[min(templates, key=lambda one: one.count("{"))]
    assert method.lower() in described, f"{method} is not described at {path}"
    return described[method.lower()]


def check_request(corpus: Path, request: Request) -> None:
    """The parameters are known and of their type, the body fulfils its schema."""
    described = operation(corpus, request.method, request.path)
    parameters = {one["name"]: one["schema"] for one in described.get("parameters", ()) if one["in"] == "query"}
    for name, said in request.query.items():
        assert name in parameters, f"{name} is no parameter of {request.method} {request.path}"
        schema = parameters[name]
        several = schema["type"] == "array"
        kind = schema["items"]["type"] if several else schema["type"]
        value = {"integer": int, "boolean": json.loads}.get(kind, str)(said)
        jsonschema.Draft4Validator(schema).validate([value] if several else value)
    if "requestBody" in described:
        _check(corpus, request.path, described["requestBody"]["content"], request.body)
    else:
        assert request.body is None


def check_answer(corpus: Path, method: str, path: str, status: int, body: Any) -> None:
    """The answer fulfils the schema for its status."""
    described = operation(corpus, method, path)
    _, left_out = WRONG.get(described["operationId"], ("", ()))
    _check(corpus, path, described["responses"][str(status)]["content"], _shown(body, left_out))


def _check(corpus: Path, path: str, content: dict[str, Any], body: Any) -> None:
    said = content["application/json"]
    components = specification(corpus, path).get("components", {})
    jsonschema.Draft4Validator({**said.get("schema", {}), "components": components}).validate(body)


def _shown(answer: Any, left_out: tuple[str, ...]) -> Any:
    """The descriptions forbid null everywhere; recordings are full of it."""
    if isinstance(answer, dict):
        kept = {name: value for name, value in answer.items() if value is not None and name not in left_out}
        return {name: _shown(value, left_out) for name, value in kept.items()}
    return [_shown(one, left_out) for one in answer] if isinstance(answer, list) else answer
