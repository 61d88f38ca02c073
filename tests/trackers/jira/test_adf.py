"""Rich text: what we write reads back as it was; what people wrote with the editor reads as its words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.trackers.jira.adf import document, is_document, plain_text


@given(st.text(st.characters(exclude_characters="\n\r", codec="utf-8")), st.text(max_size=5))
def test_what_we_write_reads_back(first: str, second: str) -> None:
    written = f"{first}\n{second}"

    assert is_document(document(written))
    assert plain_text(document(written)) == written


PEOPLES: list[tuple[list[dict[str, Any]], str]] = [
    ([], ""),
    (
        [
            {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Progress"}]},
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "62 %, "},
                    {"type": "text", "text": "on track", "marks": [{"type": "strong"}]},
                    {"type": "hardBreak"},
                    {"type": "text", "text": "by December"},
                ],
            },
            {
                "type": "bulletList",
                "content": [
                    {
                        "type": "listItem",
                        "content": [{"type": "paragraph", "content": [{"type": "text", "text": word}]}],
                    }
                    for word in ("cards", "phones")
                ],
            },
        ],
        "Progress\n62 %, on track\nby December\ncards\nphones",
    ),
    (
        [{"type": "paragraph", "content": [{"type": "mention", "attrs": {"text": "@Dana"}}]}, {"type": "rule"}],
        "[mention]\n[rule]",
    ),
    ([{"type": "mediaSingle"}, {"type": "unknown", "content": "odd"}], "[mediaSingle][unknown]"),
    ([{"type": "paragraph"}, {"type": "bulletList", "content": []}], ""),
]


@pytest.mark.parametrize(("content", "words"), PEOPLES)
def test_what_people_wrote(content: list[dict[str, Any]], words: str) -> None:
    assert plain_text({"type": "doc", "version": 1, "content": content}).strip() == words
