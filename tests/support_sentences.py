"""Sentences as a language model writes them, true to a text or not, written by hand: ``data/support.jsonl``.

The checker was changed after looking at the first fifteen texts; the others are held out. At first 3 of their 32
faithful sentences were flagged, and 36 of 41 altered ones caught; the three, all denials in other words, were then
looked at.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from rag.answer.support import Passage

_PATH = Path(__file__).parent / "data" / "support.jsonl"
_LOOKED_AT = tuple(f"h{n:02}" for n in range(1, 16))


class Altered(BaseModel):
    """A sentence that its text does not bear out, and what is wrong with it."""

    kind: str
    sentence: str


class Written(BaseModel):
    """A text in passages, and sentences about it."""

    id: str
    title: str
    passages: tuple[str, ...]
    faithful: tuple[str, ...]
    altered: tuple[Altered, ...]

    @property
    def sources(self) -> tuple[Passage, ...]:
        """Its passages, as a sentence cites them."""
        return tuple(Passage(text=text, context=self.title) for text in self.passages)

    @property
    def held_out(self) -> bool:
        """Whether the checker was written without looking at it."""
        return self.id not in _LOOKED_AT


def read_written() -> list[Written]:
    """Return all texts."""
    return [Written.model_validate_json(line) for line in _PATH.read_text(encoding="utf-8").splitlines()]
