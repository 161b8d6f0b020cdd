"""Ranked passages → what is shown of them: the stretch that speaks to the question.

Passages are cut for finding, not for reading: what answers may be a sentence of one, or run on into the
next. A stretch goes from the first to the last sentence that is anywhere near the best one found in
being likely; stretches that touch become one, as long as no heading stands between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.index import Passage, Reader
from rag.query import Query
from rag.rank import Candidate, overlaps, passage_overlap, sentence_scores
from rag.types import Chunk, SearchResult, SentenceScore
from rag.weights import probability

_FAR_BELOW = 8.5  # log-odds below the best sentence of all: what is less likely is no part of a stretch
_BEST_PASSAGES = 5  # that the best sentence is looked for in
_LONGEST = 2500  # characters of a stretch that was joined
_GAP = 4  # characters of white space between two passages that follow each other


@dataclass(frozen=True)
class Scored:
    """A candidate and the log-odds that it holds the answer."""

    candidate: Candidate
    score: float


@dataclass(frozen=True)
class _Stretch:
    """Neighbouring sentences of one document; the passage is the first that was found of them."""

    found: Scored
    start: int
    end: int
    sentences: tuple[SentenceScore, ...]

    @property
    def passage(self) -> Passage:
        return self.found.candidate.passage

    def joined(self, other: _Stretch) -> _Stretch:
        sentences = sorted(self.sentences + other.sentences, key=lambda sentence: sentence.start)
        return replace(
            self, start=min(self.start, other.start), end=max(self.end, other.end), sentences=tuple(sentences)
        )


def excerpts(query: Query, ranked: Sequence[Scored], k: int, reader: Reader) -> list[SearchResult]:
    """Return up to ``k`` results from passages that are ranked, best first."""
    looked_at = [_sentences(query, found) for found in ranked[:_BEST_PASSAGES]]
    least = max((s.score for sentences in looked_at for s in sentences), default=0.0) - _FAR_BELOW
    stretches: list[_Stretch] = []
    for at, found in enumerate(ranked):
        sentences = looked_at[at] if at < len(looked_at) else _sentences(query, found)
        stretch = _stretch(found, sentences, least)
        touching = next((i for i, other in enumerate(stretches) if _touch(other, stretch)), None)
        if touching is not None:
            stretches[touching] = stretches[touching].joined(stretch)
        elif len(stretches) == k:
            break
        else:
            stretches.append(stretch)
    return [_result(query, stretch, reader) for stretch in stretches]


def follows(one: Passage, other: Passage) -> bool:
    """Whether ``other`` is the passage right after ``one``."""
    return one.source == other.source and 0 <= other.chunk.start - one.chunk.end <= _GAP


def _sentences(query: Query, found: Scored) -> tuple[SentenceScore, ...]:
    candidate, chunk = found.candidate, found.candidate.passage.chunk
    scores = zip(
        candidate.passage.sentences,
        candidate.cosines.tolist(),
        overlaps(query, candidate).tolist(),
        sentence_scores(query, candidate, found.score),
        strict=True,
    )
    return tuple(
        SentenceScore(start=chunk.start + start, end=chunk.start + end, dense=dense, overlap=overlap, score=score)
        for (start, end), dense, overlap, score in scores
    )


def _stretch(found: Scored, sentences: Sequence[SentenceScore], least: float) -> _Stretch:
    """Return the sentences of a passage from the first likely one to the last; its likeliest where none is."""
    chunk = found.candidate.passage.chunk
    if not sentences:
        return _Stretch(found, chunk.start, chunk.end, ())
    least = min(least, max(sentence.score for sentence in sentences))
    likely = [at for at, sentence in enumerate(sentences) if sentence.score >= least]
    kept = tuple(sentences[likely[0] : likely[-1] + 1])
    return _Stretch(found, kept[0].start, kept[-1].end, kept)


def _touch(one: _Stretch, other: _Stretch) -> bool:
    before, after = sorted((one, other), key=lambda stretch: stretch.start)
    return (
        one.passage.source == other.passage.source
        and one.passage.chunk.headings == other.passage.chunk.headings
        and 0 <= after.start - before.end <= _GAP
        and after.end - before.start <= _LONGEST
    )


def _result(query: Query, stretch: _Stretch, reader: Reader) -> SearchResult:
    candidate, passage = stretch.found.candidate, stretch.passage
    return SearchResult(
        chunk=_chunk(stretch, reader),
        source=passage.source,
        title=passage.title,
        sha256=passage.sha256,
        page_kind=passage.page_kind,
        score=probability(stretch.found.score),
        dense=candidate.dense,
        lexical=candidate.lexical,
        overlap=passage_overlap(query, candidate),
        sentences=stretch.sentences,
        language=passage.language,
        by_words=candidate.by_words,
    )


def _chunk(stretch: _Stretch, reader: Reader) -> Chunk:
    """Return the text of a stretch, as a chunk of its own."""
    whole = stretch.passage.chunk
    start, end = stretch.start, stretch.end
    if (start, end) == (whole.start, whole.end):
        return whole
    within = whole.start <= start and end <= whole.end
    return Chunk(
        id=f"{whole.document_id}:{start}",
        document_id=whole.document_id,
        text=whole.text[start - whole.start : end - whole.start]
        if within
        else reader.text(whole.document_id, start, end),
        start=start,
        end=end,
        page=reader.page_at(whole.document_id, start),
        headings=whole.headings,
    )
