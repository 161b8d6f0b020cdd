"""Documents that are read from top to bottom: headings, paragraphs, slides, pages, messages, rows of tables in text.

Works on the canonical text of any format; what was bold or a list in the file is not told by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ui.escape import escape
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style, draw

_BAR = " | "  # between the cells of a row whose columns have no names
_NAMED = ": "  # between the name of a column and what stands in it
_HEADERS = ("From:", "To:", "Cc:", "Bcc:", "Date:", "Subject:")
_UNNUMBERED = ("row", "line")


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
        return scene.text.startswith(">", line[0], line[1])

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
        yield f"{kind.capitalize()} {page.number}", (start, min(page.end, end))
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
    return _BAR in words and "\n" not in words and scene.heading_at(span[0]) is None


def _tables(scene: Scene, rows: Sequence[Span]) -> str:
    """Return rows that follow one another: as a table where they have the same columns, one by itself as it is."""
    shown = ""
    for names, run in groupby(rows, key=lambda row: _names(scene, row)):
        found = list(run)
        is_table = len(found) > 1 or len(names) > 2
        shown += _table(scene, names, found) if is_table else "".join(_block(scene, row) for row in found)
    return shown


def _names(scene: Scene, row: Span) -> tuple[str, ...]:
    """Return the names that the cells of a row begin with, where all but the first have one; else empty ones."""
    cells = scene.text[row[0] : row[1]].split(_BAR)
    names = [cell.rpartition(_NAMED)[0] for cell in cells]
    return ("", *names[1:]) if all(names[1:]) else ("",) * len(cells)


def _table(scene: Scene, names: Sequence[str], rows: Sequence[Span]) -> str:
    head = "".join(f'<th scope="col" dir="auto">{escape(name)}</th>' for name in names)
    head = f"<thead><tr>{head}</tr></thead>" if any(names) else ""
    body = "".join(f"<tr{scene.of_passage(row)}>{_row(scene, names, row)}</tr>" for row in rows)
    table = f"<table>{head}<tbody>{body}</tbody></table>"
    return f'<div class="wide scroll" tabindex="0" role="group" aria-label="Table">{table}</div>'


def _row(scene: Scene, names: Sequence[str], row: Span) -> str:
    shown = ""
    for name, (span, signs) in zip(names, bar_cells(scene.text, row), strict=True):
        words = signs[0].end if signs else span[0]
        named = [Style(words, words + len(name) + len(_NAMED), "sign")] if name else []
        styled = draw(scene.text, *span, (*scene.marks, *signs, *named))
        shown += f'<td dir="auto">{styled}</td>'
    return shown


def bar_cells(text: str, row: Span) -> Iterator[tuple[Span, list[Style]]]:
    """Yield the cells of a row that is parted by bars; a bar belongs to the cell after it, and is hidden."""
    start = row[0]
    signs: list[Style] = []
    while (stop := text.find(_BAR, start + len(_BAR) * bool(signs), row[1])) >= 0:
        yield (start, stop), signs
        start, signs = stop, [Style(stop, stop + len(_BAR), "sign")]
    yield (start, row[1]), signs
