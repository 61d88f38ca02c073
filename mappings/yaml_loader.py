"""PyYAML as the language needs it: nothing but texts, and words that end where YAML 1.2 ends them."""

from __future__ import annotations

from typing import Any

import yaml

AFTER_WORD = "\0 \t\r\n\x85\u2028\u2029,[]{}"


class Texts(yaml.BaseLoader):
    """Every scalar as its text; and a `?` in brackets or braces as YAML 1.2 has it, a sign like any other in a word."""

    _in_word = False

    def scan_plain(self) -> Any:
        self._in_word = True
        try:
            return super().scan_plain()
        finally:
            self._in_word = False

    def peek(self, index: int = 0) -> str:
        sign: str = super().peek(index)
        return "x" if sign == "?" and self._in_word else sign

    def check_key(self) -> bool:
        return bool(super().check_key()) and self.peek(1) in AFTER_WORD

    def check_plain(self) -> bool:
        return bool(super().check_plain()) or (self.peek() == "?" and self.peek(1) not in AFTER_WORD)
