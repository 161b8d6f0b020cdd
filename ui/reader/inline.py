"""The signs of Markdown: which to hide, and how what stands between them is set.

The blocks are known from the parser. Emphasis, code and links within them are told by simple patterns, not by all of
CommonMark's rules; every pattern is bounded, so that no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.types import Block
from ui.reader.spans import Span, Style, lines_of

_LEAD = re.compile(r"(?P<quotes>(?:[ \t]{0,100}>){0,100})[ \t]{0,100}")  # before the lines of a block
_HEADING = re.compile(r"(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?#{1,6}(?:[ \t]+|$)")
_CLOSING = re.compile(r"[ \t]+#{1,100}$")
_UNDERLINE = re.compile(r"(?:=+|-+)[ \t]*")
_FENCE = re.compile(r"(?:[ \t>]|[-*+] |\d{1,9}[.)] )*(?:```|~~~)")
_SIGN = re.compile(r"[`\\\[!<*_~]")
_PAIRS = {"raised": "sup", "lowered": "sub", "strong": "b|strong", "em": "i|em", "struck": "s|del", "code": "kbd|code"}
# By what begins with such a sign: how it is set, and the sign, the words and the closing sign as groups; further groups
# are an address and a sign. The first that fits counts.
_PATTERNS = [
    (name, re.compile(pattern, re.DOTALL | re.IGNORECASE))
    for name, pattern in (
        ("code", r"((?<!`)`{1,3}(?!`))(.{1,400}?)((?<!`)\1(?!`))"),
        ("", r"(\\)([!-/:-@\[-`{-~])()"),
        ("link", r"(!?\[)([^\[\]]{0,400})(\]\()([^()\s]{0,1000}(?:[ \t]+\"[^\"\n]{0,200}\")?)(\))"),
        ("link", r"(!?\[)([^\[\]]{0,400})(\]\[)([^\[\]]{0,200})(\])"),
        ("raised", r"(\[\^)([^\[\]\s]{1,40})(\])"),
        ("link", r"(<)((?:https?://|mailto:)[^<>\s]{1,1000})(>)"),
        *((name, rf"(<(?:{tags})>)([^<>]{{1,400}})(</(?:{tags})>)") for name, tags in _PAIRS.items()),
        ("address", r"()(</?[a-z][^<>]{0,300}>|<!--[^<>]{0,300}-->)()"),
        ("strong", r"(\*\*)(?=[^\s*])([^*]{1,600}?(?:\*[^*]{1,200}\*[^*]{0,200}?)?)(?<=\S)(\*\*)"),
        ("strong", r"((?<!\w)__)(?=[^\s_])([^_]{1,600}?)(?<=[^\s_])(__(?!\w))"),
        ("struck", r"(~~)(?=[^\s~])([^~]{1,600}?)(?<=[^\s~])(~~)"),
        ("em", r"((?<!\*)\*)(?=[^\s*])([^*]{1,600}?)(?<=[^\s*])(\*(?!\*))"),
        ("em", r"((?<!\w)_)(?=[^\s_])([^_]{1,600}?)(?<=[^\s_])(_(?!\w))"),
    )
]
_RAW = ("code", "", "address")  # in these, no sign has a meaning


def inline(text: str, start: int, end: int) -> Iterator[Style]:
    """Yield the styles of the words in ``text[start:end]``."""
    while sign := _SIGN.search(text, start, end):
        start = sign.end()
        for name, pattern in _PATTERNS:
            if found := pattern.match(text, sign.start(), end):
                yield from _styles(found, name)
                start = found.end()
                break


def _styles(found: re.Match[str], name: str) -> Iterator[Style]:
    names = ("sign", name, "sign", "address", "sign")
    yield from (Style(*found.span(at), style) for at, style in enumerate(names[: found.re.groups], start=1) if style)
    if name not in _RAW:
        yield from inline(found.string, *found.span(2))


def markup(text: str, block: Block, span: Span) -> Iterator[Style]:
    """Yield the styles of what is in view of a block."""
    if block.kind == "code":
        yield from _fences(text, block, span)
    else:
        yield from _line_signs(text, block, span)
        yield from inline(text, *span)


def quote_depth(text: str, start: int) -> int:
    """Return in how many quotations a block stands, by the signs before its first line; at least in one."""
    return max(1, _lead(text, start)["quotes"].count(">"))


def _lead(text: str, start: int) -> re.Match[str]:
    found = _LEAD.match(text, start)
    assert found is not None  # it may be empty
    return found


def _line_signs(text: str, block: Block, span: Span) -> Iterator[Style]:
    """Yield the signs before lines, and those of a heading."""
    for start, end in lines_of(text, span):
        lead = min(_lead(text, start).end(), end)
        if block.kind == "heading" and (opening := _HEADING.match(text, lead, end)):
            lead = opening.end()
            if closing := _CLOSING.search(text, lead, end):
                yield Style(*closing.span(), "sign")
        elif block.kind == "heading" and start > block.start and _UNDERLINE.fullmatch(text, lead, end):
            start, lead = start - 1, end
        yield Style(start, lead, "sign")


def _fences(text: str, block: Block, span: Span) -> Iterator[Style]:
    """Yield what only frames code: the lines that fence it, and the white space before all of its lines."""
    lines = list(lines_of(text, span))
    width = block.start - text.rfind("\n", 0, block.start) - 1
    is_fenced = _FENCE.match(text, block.start, block.end) is not None
    if is_fenced and span[0] == block.start:
        yield Style(lines[0][0], min(lines[0][1] + 1, span[1]), "sign")
    if is_fenced and span[1] == block.end and len(lines) > 1 and _FENCE.match(text, *lines[-1]):
        yield Style(lines[-1][0] - 1, lines[-1][1], "sign")
    for start, end in lines[1:]:
        yield Style(start, min(_lead(text, start).end(), start + width, end), "sign")
