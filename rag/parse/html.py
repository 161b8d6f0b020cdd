"""HTML: trafilatura finds the article; its headings, paragraphs, lists and tables become lines of text.

The canonical text is what a reader of the page would read: no navigation, no scripts, no markup. Where
trafilatura finds no article (a page of a few words) or cannot see all of the page (its elements stand
in one another hundreds deep), the whole page's text is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.markup import Line, decode_declared, page_lines, squeeze
from rag.parse.parsed import Parsed, title_of
from rag.parse.table import table_lines

_CHARSET = re.compile(
    rb"""<(?:meta[^>]+charset\s*=\s*["']?\s*|\?xml[^>]+encoding\s*=\s*["'])([\w.:-]+)""", re.IGNORECASE
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

# trafilatura's elements that end a line.
_BLOCKS = {"head", "p", "list", "item", "table", "row", "cell", "quote", "div", "lb"}
_IN_PARAGRAPH = {"list", "table", "lb"}
# Less than this is no article, and the page is taken as it is.
_LEAST_ARTICLE = 200


def parse_html(data: bytes, name: str) -> Parsed:
    """Read a web page; the title is its ``<h1>``, else its ``<title>``, else the file's name."""
    html = decode_html(data)
    try:
        lines = _lines(html)
    except Exception as error:  # lxml and trafilatura raise many kinds on broken markup
        raise ParseError(f"not readable as HTML ({type(error).__name__})") from error
    builder = Builder()
    for text, level in lines:
        builder.line(text, level)
    return builder.parsed(title_of(builder.headings) or _page_title(html) or name)


def decode_html(data: bytes) -> str:
    """Decode by the page's own declaration where it holds, else as any text."""
    return decode_declared(data, declared_charset(data))


def declared_charset(data: bytes) -> str | None:
    """Return the encoding that a page, or XML, says at its start that it is in."""
    declared = _CHARSET.search(data[:4096])
    return declared[1].decode("ascii", "replace") if declared else None


def _lines(html: str) -> list[Line]:
    if "<body" not in html.lower():
        html = f"<html><body>{html}</body></html>"
    lines = [] if _is_cut(html) else _article(html)
    return lines if sum(len(text) for text, _ in lines) >= _LEAST_ARTICLE else page_lines(html)


def _is_cut(html: str) -> bool:
    """Whether lxml's tree of a page would end early: it does without a word where elements lie too deep."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8")
    try:
        etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return True
    return any("depth" in entry.message for entry in parser.error_log)


def _article(html: str) -> list[Line]:
    # Takes half a second to import, and only HTML needs it.
    import trafilatura

    article: Any = trafilatura.bare_extraction(html, favor_recall=True, include_comments=False, deduplicate=False)
    return [line for line in _walk(article.body) if line[0]] if article is not None else []


def _walk(element: Any) -> Iterator[Line]:
    """Yield the lines below a trafilatura element: a heading, paragraph, list item or table row each."""
    if element.tag == "head":
        yield squeeze(_inline(element)), int(element.get("rend", "h2")[1:] or 2)
    elif element.tag == "table":
        yield from _rows(element)
    elif _is_listing(element):
        yield "".join(element.itertext()).strip("\n"), 0
    else:
        blocks = _IN_PARAGRAPH if element.tag == "p" else _BLOCKS
        run = element.text or ""
        for child in element:
            if child.tag in blocks or _is_listing(child):
                yield squeeze(run), 0
                yield from _walk(child)
                run = ""
            else:
                run += _inline(child)
            run += child.tail or ""
        yield squeeze(run), 0


def _rows(table: Any) -> Iterator[Line]:
    rows = list(table.iter("row"))
    has_header = bool(rows) and all(cell.get("role") == "head" for cell in rows[0])
    yield from table_lines([[[(squeeze(_inline(cell)), 0)] for cell in row] for row in rows], has_header)


def _inline(element: Any) -> str:
    """Return an element's text in one run, with white space where it has breaks or blocks."""
    text = element.text or ""
    for child in element:
        gap = " " * (child.tag in _BLOCKS)
        text += gap + _inline(child) + gap + (child.tail or "")
    return text


def _is_listing(element: Any) -> bool:
    return element.tag == "code" and "\n" in "".join(element.itertext()).strip()


def _page_title(html: str) -> str:
    from html import unescape

    found = _TITLE.search(html)
    return squeeze(unescape(found[1])) if found else ""
