"""A database against a folder: ``python -m tests.benchmarks.cluster URL CORPUS QUESTIONS [SECONDS]``.

URL is that of any PostgreSQL with pgvector, or of the coordinator of a Citus cluster; its schema is made, and dropped
at the end. QUESTIONS are lines of JSON (``rag/evaluate/questions.py``), or of text. The corpus is indexed in both,
each question is asked of both, and answers are compared. Over a cluster, shards are then moved to and fro between two
workers while questions are asked, for SECONDS (60). At the end the index is verified. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from rag.assistant import Assistant
from rag.index.database.connection import has_citus
from rag.place import DatabaseUrl
from rag.settings import Settings
from rag.types import Answer

_SECONDS = 60.0
_SAME_SCORE = 1e-4  # of two confidences: databases add up in another order
_MOVED = 8  # shards at a time, the largest first


def main() -> None:
    """Index, ask, move, verify, print."""
    url, corpus, questions = DatabaseUrl.parse(sys.argv[1]), Path(sys.argv[2]), _questions(Path(sys.argv[3]))
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else _SECONDS
    with tempfile.TemporaryDirectory() as work, psycopg.connect(url.connection, autocommit=True) as admin:
        folder = Assistant(Settings(corpus=corpus, index=Path(work) / "index", data=Path(work) / "one"))
        database = Assistant(Settings(corpus=corpus, index=url, data=Path(work) / "two"))
        try:
            found: dict[str, Any] = {"folder_s": folder.sync().seconds, "database_s": database.sync().seconds}
            expected = [folder.ask(question) for question in questions]
            found |= _compared(database, questions, expected) | _searched(folder, database, questions)
            if has_citus(admin):
                found |= _moved(url, database, questions, expected, seconds)
            checked = database.verify()
            found |= {"verify": checked.holds, "faults": list(checked.faults)}
        finally:
            _drop(admin, url.schema_name)
    print(json.dumps({"questions": len(questions), **found}))


def _questions(path: Path) -> list[str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [json.loads(line)["question"] if line.startswith("{") else line for line in lines]


def _compared(assistant: Assistant, questions: Sequence[str], expected: Sequence[Answer]) -> dict[str, Any]:
    """Return how many answers are those expected, and the first question whose answer is not."""
    differing = [
        question
        for question, answer in zip(questions, expected, strict=True)
        if not _is_same(assistant.ask(question), answer)
    ]
    return {"same": len(questions) - len(differing), "differing": differing[:3]}


def _is_same(one: Answer, other: Answer) -> bool:
    alike = one.sentences == other.sentences and one.citations == other.citations and one.closest == other.closest
    return alike and abs(one.confidence - other.confidence) < _SAME_SCORE


def _searched(folder: Assistant, database: Assistant, questions: Sequence[str]) -> dict[str, float]:
    """Return the median milliseconds of a search, and how many statements one sends."""
    figures = {}
    for name, assistant in (("folder", folder), ("database", database)):
        times = []
        with _counted() as sent:
            for question in questions:
                started = time.perf_counter()
                assistant.search(question)
                times.append(1000 * (time.perf_counter() - started))
        figures[f"{name}_search_p50_ms"] = float(np.median(times))
    return figures | {"statements_a_search": len(sent) / len(questions)}


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Note what is sent to a database meanwhile."""
    sent: list[str] = []
    real = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *rest: Any, **named: Any) -> Any:
        sent.append(str(query))
        return real(cursor, query, *rest, **named)

    psycopg.Cursor.execute = noted  # type: ignore[method-assign, assignment]
    try:
        yield sent
    finally:
        psycopg.Cursor.execute = real  # type: ignore[method-assign]


def _moved(
    url: DatabaseUrl, assistant: Assistant, questions: Sequence[str], expected: Sequence[Answer], seconds: float
) -> dict[str, Any]:
    """Ask while shards move; return how many answers were another, or none."""
    done, moves = threading.Event(), list[int]()
    mover = threading.Thread(target=lambda: moves.extend(_move(url, done)))
    mover.start()
    until, asked, wrong, failed = time.monotonic() + seconds, 0, list[str](), list[str]()
    for question, answer in cycle(zip(questions, expected, strict=True)):
        if time.monotonic() > until:
            break
        asked += 1
        try:
            if not _is_same(assistant.ask(question), answer):
                wrong.append(question)
        except Exception as error:  # whatever it is, it is what is counted here
            failed.append(str(error))
    done.set()
    mover.join()
    return {"moves": len(moves), "asked": asked, "wrong": wrong, "failed": failed}


def _move(url: DatabaseUrl, done: threading.Event) -> Iterator[int]:
    """Move the shards of passages and vectors between two workers, and yield each that was moved."""
    nodes = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 AND isactive ORDER BY nodeport LIMIT 2"
    shards = (
        "SELECT shardid, nodename, nodeport FROM citus_shards WHERE table_name::text IN"
        " (SELECT value || name FROM {}.state, unnest(ARRAY['.chunks', '.vectors']) AS name WHERE key = 'current')"
        f" ORDER BY shard_size DESC LIMIT {_MOVED}"
    ).format(url.schema_name)
    with psycopg.connect(url.connection, autocommit=True) as mover:
        first, second = mover.execute(nodes).fetchall()
        while not done.is_set():
            for shard, *place in mover.execute(shards.encode()).fetchall():
                if done.is_set():
                    return
                to = second if tuple(place) == first else first
                move = "SELECT citus_move_shard_placement(%s, %s, %s, %s, %s, 'block_writes')"
                mover.execute(move, [shard, *place, *to])
                yield shard


def _drop(admin: psycopg.Connection[Any], schema: str) -> None:
    names = admin.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ %s", [f"^{schema}(_[0-9]+)?$"]).fetchall()
    for (name,) in names:
        admin.execute(f"DROP SCHEMA {name} CASCADE".encode())


if __name__ == "__main__":
    main()
