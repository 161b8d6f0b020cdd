"""What all open pages show of the folder and the index: looked at once for all of them, and kept for a moment."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rag.assistant import Assistant
from rag.errors import RagError, SyncStopped
from rag.listing import TAKEN_AWAY, ListedDocument
from rag.suggest import starters
from rag.sync import Progress
from rag.sync_state import SyncProblem
from ui.later import Later

# For how long a look is kept: seconds at least, and times as long as it took, so that of very many documents the looks
# take a fifth of a processor at most.
_KEPT_FOR, _KEPT_TIMES = 1.0, 4
_TOLD_FOR = 20.0  # seconds that is said how a rebuild ended
_REMOVED_FOR = 30.0  # seconds that a removed document keeps its place in the list, with a way to put it back


class Look(NamedTuple):
    """The documents, how far work on the index is, why it does not follow the folder, and what a person is to be told.

    ``version`` names the state of the documents: another one has another name. ``removed`` has the sources of documents
    that were removed a moment ago, with the tokens that put them back.
    """

    documents: Sequence[ListedDocument]
    version: str
    activity: Progress | None
    notes: Sequence[str]
    removed: Mapping[str, str]
    problem: SyncProblem | None


def digest(text: str) -> str:
    """Return a short name of a text: another one has another."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Removed(NamedTuple):
    token: str
    until: float


class Live:
    """The folder as pages show it. Safe to use from many threads."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._looking = threading.Lock()
        self._look_at = 0.0
        self._documents: Sequence[ListedDocument] = ()
        self._version = digest("")
        self._failure = ""
        self._removed: dict[str, _Removed] = {}
        self._stop = threading.Event()
        self._work: threading.Thread | None = None
        self._outcome = ""
        self._ended = 0.0
        self._starters: Later[list[str]] = Later([])
        self._arrived: list[str] | None = None  # sources, in the order they could be asked

    def look(self) -> Look:
        """Return what there is to be seen now, or was a moment ago."""
        with self._looking:
            if time.monotonic() > self._look_at:
                self._list()
        if time.monotonic() - self._ended > _TOLD_FOR:
            self._outcome = ""
        notes = [note for note in (self._failure, self._outcome) if note]
        activity, problem = self._assistant.activity, self._assistant.sync_problem
        return Look(self._documents, self._version, activity, notes, self._recently_removed(), problem)

    def _list(self) -> None:
        started = time.monotonic()
        try:
            listed, self._failure = self._assistant.listed(), ""
            if listed != self._documents:
                self._documents, self._version = listed, digest(str(listed))
        except RagError as error:
            self._failure = str(error)
        now = time.monotonic()
        self._look_at = now + max(_KEPT_FOR, _KEPT_TIMES * (now - started))

    def look_again(self) -> Look:
        """Return what there is to be seen now, after something was done to it."""
        self._look_at = 0.0
        return self.look()

    def remove(self, sources: Sequence[str]) -> Iterator[str]:
        """Take documents out of the folder, and yield the token of each that puts it back."""
        tokens = self._assistant.remove_documents(sources)
        for source, token in zip(sources, tokens, strict=True):
            self._removed[source] = _Removed(token, time.monotonic() + _REMOVED_FOR)
            yield token

    def restore(self, token: str) -> str:
        """Put a document back that was removed, and return its source."""
        source = self._assistant.restore_document(token)
        self._removed.pop(source, None)
        return source

    def _recently_removed(self) -> dict[str, str]:
        now = time.monotonic()
        there = {one.source for one in self._documents if one.note != TAKEN_AWAY}  # added again, under the same name
        return {
            source: removed.token
            for source, removed in self._removed.copy().items()
            if removed.until > now and source not in there
        }

    def read_again(self, source: str) -> None:
        """Begin to read a file again; work on the index that goes on reads it, too."""
        self._assistant.read_again(source)
        self._begin()

    def rebuild(self) -> None:
        """Begin to build the index anew, if no work on it was begun here and goes on."""
        self._begin(rebuild=True)

    def allow_removals(self) -> None:
        """Begin to bring the index level, though most documents are gone from the folder."""
        self._begin(allow_removals=True)

    def _begin(self, *, rebuild: bool = False, allow_removals: bool = False) -> None:
        if self._work is None or not self._work.is_alive():
            self._stop.clear()
            self._outcome = ""
            self._work = threading.Thread(target=self._sync, args=[rebuild, allow_removals], name="sync", daemon=True)
            self._work.start()

    def stop(self) -> None:
        """Stop the rebuilding of the index; the index stays as it was."""
        self._stop.set()

    def _sync(self, rebuild: bool, allow_removals: bool) -> None:
        try:
            self._assistant.sync(rebuild=rebuild, allow_removals=allow_removals, stop=self._stop)
        except SyncStopped:
            self._outcome = "The rebuild was stopped; the index is as it was."
        except RagError as error:
            self._outcome = str(error)
        self._ended = time.monotonic()

    def starters(self) -> list[str]:
        """Return questions to begin with; none while they are made for other documents than before."""
        return self._starters.get(self._ready(), lambda: starters(self._assistant))

    def arrivals(self, since: int) -> Sequence[ListedDocument]:
        """Return the documents that can be asked since so many had arrived, and are there still."""
        ready = {one.source: one for one in self._ready()}
        with self._looking:
            if self._arrived is None:
                self._arrived = list(ready)
            self._arrived += [source for source in ready if source not in self._arrived]
            return [ready[source] for source in self._arrived[since:] if source in ready]

    @property
    def arrived(self) -> int:
        """How many documents have arrived until now."""
        self.arrivals(0)
        return len(self._arrived or ())

    def _ready(self) -> Sequence[ListedDocument]:
        return tuple(one for one in self.look().documents if one.state == "indexed" and one.chunks)
