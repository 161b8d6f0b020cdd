"""One index → another, as it is: between folder and database, both ways, and nothing is embedded again.

A file is one transaction, and one that the other index holds already is left, so that a copy that was broken off
goes on. At the end both are read, and compared document by document.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from rag.embed import Embedding
from rag.errors import IndexFailure
from rag.index import Cut, FileRecord, Index, Manifest, Reader
from rag.sync import OnProgress, Progress
from rag.types import DocumentSummary, Value


class CopyReport(Value):
    """What was copied, in files, and what the copy then held, each document of it compared with its original."""

    copied: int
    there_already: int
    removed: int
    documents: int
    chunks: int
    digest: str


def copy_index(source: Index, target: Index, on_progress: OnProgress = lambda _: None) -> CopyReport:
    """Make ``target`` hold what ``source`` holds, and check that it does.

    Raises:
        IndexMismatch: ``target`` holds an index that was built with another model or chunking.
        IndexLocked: Another process is writing to ``target``.
        IndexFailure: There is nothing to copy, or the copy is not what was copied.
    """
    with source.reading() as reader, target.writing() as broken_off:
        if reader.embedded() < 1:
            raise IndexFailure("the index is not embedded to its end: run `rag index`, then copy it")
        manifest = source.manifest()
        assert manifest is not None, "what can be read was built"
        there = _begin(target, manifest)
        wanted = reader.files()
        missing = [record for name, record in wanted.items() if there.get(name) != record]
        gone = sorted(there.keys() - wanted.keys())
        _put_all(missing, reader, target, on_progress)
        for name in gone:
            target.remove(name)
        if missing or gone or broken_off or not target.is_published():
            target.publish()
        with target.reading() as copy:
            digest = _compared(reader, copy)
            documents, chunks = len(copy.documents()), len(copy)
    return CopyReport(
        copied=len(missing),
        there_already=len(wanted) - len(missing),
        removed=len(gone),
        documents=documents,
        chunks=chunks,
        digest=digest,
    )


def _begin(target: Index, manifest: Manifest) -> Mapping[str, FileRecord]:
    """Make an empty index ready for writing; return the files it holds already."""
    target.begin(manifest)
    with target.reading() as reader:
        return reader.files()


def _put_all(records: Sequence[FileRecord], reader: Reader, target: Index, on_progress: OnProgress) -> None:
    documents: dict[str, list[DocumentSummary]] = defaultdict(list)
    for summary in reader.documents():
        documents[summary.file].append(summary)
    total, done = sum(record.size for record in records), 0
    for record in records:
        on_progress(Progress(done=done, total=total, source=record.source))
        _put(record, documents[record.source], reader, target)
        done += record.size
    if records:
        on_progress(Progress(done=total, total=total, source=""))


def _put(record: FileRecord, documents: Sequence[DocumentSummary], reader: Reader, target: Index) -> None:
    cuts: list[Cut] = []
    embeddings: dict[str, Embedding] = {}
    # The file's own document first, and then what is attached to it, as a parser gives them.
    for summary in sorted(documents, key=lambda one: (one.source != record.source, one.source)):
        document, pieces = reader.document(summary.source), reader.pieces(summary.source)
        assert document is not None, "it was listed in this view"
        cuts.append(Cut(document, [piece for piece, _ in pieces], reader.word_boxes(summary.source)))
        embeddings |= {piece.key: embedding for piece, embedding in pieces if embedding is not None}
    target.put_vectors(embeddings)
    target.put(record, cuts, {})


def _compared(original: Reader, copy: Reader) -> str:
    """Return the hash of all that both hold; raises IndexFailure where that is not the same."""
    if original.files() != copy.files() or original.documents() != copy.documents():
        raise IndexFailure("the copy holds other files or documents than the original: run it again")
    whole = hashlib.sha256()
    for summary in original.documents():
        one, other = (_digest(reader, summary.source) for reader in (original, copy))
        if one != other:
            raise IndexFailure(f"the copy of {summary.source} is not what was copied: run it again")
        whole.update(one)
    return whole.hexdigest()


def _digest(reader: Reader, source: str) -> bytes:
    """Return the hash of a document, the places of its words, its passages and all vectors."""
    document = reader.document(source)
    assert document is not None, "it was listed in this view"
    digest = hashlib.sha256(document.model_dump_json().encode() + reader.word_boxes(source))
    for piece, embedding in reader.pieces(source):
        digest.update(repr((piece.chunk, [tuple(span) for span in piece.sentences], piece.key)).encode())
        assert embedding is not None, "what is copied is embedded"
        digest.update(embedding.passage.astype("<f4").tobytes() + embedding.sentences.astype("<f2").tobytes())
    return digest.digest()
