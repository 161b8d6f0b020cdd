from __future__ import annotations

import random

import pytest

from rag.errors import ParseError
from rag.parse.html import parse_html
from rag.parse.markup import Line, decode_declared, page_lines
from rag.parse.parsed import Parsed
from tests.texts import unblocked


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<h1>Great<br>rivers</h1>of <b>Eu</b>rope<p>Inn", [("Great rivers", 1), ("of Europe", 0), ("Inn", 0)]),
        ("<h2><div>In a box</div></h2><h3></h3><p>Text", [("In a box", 2), ("Text", 0)]),
        ("one<br>two<hr/>three<p/>four", [("one", 0), ("two", 0), ("three", 0), ("four", 0)]),
        ("<ul><li>Outer<ul><li>Inner</ul></ul>", [("Outer", 0), ("Inner", 0)]),
        ("<p>a</p><script>x = '<p>no</p>'</script><style>p {}</style><p>b", [("a", 0), ("b", 0)]),
        ("<title>no</title><div hidden>no<div>no</div></div><span style='DISPLAY : NONE'>no</span>yes", [("yes", 0)]),
        ("<pre>\nx = 1\n\n  y = 2<br>z\n</pre>", [("x = 1\n\n  y = 2\nz", 0)]),
        ("<![if !mso]>a<![endif]><!--[if mso]>no<![endif]--><![CDATA[ b]]><?php no ?>", [("a b", 0)]),
        ("a&nbsp;b &lt;c&gt; so\u00adft\u200b", [("a b <c> soft", 0)]),
        ("a < b & c <", [("a < b & c <", 0)]),
    ],
)
def test_the_lines_of_a_page(html: str, lines: list[Line]) -> None:
    assert page_lines(html) == lines


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("<tr><th>River<th>Km<tr><td>Inn<td>518<tr><td>Po<td>", ["River: Inn; Km: 518", "Po"]),
        ("<tr><th>River</th><th>Km</th></tr><tr><td>Inn</td><td>518</td><td>new</td></tr>", ["Inn | 518 | new"]),
        ("<tr><th>River</th><th>Km</th></tr>", ["River | Km"]),
        ("<tr><th>Length:</th><td>518</td></tr><tr><th>Ends</th><td>Passau</td></tr>", ["Length: 518", "Ends: Passau"]),
        ("<tr><td>Length :</td><td>518</td></tr>", ["Length: 518"]),
        ("<caption>Rivers</caption><tr><td><p>one</p><p>two</p></td><td>3</td></tr>", ["Rivers", "one two | 3"]),
        ("<tr><td><h2>Head</h2><p>Text</p></td><td>Side</td></tr>", ["Head", "Text", "Side"]),
        ("<tr><td>a<table><tr><td>b</td><td>c</td></tr></table>d</td><td>e</td></tr>", ["a", "b | c", "d", "e"]),
    ],
)
def test_the_rows_of_a_table(table: str, lines: list[str]) -> None:
    assert [text for text, _ in page_lines(f"<table>{table}</table>")] == lines


def test_elements_in_one_another_thousands_deep_hide_no_text() -> None:
    deep = "<p>At the start.</p>" + "<div>" * 20_000 + "<p>In the depth.</p>" + "</div>" * 20_000 + "<p>At the end.</p>"
    assert parse_html(f"<html><body>{deep}</body></html>".encode(), "page").text == (
        "At the start.\n\nIn the depth.\n\nAt the end."
    )
    article = "".join(f"<p>Paragraph {number} of an article that has much to tell.</p>" for number in range(20))
    mixed = parse_html(f"<html><body><article>{article}</article>{deep}</body></html>".encode(), "page").text
    assert "Paragraph 19" in mixed
    assert mixed.endswith("At the end.")


def test_the_rows_of_a_table_in_an_article_have_the_names_of_their_columns() -> None:
    text = "".join(f"<p>Paragraph {number} of an article that has much to tell.</p>" for number in range(20))
    table = (
        "<table><tr><td>River</td><td>Km</td><td>Ends</td></tr><tr><td>Inn</td><td>518</td><td>Passau</td></tr></table>"
    )
    page = f"<html><body><article>{text}{table}</article></body></html>"
    assert parse_html(page.encode(), "page").text.endswith("River: Inn; Km: 518; Ends: Passau")


def test_a_page_that_says_it_is_xml_is_read() -> None:
    page = '<?xml version="1.0" encoding="utf-8"?><html><body><p>Brücke</p></body></html>'
    assert unblocked(parse_html(page.encode(), "page")) == Parsed("Brücke", "page")


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-1", b"\x80 5", "€ 5"),
        ("iso-8859-1", "Brücke".encode(), "Brücke"),
        ("utf-16", "Brücke".encode(), "Brücke"),
        ("idna", b"\xff\xfeB\x00", "B"),
        ("hex", b"abc", "abc"),
        (None, "Brücke".encode(), "Brücke"),
    ],
)
def test_a_charset_counts_where_it_can_hold(charset: str | None, data: bytes, text: str) -> None:
    assert decode_declared(data, charset) == text


def test_a_damaged_page_gives_its_words_or_the_reason() -> None:
    whole = b"<!doctype html><h1>One</h1><!-- c --><table><tr><th>a<td>b</table><pre>x</pre><![CDATA[d]]>&amp;<p>two"
    chance = random.Random(7)
    for number in range(1500):
        flipped = bytearray(whole[: chance.randrange(1, len(whole))] if number % 2 else whole)
        for _ in range(chance.choice([1, 4])):
            flipped[chance.randrange(len(flipped))] = chance.choice(b"<>!-[]&;/ \x00'\"=?x")
        page_lines(flipped.decode("latin-1"))
        if number % 50 == 0:
            try:
                assert isinstance(parse_html(bytes(flipped), "page"), Parsed)
            except ParseError:
                continue
