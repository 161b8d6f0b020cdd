"""How far a folder and its index are apart, by a look at the folder alone: no file is read for it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from rag.corpus import CorpusFile, scan
from rag.errors import UsageError
from rag.index import FileRecord, Index, Reader
from rag.parse import fingerprint
from rag.types import Freshness, Stale, Standing, Value

# Of an index of so many documents, a sync does not remove more than half unless it is told to: a folder that is
# suddenly empty is more often a disk that is not there. Fewer documents can be seen through at a glance.
_GUARDED_FROM = 10

_FRESH_FOR = 20  # times as long as looking the folder through takes


class Changes(Value):
    """The files that a sync would touch, by source, judged by size and times alone, of so many ``known`` ones.

    ``size`` is what there is to be read, in bytes.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    known: int
    size: int

    @property
    def freshness(self) -> Freshness:
        """How many there are."""
        return Freshness(added=len(self.added), changed=len(self.changed), removed=len(self.removed))

    @property
    def gone(self) -> tuple[str, ...]:
        """The files that are taken to be deleted: none where so many are missing that the folder may be."""
        return () if are_most(len(self.removed), self.known) else self.removed

    def stale(self, sources: Iterable[str], reader: Reader, corpus: Path) -> tuple[Stale, ...]:
        """Return which of some documents are no longer what the index says, each once.

        Of those that seem to have changed, the files are read.
        """
        states = dict[str, Standing].fromkeys(self.changed, "changed")
        states |= dict[str, Standing].fromkeys(self.removed, "gone")
        found = []
        for source in dict.fromkeys(sources):
            path = PurePosixPath(source)  # an attachment's file is the mail or the archive above it
            file = next((str(place) for place in (path, *path.parents) if str(place) in states), None)
            if file is not None and (states[file] == "gone" or not _is_same(file, reader, corpus)):
                found.append(Stale(source=source, reason=states[file]))
        return tuple(found)


def _is_same(file: str, reader: Reader, corpus: Path) -> bool:
    record = reader.file(file)
    return record is not None and record.sha256 == sha256(corpus / file)


def are_most(removed: int, known: int) -> bool:
    """Whether a sync that removes so many of the ``known`` documents is to be allowed first."""
    return known >= _GUARDED_FROM and removed > known / 2


def known_files(index: Index) -> dict[str, FileRecord]:
    """Return the files that an index has seen, by source."""
    with index.reading() as reader:
        return reader.files()


def may_differ(file: CorpusFile, record: FileRecord | None) -> bool:
    """Whether a file may be another than the index has seen, or read by other parsers."""
    if record is None or record.parser != fingerprint():
        return True
    times = (file.size, file.mtime_ns, file.ctime_ns)
    return times != (record.size, record.mtime_ns, record.ctime_ns) or file.reason not in (None, record.reason)


def sha256(path: Path) -> str:
    """Return the hash of a file; "" where it cannot be read."""
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


def changes(index: Index, corpus: Path) -> Changes:
    """Return which files a sync would touch, judged by size and times alone."""
    files = {file.source: file for file in scan(corpus)}
    known = known_files(index)
    differing = [source for source, file in files.items() if may_differ(file, known.get(source))]
    return Changes(
        added=tuple(source for source in differing if source not in known),
        changed=tuple(source for source in differing if source in known),
        removed=tuple(sorted(known.keys() - files.keys())),
        known=len(known),
        size=sum(files[source].size for source in differing),
    )


class KeptChanges:
    """The changes as they were found last, kept for a few times as long as finding them takes.

    So answers that follow each other closely are not held up by it, however large the folder is.
    """

    def __init__(self, index: Index, corpus: Path) -> None:
        self._index = index
        self._corpus = corpus
        self._kept: _Kept | None = None

    def now(self) -> Changes | None:
        """Return what has changed; None where it cannot be told."""
        try:
            return changes(self._index, self._corpus)
        except UsageError:  # no such folder, or rules in it that cannot be read: `rag index` says which
            return None

    def recent(self) -> Changes | None:
        """Return what has changed, or had a moment ago."""
        now = time.monotonic()
        if self._kept is None or now > self._kept.until:
            found = self.now()
            took = time.monotonic() - now
            self._kept = _Kept(found, now + took * _FRESH_FOR)
        return self._kept.found

    def forget(self) -> None:
        """Look again the next time."""
        self._kept = None


class _Kept(NamedTuple):
    """What was found, and until when, by the monotonic clock, it is taken for so."""

    found: Changes | None
    until: float
