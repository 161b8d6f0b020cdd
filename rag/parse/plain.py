"""The blocks of plain text: paragraphs, lists and headings, where white space and signs alone tell them.

A line that is taken for a heading and is none would hide an answer, so one that may be either is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

from rag.lines import ITEM, KEY, RULE, STAMP, line_blocks
from rag.parse.builder import BlockMarker
from rag.sentences import parts_of
from rag.types import BlockKind, Span

_LONGEST_HEADING, _MOST_WORDS = 80, 9
_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2})+)\.?[ \t]+[A-ZÀ-ÖØ-ÞА-Я]")
_ONE_NUMBER = re.compile(r"\d{1,2}\.?[ \t]+[A-ZÀ-ÖØ-ÞА-Я]")
_NAMED = re.compile(
    r"(?:chapter|section|part|article|appendix|annex|book|kapitel|teil|artikel|anhang|abschnitt|chapitre|partie)"
    r"[ \t]+(?:\d{1,3}|[ivxlc]{1,7}|[a-z])\b(?:[.:]?[ \t]+[^.]+)?\.?$|§+ ?\d+[a-z]?[ \t]+[^.]+$",
    re.IGNORECASE,
)
_GREETING = re.compile(r"(?:dear|hello|hi|hallo|liebe|sehr|guten|cher|kind|best|yours|mit)\b", re.IGNORECASE)
_LONG_PARAGRAPH = 120  # characters, under a short line that is a heading
# An item, a field or a line of a chat, which goes with those around it; a sentence, or what goes over several lines.
_NO_RECORD = re.compile(rf"{ITEM.pattern}|{KEY.pattern}|(?:{STAMP.pattern}).*: |(?s:.)*(?:\n|[.!?:]$)")
_FEWEST_RECORDS, _WITH_FIGURES = 3, 0.75  # of lines that are records, and the share that hold a figure; chosen by hand


class _Heading(NamedTuple):
    """What a line would be a heading by, and of which level."""

    sign: str
    level: int


# By these a line is a heading wherever it stands; by others only where the document has several such.
_SURE = frozenset({"underline", "name"})


def mark_lines(marker: BlockMarker, start: int, end: int) -> None:
    """Note the paragraphs, lists, records and headings of a stretch of plain text."""
    layout = _Layout(marker.text[start:end])
    kinds: dict[BlockKind, Callable[[], AbstractContextManager[None]]] = {"item": marker.list, "row": marker.table}
    with ExitStack() as group:
        last_kind: BlockKind = "paragraph"
        for (first, last), kind, heading in layout.blocks():
            if kind != last_kind:
                group.close()
                if kind in kinds:
                    group.enter_context(kinds[kind]())
            last_kind = kind
            if heading:
                label = " ".join(layout.line((first, last)).split())
                marker.mark("heading", start + first, start + last, level=heading.level, label=label)
            else:
                marker.mark(kind, start + first, start + last, level=int(kind == "item"))


class _Layout:
    """The lines of a plain text that belong together, and which of them are headings."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans = list(line_blocks(text))

    def blocks(self) -> Iterator[tuple[Span, BlockKind, _Heading | None]]:
        """Yield the span of each block, its kind, and what makes it a heading."""
        headings, records = self._headings(), self._records()
        underlines = {at + 1 for at, heading in headings.items() if heading.sign == "underline"}
        for at, (start, end) in enumerate(self._spans):
            heading = headings.get(at)
            if heading:
                yield (start, self._spans[at + 1][1] if at + 1 in underlines else end), "heading", heading
            elif at not in underlines:
                is_item = ITEM.match(self._text, start, end) is not None
                kind: BlockKind = "item" if is_item else "row" if at in records else "paragraph"
                yield from ((span, kind, None) for span in parts_of(self._text, (start, end)))

    def line(self, span: Span) -> str:
        """Return the first line of a block."""
        return self._text[span[0] : span[1]].strip().split("\n", 1)[0]

    def _records(self) -> set[int]:
        """Return which blocks are records, as in a list of telephone numbers: lines with figures, together."""
        found: set[int] = set()
        for first, last in self._stretches():
            lines = [self._text[slice(*span)] for span in self._spans[first:last]]
            figures = sum(any(map(str.isdigit, line)) for line in lines)
            if (
                len(lines) >= _FEWEST_RECORDS
                and figures >= _WITH_FIGURES * len(lines)
                and not any(map(_NO_RECORD.match, lines))
            ):
                found.update(range(first, last))
        return found

    def _stretches(self) -> Iterator[Span]:
        """Yield the first and the last of blocks with no empty line between, as places among the blocks, half-open."""
        first = 0
        for at in range(1, len(self._spans) + 1):
            if at == len(self._spans) or self._is_after_gap(at):
                yield first, at
                first = at

    def _headings(self) -> dict[int, _Heading]:
        found = {at: heading for at in range(len(self._spans)) if (heading := self._heading(at))}
        # Where a document counts its sections "3.2", a line "3. Scope" is one too.
        if any(heading.sign == "number" for heading in found.values()):
            found |= {at: _Heading("number", 1) for at in self._lone_lines(_ONE_NUMBER) if at not in found}
        count = Counter(heading.sign for heading in found.values())

        def is_sure(at: int, sign: str) -> bool:
            return sign in _SURE or count[sign] > 1 or (at == 0 and sign != "number")

        return {at: heading for at, heading in found.items() if is_sure(at, heading.sign)}

    def _heading(self, at: int) -> _Heading | None:
        start, end = self._spans[at]
        if end - start > _LONGEST_HEADING or at + 1 == len(self._spans) or not self._is_after_gap(at):
            return None
        line, below = self._text[start:end].strip(), self._text[slice(*self._spans[at + 1])]
        if "\n" in line or not any(letter.isalpha() for letter in line) or RULE.fullmatch(line):
            return None
        if self._is_underline(below, line) and not self._is_after_gap(at + 1):
            return _Heading("underline", 1 if below.strip()[0] == "=" else 2)
        if not (line[-1].isalnum() or line[-1] in ")]”\"’'" or _NAMED.match(line)):
            return None
        return self._by_its_words(line, below, self._is_after_gap(at + 1))

    @staticmethod
    def _is_underline(line: str, over: str) -> bool:
        signs = line.strip()
        return len(signs) >= max(3, len(over) // 2) and set(signs) in ({"="}, {"-"}) and not over.endswith(".")

    @staticmethod
    def _by_its_words(line: str, below: str, is_alone: bool) -> _Heading | None:
        """Return what makes a line a heading over what stands below it."""
        if is_alone and (number := _NUMBERED.match(line)):
            return _Heading("number", number["number"].count(".") + 1)
        if is_alone and _NAMED.match(line):
            return _Heading("name", 1)
        if len(line.split()) > _MOST_WORDS or len(below) < 2 * len(line) or ITEM.match(line):
            return None
        if line.isupper() and sum(map(str.isalpha, line)) > 3 and any(letter.islower() for letter in below):
            return _Heading("capitals", 1)
        is_words = line[0].isupper() and not any(letter.isdigit() for letter in line) and ": " not in line
        is_over = is_alone and len(below) >= _LONG_PARAGRAPH and below.rstrip().endswith((".", "!", "?", '"', "”"))
        return _Heading("words", 2) if is_words and is_over and not _GREETING.match(line) else None

    def _is_after_gap(self, at: int) -> bool:
        """Whether an empty line, a rule or nothing stands before a block."""
        if not at:
            return True
        before, start = self._spans[at - 1], self._spans[at][0]
        return self._text.count("\n", before[1], start) > 1 or (
            RULE.fullmatch(self._text, *before) is not None and before[1] - before[0] > 2 and at == 1
        )

    def _lone_lines(self, pattern: re.Pattern[str]) -> Iterator[int]:
        """Yield which blocks are a short line between empty ones that a pattern matches, without a full stop."""
        for at, (start, end) in enumerate(self._spans[:-1]):
            line = self._text[start:end].strip()
            is_short = len(line) <= _LONGEST_HEADING and "\n" not in line and line[-1] not in ".,;!?:"
            if is_short and pattern.match(line) and self._is_after_gap(at) and self._is_after_gap(at + 1):
                yield at
