"""Lines of pages become blocks of text: paragraphs, rows of tables, notes, as Builder takes them.

Hyphens at line ends are mended, with the words of the document itself as the dictionary, and sentences go on
over columns and pages. Where a paragraph ends is decided by the places and sizes of its lines alone: nothing in
a PDF says it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from rag.parse.pdf_layout import LARGER, Cell, Line, cut
from rag.parse.pdf_page import PlacedWord, text_of
from rag.parse.pdf_running import PageLines, main_size, rounded
from rag.parse.pdf_table import Row, Table, parts_of
from rag.types import BlockKind

_ENDED = re.compile(r"[.!?:;。！？…][\"'”’»)\]]*[\d⁰¹²³⁴⁵⁶⁷⁸⁹]{0,2}$")
ITEM = re.compile(
    r"(?:[•·▪●○◦■□►▶➢✓–—*-]|\(?\d{1,3}[.)]|\d{1,2}(?:\.\d{1,2})+:?|\(?[a-zA-Z][.)]|\([ivxIVX]{1,5}\)|\[\d{1,3}\])\s"
)
CONTENTS = re.compile(r".*… ?(?:\d{1,4}|[ivxlc]{1,6})$")
_NOTE = re.compile(r"(?:[\d⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}|\^\(\w\)|[*†‡§¶]+|\[\d{1,3}\]|\(\d{1,3}\))\s?[^\W\d_]")
_NOTE_SIZE = 0.93  # of the size of the text, at most
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Words that begin compounds more often than they are torn from what follows.
_COMPOUNDING = frozenset(
    "all cross ever five four full half high large long low one open real second self short six small third three"
    " time two user well".split()
)
_TORN = re.compile(r"([^\W\d_]+)-$")
_CJK = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_LONGEST_TITLE = 3  # lines
_TITLE = 1.3  # times the size of the text: one that may have several lines, whatever their lengths


@dataclass(slots=True, eq=False)
class Block:
    """A paragraph, heading, item, note or caption, or a row of ``table``; ``gap`` parts it from the block before."""

    page: int
    words: list[PlacedWord]
    first: Line
    last: Line
    size: float
    bold: bool
    lines: int = 1
    kind: BlockKind = "paragraph"
    level: int = 0
    gap: str = "\n\n"
    is_context: bool = False
    table: Table | None = None
    cells: list[Cell] = field(default_factory=list)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = text_of(self.words)


def blocks_of(pages: Sequence[PageLines]) -> list[Block]:
    """Return the blocks of a document's pages, in order."""
    words = _dictionary(pages)
    main = main_size([line for page in pages for line in page.lines])
    blocks: list[Block] = []
    notes: list[Block] = []  # of the page before; what goes on over the page break is not broken by them
    for page in pages:
        found, later = _page_blocks(page, words, main, blocks[-1].table if blocks else None)
        if found and blocks:
            goes_on = _bridge(blocks[-1], found[0], words, main)
            before = goes_on and all(note.page == blocks[-1].page for note in notes)
            place = len(blocks) - before
            blocks[place:place] = notes
            notes = []
        blocks += found
        notes += later
    return blocks + notes


def _dictionary(pages: Sequence[PageLines]) -> Counter[str]:
    """Count the words of the document, but for those that are torn at the end of a line."""
    words: Counter[str] = Counter()
    for page in pages:
        torn = False
        for line in page.lines:
            found = _WORD.findall(line.text.lower())
            words.update(found[torn:])
            torn = line.text.endswith("-")
            if torn and found:
                words[found[-1]] -= 1
    return words


def _page_blocks(
    page: PageLines, words: Counter[str], main: float, before: Table | None
) -> tuple[list[Block], list[Block]]:
    """Return the blocks of a page, and its footnotes; ``before`` is the table that may go on on it."""
    notes = [line for column in _by_column(page.lines) for line in column[_notes_start(column, main) :]]
    known = set(map(id, notes))
    own, leading = main_size(page.lines), _leading(page.lines)
    blocks: list[Block] = []
    for part in parts_of([line for line in page.lines if id(line) not in known]):
        if isinstance(part, Table):
            rest = before.rest_in(part) if before is not None and not blocks else []
            blocks += _rows(page.number, rest or part.rows, before if before is not None and rest else part)
            continue
        for stack in cut(part, lambda before, line: not _stands_under(before, line, leading, own)):
            is_title = len(stack) <= _LONGEST_TITLE and stack[0].size > _TITLE * own
            for paragraph in [stack] if is_title else _paragraphs(stack):
                blocks.append(_block(page.number, paragraph, words))
    later = [_block(page.number, part, words) for part in cut(notes, lambda _, line: bool(_NOTE.match(line.text)))]
    for note in later:
        note.kind = "note"
    return blocks, later


def _by_column(lines: Sequence[Line]) -> Iterator[list[Line]]:
    for _, column in groupby(lines, key=lambda line: line.column):
        yield list(column)


def _notes_start(lines: Sequence[Line], main: float) -> int:
    """Return where the footnotes of a column begin: small letters at its foot, after a number or sign."""
    start = len(lines)
    for at in range(len(lines) - 1, -1, -1):
        if rounded(lines[at].size) > _NOTE_SIZE * main or len(lines[at].cells) > 1:
            break
        if _NOTE.match(lines[at].text):
            start = at
    return start if start else len(lines)


def _block(page: int, lines: Sequence[Line], words: Counter[str]) -> Block:
    return Block(
        page,
        join([line.words for line in lines], words),
        first=lines[0],
        last=lines[-1],
        size=max(line.size for line in lines),
        bold=all(line.bold for line in lines),
        lines=len(lines),
    )


