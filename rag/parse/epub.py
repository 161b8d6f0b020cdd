"""Books (EPUB): the chapters in the order they are read, each a web page; Pandoc reads them as one.

A chapter without a heading of its own gets the one that the table of contents gives it. The table itself
is left out, since it says the headings again. Books locked to a reader's device or program are refused.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rag.errors import ParseError
from rag.parse.archive import find_xml, given_title, open_archive, read_part
from rag.parse.builder import Builder
from rag.parse.html import add_page, decode_html, html_lines
from rag.parse.markup import squeeze
from rag.parse.parsed import Parsed, title_of
from rag.parse.tree import take_out
from rag.parse.webpage import page_tree, take_out_unseen

if TYPE_CHECKING:
    from zipfile import ZipFile

# What only makes fonts hard to take out of the book, and hides no text.
_FOR_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
_MOST_CHAPTERS = 20_000


@dataclass(frozen=True)
class _Book:
    """What the book says of itself: title, authors, and the places of its chapters and its tables of contents."""

    title: str
    authors: tuple[str, ...]
    chapters: tuple[str, ...]
    contents: tuple[str, ...]


def parse_epub(data: bytes, name: str) -> Parsed:
    """Read a book; the title is the one it gives itself, else its first heading of the first level, else the name."""
    with open_archive(data, "EPUB") as archive:
        _refuse_locked(archive)
        book = _book(archive)
        headings = dict(_named_chapters(archive, book))
        pages = [_page(archive, chapter, headings.get(chapter)) for chapter in book.chapters]
    missing = pages.count(None)
    if missing == len(pages):
        raise ParseError("the book's chapters are missing or broken: get the file anew")
    builder = Builder()
    builder.add(f"Author: {', '.join(book.authors)}" if book.authors else "", "field")
    add_page(builder, _bound([page for page in pages if page is not None]))
    warning = f"{missing} of the book's {len(pages)} chapters are missing or broken" if missing else None
    return builder.parsed(given_title(book.title) or title_of(builder.headings) or name, warning=warning)


def _refuse_locked(archive: ZipFile) -> None:
    locks = find_xml(archive, "META-INF/encryption.xml")
    if locks is None:
        return
    methods = [method.get("Algorithm", "") for method in locks.iter("{*}EncryptionMethod")]
    if any(method not in _FOR_FONTS for method in methods):
        raise ParseError("the book is protected (DRM): it can only be read with the program it was bought for")


def _book(archive: ZipFile) -> _Book:
    container = find_xml(archive, "META-INF/container.xml")
    roots = [] if container is None else [one.get("full-path", "") for one in container.iter("{*}rootfile")]
    place = next(filter(None, roots), "")
    package = find_xml(archive, place)
    if package is None:
        raise ParseError(
            "not an EPUB book, though it is named so" if not place else "the book's list of files is broken"
        )
    items = {item.get("id"): item for item in package.iter("{*}item")}
    places = {key: _path(posixpath.dirname(place), item.get("href", "")) for key, item in items.items()}
    contents = {key for key, item in items.items() if _is_contents(item)}
    pages = {key for key, item in items.items() if item.get("media-type", "") in _PAGES} - contents
    spine = (one.get("idref") for one in package.iter("{*}itemref"))
    chapters = tuple(dict.fromkeys(places[key] for key in spine if key in pages))  # one listed twice is read once
    if not chapters:
        raise ParseError("the book lists no chapters to read")
    return _Book(
        title=next(_texts(package, "title"), ""),
        authors=tuple(dict.fromkeys(_texts(package, "creator"))),
        chapters=chapters[:_MOST_CHAPTERS],
        contents=tuple(places[key] for key in items if key in contents),
    )


def _is_contents(item: Any) -> bool:
    return item.get("media-type") == "application/x-dtbncx+xml" or "nav" in item.get("properties", "").split()


def _path(folder: str, link: str) -> str:
    """Return the place in the archive that a link from a file in ``folder`` leads to."""
    return posixpath.normpath(posixpath.join(folder, unquote(link.split("#")[0])))


def _texts(package: Any, name: str) -> Iterator[str]:
    elements = package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}")
    yield from filter(None, (squeeze("".join(element.itertext())) for element in elements))


def _named_chapters(archive: ZipFile, book: _Book) -> Iterator[tuple[str, str]]:
    """Yield the chapters' places and names, the first name of each last; the tables are an NCX file or a page."""
    for table in reversed(book.contents):
        root, folder = find_xml(archive, table), posixpath.dirname(table)
        for entry in () if root is None else reversed(list(root.iter("{*}navPoint", "{*}a"))):
            target, label = entry.find("{*}content"), entry.find("{*}navLabel")
            link = entry.get("href") if target is None else target.get("src")
            name = squeeze("".join((entry if label is None else label).itertext()))
            if link and name:
                yield _path(folder, link), name


def _page(archive: ZipFile, path: str, name: str | None) -> Any:
    """Return a chapter as a tree, under its name where it has no heading; None where it is missing, or no text."""
    try:
        data = read_part(archive, path)
        html = decode_html(data or b"")
    except ParseError:
        return None
    if data is None:
        return None
    page = page_tree(html)
    if page is None:
        page = page_tree("".join(f"<p>{escape(line)}</p>" for line in html_lines(html)))
    take_out_unseen(page)
    body = page.find("body")
    has_text = body is not None and squeeze("".join(body.itertext()))
    if name and has_text and next(body.iter("h1", "h2", "h3", "h4", "h5", "h6"), None) is None:
        _set_heading(body, name)
    return page


def _set_heading(body: Any, name: str) -> None:
    """Set a chapter's name over it, in place of a paragraph that says it, as many books have."""
    from lxml import etree

    first = next((part for part in body.iter("p", "div") if not len(part) and squeeze(part.text or "")), None)
    if first is not None and squeeze(first.text).casefold() == name.casefold():
        take_out(first)
    heading = etree.Element("h1")
    heading.text, heading.tail, body.text = name, body.text, None
    body.insert(0, heading)


def _bound(pages: list[Any]) -> Any:
    """Return one page of several."""
    book = page_tree("<body>")
    for page in pages:
        for body in page.iter("body"):
            body.tag = "div"
            book.find("body").append(body)
    return book
