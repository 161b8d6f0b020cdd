"""The answer without a model: one to three excerpts of the documents, each around the sentence that answers best.

Nothing can be made up, so what is left to do well is choosing. The likeliest sentence leads; others follow where they
are nearly as likely, or hold what the question asks for beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import PurePosixPath

from rag.answer import Draft, DraftSentence, OnSentences, Quote
from rag.answer.orders import is_order
from rag.dates import document_date
from rag.excerpt import excerpt_span
from rag.query import CAPITAL_NOUNS, Query, names
from rag.sentences import Span
from rag.types import Block, FindDocument, SearchResult, Value
from rag.words import content_stems, words

# Characters of the first excerpt and of each other. Chosen on the developing half of the development set, by the curve
# in tests/benchmarks/README.md: up to here each further hundred shows the evidence of 2 to 4 % more, beyond of 1 %.
FIRST_EXCERPT, OTHER_EXCERPT = 700, 450
_MOST_EXCERPTS = 3
# Log-odds below the best sentence, down to which another is shown: chosen on the same questions.
_NEARLY_AS_GOOD = 3.0
# What it is worth, in log-odds, that an excerpt holds all of the question that the ones before it do not. Chosen by
# hand: between 0 and 10 it changes what is shown of two of those questions at most.
_HOLDS_THE_REST = 6.0
_CONTEXT_MARGIN = 1.5  # log-odds that a field must have over all that is no context; chosen by hand
_LOOKED_AT = 40  # sentences, the likeliest; chosen by hand
_SAME_SAYING = 0.6  # share of the longer sentence's words; chosen by hand
_ALWAYS = 100.0  # log-odds that outweigh any others
_BESIDE_THE_NAME = 2  # words of a title that is a name: "Anna Berg (Oslo)"; chosen by hand


class _Candidate(Value):
    """A sentence that may be the key sentence of an excerpt, and the passage it stands in."""

    result: SearchResult
    start: int
    end: int
    score: float
    words: Span | None

    @property
    def source(self) -> str:
        """The document it stands in."""
        return self.result.source

    @property
    def text(self) -> str:
        """Its words, as they stand there."""
        chunk = self.result.chunk
        return chunk.text[self.start - chunk.start : self.end - chunk.start]

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of the words that carry meaning."""
        return frozenset(content_stems(self.text))


class _Chosen(Value):
    """A key sentence, and by document where its excerpt stands: in its own, and in others that hold the same one."""

    key: _Candidate
    places: dict[str, Span]


class ExtractiveAnswerer:
    """Quotes excerpts; needs no language model."""

    def answer(
        self,
        query: Query,
        results: Sequence[SearchResult],
        find_document: FindDocument,
        on_sentences: OnSentences = lambda _: None,
    ) -> Draft:
        """Return the key sentences of the excerpts that answer ``query``, the likeliest first."""
        choice = _Choice(query, results, find_document)
        chosen = choice.excerpts()
        sentences = tuple(map(_draft, chosen))
        on_sentences(sentences)
        return Draft(sentences=sentences, note=choice.note(chosen))


def _draft(chosen: _Chosen) -> DraftSentence:
    key, source = chosen.key, chosen.key.source
    also_in = tuple(other for other in chosen.places if other != source)
    quote = Quote(
        source=source,
        start=key.start,
        end=key.end,
        excerpt=chosen.places[source],
        highlight=key.words,
        also_in=also_in,
    )
    return DraftSentence(text=" ".join(key.text.split()), quotes=(quote,), support="quoted")


