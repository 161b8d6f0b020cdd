"""OpenDocument, as LibreOffice writes it: texts (ODT), slides (ODP) and spreadsheets (ODS).

A footnote stands after the paragraph that refers to it. Deletions that nobody has accepted yet,
annotations, headers, footers and tables of contents are left out. The numbers of lists and headings
are made as a text is shown, and are not in the file. Shapes on a slide are read as the file has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import given_title, open_archive, read_xml
from rag.parse.builder import Builder
from rag.parse.markup import Line, squeeze, styled_line
from rag.parse.parsed import Parsed, title_of
from rag.parse.sheet import add_rows, filled
from rag.parse.table import Cell, table_lines
from rag.parse.tree import local_name

_MOST_COLUMNS = 1024  # of a table in a text; so many in a spreadsheet are read
_LAST_ROW = 1_048_576
_UNREAD = frozenset(
    "tracked-changes annotation annotation-end forms sequence-decls variable-decls user-field-decls table-of-content"
    " illustration-index table-index object-index user-index alphabetical-index title desc ruby-text hidden-paragraph"
    " script event-listeners settings note-citation dde-connection-decls shapes".split()
)
_IN_BOX = frozenset("frame text-box custom-shape rect ellipse line polyline polygon path caption g".split())
_FURNITURE = ("page-number", "footer", "header", "date-time")


@dataclass
class _Run:
    """The text of a paragraph that is being read, and what stands under it: notes and boxes."""

    titles: frozenset[str]
    text: list[str] = field(default_factory=list)
    under: list[Line] = field(default_factory=list)


def parse_odt(data: bytes, name: str) -> Parsed:
    """Read a file of LibreOffice; the title is that among its properties, else its first heading, else its name."""
    with open_archive(data, "OpenDocument") as archive:
        _refuse_locked(archive)
        content = read_xml(archive, "content.xml")
        body = next(iter(_first(content, "body")), None)
        if body is None:
            raise ParseError("not an OpenDocument file, though it is named so")
        title = _given_title(archive)
    builder = Builder()
    kind = local_name(body)
    if kind == "spreadsheet":
        _read_sheets(body, builder)
        return builder.parsed(title or name, "row")
    titles = _title_styles(content)
    if kind == "presentation":
        _read_slides(body, titles, builder)
    else:
        for text, level in _blocks(body, titles):
            builder.line(text, level)
    return builder.parsed(title or title_of(builder.headings) or name, "slide" if kind == "presentation" else "page")


def _refuse_locked(archive: ZipFile) -> None:
    manifest = read_xml(archive, "META-INF/manifest.xml")
    if manifest is not None and any(local_name(part) == "encryption-data" for part in manifest.iter()):
        raise ParseError("needs a password: save it without one")


def _given_title(archive: ZipFile) -> str:
    try:
        meta = read_xml(archive, "meta.xml")
    except ParseError:
        return ""  # the text is what matters
    return given_title(meta.findtext(".//{http://purl.org/dc/elements/1.1/}title") if meta is not None else "")


def _title_styles(content: Any) -> frozenset[str]:
    """Return the names of the styles of a document's title: the one of that name, and those made from it."""
    styles = _first(content, "automatic-styles")
    return frozenset(
        {"Title"} | {_value(style, "name") for style in styles if _value(style, "parent-style-name") == "Title"}
    )


def _blocks(container: Any, titles: frozenset[str]) -> Iterator[Line]:
    """Yield the headings, paragraphs, list items and rows in a text, a cell, a note or a box."""
    for part in container:
        name = local_name(part)
        if name in ("p", "h"):
            yield from _paragraph(part, titles)
        elif name == "table":
            yield from _table(part, titles)
        elif name and name not in _UNREAD and _value(part, "display") != "none":
            yield from _blocks(part, titles)


def _paragraph(paragraph: Any, titles: frozenset[str]) -> Iterator[Line]:
    run = _Run(titles)
    _read(paragraph, run)
    level = 1 if _value(paragraph, "style-name") in titles else 0
    if local_name(paragraph) == "h":
        level = min(max(_number(paragraph, "outline-level"), 1), 10)
    line = styled_line("".join(run.text), level)
    if line[0]:
        yield line
    yield from run.under


