"""Corpus folder ⇄ index: what changed in the folder, and bringing the index level with it.

Files are told apart by content; size and times only spare reading a file again. Each file is one
transaction, so whatever stops a run, the index holds every file either as it was or as it is.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rag.changes import are_most, known_files, may_differ, sha256
from rag.corpus import CorpusFile, scan
from rag.embed import Embedder, Embedding
from rag.errors import IndexFailure, RemovalGuardError
from rag.index import BrokenOff, FileRecord, Index, Manifest, Work
from rag.languages import unspoken
from rag.parse import fingerprint
from rag.reading import FilePassages, read_ahead, record_of
from rag.sentences import Span
from rag.types import Value

_NAMED = 3  # of the documents that would be removed

# Seconds, more than a tick of the clock that file systems take their times from.
_CLOCK_TICK = 0.05
_LOOKED_AFTER = 0.3  # seconds, where another process embeds what is missing


class Failure(Value):
    """A file that could not be read, or not all of it, or not for certain, and why."""

    source: str
    reason: str


class SyncReport(Value):
    """What a run of ``sync`` did, in files: which, by source.

    ``warnings`` are files of which a part could not be read; ``waiting`` are those still being written;
    ``unspoken`` says which documents are in languages that the embedder does not speak, where any are;
    ``broken_off`` says what was killed before: a run, from where this one went on, or a rebuild, which was dropped.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[Failure, ...]
    warnings: tuple[Failure, ...]
    documents: int
    chunks: int
    seconds: float
    waiting: tuple[str, ...] = ()
    unspoken: str | None = None
    broken_off: BrokenOff | None = None

    @property
    def did_something(self) -> bool:
        """Whether a file was added, changed, renamed or removed."""
        return bool(self.added or self.changed or self.renamed or self.removed)


class Progress(Value):
    """How far a sync is: bytes of changed files that are done, of all; and the file in hand."""

    done: float
    total: float
    source: str


OnProgress = Callable[[Progress], None]


def sync(
    index: Index,
    corpus: Path,
    embedder: Embedder,
    chunk_tokens: int,
    on_progress: OnProgress = lambda _: None,
    *,
    rebuild: bool = False,
    still_for: float = 0,
    allow_removals: bool = False,
) -> SyncReport:
    """Bring ``index`` level with the files under ``corpus``, or ``rebuild`` it from nothing, and say what was done.

    Files written to within the last ``still_for`` seconds are left as they are, for a later run.

    Raises:
        UsageError: There is no such folder.
        RemovalGuardError: Most documents are gone from the folder, and it was not said that they may be removed.
        IndexMismatch: The index was built with another model or chunking.
        IndexLocked: Another process is writing to it.
    """
    started = time.perf_counter()
    with index.writing(rebuild=rebuild) as broken_off:
        files = {file.source: file for file in scan(corpus)}
        built = None if rebuild else index.manifest()
        known = known_files(index) if built is not None else {}
        if not allow_removals:
            _check_removals(_known_if_readable(index) if rebuild else known, files, corpus)
        candidates = [file for file in files.values() if may_differ(file, known.get(file.source))]
        waiting = {file.source for file in candidates if _is_written(file, still_for)}
        _let_the_clock_pass(candidates)
        changed = [
            file
            for file in candidates
            if file.source not in waiting and _is_changed(file, known.get(file.source), index)
        ]
        removed = sorted(known.keys() - files.keys())
        # The model is loaded only where there is something to embed: a run with nothing to do is quick.
        index.begin(_manifest(embedder, chunk_tokens, built))
        if changed:
            _put_all(changed, index, embedder, chunk_tokens, on_progress)
        for source in removed:
            index.remove(source)
        if changed or removed or broken_off or built is None or not index.is_published():
            index.publish()
        return _report(
            index,
            embedder,
            known,
            {file.source for file in changed},
            removed,
            waiting=tuple(sorted(waiting)),
            broken_off=broken_off,
            seconds=time.perf_counter() - started,
        )


