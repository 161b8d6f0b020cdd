"""Questions to begin with, made of the documents themselves; each has been asked and is answered.

It reads a few documents spread over the corpus, never all. A question that is not answered from the very sentence
it was made of is dropped.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rag.assistant import Assistant
from rag.sentences import sentence_spans
from rag.starters.rules import is_telling, questions
from rag.types import Document, DocumentSummary, Value
from rag.words import content_stems

_MOST_ASKED = 40
_SECONDS = 5.0
_MOST_READ = 24  # documents
_LOOKED_AT = 400_000  # characters in all
_STRETCHES = 8  # that are looked at of a long document
_MOST_OF_A_KIND = 2
_HEADING = "heading"
_SHORTEST = 300  # characters of a document worth asking


class _Candidate(Value):
    """A question, and the span that must answer it."""

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
    kinds: Counter[str] = Counter()
    asked = 0
    for candidate in _candidates(assistant):
        if len(kept) == most or asked == _MOST_ASKED or time.monotonic() > until:
            break
        if kinds[candidate.kind] >= max(_MOST_OF_A_KIND, most // 2) or any(_alike(candidate, other) for other in kept):
            continue
        asked += 1
        if _answers(assistant, candidate):
            kept.append(candidate)
            kinds[candidate.kind] += candidate.kind != _HEADING
    return [candidate.question for candidate in kept]


def _answers(assistant: Assistant, candidate: _Candidate) -> bool:
    """Whether the answer begins with the sentence that the question was made of."""
    answer = assistant.ask(candidate.question)
    if answer.abstained:
        return False
    first = answer.citations[0]
    return first.source == candidate.source and first.start < candidate.end and candidate.start < first.end


def _alike(one: _Candidate, other: _Candidate) -> bool:
    ours, theirs = set(content_stems(one.question)), set(content_stems(other.question))
    return 2 * len(ours & theirs) > min(len(ours), len(theirs))


def _candidates(assistant: Assistant) -> Iterator[_Candidate]:
    """Yield candidates by turns: the best of each document, then the next; headings when there are no others."""
    summaries = [one for one in assistant.documents() if one.chunks and one.characters >= _SHORTEST]
    read = list(_spread(summaries))
    share = _LOOKED_AT // max(1, len(read))
    yield from _by_turns([_of_sentences(assistant, summary, share) for summary in read])
    yield from _by_turns([_of_headings(assistant, summary) for summary in read])


def _by_turns(several: Sequence[Iterator[_Candidate]]) -> Iterator[_Candidate]:
    missing = object()
    for row in zip_longest(*several, fillvalue=missing):
        yield from (candidate for candidate in row if isinstance(candidate, _Candidate))


def _spread(summaries: Sequence[DocumentSummary]) -> Iterator[DocumentSummary]:
    """Yield as many as will be read, evenly from all, in order."""
    count = min(len(summaries), _MOST_READ)
    yield from (summaries[at * len(summaries) // count] for at in range(count))


def _of_sentences(assistant: Assistant, summary: DocumentSummary, most: int) -> Iterator[_Candidate]:
    """Yield questions on a document, the most telling first; ``most`` of its characters are looked at."""
    if summary.language not in ("", "en"):
        return
    document = assistant.document(summary.source)  # read when its turn has come
    stretches = _stretches(document.text, most)
    found = [candidate for start, end in stretches for candidate in _of_stretch(document, start, end)]
    yield from sorted(found, key=lambda one: (-one.worth, one.start))


def _stretches(text: str, most: int) -> Iterator[tuple[int, int]]:
    """Yield spans of a text that begin and end with a line: all of a short one, of a long one samples."""
    if len(text) <= most:
        yield 0, len(text)
        return
    length = most // _STRETCHES
    for at in range(_STRETCHES):
        start = text.find("\n", at * (len(text) - length) // (_STRETCHES - 1)) if at else 0
        end = text.rfind("\n", 0, start + length)
        if 0 <= start < end:
            yield start, end


def _of_stretch(document: Document, start: int, end: int) -> Iterator[_Candidate]:
    for first, last in sentence_spans(document.text[start:end]):
        for question in questions(document.text[start + first : start + last], document.text):
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
