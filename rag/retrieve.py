"""Question → the passages that speak to it: dense and lexical candidates, read more closely.

Two looks, the second finer. The two searches each name their best candidates; every candidate then gets both
scores, so none is unknown on one side. The best of them are ranked by all that is known of them and of their
sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from rag.embed import Embedder, Vectors
from rag.index import Passage, Reader
from rag.languages import speaks
from rag.query import Query
from rag.rank import Candidate, holds_rarest, overlaps, passage_overlap, passage_score, sentence_scores
from rag.types import SearchResult, SentenceScore
from rag.weights import probability

_DENSE, _LEXICAL = 0.5, 2.0  # for the choice of candidates; chosen by hand on SQuAD 2.0
_CANDIDATES = 100  # from each of the two searches
_CLOSER_LOOK = 40  # passages that are ranked by all that is known of them
_CLOSER_LOOK_STATED = 80  # of a statement, which has more words, and none that says what is sought
# What a cosine is worth in a language that the embedder does not speak; it then sees names and little else.
_UNSPOKEN = 0.25
_GAP = 4  # characters of white space between two passages that follow each other
_BM25_SATURATION = 2.2  # k1 + 1 in FTS5: what a word's BM25 score tends to, times its rarity


class _Match(NamedTuple):
    """How a passage matches: its cosine, times ``trust`` in it (0–1), and its share of the best possible BM25 score."""

    dense: float
    lexical: float
    trust: float

    @property
    def fused(self) -> float:
        """Both in one, for the choice of candidates."""
        return _DENSE * self.dense + _LEXICAL * self.lexical


def retrieve(query: Query, reader: Reader, embedder: Embedder, k: int) -> list[SearchResult]:
    """Return up to ``k`` passages that speak to ``query`` most, best first."""
    if not len(reader):
        return []
    closer = _CLOSER_LOOK if query.asks else _CLOSER_LOOK_STATED
    candidates = find_candidates(query, reader, embedder, max(closer, k))
    scored = sorted(
        ((passage_score(query, candidate), candidate) for candidate in candidates),
        key=lambda pair: (-pair[0], pair[1].passage.chunk.id),
    )
    return [_result(query, candidate, score) for score, candidate in scored[:k]]


def _result(query: Query, candidate: Candidate, score: float) -> SearchResult:
    passage = candidate.passage
    return SearchResult(
        chunk=passage.chunk,
        source=passage.source,
        title=passage.title,
        sha256=passage.sha256,
        page_kind=passage.page_kind,
        score=probability(score),
        dense=candidate.dense,
        lexical=candidate.lexical,
        overlap=passage_overlap(query, candidate),
        sentences=tuple(_sentences(query, candidate, score)),
        rarest=holds_rarest(query, candidate),
        language=passage.language,
        by_words=candidate.by_words,
    )


def _sentences(query: Query, candidate: Candidate, score: float) -> Iterator[SentenceScore]:
    """Yield the sentences of a passage, each with the log-odds that it is the answer."""
    start = candidate.passage.chunk.start
    scores = zip(
        candidate.passage.sentences,
        candidate.cosines.tolist(),
        overlaps(query, candidate).tolist(),
        sentence_scores(query, candidate, score),
        strict=True,
    )
    for (first, last), dense, overlap, likely in scores:
        yield SentenceScore(start=start + first, end=start + last, dense=dense, overlap=overlap, score=likely)


def find_candidates(query: Query, reader: Reader, embedder: Embedder, most: int) -> list[Candidate]:
    """Return the ``most`` passages that are likeliest at first sight, with all that is known of each."""
    matches = _match(query, reader, embedder)
    keys = sorted(matches, key=lambda key: (-matches[key].fused, key))[:most]
    if not keys:
        return []
    passages = reader.passages(keys)
    documents = [passage.chunk.document_id for passage in passages]
    centroids = reader.centroids(sorted(set(documents)))
    counts = Counter(documents)
    found = [matches[key] for key in keys]
    beside = _beside(passages, found)
    rows = query.terms.matches([text for passage in passages for text in _texts(passage)], embedder)
    by_passage = np.split(rows, np.cumsum([1 + len(passage.sentences) for passage in passages])[:-1])
    return [
        Candidate(
            passage=passage,
            dense=match.dense,
            lexical=match.lexical,
            document_dense=match.trust * float(centroids[passage.chunk.document_id] @ query.vector),
            document_share=(counts[passage.chunk.document_id] - 1) / len(keys),
            next_dense=next_dense,
            next_lexical=next_lexical,
            cosines=match.trust * (vectors @ query.vector),
            context=held[0],
            matches=held[1:],
            by_words=match.trust < 1,
        )
        for match, passage, vectors, held, (next_dense, next_lexical) in zip(
            found, passages, reader.sentence_vectors(keys), by_passage, beside, strict=True
        )
    ]


def _match(query: Query, reader: Reader, embedder: Embedder) -> dict[int, _Match]:
    """Return the candidates of both searches, each with how it matches by both."""
    words = [*query.terms.forms, *query.terms.also]
    lexical = reader.lexical(words, _CANDIDATES)
    keys = sorted(lexical.keys() | reader.dense(query.vector, _CANDIDATES).keys())
    lexical |= reader.lexical_of(words, [key for key in keys if key not in lexical])
    possible = _BM25_SATURATION * float(query.terms.weights.sum()) or 1.0
    trust = _trust(query.terms.language, reader.languages_of(keys), embedder)
    cosines = reader.vectors(keys) @ query.vector * trust
    return {
        key: _Match(cosine, min(1.0, lexical.get(key, 0.0) / possible), trusted)
        for key, cosine, trusted in zip(keys, cosines.tolist(), trust.tolist(), strict=True)
    }


def _trust(asked_in: str, languages: Sequence[str], embedder: Embedder) -> Vectors:
    """Return what the cosines of passages in ``languages`` are worth (0–1), shape ``(len(languages),)``."""
    if not speaks(embedder.languages, asked_in):
        return np.full(len(languages), _UNSPOKEN, dtype=np.float32)
    spoken = [speaks(embedder.languages, language) for language in languages]
    return np.where(spoken, 1.0, _UNSPOKEN).astype(np.float32)


def _texts(passage: Passage) -> list[str]:
    """Return what the question's words are looked for in: title, headings and name of the file, and each sentence."""
    chunk, name = passage.chunk, str(PurePosixPath(passage.source).with_suffix(""))
    return ["\n".join((passage.title, *chunk.headings, name)), *(chunk.text[a:b] for a, b in passage.sentences)]


def _beside(passages: Sequence[Passage], found: Sequence[_Match]) -> list[tuple[float, float]]:
    """Return for each passage the better scores of those right before and after it, where they are among them."""
    best = [(0.0, 0.0)] * len(passages)
    order = sorted(range(len(passages)), key=lambda at: (passages[at].source, passages[at].chunk.start))
    for before, after in pairwise(order):
        if _follows(passages[before], passages[after]):
            for one, other in ((before, after), (after, before)):
                best[one] = (max(best[one][0], found[other].dense), max(best[one][1], found[other].lexical))
    return best


def _follows(one: Passage, other: Passage) -> bool:
    """Whether ``other`` is the passage right after ``one``."""
    return one.source == other.source and 0 <= other.chunk.start - one.chunk.end <= _GAP
