"""What every database keeps alike of documents and passages: their parts as JSON, and the terms they are found by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from rag.embed import Embedding, Vectors
from rag.index import Passage, Piece
from rag.index.statistics import PassageTerms
from rag.short_forms import explaining_terms
from rag.types import Block, Chunk, Document, DocumentSummary, Group, Heading, Introduction, Page, PageKind, Value
from rag.words import terms

DOCUMENT = "source, sha256, title, text, page_kind, language, blocks, pages"  # the columns of a document
_INTRODUCTIONS = TypeAdapter(tuple[Introduction, ...])


def dump_pages(pages: Sequence[Page]) -> str:
    """Return pages as JSON, in ASCII."""
    return json.dumps([page.model_dump() for page in pages])


def dump_blocks(document: Document) -> str:
    """Return the blocks and groups of a document as JSON, in ASCII: what is usual is left out."""
    parts = {"blocks": document.blocks, "groups": document.groups}
    return json.dumps({name: [one.model_dump(exclude_defaults=True) for one in part] for name, part in parts.items()})


class _SavedBlocks(Value):
    """What a database keeps of a document's structure."""

    blocks: tuple[Block, ...] = ()
    groups: tuple[Group, ...] = ()


# A sheet of 100,000 rows takes a second to be made into values, and the same few documents are read again and again.
@lru_cache(4)
def _pages(saved: str) -> tuple[Page, ...]:
    """Return the pages in ``saved``."""
    return TypeAdapter(tuple[Page, ...]).validate_json(saved)


@lru_cache(4)
def _blocks(saved: str) -> _SavedBlocks:
    """Return the blocks and groups in ``saved``; a document that was kept before there were blocks has its headings."""
    if not saved.startswith("["):
        return _SavedBlocks.model_validate_json(saved)
    headings = TypeAdapter(tuple[Heading, ...]).validate_json(saved)
    return _SavedBlocks(
        blocks=tuple(
            Block(kind="heading", start=one.start, end=one.end, level=one.level, label=one.text, is_context=True)
            for one in headings
        )
    )


def document(row: Sequence[str]) -> Document:
    """Return a document by what is kept of it, in the order of ``DOCUMENT``."""
    *named, blocks, pages = row
    kept = _blocks(blocks)
    fields: dict[str, Any] = dict(zip(DOCUMENT.split(", "), named, strict=False))
    return Document(**fields, blocks=kept.blocks, groups=kept.groups, pages=_pages(pages))


def passage(
    document_id: str,
    start: int,
    end: int,
    page: int | None,
    headings: str,
    introductions: str,
    text: str,
    sentences: str,
    source: str,
    title: str,
    sha256: str,
    page_kind: PageKind,
    language: str,
) -> Passage:
    """Return a passage; its headings, introductions and sentences are given as JSON."""
    chunk = Chunk(
        id=f"{document_id}:{start}",
        document_id=document_id,
        text=text,
        start=start,
        end=end,
        page=page,
        headings=tuple(json.loads(headings)),
        introductions=_INTRODUCTIONS.validate_json(introductions),
    )
    spans = tuple((first, last) for first, last in json.loads(sentences))
    return Passage(
        chunk=chunk, sentences=spans, source=source, title=title, sha256=sha256, page_kind=page_kind, language=language
    )


def piece(found: Passage, key: str, vector: Vectors | None, sentences: bytes) -> tuple[Piece, Embedding | None]:
    """Return a passage as it was put, with its vectors, if any."""
    put = Piece(found.chunk, found.sentences, key)
    if vector is None:
        return put, None
    return put, Embedding(vector, read_sentences(sentences, len(found.sentences), len(vector)))


def summary(row: Iterable[Any]) -> DocumentSummary:
    """Return what is told of a document, by its fields in their order."""
    return DocumentSummary(**dict(zip(DocumentSummary.model_fields, row, strict=True)))


def in_order(vectors: Mapping[int, Vectors], keys: Sequence[int], length: int) -> Vectors:
    """Return the vectors of some rows, one below the other; zeros where there is none."""
    none = np.zeros(length, dtype=np.float32)
    return np.array([vectors.get(key, none) for key in keys], dtype=np.float32).reshape(len(keys), length)


def read_sentences(saved: bytes | None, count: int, length: int) -> Vectors:
    """Return the vectors of so many sentences, which are kept as little-endian float16; zeros where there are none."""
    if saved is None:
        return np.zeros((count, length), dtype=np.float32)
    return np.frombuffer(saved, dtype="<f2").reshape(count, length).astype(np.float32)


def found_by(document: Document, chunk: Chunk) -> PassageTerms:
    """Return the terms that a passage is found by."""
    text, context = terms(chunk.text, document.language), _context_terms(document, chunk)
    return PassageTerms(" ".join(text), " ".join(context))


def dump_introductions(chunk: Chunk) -> str:
    """Return what introduces the lists and tables of a passage, as JSON."""
    return _INTRODUCTIONS.dump_json(chunk.introductions).decode()


def _context_terms(document: Document, chunk: Chunk) -> list[str]:
    """Return the terms of what is above a passage, and those by which what explains short forms is found.

    Of the file's name and folders, they are those that do not stand above it too.
    """
    above = [one.text for one in chunk.introductions if one.is_apart]
    context = terms("\n".join((document.title, *chunk.headings, *above)), document.language)
    name = terms(str(PurePosixPath(document.source).with_suffix("")), document.language)
    return context + [term for term in name if term not in context] + explaining_terms(chunk.text)
