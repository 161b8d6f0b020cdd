"""The text in a block of Pandoc's tree: its inline nodes as plain text.

Raised and lowered text and formulas are written in a line. Struck-out text, pictures and raw markup are left out, and
so are the marks of notes and links beside a text that only lead to a place in it ("¶", "↩").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rag.parse.markup import clean
from rag.parse.scripts import formula_line, lowered, raised

Node = dict[str, Any]  # {"t": its kind, "c": what is in it}

# Before the text of a caption, where Pandoc does not tell it from others; control characters go as blocks are made.
CAPTION_MARK = "\x7f"

_QUOTES = {"SingleQuote": "‘’", "DoubleQuote": "“”"}
_SIGNS = {"Space": " ", "SoftBreak": " ", "LineBreak": "\n"}
_WRAPPERS = ("Emph", "Strong", "Underline", "SmallCaps")

_TAGS = {"sup": "Superscript", "sub": "Subscript"} | dict.fromkeys(("s", "del", "strike"), "Strikeout")
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>{'|'.join(_TAGS)})\b[^<>]*>")


class InlineText:
    """Writes inline nodes as text, and collects the notes that hang on them."""

    def __init__(self) -> None:
        self._notes: list[list[Node]] = []

    def take_notes(self) -> list[list[Node]]:
        """Return the notes, each as its blocks, that hang on what was written since they were taken before."""
        notes, self._notes = self._notes, []
        return notes

    def of(self, nodes: Iterable[Node]) -> str:
        """Return the text of inline nodes, without control characters; a line break in it is one for the reader."""
        text = "".join(self._node(node["t"], node.get("c")) for node in _with_html(nodes))
        return clean(text.replace("\u2011", "-"))  # the hyphen at which no line breaks

    def _node(self, kind: str, content: Any) -> str:
        if kind == "Str":
            return str(content)
        if kind in _WRAPPERS:
            return self.of(content)
        if kind == "Superscript":
            return "" if _is_note_mark(content) else raised(self.of(content))
        if kind == "Subscript":
            return lowered(self.of(content))
        if kind == "Math":
            return formula_line(content[1])
        if kind == "Quoted":
            return self.of(content[1]).join(_QUOTES[content[0]["t"]])
        if kind == "Link":
            return self._link(content[1], content[2][0])
        if kind in ("Span", "Cite"):
            return self.of(content[1])
        if kind == "Code":
            return str(content[1])
        if kind == "Note":
            self._notes.append(content)
        return _SIGNS.get(kind, "")

    def _link(self, nodes: list[Node], target: str) -> str:
        if "#" not in target:
            return self.of(nodes)
        is_note_mark = bool(nodes) and all(node["t"] == "Superscript" for node in nodes)
        text = "" if is_note_mark else self.of(nodes)
        return text if re.search(r"\w", text) else ""


def _with_html(nodes: Iterable[Node]) -> list[Node]:
    """Return inline nodes with those between tags of HTML, which wikis and notebooks have, as what the tags mean."""
    found: list[Node] = []
    opened: list[tuple[str, list[Node]]] = []  # the tag, and what stands before it
    for node in nodes:
        tag = _TAG.fullmatch(node["c"][1]) if node["t"] == "RawInline" else None
        if tag and not tag["end"]:
            opened.append((tag["name"], found))
            found = []
        elif tag and opened and opened[-1][0] == tag["name"]:
            name, before = opened.pop()
            found = [*before, {"t": _TAGS[name], "c": found}]
        else:
            found.append(node)
    for _, before in reversed(opened):
        found = before + found
    return found


def _is_note_mark(nodes: Iterable[Node]) -> bool:
    """Whether raised nodes lead to a note on the page, such as "[1]" or "[1]: 24"."""
    return any(_leads_to_note(node["t"], node.get("c")) for node in nodes)


def _leads_to_note(kind: str, content: Any) -> bool:
    if kind == "Link":
        return "#" in content[2][0]
    return kind in ("Span", "Cite") and _is_note_mark(content[1])
