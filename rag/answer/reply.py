"""A language model's reply, as it comes → its sentences, each with the numbers of the passages it names.

A sentence is given out once another has begun after it. What a page or a terminal would make something of (links,
images, headings, emphasis) is reduced to its words. It does not know of passages, nor whether a number is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.sentences import sentence_spans
from rag.types import Value

_NOUN = r"(?:passages?|sources?|documents?|docs?|refs?)?[\s:#.]*"
_NUMBERS = r"\d{1,12}(?:\s*(?:[,;–-]|and)\s*\^?\d{1,12})*"
_MARKER = re.compile(rf"\[\^?{_NOUN}({_NUMBERS})\](?!\()|【({_NUMBERS})[^】\n]{{0,80}}】", re.IGNORECASE)
_OPENING_MARKERS = re.compile(rf"(?:\s*(?:{_MARKER.pattern})[.,;]?)+\s*", re.IGNORECASE)
_LONGEST_RANGE = 20  # numbers that "2-7" may stand for
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
# A sentence is held back until this much of the next has come: a number may yet be cut in two ("1." "5").
_ENOUGH = 8
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_CUT_OFF = re.compile(r"!?(?:\[[^\[\]\n]*(?:\](?:\([^\n]*)?)?)?\Z")  # a link or marker that is not whole yet
_LINE_START = re.compile(r"^\s*(?:#{1,6}\s+|[-*+•]\s+|>\s*|\d{1,2}[.)]\s+)+")
_EMPHASIS = re.compile(r"\*\*|__|`+|(?<!\w)[*_](?=\w)|(?<=[\w.,;!?])[*_](?!\w)")
_HEADINGS = re.compile(r"(?:sources?|references?|citations?|answer)\s*:?\s*", re.IGNORECASE)


class Claim(Value):
    """A sentence of a reply without its markers, and the numbers in these, as they stand there."""

    text: str
    numbers: tuple[int, ...]


def claims(pieces: Iterable[str]) -> Iterator[Claim]:
    """Yield the sentences of a reply that comes in pieces."""
    reply, given, looked_at = "", 0, 0
    for piece in pieces:
        reply += piece
        if len(reply) - looked_at >= max(_ENOUGH, len(reply) // 50):  # each look is at the whole
            looked_at = len(reply)
            found = _claims(reply, ended=False)
            yield from found[given:]
            given = max(given, len(found))
    yield from _claims(reply, ended=True)[given:]


def _claims(reply: str, *, ended: bool) -> list[Claim]:
    """Return the sentences that are whole: all, where the reply has ended."""
    text = _IMAGE_OR_LINK.sub(_unlinked, _THOUGHTS.sub("", reply))
    stretches = _stretches(text if ended else _CUT_OFF.sub("", text))
    if not ended:
        while stretches and len(_MARKER.sub("", stretches[-1]).strip()) < _ENOUGH:
            stretches.pop()  # the next has hardly begun
        stretches = stretches[:-1]
    found = [Claim(text=_plain(_MARKER.sub("", text)), numbers=_numbers(text)) for text in stretches]
    return [claim for claim in found if _says_something(claim.text)]


def _stretches(reply: str) -> list[str]:
    """Return the sentences of a reply with their markers, those that stand after the full stop too.

    Where the first of all begins with a marker, so do the others.
    """
    found: list[str] = []
    markers_come_first = _OPENING_MARKERS.match(reply) is not None
    for start, end in sentence_spans(reply):
        text = reply[start:end]
        opening = _OPENING_MARKERS.match(text)
        if opening and found and not markers_come_first:
            found[-1] += " " + opening.group()
            text = text[opening.end() :]
        if text:
            found.append(text)
    return found


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of all markers in a text, each once, in order."""
    found: list[int] = []
    for marker in _MARKER.finditer(text):
        for part in re.split(r"[,;]|and", marker.group(1) or marker.group(2)):
            ends = [int(number) for number in re.findall(r"\d+", part)]
            found.extend(range(ends[0], ends[-1] + 1) if 0 <= ends[-1] - ends[0] < _LONGEST_RANGE else ends)
    return tuple(dict.fromkeys(found))


def _unlinked(link: re.Match[str]) -> str:
    """Return the words of a link; those that are a number, as a marker."""
    return f"[{link[1]}]" if link[1].strip("^ ").isdecimal() else link[1]


def _plain(text: str) -> str:
    """Return the words of a text written in Markdown, in one line; no space is left before its full stop."""
    text = _EMPHASIS.sub("", _LINE_START.sub("", text))
    return re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))


def _says_something(text: str) -> bool:
    return any(sign.isalnum() for sign in text) and not _HEADINGS.fullmatch(text)
