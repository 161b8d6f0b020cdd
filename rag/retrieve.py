"""Question → the passages that speak to it: dense and lexical candidates, fused, then read more closely.

Three looks, each finer than the one before. The two searches each name their best candidates; every
candidate then gets both scores, so none is unknown on one side; last, the best few are ranked by their
best single sentence, since a passage answers by one of its sentences, not by its average.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from rag.embed import Embedder, Vectors
from rag.errors import UsageError
from rag.index import Forms, Passage, Reader
from rag.languages import question_language, speaks
from rag.types import SearchResult, SentenceScore
from rag.words import content_words, forms, is_spelt, wholes

# Chosen by hand on 500 questions of SQuAD 2.0 over 108 articles.
_DENSE, _LEXICAL, _SENTENCE = 0.5, 2.0, 2.0

_CANDIDATES = 100  # from each of the two searches
_CLOSER_LOOK = 20  # passages whose sentences are compared
_MOST_WORDS = 64  # of a long question
_MOST_LANGUAGES = 8  # of the documents, by whose stemmers a word is looked for
# What a cosine is worth in a language that the embedder does not speak; it then sees names and little else.
_UNSPOKEN = 0.25
_CORRECTED = 0.8  # what a word is worth that stands nowhere and was taken for another
_BM25_SATURATION = 2.2  # k1 + 1 in FTS5: what a word's BM25 score tends to, times its rarity


def retrieve(question: str, reader: Reader, embedder: Embedder, k: int) -> list[SearchResult]:
    """Return the ``k`` passages that speak to ``question`` most, best first.

    Raises:
        UsageError: There is nothing in the question to search for.
    """
    query = query_text(question)
    if not len(reader):
        return []
    terms = query_terms(query, reader, embedder)
    vector = embedder.embed_query(query)
    matches = _match(terms, vector, reader, embedder)
    closer = sorted(matches, key=lambda key: (-_fused(*matches[key]), key))[: max(k, _CLOSER_LOOK)]
    passages = reader.passages(closer)
    overlaps = iter(terms.overlaps([text for passage in passages for text in _texts(passage)], embedder))
    trust = _trust(terms, [passage.language for passage in passages], embedder)
    found = zip(closer, passages, reader.sentence_vectors(closer), trust, strict=True)
    results = [
        _result(passage, *matches[key], list(islice(overlaps, len(passage.sentences) + 1)), vectors @ vector * trusted)
        for key, passage, vectors, trusted in found
    ]
    return sorted(results, key=lambda result: (-result.score, result.chunk.id))[:k]


def query_text(question: str) -> str:
    """Return the question in one line; raises UsageError where it is empty."""
    # A lone surrogate, which no encoding holds, becomes a question mark.
    query = " ".join(question.encode("utf-8", "replace").decode("utf-8").split())
    if not query:
        raise UsageError("the question is empty: ask something")
    return query


@dataclass(frozen=True)
class Terms:
    """The words of a question that carry meaning, with what is needed to find them, or words like them.

    ``forms`` are the terms each may stand as in the documents, ``weights`` is how rare each is, ``vectors`` a
    unit row for each, or a row of zeros where words like it cannot be told. ``language`` is the question's,
    ``languages`` are that and the documents'.
    """

    words: Sequence[str]
    forms: Sequence[Forms]
    weights: Vectors
    vectors: Vectors
    language: str
    languages: Sequence[str]

    def overlaps(self, texts: Sequence[str], embedder: Embedder) -> list[float]:
        """Return for each text the share (0–1), by rarity, of the question's words that stand in it.

        A word that is not there counts by its likeness to the most alike that is: "firm" is half a
        "company". A common form is the same word.
        """
        text_words = [content_words(text, self.language) for text in texts]
        vocabulary = sorted({word for some in text_words for word in some})
        if not vocabulary:
            return [0.0] * len(texts)
        column = {word: at for at, word in enumerate(vocabulary)}
        alike = np.maximum(self.vectors @ embedder.word_vectors(vocabulary).T, 0.0)
        row_of = {form: row for row, its_forms in enumerate(self.forms) for form in its_forms}
        for word, at in column.items():
            for form in forms(word, self.languages):
                if form in row_of:
                    alike[row_of[form], at] = 1.0
        total = float(self.weights.sum()) or 1.0
        return [
            float(self.weights @ alike[:, [column[word] for word in some]].max(axis=1)) / total if some else 0.0
            for some in text_words
        ]


def query_terms(query: str, reader: Reader, embedder: Embedder) -> Terms:
    """Return the terms of a question, each weighed by its inverse document frequency over the passages.

    The form of the weight is BM25's (Robertson & Zaragoza 2009), kept positive. A word that stands nowhere
    is taken for the one it may be a slip of; of a joined word, the whole counts only where it stands somewhere.
    """
    held = list(reader.languages())
    language = question_language(query, held)
    languages = list(dict.fromkeys((language, *held[:_MOST_LANGUAGES])))
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


def _match(terms: Terms, vector: Vectors, reader: Reader, embedder: Embedder) -> dict[int, tuple[float, float]]:
    """Return the candidates of both searches, each with its cosine and its share of the best possible BM25 score."""
    lexical = reader.lexical(terms.forms, _CANDIDATES)
    keys = sorted(lexical.keys() | reader.dense(vector, _CANDIDATES).keys())
    lexical |= reader.lexical_of(terms.forms, [key for key in keys if key not in lexical])
    possible = _BM25_SATURATION * float(terms.weights.sum()) or 1.0
    cosines = (reader.vectors(keys) @ vector * _trust(terms, reader.languages_of(keys), embedder)).tolist()
    return {
        key: (cosine, min(1.0, lexical.get(key, 0.0) / possible)) for key, cosine in zip(keys, cosines, strict=True)
    }


def _trust(terms: Terms, languages: Sequence[str], embedder: Embedder) -> Vectors:
    """Return what the cosines of passages in ``languages`` are worth (0–1), shape ``(len(languages),)``."""
    if not speaks(embedder.languages, terms.language):
        return np.full(len(languages), _UNSPOKEN, dtype=np.float32)
    spoken = [speaks(embedder.languages, language) for language in languages]
    return np.where(spoken, 1.0, _UNSPOKEN).astype(np.float32)


def _fused(dense: float, lexical: float) -> float:
    return _DENSE * dense + _LEXICAL * lexical


def _texts(passage: Passage) -> list[str]:
    """Return what the question's words are looked for in: each sentence, and all with the headings over it."""
    chunk = passage.chunk
    sentences = [chunk.text[start:end] for start, end in passage.sentences]
    return [*sentences, "\n".join((passage.title, *chunk.headings, chunk.text))]


def _result(
    passage: Passage, dense: float, lexical: float, overlaps: Sequence[float], cosines: Vectors
) -> SearchResult:
    chunk = passage.chunk
    scores = zip(passage.sentences, cosines.tolist(), overlaps, strict=False)
    sentences = tuple(
        SentenceScore(start=chunk.start + start, end=chunk.start + end, dense=cosine, overlap=overlap)
        for (start, end), cosine, overlap in scores
    )
    best = max((sentence.dense + sentence.overlap for sentence in sentences), default=0.0)
    return SearchResult(
        chunk=chunk,
        source=passage.source,
        title=passage.title,
        sha256=passage.sha256,
        page_kind=passage.page_kind,
        score=(_fused(dense, lexical) + _SENTENCE * best) / (_DENSE + _LEXICAL + 2 * _SENTENCE),
        dense=dense,
        lexical=lexical,
        overlap=overlaps[-1],
        sentences=sentences,
        language=passage.language,
    )
