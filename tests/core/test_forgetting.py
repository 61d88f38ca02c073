"""An account's id is taken out of values; nothing else is."""

import pytest

from integration.core.forgetting import FORGOTTEN, may_name_people, state_without, without
from integration.core.items import FieldState

DANA = "712020:1f0e"


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (DANA, FORGOTTEN),
        ((DANA, "ben"), (FORGOTTEN, "ben")),
        (f"[{DANA}, ben]", f"[{FORGOTTEN}, ben]"),
        (f"ben,{DANA}", f"ben,{FORGOTTEN}"),
        (f"{DANA}2", f"{DANA}2"),
        (f"x{DANA}", f"x{DANA}"),
        (f"ask [~accountid:{DANA}], not [~ben]", f"ask [~accountid:{FORGOTTEN}], not [~ben]"),
        (f"([~{DANA}])", f"([~{FORGOTTEN}])"),
        (f"ask @<{DANA}>!", f"ask @<{FORGOTTEN}>!"),
        (f'<a data-vss-mention="version:2.0,{DANA}">', f'<a data-vss-mention="version:2.0,{FORGOTTEN}">'),
        (f"[~accountid:{DANA}2] [~x{DANA}]", f"[~accountid:{DANA}2] [~x{DANA}]"),
        ("ben", "ben"),
        (None, None),
        (4.5, 4.5),
        (True, True),
    ],
)
def test_values(value, left):
    assert without(value, DANA) == left


@pytest.mark.parametrize("field", ["labels", "Status", "title", "key"])
def test_what_people_call_things_is_no_account(field):
    assert not may_name_people(field)


def test_a_state_is_as_old_as_it_was():
    at = "2026-11-02T12:00:00.000000+00:00"
    state = {"assignee": FieldState("admin", at, 7), "labels": FieldState(("admin",), at, 3)}
    assert state_without(state, "admin") == {**state, "assignee": FieldState(FORGOTTEN, at, 7)}
