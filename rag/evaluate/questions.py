"""A file of questions whose answers are known, and where in the indexed documents those answers stand.

A line is a JSON object; only ``question`` must be there::

    {"id": "1", "question": "Who built the mill?", "answers": ["Ada Brown"],
     "evidence": [{"doc_id": "mill.txt", "text": "Ada Brown built it.", "start": 120, "end": 139}]}

``doc_id`` is a document's source, with or without its suffix; ``start`` and ``end`` are offsets into
the text that ``rag status --text`` prints, and where they are left out ``text`` is looked for. Evidence
may also be a document as a whole. Besides: ``answerable`` (false: the documents do not hold it),
``cited_doc_ids`` (the documents that speak to the question), ``history`` (the conversation before it),
``standalone`` (the question in full, to measure a follow-up against), ``evidence_known`` (false: nobody
has looked). Further keys are passed over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.evaluate.spans import Place
from rag.types import Message, Value

_Text = Annotated[str, Field(min_length=1)]


class Evidence(BaseModel):
    """What answers a question: a place in a document, or the whole of it."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    doc_id: str
    text: str | None = None
    start: int | None = Field(None, ge=0)
    end: int | None = None
    grade: int = 1  # below 1: looked at, and of no use

    @model_validator(mode="after")
    def _is_a_span(self) -> Evidence:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end go together")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("the end is not after the start")
        return self


