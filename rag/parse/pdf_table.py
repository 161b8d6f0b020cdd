"""Tables among the lines of a page: where the cells of lines one under another stand in columns.

The columns are the stretches that the cells fill, parted by what is white in nearly all lines; their cells have to
begin, end or be centred at the same place. Words that are set wide apart do neither, so they stay lines. Cells that
run over several lines are put together again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rag.parse.header import is_figure, is_header, is_header_of, joined_names
from rag.parse.pdf_layout import LARGER, Cell, Line, cut

_MOST_CROSSING = 0.15  # of the lines: so many may have a cell over two columns
_LEAST_ALIGNED = 0.6  # of the cells of a column
_SAME_EDGE = 2.0  # points
_LEAST_SHARED = 0.7  # of the lines of several cells: so many have them in several columns
_SLACK = 0.35  # of the size of the letters, within which cells begin or end at the same place
_LONGEST_LABEL = 120  # characters; what is longer, alone on its line, is no part of a table
_MOST_LABELS = 3  # lines of one cell, one after another, in a table
_WIDEST_DROP = 3.5  # of the size of the letters, between two lines of a table
_NEAR = 1.2  # of the least distance of lines: one that stands so near to the last may go on in its cells
_MOST_HEADER_LINES = 4
_GOES_ON = re.compile(r"[,;]$")
_YEAR = re.compile(r"(?:19|20)\d\d$")

# Where something begins and ends on its line.
Place = tuple[float, float]


@dataclass(slots=True, eq=False)
class Row:
    """The cells of a row, by column; those that are empty have no words."""

    cells: list[Cell]
    line: Line  # its first

    @property
    def texts(self) -> list[str]:
        """What its cells say."""
        return [cell.text for cell in self.cells]


@dataclass(slots=True, eq=False)
class Table:
    """Rows under those that name the columns, where there are such; ``places`` are where the columns stand.

    ``is_sure`` is whether more than its place tells that the header is one: figures under it, or bold letters.
    """

    places: list[Place]
    head: list[Row]
    rows: list[Row]
    is_sure: bool

    @property
    def names(self) -> list[str]:
        """The names of its columns; none where it has no header."""
        return joined_names([row.texts for row in self.head]) if self.head else []

    def rest_in(self, other: Table) -> list[Row]:
        """Return the rows of a table on the next page, where it is the rest of this; its header may be repeated."""
        is_same = len(self.places) == len(other.places) and all(
            one[0] < next_[1] and next_[0] < one[1] for one, next_ in zip(self.places, other.places, strict=True)
        )
        is_repeated = self.names == other.names
        if not is_same or (other.is_sure and not is_repeated):
            return []
        return other.rows if is_repeated else other.head + other.rows


def parts_of(lines: Sequence[Line]) -> Iterator[list[Line] | Table]:
    """Yield the lines of a page with its tables among them, in order."""
    plain: list[Line] = []
    for stretch in cut(lines, _is_apart):
        for part in _split(stretch):
            if isinstance(part, Table):
                if plain:
                    yield plain
                plain = []
                yield part
            else:
                plain.extend(part)
    if plain:
        yield plain


def _is_apart(before: Line, line: Line) -> bool:
    """Whether no table goes over two lines: they are of different columns of the page, or a wide gap is between."""
    is_prose = any(len(one.cells) == 1 and len(one.text) > _LONGEST_LABEL for one in (before, line))
    is_heading = len(before.cells) == 1 and before.size > LARGER * line.size
    drop = before.base - line.base
    return (
        is_prose
        or is_heading
        or before.column != line.column
        or not 0 < drop < _WIDEST_DROP * max(before.size, line.size)
    )


def _split(lines: list[Line]) -> Iterator[list[Line] | Table]:
    """Yield the table in some lines, with those before and after it; where all are none together, look at parts."""
    wide = [at for at, line in enumerate(lines) if len(line.cells) > 1]
    if len(wide) < 2:
        yield lines
        return
    at_gap = next((after - _MOST_LABELS for at, after in pairwise(wide) if after - at > _MOST_LABELS + 1), None)
    if at_gap is not None:
        yield from _split(lines[:at_gap])
        yield from _split(lines[at_gap:])
        return
    first, end = wide[0], wide[-1] + 1
    data = [lines[at] for at in wide if any(_is_data(cell.text) for cell in lines[at].cells[1:])]
    places = _columns(data if len(data) > 1 else [lines[at] for at in wide])
    if places:
        first, end = _with_label(lines, first, places), _with_tail(lines, end, places)
        start = _with_heads(lines, first, places)
        table = _table(lines[start:end], places)
        if not table.head:
            start, table = first, _table(lines[first:end], places)
        yield lines[:start]
        yield table
        yield lines[end:]
        return
    at_gap = _widest_gap(lines, first, end)
    if at_gap is None:
        yield lines
        return
    yield from _split(lines[:at_gap])
    yield from _split(lines[at_gap:])


def _widest_gap(lines: Sequence[Line], first: int, end: int) -> int | None:
    """Return where to part lines that are no table together: after a line of one cell, at the widest gap."""
    cuts = [at for at in range(first + 1, end) if len(lines[at].cells) == 1 or len(lines[at - 1].cells) == 1]
    return max(cuts, key=lambda at: lines[at - 1].base - lines[at].base, default=None)


def _columns(lines: Sequence[Line]) -> list[Place]:
    """Return where the columns of lines stand; none where they are no table."""
    places = _filled([(cell.left, cell.right) for line in lines for cell in line.cells], _MOST_CROSSING * len(lines))
    if len(places) < 2:
        return []
    size = median(line.size for line in lines)
    columns: list[list[Cell]] = [[] for _ in places]
    shared = 0
    for line in lines:
        under = [_under(cell, places) for cell in line.cells]
        if all(len(found) == 1 for found in under):
            shared += len({found[0] for found in under}) > 1
            for cell, (column,) in zip(line.cells, under, strict=True):
                columns[column].append(cell)
    if shared < max(2, _LEAST_SHARED * len(lines)):
        return []
    # The labels in the first may be indented.
    return places if all(_is_aligned(column, _SLACK * size) for column in columns[1:]) else []


def _filled(cells: list[Place], most: float) -> list[Place]:
    """Return the stretches that more than ``most`` cells cover."""
    edges = sorted([(left, 1) for left, _ in cells] + [(right, -1) for _, right in cells])
    places: list[Place] = []
    cover, start = 0, 0.0
    for at, step in edges:
        if cover <= most < cover + step:
            start = at
        elif cover + step <= most < cover:
            places.append((start, at))
        cover += step
    return places


def _under(cell: Cell, places: Sequence[Place]) -> list[int]:
    """Return the numbers of the columns that a cell reaches into, or that is nearest."""
    found = [at for at, (left, right) in enumerate(places) if cell.left < right and left < cell.right]
    middle = (cell.left + cell.right) / 2
    return found or [min(range(len(places)), key=lambda at: abs(sum(places[at]) / 2 - middle))]


def _is_aligned(cells: Sequence[Cell], slack: float) -> bool:
    if len(cells) < 2:
        return bool(cells)
    edges = ([c.left for c in cells], [c.right for c in cells], [(c.left + c.right) / 2 for c in cells])
    return any(_most_alike(sorted(edge), slack) >= max(2, _LEAST_ALIGNED * len(cells)) for edge in edges)


def _most_alike(edges: Sequence[float], slack: float) -> int:
    """Return how many of some sorted numbers lie within twice ``slack`` of one another, at most."""
    best = start = 0
    for end, edge in enumerate(edges, start=1):
        while edge - edges[start] > 2 * slack:
            start += 1
        best = max(best, end - start)
    return best


def _with_heads(lines: Sequence[Line], first: int, places: Sequence[Place]) -> int:
    """Return where a table begins with the lines that stand over columns other than its first: names over groups."""
    start = first
    while start and first - start < _MOST_LABELS:
        line = lines[start - 1]
        is_over = line.left > places[1][0] - 3 * line.size and line.right < places[-1][1] + 3 * line.size
        if not is_over or len(line.text) > _LONGEST_LABEL:
            break
        start -= 1
    return start


def _with_label(lines: Sequence[Line], first: int, places: Sequence[Place]) -> int:
    """Return where a table begins with the line that the label of its first row begins on."""
    label = lines[first - 1] if first else None
    if label is None or label.right > places[1][0] or re.search(r"[.:!?]$", label.text):
        return first
    return first - lines[first].cells[0].text[:1].islower()


def _with_tail(lines: Sequence[Line], end: int, places: Sequence[Place]) -> int:
    """Return where a table ends with the lines that its last row goes on in."""
    while end < len(lines) and end:
        line = lines[end]
        close = lines[end - 1].base - line.base < 1.5 * line.size
        inside = [at for at, (left, right) in enumerate(places) if left - 1 < line.left and line.right < right + 1]
        if not (close and (inside and (inside[0] > 0 or line.text[:1].islower()))):
            break
        end += 1
    return end


def _table(lines: list[Line], places: list[Place]) -> Table:
    rows = _rows(lines, places)
    first, end, is_sure = _header(rows)
    head = rows[first:end]
    for row in rows[:first] + rows[end:]:
        _keep_first(row)
    is_bold = bool(head) and head[0].line.bold and not all(row.line.bold for row in rows[end:])
    return Table(places, head, rows[:first] + _corners(head) + rows[end:], is_sure or is_bold)


def _keep_first(row: Row) -> None:
    """Let a cell over several columns of a row, which is none of the header, stand in the first alone."""
    for at in range(len(row.cells) - 1, 0, -1):
        if row.cells[at].words == row.cells[at - 1].words:
            row.cells[at] = Cell([], row.cells[at].left, row.cells[at].right)


def _corners(head: Sequence[Row]) -> list[Row]:
    """Take from a header what it says of the whole table, such as "(in millions)", and return it as rows."""
    found: list[Row] = []
    for row in head:
        corner = row.cells[0]
        if corner.text.startswith("("):
            empty = [Cell([], cell.left, cell.right) for cell in row.cells]
            found.append(Row([corner, *empty[1:]], row.line))
            row.cells[0] = empty[0]
    return found


def _rows(lines: Sequence[Line], places: Sequence[Place]) -> list[Row]:
    """Return the rows of a table; what goes on from line to line in its cells is put together."""
    drops = [before.base - line.base for before, line in pairwise(lines)]
    near = _NEAR * min(drops, default=0.0)
    rows: list[Row] = []
    has_data = False
    for at, line in enumerate(lines):
        has_data = has_data or any(_is_data(cell.text) for cell in line.cells[1:])
        row = Row([Cell([], left, right) for left, right in places], line)
        for cell, under in zip(line.cells, _placed(line.cells, places, has_data), strict=True):
            for column in under:
                row.cells[column].add(cell)
        is_near = at > 0 and drops[at - 1] < near < max(drops)
        if rows and _goes_on(rows[-1], row, is_near):
            for cell, more in zip(rows[-1].cells, row.cells, strict=True):
                cell.add(more)
        else:
            rows.append(row)
    return rows


def _placed(cells: Sequence[Cell], places: Sequence[Place], has_data: bool) -> list[list[int]]:
    """Return for each cell the columns it stands in; one over the middle of several names them all."""
    if len(cells) == 1 and cells[0].text.startswith("("):  # it is said of the whole table
        return [[0]]
    values = range(1, len(places))
    wide = len(values) // len(cells)
    if not has_data and wide > 1 and len(values) % len(cells) == 0:
        groups = [list(values[at : at + wide]) for at in range(0, len(values), wide)]
        if all(
            _is_centred(cell, places[group[0]][0], places[group[-1]][1])
            for cell, group in zip(cells, groups, strict=True)
        ):
            return groups
    found = [_under(cell, places) for cell in cells]
    return [under[:1] if has_data or under[0] == 0 else under for under in found]


def _is_centred(cell: Cell, left: float, right: float) -> bool:
    """Whether a cell stands over the middle of some columns, and does not begin where the first does."""
    return abs(cell.left + cell.right - left - right) / 2 < (right - left) / 5 and abs(cell.left - left) > _SAME_EDGE


def _goes_on(before: Row, row: Row, is_near: bool) -> bool:
    """Whether a line goes on in the cells of the row before: it has no label, or one that begins in its middle."""
    filled = [at for at, text in enumerate(row.texts) if text]
    others = sum(map(bool, before.texts[1:]))
    if before.line.bold != row.line.bold:
        return False
    if (
        is_near
        and not before.texts[0]
        and all(not text or (more and not is_figure(more)) for text, more in zip(before.texts, row.texts, strict=True))
    ):
        return True  # the label stands beside the last line of its row
    if row.texts[0][:1].islower() and (not others or filled == [0]):
        return not re.search(r"[.:!?]$", before.texts[0])
    if not others or any(map(is_figure, row.texts)) or (len(row.texts) == 2 == len(filled)):
        return False
    if not row.texts[0] and len(filled) < max(2, others):
        return True
    return is_near and any(text[:1].islower() for text in row.texts)


def _header(rows: Sequence[Row]) -> tuple[int, int, bool]:
    """Return which rows hold the names of the columns, from the first to before the last; whether figures say so."""
    texts = [row.texts for row in rows]
    data = next((at for at, row in enumerate(texts) if any(map(_is_data, row[1:]))), 0)
    while data and not any(texts[data - 1][1:]):  # the label of a group of rows
        data -= 1
    for first in range(max(0, data - _MOST_HEADER_LINES), data):
        labels = sum(row[0][:1] not in ("", "(") for row in texts[first:data])  # in a form, each line has one
        if labels < 2 and is_header_of(texts[first:data], texts[data:]):
            return first, data, True
    is_first = len(texts) > 1 and is_header(texts[0], texts[1:]) and not any(map(_GOES_ON.search, texts[0]))
    return 0, int(is_first), False


def _is_data(text: str) -> bool:
    """Whether a cell holds a figure that is no year, as headers have too."""
    return is_figure(text) and not _YEAR.match(text)
