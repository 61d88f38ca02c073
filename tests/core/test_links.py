"""Which key results an item feeds: tags, selectors, links by hand, and tags that name nothing."""

import time
from decimal import Decimal
from typing import Any

import pytest

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.links import (
    Link,
    LinkedWork,
    Pattern,
    Selector,
    TagRule,
    counted_by,
    link_to,
    links_of,
    unknown_tags,
)
from integration.core.queries import Query
from integration.core.scorecard import ConnectionRule, Count, Scorecard
from tests.core.bookshop import item, key_result, objective, scorecard

MINE, SAVED = Query("assignee = 7"), Query("assignee = 7", saved=True)
CATALOGUE = Catalogue(
    fields=(TrackerField("customfield_7", "Key Result"), TrackerField("customfield_8", "Team")),
    projects={"SHOP": "Book shop"},
)
BOOKSHOP = scorecard(
    objective(
        key_result("checkout.rebuilt", title="The new checkout is built", was=("buying.rewritten",)),
        key_result("checkout.bugs"),
        was=("basket",),
    ),
    objective(
        key_result("trust.bugs"),
        key_result("trust.reviews", linked=(LinkedWork(Selector(labels=(Pattern("review*"),)), Decimal(3)),)),
    ),
    tags=(
        TagRule(label="kr:*"),
        TagRule(field="Key Result"),
        TagRule(label="okr-*-q4", only=Selector(types=(Pattern("Bug"),))),
    ),
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        pytest.param({"labels": ("kr:checkout.rebuilt",)}, {"checkout.rebuilt"}, id="a label with the full name"),
        pytest.param(
            {"labels": ("kr:rebuilt",)}, {"checkout.rebuilt"}, id="its own name, while no other objective has it"
        ),
        pytest.param({"labels": ("KR: Rebuilt ",)}, {"checkout.rebuilt"}, id="case and surplus spaces never matter"),
        pytest.param({"labels": ("kr:bugs",)}, set(), id="a name that two objectives have is neither"),
        pytest.param({"labels": ("kr:trust.bugs",)}, {"trust.bugs"}, id="its full name says which"),
        pytest.param({"labels": ("kr:",)}, set(), id="an empty tag names nothing"),
        pytest.param({"labels": ("kr:buying.rewritten",)}, {"checkout.rebuilt"}, id="a former full name"),
        pytest.param({"labels": ("kr:rewritten",)}, {"checkout.rebuilt"}, id="a former name"),
        pytest.param(
            {"labels": ("kr:basket.bugs",)}, {"checkout.bugs"}, id="a key result of an objective that was renamed"
        ),
        pytest.param({"labels": ("kr:the new checkout is built",)}, set(), id="labels hold no titles"),
        pytest.param(
            {"fields": {"customfield_7": "The new  checkout is built"}},
            {"checkout.rebuilt"},
            id="a field may hold the title",
        ),
        pytest.param({"fields": {"customfield_7": "rebuilt"}}, {"checkout.rebuilt"}, id="a field with a name"),
        pytest.param(
            {"fields": {"customfield_7": ("rebuilt", "trust.bugs")}},
            {"checkout.rebuilt", "trust.bugs"},
            id="a field with several",
        ),
        pytest.param({"fields": {"customfield_7": None}}, set(), id="an empty field"),
        pytest.param(
            {"labels": ("okr-rebuilt-q4",), "type": "Bug"}, {"checkout.rebuilt"}, id="the star may stand in the middle"
        ),
        pytest.param({"labels": ("okr-rebuilt-q4",), "type": "Story"}, set(), id="a rule may be for some items only"),
        pytest.param({"labels": ("review-page",)}, {"trust.reviews"}, id="linked in the mapping"),
        pytest.param(
            {"labels": ("kr:rebuilt", "kr:trust.bugs")},
            {"checkout.rebuilt", "trust.bugs"},
            id="an item may feed several",
        ),
        pytest.param({"labels": ("kr:rebuilt",), "deleted": True}, set(), id="a deleted item feeds nothing"),
    ],
)
def test_links_of_an_item(said: dict[str, Any], found: set[str]) -> None:
    links = links_of(item("1", **said), BOOKSHOP, CATALOGUE, ())

    assert {link.key_result for link in links} == found


def test_links_tell_how_they_came_about_and_add_up() -> None:
    tagged = item("1", labels=("KR:rebuilt", "reviews"), fields={"customfield_7": "rebuilt"})

    assert links_of(tagged, BOOKSHOP, CATALOGUE, ["rewritten", "no-such"]) == {
        Link("checkout.rebuilt", "label KR:rebuilt"),
        Link("checkout.rebuilt", "field Key Result"),
        Link("checkout.rebuilt", "by hand"),
        Link("trust.reviews", "linked", Decimal(3)),
    }


