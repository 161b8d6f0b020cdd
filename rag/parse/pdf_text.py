"""Lines of pages become blocks of text: paragraphs, table rows and headings, as Builder takes them.

Hyphens at line ends are mended, with the words of the document itself as the dictionary, and sentences go on
over columns and pages. Where a paragraph ends is decided by the places and sizes of its lines alone: nothing in
a PDF says it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from rag.parse.pdf_layout import LARGER, Line, rounded
from rag.parse.pdf_running import PageLines
from rag.parse.pdf_table import name_columns

_ENDED = re.compile(r"[.!?:;。！？…][\"'”’»)\]]*\d{0,2}$")
ITEM = re.compile(
    r"(?:[•·▪●○◦■□►▶➢✓–—*-]|\(?\d{1,3}[.)]|\d{1,2}(?:\.\d{1,2})+:?|\(?[a-zA-Z][.)]|\([ivxIVX]{1,5}\)|\[\d{1,3}\])\s"
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Words that begin compounds more often than they are torn from what follows.
_COMPOUNDING = frozenset(
    "all cross ever five four full half high large long low one open real second self short six small third three"
    " time two user well".split()
)
_TORN = re.compile(r"([^\W\d_]+)-$")
_CJK = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_LONGEST_WORD = 60
_LONGEST_TITLE = 3  # lines
_TITLE = 1.3  # the same for one that may have several lines, whatever their lengths


@dataclass(slots=True)
class Block:
    """A paragraph, heading (with a level) or table row; ``gap`` stands between it and the block before."""

    page: int
    text: str
    size: float
    bold: bool
    lines: int
    first: Line
    last: Line
    level: int = 0
    gap: str = "\n\n"

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a table."""
        return self.last.is_row


def blocks_of(pages: Sequence[PageLines]) -> list[Block]:
    """Return the blocks of a document's pages, in order."""
    words = _dictionary(pages)
    blocks: list[Block] = []
    for page in pages:
        for number, block in enumerate(_page_blocks(page, words)):
            if number == 0 and blocks:
                _bridge(blocks[-1], block, words)
            blocks.append(block)
    return blocks


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


def _page_blocks(page: PageLines, words: Counter[str]) -> Iterator[Block]:
    sizes: Counter[float] = Counter()
    for line in page.lines:
        sizes[rounded(line.size)] += len(line.text)
    main = max(sizes, key=lambda size: sizes[size], default=0.0)
    for stack in _stacks(name_columns(page.lines), main):
        is_title = len(stack) <= _LONGEST_TITLE and stack[0].size > _TITLE * main and not stack[-1].is_row
        for paragraph in [stack] if is_title else _paragraphs(stack):
            yield Block(
                page.number,
                join([line.text for line in paragraph], words),
                size=max(line.size for line in paragraph),
                bold=all(line.bold for line in paragraph),
                lines=len(paragraph),
                first=paragraph[0],
                last=paragraph[-1],
            )


def _stacks(lines: Sequence[Line], main: float) -> Iterator[list[Line]]:
    """Yield lines of one size that stand one under another at the ordinary distance; rows by themselves."""
    leading = _leading(lines)
    return _cut(lines, lambda before, line: not _stands_under(before, line, leading, main))


def _cut(lines: Sequence[Line], begins: Callable[[Line, Line], bool]) -> Iterator[list[Line]]:
    """Yield runs of lines, cut where ``begins`` says of a line and the one before that something new begins."""
    run: list[Line] = []
    for line in lines:
        if run and begins(run[-1], line):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _leading(lines: Sequence[Line]) -> float:
    """Return the ordinary distance of lines, as a multiple of their size."""
    ratios = Counter(
        round((one.base - other.base) / one.size, 1)
        for one, other in pairwise(lines)
        if one.column == other.column and not one.is_row and not other.is_row and abs(one.size - other.size) < 0.5
    )
    likely = {ratio: count for ratio, count in ratios.items() if 0.8 <= ratio <= 3}
    return max(likely, key=lambda ratio: likely[ratio], default=1.3)


