"""The lines of a page in the order they are read: columns one after another.

Pure geometry on runs of words. Columns of prose are told from columns of a table by how they are filled: in
prose, both sides of the white gutter are long lines of letters. It knows no frames and no rulings, so a table
whose cells are paragraphs may be read down its columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from statistics import median
from typing import TypeVar

from rag.parse.pdf_page import RIGHT_TO_LEFT, PlacedWord, Run, text_of
from rag.parse.scripts import lowered, raised

T = TypeVar("T")

_LEAST_LINES = 4  # beside a gutter
_SHORTEST_PROSE = 18  # characters of an ordinary line of a column
_SHORTEST_LISTED = 6  # the same, where the file itself writes column after column
_MOST_NESTED = 6  # columns in columns
_CELL_GAP = 1.0  # of the size of the letters: so wide a gap parts cells
_ROW_GAP = 0.9  # the same between two more cells of a row
_NO_GAP = 0.12
_LEAST_OVERLAP = 0.4  # of the height of letters, with others of their line: lowered ones have less than half
LARGER = 1.12  # so much larger than the text around it a heading is
_MARKER = re.compile(r"(?:[•·▪●○◦■□►▶➢✓–—*-]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,5}[.)]|\[\d{1,3}\])$")
_LABEL = re.compile(r"(?:item|note|chapter|section|part|article|exhibit)\s+[\dIVX][\w.]*$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?$")
_BEFORE_NUMBER = re.compile(r"[$€£¥₹(]+$|[A-Z]{1,3}\$$")
_AFTER_NUMBER = re.compile(r"[)%]+[)%*]*$")
_SCRIPT = re.compile(r"[^\W\d_]?[+−–-]?\d[\d,.+−–*-]{0,4}[^\W\d_]?")  # figures that are raised or lowered, or a "2a"
_LEAST_RISE, _LEAST_FALL = 0.15, 0.07  # of the size of the letters of the line
_SCRIPT_SIZE = 0.88  # of it, at most


@dataclass(slots=True, eq=False)
class Cell:
    """Words of a line that stand together, and where."""

    words: list[PlacedWord]
    left: float
    right: float
    text: str = ""

    def __post_init__(self) -> None:
        self.text = text_of(self.words)

    def add(self, other: Cell, gap: str = " ") -> None:
        """Add what stands in another cell behind this one's words, where there is something."""
        if other.words:
            self.words += [other.words[0]._replace(gap=gap), *other.words[1:]]
            self.text = f"{self.text}{gap if self.text else ''}{other.text}"
            self.left, self.right = min(self.left, other.left), max(self.right, other.right)


@dataclass(slots=True)
class Line:
    """A line of text: cells, where wide gaps part it. ``limit`` is where its column ends."""

    cells: list[Cell]
    left: float
    right: float
    top: float
    bottom: float
    base: float
    size: float
    bold: bool
    first_width: float
    text_left: float  # where its text begins, after a bullet or number
    column: int = 0  # counts the columns of the page
    margin: float = 0.0
    limit: float = 0.0
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = " ".join(cell.text for cell in self.cells)

    @property
    def words(self) -> list[PlacedWord]:
        """All its words."""
        return [word for cell in self.cells for word in cell.words]


def cut(things: Iterable[T], begins: Callable[[T, T], bool]) -> Iterator[list[T]]:
    """Yield things, parted where ``begins`` says of one and the one before that something new begins."""
    part: list[T] = []
    for thing in things:
        if part and begins(part[-1], thing):
            yield part
            part = []
        part.append(thing)
    if part:
        yield part


def page_lines(runs: list[Run]) -> list[Line]:
    """Return the lines of a page in reading order."""
    lines: list[Line] = []
    for number, column in enumerate(_columns(runs, _MOST_NESTED)):
        found = [_line(row) for row in _on_lines(column)]
        margin = min(line.left for line in found)
        limit = max(line.right for line in found)
        for line in found:
            line.column, line.margin, line.limit = number, margin, limit
        lines.extend(found)
    return lines


def _columns(runs: list[Run], depth: int) -> Iterator[list[Run]]:
    """Yield the groups of runs that are read one after another."""
    gutter = _gutter(runs) if depth else None
    bands = _bands(runs, gutter) if gutter is not None else []
    if not any(_are_columns(left, right, _LEAST_LINES) for _, left, right in bands):
        if runs:
            yield runs
        return
    pending: list[Run] = []
    for across, left, right in bands:
        pending += across
        if _are_columns(left, right, 1):
            yield from _columns(pending, depth - 1)
            yield from _columns(left, depth - 1)
            yield from _columns(right, depth - 1)
            pending = []
        else:
            pending += left + right
    yield from _columns(pending, depth - 1)


def _gutter(runs: Sequence[Run]) -> float | None:
    """Return the x that the fewest runs cross, against those to the left and the right of it; None if all do."""
    if len(runs) < 2 * _LEAST_LINES:
        return None
    edges = sorted([(run.left, 1) for run in runs] + [(run.right, -1) for run in runs])
    cover, covers = 0, []
    for _, step in edges:
        cover += step
        covers.append(cover)
    right_peaks = covers[:]
    for at in range(len(covers) - 2, -1, -1):
        right_peaks[at] = max(covers[at], right_peaks[at + 1])
    best: tuple[int, float, float] = (_LEAST_LINES - 1, 0.0, 0.0)
    left_peak = 0
    for at, (here, following) in enumerate(pairwise(edges)):
        left_peak = max(left_peak, covers[at])
        depth = min(left_peak, right_peaks[at]) - covers[at]
        best = max(best, (depth, following[0] - here[0], (here[0] + following[0]) / 2))
    return best[2] if best[0] >= _LEAST_LINES else None


