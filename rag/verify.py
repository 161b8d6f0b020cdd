"""Checks quotations against the documents as they are now, read anew from the folder.

Does not ask the index what a document says, only where else words might stand by now.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from pydantic import ConfigDict, Field

from rag.changes import may_differ
from rag.corpus import scan
from rag.errors import ParseError, UsageError
from rag.index import Reader
from rag.library import corpus_file
from rag.parse.worker import Worker
from rag.sync import OnProgress, Progress
from rag.types import Citation, Document, Excerpt, Standing, Value

_FILES_KEPT = 16


class Quotation(Value):
    """Words said to stand at a place: those of a citation, which has a number, or of a passage of the index.

    Those of a citation may be said to stand in an excerpt; that is checked with them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # a saved citation tells more

    n: int | None = None
    source: str
    start: int = Field(ge=0)
    end: int
    quote: str = Field(min_length=1)
    sha256: str = ""
    excerpt: Excerpt | None = None

    @property
    def around(self) -> tuple[str, str]:
        """The words of the excerpt before and after the quotation."""
        if self.excerpt is None:
            return "", ""
        text, start = self.excerpt.text, self.excerpt.start
        return text[: self.start - start], text[self.end - start :]

    def stands_in(self, text: str) -> bool:
        """Whether its words stand in ``text`` at their place, and its excerpt, around them, at its own."""
        if text[self.start : self.end] != self.quote:
            return False
        shown = self.excerpt
        return shown is None or (
            0 <= shown.start <= self.start and self.end <= shown.end and text[shown.start : shown.end] == shown.text
        )


class Place(Value):
    """Where words stand: ``text[start:end]`` of the document at ``source``."""

    source: str
    start: int
    end: int


class Check(Value):
    """A quotation and what became of it.

    ``intact``: its words stand at its place. ``moved``: they stand elsewhere, at ``now``. ``changed``: the
    document is there, without them. ``gone``: so is the document. The words of an excerpt count with those of its
    quotation; where the quotation alone still stands, that is ``changed``, and ``now`` is where.
    """

    quotation: Quotation
    state: Standing
    now: Place | None = None


class Verification(Value):
    """How many quotations are in which state; those checked, or of a whole index those not intact; its faults."""

    intact: int
    moved: int
    changed: int
    gone: int
    checks: tuple[Check, ...]
    faults: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all is as it was."""
        return not (self.moved or self.changed or self.gone or self.faults)


def verify_quotations(quotations: Sequence[Quotation], reader: Reader, corpus: Path) -> Verification:
    """Check quotations, such as the citations of a saved answer; each is in the result."""
    with Worker() as worker:
        folder = _Folder(corpus, reader, worker)
        checks = [_check_at_its_place(quotation, folder) for quotation in quotations]
        checks = _look_elsewhere(checks, folder.all_documents)
    return _verification(Counter(check.state for check in checks), checks)


def verify_index(reader: Reader, corpus: Path, faults: Sequence[str], on_progress: OnProgress) -> Verification:
    """Check every passage of an index; only those that are not intact are in the result."""
    found: list[Check] = []
    intact = done = 0
    summaries = reader.documents()
    total = sum(summary.characters for summary in summaries)
    with Worker() as worker:
        folder = _Folder(corpus, reader, worker)
        for summary in summaries:
            on_progress(Progress(done=done, total=total, source=summary.source))
            for chunk in reader.chunks(summary.source):
                passage = Quotation(
                    source=summary.source, start=chunk.start, end=chunk.end, quote=chunk.text, sha256=summary.sha256
                )
                check = _check_at_its_place(passage, folder)
                if check.state == "intact":
                    intact += 1
                else:
                    found.append(check)
            done += summary.characters
        found = _look_elsewhere(found, folder.new_documents)
    on_progress(Progress(done=total, total=total, source=""))
    counts = Counter(check.state for check in found)
    counts["intact"] = intact
    return _verification(counts, found, faults)


class _Folder:
    """The documents as they are now, each read when it is asked for; the last few files are kept."""

    def __init__(self, corpus: Path, reader: Reader, worker: Worker) -> None:
        self._files = {file.source: file for file in scan(corpus)}
        self._reader = reader
        self._worker = worker
        self._read = lru_cache(_FILES_KEPT)(self._read_file)

    def document(self, source: str) -> Document | None:
        """Return the document at ``source``; None where its file is gone or cannot be read."""
        path = PurePosixPath(source)
        file = next((str(part) for part in (path, *path.parents) if str(part) in self._files), None)
        return next((one for one in self._read(file) if one.source == source), None) if file else None

    def exists(self, source: str) -> bool:
        """Whether there is a file at ``source``, readable or not."""
        return source in self._files

    def new_documents(self) -> Iterator[Document]:
        """Yield the documents of files that the index has not seen as they are."""
        known = self._reader.files()
        for source, file in self._files.items():
            if may_differ(file, known.get(source)):
                yield from self._read(source)

    def all_documents(self) -> Iterator[Document]:
        """Yield all documents."""
        for source in self._files:
            yield from self._read(source)

    def _read_file(self, source: str) -> tuple[Document, ...]:
        file = self._files[source]
        try:
            return self._worker.parse(file.path, source).documents if file.reason is None else ()
        except ParseError:
            return ()


def standing(citation: Citation, reader: Reader, corpus: Path) -> Standing | None:
    """Return how a citation stands to its file as it is now, whose bytes are hashed, not read as a document anew.

    None where the file has changed and the index has not caught up with it.
    """
    try:
        path = corpus_file(corpus, citation.source)
        now = _sha256(path, *_stamp(path))
    except (UsageError, OSError):
        return "gone"
    record = reader.file(path.relative_to(corpus).as_posix())
    document = reader.document(citation.source)
    if record is None or record.sha256 != now or document is None:
        return None
    return _check_in(document, Quotation.model_validate(citation.model_dump())).state


def _stamp(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@lru_cache(1024)
def _sha256(path: Path, *_stamp: int) -> str:
    """Return the hash of a file; of one that is not touched meanwhile, it is made once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_at_its_place(quotation: Quotation, folder: _Folder) -> Check:
    document = folder.document(quotation.source)
    if document is not None:
        return _check_in(document, quotation)
    return Check(quotation=quotation, state="changed" if folder.exists(quotation.source) else "gone")


