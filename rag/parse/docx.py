"""DOCX: Pandoc reads the text, after what Word does not show of it was taken out, and text boxes set in its order.

Insertions that nobody has accepted yet are read and deletions are not; comments, hidden text, headers, footers and
tables of contents are left out. The numbers of headings are made by Word as it shows them, and are not in the file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive, read_xml, zipped
from rag.parse.builder import Builder
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks, add_properties
from rag.parse.parsed import Parsed, title_of
from rag.parse.tree import local_name, take_out, unwrap

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Files saved as "strict" have the same names under other addresses.
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": _W[1:-1].encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
}
_HEADING = re.compile(r"heading ([1-9])")
_CONTENTS = re.compile(r"toc (?:\d|heading)|table of figures")
_ON_TOP = ("title", "subtitle", "author", "date", "abstract")  # what Pandoc takes for properties there
# What is not shown or no text, and the looks of tables, which Pandoc takes for a header row where there is none.
_UNREAD = frozenset("del moveFrom Fallback rt tblLook".split())
_PICTURES = frozenset("drawing pict object".split())  # out once the text boxes in them are
_WRAPPERS = frozenset("AlternateContent Choice ins moveTo smartTag customXml fldSimple ruby rubyBase".split())
_LEVEL = "HeadingOfLevel"  # a style that is added for each
_NO_TEXTS = {"charts": "its charts", "diagrams": "its diagrams", "embeddings": "the files in it"}


@dataclass(frozen=True)
class _Package:
    """The parts of a file that Pandoc reads, as trees by their paths, and what there is beside that is not read."""

    folder: str
    trees: dict[str, Any]
    unread: list[str]

    def part(self, name: str) -> Any:
        return self.trees.get(f"{self.folder}{name}.xml")


def parse_docx(data: bytes, name: str) -> Parsed:
    """Read a document of Word; the title is that among its properties, else its first heading, else its name."""
    with open_archive(data, "DOCX") as archive:
        title = office_title(archive)
        package = _package(archive)
    tree = read_tree(_shown(package), "docx")
    builder = Builder()
    add_properties(builder, tree["meta"])
    add_blocks(builder, tree["blocks"], _joins_numbers(package.part("numbering")))
    warning = f"not read: {', '.join(package.unread)}" if package.unread else None
    return builder.parsed(title or title_of(builder.headings) or name, warning=warning)


def _package(archive: ZipFile) -> _Package:
    path = _main_path(archive)
    document = read_xml(archive, path)
    if document is None or all(local_name(part) != "body" for part in document):
        raise ParseError("not a DOCX file, though it is named so: it holds no text of Word's")
    folder, places = path.removesuffix(posixpath.basename(path)), archive.namelist()
    read = re.compile(rf"\[Content_Types\]\.xml|_rels/\.rels|{re.escape(folder)}(?:_rels/)?[^/]+\.(?:xml|rels)")
    trees, unread = {path: document}, []
    for place in filter(read.fullmatch, places):
        try:
            trees.setdefault(place, read_xml(archive, place))
        except ParseError:
            unread.append(f"its damaged {posixpath.basename(place).removesuffix('.xml')}")
    unread += [what for part, what in _NO_TEXTS.items() if any(f"/{part}/" in place for place in places)]
    return _Package(folder, {place: tree for place, tree in trees.items() if tree is not None}, unread)


def _main_path(archive: ZipFile) -> str:
    """Return where the archive says its text is."""
    relations = read_xml(archive, "_rels/.rels")
    for relation in relations if relations is not None else ():
        if relation.get("Type", "").endswith("/officeDocument"):
            return str(relation.get("Target", "")).lstrip("/")
    return "word/document.xml"


def _shown(package: _Package) -> bytes:
    """Return a file for Pandoc, with its text as Word shows it."""
    from lxml import etree

    document = next(tree for tree in package.trees.values() if local_name(tree) == "document")
    _add_page_boxes(document, [tree for tree in package.trees.values() if local_name(tree) in ("hdr", "ftr")])
    styles = _Styles(package.part("styles"))
    for text in (document, package.part("footnotes"), package.part("endnotes")):
        if text is not None:
            _show(text, styles)
    return zipped({place: _transitional(etree.tostring(tree)) for place, tree in package.trees.items()})


def _joins_numbers(numbering: Any) -> bool:
    """Whether the items of lists in lists are numbered "2.1", which Pandoc does not tell."""
    levels = [] if numbering is None else [part for part in numbering.iter() if local_name(part) == "lvl"]
    texts = [
        _value(_child(level, "lvlText"), "val")
        for level in levels
        if _value(level, "ilvl") == "1" and _value(_child(level, "numFmt"), "val") == "decimal"
    ]
    return bool(texts) and all("%1" in text for text in texts)


def _add_page_boxes(document: Any, margins: list[Any]) -> None:
    """Set the text boxes that hang on headers and footers, which may stand anywhere on a page, behind the text."""
    added: set[str] = set()
    body = next(part for part in document if local_name(part) == "body")
    for margin in margins:
        _take_out_all(margin, lambda element: local_name(element) == "Fallback")
        for box in [part for part in margin.iter() if local_name(part) == "txbxContent"]:
            words = "".join(box.itertext())
            if words not in added:
                body.extend(list(box))
            added.add(words)


def _transitional(xml: bytes) -> bytes:
    for strict, usual in _STRICT.items():
        xml = xml.replace(strict, usual)
    return xml


class _Styles:
    """What the styles of a document tell: the level of a heading, whether it is for a table of contents, or hidden."""

    def __init__(self, tree: Any) -> None:
        self._styles = {_value(style, "styleId"): style for style in _children(tree, "style")}
        if tree is not None:
            self._add_headings(tree)

    def name(self, key: str) -> str:
        """Return the name of a style in small letters."""
        return _value(_child(self._styles.get(key), "name"), "val").lower()

    def level(self, key: str) -> int:
        """Return the level of the headings of a style, or of the one it is made from; 0 where it is for text."""
        for style in self._line(key):
            heading = _HEADING.fullmatch(_value(_child(style, "name"), "val").lower())
            outline = _child(_child(style, "pPr"), "outlineLvl")
            if heading or outline is not None:
                return int(heading[1]) if heading else _outline_level(outline)
        return 0

    def is_hidden(self, key: str) -> bool:
        return any(_is_on(_child(_child(style, "rPr"), "vanish")) for style in self._line(key))

    def _line(self, key: str) -> Iterator[Any]:
        """Yield a style and those it is made from."""
        seen: set[str] = set()
        while key in self._styles and key not in seen:
            seen.add(key)
            yield self._styles[key]
            key = _value(_child(self._styles[key], "basedOn"), "val")

    def _add_headings(self, tree: Any) -> None:
        """Add a style for each level, for what is a heading by its outline: Pandoc knows them by their names."""
        w = tree.tag.rpartition("}")[0] + "}"
        for level in range(1, 10):
            style = tree.makeelement(f"{w}style", {f"{w}type": "paragraph", f"{w}styleId": f"{_LEVEL}{level}"})
            style.append(style.makeelement(f"{w}name", {f"{w}val": f"heading {level}"}))
            tree.append(style)


def _show(text: Any, styles: _Styles) -> None:
    """Change a text into what Word shows of it; text boxes come behind the paragraph that they hang on."""
    _take_out_all(text, lambda element: local_name(element) in _UNREAD or _is_unseen(element, styles))
    for box in reversed([part for part in text.iter() if local_name(part) == "txbxContent"]):
        for paragraph in [above for above in box.iterancestors() if local_name(above) == "p"][:1]:
            for part in reversed(box):
                paragraph.addnext(part)
    _take_out_all(text, lambda element: local_name(element) in _PICTURES)
    for wrapper in [part for part in text.iter() if local_name(part) in _WRAPPERS]:
        unwrap(wrapper)
    for run in [part for part in text.iter() if local_name(part) == "r" and _child(part, "r") is not None]:
        for settings in _children(run, "rPr"):  # those of characters with a reading above them
            take_out(settings)
        unwrap(run)
    is_on_top = True
    for paragraph in [part for part in text.iter() if local_name(part) == "p"]:
        is_on_top = is_on_top and styles.name(_style(paragraph)) in _ON_TOP
        _set_level(paragraph, styles, is_on_top)


def _take_out_all(text: Any, is_out: Callable[[Any], bool]) -> None:
    for element in [part for part in text.iter() if is_out(part)]:
        take_out(element)


def _is_unseen(element: Any, styles: _Styles) -> bool:
    """Whether an element is hidden or deleted, part of a table of contents, or none, as an entity is."""
    name = local_name(element)
    if name == "r":
        settings = _child(element, "rPr")
        hidden = _child(settings, "vanish")
        return _is_on(hidden) if hidden is not None else styles.is_hidden(_value(_child(settings, "rStyle"), "val"))
    if name == "p":
        style = _style(element)
        return bool(_CONTENTS.fullmatch(styles.name(style))) or styles.is_hidden(style)
    if name == "tr":
        return _child(_child(element, "trPr"), "del") is not None
    if name == "sdt":
        gallery = _child(_child(_child(element, "sdtPr"), "docPartObj"), "docPartGallery")
        return _value(gallery, "val") == "Table of Contents"
    return not name


def _set_level(paragraph: Any, styles: _Styles, is_on_top: bool) -> None:
    """Give a paragraph that is a heading, by its outline or its style, the style of such a heading."""
    settings, key = _child(paragraph, "pPr"), _style(paragraph)
    outline = _child(settings, "outlineLvl")
    level = _outline_level(outline) if outline is not None else styles.level(key)
    if styles.name(key) == "title" and not is_on_top:
        level = 1
    if not level:
        return
    style = _child(settings, "pStyle")
    namespace = paragraph.tag.rpartition("}")[0] + "}"
    if style is None:
        style = settings.makeelement(f"{namespace}pStyle")
        settings.insert(0, style)
    style.set(f"{namespace}val", f"{_LEVEL}{level}")


def _style(paragraph: Any) -> str:
    return _value(_child(_child(paragraph, "pPr"), "pStyle"), "val")


def _outline_level(element: Any) -> int:
    level = _value(element, "val")
    return int(level) + 1 if level in tuple("012345678") else 0  # 9 is for text


def _is_on(switch: Any) -> bool:
    return switch is not None and _value(switch, "val") not in ("0", "false", "off", "none")


def _value(element: Any, attribute: str) -> str:
    if element is None:
        return ""
    return next((str(value) for key, value in element.items() if key.rpartition("}")[2] == attribute), "")


def _child(element: Any, name: str) -> Any:
    return next(iter(_children(element, name)), None)


def _children(element: Any, name: str) -> list[Any]:
    return [part for part in element if local_name(part) == name] if element is not None else []
