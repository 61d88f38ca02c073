"""How linked work is counted: leaves only, each once, dropped and old ones on neither side."""

import random
from collections.abc import Iterable
from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.facts import ItemRef
from integration.core.items import Item
from integration.core.links import Link
from integration.core.okr import WorkCount
from integration.core.rollup import Uncountable, leaves, tally
from integration.core.scorecard import People, Work
from tests.core.bookshop import BERLIN, Q4, at, item, key_result, ref

OCTOBER, SEPTEMBER = at("2026-10-05"), at("2026-09-05")


def epic(number: str, **said: Any) -> Item:
    return item(number, type="Epic", level="portfolio", **said)


def done(number: str, **said: Any) -> Item:
    return item(number, **{"state": "done", "done_at": OCTOBER, **said})


def points(one: Item) -> Decimal | None:
    size = one.fields.get("points")
    return None if size is None else Decimal(str(size))


def counted(items: Iterable[Item], linked: Iterable[str] = ("1",), work: Work | None = None, **said: Any) -> WorkCount:
    """`linked` items are linked with the weight after the colon, as in `1:3`."""
    direct = {}
    for text in linked:
        number, _, weight = text.partition(":")
        direct[ref(number)] = Link("checkout.rebuilt", "label kr:rebuilt", Decimal(weight or 1))
    measured = key_result("checkout.rebuilt", work or Work("items"))
    return tally(measured, Q4, direct, {one.ref: one for one in items}, points, **{"timezone": UTC, **said}).work


@pytest.mark.parametrize(
    ("items", "linked", "share"),
    [
        pytest.param([item("1")], ["1"], (0, 1), id="an open item"),
        pytest.param([done("1")], ["1"], (1, 1), id="a done item"),
        pytest.param([item("1"), item("2")], ["1"], (0, 1), id="an item without a link counts nowhere"),
        pytest.param([epic("1")], ["1"], (0, 1), id="an epic without children counts as itself"),
        pytest.param([epic("1"), done("2", parent="1"), item("3", parent="1")], ["1"], (1, 2), id="an epic counts through its children"),
        pytest.param([epic("1", state="done", done_at=OCTOBER), item("2", parent="1")], ["1"], (0, 1), id="even a done one"),
        pytest.param([epic("1"), epic("2", parent="1"), done("3", parent="2")], ["1"], (1, 1), id="grandchildren follow, too"),
        pytest.param([epic("1"), epic("2", parent="1"), done("3", parent="1")], ["1"], (1, 2), id="a feature without children counts beside the others"),
        pytest.param([epic("1"), item("2", parent="SHOP-1")], ["1"], (0, 1), id="a parent may be named by its key"),
        pytest.param([epic("1"), item("2", parent="99")], ["1", "2"], (0, 2), id="a parent that is not there changes nothing"),
        pytest.param([done("1"), item("2", parent="1", level="subtask")], ["1"], (1, 1), id="sub-tasks are never counted"),
        pytest.param([item("1", level="subtask")], ["1"], (0, 0), id="not even with a link of their own"),
        pytest.param([epic("1"), done("2", parent="1")], ["1", "2"], (1, 1), id="an item counts once, however many paths lead to it"),
        pytest.param([epic("1"), item("2", parent="1", state="dropped"), done("3", parent="1")], ["1"], (1, 1), id="dropped items leave both sides"),
        pytest.param([epic("1"), item("2", parent="1", state="dropped")], ["1"], (0, 1), id="an epic whose children were all dropped counts as itself"),
        pytest.param([epic("1", state="dropped"), done("2", parent="1")], ["1"], (1, 1), id="the children of a dropped epic are work of their own"),
        pytest.param([epic("1"), done("2", parent="1", deleted=True)], ["1"], (0, 1), id="deleted items leave both sides"),
        pytest.param([epic("1"), epic("2", parent="1", deleted=True), done("3", parent="2")], ["1"], (0, 1), id="a deleted item passes nothing on"),
        pytest.param([done("1", done_at=SEPTEMBER), item("2")], ["1", "2"], (0, 1), id="done before the cycle counts there"),
        pytest.param([done("1", done_at=None), item("2")], ["1", "2"], (1, 2), id="done, nobody knows when, counts here"),
        pytest.param([item("1", parent="2"), done("2", parent="1")], ["1"], (1, 1), id="a circle is cut above its least item"),
        pytest.param([item("1", parent="1")], ["1"], (0, 1), id="an item that is its own parent"),
        pytest.param([item("1", parent="2"), item("2", parent="3"), item("3", parent="2")], ["3"], (0, 1), id="a line into a circle ends"),
        pytest.param([], ["1"], (0, 0), id="a linked item that nothing is known of"),
    ],
)  # fmt: skip
def test_which_items_count(items: list[Item], linked: list[str], share: tuple[int, int]) -> None:
    work = counted(items, linked)

    assert (work.items_done, work.items) == share
    assert (work.done, work.scope) == tuple(map(Fraction, share))


