"""A tracker that has nothing but a past: pages of facts, a cursor that counts them, and items that are there or gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integration.core.errors import Gone, Retryable, ServiceError
from integration.core.facts import ItemSeen, StatusChanged, TrackerFact
from integration.core.queries import Query
from integration.trackers.contract import HistoryPage

BEGAN = datetime(2026, 10, 1, 9, tzinfo=UTC)


def moved(item: str, number: int, at: datetime) -> Sequence[TrackerFact]:
    """An item's status changed, for the nth time."""
    return (
        StatusChanged(at=at, source=f"{item}.{number}", item=item, before="To Do", after=f"Step {number}"),
        ItemSeen(
            at=at,
            source=f"{item}.{number}",
            item=item,
            order=number,
            fields={"key": item, "project": "SHOP", "status": f"Step {number}"},
        ),
    )


@dataclass
class Chronicle:
    """`asked` remembers from which page each reading began. Of the failures one is raised at each page with that number."""

    pages: list[Sequence[TrackerFact]] = field(default_factory=list)
    failures: dict[int, list[ServiceError]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    elsewhere: dict[str, Sequence[TrackerFact]] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)
    streams: Sequence[str] = ("items",)
    answered: Mapping[Query, Sequence[str] | ServiceError] = field(default_factory=dict)
    rest: timedelta = timedelta(0)

    def history(self, stream: str, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        assert stream in self.streams
        for number in range(int(cursor or 0), len(self.pages)):
            if waiting := self.failures.get(number):
                raise waiting.pop(0)
            self.told.append(number)
            yield HistoryPage(self.pages[number], str(number + 1), items=1, rest=self.rest)

    def total(self, stream: str, since: datetime) -> int | None:
        return len(self.pages)

    def answers(self, query: Query) -> Iterator[Sequence[str]]:
        told = self.answered[query]
        if isinstance(told, ServiceError):
            raise told
        yield told

    def present(self) -> Iterator[Sequence[str]]:
        yield sorted(self.there)

    def item(self, item: str) -> Sequence[TrackerFact]:
        if item in self.elsewhere:
            return self.elsewhere[item]
        raise Gone(f"no item {item}")


def busy(pages: int, start: datetime = BEGAN, step: timedelta = timedelta(hours=1)) -> Chronicle:
    """Five items that take turns in moving on, one move a page."""
    told = [moved(f"SHOP-{number % 5}", number, start + number * step) for number in range(pages)]
    return Chronicle(list(told))


def down(seconds: float | None = None) -> Retryable:
    return Retryable("the tracker is being mended", after=seconds)
