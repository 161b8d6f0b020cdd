"""Emphasis, code and links within a block of Markdown, by simple patterns: which signs to hide, what to set how.

Every pattern is bounded, so that no text makes it slow. It does not know all of CommonMark's rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from ui.reader.spans import Style

_SUFFIXES = {".md", ".markdown"}
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)(.{1,400}?)(?<!`)\1(?!`)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_LINK = re.compile(
    r"(!?\[)([^\[\]]{0,400})(?:(\]\()([^()\s]{0,1000}(?:[ \t]+\"[^\"\n]{0,200}\")?)(\))|(\]\[)([^\[\]]{0,200})(\]))"
)
_AUTOLINK = re.compile(r"(<)((?:https?://|mailto:)[^<>\s]{1,1000})(>)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>|<!--[^<>]{0,300}-->")
_EMPHASIS = (
    ("strong", re.compile(r"(\*\*)(?=[^\s*])([^*]{1,600}?(?:\*[^*]{1,200}\*[^*]{0,200}?)?)(?<=\S)(\*\*)")),
    ("strong", re.compile(r"(?<!\w)(__)(?=[^\s_])([^_]{1,600}?)(?<=[^\s_])(__)(?!\w)")),
    ("struck", re.compile(r"(~~)(?=[^\s~])([^~]{1,600}?)(?<=[^\s~])(~~)")),
    ("em", re.compile(r"(?<!\*)(\*)(?=[^\s*])([^*]{1,600}?)(?<=[^\s*])(\*)(?!\*)")),
    ("em", re.compile(r"(?<!\w)(_)(?=[^\s_])([^_]{1,600}?)(?<=[^\s_])(_)(?!\w)")),
)
_BLANK = "\x00"  # in place of what was read, so that nothing reads it again


def is_markdown(source: str) -> bool:
    """Whether a document is written in Markdown, by its name."""
    return PurePosixPath(source).suffix.lower() in _SUFFIXES


def inline(text: str, start: int, end: int) -> Iterator[Style]:
    """Yield the styles in ``text[start:end]``."""
    words = text[start:end]
    if not any(sign in words for sign in "`\\[<*_~"):
        return
    left = words
    for found in _CODE.finditer(words):
        yield from _framed(found, start, "code", found.start(2), found.end(2))
        left = _without(left, *found.span())
    for found in _ESCAPE.finditer(left):
        yield Style(start + found.start(), start + found.end(), "sign")
        left = _without(left, found.start(), found.end() + 1)
    for found in _AUTOLINK.finditer(left):
        yield from _framed(found, start, "link", *found.span(2))
        left = _without(left, *found.span())
    for found in _TAG.finditer(left):
        yield Style(start + found.start(), start + found.end(), "address")
        left = _without(left, *found.span())
    for found in _LINK.finditer(left):
        yield from _link(found, start)
        left = _without(_without(left, *found.span(1)), found.end(2), found.end())
    for name, pattern in _EMPHASIS:
        for found in pattern.finditer(left):
            yield from _framed(found, start, name, *found.span(2))
            left = _without(_without(left, *found.span(1)), *found.span(3))


def _link(found: re.Match[str], start: int) -> Iterator[Style]:
    """Yield the styles of a link or a picture: its words, and where it leads."""
    address = 4 if found[4] is not None else 7
    cuts = [found.start(), *found.span(2), *found.span(address), found.end()]
    for name, (left, right) in zip(("sign", "link", "sign", "address", "sign"), pairwise(cuts), strict=True):
        yield Style(start + left, start + right, name)


def _framed(found: re.Match[str], start: int, name: str, left: int, right: int) -> Iterator[Style]:
    """Yield the style of what stands between two signs, and of the signs."""
    yield Style(start + found.start(), start + left, "sign")
    yield Style(start + left, start + right, name)
    yield Style(start + right, start + found.end(), "sign")


def _without(text: str, start: int, end: int) -> str:
    return text[:start] + _BLANK * (end - start) + text[end:]