def test_an_item_counts_through_the_mappings_own_link_first() -> None:
    made = [
        Link("a.b", "label kr:b"),
        Link("a.b", "linked", Decimal("0.5")),
        Link("a.b", "linked", Decimal("0.2")),
        Link("a.c", "linked", Decimal(9)),
    ]

    assert link_to("a.b", made) == Link("a.b", "linked", Decimal("0.5"))
    assert link_to("a.d", made) is None


COUNTING = scorecard(
    objective(
        key_result("trust.open-bugs", Count(Selector(types=(Pattern("Bug"),), open=True))),
        key_result("trust.loud", Count(Selector(labels=(Pattern("loud"),)))),
    ),
    connections={"jira": ConnectionRule("jira", "jira", "https://bookshop.jira.example", projects=("Book shop",))},
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        pytest.param({"type": "Bug"}, {"trust.open-bugs"}, id="an item that is one of these"),
        pytest.param(
            {"type": "Bug", "labels": ("loud",)}, {"trust.open-bugs", "trust.loud"}, id="several may count it"
        ),
        pytest.param({"type": "Bug", "state": "done"}, set(), id="one that is not any more"),
        pytest.param({"type": "Bug", "state": None}, set(), id="one of which that was not told"),
        pytest.param({"type": "Bug", "deleted": True}, set(), id="a deleted one"),
        pytest.param({"type": "Bug", "project": "PAY"}, set(), id="one outside the projects of its connection"),
    ],
)
def test_which_key_results_count_an_item(said: dict[str, Any], found: set[str]) -> None:
    assert counted_by(item("1", **{"project": "SHOP", **said}), COUNTING, CATALOGUE) == found


@pytest.mark.parametrize(
    ("selector", "answers", "matches"),
    [
        pytest.param(Selector(queries=(MINE,)), (MINE,), True, id="one that answers"),
        pytest.param(Selector(queries=(MINE,)), (), False, id="one that does not"),
        pytest.param(Selector(queries=(MINE, SAVED)), (SAVED,), False, id="all must be answered"),
        pytest.param(Selector(queries=(MINE,), types=(Pattern("Bug"),)), (MINE,), False, id="all other keys hold, too"),
        pytest.param(Selector(excluded=Selector(queries=(MINE,))), (MINE,), False, id="but not what answers"),
    ],
)
def test_a_selector_with_a_query_asks_whether_the_item_answered_it(
    selector: Selector, answers: tuple[Query, ...], matches: bool
) -> None:
    answering = item("1", answers=frozenset(query.id for query in answers))

    assert selector.matches(answering, CATALOGUE) is matches


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        pytest.param(Selector(), ("jira", "ado", "all"), id="all, where it does not say"),
        pytest.param(Selector(connections=("ado",)), ("ado",), id="those it names"),
        pytest.param(Selector(projects=(Pattern("shop"),)), ("jira", "all"), id="those that read its project"),
        pytest.param(Selector(projects=(Pattern("S*"),)), ("jira", "all"), id="or one that its pattern means"),
    ],
)
def test_the_connections_that_a_selector_is_about(asked: Selector, names: tuple[str, ...]) -> None:
    rules = {
        name: ConnectionRule(name, "jira", "https://bookshop.jira.example", projects=projects)
        for name, projects in {"jira": ("SHOP",), "ado": ("Pay*",), "all": ("*",)}.items()
    }

    assert tuple(scorecard(connections=rules).counts_in(asked)) == names


@pytest.mark.parametrize(
    ("said", "unknown"),
    [
        pytest.param({"labels": ("kr:rebuild",)}, (("kr:rebuild", "checkout.rebuilt"),), id="a slip of the pen"),
        pytest.param({"labels": ("kr:bugs",)}, (("kr:bugs", "checkout.bugs"),), id="a shared name"),
        pytest.param({"labels": ("kr:payroll-zz",)}, (("kr:payroll-zz", None),), id="nothing near"),
        pytest.param(
            {"labels": ("kr:the new checkout is built",)},
            (("kr:the new checkout is built", "checkout.rebuilt"),),
            id="a title in a label",
        ),
        pytest.param({"fields": {"customfield_7": "rebuilds"}}, (("rebuilds", "checkout.rebuilt"),), id="a field"),
        pytest.param({"labels": ("kr:rebuilt", "urgent")}, (), id="good tags and other labels are not listed"),
        pytest.param({"labels": ("kr:rebuild",), "deleted": True}, (), id="a deleted item is nobody's concern"),
    ],
)
def test_tags_that_name_no_key_result_are_listed_with_a_suggestion(said: dict[str, Any], unknown: Any) -> None:
    assert unknown_tags(item("1", **said), BOOKSHOP, CATALOGUE) == unknown


