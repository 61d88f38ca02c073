"""Of which facts: fields with what they must hold, and streams by name."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, cast

from pydantic import BeforeValidator, ConfigDict, WithJsonSchema

from integration.core.catalogue import folded
from integration.core.kpi.language import STREAMS, Test
from mappings.conditions import condition
from mappings.schema.forms import Json, Keys, about, form, one_or_many, pattern, rule_list
from mappings.schema.word_or_keys import WordOrKeys
from mappings.suggestions import did_you_mean
from mappings.wording import found, listed

StreamName: TypeAlias = Literal[
    "deployments", "changes", "incidents", "items", "stays", "builds", "test runs", "pushed"
]

TEST: Json = {"type": ["string", "number", "boolean"]}


def _values(value: object) -> object:
    if isinstance(value, dict):
        message = "expected a text or a list of texts, not keys; a field stands here by its own name"
        raise ValueError(message)  # noqa: TRY004 - pydantic reads ValueError only
    values = one_or_many(value)
    if values == []:
        raise ValueError("holds no value; write one, or leave the field out")
    return values


Condition = Annotated[Test, form(lambda written: condition(written, pattern(written)))]
Conditions = Annotated[
    tuple[Condition, ...],
    BeforeValidator(_values),
    WithJsonSchema({"type": [*TEST["type"], "array"], "items": TEST}),
]
"""One of them holds."""


class FilterKeys(Keys):
    """Only facts like these: of each field one of the values, and of `either` one filter as a whole."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Conditions]

    either: Annotated[tuple[FilterKeys, ...], BeforeValidator(rule_list)] | None = about(
        "one of these holds", [{"result": "failed"}, {"incidents": ">= 1"}]
    )
    excluded: FilterKeys | None = about("but not these facts", {"type": "Epic"}, alias="not")

    @property
    def fields(self) -> dict[str, tuple[Test, ...]]:
        """The fields that are tested, as they are written, and what each must hold: one of several tests."""
        return self.__pydantic_extra__ or {}


FilterKeys.model_rebuild()


def stream_name(written: str) -> StreamName:
    name = folded(written)
    if name not in STREAMS:
        meant = did_you_mean(name, STREAMS) or f"; it is one of {listed(STREAMS)}, or a filter such as {{type: Bug}}"
        raise ValueError(f"no facts are called {found(written)}{meant}")
    return cast("StreamName", name)


Of = Annotated[
    StreamName | FilterKeys,
    WordOrKeys(
        FilterKeys,
        stream_name,
        f"^({'|'.join(STREAMS)})$",
        f"one of {listed(STREAMS)}, or a filter of items such as {{type: Bug}}",
    ),
]
"""Facts: a stream by its name; keys are a filter, and mean the items that it matches."""
