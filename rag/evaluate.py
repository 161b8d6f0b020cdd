"""The measures behind ``rag eval``: answers against questions whose evidence is known.

A question file holds a JSON object a line: ``{id, question, answerable, answers, evidence}``, where
evidence is a list of ``{doc_id, text, start, end}``, offsets into the canonical text of a document.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from statistics import fmean

from pydantic import BaseModel, ValidationError

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.types import Answer, Value


class Evidence(BaseModel):
    """A place that answers a question; further keys of the file are passed over."""

    doc_id: str
    start: int
    end: int


class Question(BaseModel):
    """A question whose answer is known; further keys of the file are passed over."""

    id: str
    question: str
    answerable: bool = True
    answers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Outcome(Value):
    """How one question went. The shares are of characters, over the passages found."""

    id: str
    answerable: bool
    answered: bool
    confidence: float
    hit_at_1: bool
    hit_at_5: bool
    recall: float
    precision: float
    iou: float
    first_sentence_answers: bool
    seconds: float


class Measures(Value):
    """The means over all outcomes; those of retrieval and sentences over the answerable questions alone."""

    questions: int
    answerable: int
    hit_at_1: float
    hit_at_5: float
    recall: float
    precision: float
    iou: float
    first_sentence_answers: float
    answered: float
    refused: float | None
    seconds: float


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file; raises UsageError for a line that is none."""
    questions = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                questions.append(Question.model_validate_json(line))
        except ValidationError as error:
            what = error.errors()[0]
            raise UsageError(f"{path}, line {number}: {what['loc']} {what['msg']}: correct the line") from error
    if not questions:
        raise UsageError(f"{path} holds no questions: write one JSON object a line")
    return questions


def evaluate(questions: Sequence[Question], assistant: Assistant) -> Iterator[Outcome]:
    """Ask each question and yield how it went."""
    # A document is named by its source, with or without the suffix: ``Normans`` is ``Normans.txt``.
    sources = {name: d.source for d in assistant.documents() for name in (_stem(d.source), d.source)}
    for question in questions:
        started = time.perf_counter()
        answer = assistant.ask(question.question)
        seconds = time.perf_counter() - started
        # The choice of sentence is measured also where the confidence holds it back.
        proposed = answer if answer.sentences else assistant.ask(question.question, even_if_unsure=True)
        gold = [(sources.get(e.doc_id, e.doc_id), e.start, e.end) for e in question.evidence]
        yield _outcome(question, answer, proposed, gold, seconds)


def measures(outcomes: Sequence[Outcome]) -> Measures:
    """Return the means of ``outcomes``."""
    known = [outcome for outcome in outcomes if outcome.answerable]
    unknown = [outcome for outcome in outcomes if not outcome.answerable]

    def mean(name: str) -> float:
        return round(fmean(float(getattr(outcome, name)) for outcome in known), 4) if known else 0.0

    return Measures(
        questions=len(outcomes),
        answerable=len(known),
        hit_at_1=mean("hit_at_1"),
        hit_at_5=mean("hit_at_5"),
        recall=mean("recall"),
        precision=mean("precision"),
        iou=mean("iou"),
        first_sentence_answers=mean("first_sentence_answers"),
        answered=mean("answered"),
        refused=round(fmean(not outcome.answered for outcome in unknown), 4) if unknown else None,
        seconds=round(fmean(outcome.seconds for outcome in outcomes), 4),
    )


Gold = Sequence[tuple[str, int, int]]


def _outcome(question: Question, answer: Answer, proposed: Answer, gold: Gold, seconds: float) -> Outcome:
    found = [(result.source, result.chunk.start, result.chunk.end) for result in answer.results]
    hits = [any(_holds(place, evidence) for evidence in gold) for place in found]
    wanted, got = _characters(gold), _characters(found)
    both = len(wanted & got)
    return Outcome(
        id=question.id,
        answerable=question.answerable,
        answered=not answer.abstained,
        confidence=answer.confidence,
        hit_at_1=any(hits[:1]),
        hit_at_5=any(hits[:5]),
        recall=both / len(wanted) if wanted else 0.0,
        precision=both / len(got) if got else 0.0,
        iou=both / len(wanted | got) if wanted | got else 0.0,
        first_sentence_answers=_first_sentence_answers(question, proposed, gold),
        seconds=seconds,
    )


def _first_sentence_answers(question: Question, answer: Answer, gold: Gold) -> bool:
    """Whether the first cited sentence holds a gold answer, in a place that the evidence names or overlaps."""
    if not answer.citations:
        return False
    first = answer.citations[0]
    overlaps = any(s == first.source and start < first.end and first.start < end for s, start, end in gold)
    quote = " ".join(first.quote.split()).lower()
    return overlaps and (not question.answers or any(a.lower() in quote for a in question.answers))


def _holds(place: tuple[str, int, int], evidence: tuple[str, int, int]) -> bool:
    return place[0] == evidence[0] and place[1] <= evidence[1] and evidence[2] <= place[2]


def _characters(places: Gold) -> set[tuple[str, int]]:
    return {(source, at) for source, start, end in places for at in range(start, end)}


def _stem(source: str) -> str:
    return str(PurePosixPath(source).with_suffix(""))