def _patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(map(Pattern, texts))


BUG = item(
    "12", type="Bug", project="SHOP", status="In Review", state="in progress", level="item", priority="P1", labels=("prod-incident", "web"),
    components=("Cart",), area="Shop\\Checkout\\Cart", fields={"customfield_8": "Platform", "customfield_9": 5.0, "done": True},
)  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        pytest.param(Selector(), True, id="an empty selector matches every item"),
        pytest.param(Selector(connections=("ado", "jira")), True, id="connection"),
        pytest.param(Selector(connections=("ado",)), False, id="another connection"),
        pytest.param(Selector(projects=_patterns("shop")), True, id="project by key"),
        pytest.param(Selector(projects=_patterns("Book*")), True, id="project by name, from the catalogue"),
        pytest.param(Selector(projects=_patterns("OPS")), False, id="another project"),
        pytest.param(Selector(types=_patterns("Story", " bug ")), True, id="of one key's list any"),
        pytest.param(Selector(types=_patterns("Bug"), priorities=_patterns("P2")), False, id="all keys must hold"),
        pytest.param(Selector(statuses=_patterns("in  review")), True, id="status"),
        pytest.param(Selector(priorities=_patterns("P?")), True, id="a question mark is one character"),
        pytest.param(Selector(components=_patterns("car")), False, id="a pattern matches the whole name"),
        pytest.param(Selector(labels=_patterns("/^prod/")), True, id="a regular expression"),
        pytest.param(Selector(states=("to do", "in progress")), True, id="state"),
        pytest.param(Selector(levels=("portfolio",)), False, id="level"),
        pytest.param(Selector(open=True), True, id="open"),
        pytest.param(Selector(open=False), False, id="not open"),
        pytest.param(Selector(areas=_patterns("Shop/Checkout")), True, id="an area and below"),
        pytest.param(Selector(areas=_patterns(r"Shop\Checkout\Cart")), True, id="an area as the tracker writes it"),
        pytest.param(Selector(areas=_patterns("Checkout")), False, id="an area is named from its root"),
        pytest.param(Selector(keys=("shop-12",)), True, id="key"),
        pytest.param(Selector(keys=("12",)), True, id="number"),
        pytest.param(Selector(keys=("SHOP-1",)), False, id="another key"),
        pytest.param(Selector(fields={"team": _patterns("plat*")}), True, id="a field by its name"),
        pytest.param(Selector(fields={"customfield_9": _patterns("5")}), True, id="a number, as people write it"),
        pytest.param(Selector(fields={"Region": _patterns("*")}), False, id="a field that nothing is known of"),
        pytest.param(
            Selector(types=_patterns("Bug"), excluded=Selector(labels=_patterns("web"))), False, id="not takes away"
        ),
        pytest.param(Selector(excluded=Selector(types=_patterns("Story"))), True, id="not of something else"),
    ],
)
def test_a_selector(selector: Selector, matches: bool) -> None:
    assert selector.matches(BUG, CATALOGUE) is matches


def test_an_item_of_unknown_state_is_neither_open_nor_closed() -> None:
    unknown = item("1", state=None)

    assert not Selector(open=True).matches(unknown, CATALOGUE)
    assert not Selector(open=False).matches(unknown, CATALOGUE)


def test_a_scorecard_without_tags_links_nothing() -> None:
    assert (
        links_of(
            item("1", labels=("kr:rebuilt",)), Scorecard(BOOKSHOP.timezone, BOOKSHOP.objectives[:1]), CATALOGUE, ()
        )
        == frozenset()
    )


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("Release *", "release  2.0", True),
        ("*-web-*", "shop-web-eu", True),
        ("*web*web*", "web", False),
        ("a*a", "a", False),
        ("v?.?", "v2.1", True),
        ("v?.?", "v10.1", False),
        ("*", "", True),
        ("1.0", "1x0", False),
        ("/^v[0-9]+$/", "V10", True),
        ("Cafe\u0301 *", "Café Nord", True),
    ],
)
def test_a_pattern(pattern: str, name: str, matches: bool) -> None:
    assert Pattern(pattern).matches(name) is matches


def test_many_stars_are_matched_at_once() -> None:
    began = time.process_time()

    assert not Pattern("*a" * 30 + "*b").matches("a" * 255)
    assert time.process_time() - began < 1
