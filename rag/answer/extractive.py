"""The answer without a model: one to three sentences of the documents, word for word; more where a list is asked for.

Nothing can be made up, so what is left to do well is choosing. Each sentence of the passages found is
judged by its features; the likeliest leads, and others follow only where they are nearly as likely and
say something else. A sentence that says the same with another figure is shown beside the one it contradicts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from itertools import combinations

from rag.answer import DateOf, Draft, DraftSentence, OnSentences, Quote
from rag.answer.conflict import denies, disagree, speaks_of
from rag.answer.span import highlight
from rag.parts import wants_list
from rag.query import names
from rag.types import SearchResult, Value
from rag.words import content_stems, words

_MOST_SENTENCES = 3
_MOST_OF_A_LIST = 6
_NEARLY_AS_LIKELY = 0.5  # of the first sentence's odds
_LIKELY_TO_DISAGREE = 0.1  # of them too: what contradicts is worth showing sooner than what adds
_SAME_SAYING = 0.6  # share of the smaller sentence's words


class _Candidate(Value):
    source: str
    start: int
    end: int
    text: str
    score: float
    speaks_of_it: bool  # the passage holds all names of the question

    @property
    def odds(self) -> float:
        """How likely it is to be the answer, beside the others."""
        return math.exp(self.score)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of the words that carry meaning."""
        return frozenset(content_stems(self.text))


class ExtractiveAnswerer:
    """Quotes sentences; needs no language model."""

    def answer(
        self,
        question: str,
        results: Sequence[SearchResult],
        date_of: DateOf = lambda _: None,
        on_sentences: OnSentences = lambda _: None,
    ) -> Draft:
        """Return the sentences that answer ``question``, the likeliest first, and of contradicting ones the newer."""
        candidates = _candidates(question, results)
        chosen = _choose(candidates, listed=wants_list(question))
        chosen = _newest_first(
            question, _with_dissent(question, _newest(chosen, candidates, date_of), candidates), date_of
        )
        sentences = tuple(_draft(question, candidate) for candidate in chosen)
        on_sentences(sentences)
        return Draft(sentences=sentences)


def _draft(question: str, chosen: _Candidate) -> DraftSentence:
    span = highlight(question, chosen.text)
    place = (chosen.start + span[0], chosen.start + span[1]) if span else None
    return DraftSentence(
        text=" ".join(chosen.text.split()),
        quotes=(Quote(source=chosen.source, start=chosen.start, end=chosen.end, highlight=place),),
        support="quoted",
    )


def _candidates(question: str, results: Sequence[SearchResult]) -> list[_Candidate]:
    """Return all sentences of ``results``, likeliest first."""
    named = names(question)
    candidates = [
        _Candidate(
            source=result.source,
            start=sentence.start,
            end=sentence.end,
            text=result.text_of(sentence),
            score=sentence.score,
            speaks_of_it=speaks_of(named, result),
        )
        for result in results
        for sentence in result.sentences
        if _says_something(result.text_of(sentence))
    ]
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.source, candidate.start))


def _says_something(text: str) -> bool:
    """Whether a sentence can be an answer: it has words, and is not a Markdown heading."""
    return bool(words(text)) and not text.startswith("#")


def _choose(candidates: Sequence[_Candidate], *, listed: bool) -> list[_Candidate]:
    """Return the first candidate, then, in the order of the documents, those worth adding to it.

    For a list, more are worth adding, and those beyond the usual number where they name something new.
    """
    chosen: list[_Candidate] = []
    for candidate in candidates:
        if chosen and candidate.odds < _NEARLY_AS_LIKELY * chosen[0].odds:
            break
        names_more = listed and bool(names(candidate.text) - {stem for other in chosen for stem in other.stems})
        says_more = not any(_same_saying(candidate, other) for other in chosen)
        if names_more or (says_more and len(chosen) < _MOST_SENTENCES):
            chosen.append(candidate)
        if len(chosen) == (_MOST_OF_A_LIST if listed else _MOST_SENTENCES):
            break
    return chosen[:1] + sorted(chosen[1:], key=lambda candidate: (candidate.source, candidate.start))


def _newest(chosen: Sequence[_Candidate], candidates: Sequence[_Candidate], date_of: DateOf) -> list[_Candidate]:
    """Return what was chosen, each from the newest of the documents that say it in the same words."""
    return [
        _latest([one, *(c for c in candidates if c.source != one.source and c.stems == one.stems)], date_of)
        for one in chosen
    ]


def _latest(same: Sequence[_Candidate], date_of: DateOf) -> _Candidate:
    if len(same) == 1:
        return same[0]
    return max(same, key=lambda candidate: date_of(candidate.source) or date.min)  # the first of equals


def _with_dissent(question: str, chosen: Sequence[_Candidate], candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return what was chosen, each followed by the likeliest sentence of all that contradicts it."""
    likely = [c for c in candidates if c not in chosen and c.odds >= _LIKELY_TO_DISAGREE * candidates[0].odds]
    found: list[_Candidate] = []
    for one in chosen:
        rivals = (c for c in likely if one.speaks_of_it and c.speaks_of_it and c not in found)
        other = next((c for c in rivals if disagree(question, one.text, c.text)), None)
        found.extend([one] if other is None else [one, other])
    return found


def _newest_first(question: str, chosen: Sequence[_Candidate], date_of: DateOf) -> list[_Candidate]:
    """Return what was chosen, with the newer of two that disagree in the earlier place."""
    ordered = list(chosen)
    for one, other in combinations(range(len(ordered)), 2):
        if disagree(question, ordered[one].text, ordered[other].text):
            days = [date_of(ordered[at].source) for at in (one, other)]
            if days[0] and days[1] and days[0] < days[1]:
                ordered[one], ordered[other] = ordered[other], ordered[one]
    return ordered


def _same_saying(one: _Candidate, other: _Candidate) -> bool:
    if denies(one.text) != denies(other.text):
        return False
    smaller = min(len(one.stems), len(other.stems)) or 1
    return len(one.stems & other.stems) / smaller >= _SAME_SAYING