def _read(element: Any, run: _Run) -> None:
    """Add the text in a paragraph, or in a part of one, to the run."""
    run.text.append(_plain(element.text))
    for part in element:
        name = local_name(part)
        if name == "s":
            run.text.append(" ")
        elif name == "tab":
            run.text.append("\t")
        elif name == "line-break":
            run.text.append("\n")
        elif name == "note":
            note = squeeze(" ".join(text for text, _ in _blocks(part, run.titles)))
            run.under.extend([(f"Note: {note}", 0)] if note else [])
        elif name in _IN_BOX:
            run.under.extend(_blocks(part, run.titles))
        elif name and name not in _UNREAD:
            _read(part, run)
        run.text.append(_plain(part.tail))


def _plain(text: str | None) -> str:
    """Return text as it is shown: the line ends in it are those of the file, not the reader's."""
    return re.sub(r"\s", " ", text or "")


def _table(table: Any, titles: frozenset[str]) -> Iterator[Line]:
    rows = list(_inner(table, "table-row"))
    has_header = any(local_name(part) == "table-header-rows" for part in table)
    yield from table_lines([_cells(row, titles) for row in rows], has_header)


def _cells(row: Any, titles: frozenset[str]) -> list[Cell]:
    cells: list[Cell] = []
    for part in row:
        if local_name(part) in ("table-cell", "covered-table-cell"):
            cell = list(_blocks(part, titles)) if local_name(part) == "table-cell" else []
            cells.extend([cell] * _repeats(part, "number-columns-repeated", _MOST_COLUMNS - len(cells)))
    return cells


def _inner(element: Any, name: str) -> Iterator[Any]:
    """Yield the rows of a table, also those that are grouped; not those of tables in its cells."""
    for part in element:
        if local_name(part) == name:
            yield part
        elif local_name(part) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _inner(part, name)


def _read_slides(body: Any, titles: frozenset[str], builder: Builder) -> None:
    slides = [part for part in body if local_name(part) == "page"]
    for number, slide in enumerate(slides, start=1):
        builder.page(number)
        shapes = [shape for shape in slide if _value(shape, "class") not in _FURNITURE]
        for shape in [shape for shape in shapes if _value(shape, "class") == "title"]:
            builder.heading(squeeze(" ".join(text for text, _ in _blocks(shape, titles))), 1)
            shapes.remove(shape)
        for shape in shapes:
            is_notes = local_name(shape) == "notes"
            for at, (text, _) in enumerate(_blocks(_without_furniture(shape), titles)):
                builder.add(f"Notes: {text}" if is_notes and not at else text)


def _without_furniture(shape: Any) -> list[Any]:
    """Return a shape, or those on the page of a slide's notes, as what holds the text."""
    if local_name(shape) != "notes":
        return [shape]
    return [part for part in shape if _value(part, "class") not in (*_FURNITURE, "page")]


def _read_sheets(body: Any, builder: Builder) -> None:
    for sheet in body:
        if local_name(sheet) == "table":
            add_rows(builder, filled(_sheet_rows(sheet)), squeeze(_value(sheet, "name")))


def _sheet_rows(sheet: Any) -> Iterator[list[str]]:
    """Yield the rows of a sheet; a row that stands for many, as do the empty ones to the end, is yielded as often."""
    left = _LAST_ROW
    for row in _inner(sheet, "table-row"):
        cells = [" ".join(squeeze(text) for text, _ in cell) for cell in _cells(row, frozenset())]
        while cells and not cells[-1]:
            cells.pop()
        times = _repeats(row, "number-rows-repeated", left)
        left -= times
        yield from (cells for _ in range(times))


def _repeats(element: Any, attribute: str, most: int) -> int:
    return max(min(_number(element, attribute) or 1, most), 0)


def _number(element: Any, attribute: str) -> int:
    value = _value(element, attribute)
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0


def _first(element: Any, name: str) -> Any:
    return next((part for part in element if local_name(part) == name), ()) if element is not None else ()


def _value(element: Any, attribute: str) -> str:
    """Return an attribute by its name without its address; the names of the format are no two alike on an element."""
    return next((str(value) for key, value in element.items() if key.rpartition("}")[2] == attribute), "")
