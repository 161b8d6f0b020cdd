"""OpenDocument, as LibreOffice writes it: texts (ODT), slides (ODP) and spreadsheets (ODS).

Pandoc reads texts, after what is not shown of them was taken out, and text boxes set in their order. It reads no
slides, which are made sections of a text for it, and no sheets, whose cells are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import given_title, open_archive, read_part, read_xml, zipped
from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks
from rag.parse.pandoc_text import Node
from rag.parse.parsed import Parsed, title_of
from rag.parse.sheet import add_rows, filled
from rag.parse.tree import local_name, take_out, unwrap

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MOST_COLUMNS = 1024  # of a sheet
_MOST_REPEATED = 64  # cells of a table in a text that are written once
_LAST_ROW = 1_048_576
_UNREAD = frozenset(
    "tracked-changes annotation annotation-end forms sequence-decls variable-decls user-field-decls table-of-content"
    " illustration-index table-index object-index user-index alphabetical-index title desc ruby-text hidden-paragraph"
    " script event-listeners settings dde-connection-decls shapes image".split()
)
_BOXES = frozenset("text-box custom-shape rect ellipse line polyline polygon path caption".split())
_WRAPPERS = frozenset("frame g numbered-paragraph".split())
_FURNITURE = ("page-number", "footer", "header", "date-time", "page")
# What in a paragraph Pandoc reads; of what else there is, such as fields, it leaves out the text.
_KNOWN = frozenset("span a s tab line-break note bookmark bookmark-start bookmark-end frame soft-page-break".split())
_IN_LINE = ("p", "h", "span", "a")


def parse_odt(data: bytes, name: str) -> Parsed:
    """Read a file of LibreOffice; the title is that among its properties, else its first heading, else its name."""
    with open_archive(data, "OpenDocument") as archive:
        _refuse_locked(archive)
        content = read_xml(archive, "content.xml")
        body = next(iter(_first(content, "body")), None)
        if body is None:
            raise ParseError("not an OpenDocument file, though it is named so")
        title, builder = _given_title(archive), Builder()
        kind = local_name(body)
        _take_out_unseen(content)
        if kind == "spreadsheet":
            _add_sheets(builder, body)
            return builder.parsed(title or name, "row")
        if kind == "presentation":
            _set_as_sections(body)
        _set_in_order(content)
        nodes = _without_made_up_numbers(read_tree(_as_text(archive, content), "odt")["blocks"])
    if kind == "presentation":
        _add_slides(builder, nodes)
    else:
        add_blocks(builder, nodes)
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


def _as_text(archive: ZipFile, content: Any) -> bytes:
    """Return the file as a text that Pandoc reads: what is shown of it, its styles, and the formulas in it."""
    from lxml import etree

    read = re.compile(r"mimetype|styles\.xml|Object [^/]*/content\.xml")
    places = filter(read.fullmatch, archive.namelist())
    parts = {place: read_part(archive, place) or b"" for place in places}
    return zipped({**parts, "content.xml": etree.tostring(content)})


def _take_out_unseen(content: Any) -> None:
    hidden = _hidden_styles(content)
    for element in list(content.iter()):
        name = local_name(element)
        is_hidden = _value(element, "display") == "none" and name != "text-properties"
        if name in ("", *_UNREAD) or is_hidden or _value(element, "style-name") in hidden:
            take_out(element)


def _hidden_styles(content: Any) -> set[str]:
    properties = [part for part in content.iter() if local_name(part) == "text-properties"]
    return {_value(part.getparent(), "name") for part in properties if _value(part, "display") == "none"} - {""}


def _set_in_order(content: Any) -> None:
    """Set the text of boxes and shapes behind the paragraph that they hang on, and the rest as Pandoc reads it."""
    titles = {"Title"} | {
        _value(part, "name") for part in content.iter() if _value(part, "parent-style-name") == "Title"
    }
    for box in reversed([part for part in content.iter() if local_name(part) in _BOXES]):
        paragraph = next((above for above in box.iterancestors() if local_name(above) in ("p", "h")), None)
        if paragraph is None:
            unwrap(box)
            continue
        for part in reversed(box):
            paragraph.addnext(part)
        take_out(box)
    for element in list(content.iterdescendants()):
        name, parent = local_name(element), local_name(element.getparent())
        if (parent in _IN_LINE and name not in _KNOWN) or (name in _WRAPPERS and parent not in _IN_LINE):
            unwrap(element)
        elif name == "p" and _value(element, "style-name") in titles:
            element.tag = element.tag[:-1] + "h"
            element.set(element.tag[:-1] + "outline-level", "1")
        elif name == "table-cell":
            _repeat(element)


def _repeat(cell: Any) -> None:
    """Write a cell that stands for several as often."""
    times = min(_number(cell, "number-columns-repeated"), _MOST_REPEATED)
    if times > 1 and len(cell):
        del cell.attrib[next(key for key in cell.attrib if key.endswith("number-columns-repeated"))]
        for _ in range(times - 1):
            cell.addnext(deepcopy(cell))


def _set_as_sections(body: Any) -> None:
    """Turn the slides into sections of a text, their titles into headings, and their notes into a section in each."""
    body.tag = body.tag.replace("presentation", "text")
    for slide in [part for part in body if local_name(part) == "page"]:
        slide.tag = f"{_TEXT}section"
        for shape in [part for part in slide.iter() if _value(part, "class") in _FURNITURE]:
            take_out(shape)
        for part in [part for part in slide if local_name(part) == "notes"]:
            part.tag = slide.tag
            slide.append(part)
        for shape in [part for part in slide if _value(part, "class") == "title"]:
            heading = slide.makeelement(f"{_TEXT}h", {f"{_TEXT}outline-level": "1"})
            heading.text = _words(shape)
            slide.remove(shape)
            slide.insert(0, heading)


def _add_slides(builder: Builder, sections: list[Node]) -> None:
    for number, section in enumerate((node for node in sections if node["t"] == "Div"), start=1):
        builder.page(number)
        for node in section["c"][1]:
            if node["t"] == "Div":
                node["c"][0][1] = ["footnotes"]
            add_blocks(builder, [node])


def _without_made_up_numbers(nodes: Any) -> Any:
    """Return the nodes with lists of no style as bullets; Pandoc numbers them."""
    if isinstance(nodes, list):
        return [_without_made_up_numbers(node) for node in nodes]
    if not isinstance(nodes, dict):
        return nodes
    content = _without_made_up_numbers(nodes.get("c"))
    if nodes["t"] == "OrderedList" and content[0][1]["t"] == "DefaultStyle":
        return {"t": "BulletList", "c": content[1]}
    return {**nodes, "c": content}


def _add_sheets(builder: Builder, body: Any) -> None:
    for sheet in body:
        if local_name(sheet) == "table":
            add_rows(builder, filled(_sheet_rows(sheet)), squeeze(_value(sheet, "name")))


def _sheet_rows(sheet: Any) -> Iterator[list[str]]:
    """Yield the rows of a sheet; a row that stands for many, as do the empty ones to the end, is yielded as often."""
    left = _LAST_ROW
    for row in _rows(sheet):
        cells: list[str] = []
        for cell in row:
            if local_name(cell) in ("table-cell", "covered-table-cell"):
                text = _words(cell) if local_name(cell) == "table-cell" else ""
                cells.extend([text] * _repeats(cell, "number-columns-repeated", _MOST_COLUMNS - len(cells)))
        while cells and not cells[-1]:
            cells.pop()
        times = _repeats(row, "number-rows-repeated", left)
        left -= times
        yield from (cells for _ in range(times))


def _rows(table: Any) -> Iterator[Any]:
    """Yield the rows of a table, also those that are grouped."""
    for part in table:
        if local_name(part) == "table-row":
            yield part
        elif local_name(part) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(part)


def _words(element: Any) -> str:
    """Return the text of the paragraphs in a cell or a shape, in one line."""
    paragraphs = (part for part in element.iter() if local_name(part) == "p")
    return squeeze(" ".join("".join(_line(paragraph)) for paragraph in paragraphs))


def _line(element: Any) -> Iterator[str]:
    yield element.text or ""
    for part in element:
        if local_name(part) in ("s", "tab", "line-break"):
            yield " "
        elif local_name(part) != "note":
            yield from _line(part)
        yield part.tail or ""


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
