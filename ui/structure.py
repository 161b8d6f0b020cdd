"""The excerpts of answers as documents of their own, with their blocks, as the index has them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from rag.assistant import Assistant
from rag.errors import RagError
from rag.types import Block, Citation, Document, Excerpt, Group

_KEPT = 500  # excerpts: a conversation is drawn anew with each answer


class Structures:
    """Looks excerpts up, and keeps them."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._kept = lru_cache(maxsize=_KEPT)(self._part)

    def of(self, citations: Iterable[Citation]) -> dict[int, Document]:
        """Return the excerpts by the numbers of their citations; but for those that the index has no more."""
        found = {}
        for citation in citations:
            if citation.excerpt is not None:
                with suppress(RagError, LookupError):
                    found[citation.n] = self._kept(citation.source, citation.excerpt)
        return found

    def _part(self, source: str, excerpt: Excerpt) -> Document:
        document = self._assistant.document(source)
        if document.text[excerpt.start : excerpt.end] != excerpt.text:
            raise LookupError(source)
        return part_of(document, excerpt.start, excerpt.end)


def part_of(document: Document, start: int, end: int) -> Document:
    """Return a stretch of a document as a document; it has no pages."""
    blocks = document.blocks_between(start, end)
    groups = sorted({block.group for block in blocks if block.group is not None})
    kinds = (document.groups[group] for group in groups)

    def moved(block: Block) -> Block:
        places = {"start": max(block.start, start) - start, "end": min(block.end, end) - start}
        cells = tuple((first - start, last - start) for first, last in block.cells)
        group = None if block.group is None else groups.index(block.group)
        return block.model_copy(update={**places, "cells": cells, "group": group})

    return document.model_copy(
        update={
            "text": document.text[start:end],
            "blocks": tuple(map(moved, blocks)),
            "groups": tuple(Group(kind=group.kind, columns=group.columns) for group in kinds),
            "pages": (),
            "page_kind": "line" if document.page_kind == "line" else "page",
        }
    )
