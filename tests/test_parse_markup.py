from __future__ import annotations

import random

import pytest

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.html import add_html, html_lines, parse_html
from rag.parse.markup import decode_declared
from rag.parse.parsed import Parsed
from tests.texts import block_texts, kinds_and_texts, unblocked


def read(html: str) -> Parsed:
    builder = Builder()
    add_html(builder, html)
    return builder.parsed("")


def page_with(content: str) -> Parsed:
    """Read a page with an article, and this in it."""
    text = "".join(f"<p>Paragraph {number} of an article that has much to tell.</p>" for number in range(20))
    return parse_html(f"<html><body><article>{text}{content}</article></body></html>".encode(), "page")


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        (
            "<h1>Great<br>rivers</h1>of <b>Eu</b>rope<p>Inn",
            ["heading Great rivers", "paragraph of Europe", "paragraph Inn"],
        ),
        ("<h2><div>In a box</div></h2><h3></h3><p>Text", ["heading In a box", "paragraph Text"]),
        ("one<br>two<br><br>three<hr/>four", ["paragraph one\ntwo", "paragraph three", "paragraph four"]),
        ("<ul><li>Outer<ul><li>Inner</ul></ul>", ["item Outer", "item Inner"]),
        ("<ol start=3><li>Open<li>Turn</ol>", ["item 3. Open", "item 4. Turn"]),
        ("<ol type=a><li>Open</ol>", ["item a. Open"]),
        ("<ol><li><h3>Scope</h3><p>All.</ol>", ["heading 1. Scope", "item All."]),
        ("<dl><dt>Inn<dd>A river.<dt>Where?<dd>Passau.</dl>", ["item Inn: A river.", "item Where? Passau."]),
        ("<blockquote><p>Said.</blockquote>", ["quote Said."]),
        ("<figure><img alt=no><figcaption>The bridge</figcaption></figure>", ["caption The bridge"]),
        ("<pre>\nx = 1\n\n  y = 2<br>z\n</pre>", ["code x = 1\n\n  y = 2\nz"]),
        ("a&nbsp;b &lt;c&gt; so\u00adft\u200b", ["paragraph a b <c> soft"]),
        ("a < b & c <", ["paragraph a < b & c <"]),
        ("10<sup>6</sup> H<sub>2</sub>O x<sup>ab</sup> 21<sup>st</sup>", ["paragraph 10⁶ H₂O x^(ab) 21st"]),
        ("<del>18</del> <s>20</s> <ins>22</ins> euros", ["paragraph 22 euros"]),
        ("1934<sup><a href='#n7'>[7]</a>: 12</sup> and<a href='#n8'><sup>8</sup></a> on.", ["paragraph 1934 and on."]),
        ("<h2>Head<a href='#head'>¶</a></h2>", ["heading Head"]),
        ("<math><mfrac><mi>a</mi><mn>2</mn></mfrac></math>", ["paragraph a/2"]),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", ["paragraph 漢"]),
        ("<html><body><p>a</p></body></html><p>b", ["paragraph a", "paragraph b"]),
    ],
)
def test_the_blocks_of_a_page(html: str, blocks: list[str]) -> None:
    assert [f"{kind} {text}" for kind, text in kinds_and_texts(read(html))] == blocks


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>x = '<p>no</p>'</script>",
        "<style>p {}</style>",
        "<title>no</title>",
        "<div hidden>no<div>no</div></div>",
        "<span style='DISPLAY : NONE'>no</span>",
        "<td style='visibility: hidden'>no</td>",
        "<p style='font-size:0px'>no</p>",
        "<span style='color:#FFFFFF'>no</span>",
        "<!--[if mso]>no<![endif]-->",
        "<?php no ?>",
        "<select><option>no</select>",
    ],
)
def test_what_a_reader_does_not_see_is_left_out(hidden: str) -> None:
    assert read(f"<p>yes</p>{hidden}<p>too").text == "yes\n\ntoo"


def test_white_text_on_a_coloured_ground_is_seen() -> None:
    assert read("<div style='background:#035'><span style='color:white'>yes</span></div>").text == "yes"
    assert read("<div class='banner'><span style='color:white'>yes</span></div>").text == "yes"


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><th>River<th>Km<tr><td>Inn<td>518<tr><td>Po<td>", ["River: Inn; Km: 518", "Po"]),
        ("<tr><th>River</th><th>Km</th></tr>", ["River | Km"]),
        ("<tr><th>Length:</th><td>518</td></tr><tr><th>Ends</th><td>Passau</td></tr>", ["Length: 518", "Ends: Passau"]),
        ("<caption>Rivers</caption><tr><td><p>one</p><p>two</p></td><td>3</td></tr>", ["Rivers", "one two | 3"]),
        ("<tr><td><h2>Head</h2><p>Text</p></td><td>Side</td></tr>", ["Head", "Text", "Side"]),
        (
            "<tr><td>a</td><td>b</td></tr><tr><td><table><tr><td>c</td><td>d</td></tr></table></td></tr>",
            ["a | b", "c | d"],
        ),
        (
            "<tr><th colspan=2>2024<th rowspan=2>Sum<tr><th>Q1<th>Q2<tr><td>1<td>2<td>3",
            ["2024 Q1: 1; 2024 Q2: 2; Sum: 3"],
        ),
        (
            "<tr><th>Cave<th>Day<th>Guide<tr><td rowspan=2>Bear<td>Friday<td>Ursel<tr><td colspan=2>closed",
            ["Cave: Bear; Day: Friday; Guide: Ursel", "Cave: Bear; Day: closed; Guide: closed"],
        ),
    ],
)
def test_the_rows_of_a_table(table: str, rows: list[str]) -> None:
    assert block_texts(read(f"<table>{table}</table>")) == rows


