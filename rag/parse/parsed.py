"""What every parser returns."""

from __future__ import annotations

from dataclasses import dataclass

from rag.types import Heading, Page


@dataclass(frozen=True)
class Parsed:
    """The canonical text of a file, its title, and its structure as spans into the text."""

    text: str
    title: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
