"""The page of objectives and key results: what it says, to whom, and that nothing foreign runs in it."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from html import unescape

import pytest
from flask import Flask

from integration.core.cards import Shown
from integration.core.okr import CheckIn, ObjectiveStanding, Standing, WorkCount
from integration.core.quantities import Quantity
from integration.core.scorecard import People, Work
from tests.core.bookshop import key_result, objective
from webhooks.overview import Group, Told
from webhooks.pages.okrs import LinkedItem, Look, okrs_pages, pace_in_words

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
BUILT = key_result("checkout.built", Work("story points"), title="It is <built>")
LEFT = key_result("checkout.left", People(), start=Quantity(Decimal(68), "%"), target=Quantity(Decimal(55), "%"))
CHECKOUT = objective(BUILT, LEFT, title="Buying takes a minute", owner="Dana Ortiz")

STANDING = Standing(
    key_result=BUILT.id,
    as_of=NOON,
    status="behind",
    current=Decimal(40),
    start=Decimal(0),
    target=Decimal(100),
    unit="%",
    progress=Fraction(2, 5),
    expected=Fraction(1, 2),
    work=WorkCount(Fraction(8), Fraction(20), 6, 2, scope_at_start=Fraction(16)),
)
UNKNOWN = Standing(LEFT.id, NOON, "unknown", reason="nobody has checked in yet")
ROLLED_UP = ObjectiveStanding("checkout", "behind", Fraction(2, 5), Fraction(1, 2), unmeasured=("checkout.left",))
LOOK = Look(
    groups=[Group(CHECKOUT, ROLLED_UP, [Told(Shown(CHECKOUT, BUILT, STANDING)), Told(Shown(CHECKOUT, LEFT, UNKNOWN))])],
    today=date(2026, 11, 12),
    items={"checkout.built": [LinkedItem("SHOP-1", "The checkout", "Jira", "http://127.0.0.1:1/browse/SHOP-1")]},
)


def page(look):
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(okrs_pages(lambda: look))
    return app.test_client()


def text_of(look):
    """What is left of the page without its tags."""
    html = page(look).get("/").get_data(as_text=True)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2])))


def test_says_where_everything_stands():
    text = text_of(LOOK)

    assert (
        "Buying takes a minute ▲ behind Dana Ortiz · score 40 % , 50 % expected today · without checkout.left" in text
    )
    assert "40 % \N{MINUS SIGN}10 10 points behind what is expected today ▲ behind" in text
    assert "8 of 20 story points" in text
    assert "40 % of today's scope, 50 % of the scope at start (+4 story points)" in text
    assert "SHOP-1 The checkout Jira" in text


def test_what_is_unknown_says_why_and_is_no_zero():
    text = text_of(LOOK)

    assert "\N{EN DASH} ? unknown" in text
    assert "nobody has checked in yet" in text


def test_shows_what_a_person_said_last():
    word = CheckIn(LEFT.id, NOON, NOON.date(), Decimal(61), "typed", 7, "the form helps", "Dana Ortiz")
    told = Told(Shown(CHECKOUT, LEFT, UNKNOWN), word)
    look = replace(LOOK, groups=[Group(CHECKOUT, ROLLED_UP, [told])])

    assert "Dana Ortiz: “the form helps”, confidence 7 of 10 (12 Nov)" in text_of(look)


def test_progress_is_told_to_who_cannot_see_the_bar():
    html = page(LOOK).get("/").get_data(as_text=True)

    assert 'aria-label="40 %, 50 % expected today"' in html
    assert 'aria-label="progress unknown"' in html
    assert '<rect class="fill" width="400"' in html
    assert '<rect class="mark" x="500"' in html


def test_a_title_is_text_whatever_is_in_it():
    html = page(LOOK).get("/").get_data(as_text=True)

    assert "It is &lt;built&gt;" in html
    assert "<built>" not in html


def test_without_objectives_it_says_what_to_do():
    text = text_of(Look(groups=[], today=date(2026, 11, 12)))

    assert "No objectives yet They stand in a mapping." in text
    assert "okrlink init" in text


def test_everything_simulated_says_so():
    assert "Simulated." not in text_of(LOOK)
    assert "Simulated. All of it is made up." in text_of(replace(LOOK, simulated="All of it is made up."))


def test_nothing_runs_in_the_page_and_nothing_comes_from_elsewhere():
    answer = page(LOOK).get("/")
    html = answer.get_data(as_text=True)

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=", html)
    sources = re.findall(r'(?:src|href)="(?!#|http://127\.0\.0\.1:1/browse)([^"]+)"', html)
    assert sources
    assert all(source.startswith("/static/") for source in sources)


@pytest.mark.parametrize("file", ["okrlink.css", "okrlink.js", "okrlink.svg"])
def test_what_the_page_needs_is_served(file):
    answer = page(LOOK).get(f"/static/{file}")

    assert answer.status_code == 200
    assert "http://" not in answer.get_data(as_text=True).replace("http://www.w3.org/2000/svg", "")
    answer.close()


def test_the_address_in_a_badge_leads_to_the_key_result():
    answer = page(LOOK).get("/key-results/checkout.built")

    assert (answer.status_code, answer.location) == (302, "/#checkout.built")
    assert 'id="checkout.built"' in page(LOOK).get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("pace", "words"),
    [
        (Fraction(4, 100), "4 points ahead of what is expected today"),
        (Fraction(-1, 100), "1 point behind what is expected today"),
        (Fraction(1, 1000), "as expected"),
        (None, ""),
    ],
)
def test_pace_in_words(pace, words):
    assert pace_in_words(pace) == words
