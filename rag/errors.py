"""What can go wrong, as one small tree; every message says in one line what happened and what to do.

RagError
├── UsageError          the question, a flag or a setting cannot be used     (exit 2)
│   ├── DocumentRefused   a file cannot be added as a document
│   │   ├── DocumentExists    there is one of this name
│   │   ├── DocumentIdentical  it is there already, byte for byte
│   │   └── DocumentTooLarge  it is larger than any that is read
│   ├── DocumentMissing   the index holds no document of this name
│   ├── FolderMissing     there is no folder of documents, or it went away
│   ├── AnswerStopped     nobody waits for the answer any more
│   └── SyncStopped       a person stopped the work on the index
├── RemovalGuardError   a sync would remove most documents, and was not allowed to
├── ParseError          a file cannot be read as a document; reported per file, never fatal
│   └── FileUnopened    the system does not let it be read, now
├── ModelError          a model that runs here cannot be had
│   ├── EmbedderError     the embedding model, or it is not the one expected
│   └── ReaderError       the model that reads passages, or it is not the one expected
├── ConversationsFailure    the kept conversations cannot be opened, read or written
└── IndexFailure        the index cannot be opened or written
    ├── IndexMismatch   it was built with another model, chunking or schema
    ├── IndexDamaged    its database is not whole
    ├── IndexLocked     another process is writing to it
    └── IndexCut        the database was away for a moment; the same may be asked again
"""

from __future__ import annotations


class RagError(Exception):
    """Base of all errors this package raises on purpose."""

    exit_code = 1


class UsageError(RagError):
    """The question, a flag or a setting cannot be used."""

    exit_code = 2


class DocumentRefused(UsageError):  # noqa: N818, as those below: they say what was met
    """A file cannot be added as a document: its name or its content will not do."""


class DocumentExists(DocumentRefused):
    """There is a document of this name already."""


class DocumentIdentical(DocumentRefused):
    """The file is in the folder already, byte for byte, at ``source``."""

    def __init__(self, source: str) -> None:
        super().__init__(f"already there: {source}")
        self.source = source


class DocumentTooLarge(DocumentRefused):
    """The file is larger than any that is read."""


class DocumentMissing(UsageError):  # noqa: N818
    """The index holds no document of this name."""


class FolderMissing(UsageError):  # noqa: N818
    """There is no folder of documents where it should be."""


class AnswerStopped(UsageError):  # noqa: N818
    """Nobody waits for the answer any more: it was stopped, or whoever asked has left."""


class SyncStopped(UsageError):  # noqa: N818
    """The work on the index was stopped by a person; what was done of it is kept."""


class RemovalGuardError(RagError):
    """A sync would remove most documents, and was not allowed to; ``removals`` is how many."""

    def __init__(self, message: str, removals: int) -> None:
        super().__init__(message)
        self.removals = removals


class ParseError(RagError):
    """A file cannot be read as a document."""


class FileUnopened(ParseError):  # noqa: N818, it says what the file is
    """The system does not let a file be read, now: it is tried again on every run."""


class ModelError(RagError):
    """A model that runs on this machine cannot be had."""


class EmbedderError(ModelError):
    """The embedding model cannot be had, or is not the one expected."""


class ReaderError(ModelError):
    """The model that reads passages cannot be had, or is not the one expected."""


class ModelFailure(RagError):  # noqa: N818, as IndexFailure
    """The language model gave no answer that can be used; the message says why, as an answer without it tells."""


class ConversationsFailure(RagError):  # noqa: N818, as IndexFailure
    """The kept conversations cannot be opened, read or written."""


class IndexFailure(RagError):  # noqa: N818, IndexError is Python's own
    """The index cannot be opened or written."""


class IndexMismatch(IndexFailure):
    """The index was built with another model, chunking or schema."""


class IndexDamaged(IndexFailure):
    """The index's database is not whole."""


class IndexLocked(IndexFailure):
    """Another process is writing to the index."""


class IndexCut(IndexFailure):
    """What was asked of a database was cut off: the connection, the server or the statement ended."""
