"""The page of objectives and key results, and the addresses that badges in the trackers lead to.

Rendered here, whole; a small script fetches it again and changes what changed, and without scripts it reloads itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from integration.core.grading import Status
from webhooks.kpis.guardrails import guarded
from webhooks.overview import Group, Told
from webhooks.phrases import notes, percent, points, said, way

SHAPES: Mapping[Status, str] = {
    "done": "\N{HEAVY CHECK MARK}",
    "on track": "\N{BLACK CIRCLE}",
    "behind": "\N{BLACK UP-POINTING TRIANGLE}",
    "at risk": "\N{BLACK DIAMOND}",
    "missed": "\N{HEAVY MULTIPLICATION X}",
    "not started": "\N{WHITE CIRCLE}",
    "unknown": "?",
}
"""Beside the colour and the word, for who sees no colours."""

# Nothing is fetched from elsewhere, and nothing in the page itself runs.
POLICY = "; ".join(
    (
        *("default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'", "img-src 'self'"),
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
    )
)

HERE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class LinkedItem:
    """An item that carries a key result's tag, and where to open it."""

    key: str
    title: str
    tracker: str
    url: str


@dataclass(frozen=True, slots=True)
class Look:
    """All that one view of the page shows."""

    groups: Sequence[Group]
    today: date
    items: Mapping[str, Sequence[LinkedItem]] = field(default_factory=dict)
    """Key result -> what is linked to it."""
    simulated: str = ""
    """Says what of it is made up; empty where nothing is."""
    happened: Sequence[tuple[date, str]] = ()
    """What people did last, the newest first."""
    over: str = ""
    """Says that nothing more will happen, and what can be done now."""


def okrs_pages(look: Callable[[], Look]) -> Blueprint:
    """`/`, and `/key-results/<id>`, which leads to its place there."""
    blueprint = Blueprint(
        "okrs",
        __name__,
        template_folder=str(HERE / "templates"),
        static_folder=str(HERE / "static"),
        static_url_path="/static",
    )
    blueprint.add_app_template_global(shape)
    blueprint.add_app_template_global(per_mille)
    for phrase in (guarded, notes, percent, points, way, said_of, pace_in_words):
        blueprint.add_app_template_global(phrase)

    @blueprint.get("/")
    def okrs() -> str:
        return render_template("okrs.html", look=look())

    @blueprint.get("/key-results/<name>")
    def key_result(name: str) -> ResponseReturnValue:
        return redirect(url_for("okrs.okrs", _anchor=name))

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        if response.content_type.startswith("text/html"):
            response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def shape(status: Status) -> str:
    return SHAPES[status]


def per_mille(share: Fraction | None) -> int:
    """How far along a bar, from 0 to 1000; nothing is known is nowhere."""
    return 0 if share is None else round(min(max(share, Fraction(0)), Fraction(1)) * 1000)


def said_of(told: Told) -> str:
    return said(told.last_word) if told.last_word else ""


def pace_in_words(pace: Fraction | None) -> str:
    """For who hears the page instead of seeing it."""
    if pace is None:
        return ""
    whole = int((pace * 200 + 1) // 2)
    if whole == 0:
        return "as expected"
    unit = "point" if abs(whole) == 1 else "points"
    return f"{abs(whole)} {unit} {'ahead of' if whole > 0 else 'behind'} what is expected today"
