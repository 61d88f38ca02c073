"""The JSON Schema (draft 2020-12) of facts from elsewhere, made from the models: what the API takes, and each imported line."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from integration.pushed.shapes import SHAPES, Deletion

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class _AsWritten(GenerateJsonSchema):
    """A key that is not said is simply not there: no default stands in for it, and it need not be null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, Any]:
    shapes: list[type[BaseModel]] = [*SHAPES.values(), Deletion]
    references, made = models_json_schema([(shape, "validation") for shape in shapes], schema_generator=_AsWritten)
    definitions = made["$defs"]
    return {
        "$schema": DRAFT,
        "title": "okrlink fact",
        "description": (
            "One fact for POST /api/v1/facts (there also a list of them, or one a line) and for okrlink import. "
            "A key that is null counts as not said."
        ),
        "anyOf": [references[shape, "validation"] for shape in shapes],
        "$defs": {name: _plain(definitions[name]) for name in sorted(definitions)},
    }


def _plain(schema: Any) -> Any:
    """Without the titles that only repeat a key."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _plain(_untitled(inner)) for name, inner in part.items()} if key == "properties" else _plain(part)
        for key, part in schema.items()
    }


def _untitled(schema: Any) -> Any:
    return {key: part for key, part in schema.items() if key != "title"} if isinstance(schema, dict) else schema
