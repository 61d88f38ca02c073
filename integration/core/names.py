"""Which key result people mean by a name: in tags, in fields, by hand. Case and surplus spaces never matter."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from integration.core.catalogue import folded

if TYPE_CHECKING:  # the scorecard keeps its names
    from integration.core.scorecard import KeyResult, Objective


class Names:
    """The names of key results, the surest kind first: `objective.name`, its former ids, `name`, former names, the title.

    A name that two key results share stands for neither. A present name hides a former one.
    """

    def __init__(self, key_results: Iterator[tuple[Objective, KeyResult]]) -> None:
        kinds: tuple[dict[str, set[str]], ...] = ({}, {}, {}, {}, {})
        ids, former_ids, names, former_names, titles = kinds
        for objective, key_result in key_results:
            former = {*key_result.was, *(f"{was}.{key_result.name}" for was in objective.was)}
            for kind, spellings in (
                (ids, {key_result.id}),
                (former_ids, former),
                (names, {key_result.name}),
                (former_names, {was.rpartition(".")[2] for was in former}),
                (titles, {key_result.title}),
            ):
                for spelling in spellings:
                    kind.setdefault(folded(spelling), set()).add(key_result.id)
        self._typed: tuple[Mapping[str, set[str]], ...] = kinds[:-1]
        self._titles: Mapping[str, set[str]] = titles

    def meant_by(self, name: str, *, titles: bool = False) -> str | None:
        """The id of the key result that `name` stands for, or None; `titles` where people may also write its title."""
        wanted = folded(name)
        for kind in (*self._typed, self._titles) if titles else self._typed:
            if wanted in kind:
                meant = kind[wanted]
                return next(iter(meant)) if len(meant) == 1 else None
        return None

    def near(self, name: str) -> str | None:
        """The spelling that somebody who wrote `name` probably wanted: an id for a shared name, else a near name."""
        wanted = folded(name)
        for kind in (*self._typed, self._titles):
            if wanted in kind:
                return min(kind[wanted])
        known = {spelling: min(ids) for kind in self._typed for spelling, ids in kind.items()}
        close = difflib.get_close_matches(wanted, known, n=1)
        return known[close[0]] if close else None
