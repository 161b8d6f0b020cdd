"""Text out of markup: decoded as its markup declares, without control characters, its white space squeezed."""

from __future__ import annotations

import re

from rag.errors import ParseError
from rag.parse.text import alike_newlines, decode, is_in

# Control characters and soft hyphens; the spaces without width that pages put at the ends of headings.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\ufeff]|\u200b+(?=\s|$)")
# A table whose row is longer than this, or holds a heading, only lays out the page.
LONGEST_ROW = 1000
# What is declared, and what browsers take it for: people write the first and mean the second.
_WESTERN = ("iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252", "cp1252")
_MEANT = dict.fromkeys(_WESTERN, "cp1252") | dict.fromkeys(("gb2312", "gbk"), "gb18030")
# Where one of these is declared in plain letters, it says nothing of the others or cannot be true.
_UNDECLARED = ("us-ascii", "ascii", "utf-16", "utf-32", "utf-7", "unicode")


def decode_declared(data: bytes, charset: str | None) -> str:
    """Decode as the charset that is declared for ``data``, where that holds, else as any text.

    Raises:
        ParseError: The bytes are not text.
    """
    charset = (charset or "").lower()
    if charset in _WESTERN and is_in(data, "utf-8"):
        charset = "utf-8"  # western text is never so by chance
    if charset and not charset.startswith(_UNDECLARED):
        try:
            return alike_newlines(data.decode(_MEANT.get(charset, charset)))
        except (LookupError, UnicodeError):
            pass
    return decode(data)


def decode_loosely(data: bytes, charset: str | None) -> str:
    """Decode as ``decode_declared`` does, and keep of what is no text the letters in it."""
    try:
        return clean(decode_declared(data, charset))
    except ParseError:
        return clean(data.decode("utf-8" if is_in(data, "utf-8") else "cp1252", "replace"))


def squeeze(text: str) -> str:
    """Return the text in one line, one space between words, without control characters."""
    return " ".join(clean(text).split())


def squeeze_lines(text: str) -> str:
    """Return the text with each of its lines squeezed, without empty ones."""
    return "\n".join(filter(None, map(squeeze, text.split("\n"))))


def clean(text: str) -> str:
    """Return the text without control characters and soft hyphens."""
    return text if text.isprintable() else _CONTROL.sub("", text)  # most cells and lines are
