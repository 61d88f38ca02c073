"""JSON Schema (draft 7) of the language, made from the models, so that editors complete and check while typing.

Every place has one shape, so nothing is `anyOf` or `oneOf`: where a word or a list will do, `type` lists both. What a form
refuses is said by `pattern` and `patternErrorMessage`; choices between keys are left to `okrlink check`.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mappings.schema import MainFile
from mappings.schema.forms import Json

DRAFT = "http://json-schema.org/draft-07/schema#"


class _OneShape(GenerateJsonSchema):
    """What pydantic would say of the models, without the alternatives that only Python has."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """A key that is not said is not there; it is never null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Defaults are said in the words of the language, where there are any."""
        return self.generate_inner(schema["schema"])


def json_schema() -> Json:
    """The schema of a main file, which holds for included ones as well."""
    made = MainFile.model_json_schema(schema_generator=_OneShape)
    definitions = {_plain_name(name): _tidy(model) for name, model in sorted(made.pop("$defs").items())}
    root = _tidy(made)
    return {
        "$schema": DRAFT,
        "title": "okrlink mapping",
        "description": "What a team wants, how it is measured, which work feeds it, and where progress is shown.",
        **{key: value for key, value in root.items() if key not in ("title", "description")},
        "definitions": definitions,
    }


def _tidy(schema: Any) -> Any:
    """Without the titles of Python's names; a reference keeps what stands beside it, as draft 7 would not.

    Names with a form are said in one way, as those of sections: the form, and what stands under each.
    """
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {
        key: _tidy_part(key, part) for key, part in schema.items() if not (key == "title" and isinstance(part, str))
    }
    for pattern, under_it in parts.pop("patternProperties", {}).items():
        parts["propertyNames"] = {"pattern": pattern, **parts.get("propertyNames", {})}
        parts["additionalProperties"] = under_it
    reference = parts.pop("$ref", None)
    if reference is None:
        return parts
    target = {"$ref": f"#/definitions/{_plain_name(reference.rpartition('/')[2])}"}
    return {**parts, "allOf": [target]} if parts else target


def _tidy_part(key: str, part: Any) -> Any:
    if key in ("properties", "patternProperties"):
        return {name: _tidy(inner) for name, inner in part.items()}
    return part if key in ("examples", "default", "enum", "const") else _tidy(part)


def _plain_name(name: str) -> str:
    return name.removesuffix("Keys")
