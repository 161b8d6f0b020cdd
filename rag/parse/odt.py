"""OpenDocument, as LibreOffice writes it: texts (ODT), slides (ODP) and, by ``ods``, sheets (ODS).

Pandoc reads texts, after what is not shown of them was taken out, and text boxes set in their order. It reads no
slides, which are made sections of a text for it.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import find_xml, given_title, open_archive, read_part, read_xml, zipped
from rag.parse.builder import Builder
from rag.parse.ods import add_sheets, paragraphs
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks
from rag.parse.pandoc_text import CAPTION_MARK, Node
from rag.parse.parsed import Parsed, left_out, title_of
from rag.parse.tree import attribute, local_name, take_out, unwrap
from rag.types import PageKind

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MOST_REPEATED = 64  # cells of a table in a text that are written once
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
    builder, warning = Builder(), None
    with open_archive(data, "OpenDocument") as archive:
        _refuse_locked(archive)
        content = read_xml(archive, "content.xml")
        body = content.find("{*}body/*") if content is not None else None
        if body is None:
            raise ParseError("not an OpenDocument file, though it is named so")
        title, kind = _given_title(archive), local_name(body)
        _take_out_unseen(content)
        if kind == "spreadsheet":
            warning = add_sheets(builder, content)
            return builder.parsed(title or name, "row", warning=warning)
        if kind == "presentation":
            warning = _set_as_sections(body)
        _set_in_order(content, _based_on(archive, content))
        nodes = _without_made_up_numbers(read_tree(_as_text(archive, content), "odt")["blocks"])
    if kind == "presentation":
        _add_slides(builder, nodes)
    else:
        add_blocks(builder, nodes)
    page_kind: PageKind = "slide" if kind == "presentation" else "page"
    return builder.parsed(title or title_of(builder.headings) or name, page_kind, warning=warning)


def _refuse_locked(archive: ZipFile) -> None:
    manifest = read_xml(archive, "META-INF/manifest.xml")
    if manifest is not None and manifest.find(".//{*}encryption-data") is not None:
        raise ParseError("needs a password: save it without one")


def _given_title(archive: ZipFile) -> str:
    meta = find_xml(archive, "meta.xml")
    return given_title(meta.findtext(".//{http://purl.org/dc/elements/1.1/}title") if meta is not None else "")


def _as_text(archive: ZipFile, content: Any) -> bytes:
    """Return the file as a text that Pandoc reads: what is shown of it, its styles, and the formulas in it."""
    from lxml import etree

    read = re.compile(r"mimetype|styles\.xml|Object [^/]*/content\.xml")
    places = filter(read.fullmatch, archive.namelist())
    parts = {place: read_part(archive, place) or b"" for place in places}
    return zipped({**parts, "content.xml": etree.tostring(content)})


def _based_on(archive: ZipFile, content: Any) -> dict[str, str]:
    """Return the styles by their names, with the style that each is made from."""
    styles = find_xml(archive, "styles.xml")
    trees = [content] if styles is None else [styles, content]
    found = [style for tree in trees for style in tree.iter("{*}style")]
    return {attribute(style, "name"): attribute(style, "parent-style-name") for style in found}


def _take_out_unseen(content: Any) -> None:
    properties = [part for part in content.iter("{*}text-properties") if attribute(part, "display") == "none"]
    hidden = {attribute(part.getparent(), "name") for part in properties} - {""}
    for element in list(content.iter()):
        name = local_name(element)
        is_hidden = attribute(element, "display") == "none" and name != "text-properties"
        if name in ("", *_UNREAD) or is_hidden or attribute(element, "style-name") in hidden:
            take_out(element)


def _set_in_order(content: Any, based_on: dict[str, str]) -> None:
    """Set the text of boxes and shapes behind the paragraph that they hang on, and the rest as Pandoc reads it."""
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
        elif name == "p":
            _set_style(element, based_on)
        elif name == "table-cell":
            _repeat(element)


def _set_style(paragraph: Any, based_on: dict[str, str]) -> None:
    """Turn a title into a heading, and mark a caption; their styles may be made from others."""
    style, seen = attribute(paragraph, "style-name"), set[str]()
    while style not in ("Title", "Caption", "") and style not in seen:
        seen.add(style)
        style = based_on.get(style, "")
    if style == "Title":
        paragraph.tag = paragraph.tag[:-1] + "h"
        paragraph.set(paragraph.tag[:-1] + "outline-level", "1")
    elif style == "Caption":
        paragraph.text = CAPTION_MARK + (paragraph.text or "")


def _repeat(cell: Any) -> None:
    """Write a cell that stands for several as often."""
    times = attribute(cell, "number-columns-repeated")
    if len(cell) and re.fullmatch(r"[0-9]{1,9}", times):
        del cell.attrib[next(key for key in cell.attrib if key.endswith("number-columns-repeated"))]
        for _ in range(min(int(times), _MOST_REPEATED) - 1):
            cell.addnext(deepcopy(cell))


def _set_as_sections(body: Any) -> str | None:
    """Turn the slides into sections of a text, their titles into headings, and their notes into a section in each.

    Return what is left out.
    """
    styles = body.getroottree().iter("{*}drawing-page-properties")
    hidden = {attribute(one.getparent(), "name") for one in styles if attribute(one, "visibility") == "hidden"}
    body.tag = body.tag.replace("presentation", "text")
    count = 0
    for slide in list(body.iterfind("{*}page")):
        slide.tag = f"{_TEXT}section"
        if attribute(slide, "style-name") in hidden:
            count += 1
            slide[:] = []
        for shape in [part for part in slide.iter() if attribute(part, "class") in _FURNITURE]:
            take_out(shape)
        for part in slide.findall("{*}notes"):
            part.tag = slide.tag
            slide.append(part)
        for shape in [part for part in slide if attribute(part, "class") == "title"]:
            heading = slide.makeelement(f"{_TEXT}h", {f"{_TEXT}outline-level": "1"})
            heading.text = paragraphs(shape)
            slide.remove(shape)
            slide.insert(0, heading)
    return left_out({"hidden slide": count}) or None


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
