"""What a mapping's author asks of Azure DevOps: WIQL, or the name of a shared query -> the ids of work items.

People write the part behind WHERE, or copy a whole query. Either becomes a condition beside ours: its columns and its
order tell nothing of which items it finds.

A query for links (a tree of work items, work items and direct links) is asked as it stands, because whatever stood
beside it would change what hangs below what. It finds what its page shows: the items at both ends, each once. Those
outside the connection's projects are then left out, and a result that is too large is refused: it has no smaller parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from integration.core.catalogue import folded
from integration.core.errors import Permanent
from integration.core.queries import Query
from integration.trackers.azure_devops.catalogue import read_projects
from integration.trackers.azure_devops.payload import Json, records
from integration.trackers.azure_devops.queries import MOST_RESULTS, ids_in_projects, too_large
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import Scope, understanding
from integration.trackers.contract import Connection

SHARED = "Shared Queries/"
_IDS_IN_A_QUERY = 2_000
"""So many fit into the 32,000 characters of a query, however long they are."""
_TOO_MANY_LINKS = (
    f"it finds links between more than {MOST_RESULTS:,} work items; narrow it, or ask for a flat list of work items"
)
_NOT_THEN = "take ASOF out of it: it can only be asked which work items there are now"
_WORD = re.compile(
    r"""'(?:[^']|'')*'|"[^"]*"|\[[^\]]*\]"""
    r"|\b(?P<clause>select|from\s+workitem(?:s|links)|where|order\s+by|asof|mode)\b"
    r"|(?P<project>@project\b)|[()]",
    re.IGNORECASE,
)


class Asked:
    """Answers the queries of one connection."""

    def __init__(self, connection: Connection, rest: Rest) -> None:
        self._connection = connection
        self._rest = rest

    def answers(self, query: Query) -> Iterator[Sequence[str]]:
        """The ids of the work items in the connection's projects that answer the query."""
        if query.saved:
            asked = self._saved(query.text)
        else:
            scopes = self._scopes() if _is_of_a_project(query.text) else [Scope("", "")]
            asked = [(scope, query.text) for scope in scopes]
        for scope, wiql in asked:
            path = scope.path("_apis/wit/wiql")
            yield from self._linked(wiql, path) if _is_for_links(wiql) else self._within(condition(wiql), path)

    def _within(self, condition: str, path: str = "_apis/wit/wiql") -> Iterator[Sequence[str]]:
        return ids_in_projects(self._rest, self._connection.projects, condition=condition, path=path)

    def _linked(self, wiql: str, path: str) -> Iterator[Sequence[str]]:
        try:
            told = self._rest.post(path, {"query": wiql})
        except Permanent as refusal:
            if too_large(refusal):
                raise Permanent(_TOO_MANY_LINKS) from refusal
            raise
        with understanding():
            ends = (
                end
                for link in records(told.get("workItemRelations"), "workItemRelations")
                for end in (link.get("source"), link["target"])
            )
            ids = list(dict.fromkeys(str(end["id"]) for end in ends if end is not None))
        for start in range(0, len(ids), _IDS_IN_A_QUERY):
            some = ids[start : start + _IDS_IN_A_QUERY]
            yield from self._within(f"[System.Id] IN ({', '.join(some)})") if self._connection.projects else [some]

    def _scopes(self) -> Sequence[Scope]:
        projects = read_projects(self._connection, self._rest)
        return [Scope(known, name) for known, name in sorted(projects.items())]

    def _saved(self, name: str) -> Sequence[tuple[Scope, str]]:
        """The shared query of that name, path or id, of each project that has one."""
        found: list[tuple[Scope, str]] = []
        for scope in self._scopes():
            named = [one for one in self._shared(scope) if _is_called(one, name)]
            if len(named) > 1:
                paths = " and ".join(sorted(str(one.get("path")) for one in named))
                raise Permanent(f"{scope.name} has several shared queries of that name; write which: {paths}")
            found += [(scope, str(one.get("wiql") or "")) for one in named]
        if not found:
            raise Permanent("none of the connection's projects has a shared query of that name")
        return found

    def _shared(self, scope: Scope) -> Iterator[Json]:
        """All shared queries of a project, from folders however deep: two levels of them are told at once."""
        ahead = self._listed(scope, "", "value")
        while ahead:
            one = ahead.pop()
            if one.get("isPublic") is not True:
                continue
            if one.get("isFolder") is not True:
                yield one
            elif one.get("children"):
                with understanding():
                    ahead += records(one.get("children"), "children")
            elif one.get("hasChildren") is True:
                ahead += self._listed(scope, f"/{one.get('id')}", "children")

    def _listed(self, scope: Scope, which: str, under: str) -> list[Json]:
        told = self._rest.get(scope.path(f"_apis/wit/queries{which}"), **{"$depth": "2", "$expand": "wiql"})
        with understanding():
            return list(records(told.get(under) or [], under))


def condition(wiql: str) -> str:
    """What a query for a plain list asks of a work item; empty where it asks for all. Raises `Permanent` for one that is
    not understood.
    """
    start, end, depth, clauses = 0, len(wiql), 0, set()
    for word in _WORD.finditer(wiql):
        clause = " ".join((word["clause"] or "").lower().split())
        if clause == "asof":
            raise Permanent(_NOT_THEN)
        if clause == "mode":
            raise Permanent("take MODE out of it: a flat list of work items has none")
        clauses.add(clause)
        if clause == "where":
            start = word.end()
        if clause == "order by":
            end = min(end, word.start())
        depth += {"(": 1, ")": -1}.get(word[0], 0)
        if depth < 0:
            break
    if depth:
        raise Permanent("its parentheses do not match")
    asked = wiql[start:end].strip() if "where" in clauses or "select" not in clauses else ""
    if "select" in clauses and "from workitems" not in clauses:
        raise Permanent("it has SELECT, and not FROM WorkItems or FROM WorkItemLinks")
    if "where" in clauses and not asked:
        raise Permanent("there is nothing behind its WHERE")
    return asked


def _is_for_links(wiql: str) -> bool:
    """Whether it asks for links between work items. Raises `Permanent` where it asks which there once were."""
    clauses = [" ".join((word["clause"] or "").lower().split()) for word in _WORD.finditer(wiql)]
    for_links = "from workitemlinks" in clauses
    if for_links and "asof" in clauses:
        raise Permanent(_NOT_THEN)
    return for_links


def _is_of_a_project(asked: str) -> bool:
    """Whether it means something else in each project."""
    return any(word["project"] for word in _WORD.finditer(asked))


def _is_called(query: Json, name: str) -> bool:
    path = str(query.get("path") or "")
    names = (query.get("name"), path, path.removeprefix(SHARED), query.get("id"))
    return folded(name) in {folded(str(one)) for one in names if one}
