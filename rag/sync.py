"""Corpus folder ⇄ index: what changed in the folder, and bringing the index level with it.

Files are told apart by content; size and times only spare reading a file again. Each file is one
transaction, so whatever stops a run, the index holds every file either as it was or as it is.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.chunk import chunk_document
from rag.corpus import CorpusFile, scan
from rag.embed import Embedder
from rag.errors import FileUnopened, ParseError
from rag.index import BrokenOff, Cut, FileRecord, Index, Manifest, Piece
from rag.languages import document_language, unspoken
from rag.parse import fingerprint
from rag.parse.worker import Worker
from rag.sentences import Span, sentence_spans
from rag.types import Freshness, Value

# Passages are embedded together across documents: many small files make full batches.
_PASSAGES_AT_ONCE = 1024
# Seconds, more than a tick of the clock that file systems take their times from.
_CLOCK_TICK = 0.05


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
) -> SyncReport:
    """Bring ``index`` level with the files under ``corpus``, or ``rebuild`` it from nothing, and say what was done.

    Files written to within the last ``still_for`` seconds are left as they are, for a later run.

    Raises:
        UsageError: There is no such folder.
        IndexMismatch: The index was built with another model or chunking.
        IndexLocked: Another process is writing to it.
    """
    started = time.perf_counter()
    with index.writing(rebuild=rebuild) as broken_off:
        files = {file.source: file for file in scan(corpus)}
        built = None if rebuild else index.manifest()
        known = _known(index) if built is not None else {}
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


def freshness(index: Index, corpus: Path) -> Freshness:
    """Return how many files a sync would touch, judged by size and times alone."""
    files = {file.source: file for file in scan(corpus)}
    known = _known(index)
    return Freshness(
        added=len(files.keys() - known.keys()),
        changed=sum(may_differ(file, known[source]) for source, file in files.items() if source in known),
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


def may_differ(file: CorpusFile, record: FileRecord | None) -> bool:
    """Whether a file may be another than the index has seen, or read by other parsers."""
    if record is None or record.parser != fingerprint():
        return True
    times = (file.size, file.mtime_ns, file.ctime_ns)
    return times != (record.size, record.mtime_ns, record.ctime_ns) or file.reason not in (None, record.reason)


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
    try:
        with file.path.open("rb") as opened:
            same = hashlib.file_digest(opened, "sha256").hexdigest() == record.sha256
    except OSError:
        return True  # and reading it will say why it cannot be read
    if same:
        index.touch(_record(file, record.sha256, record.reason, record.warning))
    return not same


def _record(file: CorpusFile, sha256: str, reason: str | None = None, warning: str | None = None) -> FileRecord:
    return FileRecord(
        source=file.source,
        sha256=sha256,
        size=file.size,
        mtime_ns=file.mtime_ns,
        ctime_ns=file.ctime_ns,
        parser=fingerprint(),
        reason=file.reason or reason,
        warning=warning,
    )


class _Waiting(NamedTuple):
    """A file whose passages wait to be embedded, together with those of other files."""

    record: FileRecord
    cuts: list[Cut]
    texts: dict[str, tuple[str, list[Span]]]  # key → the text to embed and its sentences


def _put_all(
    files: Sequence[CorpusFile], index: Index, embedder: Embedder, chunk_tokens: int, on_progress: OnProgress
) -> None:
    """Read, cut, embed and write ``files``, the passages of many at a time."""
    total = sum(file.size for file in files)
    done = 0
    waiting: list[_Waiting] = []
    with Worker() as worker:
        for file in files:
            on_progress(Progress(done=done, total=total, source=file.source))
            try:
                waiting.append(_read(file, worker, embedder, chunk_tokens))
            except FileUnopened as error:  # what keeps it from being read may pass without the file changing
                index.put(_record(file, "", str(error)).model_copy(update={"parser": ""}), [], {})
            except ParseError as error:
                index.put(_record(file, "", str(error)), [], {})
            if file is files[-1] or sum(len(item.texts) for item in waiting) >= _PASSAGES_AT_ONCE:
                size = sum(item.record.size for item in waiting)
                _flush(waiting, index, embedder, _within(on_progress, done, size, total))
                waiting.clear()
                done += size
    on_progress(Progress(done=total, total=total, source=""))


def _within(on_progress: OnProgress, done: float, size: float, total: float) -> Callable[[float, str], None]:
    """Return a function that tells ``on_progress`` of a part of the work, as a share of it."""
    return lambda share, source: on_progress(Progress(done=done + share * size, total=total, source=source))


def _read(file: CorpusFile, worker: Worker, embedder: Embedder, chunk_tokens: int) -> _Waiting:
    if file.reason is not None:
        raise ParseError(file.reason)
    parsed = worker.parse(file.path, file.source)
    cuts, texts = [], {}
    for parsed_document in parsed.documents:
        document = parsed_document.model_copy(update={"language": document_language(parsed_document.text)})
        pieces = []
        for chunk in chunk_document(document, embedder.token_spans, chunk_tokens):
            sentences = sentence_spans(chunk.text)
            context = _context(chunk.headings, embedder, embedder.max_tokens - chunk_tokens)
            text = context + chunk.text
            # The sentences' vectors are kept with the text's, so where they begin and end is part of the key.
            key = hashlib.sha256(f"{sentences} {text}".encode("utf-8", "surrogatepass")).hexdigest()
            pieces.append(Piece(chunk, sentences, key))
            texts[key] = text, [(len(context) + start, len(context) + end) for start, end in sentences]
        cuts.append(Cut(document, pieces))
    return _Waiting(_record(file, parsed.documents[0].sha256, warning=parsed.warning), cuts, texts)


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
    """Embed what was never embedded before, then write each file in a transaction of its own."""
    texts = {key: text for item in waiting for key, text in item.texts.items()}
    known = index.known(list(texts))
    missing = [key for key in texts if key not in known]
    embedded = 0

    def on_batch(count: int) -> None:
        nonlocal embedded
        embedded += count
        on_share(embedded / len(missing), waiting[0].record.source)

    rows = embedder.embed([texts[key][0] for key in missing], [texts[key][1] for key in missing], on_batch)
    embeddings = dict(zip(missing, rows, strict=True))
    for item in waiting:
        index.put(item.record, item.cuts, {key: embeddings[key] for key in item.texts if key in embeddings})


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
