"""Promise 7: what okrlink writes comes back as webhooks, and causes nothing: no write, no measurement."""

import pytest
from sqlalchemy import select

from integration.core.errors import MappingInvalid
from integration.store import tables
from tests.desk import Desk


def measured(desk: Desk) -> dict:
    """When each key result was measured last."""
    with desk.database.read() as connection:
        rows = connection.execute(select(tables.standings.c.key_result, tables.standings.c.measured_at))
        return {row.key_result: row.measured_at for row in rows}


def told(desk: Desk) -> int:
    """How many deliveries were taken in."""
    with desk.database.read() as connection:
        return len(connection.execute(select(tables.deliveries.c.id)).all())


@pytest.mark.parametrize(
    "said", [{}, {"remote_link": True}, {"fields": {"KR Summary": "summary"}}], ids=["fields", "badge", "text"]
)
def test_our_own_writes_cause_nothing(desk, said):
    desk.apply(**said)
    epic = desk.side.epic()
    story = desk.side.story(epic)
    desk.settle()
    desk.clock.forward(minutes=5)
    desk.side.done(story)
    while desk.refresh():
        pass
    heard, tries, then = told(desk), desk.side.tries, measured(desk)

    desk.clock.forward(seconds=1)
    assert desk.publish()
    written = desk.side.tries
    assert written > tries
    desk.later(hours=2)

    assert told(desk) > heard, "the tracker did tell us of our own writes"
    assert desk.side.tries == written
    assert measured(desk) == then


def test_a_persons_edit_of_our_field_only_looks_at_its_card(desk):
    """The field is no input: whatever stands there, no number changes."""
    desk.apply()
    epic = desk.side.epic()
    desk.side.story(epic)
    desk.settle()
    then, tries = measured(desk), desk.side.tries

    desk.clock.forward(minutes=5)
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()

    assert measured(desk) == then
    assert desk.side.tries == tries
    assert desk.held()


def test_two_items_that_show_one_key_result_do_not_stir_each_other(desk):
    desk.apply(remote_link=True)
    epics = [desk.side.epic(title) for title in ("Checkout", "Payment")]
    for epic in epics:
        desk.side.story(epic)
    desk.settle()
    tries = desk.side.tries
    for _ in range(10):
        desk.later(minutes=20)

    assert desk.side.tries == tries


def test_a_mapping_that_reads_what_it_writes_is_refused(desk):
    with pytest.raises(MappingInvalid, match="read or written, never both"):
        desk.mapping(
            key_results={"built": "{title: The new checkout is built, work: field KR Progress}"},
        )
