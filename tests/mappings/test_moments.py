from collections.abc import Callable

import pytest

from integration.core.kpi.language import Choice, Moment
from mappings import moments


@pytest.mark.parametrize(
    ("written", "choice"),
    [
        ("done", (Moment("done"),)),
        ("First  Response", (Moment("first response"),)),
        ("first commit or started", (Moment("first commit"), Moment("started"))),
        ("last deployed", (Moment("deployed", which="last"),)),
        ("first done", (Moment("done", which="first"),)),
        ("last first commit", (Moment("first commit", which="last"),)),
        ("entered In Progress", (Moment("entered", "in progress"),)),
        ("last left Waiting for customer", (Moment("left", "waiting for customer", "last"),)),
        ("field Outage started OR now", (Moment("field", "outage started"), Moment("now"))),
        ("left", (Moment("left"),)),
        ("finishd", (Moment("finishd"),)),
    ],
)
def test_a_kpi_names_moments(written: str, choice: object) -> None:
    assert moments.of_kpi(written) == choice


@pytest.mark.parametrize(
    ("written", "choice"),
    [
        ("In Progress", (Moment("entered", "in progress"),)),
        ("done", (Moment("done"),)),
        ("entered Done", (Moment("entered", "done"),)),
        ("Closed", (Moment("entered", "closed"),)),
        ("Merged or first response", (Moment("entered", "merged"), Moment("first response"))),
        ("field Outage started", (Moment("field", "outage started"),)),
        ("First line", (Moment("entered", "first line"),)),
        ("first entered Review", (Moment("entered", "review", "first"),)),
        ("left Backlog", (Moment("left", "backlog"),)),
        ("Left", (Moment("entered", "left"),)),
    ],
)
def test_to_a_rule_of_delivery_any_other_text_is_a_status(written: str, choice: object) -> None:
    assert moments.of_rule(written) == choice


@pytest.mark.parametrize("written", ["", "or", "first", "done or ", " or done"])
@pytest.mark.parametrize("read", [moments.of_kpi, moments.of_rule])
def test_where_no_moment_is_named_it_is_said(read: Callable[[str], Choice], written: str) -> None:
    with pytest.raises(ValueError, match="names no moment"):
        read(written)


def test_a_field_has_a_name() -> None:
    with pytest.raises(ValueError, match="'field' does not say which; write field and its name"):
        moments.of_rule("field")
