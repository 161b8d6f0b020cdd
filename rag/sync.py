"""Corpus folder ⇄ index: what changed in the folder, and bringing the index level with it.

Files are told apart by content; size and times only spare reading a file again. First all that changed is parsed, a
file a transaction, and can be found by its words; then what has no vector yet is embedded, some texts a transaction.
Meanwhile the folder is looked at again and again, so that a small file need not wait for a large one. Whatever stops a
run, the index holds every file either as it was or as it is.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from itertools import islice
from pathlib import Path
from typing import Literal

from rag.changes import Changes, are_most, changes, known_files, may_differ, sha256
from rag.corpus import CorpusFile, scan
from rag.embed import Embedder
from rag.errors import IndexFailure, RemovalGuardError
from rag.index import BrokenOff, FileRecord, Index, Manifest, SharedIndex
from rag.languages import unspoken
from rag.parse import fingerprint
from rag.reading import read_ahead, record_of
from rag.types import Value

_NAMED = 3  # of the documents that would be removed

# Seconds, more than a tick of the clock that file systems take their times from.
_CLOCK_TICK = 0.05
_TAKEN = 256  # texts that are sorted by length before they are embedded, but for those that come first
_EMBEDDED = 32  # texts that are embedded at a time, in about a second
# Seconds between two looks at the folder, while there is something to embed: at least, and times as long as one takes.
_LOOKED_AFTER, _LOOK_SHARE = 0.4, 20
_WAITED_FOR = 0.3  # seconds, where other processes have the rest in hand


class Failure(Value):
    """A file that could not be read, or not all of it, or not for certain, and why."""

    source: str
    reason: str


class SyncReport(Value):
    """What a run of ``sync`` did, in files: which, by source.

    ``warnings`` are files of which a part could not be read; ``waiting`` are those still being written;
    ``unspoken`` says which documents are in languages that the embedder does not speak, where any are;
    ``broken_off`` says what was killed before: a run, from where this one went on, or a rebuild, which was dropped;
    ``embedded`` is the share (0–1) of the passages that have vectors, ``made`` how many were embedded.
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
    embedded: float = 1.0
    made: int = 0

    @property
    def did_something(self) -> bool:
        """Whether a file was added, changed, renamed or removed."""
        return bool(self.added or self.changed or self.renamed or self.removed)


class Progress(Value):
    """How far a sync is: bytes of changed files that are parsed, or texts that are embedded, of all.

    ``source`` is the file that is parsed.
    """

    phase: Literal["parsing", "embedding"] = "parsing"
    done: float
    total: float
    source: str = ""


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
    embed_for: float | None = None,
    again: set[str] | None = None,
) -> SyncReport:
    """Bring ``index`` level with the files under ``corpus``, or ``rebuild`` it from nothing, and say what was done.

    Files written to within the last ``still_for`` seconds are left as they are, for a later run. It is embedded for
    ``embed_for`` seconds at most, where that is given; what is left, the next run goes on with. Files ``again`` are
    read though they have not changed, and taken from the set when they are; others may be put into it meanwhile.

    Raises:
        UsageError: There is no such folder.
        RemovalGuardError: Most documents are gone from the folder, and it was not said that they may be removed.
        IndexMismatch: The index was built with another model or chunking.
        IndexLocked: Another process is writing to it.
    """
    started = time.perf_counter()
    with index.writing(rebuild=rebuild) as broken_off:
        run = _Run(
            index, corpus, embedder, chunk_tokens, on_progress, still_for, allow_removals, again, rebuild=rebuild
        )
        run.go(embed_for)
        if run.did_something or broken_off or not index.is_published():
            index.publish()
        return run.report(broken_off, time.perf_counter() - started)


