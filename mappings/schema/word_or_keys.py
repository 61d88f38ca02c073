"""A place that takes a word or keys: a stream by its name or a filter, a span of calendar or a side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from mappings.schema.forms import Keys, text


@dataclass(frozen=True, slots=True)
class WordOrKeys:
    """Reads a text by `read` and keys as `model`, each with errors of its own: a union would tell those of both.

    Editors see one shape: the keys of the model, or a text of the form.
    """

    model: type[Keys]
    read: Callable[[str], Any]
    pattern: str
    message: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._value, handler.generate_schema(self.model))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        keys = handler.resolve_ref_schema(handler(schema))
        form = {"type": ["string", "object"], "pattern": self.pattern, "patternErrorMessage": self.message}
        return {**keys, **form}

    def _value(self, value: Any, keys: core_schema.ValidatorFunctionWrapHandler) -> Any:
        return keys(value) if isinstance(value, dict) else self.read(text(value))
