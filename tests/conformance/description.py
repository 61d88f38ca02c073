"""What vendors' documents (OpenAPI 3.0, Swagger 2.0) say of requests and answers, their known errors mended."""

import json
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT4

_METHODS = ("get", "post", "put", "patch", "delete", "options")
_READ_AS: Mapping[str, Callable[[str], Any]] = {"integer": int, "number": float, "boolean": json.loads}
_DOCUMENT = "urn:document"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as a simulator heard it, and its answer. A body is None where there is none, or no JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    answer: Any
    ours: bool
    """Whether okrlink asked, and not a test by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Erratum:
    """An error of a document: where (the keys to it), what stands there (None: nothing), what is meant, how that is known."""

    document: str
    at: tuple[str, ...]
    says: Any
    meant: Any
    reason: str

    def mend(self, document: dict[str, Any]) -> None:
        """Fails where the document does not say so any more: then the erratum has to go."""
        holder: Any = document
        for key in self.at[:-1]:
            holder = holder.get(key, {})
        there = holder.get(self.at[-1])
        assert there == self.says, f"{self.document} says {there} at {'/'.join(self.at)}: the erratum is out of date"
        holder[self.at[-1]] = deepcopy(self.meant)


@dataclass(frozen=True, slots=True)
class Undescribed:
    """Operations that are in none of the documents, and where else they are described."""

    methods: str
    path: str
    reason: str

    def covers(self, method: str, path: str) -> bool:
        return method in self.methods.split() and re.fullmatch(self.path, path) is not None


class Operation:
    """One operation of a document."""

    def __init__(self, template: str, method: str, told: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        self.template = template
        self.method = method
        self.id: str = told["operationId"]
        self._told = told
        self._document = document

    def wrong_with_request(self, asked: Exchange) -> Iterator[str]:
        """What the document does not allow: parameters, their values, or the body."""
        for name, parameter in self._parameters.items():
            if parameter.get("required") and name not in asked.query:
                yield f"the parameter {name} is missing"
        for name, said in asked.query.items():
            if name in self._parameters:
                yield from (f"the parameter {name}: {words}" for words in _wrong(self._parameters[name], said))
            else:
                yield f"there is no parameter {name}"
        if self._body is not None:
            yield from (f"the body asks {words}" for words in _errors(self._body, asked.body))
        elif asked.body is not None:
            yield "there is a body, where none is described"

    def wrong_with_answer(self, answered: Exchange) -> Iterator[str]:
        """What the document does not say: the status of a good answer, or the body. Few documents describe refusals."""
        status = str(answered.status)
        if status not in self._answers:
            if answered.status < 400:
                yield f"{status} is not described"
        elif (described := self._answers[status]) is not None and answered.answer is not None:
            yield from (f"the answer tells {words}" for words in _errors(described, answered.answer))

    @cached_property
    def _parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The query's, by name."""
        return {one["name"]: one for one in self._listed("query")}

    def _listed(self, where: str) -> Sequence[Mapping[str, Any]]:
        """The parameters that stand there. Some are told once for all operations."""
        told = self._told.get("parameters", ())
        known = [self._document["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in told]
        return [one for one in known if one["in"] == where]

    @cached_property
    def _body(self) -> Any:
        told = [self._told["requestBody"]] if "requestBody" in self._told else self._listed("body")
        return self._validator(told[0]) if told else None

    @cached_property
    def _answers(self) -> Mapping[str, Any]:
        """By status; None where no body is described."""
        return {status: self._validator(told) for status, told in self._told["responses"].items()}

    def _validator(self, told: Mapping[str, Any]) -> Any:
        schema = told.get("schema") or told.get("content", {}).get("application/json", {}).get("schema")
        if not schema:
            return None
        registry: Registry[Any] = Registry().with_resource(_DOCUMENT, DRAFT4.create_resource(self._document))
        return _Validator(_from_outside(schema), registry=registry)


class Description:
    """All documents of a vendor; `pattern` makes an expression of a path's template."""

    def __init__(self, documents: Iterable[dict[str, Any]], pattern: Callable[[str], str]) -> None:
        operations = [one for document in documents for one in _operations(document)]
        # A plain path counts before one with a name in it.
        operations.sort(key=lambda one: one.template.count("{"))
        self._known = [(one, re.compile(pattern(one.template))) for one in operations]

    def find(self, method: str, path: str) -> Operation | None:
        matching = (one for one, pattern in self._known if one.method == method and pattern.fullmatch(path))
        return next(matching, None)


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for template, methods in {**document["paths"], **document.get("x-ms-paths", {})}.items():
        for method in _METHODS:
            if method in methods:
                yield Operation(template.partition("?")[0], method.upper(), methods[method], document)


def mended(name: str, document: dict[str, Any], errata: Iterable[Erratum]) -> dict[str, Any]:
    """The document with its errata applied, in place."""
    for erratum in errata:
        if erratum.document == name:
            erratum.mend(document)
    return document


def without_null(value: Any) -> Any:
    """The value without what is null in its objects, of which no document knows."""
    if isinstance(value, dict):
        return {name: without_null(each) for name, each in value.items() if each is not None}
    return [without_null(each) for each in value] if isinstance(value, list) else value


def _from_outside(schema: Any) -> Any:
    """The schema, its references to the rest of the document as seen from outside of it."""
    if isinstance(schema, dict):
        told = {key: _from_outside(value) for key, value in schema.items()}
        return {**told, "$ref": f"{_DOCUMENT}{told['$ref']}"} if isinstance(told.get("$ref"), str) else told
    return [_from_outside(one) for one in schema] if isinstance(schema, list) else schema


def _wrong(parameter: Mapping[str, Any], said: str) -> Iterator[str]:
    schema = parameter.get("schema", parameter)
    try:
        value = _READ_AS.get(schema.get("type", "string"), str)(said)
    except ValueError:
        yield f"{said} is no {schema['type']}"
        return
    if "enum" in schema and _folded(value) not in map(_folded, schema["enum"]):
        yield f"{said} is none of {schema['enum']}"


def _enum(_validator: Any, known: Sequence[Any], value: Any, _schema: Any) -> Iterator[ValidationError]:
    if _folded(value) not in map(_folded, known):
        yield ValidationError(f"none of {known}")


def _folded(value: Any) -> Any:
    """Words of a list: Microsoft tells them in lower case, and sends and takes them in any; Atlassian's are never only that different."""
    return value.casefold() if isinstance(value, str) else value


_Validator = jsonschema.validators.extend(jsonschema.Draft4Validator, {"enum": _enum})


def _errors(validator: Any, value: Any) -> Iterator[str]:
    for error in validator.iter_errors(value):
        place = "/".join(map(str, error.absolute_path))
        yield f"{reprlib.repr(error.instance)} at {place or 'its root'}, not {error.validator} {error.validator_value!r:.100}"
