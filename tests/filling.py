"""Puts documents into an index without a parser, chunker or model: a line a passage, with a vector of any choice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from rag.embed import Embedding, Vectors
from rag.index import Cut, FileRecord, Index, Manifest, Piece, Reader, Text
from rag.types import Chunk, Document

DIMENSION = 16
MANIFEST = Manifest(embedder="none", fingerprint="0" * 64, dimension=DIMENSION, chunk_tokens=200)


def unit_rows(count: int, seed: int = 0) -> Vectors:
    """Return random unit vectors, shape ``(count, DIMENSION)``."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def vector_of(text: str) -> Vectors:
    """Return a unit vector that depends on the text alone."""
    row: Vectors = unit_rows(1, int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]))[0]
    return row


def line_document(source: str, lines: Sequence[str], title: str = "title") -> Document:
    """Return a document of some lines."""
    text = "\n".join(lines)
    return Document(source=source, sha256=hashlib.sha256(text.encode()).hexdigest(), title=title, text=text)


def put_document(index: Index, document: Document, headings: Mapping[str, tuple[str, ...]] | None = None) -> None:
    """Put a document, each line a passage of one sentence; ``headings`` gives lines their heading paths."""
    lines = document.text.split("\n")
    index.put_vectors({_key(line): Embedding(vector_of(line), vector_of(line)[None]) for line in lines})
    index.put(file_record(document), [Cut(document, _pieces(document, headings or {}))], {})


def with_vectors(index: Index, lines: Sequence[str]) -> set[str]:
    """Return which lines need not be embedded any more where they are put, as the index that is written tells."""
    document, texts = line_document("probe", lines), {_key(line): Text(line, [(0, len(line))]) for line in lines}
    index.put(file_record(document), [Cut(document, _pieces(document, {}))], texts)
    missing = index.take(len(lines)).keys()
    index.remove(document.source)
    return {line for line in lines if _key(line) not in missing}


def _pieces(document: Document, headings: Mapping[str, tuple[str, ...]]) -> list[Piece]:
    pieces, start = [], 0
    for line in document.text.split("\n"):
        end = start + len(line)
        id_ = f"{document.id}:{start}"
        above = headings.get(line, ())
        chunk = Chunk(id=id_, document_id=document.id, text=line, start=start, end=end, headings=above)
        pieces.append(Piece(chunk, [(0, len(line))], _key(line)))
        start = end + 1
    return pieces


def _key(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def file_record(document: Document) -> FileRecord:
    """Return the record of a file that holds a document alone."""
    return FileRecord(
        source=document.source, sha256=document.sha256, size=len(document.text), mtime_ns=1, ctime_ns=1, parser=""
    )


def fill(index: Index, *documents: Document, rebuild: bool = False) -> None:
    """Write documents in one run, and publish them."""
    with index.writing(rebuild=rebuild):
        index.begin(MANIFEST)
        for document in documents:
            put_document(index, document)
        index.publish()


def nearest(reader: Reader, text: str, k: int = 5) -> list[tuple[str, float]]:
    """Return the texts of the passages nearest to that of ``text``, with their scores."""
    found = reader.dense(vector_of(text), k)
    return [
        (passage.chunk.text, round(score, 5))
        for passage, score in zip(reader.passages(list(found)), found.values(), strict=True)
    ]