def test_an_article_is_read_with_its_structure_and_without_what_surrounds_it() -> None:
    text = "".join(f"<p>Paragraph {number} of an article that has much to tell.</p>" for number in range(12))
    table = "<table><tr><th>Cave<th>Guide<tr><td rowspan=2>Bear<td>Ursel<tr><td>Viggo</table>"
    content = f"<h2>Caves</h2>{table}<p>They hold 10<sup>6</sup> <del>bats</del> owls:</p><ol><li>barn<li>tawny</ol>"
    around = "<nav><ul><li><a href=/>Home</a><li><a href=/a>All caves</a></ul></nav>"
    after = "<div class='cookie-banner'>We use cookies. <button>Accept</button></div><footer>© 2024 Caves</footer>"
    page = f"<html><head><title>Caves | Site</title></head><body>{around}<h1>All about caves</h1>"
    page += f"<article>{text}{content}</article>{after}</body></html>"
    parsed = parse_html(page.encode(), "page")
    assert parsed.title == "All about caves"
    assert kinds_and_texts(parsed)[0] == ("heading", "All about caves")
    assert kinds_and_texts(parsed)[13:] == [
        ("heading", "Caves"),
        ("row", "Cave: Bear; Guide: Ursel"),
        ("row", "Cave: Bear; Guide: Viggo"),
        ("paragraph", "They hold 10⁶ owls:"),
        ("item", "1. barn"),
        ("item", "2. tawny"),
    ]


def test_elements_in_one_another_thousands_deep_hide_no_text() -> None:
    deep = "<p>At the start.</p>" + "<div>" * 20_000 + "<p>In the depth.</p>" + "</div>" * 20_000 + "<p>At the end.</p>"
    assert parse_html(f"<html><body>{deep}</body></html>".encode(), "page").text == (
        "At the start.\n\nIn the depth.\n\nAt the end."
    )
    mixed = page_with(deep).text
    assert "Paragraph 19" in mixed
    assert mixed.endswith("At the end.")


def test_tables_in_one_another_take_no_longer_than_their_number() -> None:
    assert read("<table><tr><td>x<td><div>" * 20 + "y").text.endswith("y")


def test_the_rows_of_a_table_in_an_article_have_the_names_of_their_columns() -> None:
    rows = "<tr><td>River</td><td>Km</td><td>Ends</td></tr><tr><td>Inn</td><td>518</td><td>Passau</td></tr>"
    assert page_with(f"<table>{rows}</table>").text.endswith("River: Inn; Km: 518; Ends: Passau")


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
        html_lines(flipped.decode("latin-1"))
        if number % 50 == 0:
            try:
                assert isinstance(parse_html(bytes(flipped), "page"), Parsed)
            except ParseError:
                continue


def test_two_rows_of_names_without_a_head_are_one_header() -> None:
    rows = (
        "<td>Drug</td><td colspan=2>Stock</td>",
        "<td></td><td>Least</td><td>Most</td>",
        "<td>Salt</td><td>4</td><td>12</td>",
    )
    parsed = parse_html(f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>".encode(), "file")
    assert parsed.text == "Drug: Salt; Stock Least: 4; Stock Most: 12"


def test_what_a_style_sheet_hides_is_not_read_but_what_only_paper_lacks_is() -> None:
    style = "<style>.gone, #old { display : none } @media print { .menu { display: none } } p { color: red }</style>"
    page = f"{style}<p class='a gone'>75 crowns</p><p id=old>60 crowns</p><p class=menu>90 crowns</p>"
    assert parse_html(page.encode(), "file").text == "90 crowns"


def test_who_wrote_an_article_and_its_captions_are_part_of_it() -> None:
    text = "".join(f"<p>{'The quay was built of oak from the hills behind the town. ' * 5}{n}</p>" for n in range(4))
    head = "<nav><a href=/>Home</a></nav><h1>The quay</h1><p class=byline>By Ioana Pell</p><p>2 May 2025</p>"
    figure = "<figure><img src=a.png><figcaption>The quay at low water</figcaption></figure>"
    read = parse_html(f"<html><body><article>{head}{text}{figure}</article></body></html>".encode(), "page").text
    assert read.startswith("The quay\n\nBy Ioana Pell\n\n2 May 2025\n\n")
    assert "The quay at low water" in read
    assert "Home" not in read
