"""Seam 2: where documents, passages and vectors are kept, and found again.

An index is written in two phases. A file is put with its passages and their words, and can be found by these at once;
the vectors of its texts follow. A text is known by its key, so equal texts share one vector and none is embedded twice.

One process at a time writes to an index in a folder; of a database, one puts files, and any number embed. Any number
read. A reader sees the index as it stood when it began, whole, whatever is written meanwhile. The rows of an index are
named by opaque integer keys, which mean nothing outside the reader that gave them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from rag.embed import Embedding, Vectors
from rag.sentences import Span
from rag.types import Chunk, Document, DocumentSummary, PageKind, Value

SCHEMA_VERSION = 3

# The terms that one word may stand as in the documents.
Forms = tuple[str, ...]

# Seconds that vectors of removed texts are kept, so that what comes back within a month is not embedded again.
VECTORS_KEPT_FOR = 30 * 86_400

# What a writer was at when it was killed. A run is gone on with; a rebuild is dropped, and the old index stays.
BrokenOff = Literal["run", "rebuild"]


class Manifest(Value):
    """What an index was built with. Vectors and offsets of two indexes compare only where it is the same."""

    schema_version: int = SCHEMA_VERSION
    embedder: str
    fingerprint: str
    dimension: int
    chunk_tokens: int


class FileRecord(Value):
    """A file as the index last saw it.

    ``parser`` is the fingerprint of the parsers that read it. ``reason`` says why it could not be read, if
    it could not; then its hash is empty. ``warning`` says what of it could not be read.
    """

    source: str
    sha256: str
    size: int
    mtime_ns: int
    ctime_ns: int
    parser: str
    reason: str | None = None
    warning: str | None = None


class Passage(Value):
    """A chunk as it lies in the index, with its sentences (spans into its text) and its document's names."""

    chunk: Chunk
    sentences: tuple[Span, ...]
    source: str
    title: str
    sha256: str
    page_kind: PageKind
    language: str


class Piece(NamedTuple):
    """A chunk to be written: its sentences, as spans into its text, and the key its vectors are kept under."""

    chunk: Chunk
    sentences: Sequence[Span]
    key: str


class Cut(NamedTuple):
    """A document to be written, the chunks it was cut into, and the places of its words (``rag.parse.word_boxes``)."""

    document: Document
    pieces: Sequence[Piece]
    word_boxes: bytes = b""


class Text(NamedTuple):
    """What is embedded for a passage: its text under its headings, and its sentences as spans into that."""

    text: str
    sentences: Sequence[Span]


