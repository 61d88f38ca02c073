"""The schema that editors use says what the loader says, as far as a schema can."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import mappings
from mappings.json_schema import json_schema
from mappings.source import read
from mappings.tree import Plain
from tests.mappings.test_load import EXAMPLES

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def as_editors_read(value: Plain) -> Any:
    """Texts that look like numbers and truths are those to an editor."""
    if isinstance(value, dict):
        return {key: as_editors_read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_editors_read(inner) for inner in value]
    try:
        return json.loads(value)
    except ValueError:
        return value


def places(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language with what the schema says of it."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
    for name, part in schema.get("definitions", {}).items():
        yield from places(part, name)


def test_it_is_draft_7_and_every_place_has_one_shape() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    text = json.dumps(SCHEMA)
    assert "anyOf" not in text
    assert "oneOf" not in text
    assert "$defs" not in text


@pytest.mark.parametrize(
    ("path", "place"), list(places(SCHEMA)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_is_described_and_takes_its_own_default_and_examples(path: str, place: dict[str, Any]) -> None:
    assert place.get("description"), path
    for value in [*place.get("examples", []), *([place["default"]] if "default" in place else [])]:
        jsonschema.Draft7Validator({**place, "definitions": SCHEMA["definitions"]}).validate(value)


def test_a_pattern_comes_with_its_message() -> None:
    def patterns(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str):
                yield schema
            for part in schema.values():
                yield from patterns(part)

    assert all(each.get("patternErrorMessage") for each in patterns(SCHEMA))


@pytest.mark.parametrize("main", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_satisfy_it(main: Path) -> None:
    for name, text in mappings.load(main).files.items():
        document, _ = read(name, text)
        VALIDATOR.validate(as_editors_read(document.plain()))


def test_the_published_mappings_satisfy_it(published: Path) -> None:
    for path in published.rglob("*.yaml"):
        document, _ = read(path.name, path.read_bytes())
        VALIDATOR.validate(as_editors_read(document.plain()))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("objectives: {Checkout: {title: x, key_results: {}}}", "Checkout"),
        ("connections: {jira: {tokn: env/X}}", "tokn"),
        ("connections: {jira: {url: x, projects: S, token: abc}}", "abc"),
        ("kpis: {a: {keep: 15 %}}", "15 %"),
        ("grading: strict", "strict"),
    ],
)
def test_it_refuses_what_the_loader_refuses(body: str, says: str) -> None:
    document, _ = read("okr.yaml", body)

    errors = [error.message for error in VALIDATOR.iter_errors(as_editors_read(document.plain()))]

    assert any(says in error for error in errors)
