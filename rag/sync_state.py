"""Whether the last sync of an index failed, and why: kept on the disk, where other processes find it."""

from __future__ import annotations

import logging
from pathlib import Path

from rag.errors import RagError, RemovalGuardError
from rag.types import Value

_FILE = "sync-problem.json"

log = logging.getLogger(__name__)


class SyncProblem(Value):
    """Why the last sync of the index at ``index`` failed; ``removals`` is how many documents it refused to remove."""

    index: str
    message: str
    removals: int = 0


def problem_of(index: str, error: Exception) -> SyncProblem:
    """Return what an error means for the index."""
    message = str(error) if isinstance(error, RagError) else f"{type(error).__name__}: {error}"
    removals = error.removals if isinstance(error, RemovalGuardError) else 0
    return SyncProblem(index=index, message=" ".join(message.split()), removals=removals)


def save_problem(data: Path, problem: SyncProblem) -> None:
    """Keep a problem in the folder ``data``, if that can be written."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / _FILE).write_text(problem.model_dump_json(), encoding="utf-8")
    except OSError as error:
        log.debug("%s: %s", data / _FILE, error)


def delete_problem(data: Path, index: str) -> None:
    """Forget a problem of ``index``, which is solved."""
    try:
        if saved_problem(data, index) is not None:
            (data / _FILE).unlink(missing_ok=True)
    except OSError as error:
        log.debug("%s: %s", data / _FILE, error)


def saved_problem(data: Path, index: str) -> SyncProblem | None:
    """Return why the last sync of ``index`` failed; None where it did not, as far as is known."""
    try:
        problem = SyncProblem.model_validate_json((data / _FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return problem if problem.index == index else None
