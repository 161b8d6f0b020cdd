"""The words of a question that carry meaning, how rare each is, and how well a text holds them.

A word that a text does not hold counts by its likeness to the most alike that it does: "firm" is half a
"company". The likeness is that of the model's own word vectors, so it costs a look-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embed import Embedder, Vectors
from rag.index import Forms, Reader
from rag.languages import question_language, speaks
from rag.words import content_words, forms, is_spelt, wholes

_MOST_WORDS = 64  # of a long question
_MOST_LANGUAGES = 8  # of the documents, by whose stemmers a word is looked for
_CORRECTED = 0.8  # what a word is worth that stands nowhere and was taken for another


@dataclass(frozen=True)
class Terms:
    """The words of a question.

    ``forms`` are the terms each may stand as in the documents, ``weights`` is how rare each is, ``vectors`` a
    unit row for each, or a row of zeros where words like it cannot be told. ``language`` is the question's,
    ``languages`` are that and the documents'.
    """

    words: Sequence[str]
    forms: Sequence[Forms]
    weights: Vectors
    vectors: Vectors
    language: str
    languages: tuple[str, ...]

    def matches(self, texts: Sequence[str], embedder: Embedder) -> Vectors:
        """Return how well each text holds each word (0–1), shape ``(texts, words)``; a common form is the same word."""
        text_words = [content_words(text, self.language) for text in texts]
        vocabulary = sorted({word for some in text_words for word in some})
        matches = np.zeros((len(texts), len(self.words)), dtype=np.float32)
        if not vocabulary:
            return matches
        column = {word: at for at, word in enumerate(vocabulary)}
        alike = np.maximum(self.vectors @ embedder.word_vectors(vocabulary).T, 0.0)
        row_of = {form: row for row, its_forms in enumerate(self.forms) for form in its_forms}
        for word, at in column.items():
            for form in forms(word, self.languages):
                if form in row_of:
                    alike[row_of[form], at] = 1.0
        filled = [at for at, some in enumerate(text_words) if some]
        columns = [column[word] for some in text_words for word in some]
        starts = np.cumsum([0] + [len(text_words[at]) for at in filled[:-1]])
        matches[filled] = np.maximum.reduceat(alike[:, columns], starts, axis=1).T
        return matches

    def held(self, text: str) -> NDArray[np.bool_]:
        """Return of each word whether a text holds it, in one of its forms, shape ``(words,)``."""
        there = {form for word in content_words(text, self.language) for form in forms(word, self.languages)}
        return np.array([not there.isdisjoint(its_forms) for its_forms in self.forms], dtype=np.bool_)

    def share(self, matches: Vectors | NDArray[np.bool_]) -> Vectors:
        """Return the share (0–1) of the question, by rarity, that each row of ``matches`` holds."""
        shares: Vectors = matches @ (self.weights / (float(self.weights.sum()) or 1.0))
        return shares


def query_terms(query: str, reader: Reader, embedder: Embedder) -> Terms:
    """Return the terms of a question, each weighed by its inverse document frequency over the passages.

    The form of the weight is BM25's (Robertson & Zaragoza 2009), kept positive. A word that stands nowhere
    is taken for the one it may be a slip of; of a joined word, the whole counts only where it stands somewhere.
    """
    held = list(reader.languages())
    language = question_language(query, held)
    languages = tuple(dict.fromkeys((language, *held[:_MOST_LANGUAGES])))
    chosen = content_words(query, language)[:_MOST_WORDS]
    by_forms = {forms(word, languages): word for word in reversed(chosen)}  # of words with the same forms, the first
    asked = [(word, its_forms) for its_forms, word in reversed(by_forms.items())]
    counts = reader.frequencies([its_forms for _, its_forms in asked])
    optional = wholes(query) if any(counts) else set()
    found = [
        (word, its_forms, count) if count else _corrected(word, its_forms, reader, embedder)
        for (word, its_forms), count in zip(asked, counts, strict=True)
        if count or word not in optional
    ]
    total = len(reader)
    weights = np.array([math.log(1 + (total - count + 0.5) / (count + 0.5)) for _, _, count in found], dtype=np.float32)
    corrected = np.array([bool(count) and its_forms not in by_forms for _, its_forms, count in found], dtype=bool)
    vectors = embedder.word_vectors([word for word, _, _ in found])
    return Terms(
        words=[word for word, _, _ in found],
        forms=[its_forms for _, its_forms, _ in found],
        weights=np.where(corrected, _CORRECTED, 1.0).astype(np.float32) * weights,
        vectors=vectors if speaks(embedder.languages, language) else np.zeros_like(vectors),
        language=language,
        languages=languages,
    )


def _corrected(word: str, its_forms: Forms, reader: Reader, embedder: Embedder) -> tuple[str, Forms, int]:
    """Return a word that stands nowhere with the form of the one it may be a slip of, and how often that stands.

    One slip is thought possible in four letters, two in eight; in numbers, and in words that are known, none.
    """
    term = its_forms[0]
    most = 0 if len(term) < 4 or not is_spelt(word) or embedder.knows(word) else 1 if len(term) < 8 else 2
    nearest = reader.nearest_term(term, most) if most else None
    return (word, (nearest,), reader.frequencies([(nearest,)])[0]) if nearest else (word, its_forms, 0)
