"""DOCX: Pandoc reads the text, after what Word does not show of it was taken out, and text boxes set in its order.

Insertions that nobody has accepted yet are read and deletions are not; comments, hidden text, headers, footers and
tables of contents are left out. The numbers of headings are made by Word as it shows them, and are not in the file.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive, read_xml, zipped
from rag.parse.builder import Builder
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks, add_properties
from rag.parse.pandoc_text import CAPTION_MARK
from rag.parse.parsed import Parsed, title_of
from rag.parse.tree import local_name, take_out, unwrap

_ADDRESS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_W, _NS = f"{{{_ADDRESS}}}", {"w": _ADDRESS}
# Files saved as "strict" have the same names under other addresses.
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": _ADDRESS.encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
}
_HEADING = re.compile(r"heading ([1-9])")
_CAPTION = re.compile(r"(?:.* )?caption")
_CONTENTS = re.compile(r"toc (?:\d|heading)|table of figures")
_ON_TOP = ("title", "subtitle", "author", "date", "abstract")  # what Pandoc takes for properties there
# What is not shown or no text, and the looks of tables, which Pandoc takes for a header row where there is none.
_UNREAD = frozenset("del moveFrom Fallback rt tblLook".split())
_PICTURES = frozenset("drawing pict object".split())  # out once the text boxes in them are
_WRAPPERS = frozenset("AlternateContent Choice ins moveTo smartTag customXml fldSimple ruby rubyBase".split())
_LEVEL = "HeadingOfLevel"  # a style that is added for each
_NO_TEXTS = {"charts": "its charts", "diagrams": "its diagrams", "embeddings": "the files in it"}


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


@dataclass(frozen=True)
class _Package:
    """The parts of a file that Pandoc reads, as trees by their paths, and what there is beside that is not read."""

    path: str  # of the text
    trees: dict[str, Any]
    unread: list[str]

    def part(self, name: str) -> Any:
        return self.trees.get(posixpath.join(posixpath.dirname(self.path), f"{name}.xml"))


def _package(archive: ZipFile) -> _Package:
    path = _main_path(archive)
    document = read_xml(archive, path, _STRICT)
    if document is None or document.find(f"{_W}body") is None:
        raise ParseError("not a DOCX file, though it is named so: it holds no text of Word's")
    folder, places = path.removesuffix(posixpath.basename(path)), archive.namelist()
    read = re.compile(rf"\[Content_Types\]\.xml|_rels/\.rels|{re.escape(folder)}(?:_rels/)?[^/]+\.(?:xml|rels)")
    trees, unread = {path: document}, []
    for place in filter(read.fullmatch, places):
        try:
            trees.setdefault(place, read_xml(archive, place, _STRICT))
        except ParseError:
            unread.append(f"its damaged {posixpath.basename(place).removesuffix('.xml')}")
    unread += [what for part, what in _NO_TEXTS.items() if any(f"/{part}/" in place for place in places)]
    return _Package(path, {place: tree for place, tree in trees.items() if tree is not None}, unread)


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

    document = package.trees[package.path]
    _add_page_boxes(document, [tree for tree in package.trees.values() if local_name(tree) in ("hdr", "ftr")])
    styles = _Styles(package.part("styles"))
    for text in (document, package.part("footnotes"), package.part("endnotes")):
        if text is not None:
            _show(text, styles)
    return zipped({place: etree.tostring(tree) for place, tree in package.trees.items()})


def _joins_numbers(numbering: Any) -> bool:
    """Whether the items of lists in lists are numbered "2.1", which Pandoc does not tell."""
    path = "//w:lvl[@w:ilvl='1'][w:numFmt/@w:val='decimal']/w:lvlText/@w:val"
    texts = numbering.xpath(path, namespaces=_NS) if numbering is not None else []
    return bool(texts) and all("%1" in text for text in texts)


def _add_page_boxes(document: Any, margins: list[Any]) -> None:
    """Set the text boxes that hang on headers and footers, which may stand anywhere on a page, behind the text."""
    added: set[str] = set()
    for margin in margins:
        _take_out_all(margin, frozenset({"Fallback"}))
        for box in list(margin.iter(f"{_W}txbxContent")):
            words = "".join(box.itertext())
            if words not in added:
                document.find(f"{_W}body").extend(list(box))
            added.add(words)


class _Styles:
    """What the styles of a document tell: the level of a heading, whether it is for a table of contents, or hidden."""

    def __init__(self, tree: Any) -> None:
        self._styles = {} if tree is None else {one.get(f"{_W}styleId"): one for one in tree.iter(f"{_W}style")}
        # A style for each level, for what is a heading by its outline: Pandoc knows them by their names.
        for level in range(1, 10) if tree is not None else ():
            style = tree.makeelement(f"{_W}style", {f"{_W}type": "paragraph", f"{_W}styleId": f"{_LEVEL}{level}"})
            style.append(style.makeelement(f"{_W}name", {f"{_W}val": f"heading {level}"}))
            tree.append(style)

    def name(self, paragraph: Any) -> str:
        """Return the name of a paragraph's style in small letters."""
        return _value(self._styles.get(_value(paragraph, f"{_W}pPr/{_W}pStyle")), f"{_W}name").lower()

    def level(self, paragraph: Any) -> int:
        """Return the level of a heading by its outline, or by its style or one it is made from; 0 for text."""
        for element in (paragraph, *self._line(_value(paragraph, f"{_W}pPr/{_W}pStyle"))):
            heading = _HEADING.fullmatch(_value(element, f"{_W}name").lower())
            if heading:
                return int(heading[1])
            if outline := _value(element, f"{_W}pPr/{_W}outlineLvl"):
                return int(outline) + 1 if outline in tuple("012345678") else 0  # 9 is for text
        return 0

    def is_hidden(self, element: Any) -> bool:
        """Whether a run or a paragraph is hidden, by itself or by its style."""
        is_run = element.tag == f"{_W}r"
        styles = self._line(_value(element, f"{_W}rPr/{_W}rStyle" if is_run else f"{_W}pPr/{_W}pStyle"))
        for one in (element, *styles) if is_run else styles:
            hidden = one.find(f"{_W}rPr/{_W}vanish")
            if hidden is not None:
                return hidden.get(f"{_W}val") not in ("0", "false", "off", "none")
        return False

    def _line(self, key: str) -> list[Any]:
        """Return a style and those it is made from."""
        found: list[Any] = []
        while key in self._styles and self._styles[key] not in found:
            found.append(self._styles[key])
            key = _value(found[-1], f"{_W}basedOn")
        return found


