"""The signs of Markdown that its reader does not see."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SUFFIXES = {".md", ".markdown"}
_SIGNS = re.compile(
    r"^[ \t]{0,20}(?:#{1,6}|[-*+]|>)(?=[ \t])"  # before a heading, an item, a quotation
    r"|^(?=[ \t|:-]*-)[ \t|:-]++$"  # the rule under the header of a table, or between paragraphs
    r"|!?\[(?=[^\[\]\n]{1,400}\]\()|\]\([^()\s]{0,1000}\)"  # around the words of a link
    r"|\*\*|`+",
    re.MULTILINE,
)


def is_markdown(source: str) -> bool:
    """Whether a document is written in Markdown, by its name: only then does its text have such signs."""
    return PurePosixPath(source).suffix.lower() in _SUFFIXES


def without_signs(text: str, source: str) -> str:
    """Return a text of the document at ``source`` with spaces for its signs of Markdown: no character moves."""
    return _SIGNS.sub(lambda sign: " " * len(sign.group()), text) if is_markdown(source) else text
