"""DOCX: what Word shows of a text, in its order, each paragraph and table row a block.

Insertions that nobody has accepted yet are read and deletions are not; comments, hidden text, headers,
footers and tables of contents are left out. A footnote stands after the paragraph that refers to it.
The numbers of lists and headings are made by Word as it shows them, and are not in the file's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive, read_xml
from rag.parse.builder import Builder
from rag.parse.markup import Line, clean, squeeze, styled_line
from rag.parse.parsed import Parsed, title_of
from rag.parse.table import Cell, table_lines
from rag.parse.tree import local_name

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Files saved as "strict" have the same names under other addresses.
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CONTENTS = re.compile(r"toc (?:\d|heading)|table of figures")
# Deleted, moved away, settings, comments, instructions of fields, readings above characters.
_UNREAD = frozenset(
    "del moveFrom delText instrText delInstrText rPr pPr sdtPr sdtEndPr tblPr tblGrid trPr tcPr sectPr rt Fallback"
    " fldData ctrlPr fPr sSubPr sSupPr radPr naryPr dPr object".split()
)
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_GREEK = dict(zip("abgdezhqiklmnxoprstufcyw", "αβγδεζηθικλμνξοπρστυφχψω", strict=True))
_SYMBOL = (
    _GREEK | {key.upper(): letter.upper() for key, letter in _GREEK.items()} | {"\xb1": "±", "\xb3": "≥", "\xa3": "≤"}
)
_WINGDINGS = {"\xe0": "→", "\xdf": "←", "\xfc": "✓", "\xfb": "✗", "\xfe": "☒", "\xa8": "☐", "\x4a": "☺"}


@dataclass(frozen=True)
class _Parts:
    """What the text refers to: the levels of styles, the styles of tables of contents, the notes."""

    levels: dict[str, int] = field(default_factory=dict)
    contents: frozenset[str] = frozenset()
    notes: dict[tuple[str, str], Any] = field(default_factory=dict)


@dataclass
class _Run:
    """The text of a paragraph that is being read, and what stands under it: notes and boxes."""

    parts: _Parts
    text: list[str] = field(default_factory=list)
    under: list[Line] = field(default_factory=list)


def parse_docx(data: bytes, name: str) -> Parsed:
    """Read a document of Word; the title is that among its properties, else its first heading, else its name."""
    with open_archive(data, "DOCX") as archive:
        path = _main_path(archive)
        document = read_xml(archive, path)
        body = next((part for part in document if local_name(part) == "body"), None) if document is not None else None
        if body is None:
            raise ParseError("not a DOCX file, though it is named so: it holds no text of Word's")
        parts, warning = _read_parts(archive, path.rpartition("/")[0])
        title = office_title(archive)
    builder = Builder()
    for text, level in _blocks(body, parts):
        builder.line(text, level)
    return builder.parsed(title or title_of(builder.headings) or name, warning=warning)


def _main_path(archive: ZipFile) -> str:
    """Return where the archive says its text is."""
    relations = read_xml(archive, "_rels/.rels")
    for relation in relations if relations is not None else ():
        if relation.get("Type", "").endswith("/officeDocument"):
            return str(relation.get("Target", "")).lstrip("/")
    return "word/document.xml"


def _read_parts(archive: ZipFile, folder: str) -> tuple[_Parts, str | None]:
    found: dict[str, Any] = {}
    broken = []
    for part in ("styles", "footnotes", "endnotes"):
        try:
            found[part] = read_xml(archive, f"{folder}/{part}.xml".lstrip("/"))
        except ParseError:
            broken.append(part)
    styles = {_value(style, "styleId"): style for style in _children(found.get("styles"), "style")}
    notes = {
        (kind, _value(note, "id")): note
        for kind in ("footnote", "endnote")
        for note in _children(found.get(kind + "s"), kind)
        if _value(note, "type") in ("", "normal")
    }
    contents = frozenset(key for key, style in styles.items() if _CONTENTS.fullmatch(_style_name(style)))
    levels = {key: _style_level(styles, key) for key in styles}
    return _Parts(levels, contents, notes), f"damaged, and not read: its {', '.join(broken)}" if broken else None


def _style_level(styles: dict[str, Any], key: str) -> int:
    """Return the level of the headings of a style, or of the one it is made from; 0 where it is for text."""
    seen: set[str] = set()
    while key in styles and key not in seen:
        seen.add(key)
        style = styles[key]
        heading = _HEADING.fullmatch(_style_name(style))
        if heading or _style_name(style) == "title":
            return int(heading[1]) if heading else 1
        outline = _child(_child(style, "pPr"), "outlineLvl")
        if outline is not None:
            return _outline_level(outline)
        key = _value(_child(style, "basedOn"), "val")
    return 0


def _blocks(container: Any, parts: _Parts) -> Iterator[Line]:
    """Yield the paragraphs and rows in the body, a cell, a note or a box; those around which something stands too."""
    for part in container:
        name = local_name(part)
        if name == "p":
            yield from _paragraph(part, parts)
        elif name == "tbl":
            yield from _table(part, parts)
        elif name not in _UNREAD:
            yield from _blocks(part, parts)


def _paragraph(paragraph: Any, parts: _Parts) -> Iterator[Line]:
    settings = _child(paragraph, "pPr")
    style = _value(_child(settings, "pStyle"), "val")
    if style in parts.contents:
        return
    run = _Run(parts)
    _read(paragraph, run)
    outline = _child(settings, "outlineLvl")
    level = _outline_level(outline) if outline is not None else parts.levels.get(style, 0)
    line = styled_line("".join(run.text).replace("\u2061", " "), level)
    if line[0]:
        yield line
    yield from run.under


def _read(element: Any, run: _Run) -> None:
    """Add the text in an element of a paragraph to the run."""
    for part in element:
        name = local_name(part)
        if name in _UNREAD or (name == "r" and _is_hidden(part)):
            continue
        if name == "t":
            run.text.append(part.text or "")
        elif name in _SIGNS:
            run.text.append(_SIGNS[name])
        elif name == "sym":
            run.text.append(_symbol(part))
        elif name in ("footnoteReference", "endnoteReference"):
            run.under.extend(_note(name.removesuffix("Reference"), _value(part, "id"), run.parts))
        elif name == "txbxContent":
            run.under.extend(_blocks(part, run.parts))
        elif name in ("f", "sSup", "sSub", "rad"):
            _read_formula(name, part, run)
        else:
            _read(part, run)


def _read_formula(name: str, formula: Any, run: _Run) -> None:
    """Add a fraction, power, index or root in one line, as it is typed."""
    signs = {"f": "/", "sSup": "^", "sSub": "_", "rad": "√"}
    pieces = []
    for part in formula:
        if local_name(part) in ("num", "den", "e", "sup", "sub"):
            piece = _Run(run.parts)
            _read(part, piece)
            pieces.append(squeeze("".join(piece.text)))
    simple = [piece if re.fullmatch(r"\w*", piece) else f"({piece})" for piece in pieces]
    run.text.append(signs[name] * (name == "rad") + signs[name].join(simple))


def _note(kind: str, key: str, parts: _Parts) -> Iterator[Line]:
    """Yield a note as a block; a note in a note is not looked for, as it may be the same."""
    note = parts.notes.get((kind, key))
    if note is not None:
        text = " ".join(text for text, _ in _blocks(note, _Parts()))
        yield (f"Note: {text}", 0) if text else ("", 0)


def _table(table: Any, parts: _Parts) -> Iterator[Line]:
    rows = [row for row in _inner(table, "tr") if _child(_child(row, "trPr"), "del") is None]
    has_header = bool(rows) and _is_on(_child(_child(rows[0], "trPr"), "tblHeader"))
    yield from table_lines([_cells(row, parts) for row in rows], has_header)


def _cells(row: Any, parts: _Parts) -> list[Cell]:
    """Return the cells of a row by column: one that spans several stands in the first, and on its first row."""
    cells: list[Cell] = [[] for _ in range(_number(_child(_child(row, "trPr"), "gridBefore")))]
    for cell in _inner(row, "tc"):
        settings = _child(cell, "tcPr")
        merge = _child(settings, "vMerge")
        goes_on = merge is not None and _value(merge, "val") != "restart"
        cells.append([] if goes_on else list(_blocks(cell, parts)))
        cells.extend([] for _ in range(_number(_child(settings, "gridSpan")) - 1))
    return cells


def _inner(element: Any, name: str) -> Iterator[Any]:
    """Yield the rows of a table, or the cells of a row, also those that a form or an insertion wraps."""
    for part in element:
        if local_name(part) == name:
            yield part
        elif local_name(part) not in _UNREAD and local_name(part) != "tc":
            yield from _inner(part, name)


def _symbol(element: Any) -> str:
    """Return a sign given by its place in a font; empty where the font is one of pictures."""
    try:
        code = int(_value(element, "char"), 16)
    except ValueError:
        return ""
    font, sign = _value(element, "font"), chr(code & 0xFF)
    if font.startswith("Wingdings"):
        return _WINGDINGS.get(sign, "")
    if font == "Symbol":
        return _SYMBOL.get(sign, "")
    return clean(chr(code)) if code < 0xD800 else ""


def _is_hidden(run: Any) -> bool:
    return _is_on(_child(_child(run, "rPr"), "vanish"))


def _is_on(switch: Any) -> bool:
    return switch is not None and _value(switch, "val") not in ("0", "false", "off", "none")


def _outline_level(outline: Any) -> int:
    level = _value(outline, "val")
    return int(level) + 1 if re.fullmatch("[0-8]", level) else 0


def _number(element: Any) -> int:
    """Return the number an element gives, up to the most columns of a table."""
    value = _value(element, "val")
    return min(int(value), 63) if re.fullmatch(r"[0-9]{1,4}", value) else 0


def _style_name(style: Any) -> str:
    return _value(_child(style, "name"), "val").lower()


def _value(element: Any, attribute: str) -> str:
    if element is None:
        return ""
    return str(element.get(_W + attribute) or element.get(_STRICT + attribute) or "")


def _child(element: Any, name: str) -> Any:
    return next(iter(_children(element, name)), None)


def _children(element: Any, name: str) -> list[Any]:
    return [part for part in element if local_name(part) == name] if element is not None else []
