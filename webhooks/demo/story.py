"""What happens in the bookshop between planning in September and the last day of the quarter. Seeded: always the same.

Epics are tables; their stories are begun and finished one after the other between two days. What makes a quarter a
quarter stands by itself below: scope that grows, a story reopened, another moved, one dropped, a field changed by hand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeAlias

from webhooks.demo.company import Company

BEGIN = datetime(2026, 9, 24, 6, tzinfo=UTC)
QUARTER = datetime(2026, 10, 1, 6, tzinfo=UTC)
EDIT = datetime(2026, 11, 4, 9, 30, tzinfo=UTC)
"""When somebody writes by hand into a field that okrlink shows progress in."""
END = datetime(2026, 12, 31, 17, tzinfo=UTC)

Do: TypeAlias = Callable[[Company], str]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does at a time; doing it returns the sentence that tells it."""

    at: datetime
    do: Do


@dataclass(frozen=True, slots=True)
class Epic:
    """An epic or feature, its stories with their points, and the days between which they are worked on."""

    name: str
    team: str
    by: str
    tag: str
    title: str
    first: date
    last: date
    stories: Sequence[tuple[str, float | None]]
    done: int
    """How many of the stories are finished by `last`."""
    closes: bool = True
    """Whether the epic is closed with the last of them."""


EPICS = (
    Epic(
        "checkout", "web", "Dana Ortiz", "kr:rebuilt", "Checkout on one page", date(2026, 10, 2), date(2026, 11, 20),
        (
            ("Address from the postcode", 3), ("Basket and payment side by side", 5), ("Guest checkout", 5),
            ("Delivery day to choose", 3), ("Vouchers", None), ("Gift wrapping", 2), ("Errors beside the field", 3),
            ("Receipt by mail", None),
        ),
        done=8,
    ),
    Epic(
        "payment", "web", "Dana Ortiz", "kr:rebuilt", "Payment without a password", date(2026, 10, 26), date(2026, 12, 29),
        (
            ("Passkeys", 8), ("Cards that are remembered", 5), ("Pay on invoice", 5), ("Direct debit", 3),
            ("Refunds", 5), ("Old payment form goes", 2),
        ),
        done=6,
    ),
    Epic(
        "search", "web", "Noor Haddad", "kr:search", "Search that understands a question", date(2026, 10, 5), date(2026, 12, 28),
        (
            ("Misspelt names", 3), ("Authors under all their names", 5), ("Books like this one", 8), ("Moods and places", 8),
            ("Answers in half a second", 5), ("No result is no dead end", 3), ("Ask by voice", 8), ("By cover colour", 3),
        ),
        done=6, closes=False,
    ),
    Epic(
        "web-shelf", "web", "Noor Haddad", "kr:shelves", "Shelves on the web", date(2026, 10, 12), date(2026, 12, 4),
        (("Put a book on a shelf", 3), ("Share a shelf", 5), ("Shelves of friends", 5), ("Import from other shops", 8)),
        done=4, closes=False,
    ),
    Epic(
        "peak", "web", "Sam Rivera", "kr:peak", "Ready for Black Friday", date(2026, 10, 8), date(2026, 11, 23),
        (
            ("Load test that looks like last year", 5), ("Product pages from a cache", 8), ("A queue before the till", 5),
            ("Search without the main database", 5), ("Runbook and rehearsal", 3), ("Second rehearsal at night", 2),
        ),
        done=6,
    ),
    Epic(
        "one-tap", "app", "Ines Marten", "kr:one-tap", "Pay with one tap", date(2026, 10, 6), date(2026, 12, 18),
        (
            ("Wallets", 8), ("Face or finger instead of a code", 5), ("Receipt in the app", 3), ("Undo within a minute", 5),
            ("Old phones", 3), ("Spending at a glance", 3), ("Tips for the courier", 2),
        ),
        done=6,
    ),
    Epic(
        "app-shelf", "app", "Ines Marten", "kr:shelves", "Shelves in the app", date(2026, 11, 9), date(2026, 12, 30),
        (
            ("Scan a book onto a shelf", 5), ("Shelves without a network", 8), ("Widget", 3), ("Sort and colour", 3),
            ("Shelves on a tablet", 5),
        ),
        done=3, closes=False,
    ),
)  # fmt: skip

DROPPED = {"search 7": (11, 17), "one-tap 6": (11, 19)}
"""Stories that will never be done, and the day on which that is decided."""

ENGINEERS = {"web": ("Alex Kim", "Mira Novak", "Tom Berger"), "app": ("Ines Marten", "Yuki Sato")}

BASKETS = ("67.5", "66.8", "66", "65.1", "64.6", "63", "61.2", "60.9", "59", "57.8", "56.4", "55.6", "54.8")
READERS = ("2540", "2610", "2700", "2750", "2840", "2900", "2980", "3050", "3190", "3260", "3400", "3520", "3640")
WORDS = {
    3: "the new address form helps",
    6: "one page at last; most who leave now leave at payment",
    9: "passkeys: nobody forgets a password any more",
}