@pytest.mark.parametrize(
    ("work", "sizes", "scope", "assumed", "unestimated"),
    [
        pytest.param(Work("story points"), [1, 2, 8], 11, None, 0, id="all estimated"),
        pytest.param(Work("story points"), [1, 2, 8, None], 13, 2, 1, id="unestimated is the median of the estimated"),
        pytest.param(Work("story points"), [1, 2, None], Fraction(9, 2), Fraction(3, 2), 1, id="the median of an even number is halfway"),
        pytest.param(Work("story points"), [0, None], 0, 0, 1, id="an estimate of nothing is an estimate"),
        pytest.param(Work("story points"), [None, None], 2, 1, 2, id="nothing estimated: all count the same"),
        pytest.param(Work("story points", "zero"), [3, None], 3, 0, 1, id="unestimated counts nothing"),
        pytest.param(Work("story points", Decimal("1.5")), [3, None], Fraction(9, 2), Fraction(3, 2), 1, id="unestimated is a number"),
        pytest.param(Work("items"), [3, None], 2, None, 0, id="items need no estimates"),
        pytest.param(Work("story points"), [0.1, 0.2], Fraction(3, 10), None, 0, id="decimals are exact"),
    ],
)  # fmt: skip
def test_how_big_items_are(work: Work, sizes: list[Any], scope: Any, assumed: Any, unestimated: int) -> None:
    items = [item(str(number), fields={"points": size}) for number, size in enumerate(sizes)]

    measured = counted(items, [one.ref.id for one in items], work)

    assert (measured.scope, measured.estimate, measured.unestimated) == (scope, assumed, unestimated)


def test_weight_is_the_nearest_links() -> None:
    items = [epic("1"), done("2", parent="1"), item("3", parent="1")]

    work = counted(items, ["1:3", "3:5"], Work("weight"))

    assert (work.done, work.scope) == (Fraction(3), Fraction(8))


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        pytest.param(
            [item("2", state=None, status="Odd")],
            "the tracker has not told the category of status 'Odd' of SHOP-2",
            id="one",
        ),
        pytest.param(
            [item("2", state=None, status="Odd"), item("3", state=None)],
            "the tracker has not told the category of status 'Odd' of SHOP-2, nor of 1 more",
            id="two",
        ),
    ],
)
def test_work_of_unknown_category_is_not_counted(items: list[Item], reason: str) -> None:
    with pytest.raises(Uncountable) as refusal:
        counted(items, ["2", "3"])

    assert str(refusal.value) == reason


def test_the_category_of_what_does_not_count_does_not_matter() -> None:
    assert counted([item("1"), item("2", state=None, level="subtask")], ["1", "2"]).items == 1


def test_done_items_without_a_date_are_counted_and_shown() -> None:
    assert counted([done("1", done_at=None), done("2")], ["1", "2"]).undated == 1


def test_the_cycle_begins_at_local_midnight() -> None:
    late_in_september = [done("1", done_at=at("2026-09-30 22:30"))]

    assert counted(late_in_september, timezone=UTC).items == 0
    assert counted(late_in_september, timezone=BERLIN).items == 1


def test_double_counting_is_listed() -> None:
    assert counted(
        [epic("1"), item("3", parent="1"), item("2", parent="1")], counted_elsewhere={ref("3"), ref("1"), ref("2")}
    ).double == ("SHOP-2", "SHOP-3")


def test_scope_at_start_is_kept_and_else_is_todays() -> None:
    assert counted([item("1")]).scope_at_start == 1
    assert counted([item("1")], scope_at_start=Fraction(5)).scope_at_start == 5


def test_only_work_is_counted() -> None:
    with pytest.raises(TypeError, match=r"checkout\.rebuilt is not measured by work"):
        tally(key_result("checkout.rebuilt", People()), Q4, {}, {}, points, timezone=UTC)


numbers = st.sampled_from([str(number) for number in range(8)])
trees = st.dictionaries(
    numbers,
    st.fixed_dictionaries(
        {
            "parent": st.none() | numbers,
            "state": st.sampled_from(["to do", "done", "dropped"]),
            "level": st.sampled_from(["portfolio", "item", "subtask"]),
            "deleted": st.booleans(),
            "fields": st.sampled_from([{}, {"points": 1}, {"points": 5}]),
        }
    ),
)


@given(trees, st.lists(numbers), st.randoms())
def test_the_order_of_items_and_links_does_not_matter(
    tree: dict[str, Any], linked: list[str], chance: random.Random
) -> None:
    items = [item(number, **said) for number, said in tree.items()]
    shuffled, relinked = [*items, *items], [*linked, *linked]
    chance.shuffle(shuffled)
    chance.shuffle(relinked)

    assert counted(items, linked, Work("story points")) == counted(shuffled, relinked, Work("story points"))


@given(trees, st.lists(numbers))
def test_no_item_counts_beside_what_it_counts_through(tree: dict[str, Any], linked: list[str]) -> None:
    items = {ref(number): item(number, **said) for number, said in tree.items()}
    direct: dict[ItemRef, Link] = {ref(number): Link("checkout.rebuilt", "by hand") for number in linked}

    counting = leaves(Q4, direct, items, UTC)

    assert not {items[one].level for one in counting} & {"subtask"}
    for one in counting:
        assert _line(one, items).isdisjoint(set(counting) - {one}) or _circular(one, items)


def _line(start: ItemRef, items: dict[ItemRef, Item]) -> set[ItemRef]:
    line: set[ItemRef] = set()
    one: ItemRef | None = start
    while one in items and one not in line:
        line.add(one)
        parent = items[one].parent
        one = ref(parent) if parent and not items[one].deleted else None
        if one in items and items[one].deleted:
            one = None
    return line - {start}


def _circular(start: ItemRef, items: dict[ItemRef, Item]) -> bool:
    """Whether the line above ends in a circle, which is cut somewhere."""
    line = _line(start, items) | {start}
    return all(items[one].parent is not None and ref(items[one].parent or "") in line for one in line)
