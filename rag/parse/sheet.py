"""Tables as sheets have them: rows of cells, with titles over them, headers of some rows, and gaps between tables.

Each row can be read alone: every value has the name of its column. Which rows hold the names is told by their looks,
and by the merged cells among them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from typing import NamedTuple

from rag.parse.builder import Builder
from rag.parse.header import filled_right, holds_figures, is_figure, is_header_of, is_name, joined_names, spans_groups
from rag.parse.parsed import left_out
from rag.types import BlockKind

Span = tuple[int, int]
# A row with something in it: its number as the spreadsheet shows it, and its cells; none where it is hidden.
Row = tuple[int, list[str]]

_AHEAD = 20  # rows on top of a table in which its header is looked for
_MOST_HEADER_ROWS = 4
_MOST_NOTES = 3  # rows of one value between gaps; more are a list
_MOST_MERGED_ROWS, _MOST_MERGED_COLUMNS = 10_000, 1_000  # a larger cell is no part of a table


class Merge(NamedTuple):
    """A merged cell: its first and last row, by number, and its first and last column, from 0."""

    top: int
    bottom: int
    left: int
    right: int


class _Header(NamedTuple):
    """The names of a table's columns, the rows they are from, and the place of the first row under them."""

    names: list[str]
    levels: list[list[str]]
    end: int


@dataclass
class LeftOut:
    """What of a workbook is not in its text: ``broken`` are sheets that are not whole."""

    broken: list[str] = field(default_factory=list)
    sheets: int = 0
    rows: int = 0
    columns: int = 0
    formulas: int = 0

    @property
    def warning(self) -> str | None:
        """The same in words."""
        said = [f"damaged and not read to the end: {', '.join(self.broken)}"] if self.broken else []
        hidden = {"hidden sheet": self.sheets, "hidden row": self.rows, "hidden column": self.columns}
        said.append(left_out(hidden))
        if self.formulas:
            formulas = "1 formula has" if self.formulas == 1 else f"{self.formulas} formulas have"
            said.append(f"{formulas} no value: open the file in a spreadsheet program and save it")
        return "; ".join(filter(None, said)) or None


def seen(
    rows: Iterable[Row], is_hidden: Callable[[int], bool], columns: Callable[[], Iterable[int]], missing: LeftOut
) -> Iterator[Row]:
    """Yield rows without the cells in hidden columns, which are known once the rows begin; of a hidden row, none."""
    hidden: frozenset[int] | None = None
    used = set[int]()
    for number, cells in rows:
        hidden = frozenset(columns()) if hidden is None else hidden
        if is_hidden(number):
            missing.rows += any(cells)
            cells = []
        elif hidden:
            used.update(at for at in hidden if at < len(cells) and cells[at])
            cells = [cell for at, cell in enumerate(cells) if at not in hidden]
        yield number, cells if any(cells) else []
    missing.columns += len(used)


def filled(rows: Iterable[list[str]]) -> Iterator[Row]:
    """Yield the rows that hold something, with their numbers."""
    return ((number, cells) for number, cells in enumerate(rows, start=1) if any(cells))


def spread(rows: Iterable[Row], merges: Iterable[Merge]) -> Iterator[Row]:
    """Yield the rows with the value of each merged cell in every row and column that it covers."""
    waiting = sorted(merges, reverse=True)
    values: dict[Merge, str] = {}
    for number, cells in rows:
        while waiting and waiting[-1].top <= number:
            merge = waiting.pop()
            if merge.top == number and merge.left < len(cells) and cells[merge.left]:
                values[merge] = cells[merge.left]
        for merge, value in list(values.items()):
            if merge.bottom < number:
                del values[merge]
            else:
                _fill(cells, merge, value)
        yield number, cells


def _fill(cells: list[str], merge: Merge, value: str) -> None:
    end = min(merge.right, merge.left + _MOST_MERGED_COLUMNS) + 1
    cells.extend([""] * (end - len(cells)))
    cells[merge.left : end] = [value] * (end - merge.left)


def add_rows(builder: Builder, rows: Iterable[Row], heading: str = "", merges: Iterable[Merge] = ()) -> None:
    """Add the rows of a sheet, under its name; a table ends at an empty row, or an empty column."""
    sheet = _Sheet(builder, heading, sorted(merges))
    for _, region in groupby(enumerate(rows), key=lambda pair: pair[1][0] - pair[0]):
        sheet.add_region(row for _, row in region if row[1])
    sheet.finish()