class Reader(Protocol):
    """A consistent view of an index."""

    @property
    def manifest(self) -> Manifest:
        """What the index was built with."""

    def within(self, sources: Collection[str]) -> Reader:
        """Return a view of these documents alone; how rare words are is told by all documents still.

        Raises:
            UsageError: There is no document at one of ``sources``.
        """

    def dense(self, query: Vectors, k: int) -> dict[int, float]:
        """Return the ``k`` rows most like ``query``, a unit vector of shape ``(dimension,)``, with their cosines.

        Rows without a vector yet are not among them. Of very many rows the likeliest are weighed, so that a few in a
        thousand of the ``k`` may be missed.
        """

    def lexical(self, words: Sequence[Forms], k: int) -> dict[int, float]:
        """Return the ``k`` rows that match any of ``words`` best, with their BM25 scores (higher is better).

        A word is given by the terms it may stand as (see ``rag.words.forms``).
        """

    def lexical_of(self, words: Sequence[Forms], keys: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match."""

    def frequencies(self, words: Sequence[Forms]) -> list[int]:
        """Return in how many passages the forms of each word stand, counted form by form, and at most all passages."""

    def nearest_term(self, term: str, most: int) -> str | None:
        """Return the term of the index most like ``term``, at most so many slips of the keyboard away, if any.

        A slip is a letter too many, too few, wrong, or changed with its neighbour; the first letter is seldom one,
        and must be the same. Of terms equally near, the one in most passages is returned.
        """

    def languages(self) -> dict[str, int]:
        """Return how many documents are in each language, the most first; "" is unknown."""

    def languages_of(self, keys: Sequence[int]) -> list[str]:
        """Return the languages of the documents of rows."""

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """Return the vectors of rows, shape ``(len(keys), dimension)``; zeros where there is none yet."""

    def sentence_vectors(self, keys: Sequence[int]) -> list[Vectors]:
        """Return for each row the vectors of its sentences, shape ``(sentences, dimension)``; zeros as above."""

    def unembedded(self, keys: Sequence[int]) -> dict[int, Text]:
        """Return what is to be embedded for those of the given rows that have no vector yet."""

    def embedded(self) -> float:
        """Return the share (0–1) of the passages that have a vector, equal texts counted once; 1 of an empty index."""

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        """Return the passages of rows, in the order of ``keys``."""

    def document(self, source: str) -> Document | None:
        """Return a document whole, or None where the index holds none at ``source``."""

    def documents_at(self, sources: Collection[str]) -> dict[str, Document]:
        """Return those of some documents that the index holds, each whole, by source."""

    def sha256(self, source: str) -> str:
        """Return the hash of a document; nothing where the index holds none at ``source``."""

    def word_boxes(self, source: str) -> bytes:
        """Return the places of a document's words on its pages, as they were put; nothing where there are none."""

    def documents(self) -> list[DocumentSummary]:
        """Return the documents of the view, ordered by source."""

    def chunks(self, source: str) -> list[Chunk]:
        """Return the passages of a document, in the order of its text."""

    def pieces(self, source: str) -> list[tuple[Piece, Embedding | None]]:
        """Return the passages of a document as they were put, with the vectors there are, in the order of its text."""

    def files(self) -> dict[str, FileRecord]:
        """Return all files the index has seen, read or not, by source."""

    def file(self, source: str) -> FileRecord | None:
        """Return the file at ``source`` as the index last saw it; None where it has not."""

    def __len__(self) -> int:
        """Return the number of passages of the index, also in a view of some documents."""


class Index(Protocol):
    """An index, open. Writing needs ``writing()`` to be held."""

    def manifest(self) -> Manifest | None:
        """Return what the index was built with, or None where nothing was built yet."""

    def reading(self) -> AbstractContextManager[Reader]:
        """Open a view of the index as it stands now."""

    def writing(self, *, rebuild: bool = False) -> AbstractContextManager[BrokenOff | None]:
        """Hold the right to write; raises IndexLocked where another has it.

        Gives what the writer before this one was broken off from, if it was: killed, or without power.

        With ``rebuild``, an empty index is written, which takes the place of this one when it is published.
        """

    def begin(self, manifest: Manifest) -> None:
        """Make an empty index ready for writing; raises IndexMismatch where it was built otherwise."""

    def put(self, record: FileRecord, cuts: Sequence[Cut], texts: Mapping[str, Text]) -> None:
        """Put the documents of a file in the place of whatever it held before: one transaction.

        Of a file that cannot be read there are none. ``texts`` holds, by the keys of the pieces, what is to be embedded
        where there are no vectors yet.
        """

    def touch(self, record: FileRecord) -> None:
        """Record a file's new size and times where its content is the same."""

    def remove(self, source: str) -> None:
        """Drop a file and all that was made of it: one transaction."""

    def take(self, most: int) -> dict[str, Text]:
        """Return up to ``most`` texts to embed next, by key: those of small files first, then the newest.

        Another process is not given them until they are put, or this one ends.
        """

    def unembedded_count(self) -> int:
        """Return how many texts have no vector yet."""

    def put_vectors(self, embeddings: Mapping[str, Embedding]) -> None:
        """Keep the vectors of texts, by key: one transaction."""

    def publish(self) -> None:
        """Write what makes reading fast, after a run of changes; drop vectors unused for ``VECTORS_KEPT_FOR``."""

    def forget(self) -> None:
        """Erase what is left of removed documents: their vectors, and an index that was kept aside."""

    def is_published(self) -> bool:
        """Whether what makes reading fast is there, and near enough to the state that is there."""

    def faults(self) -> list[str]:
        """Check the index against itself, and return what is wrong, a line each."""

    def close(self) -> None:
        """Release files and connections."""


@runtime_checkable
class SharedIndex(Index, Protocol):
    """An index that several processes write to at a time: one puts files, all of them embed."""

    def shards(self) -> int:
        """Return over how many shards its passages are spread; 0 where they are not."""

    def putting(self) -> AbstractContextManager[bool]:
        """Hold the right to put and remove files, where no other process has it; give whether it is held."""


def mismatch(found: Manifest, wanted: Manifest) -> str:
    """Say in one line how an index differs from what is asked of it, and what to do."""
    differing = [
        f"{name.replace('_', ' ')} {getattr(found, name)!s:.40} instead of {getattr(wanted, name)!s:.40}"
        for name in Manifest.model_fields
        if getattr(found, name) != getattr(wanted, name)
    ]
    return f"the index was built with {', '.join(differing)}: run `rag index --rebuild`, or use its settings"
