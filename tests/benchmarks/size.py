"""What search costs by how many passages there are: ``python -m tests.benchmarks.size WORK SET [SIZES...]``.

SET is a folder with ``corpus.jsonl`` ({title, text} a line) and ``questions.jsonl`` ({question} a line). Its first
documents, some 10,000 passages, are indexed once by the real model, in ``WORK/recorded``. An index of another size is
made of these passages over and over: in each copy one word in ten is another, drawn from the running text, and the
passage's vector is turned by noise of 0.6 times its length in a random direction (a cosine of about 0.86); the
vectors of sentences stay. So nothing is embedded, neighbours are many and near, and recall is measured against exact
search over the same vectors. Each size is measured in a process of its own, by 200 of the questions; beside it, in
another, a bare flat FAISS over the same vectors, and FTS5 asked for the same words. Prints a line a size, and keeps
``WORK/size.json`` and the plot ``WORK/size.svg``.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rag.embed.packaged import PackagedEmbedder
from rag.embed import Embedding, unit
from rag.index import Cut, FileRecord, Forms, Passage, Piece
from rag.index.local import LocalIndex
from rag.sync import sync
from rag.types import Chunk, Document, document_id
from rag.words import content_words, forms
from tests.benchmarks.records import read_records
from tests.benchmarks.size_plot import plot

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUESTIONS = 200
_RECORDED = 280  # documents
_NOISE = 0.6
_CHANGED = 0.1  # of the words


def main() -> None:
    """Record, make each size, measure it, draw."""
    work, given = Path(sys.argv[1]), Path(sys.argv[2])
    sizes = [int(size) for size in sys.argv[3:]] or list(SIZES)
    recorded = _record(work / "recorded", given)
    _write_questions(work, given)
    found = {}
    for size in sizes:
        built = _make(work / str(size), recorded, size)
        measured = {name: _in_its_own_process(name, work, size) for name in ("ours", "bare")}
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
    """Write the vectors and words of the questions, so that what is measured needs no model."""
    texts = [record["question"] for record in read_records(given / "questions.jsonl")]
    chosen = random.Random(0).sample(texts, QUESTIONS)
    embedder = PackagedEmbedder()
    np.save(work / "questions.npy", np.stack([embedder.embed_query(text) for text in chosen]))
    words = [[forms(word, ("en",)) for word in content_words(text)] for text in chosen]
    (work / "questions.json").write_text(json.dumps(words))


def _make(folder: Path, recorded: LocalIndex, size: int) -> dict[str, float]:
    """Make an index of ``size`` passages where there is none; return what that took, and the disk it takes."""
    index = LocalIndex(folder / "index")
    manifest = recorded.manifest()
    assert manifest is not None
    if index.manifest() is None:
        with recorded.reading() as reader, index.writing(rebuild=True):
            index.begin(manifest)
            started = time.perf_counter()
            keys = [key for summary in reader.documents() for key in _keys(reader, summary.source)]
            passages, rows = reader.passages(keys), reader.vectors(keys)
            sentences = reader.sentence_vectors(keys)
            vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", "<f4", (size, rows.shape[1]))
            for cut, embeddings, start in _varied(passages, rows, sentences, size):
                record = FileRecord(source=cut.document.source, sha256="", size=0, mtime_ns=0, ctime_ns=0, parser="")
                index.put(record, [cut], embeddings)
                vectors[start : start + len(cut.pieces)] = [embeddings[piece.key].passage for piece in cut.pieces]
            rows_written = time.perf_counter()
            index.publish()
            took = {"rows_s": rows_written - started, "derived_s": time.perf_counter() - rows_written}
        (folder / "built.json").write_text(json.dumps(took))
    files = [path.stat() for path in (folder / "index").iterdir()]
    built: dict[str, float] = json.loads((folder / "built.json").read_text())
    beside = [p.stat().st_size for p in (folder / "index").iterdir() if ".sqlite" not in p.name]
    return built | {"disk_mb": sum(file.st_size for file in files) / 1e6, "derived_mb": sum(beside) / 1e6}


def _keys(reader: Any, source: str) -> list[int]:
    query = "SELECT row FROM chunks WHERE document_id = ? ORDER BY start"
    return [row for (row,) in reader._connection.execute(query, [document_id(source)])]


def _varied(
    passages: list[Passage], rows: Any, sentences: list[Any], size: int
) -> Iterator[tuple[Cut, dict[str, Embedding], int]]:
    """Yield documents until there are ``size`` passages, each with its vectors and the number of its first passage."""
    luck, noise = random.Random(0), np.random.default_rng(0)
    running = [word for passage in passages for word in passage.chunk.text.split(" ")]
    bounds = [0, *(at for at in range(1, len(passages)) if passages[at].source != passages[at - 1].source)]
    spans = list(zip(bounds, [*bounds[1:], len(passages)], strict=True))
    done = 0
    for copy in range(size):
        for first, last in spans:
            last = min(last, first + size - done)
            if last <= first:
                return
            turned = noise.normal(size=(last - first, rows.shape[1])).astype(np.float32)
            turned *= (_NOISE if copy else 0) / np.linalg.norm(turned, axis=1, keepdims=True)
            vectors = unit(rows[first:last] + turned)
            yield (*_document(passages[first:last], vectors, sentences[first:last], copy, running, luck), done)
            done += last - first


def _document(
    passages: list[Passage], vectors: Any, sentences: list[Any], copy: int, running: list[str], luck: random.Random
) -> tuple[Cut, dict[str, Embedding]]:
    source, pieces, embeddings, texts, start = f"{copy}/{passages[0].source}", [], {}, [], 0
    for passage, vector, of_sentences in zip(passages, vectors, sentences, strict=True):
        words = passage.chunk.text.split(" ")
        for at in luck.sample(range(len(words)), int(_CHANGED * len(words)) if copy else 0):
            words[at] = luck.choice(running)
        text = " ".join(words)
        name = document_id(source)
        chunk = Chunk(id=f"{name}:{start}", document_id=name, text=text, start=start, end=start + len(text))
        key = hashlib.sha256(f"{copy} {start} {text}".encode()).hexdigest()
        pieces.append(Piece(chunk, [(0, len(text))] * len(of_sentences), key))
        embeddings[key] = Embedding(vector, of_sentences)
        texts.append(text)
        start += len(text) + 1
    document = Document(source=source, sha256="", title=passages[0].title, text="\n".join(texts), language="en")
    return Cut(document, pieces), embeddings


def _in_its_own_process(name: str, work: Path, size: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.size_measure", name, str(work), str(size)]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    measured: dict[str, Any] = json.loads(found)
    return measured


def _figures(ours: dict[str, Any], bare: dict[str, Any]) -> dict[str, float]:
    """Return the figures of both, and what share of the ten nearest was found."""
    nearest, exact = ours.pop("nearest"), bare.pop("nearest")
    shares = [len({*some[:10]} & {*best[:10]}) / len(best[:10]) for some, best in zip(nearest, exact, strict=True)]
    return {**ours, "recall_at_10": float(np.mean(shares)), **{f"bare_{key}": value for key, value in bare.items()}}


def words_of(work: Path) -> list[list[Forms]]:
    """Return the words of each question."""
    return [[tuple(word) for word in words] for words in json.loads((work / "questions.json").read_text())]


if __name__ == "__main__":
    main()
