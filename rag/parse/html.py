"""HTML: trafilatura finds the article; its headings, paragraphs, lists and tables become lines of text.

The canonical text is what a reader of the page would read: no navigation, no scripts, no markup. Where
trafilatura finds no article (a page of a few words), the whole page's text is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rag.errors import ParseError
from rag.parse.parsed import Parsed
from rag.parse.text import decode
from rag.types import Heading

_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

# trafilatura's elements, and HTML's, that end a line.
_BLOCKS = {"head", "p", "list", "item", "table", "row", "cell", "quote", "div", "lb"}
_IN_PARAGRAPH = {"list", "table", "lb"}
_HTML_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HTML_BLOCKS = (*_HTML_HEADINGS, *"p div br li tr td th pre blockquote section article table ul ol dl dt dd".split())
_LEVEL = "\ue000"  # marks a heading's line, with its level behind it; no page holds it
# Less than this is no article, and the page is taken as it is.
_LEAST_ARTICLE = 200

# A line of text and, where it is a heading, its level; 0 where it is not.
Line = tuple[str, int]


def parse_html(data: bytes, name: str) -> Parsed:
    """Read a web page; the title is its ``<h1>``, else its ``<title>``, else the file's name."""
    html = _decode(data)
    try:
        lines = _lines(html)
    except Exception as error:  # lxml and trafilatura raise many kinds on broken markup
        raise ParseError(f"not readable as HTML ({type(error).__name__})") from error
    text, headings = "", []
    for line, level in lines:
        text += "\n\n" if text else ""
        if level:
            headings.append(Heading(level=level, text=line, start=len(text), end=len(text) + len(line)))
        text += line
    title = next((h.text for h in headings if h.level == 1), None) or _page_title(html) or name
    return Parsed(text=text, title=title, headings=tuple(headings))


def _decode(data: bytes) -> str:
    """Decode by the page's own declaration where it holds, else as any text."""
    declared = _CHARSET.search(data[:4096])
    if declared:
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _lines(html: str) -> list[Line]:
    # Takes half a second to import, and only HTML needs it.
    import trafilatura

    if "<body" not in html.lower():
        html = f"<html><body>{html}</body></html>"
    article: Any = trafilatura.bare_extraction(html, favor_recall=True, include_comments=False, deduplicate=False)
    lines = list(_walk(article.body)) if article is not None else []
    if sum(len(text) for text, _ in lines) < _LEAST_ARTICLE:
        lines = list(_whole_page(html))
    return [line for line in lines if line[0]]


def _walk(element: Any) -> Iterator[Line]:
    """Yield the lines below a trafilatura element: a heading, paragraph, list item or table row each."""
    if element.tag == "head":
        yield _squeeze(_inline(element)), int(element.get("rend", "h2")[1:] or 2)
    elif element.tag == "row":
        cells = [_squeeze(_inline(cell)) for cell in element]
        yield " | ".join(cell for cell in cells if cell), 0
    elif _is_listing(element):
        yield "".join(element.itertext()).strip("\n"), 0
    else:
        blocks = _IN_PARAGRAPH if element.tag == "p" else _BLOCKS
        run = element.text or ""
        for child in element:
            if child.tag in blocks or _is_listing(child):
                yield _squeeze(run), 0
                yield from _walk(child)
                run = ""
            else:
                run += _inline(child)
            run += child.tail or ""
        yield _squeeze(run), 0


def _inline(element: Any) -> str:
    """Return an element's text in one run, with white space where it has breaks or blocks."""
    text = element.text or ""
    for child in element:
        gap = " " * (child.tag in _BLOCKS)
        text += gap + _inline(child) + gap + (child.tail or "")
    return text


def _is_listing(element: Any) -> bool:
    return element.tag == "code" and "\n" in "".join(element.itertext()).strip()


def _whole_page(html: str) -> Iterator[Line]:
    """Yield the lines of a page in which there is no article: all it shows, a line a block."""
    from lxml import etree
    from lxml.html import document_fromstring

    page: Any = document_fromstring(html.replace(_LEVEL, " "))
    etree.strip_elements(page, "script", "style", "noscript", "template", "head", etree.Comment, with_tail=False)
    for element in page.iter(*_HTML_BLOCKS):
        digit = element.tag[1] if element.tag in _HTML_HEADINGS else ""
        element.text = f"\n{_LEVEL * bool(digit)}{digit}{element.text or ''}"
        element.tail = f"\n{element.tail or ''}"
    for line in str(page.text_content()).split("\n"):
        level, text = (int(line[1]), line[2:]) if line.startswith(_LEVEL) else (0, line)
        yield _squeeze(text), level


def _page_title(html: str) -> str:
    from html import unescape

    found = _TITLE.search(html)
    return _squeeze(unescape(found[1])) if found else ""


def _squeeze(text: str) -> str:
    return " ".join(text.split())
