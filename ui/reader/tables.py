"""The rows of a table under the names of its columns; of a spreadsheet, numbered as in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.markdown_signs import is_markdown
from rag.types import Block, Group
from ui.escape import escape
from ui.reader import inline
from ui.reader.pieces import Piece
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style

_MOST_CELLS = 50_000  # of a window: a sheet may be 16,384 columns wide and nearly empty


class _Cell(NamedTuple):
    """What a cell shows, with what stands before it in the row, which is hidden."""

    span: Span
    signs: list[Style]


class _Row(NamedTuple):
    """A row, and those of its cells that hold something, by column."""

    piece: Piece
    cells: dict[int, _Cell]


def table(scene: Scene, run: Sequence[tuple[Piece, Block]]) -> str:
    """Return the rows of a table, or of what of it stands in the window."""
    number = run[0][1].group
    group = scene.document.groups[number] if number is not None else Group(kind="table")
    width = max(len(group.columns), *(len(block.cells) for _, block in run))
    if len(run) * width > _MOST_CELLS:
        return "".join(scene.element("p", piece.span) for piece, _ in run)
    rows = [_Row(piece, dict(_cells(piece, block))) for piece, block in run]
    used = sorted({at for row in rows for at in row.cells} | {at for at, name in enumerate(group.columns) if name})
    is_sheet = scene.document.page_kind == "row"
    count = int(run[0][1].is_context)
    top = "".join(_row(scene, row, used, "th") for row in rows[:count]) or _names(group, used, is_sheet)
    body = "".join(_row(scene, row, used, "td") for row in rows[count:])
    caption = scene.text[slice(*group.caption)] if group.caption else "Table"
    named = f"<thead>{top}</thead>" if top else ""
    kind = ' class="rows"' if is_sheet else ""
    return (
        f'<div class="wide scroll" tabindex="0" role="group" aria-label="{escape(caption)}">'
        f"<table{kind}>{named}<tbody>{body}</tbody></table></div>"
    )


def _names(group: Group, used: Sequence[int], is_sheet: bool) -> str:
    """Return the names of the columns, which stand in each row of the text, or in one out of view."""
    if not any(group.columns):
        return ""
    names = [*(["Row"] if is_sheet else []), *(group.columns[at] if at < len(group.columns) else "" for at in used)]
    cells = "".join(f'<th scope="col" dir="auto">{escape(name)}</th>' for name in names)
    return f'<tr class="names">{cells}</tr>'


def _row(scene: Scene, row: _Row, used: Sequence[int], tag: str) -> str:
    number = ""
    if scene.document.page_kind == "row":
        number = f'<th scope="row">{scene.document.page_at(row.piece.own) or ""}</th>'
    element = 'th scope="col"' if tag == "th" else tag
    if list(row.cells) == used[:1]:  # words by themselves, such as a note under a table
        shown = _cell(scene, row.cells[used[0]], f'{element} colspan="{len(used)}"')
    else:
        shown = "".join(_cell(scene, row.cells[at], element) if at in row.cells else f"<{tag}></{tag}>" for at in used)
    return f"<tr{scene.attributes(row.piece.span)}>{number}{shown}</tr>"


def _cell(scene: Scene, cell: _Cell, element: str) -> str:
    has_signs = is_markdown(scene.document.source)
    styles = [*cell.signs, *(inline.inline(scene.text, *cell.span) if has_signs else ())]
    return f'<{element} dir="auto">{scene.words(cell.span, styles)}</{element.split()[0]}>'


def _cells(piece: Piece, block: Block) -> Iterator[tuple[int, _Cell]]:
    """Yield the cells of a row that hold something in the window, with their columns; all of the row is in them."""
    spans = ((at, max(start, piece.own), min(end, piece.end)) for at, (start, end) in enumerate(block.cells))
    filled = [(at, start, end) for at, start, end in spans if start < end] or [(0, piece.own, piece.end)]
    done, last = piece.start, len(filled) - 1
    for number, (at, start, end) in enumerate(filled):
        stop = piece.end if number == last else end
        yield at, _Cell((done, stop), [Style(done, start, "sign"), Style(end, stop, "sign")])
        done = stop
