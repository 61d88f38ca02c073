"""Where people can look at what facts are about, below a site's address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from integration.core.delivery.subjects import Subject


def address(subject: Subject, told: Mapping[str, str]) -> str:
    """An issue by its key, a version within its project. Jira shows nothing else of what it tells."""
    if subject.kind == "item":
        return f"/browse/{quote(told.get('key') or subject.id, safe='')}"
    if subject.kind == "version" and told.get("project"):
        return f"/projects/{quote(told['project'], safe='')}/versions/{quote(subject.id, safe='')}"
    return ""
