"""Rated answers as questions for ``rag eval``: what people found right is evidence, what they found wrong is to do.

It does not look into the documents: evidence is where the citations stood when the answer was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rag.conversations import Rated
from rag.evaluate.questions import Evidence, Question
from rag.types import Answer


class RatedQuestion(Question):
    """A question with what was answered and said of it, for the person who fills in the evidence."""

    rating: str
    note: str
    answered: str


def feedback_lines(feedback: Iterable[Rated]) -> Iterator[str]:
    """Yield a line for each rated answer, as ``read_questions`` reads it.

    Of an answer found right, its citations are the evidence; of an abstention found right, the documents do not
    hold the answer. Of what was found wrong, nobody has looked for the evidence yet.
    """
    for rated in feedback:
        yield _question(rated).model_dump_json(exclude_defaults=True)


def _question(rated: Rated) -> RatedQuestion:
    answer, right = rated.turn.answer, rated.turn.rating == "up"
    known = right and (answer.abstained or bool(answer.citations))
    return RatedQuestion(
        id=rated.turn.id,
        question=" ".join(answer.question.split()) or answer.query,
        history=rated.history,
        answerable=False if known and answer.abstained else None,
        evidence=_evidence(answer) if known else (),
        evidence_known=known,
        rating=rated.turn.rating or "",
        note=rated.turn.note,
        answered=answer.text,
    )


def _evidence(answer: Answer) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(doc_id=citation.source, text=citation.quote, start=citation.start, end=citation.end)
        for citation in answer.citations
    )