class _Run:
    """One sync: what it saw and did so far. See ``sync``."""

    def __init__(
        self,
        index: Index,
        corpus: Path,
        embedder: Embedder,
        chunk_tokens: int,
        on_progress: OnProgress,
        still_for: float,
        allow_removals: bool,
        again: set[str] | None,
        *,
        rebuild: bool,
    ) -> None:
        self._index = index
        self._corpus = corpus
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens
        self._on_progress = on_progress
        self._still_for = still_for
        self._allow_removals = allow_removals
        self._again = again if again is not None else set()
        self._rebuild = rebuild
        built = None if rebuild else index.manifest()
        self._known = known_files(index) if built is not None else {}  # before this run
        self._touched: set[str] = set()
        self._removed: set[str] = set()
        self._waiting: tuple[str, ...] = ()
        self._left: Changes | None = None  # what still seemed to differ when all was parsed, such as a locked file
        self._made = 0  # vectors
        # The model is loaded only where there is something to embed: a run with nothing to do is quick.
        self._manifest = _manifest(embedder, chunk_tokens, built)
        self._was_built = built is not None

    @property
    def did_something(self) -> bool:
        return bool(self._touched or self._removed or self._made or not self._was_built)

    def go(self, embed_for: float | None) -> None:
        """Parse what changed, then embed what has no vector, and parse again where the folder changes meanwhile."""
        is_parsed, embedding = self._parse_if_free(), self._embed()
        looked, pause = time.monotonic(), _LOOKED_AFTER
        until = looked + embed_for if embed_for is not None else None
        while until is None or time.monotonic() < until:
            if next(embedding, None) is None:
                if is_parsed and not self._is_shared_work():
                    return
                time.sleep(_WAITED_FOR)
                embedding = self._embed()
            if is_parsed and (now := time.monotonic()) - looked > pause:
                is_parsed, looked = not self._differs(), time.monotonic()
                pause = max(_LOOKED_AFTER, _LOOK_SHARE * (looked - now))
            if not is_parsed:
                is_parsed, embedding = self._parse_if_free(), self._embed()

    def _differs(self) -> bool:
        """Whether the folder is another than when it was parsed; while an index is rebuilt, it is not looked at."""
        if self._rebuild:
            return False
        return bool(self._waiting or self._again) or changes(self._index, self._corpus) != self._left

    def _is_shared_work(self) -> bool:
        """Whether other processes have texts in hand that this run waits for."""
        return isinstance(self._index, SharedIndex) and self._index.unembedded_count() > 0

    def _parse_if_free(self) -> bool:
        """Bring the words of the index level with the folder; return False where another process is at it."""
        index = self._index
        with index.putting() if isinstance(index, SharedIndex) else nullcontext(True) as is_free:
            if is_free:
                self._parse()
            return is_free

    def _parse(self) -> None:
        index = self._index
        files = {file.source: file for file in scan(self._corpus)}
        is_first = not self._touched and not self._removed
        known = self._known if is_first else known_files(index)
        if not self._allow_removals:
            _check_removals(_known_if_readable(index) if self._rebuild and is_first else known, files, self._corpus)
        again = frozenset(self._again)
        candidates = [
            file for file in files.values() if file.source in again or may_differ(file, known.get(file.source))
        ]
        waiting = {file.source for file in candidates if _is_written(file, self._still_for)}
        _let_the_clock_pass(candidates)
        changed = [
            file
            for file in candidates
            if file.source not in waiting and (file.source in again or _is_changed(file, known.get(file.source), index))
        ]
        removed = sorted(known.keys() - files.keys())
        index.begin(self._manifest)
        if changed:
            self._put_all(changed)
        for source in removed:
            index.remove(source)
        self._again -= again - waiting  # also of what is gone
        self._waiting = tuple(sorted(waiting))
        self._touched |= {file.source for file in changed}
        self._removed = (self._removed | set(removed)) - files.keys()
        self._left = None if self._rebuild else changes(index, self._corpus)

    def _put_all(self, files: Sequence[CorpusFile]) -> None:
        """Parse ``files``, and put each with its words."""
        told = _Told(self._on_progress, sum(file.size for file in files))
        reading = read_ahead(files, self._embedder, self._chunk_tokens, lambda name: told.tell(source=name), told.tell)
        with closing(reading) as parsed:
            for file in parsed:
                self._index.put(file.record, file.cuts, file.texts)
                told.tell(done=file.record.size)
        told.end()

    def _embed(self) -> Iterator[int]:
        """Embed what has no vector yet, and yield how many texts are done, some at a time."""
        while texts := self._index.take(_TAKEN):
            left = self._index.unembedded_count()
            first, rest = list(texts.items())[:_EMBEDDED], list(texts.items())[_EMBEDDED:]
            in_order = iter(first + sorted(rest, key=lambda item: -len(item[1].text)))
            while some := dict(islice(in_order, _EMBEDDED)):
                made = self._embedder.embed(
                    [one.text for one in some.values()], [one.sentences for one in some.values()]
                )
                self._index.put_vectors(dict(zip(some, made, strict=True)))
                self._made += len(some)
                left -= len(some)
                self._on_progress(Progress(phase="embedding", done=self._made, total=self._made + max(0, left)))
                yield self._made

    def report(self, broken_off: BrokenOff | None, seconds: float) -> SyncReport:
        """Return what was done."""
        with self._index.reading() as reader:
            files, documents, chunks, embedded = reader.files(), reader.documents(), len(reader), reader.embedded()
        known, touched, removed = self._known, self._touched, sorted(self._removed & self._known.keys())
        readable = {source: record.sha256 for source, record in files.items() if record.reason is None}
        gone: dict[str, list[str]] = defaultdict(list)
        for source in reversed(removed):
            if known[source].reason is None:
                gone[known[source].sha256].append(source)
        before = {source for source, record in known.items() if record.reason is None}
        added = [source for source in sorted(touched & readable.keys()) if source not in before]
        renamed = {source: gone[readable[source]].pop() for source in added if gone[readable[source]]}
        languages = (document.language for document in documents)
        return SyncReport(
            added=tuple(source for source in added if source not in renamed),
            changed=tuple(sorted(touched & readable.keys() & before)),
            renamed=tuple((old, new) for new, old in renamed.items()),
            removed=tuple(source for source in removed if source not in renamed.values()),
            unchanged=len(readable.keys() - touched),
            failed=_noted(files, "reason"),
            warnings=_noted(files, "warning"),
            documents=len(documents),
            chunks=chunks,
            seconds=seconds,
            waiting=self._waiting,
            unspoken=unspoken(languages, self._embedder.languages, self._embedder.name),
            broken_off=broken_off,
            embedded=embedded,
            made=self._made,
        )


def _noted(files: Mapping[str, FileRecord], field: Literal["reason", "warning"]) -> tuple[Failure, ...]:
    """Return what is noted of files, by source."""
    found = ((source, getattr(record, field)) for source, record in sorted(files.items()))
    return tuple(Failure(source=source, reason=said) for source, said in found if said is not None)


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
    """How many bytes of the changed files are parsed, as told by the thread that reads and by the one that writes."""

    def __init__(self, on_progress: OnProgress, total: int) -> None:
        self._on_progress = on_progress
        self._total = total
        self._done = 0.0
        self._source = ""
        self._one_tells = threading.Lock()

    def tell(self, *, done: float = 0, source: str | None = None) -> None:
        """Tell how far the run is, or the same again, to whoever may want to stop it.

        ``done`` are the bytes parsed since, ``source`` is the file in hand from now on.
        """
        with self._one_tells:
            self._done += done
            self._source = self._source if source is None else source
            self._on_progress(Progress(done=min(self._done, self._total), total=self._total, source=self._source))

    def end(self) -> None:
        """Tell that all is done, whatever the shares added up to."""
        self.tell(done=self._total, source="")
