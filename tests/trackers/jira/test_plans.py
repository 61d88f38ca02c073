"""Plans are read project by project, board by board; one that may not be read holds up no other."""

from collections.abc import Sequence

import pytest

from integration.core.errors import Gone, Permanent, Refused
from integration.core.facts import TrackerFact
from integration.trackers.contract import HistoryPage
from integration.trackers.jira.payload import Json
from integration.trackers.jira.plans import by_place


def walked(error: Permanent, pages: list[HistoryPage]) -> None:
    def told(place: str, _start: int) -> tuple[Json, Sequence[TrackerFact]]:
        if place == "OPS":
            raise error
        return {"values": [{"id": place}], "isLast": True}, ()

    pages.extend(by_place(["OPS", "PAY", "SHOP"], None, told))


@pytest.mark.parametrize("error", [Gone("HTTP 404"), Refused("HTTP 403")])
def test_a_place_that_may_not_be_read_holds_up_no_other_and_is_told_of(error: Permanent) -> None:
    pages: list[HistoryPage] = []

    with pytest.raises(type(error), match=f"OPS: {error.reason}"):
        walked(error, pages)

    assert [page.cursor for page in pages] == ['{"at":"PAY","start":0}', '{"at":"SHOP","start":0}', "{}"]


def test_whoever_is_not_known_at_all_asks_no_further() -> None:
    pages: list[HistoryPage] = []

    with pytest.raises(Refused):
        walked(Refused("HTTP 401", scope="connection"), pages)

    assert not pages
