"""HTML: trafilatura says which of a page's texts are its article, and Pandoc reads the page without the others.

What a reader does not see is left out first. Where trafilatura finds no article (a page of a few words), the whole page
is read. Where elements stand in one another too deep for either, its lines of text are all that is read.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from rag.parse.builder import Builder
from rag.parse.markup import decode_declared, squeeze
from rag.parse.pandoc import PandocError, read_tree
from rag.parse.pandoc_blocks import add_blocks
from rag.parse.parsed import Parsed, title_of
from rag.parse.webpage import BLOCKS, UNSEEN, keep_article, page_tree, simplify, take_out_unseen

_CHARSET = re.compile(
    rb"""<(?:meta[^>]+charset\s*=\s*["']?\s*|\?xml[^>]+encoding\s*=\s*["'])([\w.:-]+)""", re.IGNORECASE
)
# By which text is told from markup where no tree can be made.
_UNSEEN_PART = re.compile(rf"<!--.*?(?:-->|\Z)|<({'|'.join(UNSEEN)})\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BLOCK_TAG = re.compile(rf"</?(?:br|{'|'.join(BLOCKS)})\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[!?/a-z][^>]*>", re.IGNORECASE)
# Notes as books have them; boxes that only hold others dissolve.
_FORMAT = "html+epub_html_exts-native_divs-native_spans"


def parse_html(data: bytes, name: str) -> Parsed:
    """Read a web page; the title is its ``<h1>``, else its ``<title>``, else the file's name."""
    return page_document(decode_html(data), name)


def page_document(html: str, name: str) -> Parsed:
    """Return a web page, decoded, as a document."""
    page = page_tree(html)
    builder = Builder()
    title = ""
    if page is None:
        _add_lines(builder, html)
    else:
        title = squeeze(page.findtext(".//title") or "")
        take_out_unseen(page)
        keep_article(page)
        add_page(builder, page, html)
    return builder.parsed(title_of(builder.headings) or title or name)


def add_html(builder: Builder, html: str) -> None:
    """Add all that HTML shows to a document, as blocks; it need be no whole page."""
    page = page_tree(html)
    if page is None:
        _add_lines(builder, html)
    else:
        take_out_unseen(page)
        add_page(builder, page, html)


def add_page(builder: Builder, page: Any, html: str = "") -> None:
    """Add a page, without what is not seen of it; the words of ``html`` are read where Pandoc cannot read the page."""
    from lxml import etree

    simplify(page)
    source = etree.tostring(page, encoding="utf-8", method="html")
    try:
        nodes = read_tree(source, _FORMAT)["blocks"]
    except PandocError:
        _add_lines(builder, html or source.decode())
    else:
        add_blocks(builder, nodes)


def _add_lines(builder: Builder, html: str) -> None:
    for line in html_lines(html):
        builder.add(line)


def decode_html(data: bytes) -> str:
    """Decode by the page's own declaration where it holds, else as any text."""
    return decode_declared(data, declared_charset(data))


def declared_charset(data: bytes) -> str | None:
    """Return the encoding that a page, or XML, says at its start that it is in."""
    declared = _CHARSET.search(data[:4096])
    return declared[1].decode("ascii", "replace") if declared else None


def html_lines(html: str) -> list[str]:
    """Return all words of HTML, a line for each stretch of text, whatever the markup is like."""
    lines = _BLOCK_TAG.sub("\n", _UNSEEN_PART.sub("\n", " ".join(html.split("\n"))))
    return list(filter(None, (squeeze(unescape(_TAG.sub("", line))) for line in lines.split("\n"))))
