"""Files → passages with what is to be embedded for each: parsed in processes of their own, cut in threads.

It does not know what becomes of the passages.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from itertools import islice
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

from rag.chunk import chunk_document
from rag.corpus import CorpusFile
from rag.embed import Embedder
from rag.errors import FileUnopened, ParseError
from rag.index import Cut, FileRecord, Piece, Text
from rag.languages import document_language
from rag.markdown_signs import without_signs
from rag.parse import fingerprint
from rag.parse.worker import Worker
from rag.processors import processor_count
from rag.sentences import Span, document_sentences
from rag.types import Chunk

_AHEAD = 2  # files a process: one is read, one waits for it
_WAITED_FOR = 0.2  # seconds between two calls of ``on_wait``

_Result = TypeVar("_Result")


class FilePassages(NamedTuple):
    """A file as it is to be recorded, its documents cut into passages, and what of them is to be embedded, by key.

    Of a file that could not be read there is nothing.
    """

    record: FileRecord
    cuts: list[Cut]
    texts: dict[str, Text]


def read_ahead(
    files: Sequence[CorpusFile],
    embedder: Embedder,
    chunk_tokens: int,
    on_file: Callable[[str], None],
    on_wait: Callable[[], None],
) -> Generator[FilePassages, None, None]:
    """Yield ``files`` in order, the next ones being read while one is worked on.

    ``on_file`` is told of each file before it is read, by the thread that reads it. ``on_wait`` is called again and
    again while a file is waited for. What either raises ends the reading.
    """
    count = min(len(files), processor_count())
    workers = [Worker() for _ in range(count)]
    idle = SimpleQueue[Worker]()

    def passages(file: CorpusFile) -> FilePassages:
        worker = idle.get()
        try:
            on_file(file.source)
            return _passages_of(file, worker, embedder, chunk_tokens)
        finally:
            idle.put(worker)

    with ExitStack() as started, ThreadPoolExecutor(count) as readers:
        for worker in workers:
            idle.put(started.enter_context(worker))
        rest = iter(files)
        coming = deque(readers.submit(passages, file) for file in islice(rest, count * _AHEAD))
        try:
            while coming:
                yield _waited_for(coming[0], on_wait)
                coming.popleft()
                coming.extend(readers.submit(passages, file) for file in islice(rest, 1))
        finally:
            begun = [future for future in coming if not future.cancel()]
            if not all(future.done() for future in begun):
                for worker in workers:  # one may be at a slow file, which nobody waits for any more
                    worker.kill()


def _waited_for(coming: Future[_Result], on_wait: Callable[[], None]) -> _Result:
    """Return what is coming; ``on_wait`` is called meanwhile."""
    while not wait([coming], timeout=_WAITED_FOR).done:
        on_wait()
    return coming.result()


def record_of(file: CorpusFile, sha256: str, reason: str | None = None, warning: str | None = None) -> FileRecord:
    """Return what the index notes of a file."""
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


def _passages_of(file: CorpusFile, worker: Worker, embedder: Embedder, chunk_tokens: int) -> FilePassages:
    try:
        return _read(file, worker, embedder, chunk_tokens)
    except FileUnopened as error:  # what keeps it from being read may pass without the file changing
        return FilePassages(record_of(file, "", str(error)).model_copy(update={"parser": ""}), [], {})
    except ParseError as error:
        return FilePassages(record_of(file, "", str(error)), [], {})


def _read(file: CorpusFile, worker: Worker, embedder: Embedder, chunk_tokens: int) -> FilePassages:
    if file.reason is not None:
        raise ParseError(file.reason)
    parsed = worker.parse(file.path, file.source)
    cuts, texts = [], {}
    for parsed_document in parsed.documents:
        document = parsed_document.model_copy(update={"language": document_language(parsed_document.text)})
        pieces, every = [], document_sentences(document)
        for chunk in chunk_document(document, embedder.token_spans, chunk_tokens):
            sentences = _clipped(every, chunk)
            context = _context(chunk, embedder, embedder.max_tokens - chunk_tokens)
            text = context + without_signs(chunk.text, document.source)
            # The sentences' vectors are kept with the text's, so where they begin and end is part of the key.
            key = hashlib.sha256(f"{sentences} {text}".encode("utf-8", "surrogatepass")).hexdigest()
            pieces.append(Piece(chunk, sentences, key))
            texts[key] = Text(text, [(len(context) + start, len(context) + end) for start, end in sentences])
        cuts.append(Cut(document, pieces, parsed.word_boxes.get(document.source, b"")))
    return FilePassages(record_of(file, parsed.sha256, warning=parsed.warning), cuts, texts)


def _clipped(sentences: Sequence[Span], chunk: Chunk) -> list[Span]:
    """Return the sentences of a document that stand in a chunk, or begin or end in it, as spans into its text."""
    first = bisect_right(sentences, chunk.start, key=lambda span: span[1])
    last = bisect_left(sentences, chunk.end, key=lambda span: span[0])
    inside = ((max(start, chunk.start), min(end, chunk.end)) for start, end in sentences[first:last])
    return [(start - chunk.start, end - chunk.start) for start, end in inside]


def _context(chunk: Chunk, embedder: Embedder, max_tokens: int) -> str:
    """Return what a passage is embedded under: as much as fits of its heading path and of what introduces it."""
    above = [*chunk.headings, *(one.text for one in chunk.introductions[:1] if one.is_apart)]
    for outermost in range(len(above)):
        context = "\n".join(above[outermost:]) + "\n"
        if len(embedder.token_spans(context)) <= max_tokens:
            return context
    return ""
