"""The REST interface of the Cloud where it reads issues in its own way: search by token, history by itself and in bulk."""

import base64
import hashlib
import json
from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import cmp_to_key
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from integration.simulators import jira_jql
from integration.simulators.jira_gate import Gate, body_of, page_of
from integration.simulators.jira_reads import expands_changelog, visible, wanted_fields
from integration.simulators.jira_refusals import Refused, Unmodelled
from integration.simulators.jira_shapes import Shapes, milliseconds
from integration.simulators.jira_site import NotFound, Site
from integration.simulators.jira_things import History, Issue

_SEARCH = ("jql", "nextPageToken", "maxResults", "fields", "expand", "fieldsByKeys", "failFast", "reconcileIssues")


def searches(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes that find."""
    routes = Blueprint("searches", __name__, url_prefix="/rest/api/3")
    gate.guard(routes)
    _search_routes(routes, site, shapes, gate)
    _history_routes(routes, site, shapes, gate)
    _issue_routes(routes, site, shapes, gate)
    return routes


def _search_routes(routes: Blueprint, site: Site, shapes: Shapes, gate: Gate) -> None:
    ordered = _Ordered(site)

    def search(asked: Mapping[str, Any], names: list[str]) -> ResponseReturnValue:
        wanted = [one for one in names if one] or ["id"]  # [doc] ids only, unless told otherwise
        # [doc] 5000 with ids and keys only; [3p] 100 with anything else
        cap = 5000 if set(wanted) <= {"id", "key"} else 100
        size = min(max(int(asked.get("maxResults") or 50), 1), cap)
        jql = str(asked.get("jql") or "")
        with site.lock:
            query = jira_jql.parse(jql, site, shapes.zone)
            token = asked.get("nextPageToken")
            after = _place_of(token, jql, site.generation) if token else None
            found = ordered.results(query, jql, after) if gate.allows("BROWSE_PROJECTS") else []
            page, rest = found[:size], len(found) > size
            more = {"nextPageToken": _token(jql, query.place(page[-1]), site.generation)} if rest else {}
            # [inf] an outdated index finds and orders; what is shown of an issue is as it is now: the harder case
            chosen = [_found(site, shapes, site.issues[one.id], wanted, asked.get("expand")) for one in page]
            return {"issues": chosen, **more, "isLast": not rest}

    @routes.get("/search/jql")
    @gate.asks(*_SEARCH)
    def search_by_get() -> ResponseReturnValue:
        return search(request.args, request.args.get("fields", "").split(","))

    @routes.post("/search/jql")
    @gate.asks(reads="/rest/api/3/search/jql")
    def search_by_post() -> ResponseReturnValue:
        asked = body_of(_SEARCH)
        return search(asked, asked.get("fields") or [])

    @routes.post("/search/approximate-count")
    @gate.asks(reads="/rest/api/3/search/approximate-count")
    def approximate_count() -> ResponseReturnValue:
        with site.lock:
            query = jira_jql.parse(str(body_of(("jql",)).get("jql") or ""), site, shapes.zone)
            return {"count": sum(query.matches(one) for one in site.searched())}


class _Ordered:
    """What a query found last, for its next page: nothing is sorted again while nothing changes."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._of: tuple[str, int] | None = None
        self._found: list[Issue] = []

    def results(self, query: jira_jql.Query, jql: str, after: list[Any] | None) -> list[Issue]:
        """What the query finds behind that place."""
        if after is None or self._of != (jql, self._site.changes) or self._site.search_lag:
            self._of, self._found = (jql, self._site.changes), query.run(self._site.searched())
        if after is None:
            return self._found
        place = cmp_to_key(query.compare)
        return self._found[bisect_right(self._found, place(after), key=lambda one: place(query.place(one))) :]


def _history_routes(routes: Blueprint, site: Site, shapes: Shapes, gate: Gate) -> None:
    @routes.get("/issue/<which>/changelog")
    @gate.asks("startAt", "maxResults")
    def changelog(which: str) -> ResponseReturnValue:
        with site.lock:
            issue = visible(site, gate, which)
            return page_of([shapes.history(one) for one in issue.history], "values", 100)  # [doc] oldest first

    @routes.post("/changelog/bulkfetch")
    @gate.asks(reads="/rest/api/3/changelog/bulkfetch")
    def bulkfetch() -> ResponseReturnValue:
        asked = body_of(("issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"))
        keys, fields = asked.get("issueIdsOrKeys") or [], set(asked.get("fieldIds") or ())
        if not 1 <= len(keys) <= 1000 or len(fields) > 10:  # [doc]
            raise Refused(messages=("Between 1 and 1000 issues and at most 10 fields can be asked for.",))
        if not 1 <= (size := int(asked.get("maxResults", 1000))) <= 10000:  # [doc]
            raise Refused(messages=("maxResults must be between 1 and 10000.",))
        with site.lock:
            for key in keys:
                site.issue(str(key))  # [inf] one that is not there fails all of them: the harder case
            entries = _histories(site, keys, fields)
            about = ",".join(map(str, keys))
            (start,) = _place_of(token, about, site.generation) if (token := asked.get("nextPageToken")) else (0,)
            page, rest = entries[start : start + size], entries[start + size :]
            more = {"nextPageToken": _token(about, [start + size], site.generation)} if rest else {}
            return {"issueChangeLogs": _by_issue(shapes, page, fields), **more}


def _issue_routes(routes: Blueprint, site: Site, shapes: Shapes, gate: Gate) -> None:
    @routes.post("/issue/bulkfetch")
    @gate.asks(reads="/rest/api/3/issue/bulkfetch")
    def fetch_issues() -> ResponseReturnValue:
        asked = body_of(("issueIdsOrKeys", "fields", "expand", "fieldsByKeys", "properties"))
        if unknown := [name for name in ("expand", "fieldsByKeys", "properties") if asked.get(name)]:
            raise Unmodelled(f"{', '.join(unknown)} of issues in bulk")
        keys = asked.get("issueIdsOrKeys") or []
        if not 1 <= len(keys) <= 100:  # [doc]
            raise Refused(messages=("Between 1 and 100 issues can be asked for.",))  # [inf] the words
        names = asked.get("fields") or ["*navigable"]  # [doc]
        with site.lock:
            there = {one.id: one for key in keys if (one := _sought(site, gate, str(key))) is not None}
            chosen = [there[number] for number in sorted(there, key=int)]  # [doc] in the order of their ids
            # [doc] those that are not there or may not be seen are left out without a word
            return {"issues": [_found(site, shapes, one, names, None) for one in chosen], "issueErrors": []}


def _sought(site: Site, gate: Gate, key: str) -> Issue | None:
    try:
        return site.issue(key) if gate.allows("BROWSE_PROJECTS") else None
    except NotFound:
        return None


def _found(site: Site, shapes: Shapes, issue: Issue, wanted: Collection[str], expand: str | None) -> dict[str, Any]:
    names = wanted_fields(site, wanted)
    shape = shapes.issue(issue, 3, names)
    if names is None or "comment" in names:
        shape["fields"]["comment"] = shapes.comments(issue, 20)  # [3p] at most twenty; [inf] which
    if set(wanted) <= {"id", "key"}:
        del shape["fields"]
        shape = {name: shape[name] for name in ("id", "key", "self") if "key" in wanted or name != "key"}
    if expands_changelog(expand):
        shape["changelog"] = shapes.expanded_changelog(issue, 20)  # [3p]
    return shape


def _histories(site: Site, keys: Collection[str], fields: set[str]) -> list[tuple[Issue, History]]:
    known = {str(key) for key in keys}
    issues = [one for one in site.issues.values() if one.id in known or one.key in known]
    return [
        (issue, history)
        for issue in issues
        for history in issue.history  # oldest first [doc]
        if not fields or fields & {change.field_id for change in history.changes}
    ]


def _by_issue(shapes: Shapes, entries: Collection[tuple[Issue, History]], fields: set[str]) -> list[dict[str, Any]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for issue, history in entries:
        shape = shapes.history(history)
        shape["created"] = milliseconds(history.created)  # [inf] a number here, a text elsewhere
        if fields:
            shape["items"] = [one for one in shapes.items(history) if one.get("fieldId") in fields]
        grouped.setdefault(issue.id, []).append(shape)
    return [{"issueId": identity, "changeHistories": histories} for identity, histories in grouped.items()]


def _token(jql: str, place: list[Any], generation: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([_digest(jql), place, generation]).encode()).decode()


def _place_of(token: str, jql: str, generation: int) -> list[Any]:
    """Where a token says to go on. [3p] tokens expire, and belong to one query."""
    try:
        digest, place, made = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        digest, place, made = None, [], None
    if digest != _digest(jql) or not isinstance(place, list) or made != generation:
        raise Refused(messages=("The nextPageToken is invalid for this query.",))
    return place


def _digest(jql: str) -> str:
    return hashlib.sha256(jql.encode()).hexdigest()[:12]
