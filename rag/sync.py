"""Corpus folder ⇄ index: what changed in the folder, and bringing the index level with it.

Files are told apart by content; size and time only spare reading a file again. Each document is one
transaction, so whatever stops a run, the index holds every document either as it was or as it is.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rag.chunk import chunk_document
from rag.embed import Embedder
from rag.errors import ParseError, UsageError
from rag.index import FileRecord, Index, Manifest, Piece
from rag.parse import parse
from rag.sentences import Span, sentence_spans
from rag.types import Document, Freshness, Value

# Passages are embedded together across documents: many small files make full batches.
_PASSAGES_AT_ONCE = 1024

log = logging.getLogger(__name__)


class Failure(Value):
    """A file that could not be read, and why."""

    source: str
    reason: str


class SyncReport(Value):
    """What a run of ``sync`` did."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[Failure, ...]
    documents: int
    chunks: int
    seconds: float


class Progress(Value):
    """How far a sync is: bytes of changed files that are done, of all; and the file in hand."""

    done: float
    total: float
    source: str


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class _File:
    """A file in the folder, as seen without reading it."""

    source: str
    path: Path
    size: int
    mtime_ns: int


def sync(
    index: Index,
    corpus: Path,
    embedder: Embedder,
    chunk_tokens: int,
    on_progress: OnProgress = lambda _: None,
    *,
    rebuild: bool = False,
) -> SyncReport:
    """Bring ``index`` level with the files under ``corpus``, or ``rebuild`` it from nothing, and say what was done.

    Raises:
        UsageError: There is no such folder.
        IndexMismatch: The index was built with another model or chunking.
        IndexLocked: Another process is writing to it.
    """
    started = time.perf_counter()
    files = {file.source: file for file in scan(corpus)}
    with index.writing(rebuild=rebuild):
        built = None if rebuild else index.manifest()
        known = _known(index) if built is not None else {}
        changed = [file for file in files.values() if _is_changed(file, known.get(file.source), index)]
        removed = sorted(known.keys() - files.keys())
        # The model is loaded only where there is something to embed: a run with nothing to do is quick.
        index.begin(_manifest(embedder, chunk_tokens, built))
        if changed:
            _put_all(changed, index, embedder, chunk_tokens, on_progress)
        for source in removed:
            index.remove(source)
        if changed or removed or built is None:
            index.publish()
    return _report(index, known, {file.source for file in changed}, removed, time.perf_counter() - started)


def scan(corpus: Path) -> Iterator[_File]:
    """Yield the files under ``corpus``, ordered by name; hidden ones and links are passed over."""
    if not corpus.is_dir():
        raise UsageError(f"there is no folder {corpus}: make it and put documents in, or name another with --corpus")
    for folder, folders, names in os.walk(corpus):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            stat = path.stat()
            # A name that is not UTF-8 is told with its odd bytes escaped.
            source = os.fsencode(path.relative_to(corpus).as_posix()).decode("utf-8", "backslashreplace")
            yield _File(source, path, stat.st_size, stat.st_mtime_ns)


def freshness(index: Index, corpus: Path) -> Freshness:
    """Return how many files a sync would touch, judged by size and time alone."""
    files = {file.source: file for file in scan(corpus)}
    known = _known(index)
    return Freshness(
        added=len(files.keys() - known.keys()),
        changed=sum(not _same_stat(file, known[source]) for source, file in files.items() if source in known),
        removed=len(known.keys() - files.keys()),
    )


def _known(index: Index) -> dict[str, FileRecord]:
    with index.reading() as reader:
        return reader.files()


def _manifest(embedder: Embedder, chunk_tokens: int, found: Manifest | None) -> Manifest:
    """Return what this run builds with; the model is asked only for what the index does not tell."""
    same_model = found is not None and found.fingerprint == embedder.fingerprint
    return Manifest(
        embedder=embedder.name,
        fingerprint=embedder.fingerprint,
        dimension=found.dimension if found is not None and same_model else embedder.dimension,
        chunk_tokens=chunk_tokens,
    )


def _is_changed(file: _File, record: FileRecord | None, index: Index) -> bool:
    """Whether the index does not hold the file's content; notes a new time of the same content."""
    if record is None:
        return True
    if _same_stat(file, record):
        return False
    try:
        with file.path.open("rb") as opened:
            same = hashlib.file_digest(opened, "sha256").hexdigest() == record.sha256
    except OSError:
        return True  # and reading it will say why it cannot be read
    if not same:
        return True
    index.touch(_record(file, record.sha256, record.reason))
    return False


def _same_stat(file: _File, record: FileRecord) -> bool:
    return (file.size, file.mtime_ns) == (record.size, record.mtime_ns)


