"""Routes are compiled once and not for every simulator and service, which all have the same ones.

For each rule werkzeug writes a function that builds its address, which is three quarters of what it costs to start a simulator.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    compiled: dict[Any, Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """The function takes the rule that it builds for as its first argument: it is the same for all that are alike."""
        if rule.defaults:  # they go into it
            return compile_builder(rule, append_unknown)
        alike = (rule.rule, tuple(rule._trace), append_unknown)
        if alike not in compiled:
            compiled[alike] = compile_builder(rule, append_unknown)
        return compiled[alike]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", builder)
        yield
