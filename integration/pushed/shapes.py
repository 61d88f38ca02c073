"""How facts from elsewhere are written: natural JSON, times with their offset, unknown keys refused.

A key that is null is one that is not said. What no kind has a key for stands under `fields`, by any name; names of
people and their mail addresses do not belong there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

LONGEST_ID = 200
LONGEST_TEXT = 1000
MOST_TEXTS = 10_000

Kind: TypeAlias = Literal["deployment", "change", "incident", "build", "test run", "measurement"]


def _time(told: object) -> datetime:
    if not isinstance(told, str):
        raise PydanticCustomError("a_time", "expected a time such as 2026-11-02T09:00:00Z")
    try:
        at = datetime.fromisoformat(told)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise PydanticCustomError("no_time", "is no time; write it like 2026-11-02T09:00:00Z") from error
    raise PydanticCustomError("offset", "has no offset, so nobody knows when it was; add Z or one such as +01:00")


def _texts(told: object) -> object:
    return (told,) if isinstance(told, str) else tuple(told) if isinstance(told, list) else told


Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00-\x1f\x7f]+$")]
Time: TypeAlias = Annotated[datetime, PlainValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Texts: TypeAlias = Annotated[
    tuple[Word, ...],
    Field(max_length=MOST_TEXTS),
    BeforeValidator(_texts),
    WithJsonSchema(
        {
            "type": ["string", "array"],
            "minLength": 1,
            "maxLength": LONGEST_TEXT,
            "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
            "maxItems": MOST_TEXTS,
        }
    ),
]
"""One text, or a list of them."""
HowMany: TypeAlias = Annotated[int, Field(ge=0)]
Number: TypeAlias = Annotated[int | float, Field(allow_inf_nan=False)]
Extra: TypeAlias = bool | Number | Annotated[str, Field(max_length=LONGEST_TEXT)] | tuple[Word, ...]
FieldName: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]


def _says(*keys: str) -> dict[str, Any]:
    """In the schema: at least one of these keys is said."""
    return {"anyOf": [{"required": [key]} for key in keys]}


class Fact(BaseModel, ABC):
    """What every kind has: an id of the sender's own, unique within the kind, by which a later push corrects it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", title="fact")

    id: Annotated[
        Id, Field(description="the sender's own id; the same id again corrects the fact", examples=["shop-481"])
    ]
    service: Annotated[
        Texts, Field(default=(), description="the service, as the mapping calls it; may be left out where there is one")
    ]
    url: Annotated[Word | None, Field(default=None, pattern=r"^https?://", description="where people look at it")]
    fields: Annotated[
        Mapping[FieldName, Extra],
        Field(default_factory=dict, description="anything else to filter and group by", examples=[{"region": "EU"}]),
    ]

    @property
    @abstractmethod
    def when(self) -> datetime | None:
        """The moment by which it counts, as far as it is known."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Of whom it tells: its services, or its KPI."""
        return self.service or ("",)

    @field_validator("fields")
    @classmethod
    def _are_others(cls, fields: Mapping[str, Extra]) -> Mapping[str, Extra]:
        if both := sorted({*fields} & {*cls.model_fields}):
            raise PydanticCustomError("fields", "{key} is a key of its own, beside fields", {"key": both[0]})
        return fields


class Ending(Fact):
    """A fact that runs: it may be told when it starts, and again with its result when it has finished."""

    started: Time | None = None
    finished: Time | None = None
    result: Annotated[
        Word | None,
        Field(default=None, description="`success`, `failed`, or any word that the mapping knows as a failure"),
    ]

    @property
    def when(self) -> datetime | None:
        return self.finished or self.started

    @model_validator(mode="after")
    def _ends_with_a_result(self) -> Ending:
        if self.started is None and self.finished is None:
            raise PydanticCustomError("when", "does not say when; add started, finished or both")
        if self.finished is not None and self.result is None:
            raise PydanticCustomError("result", "has finished, but how? add result: success or failed")
        if self.finished is None and self.result is not None:
            raise PydanticCustomError("finished", "has a result, but since when? add finished")
        return self


_ENDING: dict[str, Any] = {
    **_says("started", "finished"),
    "dependentRequired": {"finished": ["result"], "result": ["finished"]},
}


