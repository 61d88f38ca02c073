"""Pages for people: an issue as its readers know it, and all issues by epic. Both say that they are simulated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from integration.simulators.jira_kinds import said
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import NotFound, Site
from integration.simulators.jira_things import Field, Issue

_TOLD_APART = ("summary", "issuetype", "status", "parent", "labels", "description", "project")


def pages(site: Site, shapes: Shapes) -> Blueprint:
    """The routes `/` and `/browse/KEY`."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def issues() -> ResponseReturnValue:
        with site.lock:
            epics = [_row(site, one) for one in site.issues.values() if site.type_of(one).level > 0]
            under = [[_row(site, child) for child in site.children(site.issue(epic["key"]))] for epic in epics]
            loose = [
                _row(site, one)
                for one in site.issues.values()
                if site.type_of(one).level == 0 and site.parent_of(one) is None
            ]
            groups = [*zip(epics, under, strict=True), *([(None, loose)] if loose else [])]
            return render_template("jira_issues.html", groups=groups, now=_when(shapes, site.clock()))

    @routes.get("/browse/<which>")
    def issue(which: str) -> ResponseReturnValue:
        with site.lock:
            try:
                found = site.issue(which)
            except NotFound:
                return Response(f"No issue {which} in the simulated Jira.", 404, content_type="text/plain")
            if which != found.key:
                return redirect(url_for("pages.issue", which=found.key))
            return render_template("jira_issue.html", now=_when(shapes, site.clock()), **_issue(site, shapes, found))

    return routes


def _issue(site: Site, shapes: Shapes, issue: Issue) -> dict[str, Any]:
    parent = site.parent_of(issue)
    return {
        "issue": _row(site, issue),
        "project": site.project(issue.values["project"]),
        "parent": _row(site, site.issues[parent]) if parent else None,
        "children": [_row(site, child) for child in site.children(issue)],
        "labels": issue.values.get("labels", ()),
        "description": issue.values.get("description"),
        "fields": [
            (field, _text(said(site, field, issue.values)))
            for field in _shown(site)
            if field.id not in _TOLD_APART and not _is_idle(field, issue)
        ],
        "links": list(issue.remote_links.values()),
        "comments": [(site.users[one.author].name, one.body, _when(shapes, one.created)) for one in issue.comments],
        "history": [
            (site.users[one.author].name, _when(shapes, one.created), one.changes) for one in reversed(issue.history)
        ][:30],
    }


def _shown(site: Site) -> list[Field]:
    # Custom fields first: they are what a reader of this page came for.
    return sorted(site.fields.values(), key=lambda field: field.custom is None)


def _is_idle(field: Field, issue: Issue) -> bool:
    # As on a real page, the fields that Jira Software adds by itself show only when they are used.
    return (field.custom or "").startswith("com.pyxis") and not issue.values.get(field.id)


def _row(site: Site, issue: Issue) -> Mapping[str, Any]:
    status, kind = site.status_of(issue), site.type_of(issue)
    points = next((issue.values[one.id] for one in site.fields.values() if _is_estimate(one, issue)), None)
    return {
        "key": issue.key,
        "summary": issue.values["summary"],
        "type": kind.name,
        "status": status.name,
        "category": status.category,
        "points": _text(points),
    }


def _is_estimate(field: Field, issue: Issue) -> bool:
    return field.name in ("Story Points", "Story point estimate") and issue.values.get(field.id) is not None


def _text(value: Any) -> str | None:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(value) if isinstance(value, list) else value


def _when(shapes: Shapes, at: datetime) -> str:
    local = at.astimezone(shapes.zone)
    return f"{local.day} {local:%b %Y, %H:%M}"
