"""What search in a database costs: ``python -m tests.benchmarks.size_postgres WORK URL SIZE``.

WORK is the work folder of ``tests.benchmarks.size``, whose index of SIZE passages is put into the database at URL,
file by file as `rag index` puts them; nothing is parsed or embedded. 200 questions are then asked: for the 100
nearest passages, for the 100 best by BM25, and for all that a search reads. Recall is against each passage weighed.
Clients are threads of one process. Prints one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from rag.embed import Vectors
from rag.index import Cut, FileRecord, Forms, Index
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.place import DatabaseUrl
from rag.retrieve import READ

_BESIDE = 2  # times as many searches as questions, for each number of clients
_CLIENTS = (1, 8, 32)
_FOUND = 100


def main() -> None:
    """Fill, measure, print."""
    work, size = Path(sys.argv[1]), int(sys.argv[3])
    index = PostgresIndex(DatabaseUrl.parse(sys.argv[2]))
    folder = LocalIndex(work / str(size) / "index")
    built = _fill(index, folder)
    queries = np.load(work / "questions.npy")
    words = [[tuple(forms) for forms in some] for some in json.loads((work / "questions.json").read_text())]
    print(json.dumps({"passages": size, **built, **_alone(index, queries, words), **_beside(index, queries, words)}))


def _fill(index: Index, folder: Index) -> dict[str, float]:
    """Put what a folder's index holds into the database, where that is empty; return what it took."""
    manifest = folder.manifest()
    assert manifest is not None
    started = time.perf_counter()
    with folder.reading() as reader, index.writing():
        index.begin(manifest)
        with index.reading() as there:
            known = there.files()
        for summary in reader.documents():
            if summary.source in known:
                continue
            document, pieces = reader.document(summary.source), reader.pieces(summary.source)
            assert document is not None
            sha256 = hashlib.sha256(document.text.encode()).hexdigest()
            record = FileRecord(source=summary.source, sha256=sha256, size=1, mtime_ns=1, ctime_ns=1, parser="")
            cuts = [Cut(document, [piece for piece, _ in pieces])]
            index.put_vectors({piece.key: embedding for piece, embedding in pieces if embedding is not None})
            index.put(record, cuts, {})
        put = time.perf_counter()
        index.publish()
    return {"put_s": put - started, "publish_s": time.perf_counter() - put}


def _alone(index: PostgresIndex, queries: Vectors, words: list[list[Forms]]) -> dict[str, float]:
    """Return the milliseconds of each kind of search, and the recall."""
    times: dict[str, list[float]] = {name: [] for name in ("dense", "frequencies", "lexical", "search")}
    recalls: dict[int, list[float]] = {10: [], 100: []}
    for query, some in zip(queries, words, strict=True):
        with index.reading() as reader:
            found = _timed(times["dense"], reader.dense, query, _FOUND)
            _timed(times["frequencies"], reader.frequencies, some)
            _timed(times["lexical"], reader.lexical, some, _FOUND)
            reader._view.is_coarse = False
            keys = list(reader.dense(query, _FOUND))
        for k, values in recalls.items():
            values.append(len({*list(found)[:k]} & {*keys[:k]}) / k)
        _timed(times["search"], _search, index, query, some)
    figures = {f"{name} p{at}, ms": float(np.percentile(some, at)) for name, some in times.items() for at in (50, 95)}
    return figures | {f"recall@{k}": float(np.mean(values)) for k, values in recalls.items()}


def _timed(times: list[float], work: Callable[..., Any], *given: Any) -> Any:
    started = time.perf_counter()
    found = work(*given)
    times.append(1000 * (time.perf_counter() - started))
    return found


def _search(index: PostgresIndex, query: Vectors, words: list[Forms]) -> None:
    """Ask for all that a search reads, in a view of its own."""
    with index.reading() as reader:
        reader.languages()
        reader.frequencies(words)
        lexical = reader.lexical(words, _FOUND)
        keys = list(lexical.keys() | reader.dense(query, _FOUND).keys())
        reader.lexical_of(words, [key for key in keys if key not in lexical])
        reader.languages_of(keys)
        reader.vectors(keys)
        reader.passages(keys[:READ])
        reader.sentence_vectors(keys[:READ])


def _beside(index: PostgresIndex, queries: Vectors, words: list[list[Forms]]) -> dict[str, float]:
    """Return how many searches a second are done for so many clients at a time."""
    figures = {}
    for clients in _CLIENTS:
        asked = [at % len(queries) for at in range(_BESIDE * len(queries))]
        ready = threading.Barrier(clients + 1)

        def client(share: list[int], ready: threading.Barrier = ready) -> None:
            ready.wait()
            for at in share:
                _search(index, queries[at], words[at])

        with ThreadPoolExecutor(clients) as pool:
            done = [pool.submit(client, asked[first::clients]) for first in range(clients)]
            ready.wait()
            started = time.perf_counter()
            for one in done:
                one.result()
        figures[f"searches/s, {clients} clients"] = len(asked) / (time.perf_counter() - started)
    return figures


if __name__ == "__main__":
    main()
