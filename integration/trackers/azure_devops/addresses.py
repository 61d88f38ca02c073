"""Where people can look at what facts are about, below the address of an organisation or a collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from integration.core.delivery.subjects import Subject, SubjectKind

_WITHIN: Mapping[SubjectKind, Callable[[str, str], str]] = {
    "item": lambda number, _: f"_workitems/edit/{number}",
    "run": lambda number, _: f"_build/results?buildId={number}&view=results",
    "release": lambda number, _: f"_release?releaseId={number}&_a=release-summary",
    "pull request": lambda number, repository: f"_git/{repository}/pullrequest/{number}" if repository else "",
    "push": lambda _, repository: f"_git/{repository}/pushes" if repository else "",
}


def address(subject: Subject, told: Mapping[str, str]) -> str:
    """Everything is shown within its project; nothing where nobody told which that is."""
    project, within = told.get("project"), _WITHIN.get(subject.kind)
    if not project or within is None:
        return ""
    place = within(quote(subject.id, safe=""), quote(told.get("repository", ""), safe=""))
    return f"/{quote(project, safe='')}/{place}" if place else ""