def _check_in(document: Document, quotation: Quotation) -> Check:
    """Return whether the words of a quotation stand in a document: at their place, elsewhere, or not."""
    if quotation.stands_in(document.text):
        return Check(quotation=quotation, state="intact")
    place = _find(quotation, document)
    if place is not None:
        return Check(quotation=quotation, state="moved", now=place)
    if quotation.excerpt is None:
        return Check(quotation=quotation, state="changed")
    alone = quotation.model_copy(update={"excerpt": None})
    return Check(quotation=quotation, state="changed", now=_find(alone, document))


def _look_elsewhere(checks: Sequence[Check], documents: Callable[[], Iterable[Document]]) -> list[Check]:
    """Return ``checks``, those whose words stand in another document as moved; each file is read at most twice.

    First come documents that are the same file under another name, which are told by their hash alone.
    """
    found = list(checks)
    for same_file in (True, False):
        lost = [at for at, check in enumerate(found) if check.state in ("changed", "gone")]
        for document in documents() if lost else ():
            for at in lost:
                quotation = found[at].quotation
                if found[at].state != "moved" and (document.sha256 == quotation.sha256 or not same_file):
                    place = _find(quotation, document)
                    if place is not None:
                        found[at] = Check(quotation=quotation, state="moved", now=place)
    return found


def _find(quotation: Quotation, document: Document) -> Place | None:
    """Return where the words of a quotation stand in a document, its excerpt around them, white space aside.

    It is the place nearest to where they stood.
    """
    before, after = quotation.around
    first = f"{before} {quotation.quote}".split()
    if not first or first[0] not in document.text:
        return None
    # Without anything around it, the pattern begins with a word, which is what makes it quick.
    pattern = r"\s*".join(filter(None, (_spaced(before), f"({_spaced(quotation.quote)})", _spaced(after))))
    spans = [match.span(1) for match in re.finditer(pattern, document.text)]
    if not spans:
        return None
    start, end = min(spans, key=lambda span: abs(span[0] - quotation.start))
    return Place(source=document.source, start=start, end=end)


def _spaced(words: str) -> str:
    """Return a pattern of words with any white space between them."""
    return r"\s+".join(map(re.escape, words.split()))


def _verification(counts: Counter[Standing], checks: Sequence[Check], faults: Sequence[str] = ()) -> Verification:
    return Verification(
        intact=counts["intact"],
        moved=counts["moved"],
        changed=counts["changed"],
        gone=counts["gone"],
        checks=tuple(checks),
        faults=tuple(faults),
    )