def _bands(runs: Sequence[Run], gutter: float) -> list[tuple[list[Run], list[Run], list[Run]]]:
    """Cut the page where runs cross the gutter: each band is what crosses above it, its left and its right."""
    ordered = sorted(runs, key=lambda run: -run.middle)
    bands: list[tuple[list[Run], list[Run], list[Run]]] = [([], [], [])]
    for run in ordered:
        across, left, right = bands[-1]
        if run.left < gutter < run.right:
            if left or right:
                bands.append(([run], [], []))
            else:
                across.append(run)
        else:
            (left if run.right <= gutter else right).append(run)
    return bands


def _are_columns(left: list[Run], right: list[Run], least: int) -> bool:
    """Whether two groups beside one another are columns of text, not of a table."""
    if not left or not right:
        return False
    listed = max(run.order for run in left) < min(run.order for run in right)
    shortest = _SHORTEST_LISTED if listed else _SHORTEST_PROSE
    return _is_prose(left, least, shortest) and _is_prose(right, least, shortest)


def _is_prose(runs: list[Run], least: int, shortest: int) -> bool:
    lines = [" ".join([run.text for run in row]) for row in _on_lines(runs)]
    text = "".join(lines)
    letters = sum(map(str.isalpha, text))
    wide = 2 if any("\u3040" <= character < "\ua000" for character in text[:200]) else 1
    return len(lines) >= least and wide * median(map(len, lines)) >= shortest and letters > 0.55 * len(text)


def _on_lines(runs: Sequence[Run]) -> list[list[Run]]:
    """Set runs on lines, from the top down."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: -run.middle):
        if rows and _level(max(rows[-1], key=lambda one: one.size), run):
            rows[-1].append(run)
        else:
            rows.append([run])
    return rows


def _level(one: Run, other: Run) -> bool:
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    return overlap > _LEAST_OVERLAP * min(one.top - one.bottom, other.top - other.bottom)


def _line(row: list[Run]) -> Line:
    row.sort(key=lambda run: run.left)
    widest = max(row, key=lambda run: len(run.text))
    size = widest.size
    cells = [Cell(_joined(runs, widest), runs[0].left, runs[-1].right) for runs in _pieces(row, size)]
    marked = len(row) > 1 and bool(_MARKER.match(row[0].text))
    return Line(
        cells=_cells(cells),
        left=row[0].left,
        right=max(run.right for run in row),
        top=max(run.top for run in row),
        bottom=min(run.bottom for run in row),
        base=widest.bottom,
        size=size,
        bold=sum(len(run.text) for run in row if run.bold) > 0.7 * sum(len(run.text) for run in row),
        first_width=_first_end(cells[0].words) - row[0].left,
        text_left=row[1].left if marked else row[0].left,
    )


def _first_end(words: Sequence[PlacedWord]) -> float:
    """Return where the first word of a line ends, which the file may have set in several parts: "C" and "ommerce"."""
    parts = takewhile(lambda word: not word.gap, words[1:])
    return max(word.box[2] for word in (words[0], *parts))


def _pieces(row: list[Run], size: float) -> Iterator[list[Run]]:
    """Part the runs of a line where the gaps are wide."""
    is_row = any(run.left - before.right >= _CELL_GAP * size for before, run in pairwise(row))
    widest = (_ROW_GAP if is_row else _CELL_GAP) * size
    # A currency's sign stands at the left of its column, maybe close to the number before.
    return cut(
        row, lambda before, run: run.left - before.right >= widest or (is_row and bool(_BEFORE_NUMBER.match(run.text)))
    )


def _joined(runs: list[Run], main: Run) -> list[PlacedWord]:
    """Join runs that stand close, those without any space between them to one word; raised figures stay raised."""
    is_turned = sum(len(RIGHT_TO_LEFT.findall(run.text)) for run in runs) > sum(len(run.text) for run in runs) / 3
    words: list[PlacedWord] = []
    before: Run | None = None
    for run in runs[::-1] if is_turned else runs:
        near = before is not None and (run.is_glued or run.left - before.right < _NO_GAP * main.size)
        first, *rest = _script_words(run, main)
        words += [first._replace(gap="" if near and not is_turned else " "), *rest]
        before = run
    return words


def _script_words(run: Run, main: Run) -> list[PlacedWord]:
    """Return the words of a run, raised or lowered ones written so."""
    if run.size > _SCRIPT_SIZE * main.size or not _SCRIPT.fullmatch(run.text):
        return run.words
    rise = (run.base - main.base) / main.size
    if -_LEAST_FALL < rise < _LEAST_RISE:
        return run.words
    write = raised if rise > 0 else lowered
    return [word._replace(text=write(word.text)) for word in run.words]


def _cells(pieces: list[Cell]) -> list[Cell]:
    """Put together what only looks like cells: a sign and its number, a bullet and its text."""
    cells: list[Cell] = []
    glue = None
    for at, piece in enumerate(pieces):
        text = piece.text
        if cells and glue is None and _AFTER_NUMBER.match(text):
            glue = ""
        if cells and glue is not None:
            cells[-1].add(piece, glue)
        else:
            cells.append(piece)
        glue = None
        if _BEFORE_NUMBER.search(text) and len(text) <= 4:
            glue = ""
        elif at == 0 and len(pieces) > 1 and _is_marker(text, pieces[1].text, len(pieces)):
            glue = " "
    return cells


def _is_marker(text: str, following: str, pieces: int) -> bool:
    """Whether the first cell of a line only marks what follows: a bullet, or the number of an item or section."""
    numbers = pieces == 2 and bool(_NUMBER.match(text)) and following[:1].isalpha()
    return numbers or bool(_MARKER.match(text) or _LABEL.match(text))
