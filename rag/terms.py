"""The words of a question that carry meaning, how rare each is, and which of them a text holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.dates import days
from rag.embed import Embedder, Vectors
from rag.index import Forms, Reader
from rag.languages import question_language
from rag.short_forms import ShortForm, short_forms, term_of
from rag.words import content_words, forms, is_spelt, wholes, words

_MOST_WORDS = 64  # of a long question
_MOST_LANGUAGES = 8  # of the documents, by whose stemmers a word is looked for
_LONGEST_FORM = 10  # words of what a short form is short for
_EXPLAINING = 3  # passages that are asked what it is short for
_CORRECTED = 0.8  # what a word is worth that stands nowhere and was taken for another


@dataclass(frozen=True)
class Terms:
    """The words of a question.

    ``forms`` are the terms each may stand as in the documents, ``weights`` is how rare each is. ``language`` is the
    question's, ``languages`` are that and the documents'. ``spelt_out`` is what stands for a short form, by its place
    among the words. ``also`` are terms that are searched for beside them, whole dates and the words of long forms.
    """

    words: Sequence[str]
    forms: Sequence[Forms]
    weights: Vectors
    language: str
    languages: tuple[str, ...]
    spelt_out: Mapping[int, Set[str]] = field(default_factory=dict)
    also: Sequence[Forms] = ()

    def held(self, text: str) -> NDArray[np.bool_]:
        """Return of each word whether a text holds it, in one of its forms, shape ``(words,)``."""
        said = set(content_words(text, self.language))
        there = {form for word in said for form in forms(word, self.languages)}
        held = np.array([not there.isdisjoint(its_forms) for its_forms in self.forms], dtype=np.bool_)
        held[[row for row, long in self.spelt_out.items() if long <= said]] = True
        return held

    def share(self, held: NDArray[np.bool_]) -> float:
        """Return the share (0–1) of the question's words, by rarity, that are ``held``, shape ``(words,)``."""
        return float(held @ self.weights) / (float(self.weights.sum()) or 1.0)


class _Asked(NamedTuple):
    """A word of a question, the terms it may stand as, and in how many passages it stands."""

    word: str
    forms: Forms
    passages: int


def query_terms(query: str, reader: Reader, embedder: Embedder, explained: Sequence[ShortForm] = ()) -> Terms:
    """Return the terms of a question, each weighed by its inverse document frequency over the passages.

    The form of the weight is BM25's (Robertson & Zaragoza 2009), kept positive. A word that stands in no passage
    is taken for the one it may be a slip of; of a joined word, the whole counts only where it stands somewhere.
    A date counts by its day and month, and its year, where documents hold it. A short form stands for its long form,
    as it is ``explained``, and the other way.
    """
    held = list(reader.languages())
    language = question_language(query, held)
    languages = tuple(dict.fromkeys((language, *held[:_MOST_LANGUAGES])))
    asked = _asked(query, explained, language, languages, reader)
    there = {one.word for one in asked if one.passages}
    wholes_asked = wholes(query)
    dates, instead_of = _dates(query, there)
    dropped = instead_of | (wholes_asked - there if there else set())
    left = [one for one in asked if one.word not in dropped]
    found = [one if one.passages else _corrected(one, reader, embedder) for one in left]
    words_found = [one.word for one in found]
    long_of = {words(one.short)[-1]: frozenset(content_words(one.long, language)) for one in explained}
    spelt = {row: long_of[word] for row, word in enumerate(words_found) if word in long_of}
    rarities = [math.log(1 + (len(reader) - one.passages + 0.5) / (one.passages + 0.5)) for one in found]
    worth = [1.0 if one is before else _CORRECTED for one, before in zip(found, left, strict=True)]
    return Terms(
        words=words_found,
        forms=[one.forms for one in found],
        weights=np.array(worth, dtype=np.float32) * np.array(rarities, dtype=np.float32),
        language=language,
        languages=languages,
        spelt_out=spelt,
        also=[(date,) for date in dates] + [forms(word, languages) for long in spelt.values() for word in sorted(long)],
    )


def _asked(
    query: str, explained: Iterable[ShortForm], language: str, languages: tuple[str, ...], reader: Reader
) -> list[_Asked]:
    """Return the words of a question that carry meaning, with their forms; of those with the same forms, the first.

    The words of a long form in it may stand as the short one.
    """
    shorts = {
        word: forms(words(one.short)[-1], languages)
        for one in explained
        if one.is_long_in(query)
        for word in content_words(one.long, language)
    }
    chosen = content_words(query, language)[:_MOST_WORDS]
    by_forms = {forms(word, languages): word for word in reversed(chosen)}
    found = [(word, its_forms + shorts.get(word, ())) for its_forms, word in reversed(by_forms.items())]
    counts = reader.frequencies([its_forms for _, its_forms in found])
    return [_Asked(word, its_forms, count) for (word, its_forms), count in zip(found, counts, strict=True)]


def short_forms_in(question: str, reader: Reader) -> list[ShortForm]:
    """Return the short forms that a question uses, or whose long forms it does, as the documents explain them."""
    said = words(question)[:_MOST_WORDS]
    lengths = range(1, _LONGEST_FORM + 1)
    asked = sorted({term_of(said[start : start + length]) for start in range(len(said)) for length in lengths})
    counts = reader.frequencies([(term,) for term in asked])
    found: dict[str, ShortForm] = {}
    for term in (term for term, count in zip(asked, counts, strict=True) if count):
        for passage in reader.passages(list(reader.lexical([(term,)], _EXPLAINING))):
            for one in short_forms(passage.chunk.text):
                if term in (term_of(words(one.short)), term_of(words(one.long))):
                    found.setdefault(one.short.lower(), one)
    return list(found.values())


def _dates(query: str, there: Set[str]) -> tuple[list[str], set[str]]:
    """Return the whole dates of a question, and the words that a day and month stand in the place of."""
    whole: list[str] = []
    instead_of: set[str] = set()
    for day in days(query):
        held = [term for term in day.terms if term in there and term.startswith(".")]
        kept = [term for term in held if not term.endswith(".")] or held[:1]
        if kept:
            instead_of |= {*words(day.text), *day.terms} - {str(day.year), *kept}
            whole += [term for term in day.terms if term in there and not term.startswith(".")]
    return whole, instead_of


def _corrected(asked: _Asked, reader: Reader, embedder: Embedder) -> _Asked:
    """Return a word that stands nowhere with the form of the one it may be a slip of, and how often that stands.

    One slip is thought possible in four letters, two in eight; in numbers, and in words that are known, none.
    """
    word, term = asked.word, asked.forms[0]
    most = 0 if len(term) < 4 or not is_spelt(word) or embedder.knows(word) else 1 if len(term) < 8 else 2
    nearest = reader.nearest_term(term, most) if most else None
    return _Asked(word, (nearest,), reader.frequencies([(nearest,)])[0]) if nearest else asked