class _Sheet:
    """A sheet that is being added, region after region."""

    def __init__(self, builder: Builder, heading: str, merges: Sequence[Merge]) -> None:
        self._builder = builder
        self._heading = heading
        self._merges = merges
        wide = (merge for merge in merges if merge.right > merge.left)
        self._wide = {row for one in wide for row in range(one.top, min(one.bottom, one.top + _MOST_MERGED_ROWS) + 1)}
        self._waiting: list[Row] = []
        self._page_number = 0
        self._left = 0  # the first column of the table
        self._names: list[str] = []  # of the columns of the table before
        self._figures: list[int] = []  # its columns that hold figures

    def add_region(self, rows: Iterator[Row]) -> None:
        """Add the rows between two gaps: a table, or several side by side; a header alone waits for what is next."""
        head = list(islice(rows, _AHEAD))
        if not head:
            return
        waiting, self._waiting = self._waiting, []
        header = self._header(waiting + head) if waiting else None
        if header and header.end == len(waiting):
            head = waiting + head
        elif waiting:
            self._add_table(waiting, iter(()))
        if len(head) <= _MOST_HEADER_ROWS and _may_be_header(head):
            self._waiting = head
        elif _gaps(head):
            for table in _side_by_side([*head, *rows]):
                self._add_table(table[:_AHEAD], iter(table[_AHEAD:]))
        else:
            self._add_table(head, rows)

    def finish(self) -> None:
        """Add what still waits."""
        if self._waiting:
            self._add_table(self._waiting, iter(()))

    def _add_table(self, head: list[Row], rest: Iterator[Row]) -> None:
        self._page(head[0][0])
        self._builder.heading(self._heading, 1)
        self._heading = ""
        self._left = min(_first(cells) for _, cells in head)
        header = self._header(head)
        if header is None:
            if not self._continues(head):
                self._names, self._figures = [], []
            if len(head) <= _MOST_NOTES and all(map(self._is_single, head)):
                self._add_above(head, "paragraph")
            else:
                self._add_body(chain(head, rest), are_pairs=self._are_pairs(head))
            return
        self._names = []
        caption = self._add_above(head[: header.end - len(header.levels)])
        below = head[header.end :]
        rows = [cells for _, cells in below]
        self._names = header.names
        self._figures = [at for at, name in enumerate(header.names) if name and holds_figures(at, rows)]
        self._add_body(chain(below, rest), header.levels, caption)

    def _header(self, head: list[Row]) -> _Header | None:
        """Return the header of a table; where it may go on with another one, only what is on top."""
        for at in range(len(head)):
            found = self._header_at(head, at)
            if found or (self._names and any(map(is_figure, head[at][1]))):
                return found
        return None

    def _header_at(self, head: list[Row], at: int) -> _Header | None:
        if self._is_single(head[at]):
            return None
        number, top = head[at]
        rows = [cells for _, cells in head[at:]]
        top = top + [""] * (max(map(len, rows)) - len(top))
        in_doubt = bool(self._names) or not all(map(self._is_single, head[:at]))
        last, is_grouped = self._merged(number)
        depth = sum(row <= last for row, _ in head[at:])
        likely = [([_once(top, []) if number in self._wide else top], in_doubt)]
        if len(rows) > 1 and spans_groups(top, rows[1]):
            likely.insert(0, ([filled_right(top), rows[1]], True))
        if 1 < depth <= _MOST_HEADER_ROWS:
            likely.insert(0, ([top, *rows[1:depth]], in_doubt or not is_grouped))
        for levels, strict in likely:
            below = rows[len(levels) :]
            if any(len(_filled(row)) > 1 for row in below) and is_header_of(levels, below, strict):
                return _Header(joined_names(levels), rows[: len(levels)], at + len(levels))
        return None

    def _merged(self, number: int) -> tuple[int, bool]:
        """Return the last row of a header that begins in a row, as its merged cells tell, and whether one is wide.

        A cell over several columns names a group of them: their own names are under it.
        """
        last, is_grouped = number, False
        for merge in self._merges[bisect_left(self._merges, (number,)) :]:
            if merge.top > last:
                break
            is_wide = merge.right > merge.left
            last, is_grouped = max(last, merge.bottom + is_wide), is_grouped or is_wide
        return last, is_grouped

    def _is_single(self, row: Row) -> bool:
        """Whether a row holds one value: a title, say, which may be merged over all columns."""
        values = _filled(row[1])
        return len(values) == 1 or (row[0] in self._wide and len(set(values)) == 1 and _first(row[1]) == self._left)

    def _continues(self, head: list[Row]) -> bool:
        """Whether rows without a header may go on with the table before: they have figures where it has."""
        cells = [row[at] for _, row in head for at in self._figures if at < len(row) and row[at]]
        return all(map(is_figure, cells)) and max(sum(map(bool, row)) for _, row in head) > 1

    def _add_above(self, rows: list[Row], kind: BlockKind = "caption") -> Span | None:
        """Add what stands above a header, and return where the caption is: the title right above it."""
        caption = None
        for is_single, some in groupby(rows, key=self._is_single):
            above, caption = list(some), None
            if not is_single:
                self._add_body(above, are_pairs=self._are_pairs(above))
                continue
            for number, cells in above:
                self._page(number)
                title = _filled(cells)[0]
                caption = self._builder.add(title, kind if is_name(title) else "paragraph")
        return caption

    def _add_body(
        self,
        rows: Iterable[Row],
        levels: Sequence[list[str]] = (),
        caption: Span | None = None,
        are_pairs: bool = False,
    ) -> None:
        """Add the rows of a table; its header may stand there once more, on a further page."""
        with self._builder.table(self._names, caption):
            for number, cells in rows:
                if cells in levels:
                    continue
                self._page(number)
                if number in self._wide:
                    cells = _once(cells, [] if self._is_single((number, cells)) else self._names)
                cells = _pair(cells) if are_pairs and not self._names else cells
                self._builder.row(cells + [""] * (len(self._names) - len(cells)))

    def _are_pairs(self, rows: Sequence[Row]) -> bool:
        """Whether rows are of a name and a value each."""
        pairs = [_filled(_once(cells, []) if number in self._wide else cells) for number, cells in rows]
        names = [pair[0] for pair in pairs]
        are_alike = len({_first(cells) for _, cells in rows}) == 1
        are_names = len(set(names)) == len(names) and not any(map(is_figure, names))
        return are_alike and are_names and max(map(len, pairs)) == 2 and sum(map(len, pairs)) >= 1.5 * len(pairs)

    def _page(self, number: int) -> None:
        if number != self._page_number:
            self._builder.page(number)
            self._page_number = number


