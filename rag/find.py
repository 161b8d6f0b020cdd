"""Where words stand in a text, as a person looks for them: case, accents and the breaks of lines make no difference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

from rag.types import Span

LONGEST_SOUGHT = 200  # characters

_PLAIN = str.maketrans("’‘‛“”„«»‐‑–—", '\'\'\'"""""----')
_UNSEEN = (
    "[\\u0300-\\u036f\\u00ad\\u200b-\\u200d]*"  # marks that stand by themselves, and what breaks words or joins them
)


def find_all(text: str, sought: str, most: int) -> list[Span]:
    """Return where ``sought`` stands in a text, in order; ``most`` places, and none where nothing is sought."""
    words = plain(sought).split()
    if not words:
        return []
    signs = _signs(set(text))
    pattern = r"\s+".join(_pattern(word, signs) for word in words)
    return [found.span() for found in islice(re.finditer(pattern, text), most)]


def plain(text: str) -> str:
    """Return a text as it is compared: small letters without accents, straight quotes and dashes."""
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _signs(there: Iterable[str]) -> dict[str, str]:
    """Return the signs of a text by what they are compared as: one sign, or two or three as of a ligature."""
    found: dict[str, str] = {}
    for sign in there:
        found[plain(sign)] = found.get(plain(sign), "") + sign
    return found


def _pattern(word: str, signs: dict[str, str]) -> str:
    """Return a pattern for a word; none of it can be matched in more than one way."""
    pieces, at = [], 0
    while at < len(word):
        joined = next((word[at : at + size] for size in (3, 2) if word[at : at + size] in signs), "")
        apart = "".join(_one_of(signs, sign) for sign in joined or word[at])
        pieces.append(f"(?:{apart}|{_one_of(signs, joined)})" if len(joined) > 1 else apart)
        at += len(joined) or 1
    return "".join(pieces)


def _one_of(signs: dict[str, str], sign: str) -> str:
    return f"[{re.escape(signs.get(sign, sign))}]{_UNSEEN}"
