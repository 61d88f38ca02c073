"""Which projects of a site the mapping means: it names them by key, name or id, or by patterns of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration.core.errors import Permanent
from integration.core.links import Pattern
from integration.trackers.jira.payload import Json, identifier, records, text
from integration.trackers.jira.rest import Rest, understood

_PLAIN = re.compile(r"[A-Za-z]\w+", re.ASCII)
"""What may be a key; what is none may be a name, an id or a pattern."""
PAGE = 100
MOST_KEYS = 50
"""So many projects can be asked for by their keys."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The projects that the mapping means, as the account sees them now; all of them where it names none."""

    keys: Mapping[str, str] | None
    """By id. None: all that the account sees, whichever those are."""
    unseen: Sequence[str] = ()
    """What the mapping names, and the account does not see."""

    def complain(self) -> None:
        """Raises `Permanent` where something is not seen: what is told of the others is not all."""
        if self.unseen:
            several = "s" if len(self.unseen) > 1 else ""
            names = ", ".join(f"'{name}'" for name in self.unseen)
            raise Permanent(f"the account sees no project{several} {names}; correct the name, or let it browse there")


class Projects:
    """`listed` asks the site: for the projects of some keys where it can choose, for all where none is named."""

    def __init__(self, named: Sequence[str], listed: Callable[[Sequence[str]], Iterable[Json]]) -> None:
        self._named = tuple(map(Pattern, named))
        self._listed = listed

    def shown(self) -> Sequence[Json]:
        """As the site tells them; all that the account sees where the mapping names none."""
        if not self._named:
            return list(self._listed(()))
        keys = [one.text.upper() for one in self._named if _PLAIN.fullmatch(one.text)]
        found = self._meant(self._listed(keys)) if len(keys) == len(self._named) <= MOST_KEYS else ()
        return found if found and not self._unseen(found) else self._meant(self._listed(()))

    def are_plain(self) -> bool:
        """Whether what is named needs no look at the site: each is one key or name, which JQL reads as well."""
        return all("*" not in one.text and "?" not in one.text and one.expression is None for one in self._named)

    def sight(self) -> Sight:
        """Which projects are to be read, as of now: they come, go and are renamed."""
        if not self._named:
            return Sight(None)
        shown = self.shown()
        with understood():
            keys = {identifier(one.get("id"), "project.id"): identifier(one.get("key"), "project.key") for one in shown}
        return Sight(keys, self._unseen(shown))

    def _meant(self, listed: Iterable[Json]) -> Sequence[Json]:
        return [one for one in listed if any(_is_called(one, meant) for meant in self._named)]

    def _unseen(self, shown: Sequence[Json]) -> Sequence[str]:
        return [meant.text for meant in self._named if not any(_is_called(one, meant) for one in shown)]


def listed_projects(api: Any, rest: Rest, keys: Sequence[str]) -> Sequence[Json]:
    """What a Cloud site's search for projects tells, a page at a time."""
    pages = rest.paged(api.search_projects, size=PAGE, keys=list(keys) or None)
    with understood():
        return [project for page in pages for project in records(page, "projects")]


def _is_called(project: Json, meant: Pattern) -> bool:
    names = (text(project.get(name)) for name in ("id", "key", "name"))
    return any(meant.matches(name) for name in names if name)
