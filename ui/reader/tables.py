"""Spreadsheets and CSV as tables: the names of the columns on top, the rows numbered as in the file.

A row stands in the canonical text as ``name: cell; name: cell`` or ``cell | cell``. It is taken apart again by the
names that its neighbours have as well; all of its text stays, what only names a cell hidden. Where a cell looks like
two, or a name like a cell, the table is a little askew and the words are still all there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rag.types import Page
from ui.escape import escape
from ui.reader.prose import cells, heading_tag
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style, draw

_END = "; "
_NAMED = ": "
_LONGEST_NAME = 80


class _Cell(NamedTuple):
    """A cell: its column, if that has a name, where it stands, and what of that is hidden."""

    name: str | None
    span: Span
    signs: list[Style]


class _Row(NamedTuple):
    number: int
    span: Span
    cells: list[_Cell]

    @property
    def is_note(self) -> bool:
        """Whether it is words by themselves, such as a note under a table."""
        return len(self.cells) == 1 and self.cells[0].name is None

    @property
    def names(self) -> list[str]:
        """The names of the columns that it has cells in."""
        return [cell.name for cell in self.cells if cell.name is not None]


@dataclass
class _Table:
    """Rows under the same columns, in the order in which the rows have them."""

    columns: list[str] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)

    def takes(self, row: _Row) -> bool:
        """Add a row, and the columns that are new with it; False where it belongs under others."""
        if not row.is_note:
            merged = _merged(self.columns, row.names)
            alike = bool(self.columns) == bool(row.names) and not (
                row.names and set(self.columns).isdisjoint(row.names)
            )
            if self.rows and (merged is None or not alike):
                return False
            self.columns = merged or []
        self.rows.append(row)
        return True


def table(scene: Scene) -> str:
    """Return the window as one table after another, each under the name of its sheet."""
    names = _names(scene)
    shown, current = "", _Table()
    for page in scene.pages:
        heading, row = _row(scene, page, names)
        if heading or (row is not None and not current.takes(row)):
            shown += _drawn(scene, current) + heading
            current = _Table()
            if row is not None:
                current.takes(row)
    return shown + _drawn(scene, current)


def _merged(columns: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """Return the columns with those of a row among them; None where the row has them in another order."""
    merged = list(columns)
    last = -1
    for name in names:
        if name not in merged:
            merged.insert(last + 1, name)
        at = merged.index(name)
        if at <= last:
            return None
        last = at
    return merged


def _names(scene: Scene) -> set[str]:
    """Return the names of columns: what stands before a colon in more than one row, or in the only one."""
    counts: Counter[str] = Counter()
    for page in scene.pages:
        start, end = _clipped(scene, page)
        parts = scene.text[start:end].strip().split(_END)
        counts.update({part.split(_NAMED, 1)[0] for part in parts if _NAMED in part})
    least = 2 if len(scene.pages) > 1 else 1
    return {name for name, count in counts.items() if count >= least and 0 < len(name) <= _LONGEST_NAME}


def _clipped(scene: Scene, page: Page) -> Span:
    return max(page.start, scene.window[0]), min(page.end, scene.window[1])


def _row(scene: Scene, page: Page, names: set[str]) -> tuple[str, _Row | None]:
    """Return the heading that stands before a row, and the row."""
    start, end = _clipped(scene, page)
    shown = ""
    for heading in scene.headings_in((start, end)):
        shown += scene.block(heading_tag(heading.level), (heading.start, min(heading.end, end)))
        start = min(heading.end, end)
    words = scene.text[start:end]
    start, end = start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())
    if start >= end:
        return shown, None
    return shown, _Row(page.number, (start, end), _cells(scene.text, (start, end), names))


def _cells(text: str, span: Span, names: set[str]) -> list[_Cell]:
    parts = list(_parts(text, span, names))
    if not any(name is not None for name, *_ in parts):
        return [_Cell(None, cell, signs) for cell, signs in cells(text, span)]
    found = []
    for at, (name, start, words) in enumerate(parts):
        stop = parts[at + 1][1] if at + 1 < len(parts) else span[1]
        found.append(_Cell(name or "", (start, stop), [Style(start, words, "sign")]))
    return found


def _parts(text: str, span: Span, names: set[str]) -> Iterator[tuple[str | None, int, int]]:
    """Yield the cells of a row by their names: each name, where its cell starts, and where the words in it do.

    What stands between two names belongs to the first; what stands before all has none.
    """
    start = span[0]
    sign = 0
    seen: set[str] = set()
    while True:
        name = _name_at(text, start + sign, span[1])
        if name in names and name not in seen:
            seen.add(name)
            yield name, start, start + sign + len(name) + len(_NAMED)
        elif start == span[0]:
            yield None, start, start
        start = text.find(_END, start + sign, span[1])
        if start < 0:
            return
        sign = len(_END)


def _name_at(text: str, start: int, end: int) -> str:
    stop = text.find(_NAMED, start, min(end, start + _LONGEST_NAME + len(_NAMED)))
    return text[start:stop] if stop >= 0 else ""


def _drawn(scene: Scene, found: _Table) -> str:
    if not found.rows:
        return ""
    head = "".join(f'<th scope="col" dir="auto">{escape(name)}</th>' for name in found.columns)
    head = f"<thead><tr><th><span>Row</span></th>{head}</tr></thead>" if found.columns else ""
    width = max(len(found.columns), *(len(row.cells) for row in found.rows))
    rows = "".join(_drawn_row(scene, row, found.columns, width) for row in found.rows)
    table = f'<table class="rows">{head}<tbody>{rows}</tbody></table>'
    return f'<div class="wide scroll" tabindex="0" role="group" aria-label="Table">{table}</div>'


def _drawn_row(scene: Scene, row: _Row, columns: Sequence[str], width: int) -> str:
    number = f'<th scope="row">{row.number}</th>'
    if row.is_note:
        shown = _drawn_cell(scene, row.cells[0], f' colspan="{width}"')
    elif columns:
        cells = {cell.name: cell for cell in row.cells}
        shown = "".join(_drawn_cell(scene, cells[name]) if name in cells else "<td></td>" for name in columns)
    else:
        shown = "".join(_drawn_cell(scene, cell) for cell in row.cells)
    return f"<tr{scene.of_passage(row.span)}>{number}{shown}</tr>"


def _drawn_cell(scene: Scene, cell: _Cell, wide: str = "") -> str:
    words = draw(scene.text, *cell.span, (*scene.marks, *cell.signs))
    return f'<td dir="auto"{wide}>{words}</td>'
