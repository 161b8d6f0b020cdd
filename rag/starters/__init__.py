"""Questions to begin with, made of the documents themselves; each has been asked and is answered.

It reads a few documents spread over the corpus, never all. A question is dropped where the first excerpt of its answer
does not hold the very sentence it was made of.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence, Set

from rag.assistant import Assistant
from rag.sentences import sentence_spans
from rag.starters.rules import is_telling, names_in, questions
from rag.types import Answer, Document, DocumentSummary, Value
from rag.words import content_stems

_MOST_ASKED = 40
_SECONDS = 5.0
_MOST_READ = 20  # documents
_LOOKED_AT = 400_000  # characters in all
_STRETCH = 5_000  # characters looked at in one go
_VOCABULARY = 60_000  # characters of a document that tell its names
_MOST_OF_A_KIND = 2
_HEADING = "heading"
_RULED = ("en", "")  # languages that the rules are for, or may be
_SHORTEST = 300  # characters of a document worth asking


class _Candidate(Value):
    """A question, and the span that must answer it: a sentence, or the text under a heading."""

    question: str
    kind: str
    worth: int
    source: str
    start: int
    end: int


def starters(assistant: Assistant, most: int = 4) -> list[str]:
    """Return up to ``most`` questions, from different documents where there are several.

    The same index gives the same questions, unless the machine is so slow that time runs out.
    """
    until = time.monotonic() + _SECONDS
    kept: list[_Candidate] = []
    answers: dict[str, Answer] = {}
    for candidate in _candidates(assistant):
        if len(kept) == most or len(answers) == _MOST_ASKED or time.monotonic() > until:
            break
        if not _is_new(candidate, kept, max(_MOST_OF_A_KIND, most // 2)):
            continue
        if candidate.question not in answers:  # of the same question from several documents, one comes first
            answers[candidate.question] = assistant.ask(candidate.question)
        if _is_answered(candidate, answers[candidate.question]):
            kept.append(candidate)
    return [candidate.question for candidate in kept]


def _is_answered(candidate: _Candidate, answer: Answer) -> bool:
    """Whether the first excerpt of an answer holds the sentence, or some of the text, that must answer the question."""
    first = next(iter(answer.citations), None)
    if first is None or first.source != candidate.source:
        return False
    shown = first.excerpt or first  # a language model's citation has no excerpt
    if candidate.kind == _HEADING:
        return shown.start < candidate.end and candidate.start < shown.end
    return shown.start <= candidate.start and candidate.end <= shown.end


def _is_new(candidate: _Candidate, kept: Sequence[_Candidate], most_of_a_kind: int) -> bool:
    """Whether a question differs from those kept, also in kind."""
    same = sum(other.kind == candidate.kind for other in kept)
    return (same < most_of_a_kind or candidate.kind == _HEADING) and not any(_alike(candidate, one) for one in kept)


def _alike(one: _Candidate, other: _Candidate) -> bool:
    ours, theirs = set(content_stems(one.question)), set(content_stems(other.question))
    return 2 * len(ours & theirs) > min(len(ours), len(theirs))


def _candidates(assistant: Assistant) -> Iterator[_Candidate]:
    """Yield candidates by turns: the best of each document, then the next; what says less when there are no others."""
    summaries = [one for one in assistant.documents() if one.chunks and one.characters >= _SHORTEST]
    read = list(_spread([one for one in summaries if one.language in _RULED]))
    share = _LOOKED_AT // max(1, len(read))
    later = []
    for candidate in _by_turns([_of_sentences(assistant, summary, share) for summary in read]):
        if candidate.worth > 1:
            yield candidate
        else:
            later.append(candidate)
    yield from later
    yield from _by_turns([_of_headings(assistant, summary) for summary in _spread(summaries)])


def _by_turns(several: Sequence[Iterator[_Candidate]]) -> Iterator[_Candidate]:
    """Yield the first of each, then the next; none is made before it is needed."""
    while several:
        going = []
        for candidates in several:
            candidate = next(candidates, None)
            if candidate is not None:
                yield candidate
                going.append(candidates)
        several = going


def _spread(summaries: Sequence[DocumentSummary]) -> Iterator[DocumentSummary]:
    """Yield as many as will be read, in order: evenly from all, or of very many from the longer half."""
    if len(summaries) >= 2 * _MOST_READ:
        middle = sorted(one.characters for one in summaries)[len(summaries) // 2]
        summaries = [one for one in summaries if one.characters >= middle]
    count = min(len(summaries), _MOST_READ)
    yield from (summaries[at * len(summaries) // count] for at in range(count))


def _of_sentences(assistant: Assistant, summary: DocumentSummary, most: int) -> Iterator[_Candidate]:
    """Yield questions on a document, the most telling of a stretch first; ``most`` characters are looked at."""
    document = assistant.document(summary.source)  # read when its turn has come
    names = names_in(document.text[:_VOCABULARY])
    for start, end in _stretches(document.text, most):
        yield from sorted(_of_stretch(document, start, end, names), key=lambda one: (-one.worth, one.start))


def _stretches(text: str, most: int) -> Iterator[tuple[int, int]]:
    """Yield spans of a text that begin and end with a line, from all parts of it: the whole where it is short."""
    count = -(-min(len(text), most) // _STRETCH)
    for at in range(count):
        start = text.rfind("\n", 0, at * len(text) // count) + 1
        end = text.find("\n", min(start + _STRETCH, (at + 1) * len(text) // count) - 1)
        yield start, end if end >= 0 else len(text)


def _of_stretch(document: Document, start: int, end: int, names: Set[str]) -> Iterator[_Candidate]:
    text = document.text[start : min(end, start + 2 * _STRETCH)]
    for first, last in sentence_spans(text):
        for question in questions(text[first:last], names):
            yield _Candidate(
                question=question.text,
                kind=question.kind,
                worth=question.worth,
                source=document.source,
                start=start + first,
                end=start + last,
            )


def _of_headings(assistant: Assistant, summary: DocumentSummary) -> Iterator[_Candidate]:
    """Yield headings as they stand, each to be answered from the text under it."""
    document = assistant.document(summary.source)
    starts = [heading.start for heading in document.headings]
    for heading, end in zip(document.headings, [*starts[1:], len(document.text)], strict=False):
        text = " ".join(heading.text.split())
        if is_telling(text) and heading.end < end:
            yield _Candidate(question=text, kind=_HEADING, worth=0, source=document.source, start=heading.end, end=end)