def _record(file: _File, sha256: str, reason: str | None = None) -> FileRecord:
    return FileRecord(source=file.source, sha256=sha256, size=file.size, mtime_ns=file.mtime_ns, reason=reason)


class _Waiting(NamedTuple):
    """A document whose passages wait to be embedded, together with those of other documents."""

    record: FileRecord
    document: Document
    pieces: list[Piece]
    texts: dict[str, tuple[str, list[Span]]]  # key → the text to embed and its sentences


def _put_all(
    files: Sequence[_File], index: Index, embedder: Embedder, chunk_tokens: int, on_progress: OnProgress
) -> None:
    """Read, cut, embed and write ``files``, the passages of many documents at a time."""
    total = sum(file.size for file in files)
    done = 0
    waiting: list[_Waiting] = []
    for file in files:
        on_progress(Progress(done=done, total=total, source=file.source))
        try:
            waiting.append(_read(file, embedder, chunk_tokens))
        except (ParseError, OSError) as error:
            reason = str(error) if isinstance(error, ParseError) else f"cannot be read: {error.strerror}"
            index.put_unreadable(_record(file, "", reason))
        if file is files[-1] or sum(len(item.pieces) for item in waiting) >= _PASSAGES_AT_ONCE:
            size = sum(item.record.size for item in waiting)
            _flush(waiting, index, embedder, _within(on_progress, done, size, total))
            waiting.clear()
            done += size
    on_progress(Progress(done=total, total=total, source=""))


def _within(on_progress: OnProgress, done: float, size: float, total: float) -> Callable[[float, str], None]:
    """Return a function that tells ``on_progress`` of a part of the work, as a share of it."""
    return lambda share, source: on_progress(Progress(done=done + share * size, total=total, source=source))


def _read(file: _File, embedder: Embedder, chunk_tokens: int) -> _Waiting:
    document = parse(file.path.read_bytes(), file.source)
    pieces, texts = [], {}
    for chunk in chunk_document(document, embedder.token_spans, chunk_tokens):
        sentences = sentence_spans(chunk.text)
        context = _context(chunk.headings, embedder, embedder.max_tokens - chunk_tokens)
        text = context + chunk.text
        # The sentences' vectors are kept with the text's, so where they begin and end is part of the key.
        key = hashlib.sha256(f"{sentences} {text}".encode("utf-8", "surrogatepass")).hexdigest()
        pieces.append(Piece(chunk, sentences, key))
        texts[key] = text, [(len(context) + start, len(context) + end) for start, end in sentences]
    return _Waiting(_record(file, document.sha256), document, pieces, texts)


def _context(headings: Sequence[str], embedder: Embedder, max_tokens: int) -> str:
    """Return what a passage is embedded under: as much of its heading path, innermost last, as fits."""
    for outermost in range(len(headings)):
        context = "\n".join(headings[outermost:]) + "\n"
        if len(embedder.token_spans(context)) <= max_tokens:
            return context
    return ""


def _flush(
    waiting: Sequence[_Waiting], index: Index, embedder: Embedder, on_share: Callable[[float, str], None]
) -> None:
    """Embed what was never embedded before, then write each document in a transaction of its own."""
    texts = {key: text for item in waiting for key, text in item.texts.items()}
    known = index.known(list(texts))
    missing = [key for key in texts if key not in known]
    embedded = 0

    def on_batch(count: int) -> None:
        nonlocal embedded
        embedded += count
        on_share(embedded / len(missing), waiting[0].document.source)

    rows = embedder.embed([texts[key][0] for key in missing], [texts[key][1] for key in missing], on_batch)
    embeddings = dict(zip(missing, rows, strict=True))
    for item in waiting:
        index.put(item.record, item.document, item.pieces, {k: embeddings[k] for k in item.texts if k in embeddings})


def _report(
    index: Index, known: Mapping[str, FileRecord], touched: set[str], removed: Sequence[str], seconds: float
) -> SyncReport:
    with index.reading() as reader:
        files, documents, chunks = reader.files(), reader.documents(), len(reader)
    readable = {source: record.sha256 for source, record in files.items() if record.reason is None}
    gone = {known[source].sha256: source for source in removed if known[source].reason is None}
    added = [source for source in sorted(touched & readable.keys()) if source not in known]
    renamed = {source: gone.pop(readable[source]) for source in added if readable[source] in gone}
    return SyncReport(
        added=tuple(source for source in added if source not in renamed),
        changed=tuple(sorted(touched & readable.keys() & known.keys())),
        renamed=tuple((old, new) for new, old in renamed.items()),
        removed=tuple(source for source in removed if source not in renamed.values()),
        unchanged=len(readable.keys() - touched),
        failed=tuple(Failure(source=s, reason=r.reason) for s, r in sorted(files.items()) if r.reason is not None),
        documents=len(documents),
        chunks=chunks,
        seconds=seconds,
    )
