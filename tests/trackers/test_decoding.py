import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.trackers.decoding import decode


@given(st.lists(st.sampled_from(["\0", "\\", "u0000", "\\u0000", '"', "x"])).map("".join))
def test_only_nul_characters_are_left_out(text: str) -> None:
    raw = json.dumps({text: [text]}).encode()

    assert decode(raw) == {text.replace("\0", ""): [text.replace("\0", "")]}


def test_an_editors_byte_order_mark_is_no_part_of_the_json() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("raw", [b"", b"{", b'"\\ud800"', b'"\xff"', b"NaN", b"[" * 5000, b"1e999", b'"\0"'])
def test_what_is_no_json_says_so(raw: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        decode(raw)
