"""Atlassian documents, in which version 3 of Jira's REST interface wants and shows rich text: a plain text, and back."""

from __future__ import annotations

from typing import Any

_BLOCKS = frozenset(
    {
        "paragraph",
        "heading",
        "blockquote",
        "codeBlock",
        "bulletList",
        "orderedList",
        "listItem",
        "panel",
        "rule",
        "table",
    }
)
_MAY_BE_EMPTY = _BLOCKS - {"rule"} | {"doc"}
_DEEPEST = 50
"""Nobody nests lists deeper; a document that does is not read further."""


def document(text: str) -> dict[str, Any]:
    """A document with a paragraph for each line."""
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []} for line in text.split("\n")
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def is_document(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "doc" and isinstance(value.get("content"), list)


def plain_text(node: object, depth: int = 0) -> str:
    """The words of a document, a line for each block.

    What has no words of its own (a mention, a picture) is told by its kind: whoever put it there wrote something.
    """
    if not isinstance(node, dict) or depth > _DEEPEST:
        return ""
    if node.get("type") == "hardBreak":
        return "\n"
    if isinstance(node.get("text"), str):
        return str(node["text"])
    content = node.get("content")
    if not isinstance(content, list):
        return "" if node.get("type") in _MAY_BE_EMPTY else f"[{node.get('type')}]"
    # Blocks stand on lines of their own; what stands within a line is joined as it is.
    holds_blocks = any(isinstance(child, dict) and child.get("type") in _BLOCKS for child in content)
    return ("\n" if holds_blocks else "").join(plain_text(child, depth + 1) for child in content)
