"""Short forms that a text explains, as in "paid time off (PTO)": a question with one finds what says the other.

The algorithm is that of Schwartz and Hearst ("A Simple Algorithm for Identifying Abbreviation Definitions in Biomedical
Text", 2003). A passage that explains a short form is found by a term for it and one for its long form; what the passage
says is read again when a question has either, so that nothing else need be kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.words import STOP_WORDS, words

_BRACKETED = re.compile(r"\(([^()]{2,100})\)")
_REACH = 160  # characters before a bracket that may hold the long form
# Two to ten signs, a capital and another or a digit among them.
_SHORT = re.compile(r"(?=.*[A-Z])(?=.*[A-Z\d].*[A-Z\d])[^\W_][\w.&/-]{0,8}[\w.]")
_QUOTES = " \t\n\"'“”‘’„"


class ShortForm(NamedTuple):
    """A short form, and what it is short for."""

    short: str
    long: str

    def is_long_in(self, text: str) -> bool:
        """Whether a text holds the words of the long form."""
        return set(words(self.long)) <= set(words(text))


def short_forms(text: str) -> list[ShortForm]:
    """Return the short forms that ``text`` explains, in order: "long form (LF)" and "LF (long form)"."""
    return list(_explained(text)) if "(" in text else []


def _explained(text: str) -> Iterator[ShortForm]:
    for bracket in _BRACKETED.finditer(text):
        before = text[max(0, bracket.start() - _REACH) : bracket.start()].rpartition(")")[2].split()
        inside = re.split("[;,]", bracket[1])[0].strip(_QUOTES)
        if _SHORT.fullmatch(inside):
            said = before[-min(len(inside) + 5, 2 * len(inside)) :]
            if long := _long_form(inside, said):
                yield ShortForm(inside, long)
        elif before and _SHORT.fullmatch(short := before[-1].strip(_QUOTES)):
            long = " ".join(inside.split())
            if _long_form(short, inside.split()) == long:
                yield ShortForm(short, long)


def _long_form(short: str, said: Sequence[str]) -> str | None:
    """Return the last words ``said`` that hold the signs of ``short`` in order, the first as a word's first."""
    text = " ".join(said).strip(_QUOTES)
    at = len(text)
    signs = [sign for sign in short.lower() if sign.isalnum()]
    for place in range(len(signs) - 1, -1, -1):
        at -= 1
        while at >= 0 and not (text[at].lower() == signs[place] and (place or _begins_name(text, at))):
            at -= 1
        if at < 0:
            return None
    long = text[text.rfind(" ", 0, at + 1) + 1 :].strip(_QUOTES)
    is_long = len(long) > len(short) and " " in long and short.lower() not in long.lower().split()
    return long if is_long else None


def _begins_name(text: str, at: int) -> bool:
    """Whether a word begins there, other than an "of" or "the"."""
    word = text[at:].split(None, 1)[0].lower()
    return (at == 0 or not text[at - 1].isalnum()) and word not in STOP_WORDS


def explaining_terms(text: str) -> list[str]:
    """Return the terms that a passage is found by as one that explains the short forms in it."""
    return [term_of(words(part)) for explained in short_forms(text) for part in explained]


def term_of(said: list[str]) -> str:
    """Return the term of a short or long form, given by its words, that passages which explain it are found by."""
    return "+" + "+".join(said)
