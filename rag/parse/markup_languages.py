"""Markup that Pandoc reads as it is: reStructuredText, Org, LaTeX, MediaWiki, Typst, man pages; DocBook, JATS and FB2.

Where Pandoc cannot read a file, it is read as plain text, or as any other XML, and this is told.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from rag.parse.builder import Builder
from rag.parse.html import decode_html
from rag.parse.pandoc import PandocError, read_tree
from rag.parse.pandoc_blocks import add_blocks, add_properties
from rag.parse.parsed import Parsed, title_of
from rag.parse.text import decode, plain_text
from rag.parse.tree import local_name, take_out
from rag.parse.xml import parse_xml, xml_root

_NAMES = {"rst": "reStructuredText", "org": "Org", "latex": "LaTeX", "mediawiki": "MediaWiki", "typst": "Typst"}
_ORG_OPTIONS = "#+OPTIONS: p:t\n"  # keeps the dates of tasks
# What takes in other files, at which Pandoc in its sandbox gives up; in reStructuredText it becomes a comment.
_INCLUDED = {
    "rst": re.compile(r"(?<=\.\. )(?:literal)?include::|^[ \t]*:(?:file|url):.*\n?", re.MULTILINE),
    "typst": re.compile(r"^[ \t]*#include\b.*\n?", re.MULTILINE),
}
_MAN_TITLE = re.compile(r"^\.TH\s", re.MULTILINE)
_DOCBOOK = "http://docbook.org/ns/docbook"
_DOCBOOK_PARTS = frozenset("chapter info bookinfo articleinfo para simpara section sect1 preface part".split())
_JATS_PARTS = frozenset("front body front-stub".split())


def _parse_text(pandoc_format: str, data: bytes, name: str) -> Parsed:
    text = decode(data)
    try:
        source = (_ORG_OPTIONS if pandoc_format == "org" else "") + text
        if pandoc_format in _INCLUDED:
            source = _INCLUDED[pandoc_format].sub("", source)
        parsed = _parsed(read_tree(source.encode("utf-8", "replace"), pandoc_format), name)
    except PandocError:
        return plain_text(text, name, f"not valid {_NAMES[pandoc_format]}: read as plain text")
    return parsed if parsed.text.strip() else plain_text(text, name)


parse_rst = partial(_parse_text, "rst")
parse_org = partial(_parse_text, "org")
parse_latex = partial(_parse_text, "latex")
parse_mediawiki = partial(_parse_text, "mediawiki")
parse_typst = partial(_parse_text, "typst")


def parse_man(data: bytes, name: str) -> Parsed:
    """Read a man page; other files have names like theirs, such as old logs, and are read as plain text."""
    text = decode(data)
    if not _MAN_TITLE.search(text):
        return plain_text(text, name)
    return _parsed(read_tree(text.encode("utf-8", "replace"), "man"), name)


def parse_xml_document(data: bytes, name: str) -> Parsed:
    """Read XML: DocBook, JATS and FB2 as the texts they are, other XML by its elements."""
    root = xml_root(decode_html(data))
    pandoc_format = _xml_format(root)
    if not pandoc_format:
        return parse_xml(data, name)
    try:
        parsed = _parsed(read_tree(_source(root), pandoc_format), name)
    except PandocError:
        return parse_xml(data, name)
    return parsed if parsed.text.strip() else parse_xml(data, name)


def _xml_format(root: Any) -> str:
    """Return what Pandoc calls the language of an XML text; empty where it reads none such."""
    name = local_name(root) if root is not None else ""
    parts = {local_name(part) for part in root} if name else set()
    if name in ("book", "article") and (root.tag.startswith(f"{{{_DOCBOOK}}}") or parts & _DOCBOOK_PARTS):
        return "docbook"
    if name == "article" and parts & _JATS_PARTS:
        return "jats"
    return "fb2" if name == "FictionBook" else ""


def _source(root: Any) -> bytes:
    """Return an XML text without entities; the references of an article become a section, as Pandoc reads none."""
    from lxml import etree

    for entity in [part for part in root.iter() if not local_name(part)]:
        take_out(entity)
    for references in list(root.iter("ref-list")):
        references.tag = "sec"
        for reference in list(references.iter("ref")):
            words = " ".join(" ".join(reference.itertext()).split())
            reference.clear()
            reference.tag, reference.text = "p", words
        for body in root.iter("body"):
            body.append(references)
    return bytes(etree.tostring(root))


def _parsed(tree: dict[str, Any], name: str) -> Parsed:
    builder = Builder()
    add_properties(builder, tree["meta"])
    add_blocks(builder, tree["blocks"])
    return builder.parsed(title_of(builder.headings) or name)
