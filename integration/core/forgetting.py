"""Taking a person's account id out of what is kept, in every form in which an account is kept.

In its place stands `FORGOTTEN`: that somebody did something, or held something, is not forgotten, only who. People who were
forgotten cannot be told apart any more.
"""

from __future__ import annotations

import re

from integration.core.facts import Value
from integration.core.items import COMMON, ItemState

FORGOTTEN = "forgotten"

_SEPARATORS = re.compile(r"""((?:\[~(?:accountid:)?|[\s,;\[\]<>"'()])+)""")
"""What stands around an account: in a list as history writes it, and where somebody is mentioned in a text (`[~accountid:…]`,
`[~name]`, `@<…>`)."""


def without(value: Value, account: str) -> Value:
    """A value that is the account, or several of which one is: a list, or a text such as `[a, b]`; or a text that mentions
    it. All others stay.
    """
    if isinstance(value, tuple):
        return tuple(FORGOTTEN if one == account else one for one in value)
    if not isinstance(value, str) or account not in value:
        return value
    return "".join(FORGOTTEN if part == account else part for part in _SEPARATORS.split(value))


def may_name_people(field: str) -> bool:
    """Whether a field can hold an account. A label, a status or a title that reads like one is none."""
    return field.casefold() not in COMMON


def state_without(state: ItemState, account: str) -> ItemState:
    """The same state, as new and as old as it was."""
    return {
        name: known._replace(value=without(known.value, account)) if may_name_people(name) else known
        for name, known in state.items()
    }