class Deployment(Ending):
    """One attempt to put a version of a service into an environment."""

    model_config = ConfigDict(title="deployment", json_schema_extra=_ENDING)

    kind: Literal["deployment"]
    environment: Annotated[
        Word, Field(description="where to; the mapping says which are production", examples=["production"])
    ]
    version: Annotated[Word | None, Field(default=None, description="what was deployed")]
    commits: Annotated[Texts, Field(default=(), description="the commits that it ships")]
    changes: Annotated[Texts, Field(default=(), description="the changes that it ships, by id or key")]
    rollback: Annotated[bool | None, Field(default=None, description="whether it went back to an earlier version")]
    rework: Annotated[
        bool | None, Field(default=None, description="whether it was unplanned, for a bug that users saw")
    ]


class Change(Fact):
    """One unit of work on its way to production: a pull request, or a commit."""

    model_config = ConfigDict(
        title="change", json_schema_extra=_says("first_commit", "opened", "approved", "merged", "started", "done")
    )

    kind: Literal["change"]
    repository: Word | None = None
    first_commit: Time | None = None
    opened: Time | None = None
    approved: Time | None = None
    merged: Time | None = None
    started: Annotated[Time | None, Field(default=None, description="when work on it began")]
    done: Annotated[Time | None, Field(default=None, description="when it was done, where nothing is merged")]
    commits: Annotated[
        Texts, Field(default=(), description="its commits: a deployment that ships one of them ships it")
    ]
    versions: Annotated[Texts, Field(default=(), description="the versions that ship it")]

    @property
    def when(self) -> datetime | None:
        moments = (self.merged, self.done, self.approved, self.opened, self.started, self.first_commit)
        return next((at for at in moments if at is not None), None)

    @model_validator(mode="after")
    def _happened(self) -> Change:
        if self.when is None:
            raise PydanticCustomError("when", "does not say when; add merged, and first_commit where it is known")
        return self


class Incident(Fact):
    """A failure that users felt."""

    model_config = ConfigDict(title="incident")

    kind: Literal["incident"]
    opened: Time
    responded: Time | None = None
    planned: Time | None = None
    restored: Annotated[Time | None, Field(default=None, description="when users could work again")]
    severity: Word | None = None
    deployment: Annotated[
        Texts,
        Field(default=(), description="what caused it: the id, version or commit of a deployment, the surest first"),
    ]

    @property
    def when(self) -> datetime | None:
        return self.opened


class Build(Ending):
    """A build."""

    model_config = ConfigDict(title="build", json_schema_extra=_ENDING)

    kind: Literal["build"]
    pipeline: Word | None = None
    branch: Word | None = None


class TestRun(Fact):
    """A run of a suite of tests."""

    model_config = ConfigDict(title="test run")
    __test__: ClassVar[bool] = False  # it is no test itself, whatever pytest makes of its name

    kind: Literal["test run"]
    suite: Word | None = None
    started: Time | None = None
    finished: Time
    passed: HowMany
    failed: Annotated[HowMany, Field(description="failures and errors")]
    skipped: HowMany = 0

    @property
    def when(self) -> datetime | None:
        return self.finished


class Measurement(Fact):
    """A number for a KPI of the mapping with `measure: {pushed: true}`."""

    model_config = ConfigDict(title="measurement")

    kind: Literal["measurement"]
    id: Annotated[Id | None, Field(default=None, description="left out, the KPI, its time and its fields are its id")]  # type: ignore[assignment]  # reading gives it one
    kpi: Annotated[Word, Field(description="the KPI, as the mapping calls it", examples=["team-happiness"])]
    at: Time
    value: Number

    @property
    def when(self) -> datetime | None:
        return self.at

    @property
    def subjects(self) -> tuple[str, ...]:
        return (self.kpi,)


class Deletion(BaseModel):
    """Takes a fact back that should not have been told."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", title="deletion")

    kind: Kind
    id: Id
    deleted: Literal[True]


SHAPES: Mapping[Kind, type[Fact]] = {
    "deployment": Deployment,
    "change": Change,
    "incident": Incident,
    "build": Build,
    "test run": TestRun,
    "measurement": Measurement,
}
