"""A run of ``rag eval``: what was asked of what, how it went, and reading it again to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.evaluate.ask import Outcome
from rag.evaluate.bootstrap import Estimate
from rag.evaluate.measures import Comparison, Point, compare, measures, risk_coverage
from rag.evaluate.questions import Question
from rag.types import Value


class Run(Value):
    """All that ``rag eval`` has to say, as its ``--json`` prints it."""

    asked: str
    documents: int
    embedder: str
    passages: int
    answer_above: float
    warnings: tuple[str, ...]
    measures: dict[str, Estimate]
    risk_coverage: tuple[Point, ...]
    comparison: Comparison | None = None
    questions: tuple[Outcome, ...]


def summary(
    asked: str,
    outcomes: Sequence[Outcome],
    assistant: Assistant,
    warnings: Sequence[str] = (),
    before: Sequence[Outcome] = (),
) -> Run:
    """Sum up the ``outcomes`` of the questions called ``asked``; ``before`` are those of a run to compare with."""
    manifest = assistant.status().manifest
    return Run(
        asked=asked,
        documents=len(assistant.documents()),
        embedder=manifest.embedder if manifest is not None else "",
        passages=assistant.settings.passages,
        answer_above=assistant.settings.answer_above,
        warnings=tuple(warnings),
        measures=measures(outcomes),
        risk_coverage=risk_coverage(outcomes),
        comparison=compare(before, outcomes) if before else None,
        questions=tuple(outcomes),
    )


class _Saved(BaseModel):
    questions: tuple[Outcome, ...]


def read_outcomes(path: Path, questions: Sequence[Question]) -> tuple[Outcome, ...]:
    """Return the outcomes of a run saved by ``rag eval --json``, to compare with one that asks ``questions``.

    Raises:
        UsageError: The file holds no run, or one that asked none of them.
    """
    try:
        outcomes = _Saved.model_validate_json(path.read_text(encoding="utf-8")).questions
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path} is no run as `rag eval --json` of this version prints it: save one") from error
    if not {(o.id, o.question) for o in outcomes} & {(q.id, q.question) for q in questions}:
        raise UsageError(f"{path} asked none of these questions: compare runs of the same file")
    return outcomes
