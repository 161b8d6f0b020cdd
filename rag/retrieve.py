"""Question → the passages that speak to it, with how likely each of their sentences answers.

Three looks, each finer. The two searches each name their best candidates; every candidate then gets both scores, so
none is unknown on one side. The sentences of the best forty are weighed by words and cosines. Up to eight of these
are read (``rag.read``), and what the reader says is weighed beside the scores (``rag.decision``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from rag.decision import Candidate, sentence_log_odds, sure_words
from rag.embed import Embedder, Embedding, Vectors
from rag.index import Passage, Reader
from rag.index.documents import Documents
from rag.index.statistics import SATURATION
from rag.languages import speaks
from rag.query import Query
from rag.read import PassageReader, Reading
from rag.read.candidates import candidate_of
from rag.types import SearchResult, SentenceScore
from rag.weights import probability

_CANDIDATES = 100  # from each of the two searches
# How many of the candidates are looked at sentence by sentence, and how many of these are read. Of the questions of the
# developing half of the development set, 40 hold the evidence of 98 %, the best 8 of 90 %.
_LOOKED_AT, READ = 40, 8
# They are read by so many, until a passage answers with so high a probability that what is left would change nothing:
# on the development set, nothing is lost by 4 and .4; by 2, or .25, some is.
_READ_AT_ONCE, _FOUND = 4, 0.4
# Of the candidates without a vector yet, those that match best by words are embedded for the question: as many as are
# read, and half as many again, in about half a second.
_EMBEDDED_NOW = 12
# What a cosine is worth in a language that the embedder does not speak; it then sees names and little else.
_UNSPOKEN = 0.25


class _Match(NamedTuple):
    """How a passage matches: its cosine, times ``trust`` in it (0–1), and its share of the best possible BM25 score."""

    dense: float
    lexical: float
    trust: float


def retrieve(
    query: Query,
    reader: Reader,
    embedder: Embedder,
    passage_reader: PassageReader | None,
    documents: Documents,
    k: int,
) -> list[SearchResult]:
    """Return up to ``k`` passages that speak to ``query`` most, best first.

    Those that are not read keep the order of the search. Without a reader, and in languages that it does not read,
    which sentence answers is told by words and cosines.
    """
    candidates = find_candidates(query, reader, embedder, k)[: max(READ, k)]
    results: list[SearchResult] = []
    while len(results) < READ and not _is_found(query, results):
        some = candidates[len(results) : len(results) + _READ_AT_ONCE]
        if not some:
            break
        readings = read_candidates(query, some, passage_reader, documents)
        results += [_result(one, readings.get(at)) for at, one in enumerate(some)]
    unread = [_result(one, None) for one in candidates[len(results) :]]
    return _in_order(sorted(results, key=lambda result: -result.score) + unread)[:k]


def _is_found(query: Query, results: Sequence[SearchResult]) -> bool:
    """Whether what was read answers so surely that what is left to read would change nothing."""
    best = max((result.score for result in results), default=0.0)
    return best >= _FOUND and not query.asks_of_several


def _in_order(results: Sequence[SearchResult]) -> list[SearchResult]:
    """Return the results, each scored no higher than the one before it."""
    least = accumulate((result.score for result in results), min)
    return [result.model_copy(update={"score": score}) for result, score in zip(results, least, strict=True)]


def read_candidates(
    query: Query, candidates: Sequence[Candidate], passage_reader: PassageReader | None, documents: Documents
) -> dict[int, Reading]:
    """Return what the reader makes of those candidates, by their places, that it can read."""
    if passage_reader is None:
        return {}
    spoken = passage_reader.languages
    asked = speaks(spoken, query.terms.language)
    readable = [at for at, one in enumerate(candidates) if asked and speaks(spoken, one.passage.language)]
    passages = [candidates[at].passage for at in readable]
    documents.read(one.source for one in passages)
    read = passage_reader.read(query.text, [candidate_of(documents(one.source), one) for one in passages])
    return dict(zip(readable, read, strict=True))


def _result(candidate: Candidate, reading: Reading | None) -> SearchResult:
    passage = candidate.passage
    log_odds = sentence_log_odds(candidate, reading)
    sentences = tuple(
        SentenceScore(
            start=passage.chunk.start + start,
            end=passage.chunk.start + end,
            dense=float(candidate.cosines[at]),
            score=log_odds[at],
            read=reading.log_odds[at] if reading is not None else None,
            words=sure_words(reading.words[at], reading.log_odds[at]) if reading is not None else None,
        )
        for at, (start, end) in enumerate(passage.sentences)
    )
    return SearchResult(
        chunk=passage.chunk,
        source=passage.source,
        title=passage.title,
        sha256=passage.sha256,
        page_kind=passage.page_kind,
        score=probability(max(log_odds, default=-math.inf)),
        dense=candidate.dense,
        lexical=candidate.lexical,
        sentences=sentences,
        language=passage.language,
        by_words=candidate.by_words,
    )


def find_candidates(query: Query, reader: Reader, embedder: Embedder, least: int = 0) -> list[Candidate]:
    """Return the likeliest passages, at ``least`` so many where there are, in the order of their best sentences."""
    if not len(reader):
        return []
    matches, made = _match(query, reader, embedder)
    best = sorted(matches, key=lambda key: (-matches[key].dense - matches[key].lexical, key))
    keys = best[: max(_LOOKED_AT, least)]
    candidates = [
        Candidate(
            passage=passage,
            dense=matches[key].dense,
            lexical=matches[key].lexical,
            cosines=matches[key].trust * ((made[key].sentences if key in made else vectors) @ query.vector),
            overlaps=[query.terms.share(query.terms.held(text)) for text in texts],
            exact=[query.exact(text) for text in texts],
            by_words=matches[key].trust < 1,
        )
        for key, passage, vectors in zip(keys, reader.passages(keys), reader.sentence_vectors(keys), strict=True)
        for texts in [_texts(passage)]
    ]
    return sorted(candidates, key=_by_best_sentence)


def _by_best_sentence(candidate: Candidate) -> tuple[float, str, int]:
    """Return what candidates are ordered by before they are read: the same in any index, whatever its rounding."""
    best = max(sentence_log_odds(candidate, None), default=-math.inf)
    return -round(best, 4), candidate.passage.source, candidate.passage.chunk.start


def _match(query: Query, reader: Reader, embedder: Embedder) -> tuple[dict[int, _Match], Mapping[int, Embedding]]:
    """Return the candidates of both searches, each with how it matches by both; and what was embedded for that."""
    words = [*query.terms.forms, *query.terms.also]
    lexical = reader.lexical(words, _CANDIDATES)
    keys = sorted(lexical.keys() | reader.dense(query.passage_vector, _CANDIDATES).keys())
    lexical |= reader.lexical_of(words, [key for key in keys if key not in lexical])
    possible = SATURATION * float(query.terms.weights.sum()) or 1.0
    trust = _trust(query.terms.language, reader.languages_of(keys), embedder)
    made = _embedded_now(lexical, reader, embedder)
    vectors = reader.vectors(keys)
    for at, key in enumerate(keys):
        if key in made:
            vectors[at] = made[key].passage
    cosines = vectors @ query.passage_vector * trust
    matches = {
        key: _Match(cosine, min(1.0, lexical.get(key, 0.0) / possible), trusted)
        for key, cosine, trusted in zip(keys, cosines.tolist(), trust.tolist(), strict=True)
    }
    return matches, made


def _embedded_now(lexical: Mapping[int, float], reader: Reader, embedder: Embedder) -> Mapping[int, Embedding]:
    """Return the vectors of the best of those candidates that have none yet."""
    if reader.embedded() == 1:
        return {}
    texts = reader.unembedded(list(lexical))
    keys = sorted(texts, key=lambda key: (-lexical[key], key))[:_EMBEDDED_NOW]
    made = embedder.embed([texts[key].text for key in keys], [texts[key].sentences for key in keys])
    return dict(zip(keys, made, strict=True))


def _trust(asked_in: str, languages: Sequence[str], embedder: Embedder) -> Vectors:
    """Return what the cosines of passages in ``languages`` are worth (0–1), shape ``(len(languages),)``."""
    if not speaks(embedder.languages, asked_in):
        return np.full(len(languages), _UNSPOKEN, dtype=np.float32)
    spoken = [speaks(embedder.languages, language) for language in languages]
    return np.where(spoken, 1.0, _UNSPOKEN).astype(np.float32)


def _texts(passage: Passage) -> list[str]:
    """Return each sentence of a passage after what stands above it: title, headings and the document's name."""
    chunk, name = passage.chunk, str(PurePosixPath(passage.source).with_suffix(""))
    above = "\n".join((passage.title, *chunk.headings, name))
    return [f"{above}\n{chunk.text[start:end]}" for start, end in passage.sentences]
