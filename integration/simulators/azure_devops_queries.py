"""Saved queries over REST: two folders, and what is in them."""

from typing import Any

from integration.simulators.azure_devops_entrance import Answer, Entrance, listing, project, query
from integration.simulators.azure_devops_items import Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_refusals import NotModelled, Refused

_ROOTS = ("My Queries", "Shared Queries")
_DEEPEST = 2  # [doc]


def add_queries(entrance: Entrance) -> None:
    """The routes under `wit/queries`, which are a project's."""
    organisation = entrance.service.organisation

    @entrance.route("wit/queries")
    def roots() -> Answer:
        return listing(_shown(organisation, _here(), root, _depth()) for root in _ROOTS)

    @entrance.route("wit/queries/<path:which>")
    def one_query(which: str) -> Answer:
        here = _here()
        for path in _paths(organisation, here):
            if which in (path, organisation.guid("query", here.id, path)):
                return _shown(organisation, here, path, _depth())
        message = f"TF401243: The query {which} does not exist, or you do not have permission to read it."
        raise Refused(404, message, "QueryItemNotFoundException")  # [3p]


def _here() -> Project:
    found = project()
    if found is None:
        raise NotModelled("queries of no project")
    return found


def _depth() -> int:
    depth = int(query().get("$depth", 0))
    if not 0 <= depth <= _DEEPEST:
        message = f"The parameter $depth is {depth}, and must be from 0 to {_DEEPEST}."
        raise Refused(400, message, "InvalidParametersException")  # [inf] the words
    return depth


def _paths(organisation: Organisation, here: Project) -> list[str]:
    """Queries and the folders around them."""
    found = dict.fromkeys(_ROOTS)
    for of, path in organisation.queries:
        steps = path.split("/")
        if of == here.id:
            found |= dict.fromkeys("/".join(steps[:length]) for length in range(1, len(steps) + 1))
    return list(found)


def _shown(organisation: Organisation, here: Project, path: str, depth: int) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": organisation.guid("query", here.id, path),
        "name": path.rpartition("/")[2],
        "path": path,
        "isPublic": path.startswith(_ROOTS[1]),
    }
    wiql = organisation.queries.get((here.id, path))
    if wiql is not None:
        return {**shape, "queryType": "flat", **({"wiql": wiql} if query().get("$expand") == "wiql" else {})}
    inside = [one for one in _paths(organisation, here) if one.rpartition("/")[0] == path]
    shape |= {"isFolder": True, "hasChildren": bool(inside)}
    if inside and depth:  # [doc] deeper children have to be asked for
        shape["children"] = [_shown(organisation, here, one, depth - 1) for one in inside]
    return shape
