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

    article: Any = trafilatura.bare_extraction(html, favor_recall=True, include_comments=False, deduplicate=False)
    lines = list(_walk(article.body)) if article is not None else []
    if not any(line for line, _ in lines):
        return [(_squeeze(trafilatura.html2txt(html)), 0)]
    return [line for line in lines if line[0]]


def _walk(element: Any) -> Iterator[Line]:
    """Yield the lines below a trafilatura element: a heading, paragraph, list item or table row each."""
    if element.tag == "head":
        level = int(element.get("rend", "h2")[1:] or 2)
        yield _squeeze("".join(element.itertext())), level
    elif element.tag == "row":
        cells = [_squeeze("".join(cell.itertext())) for cell in element]
        yield " | ".join(cell for cell in cells if cell), 0
    elif element.tag == "code":
        yield "".join(element.itertext()).strip("\n"), 0
    elif element.tag in {"body", "div", "list", "table", "quote", "item"}:
        yield from _walk_mixed(element)
    else:
        for line in _broken_text(element).split("\n"):
            yield _squeeze(line), 0
    # Text between elements belongs to whoever walks the parent.


def _walk_mixed(element: Any) -> Iterator[Line]:
    yield _squeeze(element.text or ""), 0
    for child in element:
        yield from _walk(child)
        yield _squeeze(child.tail or ""), 0


def _broken_text(element: Any) -> str:
    """Return an element's text with a newline for each ``<br>``."""
    text = re.sub(r"\s+", " ", element.text or "")
    for child in element:
        text += "\n" if child.tag == "lb" else _broken_text(child)
        text += re.sub(r"\s+", " ", child.tail or "")
    return text


def _page_title(html: str) -> str:
    from html import unescape

    found = _TITLE.search(html)
    return _squeeze(unescape(found[1])) if found else ""


def _squeeze(text: str) -> str:
    return " ".join(text.split())
