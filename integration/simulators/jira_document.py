"""Atlassian documents: text to the little of the format that the simulator writes, and back."""

from typing import Any


def document(text: str) -> dict[str, Any]:
    """The text as a document, a paragraph a line."""
    return {"type": "doc", "version": 1, "content": [_paragraph(line) for line in text.split("\n")]}


def plain_text(node: dict[str, Any]) -> str:
    """The text of a document, a line a block."""
    if "text" in node:
        return str(node["text"])
    inner = [plain_text(child) for child in node.get("content", ())]
    return ("\n" if node.get("type") == "doc" else "").join(inner)


def _paragraph(line: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