class _Choice:
    """The choice of the excerpts that answer one question."""

    def __init__(self, query: Query, results: Sequence[SearchResult], find_document: FindDocument) -> None:
        self._terms = query.terms
        self._compares = query.asks_of_several
        self._find_document = find_document
        self._namesakes = _namesakes(query, results)
        self._candidates = self._ranked(results)

    def excerpts(self) -> list[_Chosen]:
        """Return up to three, the best first; of two that say much the same, the newer document's first."""
        chosen: list[_Chosen] = []
        while len(chosen) < _MOST_EXCERPTS and (found := self._next(chosen)) is not None:
            chosen.append(self._newest(found, chosen))
        for one, other in combinations(range(len(chosen)), 2):
            if self._is_older_version(chosen[one].key, chosen[other].key):
                chosen[one], chosen[other] = chosen[other], chosen[one]
        return chosen

    def note(self, chosen: Sequence[_Chosen]) -> str:
        """Say that what the question names is the name of several things, where the excerpts are about such."""
        several = list(dict.fromkeys(one.key.source for one in chosen if one.key.source in self._namesakes))
        return f"{len(several)} documents are about this name: {', '.join(several)}" if len(several) > 1 else ""

    def _ranked(self, results: Sequence[SearchResult]) -> list[_Candidate]:
        """Return the sentences that may answer, likeliest first; context only where there is nothing else."""
        found = [
            _Candidate(
                result=result, start=sentence.start, end=sentence.end, score=sentence.score, words=sentence.words
            )
            for result in results
            for sentence in result.sentences
            if words(result.text_of(sentence)) and not is_order(result.text_of(sentence))
        ]
        found.sort(key=lambda one: (-one.score, one.source, one.start))
        said = [one for one in found if not any(block.is_context for block in self._blocks(one))][:_LOOKED_AT]
        said = said if self._compares else self._without_lesser_rows(said)
        beside = next((one for one in found if self._is_said_beside(one)), None)
        if beside is not None and (not said or beside.score > said[0].score + _CONTEXT_MARGIN):
            return [beside, *said]
        return said or found[:1]

    def _without_lesser_rows(self, found: Sequence[_Candidate]) -> list[_Candidate]:
        """Return the candidates but for rows beside which another row of the table holds more of the question."""
        held: dict[tuple[str, int], list[frozenset[int]]] = {}
        tables = [self._table(one) for one in found]
        terms = [frozenset(self._terms.held(one.text).nonzero()[0].tolist()) for one in found]
        for table, its_terms in zip(tables, terms, strict=True):
            if table is not None:
                held.setdefault(table, []).append(its_terms)
        return [
            one
            for one, table, its_terms in zip(found, tables, terms, strict=True)
            if table is None or not any(its_terms < other for other in held[table])
        ]

    def _table(self, one: _Candidate) -> tuple[str, int] | None:
        """Return the table that a candidate is a row of."""
        block = self._find_document(one.source).block_at(one.start)
        if block is None or block.kind != "row" or block.group is None:
            return None
        return one.source, block.group

    def _is_said_beside(self, one: _Candidate) -> bool:
        """Whether a candidate is a field or what a mail quotes, and says more than what its document is called."""
        is_beside = all(block.kind in ("field", "quote") for block in self._blocks(one))
        return is_beside and self._find_document(one.source).title not in one.text

    def _blocks(self, one: _Candidate) -> tuple[Block, ...]:
        return self._find_document(one.source).blocks_between(one.start, one.end)

    def _left(self, chosen: Sequence[_Chosen]) -> list[_Candidate]:
        """Return the candidates that stand in none of the excerpts ``chosen``."""
        return [one for one in self._candidates if not any(_is_in(one, other) for other in chosen)]

    def _next(self, chosen: Sequence[_Chosen]) -> _Candidate | None:
        """Return the candidate that is worth most beside the ``chosen``; None where none is nearly as good."""
        left = self._left(chosen)
        if not chosen or not left:
            return left[0] if left else None
        held = self._terms.held("\n".join(self._shown(one) for one in chosen))
        sources = {one.key.source for one in chosen}

        def worth(one: _Candidate) -> float:
            adds = self._terms.share(self._terms.held(f"{one.result.place}\n{one.text}") & ~held)
            is_other = one.source in self._namesakes and one.source not in sources
            return one.score + _HOLDS_THE_REST * adds + _ALWAYS * is_other

        found = max(left, key=worth)
        return found if worth(found) >= self._candidates[0].score - _NEARLY_AS_GOOD else None

    def _shown(self, chosen: _Chosen) -> str:
        """Return what a person reads of an excerpt: its words, under their place."""
        source = chosen.key.source
        return f"{chosen.key.result.place}\n{self._text(source, chosen.places[source])}"

    def _newest(self, found: _Candidate, chosen: Sequence[_Chosen]) -> _Chosen:
        """Return the excerpt around a candidate, from the newest of the documents that hold the same one."""
        others = [one for one in self._left(chosen) if one.stems == found.stems and one.source != found.source]
        most = OTHER_EXCERPT if chosen else FIRST_EXCERPT
        alike = [(one, self._excerpt(one, most, chosen)) for one in (found, *others)]
        said = words(self._text(found.source, alike[0][1]))
        same = [(one, span) for one, span in alike if words(self._text(one.source, span)) == said]
        newest, _ = max(same, key=lambda pair: self._date(pair[0]) or date.min)  # the first of equals
        return _Chosen(key=newest, places={one.source: span for one, span in reversed(same)})

    def _excerpt(self, key: _Candidate, most: int, chosen: Sequence[_Chosen]) -> Span:
        taken = [one.places[key.source] for one in chosen if key.source in one.places]
        document, span = self._find_document(key.source), (key.start, key.end)
        return excerpt_span(document, span, most, taken, compares=self._compares)

    def _text(self, source: str, span: Span) -> str:
        return self._find_document(source).text[slice(*span)]

    def _date(self, key: _Candidate) -> date | None:
        """Return the day its document is from; None where it does not say."""
        return document_date(self._find_document(key.source))

    def _is_older_version(self, one: _Candidate, other: _Candidate) -> bool:
        """Whether two sentences have most of their words in common, and the document of the second is newer."""
        longer = max(len(one.stems), len(other.stems)) or 1
        if one.source == other.source or len(one.stems & other.stems) < _SAME_SAYING * longer:
            return False
        dates = self._date(one), self._date(other)
        return dates[0] is not None and dates[1] is not None and dates[0] < dates[1]


def _is_in(one: _Candidate, chosen: _Chosen) -> bool:
    """Whether a candidate stands in an excerpt, or where another document holds the same."""
    start, end = chosen.places.get(one.source, (0, 0))
    return one.start < end and start < one.end


def _namesakes(query: Query, results: Sequence[SearchResult]) -> list[str]:
    """Return the documents with a title, file name or heading that is what the question names, and little more."""
    named = set() if query.terms.language in CAPITAL_NOUNS else names(query.text)
    if not any(name.isalpha() for name in named):  # a year is no name
        return []

    def is_about(result: SearchResult) -> bool:
        labels = (result.title, PurePosixPath(result.source).stem, *result.chunk.headings)
        stems = (set(content_stems(label)) for label in labels)
        return any(named <= some and len(some - named) <= _BESIDE_THE_NAME for some in stems)

    return list(dict.fromkeys(r.source for r in results if is_about(r)))
