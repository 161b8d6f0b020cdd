"""Documents that are read from top to bottom: headings, paragraphs, slides, pages, messages, rows of tables in text.

Works on the canonical text of any format; what was bold or a list in the file is not told by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from rag.types import page_name
from ui.escape import escape
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style, draw

_BAR = " | "  # between the cells of a row whose columns have no names
_END = "; "  # the same, where all have names
_LONGEST_NAME = 80
_NAMED = ": "  # between the name of a column and what stands in it
_HEADERS = ("From:", "To:", "Cc:", "Bcc:", "Date:", "Subject:")
_UNNUMBERED = ("row", "line")


class _Columns(NamedTuple):
    """What parts the cells of a row, and the names of its columns."""

    sign: str
    names: tuple[str, ...]


def prose(scene: Scene) -> str:
    """Return the window as headings, paragraphs and tables, parted where a page or slide begins."""
    return "".join(_part(scene, label, span) for label, span in _parts(scene))


def mail(scene: Scene) -> str:
    """Return the window of a message, its headers apart; what it quotes is set off."""
    shown: list[str] = []
    headers: list[str] = []
    at_start = scene.window[0] == 0
    for span in scene.paragraphs(scene.window):
        first = scene.text[span[0] : span[1]].split(" ", 1)[0]
        at_start = at_start and first in _HEADERS
        if at_start:
            label = Style(span[0], span[0] + len(first), "label")
            headers.append(scene.block("p", span, [label]))
        else:
            shown.extend(_letter(scene, span))
    top = f'<div class="headers">{"".join(headers)}</div>' if headers else ""
    return top + "".join(shown)


def _letter(scene: Scene, span: Span) -> Iterator[str]:
    """Yield a paragraph of a message, in stretches of lines that are quoted and that are not."""

    def is_quoted(line: Span) -> bool:
        block = scene.document.block_at(line[0])
        return block is not None and block.kind == "quote"

    for quoted, run in groupby(scene.lines(span), key=is_quoted):
        lines = list(run)
        block = scene.block("p", (lines[0][0], lines[-1][1]))
        yield f"<blockquote>{block}</blockquote>" if quoted else block


def _parts(scene: Scene) -> Iterator[tuple[str, Span]]:
    """Yield the stretches of the window by pages, each with its label; one without pages is one stretch."""
    start, end = scene.window
    kind = scene.document.page_kind
    for page in scene.pages if kind not in _UNNUMBERED else ():
        if start < page.start:
            yield "", (start, page.start)
        start = max(start, page.start)
        yield page_name(kind, page.number).capitalize(), (start, min(page.end, end))
        start = min(page.end, end)
    if start < end:
        yield "", (start, end)


def _part(scene: Scene, label: str, span: Span) -> str:
    division = f'<div class="division">{escape(label)}</div>' if label else ""
    blocks = [(_is_row(scene, block), block) for block in _blocks(scene, span)]
    shown = ""
    for rows, run in groupby(blocks, key=lambda found: found[0]):
        found = [block for _, block in run]
        shown += _tables(scene, found) if rows else "".join(_block(scene, block) for block in found)
    return division + shown


def _blocks(scene: Scene, span: Span) -> Iterator[Span]:
    """Yield the paragraphs of a stretch, cut where a heading begins and ends."""
    for start, end in scene.paragraphs(span):
        before = scene.heading_at(start)
        headings = [*([before] if before else []), *scene.headings_in((start, end))]
        for cut in sorted({cut for heading in headings for cut in (heading.start, heading.end) if start < cut < end}):
            yield start, cut
            start = cut
        yield start, end


def _block(scene: Scene, span: Span) -> str:
    heading = scene.heading_at(span[0])
    return scene.block(heading_tag(heading.level) if heading else "p", span)


def heading_tag(level: int) -> str:
    """Return the element of a heading: those of the page itself stand above."""
    return f"h{min(level, 3) + 2}"


def _is_row(scene: Scene, span: Span) -> bool:
    words = scene.text[span[0] : span[1]]
    return "\n" not in words and scene.heading_at(span[0]) is None and bool(_columns(words).names)


def _columns(words: str) -> _Columns:
    """Return what parts the cells of a row, and the names they begin with; no names where it is no row.

    Of cells between bars, the first has no name, and the others all have one or none has.
    """
    if _BAR in words:
        names = [cell.rpartition(_NAMED)[0] for cell in words.split(_BAR)]
        return _Columns(_BAR, ("", *names[1:]) if all(names[1:]) else ("",) * len(names))
    parts = [cell.partition(_NAMED) for cell in words.split(_END)]
    named = len(parts) > 1 and all(rest and 0 < len(name) <= _LONGEST_NAME for name, _, rest in parts)
    return _Columns(_END, tuple(name for name, _, _ in parts) if named else ())


def _tables(scene: Scene, rows: Sequence[Span]) -> str:
    """Return rows that follow one another: as a table where they have the same columns, one by itself as it is."""
    shown = ""
    for columns, run in groupby(rows, key=lambda row: _columns(scene.text[row[0] : row[1]])):
        found = list(run)
        is_table = len(found) > 1 or (columns.sign == _BAR and len(columns.names) > 2)
        shown += _table(scene, columns, found) if is_table else "".join(_block(scene, row) for row in found)
    return shown


def _table(scene: Scene, columns: _Columns, rows: Sequence[Span]) -> str:
    head = "".join(f'<th scope="col" dir="auto">{escape(name)}</th>' for name in columns.names)
    head = f"<thead><tr>{head}</tr></thead>" if any(columns.names) else ""
    body = "".join(f"<tr{scene.of_passage(row)}>{_row(scene, columns, row)}</tr>" for row in rows)
    table = f"<table>{head}<tbody>{body}</tbody></table>"
    return f'<div class="wide scroll" tabindex="0" role="group" aria-label="Table">{table}</div>'


def _row(scene: Scene, columns: _Columns, row: Span) -> str:
    shown = ""
    for name, (span, signs) in zip(columns.names, cells(scene.text, row, columns.sign), strict=True):
        words = signs[0].end if signs else span[0]
        named = [Style(words, words + len(name) + len(_NAMED), "sign")] if name else []
        styled = draw(scene.text, *span, (*scene.marks, *signs, *named))
        shown += f'<td dir="auto">{styled}</td>'
    return shown


def cells(text: str, row: Span, sign: str = _BAR) -> Iterator[tuple[Span, list[Style]]]:
    """Yield the cells of a row that is parted by a sign, which belongs to the cell after it, and is hidden."""
    start = row[0]
    signs: list[Style] = []
    while (stop := text.find(sign, start + len(sign) * bool(signs), row[1])) >= 0:
        yield (start, stop), signs
        start, signs = stop, [Style(stop, stop + len(sign), "sign")]
    yield (start, row[1]), signs
