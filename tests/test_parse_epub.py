from __future__ import annotations

import io
import random
import zipfile

import pytest

from rag.errors import ParseError
from rag.parse.epub import parse_epub
from rag.parse.parsed import Parsed
from tests.texts import kinds_and_texts

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
ITEMS = """<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="p" href="map.png" media-type="image/png"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="text/chapter%20two.xhtml" media-type="application/xhtml+xml"/>"""
SPINE = '<itemref idref="n"/><itemref idref="two"/><itemref idref="one"/><itemref idref="p"/><itemref idref="none"/>'
TITLE = "<dc:title>Rivers of Europe</dc:title><dc:creator>Ada Lovelace</dc:creator><dc:creator>Bob</dc:creator>"
NAV = '<html><body><nav><ol><li><a href="text/chapter%20two.xhtml#a">Headwaters</a></li></ol></nav></body></html>'
NCX = """<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Headwaters</text></navLabel>
<content src="text/chapter%20two.xhtml"/></navPoint><navPoint><navLabel><text>Second part</text></navLabel>
<content src="text/chapter%20two.xhtml#b"/></navPoint></navMap></ncx>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>
<style>p {color: red}</style></head><body><h1>Mouths</h1><p>The <i>Danube</i> ends&#160;in the Black Sea.</p>
<h2>Deltas</h2><table><tr><th>River</th><th>Km</th></tr><tr><td>Inn</td><td>518</td></tr></table>
<script src="x"/><p>It has three arms.</p></body></html>"""
TWO = "<html><body><p>HEADWATERS</p><p>It rises in the Black Forest.</p></body></html>"
TEXT = (
    "Author: Ada Lovelace, Bob\n\nHeadwaters\n\nIt rises in the Black Forest."
    "\n\nMouths\n\nThe Danube ends in the Black Sea.\n\nDeltas\n\nRiver: Inn; Km: 518\n\nIt has three arms."
)


def package(metadata: str = TITLE, items: str = ITEMS, spine: str = SPINE) -> str:
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata>{metadata}</metadata><manifest>{items}</manifest><spine toc='t'>{spine}</spine></package>"
    )


def book(changes: dict[str, str | bytes | None] | None = None) -> bytes:
    """Return a book; a file of it is changed by name, or left out."""
    files: dict[str, str | bytes | None] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": package(),
        "OPS/nav.xhtml": NAV,
        "OPS/toc.ncx": NCX,
        "OPS/map.png": b"\x89PNG",
        "OPS/text/one.xhtml": ONE,
        "OPS/text/chapter two.xhtml": TWO,
    }
    files |= changes or {}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)
    return written.getvalue()


def test_chapters_are_read_in_the_order_of_the_book() -> None:
    parsed = parse_epub(book(), "file")
    assert parsed.text == TEXT
    assert parsed.title == "Rivers of Europe"
    assert [(one.level, parsed.text[one.start : one.end]) for one in parsed.headings] == [
        (1, "Headwaters"),
        (1, "Mouths"),
        (2, "Deltas"),
    ]
    assert parsed.warning is None


@pytest.mark.parametrize("without", ["OPS/toc.ncx", "OPS/nav.xhtml"])
def test_either_table_of_contents_names_the_chapters(without: str) -> None:
    assert parse_epub(book({without: None}), "file").text == TEXT


def test_a_book_without_a_title_has_that_of_its_first_heading() -> None:
    assert parse_epub(book({"OPS/book.opf": package(metadata="")}), "file").title == "Headwaters"


def test_a_note_stands_after_the_paragraph_that_refers_to_it() -> None:
    page = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<p>Built in 1934<a epub:type="noteref" href="#n1"><sup>7</sup></a> for 5 &#215; 10<sup>4</sup> marks.</p><p>Next.</p>
<aside epub:type="footnote" id="n1"><p>By the <i>parish</i>.</p></aside></body></html>"""
    assert kinds_and_texts(parse_epub(book({"OPS/text/one.xhtml": page}), "file"))[-3:] == [
        ("paragraph", "Built in 1934 for 5 × 10⁴ marks."),
        ("note", "By the parish."),
        ("paragraph", "Next."),
    ]


def test_a_missing_or_unreadable_chapter_is_told() -> None:
    for content in (None, random.Random(7).randbytes(5000)):
        parsed = parse_epub(book({"OPS/text/chapter two.xhtml": content}), "file")
        assert parsed.text.startswith("Author: Ada Lovelace, Bob\n\nMouths")
        assert parsed.warning == "1 of the book's 2 chapters are missing or broken"


def encryption(algorithm: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData'
        f' xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{algorithm}"/>'
        '<CipherData><CipherReference URI="OPS/text/one.xhtml"/></CipherData></EncryptedData></encryption>'
    )


def test_a_protected_book_is_refused_and_one_with_hidden_fonts_is_not() -> None:
    locked = book({"META-INF/encryption.xml": encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc")})
    with pytest.raises(ParseError, match="protected"):
        parse_epub(locked, "file")
    fonts = book({"META-INF/encryption.xml": encryption("http://www.idpf.org/2008/embedding")})
    assert parse_epub(fonts, "file").text == TEXT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (book({"META-INF/container.xml": None}), "not an EPUB"),
        (book({"META-INF/container.xml": "<container/>"}), "not an EPUB"),
        (book({"OPS/book.opf": package()[:200]}), "list of files is broken"),
        (book({"OPS/book.opf": package(spine="")}), "no chapters"),
        (book({"OPS/text/one.xhtml": None, "OPS/text/chapter two.xhtml": None}), "chapters are missing"),
    ],
    ids=["no container", "empty container", "broken package", "no spine", "no chapters"],
)
def test_what_is_no_whole_book_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_epub(data, "file")


def test_a_book_cut_short_or_no_archive_at_all_is_refused() -> None:
    for data in (book()[:-100], b"once upon a time", b"PK\x03\x04"):
        with pytest.raises(ParseError):
            parse_epub(data, "file")


def test_links_lead_nowhere_but_into_the_book_and_entities_do_not_grow() -> None:
    items = ITEMS.replace("text/one.xhtml", "../../../../../etc/passwd")
    with_link = parse_epub(book({"OPS/book.opf": package(items=items)}), "file")
    assert "root:" not in with_link.text
    entity = '<!DOCTYPE package [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    metadata = "<dc:title>&f;</dc:title>"
    assert "root:" not in parse_epub(book({"OPS/book.opf": entity + package(metadata=metadata)}), "file").title


def test_a_damaged_book_gives_text_or_the_reason() -> None:
    whole = book()
    chance = random.Random(7)
    for number in range(150):
        flipped = bytearray(whole[: chance.randrange(1, len(whole))] if number % 4 == 0 else whole)
        for _ in range(chance.choice([1, 5])):
            flipped[chance.randrange(len(flipped))] = chance.randrange(256)
        try:
            assert isinstance(parse_epub(bytes(flipped), "file"), Parsed)
        except ParseError:
            continue
