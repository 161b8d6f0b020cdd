"""What search costs by how many passages there are: ``python -m tests.benchmarks.size WORK SET [SIZES...]``.

SET is a folder with ``corpus.jsonl`` ({title, text} a line) and ``questions.jsonl`` ({question} a line). Its first
documents, some 10,000 passages, are indexed once by the real model, in ``WORK/recorded``. An index of another size is
made of these passages over and over: in each copy one word in ten is another, drawn from the running text, and so is
one term in ten; the passage's vector is turned by noise of 0.6 times its length in a random direction (a cosine of
about 0.86), and the vectors of sentences stay. The rows are written as they are, so nothing is parsed or embedded,
neighbours are many and near, and recall is measured against exact search over the same vectors.

Each size is measured in a process of its own, by 200 of the questions; beside it, in others, a bare flat FAISS over
the same vectors, and whole searches, from the question to its ranked passages, on one core. What words find is
compared with BM25 over all passages, up to 100,000. Prints a line a size, and keeps ``WORK/size.json`` and the
plot ``WORK/size.svg``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rag.embed.packaged import PackagedEmbedder
from rag.index import FileRecord, Forms
from rag.index.local import LocalIndex
from rag.index.local_rows import INSERT_CHUNK, change_counts, insert_file
from rag.index.statistics import PassageTerms, count
from rag.sync import sync
from rag.types import document_id
from rag.words import content_words, forms
from tests.benchmarks.records import read_records
from tests.benchmarks.size_plot import plot

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUESTIONS = 200
_RECORDED = 280  # documents
_NOISE = 0.6
_CHANGED = 0.1  # of the words
_TEXT, _TERMS, _CONTEXT, _VECTOR, _SENTENCES = range(7, 12)  # columns of what is recorded


def main() -> None:
    """Record, make each size, measure it, draw."""
    work, given = Path(sys.argv[1]), Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in sys.argv[3:]] or list(SIZES)
    recorded = _record(work / "recorded", given)
    _write_questions(work, given)
    found = {}
    for size in sizes:
        built = _make(work / str(size), recorded, size)
        measured = {name: _in_its_own_process(name, work, size) for name in ("ours", "bare", "searches")}
        found[size] = built | _figures(**measured)
        print(json.dumps({"passages": size, **found[size]}), flush=True)
    (work / "size.json").write_text(json.dumps(found, indent=1))
    (work / "size.svg").write_text(plot(found))


def _record(folder: Path, given: Path) -> LocalIndex:
    """Return the index of real passages, made by the real model where it is not there yet."""
    index, corpus = LocalIndex(folder / "index"), folder / "corpus"
    if index.manifest() is None:
        corpus.mkdir(parents=True, exist_ok=True)
        for number, record in enumerate(read_records(given / "corpus.jsonl")[:_RECORDED]):
            (corpus / f"{number:04}.txt").write_text(record["text"], encoding="utf-8")
        sync(index, corpus, PackagedEmbedder(), 200)
    return index


def _write_questions(work: Path, given: Path) -> None:
    """Write the questions, their vectors and their words, so that what is measured of search needs no model."""
    texts = [record["question"] for record in read_records(given / "questions.jsonl")]
    chosen = random.Random(0).sample(texts, QUESTIONS)
    embedder = PackagedEmbedder()
    np.save(work / "questions.npy", np.stack([embedder.embed_query(text) for text in chosen]))
    words = [[forms(word, ("en",)) for word in content_words(text)] for text in chosen]
    (work / "questions.json").write_text(json.dumps(words))
    (work / "questions.txt").write_text("\n".join(chosen))


def _make(folder: Path, recorded: LocalIndex, size: int) -> dict[str, float]:
    """Make an index of ``size`` passages where there is none; return what that took, and the disk it takes.

    What takes minutes is told in seconds of the processor, which other work on the machine does not change.
    """
    index, manifest = LocalIndex(folder / "index"), recorded.manifest()
    assert manifest is not None
    folder.mkdir(parents=True, exist_ok=True)
    with index.writing():
        index.begin(manifest)
        rows = _once(folder / "rows.json", lambda: _write_rows(index, recorded, size, folder / "vectors.npy"))
        derived = _once(folder / "derived.json", index.publish)
    index.close()
    sizes = {path: path.stat().st_size / 1e6 for path in (folder / "index").rglob("*") if path.is_file()}
    of_derived = sum(size for path, size in sizes.items() if ".sqlite" not in path.name)
    return {"rows_s": rows, "derived_s": derived, "disk_mb": sum(sizes.values()), "derived_mb": of_derived}


def _once(done: Path, work: Callable[[], None]) -> float:
    """Do a work that was not done yet, and return the seconds of processor time that it took."""
    if not done.exists():
        started = time.process_time()
        work()
        done.write_text(json.dumps(time.process_time() - started))
    seconds: float = json.loads(done.read_text())
    return seconds


def _write_rows(index: LocalIndex, recorded: LocalIndex, size: int, beside: Path) -> None:
    """Write copies of what was recorded until there are ``size`` passages, and their vectors ``beside``."""
    documents, chunks = _recorded_rows(recorded)
    luck, noise = random.Random(0), np.random.default_rng(0)
    running = {column: [word for row in chunks for word in row[column].split(" ")] for column in (_TEXT, _TERMS)}
    rows = np.stack([np.frombuffer(row[_VECTOR], dtype="<f4") for row in chunks])
    vectors = np.lib.format.open_memmap(beside, "w+", "<f4", (size, rows.shape[1]))
    for copy, first in enumerate(range(0, size, len(chunks))):
        some = rows[: size - first]
        turned = noise.normal(size=some.shape).astype(np.float32)
        turned *= (_NOISE if copy else 0) / np.linalg.norm(turned, axis=1, keepdims=True)
        turned += some
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        vectors[first : first + len(some)] = turned
        share = _CHANGED if copy else 0
        with index._transaction() as connection:
            for source, row in documents.items():
                name = f"{copy}/{source}"
                record = FileRecord(source=name, sha256=row[0], size=row[3], mtime_ns=1, ctime_ns=1, parser="")
                insert_file(connection, record)
                copied = (document_id(name), name, name, *row, b"")
                connection.execute(f"INSERT INTO documents VALUES ({', '.join('?' * len(copied))})", copied)
            made, all_terms = [], []
            for at, row in enumerate(chunks[: len(some)]):
                text, terms = (_varied(row[column], share, running[column], luck) for column in (_TEXT, _TERMS))
                all_terms.append(PassageTerms(terms, row[_CONTEXT]))
                key = f"{copy:054d}{at:010d}"
                made.append((key, turned[at].tobytes(), row[_SENTENCES]))
                place = (document_id(f"{copy}/{row[0]}"), *row[1:_TEXT])
                connection.execute(INSERT_CHUNK, (*place, key, text, *all_terms[-1]))
            connection.executemany("INSERT INTO vectors (key, passage, sentences) VALUES (?, ?, ?)", made)
            change_counts(connection, count(all_terms))


def _recorded_rows(recorded: LocalIndex) -> tuple[dict[str, tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the documents by source, and the passages in order, as they lie in the database."""
    with recorded.reading() as reader:
        ask = reader._connection.execute
        rows = ask(
            "SELECT source, sha256, title, text, characters, blocks, pages, page_kind, language FROM documents"
        ).fetchall()
        chunks = ask(
            'SELECT source, start, "end", page, chunks.headings, introductions, chunks.sentences, chunks.text, terms,'
            " context_terms, passage, vectors.sentences FROM chunks JOIN documents ON documents.id = document_id"
            " JOIN vectors ON key = vector_key ORDER BY row"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}, chunks


def _varied(text: str, share: float, running: list[str], luck: random.Random) -> str:
    """Return a text with a share of its words changed for others, drawn as often as they are used."""
    words = text.split(" ")
    for at in luck.sample(range(len(words)), int(share * len(words))):
        words[at] = luck.choice(running)
    return " ".join(words)


def _in_its_own_process(name: str, work: Path, size: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.size_measure", name, str(work), str(size)]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    measured: dict[str, Any] = json.loads(found)
    return measured


def _figures(ours: dict[str, Any], bare: dict[str, Any], searches: dict[str, Any]) -> dict[str, float]:
    """Return the figures of both, and what share of the nearest was found."""
    pairs = list(zip(ours.pop("nearest"), bare.pop("nearest"), strict=True))
    recall = {
        f"recall_at_{k}": float(np.mean([len({*some[:k]} & {*best[:k]}) / k for some, best in pairs]))
        for k in (10, 100)
    }
    return {**ours, **searches, **recall, **{f"bare_{key}": value for key, value in bare.items()}}


def words_of(work: Path) -> list[list[Forms]]:
    """Return the words of each question."""
    return [[tuple(word) for word in words] for words in json.loads((work / "questions.json").read_text())]


if __name__ == "__main__":
    main()