def _rows(page: int, rows: Sequence[Row], table: Table) -> Iterator[Block]:
    for row in rows:
        words = [word for cell in row.cells for word in cell.words]
        look = (row.line, row.line, row.line.size, row.line.bold)
        yield Block(page, words, *look, kind="row", table=table, cells=row.cells)


def _leading(lines: Sequence[Line]) -> float:
    """Return the ordinary distance of lines, as a multiple of their size."""
    ratios = Counter(
        round((one.base - other.base) / one.size, 1)
        for one, other in pairwise(lines)
        if one.column == other.column and len(one.cells) == len(other.cells) == 1 and abs(one.size - other.size) < 0.5
    )
    likely = {ratio: count for ratio, count in ratios.items() if 0.8 <= ratio <= 3}
    return max(likely, key=lambda ratio: likely[ratio], default=1.3)


def _stands_under(before: Line, line: Line, leading: float, main: float) -> bool:
    if CONTENTS.match(before.text):
        return False
    if before.column != line.column:
        return _runs_on(before, line)
    drop = before.base - line.base
    if not 0 < drop < 1.25 * leading * max(before.size, line.size):
        return False
    if abs(before.size - line.size) > 0.12 * before.size:
        return False
    return before.bold == line.bold or line.text[:1].islower() or line.size > LARGER * main


def _ended(line: Line) -> bool:
    """Whether a line ends with a sentence."""
    return bool(_ENDED.search(line.text[-8:]))


def _runs_on(before: Line, line: Line) -> bool:
    """Whether a sentence goes on from the foot of a column or page to the head of the next."""
    if abs(before.size - line.size) > 0.12 * before.size:
        return False
    if _ended(before) or ITEM.match(line.text) or before.bold != line.bold:
        return False
    full = before.right > before.limit - 2 * before.size and len(before.text) > 20
    return line.text[:1].islower() or (full and line.left < line.margin + line.size)


def _paragraphs(stack: Sequence[Line]) -> Iterator[list[Line]]:
    """Cut a stack where a line begins something new: it is an item, is indented, or left the one before short."""
    if _hangs(stack):
        return cut(stack, lambda _, line: line.left < stack[0].left + 0.5 * line.size)
    limits = dict(_limits(stack))
    return cut(stack, lambda before, line: _begins(before, line, *limits[before.column]))


def _hangs(stack: Sequence[Line]) -> bool:
    """Whether a stack is entries whose first lines stick out to the left, as those of a bibliography do."""
    if len(stack) < 3 or len({line.column for line in stack}) > 1:
        return False
    first, second = stack[:2]
    deep = 0.8 * first.size
    edges = all(line.left < first.left + 0.3 * deep or abs(line.left - second.left) < 0.3 * deep for line in stack)
    return (
        edges and second.left > first.text_left + deep and first.right > first.limit - 0.15 * (first.limit - first.left)
    )


def _limits(stack: Sequence[Line]) -> Iterator[tuple[int, tuple[float, float]]]:
    """Yield, for each column, where the lines of a stack end if they are full, and the middle of the stack.

    They end where the longest does if most reach it, else where the column ends.
    """
    for lines in _by_column(stack):
        left, limit = min(line.left for line in lines), max(line.right for line in lines)
        width = limit - left
        full = sum(line.right > limit - 0.15 * width and line.left < left + 0.1 * width for line in lines)
        reached = len(lines) > 3 and full >= 0.7 * (len(lines) - 1)
        yield lines[0].column, (limit if reached else max(limit, lines[0].limit), (left + limit) / 2)


def _begins(before: Line, line: Line, limit: float, middle: float) -> bool:
    if before.column != line.column:
        return False
    ended = _ended(before)
    if ITEM.match(line.text) and (ended or not line.text[:1].isalpha()):
        return True
    if _TORN.search(before.text) or (line.text[:1].islower() and not ended and before.right > middle):
        return False
    if ended and line.left > before.text_left + 0.9 * line.size:
        return True
    return before.right + line.first_width + 0.75 * line.size < limit


def join(lines: Sequence[list[PlacedWord]], words: Counter[str]) -> list[PlacedWord]:
    """Return lines as one running text, words that were torn at line ends whole again."""
    text = list(lines[0])
    for line in lines[1:]:
        text[-1], gap = _seam(text[-1], line[0], words)
        text += [line[0]._replace(gap=gap), *line[1:]]
    return text


def _seam(last: PlacedWord, first: PlacedWord, words: Counter[str]) -> tuple[PlacedWord, str]:
    """Return the last word of a text as it is before the line that follows, and what stands between."""
    torn = _TORN.search(last.text)
    follows = _WORD.match(first.text)
    if torn and follows:
        keeps = not first.text[0].islower() or _is_compound(torn[1].lower(), follows[0].lower(), words)
        return (last if keeps else last._replace(text=last.text[:-1])), ""
    if re.search(r"\d-$", last.text) or (_CJK.match(last.text[-1:]) and _CJK.match(first.text[:1])):
        return last, ""
    return last, " "


def _is_compound(first: str, second: str, words: Counter[str]) -> bool:
    whole, compound = words[first + second], words[f"{first}-{second}"]
    if whole or compound:
        return compound > whole
    return first in _COMPOUNDING or (len(first) > 2 and len(second) > 3 and words[first] > 0 and words[second] > 0)


def _bridge(before: Block, block: Block, words: Counter[str], main: float) -> bool:
    """Let a sentence go on from the page before: only a space, or nothing, stands between. Returns whether it does."""
    is_text = before.table is None and block.table is None and before.size <= LARGER * main
    if not is_text or CONTENTS.match(before.text) or not _runs_on(before.last, block.first):
        return False
    before.words[-1], block.gap = _seam(before.words[-1], block.words[0], words)
    before.text = text_of(before.words)
    return True
