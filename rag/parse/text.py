"""Plain text in any encoding: the canonical text is the file's own, decoded, its newlines made alike."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from rag.errors import ParseError
from rag.parse.builder import BlockMarker
from rag.parse.parsed import Parsed
from rag.parse.plain import mark_lines

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Control characters that text does not hold; tab, newlines, form feed and escape are left out.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.01
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
# What western languages write; Polish or Turkish read as one of them has signs within words, or letters beyond these.
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜàáâãäåæçèéêëìíîïñòóôõöøœùúûüßÿ€£¥§©®™°±²³¹¼½¾·•…–—‘’‚“”„‹›«»¿¡ªº\xa0\xad×÷µ´¢¶†‡‰"
)
_SIGN_IN_WORD = re.compile(r"[€£¥§©®™±²³¹¼½¾ªº×÷¶´¢](?=[a-zà-ÿ])")


def parse_text(data: bytes, name: str) -> Parsed:
    """Read plain text; the title is the file's name."""
    return plain_text(decode(data), name)


def plain_text(text: str, name: str, warning: str | None = None) -> Parsed:
    """Return text of which nothing is known as a document."""
    marker = BlockMarker(text)
    mark_lines(marker, 0, len(text))
    return marker.parsed(name, warning)


def decode(data: bytes) -> str:
    """Return the text of ``data``: by its byte order mark, else as UTF-16 or UTF-8, else by its statistics.

    Raises:
        ParseError: The bytes are not text.
    """
    text = alike_newlines(_decode(data))
    if len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        raise ParseError("binary data under a text suffix")
    return text


def _utf_16_without_mark(data: bytes) -> str | None:
    """Return which UTF-16 the data is in: in most texts, nearly every second byte is a zero then."""
    start = data[:4096]
    if len(data) % 2 or b"\0" not in start:
        return None
    high, low = start[::2].count(0), start[1::2].count(0)
    if 2 * max(high, low) < 0.7 * len(start) or min(high, low) > 0.01 * len(start):
        return None
    encoding = "utf-16-le" if low > high else "utf-16-be"
    return encoding if is_in(data, encoding) else None


def is_guessed(data: bytes) -> bool:
    """Whether nothing in the data tells its encoding for certain."""
    marked = any(data.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS)
    return not (marked or _utf_16_without_mark(data) or is_in(data, "utf-8"))


def is_in(data: bytes, encoding: str) -> bool:
    """Whether the data can be of an encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def alike_newlines(text: str) -> str:
    """Return the text with every end of a line as a newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_western(data: bytes) -> bool:
    """Whether the data reads well as Windows-1252: odd letters stand alone among plain ones, and are common ones.

    Short texts say too little for statistics, which then see Chinese in a price list with umlauts.
    """
    runs = _HIGH_BYTES.findall(data)
    alone = sum(len(run) for run in runs if len(run) <= 2)
    if alone < 0.9 * sum(map(len, runs)):
        return False
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return all(c < "\x80" or c in _WESTERN for c in set(text)) and not _SIGN_IN_WORD.search(text)


def _decode(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise ParseError(f"starts as {encoding} but is not: byte {error.start} is wrong") from error
    if wide := _utf_16_without_mark(data):
        return data.decode(wide)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if _is_western(data):
            return data.decode("cp1252")
        guesses = from_bytes(data)
        best = guesses.best()
        if best is None:
            raise ParseError("binary data under a text suffix, or an unknown encoding") from None
        # Western and central European text look alike to its statistics; western is by far the more common.
        tied = [guess for guess in guesses if (guess.chaos, guess.coherence) == (best.chaos, best.coherence)]
        return str(next((guess for guess in tied if guess.encoding == "cp1252"), best))