class Question(BaseModel):
    """A line of the file; ``id`` is the number of the line where none is given."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    id: str = ""
    question: _Text
    answerable: bool | None = None
    answers: tuple[_Text, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    evidence_known: bool = True
    cited_doc_ids: tuple[str, ...] = ()
    doc_id: str | None = None
    history: tuple[Message, ...] = ()
    standalone: _Text | None = None
    line: int = 0

    @property
    def has_answer(self) -> bool | None:
        """Whether the documents hold the answer; None where nothing tells."""
        if self.answerable is None and (self.answers or self.evidence or self.cited_doc_ids or self.doc_id):
            return True
        return self.answerable

    @property
    def useful(self) -> tuple[Evidence, ...]:
        """The evidence that answers the question."""
        known = self.evidence_known and self.has_answer
        return tuple(piece for piece in self.evidence if piece.grade > 0) if known else ()

    @property
    def documents(self) -> tuple[str, ...]:
        """The ids of the documents that speak to the question: those cited, else those of the evidence."""
        if self.cited_doc_ids or self.useful:
            return tuple(dict.fromkeys(self.cited_doc_ids or (piece.doc_id for piece in self.useful)))
        return (self.doc_id,) if self.doc_id and self.has_answer else ()


class Excerpt(Value):
    """A span of a document with its words."""

    source: str
    start: int
    end: int
    text: str

    @property
    def place(self) -> Place:
        """The span alone."""
        return Place(self.source, self.start, self.end)


class Task(Value):
    """A question with what is to be found, by source: places (none: not known), and documents (none: not known)."""

    question: Question
    expected: tuple[Excerpt, ...]
    sources: tuple[str, ...]


class Tasks(NamedTuple):
    """All questions of a file, and what of it cannot be right, a line each."""

    tasks: list[Task]
    warnings: list[str]


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file; raises UsageError for a line that is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # other line separators may stand in a question
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}") from error
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        question = _question(line, number, path)
        if question.id in questions:
            raise UsageError(f"{path}, line {number}: the id {question.id!r} is used twice: give each its own")
        questions[question.id] = question
    if not questions:
        raise UsageError(f"{path} holds no questions: write one JSON object a line")
    return list(questions.values())


def _question(line: str, number: int, path: Path) -> Question:
    try:
        question = Question.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}, line {number}: {where} {first['msg']}: correct the line") from error
    if not question.question.strip():
        raise UsageError(f"{path}, line {number}: the question is empty: correct the line")
    return question.model_copy(update={"id": question.id or str(number), "line": number})


def resolve(questions: Sequence[Question], assistant: Assistant) -> Tasks:
    """Find the evidence of ``questions`` in the documents of the index.

    Evidence in a document that the index lacks stays, as something that cannot be found, with a warning.

    Raises:
        UsageError: No document that is named is in the index, a name could be of two, offsets lie outside the
            text, or a text without offsets does not stand in its document.
    """
    names = _names([document.source for document in assistant.documents()])
    warnings = _unknown(questions, names)
    pieces = _pieces(questions, names, assistant)
    differing = [line for line, piece, found in pieces.values() if piece.text and not _same(piece.text, found.text)]
    if differing:
        warnings.append(
            f"the text of {len(differing)} pieces of evidence is not what stands at their offsets, first in line "
            f"{differing[0]}: they may be offsets into another version of the document"
        )
    tasks = []
    for question in questions:
        found = [pieces.get((question.id, at)) for at in range(len(question.useful))]
        expected = tuple(piece.found for piece in found if piece is not None)
        # Some evidence without a place leaves unknown what a passage should have held.
        tasks.append(
            Task(
                question=question,
                expected=expected if len(expected) == len(found) else (),
                sources=tuple(dict.fromkeys(_source(name, question, names) for name in question.documents)),
            )
        )
    return Tasks(tasks, warnings)


_Names = dict[str, set[str]]


def _names(sources: Sequence[str]) -> _Names:
    """Return what each document may be called; its whole source is that document alone."""
    names: _Names = defaultdict(set)
    for source in sources:
        names[str(PurePosixPath(source).with_suffix(""))].add(source)
    return {**names, **{source: {source} for source in sources}}


def _source(name: str, question: Question, names: _Names) -> str:
    """Return the source of the document called ``name``, or the name itself where there is none."""
    found = sorted(names.get(name, {name}))
    if len(found) > 1:
        raise UsageError(f"line {question.line}: {name!r} may be {found[0]} or {found[1]}: write the suffix too")
    return found[0]


def _unknown(questions: Sequence[Question], names: _Names) -> list[str]:
    named = {name for q in questions for name in (*q.documents, *(piece.doc_id for piece in q.useful))}
    unknown = sorted(named - names.keys())
    if unknown and len(unknown) == len(named):
        raise UsageError(
            f"none of the documents that the questions name is in the index ({unknown[0]!r} …): "
            "index their folder, or write names as `rag status` lists them"
        )
    if unknown:
        return [
            f"{len(unknown)} of the {len(named)} documents named are not in the index ({unknown[0]!r} …): "
            "what they hold counts as not found"
        ]
    return []


class _Piece(NamedTuple):
    line: int
    evidence: Evidence
    found: Excerpt


def _pieces(questions: Sequence[Question], names: _Names, assistant: Assistant) -> dict[tuple[str, int], _Piece]:
    """Return where each piece of evidence stands, by question and number; those of whole documents are left out."""
    by_source: dict[str, list[tuple[Question, int]]] = defaultdict(list)
    for question in questions:
        for at, piece in enumerate(question.useful):
            if piece.start is not None or (piece.text or "").strip():
                by_source[_source(piece.doc_id, question, names)].append((question, at))
    return dict(_located(by_source, names, assistant))


def _located(
    by_source: dict[str, list[tuple[Question, int]]], names: _Names, assistant: Assistant
) -> Iterator[tuple[tuple[str, int], _Piece]]:
    for source, wanted in by_source.items():
        # One text at a time: all of them may be more than memory holds.
        text = assistant.document(source).text if source in names else None
        for question, at in wanted:
            piece = question.useful[at]
            start, end = _span(piece, text, f"line {question.line}", source)
            words = (piece.text or "") if text is None else text[start:end]
            yield (
                (question.id, at),
                _Piece(question.line, piece, Excerpt(source=source, start=start, end=end, text=words)),
            )


def _span(piece: Evidence, text: str | None, line: str, source: str) -> tuple[int, int]:
    """Return where a piece of evidence stands in ``text``; None is a text that the index lacks."""
    if piece.start is not None and piece.end is not None:
        if text is not None and piece.end > len(text):
            raise UsageError(
                f"{line}: the evidence {piece.start}–{piece.end} lies outside {source}, which has {len(text)} "
                f"characters: count in the text that `rag status --text` prints"
            )
        return piece.start, piece.end
    words = (piece.text or "").split()
    if text is None or not words:
        return 0, max(1, len(piece.text or ""))
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    if found is None:
        raise UsageError(f"{line}: the evidence does not stand in {source}: copy its text word for word")
    return found.span()


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()
