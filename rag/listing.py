"""Index and folder → the list a person sees: every document, every archive, what waits or could not be read."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from rag.changes import may_differ
from rag.corpus import CorpusFile
from rag.index import FileRecord
from rag.types import DocumentSummary, PageKind, Value
from rag.wire import PAGE_KIND

TAKEN_AWAY = "taken away"  # the note of a document whose file is gone
READ_AGAIN = "read again"  # of one that is to be read again, though it has not changed


class ListedDocument(Value):
    """A document, an archive of documents, or a file that could not be read as one.

    ``waiting`` is what the index has not caught up with: new, changed, taken away, or to be read again; ``note`` says
    which, or why a file could not be read, or what of it could not. ``file`` is another than the source for an
    attachment.
    """

    source: str = Field(description="The document, by its path in the folder.")
    file: str = Field(description="The file it was read from: another than `source` for an attachment.")
    title: str = Field(description="Its title; the file's name where it gives none.")
    state: Literal["indexed", "waiting", "failed"] = Field(
        description="indexed: it can be asked; waiting: the index has not caught up with it; failed: it cannot be read."
    )
    extent: str = Field("", description='How long it is: "12 pages", or "1 passage" where it has none.')
    pages: int = Field(0, description="How many pages it has; 0 where it has none.")
    page_kind: PageKind = Field("page", description=PAGE_KIND)
    modified: datetime | None = Field(None, description="When its file was last changed; null where that is not known.")
    size: int = Field(0, description="How large its file is, in bytes; 0 of an attachment.")
    chunks: int = Field(0, description="How many passages it was cut into.")
    note: str = Field("", description="Why it waits or cannot be read, or what of it could not be; or empty.")
    sha256: str = Field("", description="The hash of what was read; empty where nothing was.")

    @property
    def kind(self) -> str:
        """Its type, in a word: "PDF"."""
        return PurePosixPath(self.source).suffix[1:].upper() or "text"


def listing(
    documents: Sequence[DocumentSummary],
    records: Mapping[str, FileRecord],
    files: Sequence[CorpusFile],
    again: Collection[str] = (),
) -> list[ListedDocument]:
    """Return all documents and files, in the order that people expect of names, each with its state.

    Those ``again`` are to be read again, though they have not changed.
    """
    seen = {file.source: file for file in files}
    waiting = dict.fromkeys(records.keys() - seen.keys(), TAKEN_AWAY) | dict.fromkeys(seen.keys() & again, READ_AGAIN)
    waiting |= {
        source: "changed" if source in records else "new"
        for source, file in seen.items()
        if may_differ(file, records.get(source))
    }
    known: dict[str, CorpusFile | FileRecord] = {**records, **seen}
    listed = [
        _document(document, records[document.file], waiting.get(document.file), known[document.file])
        for document in documents
    ]
    inside = Counter(document.file for document in documents)
    listed += [
        _file(source, waiting.get(source), records.get(source), known[source], inside[source])
        for source in (seen.keys() | records.keys()) - {document.source for document in documents}
    ]
    return sorted(listed, key=lambda one: natural_order(one.source))


def natural_order(name: str) -> tuple[list[str | int], str]:
    """Return the key that sorts names without regard to case and accents, and numbers in them by value."""
    letters = unicodedata.normalize("NFD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    parts = re.split(r"(\d{1,4000})", plain)  # texts and numbers by turns; int() refuses more than 4,300 digits
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


def _modified(nanoseconds: int) -> datetime | None:
    """Return when a file was changed; None for one that could not be looked at, and for a year past 9999."""
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC) if nanoseconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _document(
    document: DocumentSummary, record: FileRecord, waiting: str | None, file: CorpusFile | FileRecord
) -> ListedDocument:
    return ListedDocument(
        source=document.source,
        file=document.file,
        title=document.title,
        state="waiting" if waiting else "indexed",
        extent=document.extent,
        pages=document.pages,
        page_kind=document.page_kind,
        modified=_modified(file.mtime_ns),
        size=file.size if document.source == document.file else 0,
        chunks=document.chunks,
        note=waiting or (record.warning or "" if document.source == document.file else ""),
        sha256=document.sha256,
    )


def _file(
    source: str, waiting: str | None, record: FileRecord | None, file: CorpusFile | FileRecord, documents: int
) -> ListedDocument:
    """Return a file that is no document itself: an archive of some, or it is new, or could not be read."""
    reason = record.reason if record is not None else None
    failed = reason is not None and waiting not in ("changed", READ_AGAIN)
    archive = record if documents and not waiting else None
    return ListedDocument(
        source=source,
        file=source,
        title=PurePosixPath(source).name,
        state="indexed" if archive else "failed" if failed else "waiting",
        extent=f"{documents} document{'s' * (documents != 1)}" if archive else "",
        modified=_modified(file.mtime_ns),
        size=file.size,
        note=(archive.warning if archive else reason if failed else waiting) or "",
        sha256=archive.sha256 if archive else "",
    )
