from __future__ import annotations

import codecs
import hashlib

import pytest

from rag.errors import ParseError
from rag.parse import parse
from rag.types import Document
from tests.texts import parse_one

ENGLISH = "The Danube rises in the Black Forest. It ends in the Black Sea.\n"
FRENCH = (
    "Le Danube est le deuxième plus long fleuve d’Europe après la Volga. Il prend sa source dans la Forêt-Noire,"
    " en Allemagne, et se jette dans la mer Noire. Né de deux rivières, il traverse dix pays ; aucun autre fleuve"
    " n’en traverse autant. Ça et là, des châteaux dominent ses rives.\n"
)
POLISH = (
    "Dunaj jest drugą co do długości rzeką Europy. Źródła ma w Schwarzwaldzie, uchodzi do Morza Czarnego."
    " Płynie przez dziesięć państw. Żadna inna rzeka na świecie nie płynie przez tyle krajów.\n"
)
RUSSIAN = "Дунай — вторая по длине река Европы. Она берёт начало в горах Шварцвальда и впадает в Чёрное море.\n"
JAPANESE = (
    "日本語の文章です。これは文字コードの判定を試すための長い文です。東京は日本の首都であり、多くの人が住んでいます。\n"
)
CHINESE = "人工智能正在改变世界。中国的科学家们在北京发表了新的研究成果，引起了广泛关注。\n" * 3


def html(body: str, head: str = "") -> Document:
    page = f"<!doctype html><html><head><meta charset='utf-8'>{head}</head><body>{body}</body></html>"
    return parse_one(page.encode(), "page.html")


def headings(document: Document) -> list[tuple[int, str, str]]:
    """Return level, words and text of each heading, the last as its span says."""
    return [(one.level, one.text, document.text[one.start : one.end]) for one in document.headings]


def test_a_document_is_named_by_its_place_and_hashed_by_its_bytes() -> None:
    data = ENGLISH.encode("utf-8-sig")
    document = parse_one(data, "notes/rivers.of.europe.TXT")
    assert document.source == "notes/rivers.of.europe.TXT"
    assert document.title == "rivers.of.europe"
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.text == ENGLISH


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-32"),
        (FRENCH, "cp1252"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "utf-8"),
        (JAPANESE, "shift_jis"),
        (CHINESE, "gb18030"),
    ],
    ids=lambda value: value[:12].split()[0],
)
def test_text_is_read_in_its_encoding(text: str, encoding: str) -> None:
    assert parse_one(text.encode(encoding), "a.txt").text == text
    assert parse_one(text.encode(encoding), "a.md").text == text


@pytest.mark.parametrize(("mark", "encoding"), [(codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF32_BE, "utf-32-be")])
def test_a_byte_order_mark_tells_the_order_of_bytes_and_is_no_text(mark: bytes, encoding: str) -> None:
    assert parse_one(mark + FRENCH.encode(encoding), "a.txt").text == FRENCH


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_newline_is_one_character(newline: str) -> None:
    text = "one\n\ntwo \n\tthree\n"
    assert parse_one(text.replace("\n", newline).encode(), "a.txt").text == text
    document = parse_one("# A\n\ntext\n\n## B\n".replace("\n", newline).encode(), "a.md")
    assert headings(document) == [(1, "A", "# A"), (2, "B", "## B")]


