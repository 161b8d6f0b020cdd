"""The quotations of a sentence, and whether each stands in a source as one run of words."""

from __future__ import annotations

import re
from functools import lru_cache

_QUOTED = re.compile(
    r"“(?P<a>[^“”]+)”|„(?P<b>[^„“”]+)[“”]|\"(?P<c>[^\"]+)\"|«\s?(?P<d>[^«»]+?)\s?»|「(?P<e>[^「」]+)」"
    r"|(?<!\w)‘(?P<f>[^‘’]+(?:’\w[^‘’]*)*)’(?!\w)|(?<!\w)'(?P<g>[^']{2,}(?:'\w[^']*)*)'(?!\w)|``(?P<h>[^`']+)''"
)
_MARKS = re.compile(r"[“”„\"«»‘’'`「」*_]")
_DASHES = re.compile(r"\s*(?:[‐‑‒–—-]|--)\s*")
_LATIN = "[0-9a-z\u00df-\u024f]"  # the letters of scripts that set words apart
_AT_THE_END = " .,;:!?…"


def quotations(sentence: str) -> tuple[str, ...]:
    """Return what stands between quotation marks in a sentence, in order."""
    return tuple(next(said for said in match.groups() if said) for match in _QUOTED.finditer(sentence))


def stands(quotation: str, text: str) -> bool:
    """Whether a quotation stands in ``text`` as one run.

    White space, the style of marks, the case of letters and stops at its end are not looked at.
    """
    said = _plain(quotation).strip(_AT_THE_END)
    return not said or re.search(rf"(?<!{_LATIN}){re.escape(said)}(?!{_LATIN})", _plain(text)) is not None


@lru_cache(maxsize=5_000)
def _plain(text: str) -> str:
    return " ".join(_DASHES.sub("-", _MARKS.sub("", text)).split()).casefold()