def _once(cells: list[str], names: list[str]) -> list[str]:
    """Return cells with a value that is merged over columns of one name, or of none, in the first of them only."""
    names = names + [""] * (len(cells) - len(names))
    again = {at for at in range(1, len(cells)) if cells[at] == cells[at - 1] and names[at] in ("", names[at - 1])}
    return ["" if at in again else cell for at, cell in enumerate(cells)]


def _pair(cells: list[str]) -> list[str]:
    name, *value = _filled(cells)
    return [name if name.endswith((":", "?", ".", "!")) or not value else f"{name}:", *value]


def _may_be_header(rows: Sequence[Row]) -> bool:
    """Whether rows between gaps may hold names of the columns below: several, and no figures."""
    cells = [cell for _, cells in rows for cell in cells if cell]
    return (
        all(is_name(cell) and not is_figure(cell) for cell in cells) and max(len(_filled(row)) for _, row in rows) > 2
    )


def _first(cells: list[str]) -> int:
    """Return the first column with a value."""
    return next(at for at, cell in enumerate(cells) if cell)


def _filled(cells: list[str]) -> list[str]:
    return [cell for cell in cells if cell]


def _gaps(rows: Sequence[Row]) -> list[int]:
    """Return the columns without a value that have such to the left and to the right."""
    used = {at for _, cells in rows for at, cell in enumerate(cells) if cell}
    return [at for at in range(min(used), max(used)) if at not in used] if used else []


def _side_by_side(rows: list[Row]) -> list[list[Row]]:
    """Return the tables that empty columns part; one where all of it is one table with gaps."""
    for gap in _gaps(rows):
        left = [(number, cells[:gap]) for number, cells in rows if any(cells[:gap])]
        right = [(number, cells[gap + 1 :]) for number, cells in rows if any(cells[gap + 1 :])]
        if _stands_alone(right, left):
            return [left, *_side_by_side(right)]
    return [rows]


def _stands_alone(right: list[Row], left: list[Row]) -> bool:
    """Whether what stands right of a gap is a table: names come first, and it has other rows, or the same header."""
    first = [cells[0] for _, cells in right]
    if not all(first) or any(map(is_figure, first)) or not all(sum(map(bool, cells)) > 1 for _, cells in right):
        return False
    has_same_names = bool(set(filter(None, left[0][1])) & set(filter(None, right[0][1])))
    return has_same_names or [number for number, _ in left] != [number for number, _ in right]