def _known_if_readable(index: Index) -> dict[str, FileRecord]:
    """Return the files of an index, of one that cannot be read none: a rebuild takes its place."""
    try:
        return known_files(index)
    except IndexFailure:
        return {}


def _check_removals(known: Mapping[str, FileRecord], files: Mapping[str, CorpusFile], corpus: Path) -> None:
    """Raise RemovalGuardError where the folder holds less than half of the documents, under whatever name."""
    documents = {source: record for source, record in known.items() if record.reason is None}
    removed = [source for source in documents if source not in files]
    if not are_most(len(removed), len(documents)):
        return
    sizes = {documents[source].size for source in removed}
    moved = {sha256(file.path) for file in files.values() if file.source not in known and file.size in sizes}
    lost = sorted(source for source in removed if documents[source].sha256 not in moved)
    if are_most(len(lost), len(documents)):
        named = ", ".join(lost[:_NAMED]) + " …" * (len(lost) > _NAMED)
        raise RemovalGuardError(
            f"{len(lost)} of {len(documents)} documents are not in {corpus} any more ({named}): see that it is the"
            " right folder and its disk is there, or remove them with `rag index --allow-removals`",
            len(lost),
        )


def _manifest(embedder: Embedder, chunk_tokens: int, found: Manifest | None) -> Manifest:
    """Return what this run builds with; the model is asked only for what the index does not tell."""
    same_model = found is not None and found.fingerprint == embedder.fingerprint
    return Manifest(
        embedder=embedder.name,
        fingerprint=embedder.fingerprint,
        dimension=found.dimension if found is not None and same_model else embedder.dimension,
        chunk_tokens=chunk_tokens,
    )


def _is_written(file: CorpusFile, still_for: float) -> bool:
    """Whether a file was written to just now, so that more may be to come."""
    # Not by ctime: a new name is nothing half done, and is told from a deletion only if both are seen at once.
    age = time.time() - file.mtime_ns / 1e9
    return 0 <= age < still_for  # a time still to come says nothing


def _let_the_clock_pass(files: Sequence[CorpusFile]) -> None:
    """Wait until what is written from now on bears another time than ``files`` do.

    A file written twice within one tick of its file system's clock looks the same both times.
    """
    newest = max((file.ctime_ns for file in files), default=0)
    if 0 <= time.time_ns() - newest < _CLOCK_TICK * 1e9:
        time.sleep(_CLOCK_TICK)


def _is_changed(file: CorpusFile, record: FileRecord | None, index: Index) -> bool:
    """Whether the index does not hold the file's content; notes new times of the same content."""
    if record is None or record.reason is not None or file.reason is not None or record.parser != fingerprint():
        return True
    same = sha256(file.path) == record.sha256  # one that cannot be read is read again, which will say why
    if same:
        index.touch(record_of(file, record.sha256, record.reason, record.warning))
    return not same


class _Told:
    """How far a run is, in bytes, as told by the thread that reads and by the one that embeds."""

    def __init__(self, on_progress: OnProgress, total: int) -> None:
        self._on_progress = on_progress
        self._total = total
        self._done = self._others = 0.0
        self._source = ""
        self._one_tells = threading.Lock()

    def tell(self, *, done: float = 0, others: float = 0, source: str | None = None) -> None:
        """Tell how far the run is, or the same again, to whoever may want to stop it.

        ``done`` are the bytes embedded since, ``others`` all that other processes have written of the same run, and
        ``source`` is the file in hand from now on.
        """
        with self._one_tells:
            self._done += done
            self._others = max(self._others, others)
            self._source = self._source if source is None else source
            all_done = min(self._done + self._others, self._total)
            self._on_progress(Progress(done=all_done, total=self._total, source=self._source))

    def end(self) -> None:
        """Tell that all is done, whatever the shares added up to."""
        self.tell(done=self._total, source="")


