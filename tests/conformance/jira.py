"""Atlassian's documents of Jira Cloud's platform and of Jira Software, and what is wrong with them.

One thing is wrong everywhere, and not mended in place: nothing is described as null, and recorded answers are full of it.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.description import Description, Erratum, Exchange, Undescribed, mended, without_null

_PLATFORM = "jira-platform-rest-v3.openapi.json"
_SOFTWARE = "jira-software-agile-1.0.openapi.json"

ERRATA = (
    Erratum(
        _PLATFORM,
        ("components", "schemas", "IssueChangeLog", "properties", "changeHistories", "items"),
        {"$ref": "#/components/schemas/Changelog"},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string"},
                "author": {"$ref": "#/components/schemas/UserDetails"},
                "created": {"type": "integer"},
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/ChangeDetails"}},
                "historyMetadata": {"$ref": "#/components/schemas/HistoryMetadata"},
            },
        },
        "in bulk, clients meet the time of a change as milliseconds since 1970, and not as a text",
    ),
    Erratum(
        _PLATFORM,
        (
            *("paths", "/rest/api/3/issue/{issueIdOrKey}/remotelink", "get"),
            *("responses", "200", "content", "application/json", "schema"),
        ),
        {"$ref": "#/components/schemas/RemoteIssueLink"},
        {
            "anyOf": [
                {"$ref": "#/components/schemas/RemoteIssueLink"},
                {"type": "array", "items": {"$ref": "#/components/schemas/RemoteIssueLink"}},
            ]
        },
        "asked without a globalId it answers all links as a list, as the document's own example shows",
    ),
)

UNDESCRIBED = (
    Undescribed(
        "GET POST PUT DELETE",
        r"/rest/webhooks/1\.0/webhook(/\d+)?",
        "webhooks of administrators have a page of Atlassian's developer site, and no document",
    ),
)


@cache
def description(corpus: Path, errata: tuple[Erratum, ...] = ERRATA) -> Description:
    folder = corpus / "specs" / "jira"
    documents = [mended(name, json.loads((folder / name).read_text()), errata) for name in (_PLATFORM, _SOFTWARE)]
    return Description(documents, lambda template: re.sub(r"\{[^}]+\}", "[^/]+", template))


def address(path: str) -> str:
    """The path as the documents would have it."""
    return path


def told(exchange: Exchange) -> Any:
    """The answer as the documents would have it."""
    return without_null(exchange.answer)
