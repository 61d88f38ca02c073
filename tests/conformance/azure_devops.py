"""Microsoft's documents of Azure DevOps, and what is wrong with them.

They are generated, and some things are wrong everywhere, and not mended in place:

- What is optional in an address stands in it as required: the project, the team, and a timeline's id.
- A list is described as a bare array; every list is wrapped as `{"count", "value"}`, as their own examples show.
- The version stands in them in the query; it may as well stand in `Accept`, where their own client library writes it.
- A token that opens nothing gets a sign-in page with status 203, of which no document knows.
- Nothing is described as null; recorded answers are full of it, as are lists where an item was left out.
- `_links` are described below a name `links`, which is their model's and never sent.
- The organisation is the first part of each address; at a Server it is `tfs` and the collection, in other respects the same.
- Addresses and the words of lists are told in one case; they are sent and taken in any.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.description import Description, Erratum, Exchange, Undescribed, mended, without_null

_WORK_ITEMS = "wit.workItemTracking.json"
_OPTIONAL = (r"/\{project\}", r"/\{team\}", r"/\{timelineid\}")
_ANY = "values of any type are described as objects; their own examples have texts, numbers and truths there"
_BATCH = "they are described as texts of a format T, which is the parameter of a generic class"


def _values(definition: str, key: str) -> Erratum:
    at = ("definitions", definition, "properties", key, "additionalProperties")
    return Erratum(_WORK_ITEMS, at, {"type": "object"}, {}, _ANY)


def _value(definition: str, key: str, description: str) -> Erratum:
    says = {"description": description, "type": "object"}
    return Erratum(_WORK_ITEMS, ("definitions", definition, "properties", key), says, {}, _ANY)


def _streamed(definition: str, item: dict[str, Any]) -> Erratum:
    says = [{"$ref": "#/definitions/StreamedBatch"}]
    meant = [
        {
            "properties": {
                "continuationToken": {"type": "string"},
                "isLastBatch": {"type": "boolean"},
                "nextLink": {"type": "string"},
                "values": {"type": "array", "items": item},
            }
        }
    ]
    return Erratum(_WORK_ITEMS, ("definitions", definition, "allOf"), says, meant, _BATCH)


ERRATA = (
    _values("WorkItem", "fields"),
    _values("Link", "attributes"),
    _value("WorkItemFieldUpdate", "newValue", "The new value of the field."),
    _value("WorkItemFieldUpdate", "oldValue", "The old value of the field."),
    _value("JsonPatchOperation", "value", "The value for the operation. This is either a primitive or a JToken."),
    Erratum(
        _WORK_ITEMS,
        ("definitions", "JsonPatchDocument", "type"),
        "object",
        "array",
        "a patch is a list, as the same definition goes on to say",
    ),
    Erratum(
        "release.release.json",
        ("definitions", "ReleaseReference", "properties", "url"),
        None,
        {"type": "string"},
        "their own example of deployments has it",
    ),
    _streamed("ReportingWorkItemRevisionsBatch", {"$ref": "#/definitions/WorkItem"}),
    _streamed(
        "ReportingWorkItemLinksBatch",
        {
            "type": "object",
            "required": ["rel", "sourceId", "targetId", "changedDate", "isActive"],
            "properties": {
                "rel": {"type": "string"},
                "sourceId": {"type": "integer"},
                "targetId": {"type": "integer"},
                "changedDate": {"type": "string", "format": "date-time"},
                "isActive": {"type": "boolean"},
            },
        },
    ),
)

UNDESCRIBED = (
    Undescribed(
        "OPTIONS",
        r"(/[^/]+)?/_apis",
        "their client libraries ask it for all addresses before anything else; nothing but their code describes it",
    ),
    Undescribed(
        "GET", r"/[^/]+/_apis/(connectiondata|resourceareas)", "as the addresses: known from their client libraries"
    ),
    Undescribed(
        "GET",
        r"/[^/]+/_apis/tagging/scopes/[^/]+/tags",
        "the older list of tags, which every Server has: on a page of the documentation of Server 2019",
    ),
    Undescribed("PATCH", r"/[^/]+/_apis/wit/\$batch", "described on a page of its own, and in no document"),
)


@cache
def description(corpus: Path, errata: tuple[Erratum, ...] = ERRATA) -> Description:
    files = sorted((corpus / "specs" / "azure-devops" / "7.1").glob("*.json"))
    documents = [mended(file.name, json.loads(file.read_text(encoding="utf-8-sig")), errata) for file in files]
    for document in documents:
        _close(document["definitions"])
    return Description(documents, _pattern)


def _close(definitions: dict[str, Any]) -> None:
    """Objects have no properties but those that are told, which the documents leave open."""
    if "ReferenceLinks" in definitions:
        definitions["ReferenceLinks"] = {"type": "object"}
    extended = {
        one["$ref"].rpartition("/")[2]
        for told in definitions.values()
        for one in told.get("allOf", ())
        if "$ref" in one
    }
    for name, told in definitions.items():
        if told.get("properties") and "allOf" not in told and name not in extended:
            told["additionalProperties"] = False


def _pattern(template: str) -> str:
    escaped = re.escape(template.lower()).replace(r"\{", "{").replace(r"\}", "}")
    for optional in _OPTIONAL:
        escaped = re.sub(optional, r"(/[^/_][^/]*)?", escaped)
    return re.sub(r"\{[^}]+\}", r"[^/]+", escaped)


def address(path: str) -> str:
    """The path as the documents would have it."""
    return path.lower().removeprefix("/tfs")


def told(exchange: Exchange) -> Any:
    """The answer as the documents would have it."""
    answer = exchange.answer
    if isinstance(answer, dict) and answer.keys() == {"count", "value"}:
        assert answer["count"] == len(answer["value"])
        answer = [each for each in answer["value"] if each is not None]
    return without_null(answer)