def test_characters_that_look_like_newlines_stay_as_they_are() -> None:
    text = "one\x0ctwo\x0bthree\u2028four\x85five\n"
    assert parse_one(text.encode(), "a.txt").text == text


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".py", ".log"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t \n", "the file is empty"),
        (codecs.BOM_UTF8 + b"\n", "no text in it"),
        ("\u2003\u00a0\n".encode(), "no text in it"),
        (bytes(range(256)) * 20, "binary data"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x00\x00\x00\x02\x00\x08\x06\x00\x00\x00" * 3, "binary data"),
        (codecs.BOM_UTF16_LE + b"odd", "starts as utf-16 but is not"),
    ],
    ids=["empty", "white space", "mark alone", "wide spaces", "all bytes", "image", "half a character"],
)
def test_a_file_without_text_is_refused_with_the_reason(suffix: str, data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_one(data, "a" + suffix)


@pytest.mark.parametrize(
    ("source", "named"), [("a.exe", "EXE files"), ("folder.txt/thing", "files without an extension")]
)
def test_a_file_of_an_unknown_kind_is_refused(source: str, named: str) -> None:
    with pytest.raises(ParseError, match=f"^{named} aren’t supported$"):
        parse_one(b"MZ\x90\0\3\0\0\0", source)


def test_markdown_headings_are_the_spans_of_their_lines() -> None:
    text = "# One *big* title\n\nText.\n\nTwo\n---\n\n### `three` and [four](x.md) ###\n\n> #### Quoted\n\n## A &amp; B"
    assert headings(parse_one(text.encode(), "a.md")) == [
        (1, "One big title", "# One *big* title"),
        (2, "Two", "Two\n---"),
        (3, "three and four", "### `three` and [four](x.md) ###"),
        (4, "Quoted", "> #### Quoted"),
        (2, "A & B", "## A &amp; B"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```\n# comment\n```\n",
        "~~~sh\n# comment of an open fence\n",
        "    # indented code\n",
        "#hashtag\n",
        "####### seven\n",
        "\\# escaped\n",
        "<!--\n# hidden\n-->\n",
        "#\n",
    ],
)
def test_what_only_looks_like_a_markdown_heading_is_none(text: str) -> None:
    document = parse_one(f"before\n\n{text}".encode(), "name.md")
    assert document.headings == ()
    assert document.title == "name"


def test_the_words_of_an_underlined_heading_of_two_lines_stay_apart() -> None:
    document = parse_one(b"Hello\nworld\n=====\n\ntext\n", "a.md")
    assert headings(document) == [(1, "Hello world", "Hello\nworld\n=====")]


def test_a_form_feed_does_not_shift_the_headings_after_it() -> None:
    assert headings(parse_one(b"one\x0ctwo\n\n# A\n\n# B\n", "a.md")) == [(1, "A", "# A"), (1, "B", "# B")]


def test_the_title_of_markdown_is_its_first_heading_of_the_first_level() -> None:
    assert parse_one(b"## Sub\n\n# Title\n\n# Other\n", "a.md").title == "Title"


ARTICLE = """
<nav><ul><li><a href="/">Home of the site</a></li><li><a href="/all">All articles</a></li></ul></nav>
<header>Banner of the site</header>
<main><article><h1>Rivers of <em>Europe</em></h1>
<p>The Danube flows through <b>ten</b> countries &mdash; more than any other river&nbsp;in the world.
It rises in the Black Forest &amp; ends in the Black Sea. Its price is &lt;5&euro;.</p>
<h2>Lengths</h2>
<p>The Volga is the longest river of Europe. Its length is 3,530 kilometres according to most sources.</p>
<table><tr><th>River</th><th>Length</th></tr><tr><td>Volga</td><td>3530 km</td></tr></table>
<h3>Tributaries</h3>
<ul><li>The Inn joins the Danube at <a href="/passau">Passau</a>.</li><li>The Drava joins it in Croatia.</li></ul>
<blockquote>Rivers are roads that move, said Pascal.</blockquote>
<pre><code>x = 1
y = 2</code></pre>
<p>First line<br>second line</p>
</article></main>
<aside>Advertisement for boots</aside><footer>Copyright of the site</footer>
<script>document.write("written by a script")</script>
"""


@pytest.mark.parametrize(
    "line",
    [
        "Rivers of Europe",
        "The Danube flows through ten countries — more than any other river in the world."
        " It rises in the Black Forest & ends in the Black Sea. Its price is <5€.",
        "River: Volga; Length: 3530 km",
        "The Inn joins the Danube at Passau.",
        "The Drava joins it in Croatia.",
        "Rivers are roads that move, said Pascal.",
        "x = 1",
        "y = 2",
        "First line",
        "second line",
    ],
)
def test_html_keeps_what_a_reader_reads_a_line_each(line: str) -> None:
    assert line in html(ARTICLE).text.split("\n")


@pytest.mark.parametrize(
    "text", ["Home of the site", "Banner", "Advertisement", "Copyright", "script", "colour", "<b>", "&amp;"]
)
def test_html_leaves_out_what_is_not_the_article(text: str) -> None:
    document = html(ARTICLE, "<style>p {colour: red}</style><script>var script = 1</script>")
    assert text not in document.text


@pytest.mark.parametrize(
    ("element", "line"),
    [
        ("<p>Call <code>run()</code> and <em>then</em> <i>wait</i>.</p>", "Call run() and then wait."),
        ("<ul><li>Call <code>run()</code> and <b>wait</b> for it.</li></ul>", "Call run() and wait for it."),
        ("<ul><li>Outer<ul><li>Inner</li></ul></li></ul>", "Inner"),
        ("<table><tr><td><p>one</p><p>two</p></td><td>3</td></tr></table>", "one two | 3"),
        ("<h2>Great<br>rivers</h2><p>Text.</p>", "Great rivers"),
        ("<dl><dt>Basin</dt><dd>What a river drains.</dd></dl>", "Basin: What a river drains."),
        ("<p>one</p>between<p>two</p>", "between"),
    ],
)
def test_html_neither_breaks_a_line_within_nor_glues_words_together(element: str, line: str) -> None:
    assert line in html(ARTICLE.replace("</article>", element + "</article>")).text.split("\n")


def test_html_headings_are_spans_with_their_levels() -> None:
    assert headings(html(ARTICLE)) == [
        (1, "Rivers of Europe", "Rivers of Europe"),
        (2, "Lengths", "Lengths"),
        (3, "Tributaries", "Tributaries"),
    ]


def test_the_title_of_a_page_is_its_heading_or_its_title_or_its_name() -> None:
    title = "<title>Lengths &amp;\n widths</title>"
    assert html(ARTICLE, title).title == "Rivers of Europe"
    assert html("<p>Only a paragraph.</p>", title).title == "Lengths & widths"
    assert html("<p>Only a paragraph.</p>").title == "page"


@pytest.mark.parametrize(
    "page",
    [
        "<html><body><p>Hello <b>world</b>.</p></body></html>",
        "<p>Hello <b>world</b>.</p>",
        "<div>Hello <b>world</b>.</div>",
        "<!doctype html><p>Hello <b>world.",
        "<html><body><p>Hello <i><b>world.</i></b></div></p>",
        "<html><body><table><tr><td>Hello world.",
        "<html><body><p>Hello world.</p><script>var x = '<p>No</p>'</script></body></html>",
    ],
)
def test_a_page_that_is_tiny_or_broken_gives_its_words(page: str) -> None:
    assert parse_one(page.encode(), "a.html").text == "Hello world."


def test_the_heading_of_a_short_page_is_not_lost() -> None:
    assert headings(html("<h1>Opening hours</h1><p>From nine to five.</p>")) == [(1, "Opening hours", "Opening hours")]
    fragment = parse_one(
        b"<h1>Opening hours</h1><p>From nine to five, but not on the Sundays of the year.</p>", "a.html"
    )
    assert headings(fragment) == [(1, "Opening hours", "Opening hours")]


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1251">', "windows-1251"),
        ("<META http-equiv=Content-Type content='text/html; charset=koi8-r'>", "koi8-r"),
        ("<meta charset=utf-8>", "utf-8"),
        ("<meta charset=no-such-encoding>", "utf-8"),
        ("<meta charset=ascii>", "utf-8"),
        ("", "utf-8"),
        ("", "utf-16"),
    ],
)
def test_a_page_is_read_in_the_encoding_it_declares_where_that_holds(declaration: str, encoding: str) -> None:
    page = f"<html><head>{declaration}</head><body><p>Привет, мир</p></body></html>"
    assert parse_one(page.encode(encoding), "a.html").text == "Привет, мир"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_zeros(encoding: str) -> None:
    assert parse_one(ENGLISH.encode(encoding), "a.txt").text == ENGLISH


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Name;Preis;Ort\nBrot;3,50;Köln\nKäse;12,00;Düsseldorf\nMilch;1,10;Zürich\n", "cp1252"),
        ("Müller\nJürgen\nKöln\n", "cp1252"),
        ("El niño comió piñas en España.\n", "cp1252"),
        ("Preis: 5 € für Öl, 5 m² Fläche, “fein”.\n", "cp1252"),
        ("Björn Åkesson från Malmö. Smörgås.\n", "latin-1"),
        ("Москва является столицей России.\n", "cp1251"),
        (POLISH, "cp1250"),
    ],
)
def test_short_texts_in_old_encodings_are_read_and_the_guess_is_told(text: str, encoding: str) -> None:
    found = parse(text.encode(encoding), "a.txt")
    assert found.documents[0].text == text
    assert found.warning == "its encoding was guessed: save it as UTF-8 if letters look wrong"
    assert parse(text.encode(), "a.txt").warning is None
