"""Measures one index in a fresh process, for ``tests.benchmarks.size``; prints one JSON object."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_WARM = 100  # the questions that are timed as whole searches, once the others were asked
_COMPARED, _COMPARED_UP_TO = 20, 100_000  # questions that all passages are weighed for, which takes seconds each


def main() -> None:
    """Measure ours, or the bare one."""
    name, work, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    found = {"ours": _ours, "bare": _bare, "searches": _searches}[name](work, size, np.load(work / "questions.npy"))
    print(json.dumps(found))


def _ours(work: Path, size: int, questions: Any) -> dict[str, Any]:
    from rag.index.local import LocalIndex
    from tests.benchmarks.size import words_of

    words = words_of(work)
    before = _resident_mb()
    started = time.perf_counter()
    index = LocalIndex(work / str(size) / "index")
    with index.reading() as reader:
        assert len(reader) == size
        opened = time.perf_counter() - started
        after_open = _resident_mb()
        dense = [_timed(reader.dense, question, 100) for question in questions]
        lexical = [_timed(reader.lexical, some, 100) for some in words]
        counts = [_timed(reader.frequencies, some) for some in words]
        keys = [list(found) for _, found in dense]
        of = [_timed(reader.lexical_of, some, few) for some, few in zip(words, keys, strict=True)]
        rows = [_timed(reader.vectors, few) for few in keys]
        after = _resident_mb()
        near = [_timed(reader.nearest_term, term, 2)[0] for term in ("normandi", "xormandi")]
        documents = _timed(reader.documents)[0]
        is_small = size <= _COMPARED_UP_TO
        recall = {"words_recall_at_10": _recall_of_words(reader, words[:_COMPARED])} if is_small else {}
    return {
        "open_s": opened,
        "resident_before_mb": before,
        "resident_open_mb": after_open,
        "resident_mb": after,
        **_quantiles("dense", dense),
        **_quantiles("bm25", lexical),
        **_quantiles("frequencies", counts),
        **_quantiles("lexical_of", of),
        **_quantiles("vectors", rows),
        **recall,
        "nearest_first_ms": 1000 * near[0],
        "nearest_ms": 1000 * near[1],
        "documents_ms": 1000 * documents,
        "nearest": [[key - 1 for key in found] for _, found in dense],
    }


def _recall_of_words(reader: Any, words: Sequence[Sequence[tuple[str, ...]]]) -> float:
    """Return what share of the ten best by BM25 over all passages words find."""
    rows = [row for (row,) in reader._connection.execute("SELECT row FROM chunks")]
    shares = []
    for some in words:
        scores = reader.lexical_of(some, rows)
        best = sorted(scores, key=lambda row: (-scores[row], row))[:10]
        shares.append(len({*best} & {*list(reader.lexical(some, 100))[:10]}) / (len(best) or 1))
    return float(np.mean(shares))


def _bare(work: Path, size: int, questions: Any) -> dict[str, Any]:
    import faiss

    faiss.omp_set_num_threads(1)
    before = _resident_mb()
    vectors = np.load(work / str(size) / "vectors.npy")
    flat: Any = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    path = work / str(size) / "bare.faiss"
    if not path.exists():
        faiss.write_index(flat, str(path))
    flat = vectors = None
    started = time.perf_counter()
    flat = faiss.read_index(str(path))
    opened = time.perf_counter() - started
    dense = [_timed(flat.search, question.reshape(1, -1), 100) for question in questions]
    nearest = [found[1][0].tolist() for _, found in dense]
    return {
        "open_s": opened,
        "resident_before_mb": before,
        "resident_mb": _resident_mb(),
        **_quantiles("dense", dense),
        "nearest": nearest,
    }


def _searches(work: Path, size: int, questions: Any) -> dict[str, Any]:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from rag.assistant import Assistant
    from rag.settings import Settings

    assistant = Assistant(Settings(index=work / str(size) / "index", corpus=work / "recorded" / "corpus"))
    texts = (work / "questions.txt").read_text().splitlines()
    for text in texts[_WARM:]:
        assistant.search(text)
    return {
        **_quantiles("search", [_timed(assistant.search, text) for text in texts[:_WARM]]),
        "search_mb": _resident_mb(),
    }


def _timed(ask: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    found = ask(*arguments)
    return time.perf_counter() - started, found


def _quantiles(name: str, timed: Sequence[tuple[float, Any]]) -> dict[str, float]:
    seconds = [one for one, _ in timed]
    return {f"{name}_p{q}_ms": 1000 * float(np.quantile(seconds, q / 100)) for q in (50, 95)}


def _resident_mb() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