def _put_all(
    files: Sequence[CorpusFile], index: Index, embedder: Embedder, chunk_tokens: int, on_progress: OnProgress
) -> None:
    """Read, cut, embed and write ``files``, the passages of many at a time."""
    told = _Told(on_progress, sum(file.size for file in files))
    by_source = {file.source: file for file in files}
    read_by = fingerprint()
    work = [Work(file.source, f"{file.size} {file.mtime_ns} {read_by}", file.size) for file in files]
    for sources in index.share(work, lambda size: told.tell(others=size)):
        shared = (by_source[source] for source in sources)
        reading = read_ahead(shared, embedder, chunk_tokens, lambda source: told.tell(source=source), told.tell)
        with closing(reading) as groups:
            for group in groups:
                _put(group, index, embedder, told)
    told.end()


def _put(group: Sequence[FilePassages], index: Index, embedder: Embedder, told: _Told) -> None:
    """Embed what was never embedded before, then write each file in a transaction of its own.

    A file with passages that another process embeds at this moment is written when that is done.
    """
    waiting, embeddings = list(group), dict[str, Embedding]()
    while waiting:
        texts = {key: text for file in waiting for key, text in file.texts.items()}
        others = index.reserve(list(texts), {key: embeddings[key] for key in texts if key in embeddings})
        known = index.known(list(texts))
        others -= known
        missing = {key: text for key, text in texts.items() if key not in known and key not in others}
        ready = [file for file in waiting if others.isdisjoint(file.texts)]
        waiting = [file for file in waiting if not others.isdisjoint(file.texts)]
        embeddings |= _embedded(missing, embedder, told, sum(file.record.size for file in ready))
        for file in ready:
            index.put(file.record, file.cuts, {key: embeddings[key] for key in file.texts if key in embeddings})
        if waiting and not missing:
            time.sleep(_LOOKED_AFTER)


def _embedded(
    missing: Mapping[str, tuple[str, Sequence[Span]]], embedder: Embedder, told: _Told, size: int
) -> dict[str, Embedding]:
    """Embed texts, and tell of the bytes that they are of."""
    if not missing:
        told.tell(done=size)
        return {}
    rows = embedder.embed(
        [text for text, _ in missing.values()],
        [spans for _, spans in missing.values()],
        lambda count: told.tell(done=size * count / len(missing)),
    )
    return dict(zip(missing, rows, strict=True))


def _report(
    index: Index,
    embedder: Embedder,
    known: Mapping[str, FileRecord],
    touched: set[str],
    removed: Sequence[str],
    *,
    waiting: tuple[str, ...],
    broken_off: BrokenOff | None,
    seconds: float,
) -> SyncReport:
    with index.reading() as reader:
        files, documents, chunks = reader.files(), reader.documents(), len(reader)
    readable = {source: record.sha256 for source, record in files.items() if record.reason is None}
    gone: dict[str, list[str]] = defaultdict(list)
    for source in reversed(removed):
        if known[source].reason is None:
            gone[known[source].sha256].append(source)
    before = {source for source, record in known.items() if record.reason is None}
    added = [source for source in sorted(touched & readable.keys()) if source not in before]
    renamed = {source: gone[readable[source]].pop() for source in added if gone[readable[source]]}
    return SyncReport(
        added=tuple(source for source in added if source not in renamed),
        changed=tuple(sorted(touched & readable.keys() & before)),
        renamed=tuple((old, new) for new, old in renamed.items()),
        removed=tuple(source for source in removed if source not in renamed.values()),
        unchanged=len(readable.keys() - touched),
        failed=tuple(Failure(source=s, reason=r.reason) for s, r in sorted(files.items()) if r.reason is not None),
        warnings=tuple(Failure(source=s, reason=r.warning) for s, r in sorted(files.items()) if r.warning is not None),
        documents=len(documents),
        chunks=chunks,
        seconds=seconds,
        waiting=waiting,
        unspoken=unspoken((document.language for document in documents), embedder.languages, embedder.name),
        broken_off=broken_off,
    )