def story() -> Sequence[Act]:
    """All acts in the order of their time; no two at the same moment."""
    chance = random.Random(2026)
    acts = [*_planning(chance), *_work(chance), *_check_ins(), *_turns()]
    ordered = sorted(acts, key=lambda act: act.at)
    return [Act(act.at + timedelta(milliseconds=place), act.do) for place, act in enumerate(ordered)]


def _planning(chance: random.Random) -> Iterator[Act]:
    """The week before the quarter: epics are tagged, stories written and most of them estimated."""
    at = BEGIN
    for epic in EPICS:
        at += timedelta(hours=2)
        yield Act(
            at, partial(Company.plans, by=epic.by, team=epic.team, name=epic.name, title=epic.title, tag=epic.tag)
        )
        for number, (title, points) in enumerate(epic.stories):
            at += timedelta(minutes=chance.randint(60, 150))
            write = partial(Company.writes, by=epic.by, name=f"{epic.name} {number}", title=title, points=points)
            yield Act(at, partial(write, below=epic.name))


def _work(chance: random.Random) -> Iterator[Act]:
    """Stories are begun in their order, one after the other; now and then two are open at once."""
    for epic in EPICS:
        begin, last = _morning(epic.first), _morning(epic.last)
        # The last of them is begun with time left to finish it; one more is begun and stays so.
        step = (last - begin) / (epic.done + 1)
        yield Act(begin, partial(Company.starts, by=epic.by, name=epic.name))
        if epic.closes:
            yield Act(last + timedelta(hours=3), partial(Company.finishes, by=epic.by, name=epic.name))
        names = [f"{epic.name} {number}" for number in range(len(epic.stories))]
        for number, name in enumerate([name for name in names if name not in DROPPED][: epic.done + 1]):
            who = chance.choice(ENGINEERS[epic.team])
            starts = begin + step * number + timedelta(minutes=chance.randint(0, 400))
            yield Act(starts, partial(Company.starts, by=who, name=name))
            if number < epic.done:
                ends = starts + step * chance.uniform(0.5, 1.1)
                yield Act(min(ends, last), partial(Company.finishes, by=who, name=name))


def _check_ins() -> Iterator[Act]:
    """Every Friday at noon."""
    for week, (baskets, readers) in enumerate(zip(BASKETS, READERS, strict=True)):
        friday = datetime(2026, 10, 2, 11, tzinfo=UTC) + timedelta(weeks=week)
        confidence = (5, 5, 6, 6, 6, 7, 8, 8, 8, 9, 9, 9, 9)[week]
        dana = partial(Company.checks_in, by="Dana Ortiz", key_result="checkout.abandoned", value=baskets)
        yield Act(friday, partial(dana, confidence=confidence, note=WORDS.get(week, "")))
        noor = partial(Company.checks_in, by="Noor Haddad", key_result="discovery.weekly-pick", value=readers)
        yield Act(friday + timedelta(hours=1), partial(noor, confidence=(7, 7, 6, 6, 6, 5, 5, 5, 5, 5, 4, 4, 4)[week]))


def _turns() -> Iterator[Act]:
    """What no plan foresaw."""
    yield _on(10, 21, partial(Company.estimates, by="Mira Novak", name="checkout 4", points=5))
    yield _on(10, 23, partial(Company.reopens, by="Tom Berger", name="checkout 1", why="a voucher is charged twice"))
    yield _on(10, 29, partial(Company.finishes, by="Tom Berger", name="checkout 1"))
    said = "Rehearsal on 18 Nov at 22:00, ask Sam"
    yield Act(EDIT, partial(Company.edits, by="Sam Rivera", name="peak", what="KR Summary", text=said))
    grown = partial(Company.writes, by="Noor Haddad", below="search")
    yield _on(11, 9, partial(grown, name="search 8", title="Ask in three languages", points=8))
    yield _on(11, 9, partial(grown, name="search 9", title="Remember what was asked", points=5), 1)
    yield _on(11, 9, partial(grown, name="search 10", title="Explain why a book is shown", points=None), 2)
    yield _on(11, 12, partial(Company.moves, by="Noor Haddad", name="search 6", below="web-shelf"))
    for name, (month, day) in DROPPED.items():
        yield _on(month, day, partial(Company.drops, by="Noor Haddad", name=name))
    typo = partial(
        Company.writes, by="Alex Kim", name="voice", title="Voice search on phones", points=5, below="search"
    )
    yield _on(11, 24, partial(typo, tag="kr:shelfes"))


def _on(month: int, day: int, do: Do, hour: int = 0) -> Act:
    return Act(datetime(2026, month, day, 9 + hour, 30, tzinfo=UTC), do)


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
