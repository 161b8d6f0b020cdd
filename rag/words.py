"""Words of a text and which of them carry meaning; knows English function words and nothing else."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import Stemmer

WORD = re.compile(r"\w+(?:[.,'’]\w+)*")

# English function words (closed classes) and the verbs that only frame a question. "may" and "us" are left
# out: in lower case they may be a month and a country.
STOP_WORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further had has
    have having he her here hers herself him himself his how i if in into is it its itself just me more
    most much many my myself no nor not now of off on once only or other our ours out over own same she
    should so some such than that the their theirs them themselves then there these they this those
    through to too under until up upon very was we were what when where which while who whom whose why
    will with would you your yours might must shall per via within without yet however although though
    s t d ll m re ve tell say says said please describe explain""".split()
)


def words(text: str) -> list[str]:
    """Return the words of ``text`` in lower case, in order; ``2.6``, ``U.S`` and ``don't`` are one word each."""
    return [match.group().lower() for match in WORD.finditer(text)]


def content_words(text: str) -> list[str]:
    """Return the distinct words that carry meaning, in order; all distinct words where none does."""
    distinct = list(dict.fromkeys(words(text)))
    return [word for word in distinct if word not in STOP_WORDS] or distinct


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of an English word (Snowball), so that "companies" and "company" are one."""
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)