def _show(text: Any, styles: _Styles) -> None:
    """Change a text into what Word shows of it; text boxes come behind the paragraph that they hang on."""
    for element in list(text.iter()):
        if not local_name(element) or _is_unseen(element, styles):
            take_out(element)
    _take_out_all(text, _UNREAD)
    for box in reversed(list(text.iter(f"{_W}txbxContent"))):
        for paragraph in [above for above in box.iterancestors() if above.tag == f"{_W}p"][:1]:
            for part in reversed(box):
                paragraph.addnext(part)
    _take_out_all(text, _PICTURES)
    for wrapper in [part for part in text.iter() if local_name(part) in _WRAPPERS]:
        unwrap(wrapper)
    for run in text.xpath("//w:r[w:r]", namespaces=_NS):  # of characters with a reading above them
        for settings in run.findall(f"{_W}rPr"):
            take_out(settings)
        unwrap(run)
    is_on_top = True
    for paragraph in list(text.iter(f"{_W}p")):
        name = styles.name(paragraph)
        is_on_top = is_on_top and name in _ON_TOP
        level = styles.level(paragraph) or int(name == "title" and not is_on_top)
        if level:
            _set_level(paragraph, level)
        elif _CAPTION.fullmatch(name):
            for words in list(paragraph.iter(f"{_W}t"))[:1]:
                words.text = CAPTION_MARK + (words.text or "")


def _take_out_all(text: Any, names: frozenset[str]) -> None:
    for element in [part for part in text.iter() if local_name(part) in names]:
        take_out(element)


def _is_unseen(element: Any, styles: _Styles) -> bool:
    """Whether an element is hidden, a deleted row, or part of a table of contents."""
    name = local_name(element)
    if name == "tr":
        return element.find(f"{_W}trPr/{_W}del") is not None
    if name == "sdt":
        return _value(element, f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery") == "Table of Contents"
    if name == "p" and _CONTENTS.fullmatch(styles.name(element)):
        return True
    return name in ("r", "p") and styles.is_hidden(element)


def _set_level(paragraph: Any, level: int) -> None:
    """Give a paragraph the style of a heading."""
    settings = paragraph.find(f"{_W}pPr")
    style = settings.find(f"{_W}pStyle")
    if style is None:
        style = settings.makeelement(f"{_W}pStyle")
        settings.insert(0, style)
    style.set(f"{_W}val", f"{_LEVEL}{level}")


def _value(element: Any, path: str) -> str:
    """Return the value of a setting of an element, by its path; empty where there is none."""
    found = element.find(path) if element is not None else None
    return str(found.get(f"{_W}val", "")) if found is not None else ""