def _stands_under(before: Line, line: Line, leading: float, main: float) -> bool:
    if before.column != line.column:
        return _runs_on(before, line)
    drop = before.base - line.base
    if not 0 < drop < 1.25 * leading * max(before.size, line.size):
        return False
    if line.is_row:  # the first line of a label that goes on in the row
        goes_on = line.cells[0][:1].islower() or before.text.count("(") > before.text.count(")")
        return goes_on and not before.is_row and not _ended(before)
    if before.is_row or abs(before.size - line.size) > 0.12 * before.size:
        return False
    return before.bold == line.bold or line.text[:1].islower() or line.size > LARGER * main


def _ended(line: Line) -> bool:
    """Whether a line ends with a sentence."""
    return bool(_ENDED.search(line.text[-8:]))


def _runs_on(before: Line, line: Line) -> bool:
    """Whether a sentence goes on from the foot of a column or page to the head of the next."""
    if before.is_row or line.is_row or abs(before.size - line.size) > 0.12 * before.size:
        return False
    if _ended(before) or ITEM.match(line.text) or before.bold != line.bold:
        return False
    full = before.right > before.limit - 2 * before.size and len(before.text) > 20
    return line.text[:1].islower() or (full and line.left < line.margin + line.size)


def _paragraphs(stack: Sequence[Line]) -> Iterator[list[Line]]:
    """Cut a stack where a line begins something new: it is an item, is indented, or left the one before short."""
    if _hangs(stack):
        return _cut(stack, lambda _, line: line.left < stack[0].left + 0.5 * line.size)
    limits = dict(_limits(stack))
    return _cut(stack, lambda before, line: _begins(before, line, *limits[before.column]))


def _hangs(stack: Sequence[Line]) -> bool:
    """Whether a stack is entries whose first lines stick out to the left, as those of a bibliography do."""
    if len(stack) < 3 or len({line.column for line in stack}) > 1 or stack[-1].is_row:
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
    for column, group in groupby(stack, key=lambda line: line.column):
        lines = list(group)
        left, limit = min(line.left for line in lines), max(line.right for line in lines)
        width = limit - left
        full = sum(line.right > limit - 0.15 * width and line.left < left + 0.1 * width for line in lines)
        reached = len(lines) > 3 and full >= 0.7 * (len(lines) - 1)
        middle = left if lines[-1].is_row else (left + limit) / 2  # a label is narrower than its row
        yield column, (limit if reached else max(limit, lines[0].limit), middle)


def _begins(before: Line, line: Line, limit: float, middle: float) -> bool:
    if before.column != line.column or line.is_row:
        return False
    ended = _ended(before)
    if ITEM.match(line.text) and (ended or not line.text[:1].isalpha()):
        return True
    if _TORN.search(before.text) or (line.text[:1].islower() and not ended and before.right > middle):
        return False
    if ended and line.left > before.text_left + 0.9 * line.size:
        return True
    return before.right + line.first_width + 0.75 * line.size < limit


def join(lines: Sequence[str], words: Counter[str]) -> str:
    """Return lines as one running text, words that were torn at line ends whole again."""
    text = lines[0]
    for line in lines[1:]:
        text = _mended(text, line, words)
    return text


def _mended(text: str, line: str, words: Counter[str]) -> str:
    start, gap = _seam(text, line, words)
    return start + gap + line


def _seam(text: str, line: str, words: Counter[str]) -> tuple[str, str]:
    """Return the text as it is before the line that follows, and what stands between."""
    torn = _TORN.search(text, max(len(text) - _LONGEST_WORD, 0))
    follows = _WORD.match(line)
    if torn and follows:
        keeps = not line[0].islower() or _is_compound(torn[1].lower(), follows[0].lower(), words)
        return (text if keeps else text[:-1]), ""
    if re.search(r"\d-$", text[-2:]) or (_CJK.match(text[-1:]) and _CJK.match(line[:1])):
        return text, ""
    return text, " "


def _is_compound(first: str, second: str, words: Counter[str]) -> bool:
    whole, compound = words[first + second], words[f"{first}-{second}"]
    if whole or compound:
        return compound > whole
    return first in _COMPOUNDING or (len(first) > 2 and len(second) > 3 and words[first] > 0 and words[second] > 0)


def _bridge(before: Block, block: Block, words: Counter[str]) -> None:
    """Let a sentence go on from the page before: only a space, or nothing, stands between."""
    if _runs_on(before.last, block.first):
        before.text, block.gap = _seam(before.text, block.text, words)
