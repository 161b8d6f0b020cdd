"""The reader: what is marked is what is cited, in every format, and nothing of a document runs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.parse.builder import Builder
from rag.types import Block, Document, Page, PageKind, Standing, Support
from rag.wording import STANDING_WORDS
from tests.ui.shelf import (
    Shelf,
    answer_of,
    citation_of,
    letters,
    marked,
    read,
    refusal_of,
    result_of,
    shown,
    tags,
    tree,
    view,
)
from ui import reader

MARKDOWN = """\
# The *river* `Elz`

It **rises** in the [Black Forest](https://example.org/forest "A title") near **Furtwangen *im* Schwarzwald**,
and ![a picture](bridge.png) of it is \\*not\\* here. See <https://example.org> and [that][1].

> Quoted **once**
> and twice.
> > - deep `code` here

- first
  goes on
- second
  1. nested one
  2. nested two

7. seven
8. eight

```python
def rise(**kwargs):
    return "# no heading"
```

    indented = code_block

| Name | Length |
|------|-------:|
| Elz  | 90 `km` |
| Dreisam | 29 |

Underlined
----------

Of 10<sup>6</sup> stones.

***

<div align="center">raw</div>

[1]: https://example.org/one
Last words.
"""

MAIL = (
    "From: Ada <ada@example.org>\nTo: Ben <ben@example.org>\nSubject: The bell\n\n"
    "It was cast in 1700.\n\n> Who cast it?\n> And when?\n\nYours, Ada\n"
)
CSV = "City,River,Bridges\n" + "".join(
    f"Town {n},{'Elz; upper: part' if n == 7 else 'Elz'},{n * 3}\n" for n in range(40)
)
CODE = "import sys\n\ndef main():\n\tprint('<b>')\n\n" + "\n".join(f"value_{n} = {n}" for n in range(50))
HTML = (
    "<html><body><article><h1>Bells</h1><p>" + "The bell was cast in 1700 by a founder. " * 8 + "</p><h2>Towers</h2>"
    "<ul><li>One tower</li><li>Two towers</li></ul><table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr>"
    "</table></article></body></html>"
)

DOCUMENTS = [
    read("river.md", MARKDOWN),
    read("river.txt", MARKDOWN),
    read("mail.eml", MAIL),
    read("towns.csv", CSV),
    read("plain.tsv", "1\t2\n3\t4\n"),
    read("main.py", CODE),
    read("page.html", HTML),
    read("data.json", json.dumps({"river": {"name": "Elz", "long": 90}, "towns": [{"a": 1, "b": "x"}] * 5})),
    read("data.jsonl", "\n".join(json.dumps({"id": n, "text": f"Line {n}\nhas two."}) for n in range(9))),
    read("data.xml", "<r><a>One</a><b>Two words.</b></r>"),
    read("hebrew.txt", "שלום עולם. הנחל.\n\n川は森から流れる。橋がある。"),
]


@st.composite
def cited(draw: st.DrawFn) -> tuple[Document, int, int]:
    document = draw(st.sampled_from(DOCUMENTS))
    start = draw(st.integers(0, len(document.text) - 1))
    end = min(len(document.text), start + draw(st.integers(1, 300)))
    return document, start, end


@given(cited())
def test_what_is_marked_is_what_is_cited(found: tuple[Document, int, int]) -> None:
    document, start, end = found
    assert letters(marked(view(document, start, end))) == letters(document.text[start:end])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.source)
def test_all_of_a_short_document_is_there_once_and_in_order(document: Document) -> None:
    page = reader.open_view(Shelf(document), [], {"source": document.source, "view": "text"})
    assert letters(shown(page)) == letters(document.text)


MARKUP = st.text(st.sampled_from(list("#*_`~[]()!<>|-+\\ \n\t>1.ab:")), max_size=300)


@given(MARKUP, st.data())
@example("- \n  > ```\n> x", None)
def test_no_markdown_loses_a_letter(text: str, data: st.DataObject | None) -> None:
    if not text.strip():
        return
    document = read("a.md", text)
    start = data.draw(st.integers(0, len(document.text) - 1)) if data else 0
    end = data.draw(st.integers(start + 1, len(document.text))) if data else len(document.text)
    page = view(document, start, end)
    assert letters(shown(page)) == letters(document.text)
    assert letters(marked(page)) == letters(document.text[start:end])


def test_markdown_is_drawn_as_what_it_means() -> None:
    page = tree(view(DOCUMENTS[0], 0, 5))
    assert [h.text_content() for h in page.iter("h3", "h4")] == ["# The *river* `Elz`", "Underlined\n----------"]
    assert [e.text_content() for e in page.iter("strong")] == ["rises", "Furtwangen *im* Schwarzwald", "once"]
    assert [e.text_content() for e in page.iter("sup")] == ["6"]
    assert len(list(page.iter("hr"))) == 1
    assert "Black Forest" in [e.text_content() for e in page.find_class("link")]
    assert [e.text_content() for e in page.iter("em")] == ["river", "im"]
    assert next(e.text_content() for e in page.iter("pre")).startswith("```python\ndef rise")
    assert [e.text_content() for e in page.find_class("number")] == ["1. ", "2. ", "7. ", "8. "]
    assert [e.text_content() for e in page.xpath("//ul//li//ol//li")] == ["1. nested one", "2. nested two"]
    assert [e.text_content() for e in page.xpath("//blockquote//blockquote//code")] == ["code"]
    assert [e.text_content().strip("| ") for e in page.xpath("//th[@scope='col']")] == ["Name", "Length"]
    cells = [e.text_content().rpartition("| ")[2] for e in page.iter("td")]
    assert cells == ["Elz", "90 `km`", "Dreisam", "29"]
    visible = tree(view(DOCUMENTS[0], 0, 5))
    for sign in visible.find_class("sign"):
        sign.drop_tree()
    text = visible.find_class("doc")[0].text_content()
    assert "It rises in the Black Forest" in text
    assert "is *not* here" in text
    assert "The river Elz" in text
    assert "```" not in text
    assert "---" not in text
    assert "> " not in text


def test_nothing_leads_or_loads_from_anywhere() -> None:
    page = view(DOCUMENTS[0], 0, 5)
    links = [attributes for tag, attributes in tags(page) if {"href", "src", "srcset", "style"} & attributes.keys()]
    assert [link["class"] for link in links] == ["original"]
    assert "img" not in dict(tags(page))


def test_a_sheet_is_a_table_with_the_cited_row_marked() -> None:
    document = next(one for one in DOCUMENTS if one.source == "towns.csv")
    start = document.text.index("City: Town 7;")
    page = tree(view(document, start, document.text.index("\n", start)))
    assert [head.text_content() for head in page.xpath("//thead//th")] == ["Row", "City", "River", "Bridges"]
    (row,) = page.xpath("//tr[@class='passage']")
    assert row.xpath("string(th)") == "9"  # the header is row 1
    for sign in row.find_class("sign"):
        sign.drop_tree()
    assert [cell.text_content() for cell in row.iter("td")] == ["Town 7", "Elz; upper: part", "21"]


def test_lines_of_code_are_numbered_as_in_the_file() -> None:
    document = next(one for one in DOCUMENTS if one.source == "main.py")
    start = document.text.index("value_7 ")
    page = tree(view(document, start, start + 11))
    (line,) = [line for line in page.iter("li") if list(line.iter("mark"))]
    assert line.get("value") == str(CODE.split("\n").index("value_7 = 7") + 1)


def test_the_headers_of_a_message_stand_apart() -> None:
    page = tree(view(DOCUMENTS[2], 0, 5))
    (headers,) = page.find_class("headers")
    assert [label.text_content() for label in headers.find_class("label")] == ["From:", "To:", "Subject:"]
    assert [quote.text_content() for quote in page.iter("blockquote")] == ["Who cast it?\nAnd when?"]


def test_a_second_table_under_other_names_stands_by_itself() -> None:
    document = read("two.csv", "City,Height\nUlm,161\nBern,100\n\nRiver,Length\nElz,90\nDreisam,29\n")
    page = tree(view(document, 0, 3))
    heads = [
        [head.text_content() for head in table.iter("th") if head.get("scope") == "col"] for table in page.iter("table")
    ]
    assert heads == [["Row", "City", "Height"], ["Row", "River", "Length"]]


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"turn": "0"},
        {"turn": "-1", "n": "1"},
        {"turn": "0", "n": "0"},
        {"turn": "0", "n": "2"},
        {"turn": "9" * 5000, "n": "1"},
        {"turn": "0", "rank": "-1"},
        {"turn": "0", "rank": "7"},
        {"turn": "0", "closest": "1"},
        {"turn": "0", "closest": "0"},
        {"turn": "0", "closest": "x"},
        {"closest": "1"},
        {"turn": "x", "n": "1"},
        {"turn": None, "n": [1]},
        {"source": "../../etc/passwd"},
        {"source": {"a": 1}},
        {"source": "river.md", "view": "html"},
        {"source": "river.md", "view": ["text"]},
        {"source": "river.md", "at": "99999999"},
        {"source": "river.md", "at": "-4"},
        {"source": "river.md", "page": "0"},
        {"source": "river.md", "view": "page"},
        {"source": "river.md", "at": "1e5"},
    ],
)
def test_what_cannot_be_shown_is_gone(chosen: dict[str, str]) -> None:
    document = DOCUMENTS[0]
    answer = answer_of([citation_of(document, 0, 5)], [result_of(document, 0, 9)])
    assert reader.open_view(Shelf(document), [answer], chosen) == reader.GONE


def test_a_passage_and_a_document_are_shown() -> None:
    document = DOCUMENTS[1]
    answer = answer_of([], [result_of(document, 20, 90)])
    page = reader.open_view(Shelf(document), [answer], {"turn": "0", "rank": "0"})
    assert "it may not answer it" in page
    assert not marked(page)
    assert 'class="passage"' in page
    page = reader.open_view(Shelf(document), [answer], {"source": document.source})
    assert 'class="around"' not in page


def paragraphs(page: str, name: str) -> list[str]:
    return [str(p.text_content()) for p in tree(page).find_class("doc")[0].iter("p") if p.get("class") == name]


def test_of_a_citation_with_an_excerpt_the_excerpt_stands_out() -> None:
    document = read("a.txt", "Before it.\n\nFirst of it.\n\nThe key.\n\nLast of it.\n\nAfter it.")
    key, span = (
        (document.text.index("The key"), document.text.index("\n\nLast")),
        (12, document.text.index("\n\nAfter")),
    )
    citation = citation_of(document, *key, excerpt=span)
    passage = result_of(document, 0, len(document.text))
    page = reader.open_view(Shelf(document), [answer_of([citation], [passage])], {"turn": "0", "n": "1"})
    assert paragraphs(page, "passage") == ["First of it.", "The key.", "Last of it."]
    assert paragraphs(page, "around") == ["Before it.", "After it."]
    assert marked(page) == "The key."
    without = citation.model_copy(update={"excerpt": None})  # of version 0.1: the passage it was found in
    page = reader.open_view(Shelf(document), [answer_of([without], [passage])], {"turn": "0", "n": "1"})
    assert len(paragraphs(page, "passage")) == 5


def test_in_a_changed_document_an_excerpt_stands_out_where_it_is_now_or_else_its_key_sentence() -> None:
    before = read("a.txt", "The key.\n\nLast of it.\n\nAfter it.")
    now = read("a.txt", "The key.\n\nNot as it was.\n\nAfter it.")
    answer = answer_of([citation_of(before, 0, 8, excerpt=(0, 21))])
    page = reader.open_view(Shelf(now, standing="moved"), [answer], {"turn": "0", "n": "1"})
    assert paragraphs(page, "passage") == ["The key."]
    moved = read("a.txt", "New words.\n\n" + before.text)
    page = reader.open_view(Shelf(moved, standing="moved"), [answer], {"turn": "0", "n": "1"})
    assert paragraphs(page, "passage") == ["The key.", "Last of it."]
    assert paragraphs(page, "around") == ["New words.", "After it."]


def test_the_closest_excerpts_are_opened_one_after_another() -> None:
    document = read("a.txt", "One key. More of it.\n\nOther key. More of that.\n\nThe end.")
    second = document.text.index("Other")
    closest = [citation_of(document, 0, 8, 1, (0, 20)), citation_of(document, second, second + 10, 2, (second, 46))]
    page = reader.open_view(Shelf(document), [refusal_of(closest)], {"turn": "0", "closest": "2"})
    assert marked(page) == "Other key."
    assert paragraphs(page, "passage") == ["Other key. More of that."]
    assert "it may not answer it" in page
    assert STANDING_WORDS["intact"] in page
    assert "2 of 2" in page
    before, after = tree(page).find_class("step")
    assert (before.get("data-turn"), before.get("data-closest"), before.get("disabled")) == ("0", "1", None)
    assert after.get("disabled") is not None
    page = reader.open_view(Shelf(document, standing="gone"), [refusal_of(closest)], {"turn": "0", "closest": "1"})
    assert STANDING_WORDS["gone"] in page


def test_the_window_moves_over_a_long_document_and_finds_its_way_back() -> None:
    text = "\n\n".join(f"Paragraph {n} of many, which say little each." for n in range(2000))
    document = read("long.txt", text)
    start = text.index("Paragraph 1000 ")
    page = view(document, start, start + 14)
    for label in ("↑ Earlier", "↓ Later"):
        seen = set()
        while label in page:
            (button,) = [one for one in tree(page).iter("button") if one.text_content() == label]
            chosen = {key.removeprefix("data-"): value for key, value in button.attrib.items() if key[:5] == "data-"}
            assert chosen["at"] not in seen
            seen.add(chosen["at"])
            page = view(document, start, start + 14, **chosen)
            assert "Back to the cited words" in page
        assert ("Paragraph 0 " if "Earlier" in label else "Paragraph 1999 ") in page
        page = view(document, start, start + 14)


HUGE = 10_000_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("words.txt", "The river rises in the forest.\n" * (HUGE // 31)),
        ("words.md", "# The river\n\n- rises in **the** forest.\n\n" * (HUGE // 42)),
        ("line.txt", "x" * HUGE),
        ("line.md", "*" * HUGE),
        ("line.py", "{" * HUGE),
        ("empty.log", "a" + "\n" * (HUGE - 2) + "b"),
        ("ticks.md", "`[(_~<" * (HUGE // 6)),
        ("quotes.md", "> " * (HUGE // 2)),
        ("list.md", "- " * (HUGE // 2)),
        ("cells.md", "|" * HUGE),
    ],
)
@pytest.mark.parametrize("place", [0.0, 0.5, 0.999])
def test_no_long_document_freezes_it(name: str, text: str, place: float) -> None:
    document = Document(source=name, sha256="0" * 64, title=name, text=text)
    start = int(place * len(text))
    seconds = []
    for _ in range(3):  # seconds of this process: the machine may be busy with others
        started = time.process_time()
        page = view(document, start, start + 30)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.3
    assert letters(marked(page)) == letters(text[start : start + 30])
    assert len(page) < 1_000_000


# As in the page's own test: what is shown is text and nothing else.
HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    '"><iframe src="https://example.org">',
    "' onmouseover='alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "`${alert(1)}`",
    "<a href='javascript:alert(1)'>x</a>",
    "![x](https://example.org/pixel.png)",
    "[x](javascript:alert(1))",
    "</mark></p></div><style>*{display:none}</style>",
    "\u202egnp.exe\u202c",
]
ALLOWED = set("a b blockquote button code div em h2 h3 h4 h5 hr input li mark nav ol p pre s span strong ul".split())
ALLOWED |= set("table thead tbody tr th td sup sub".split())


@pytest.mark.parametrize("suffix", ["txt", "md", "py", "csv", "eml", "html", "pptx", "json"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_is_and_does_nothing(text: str, suffix: str) -> None:
    lines = f"A: {text}; B: {text}\n\nA: {text}; B: {text}"
    heading = Block(kind="heading", level=1, label=lines, start=0, end=4)
    pages = tuple(Page(number=at + 1, start=at * 10, end=at * 10 + 10) for at in range(2))
    kinds: dict[str, PageKind] = {"csv": "row", "pptx": "slide"}
    kind = kinds.get(suffix, "page")
    document = Document(
        source=f"{text}.{suffix}",
        sha256="0" * 64,
        title=text,
        text=lines,
        blocks=() if kind == "row" else (heading,),
        pages=(Page(number=1, start=0, end=len(lines)),) if kind == "row" else pages,
        page_kind=kind,
    )
    citation = citation_of(document, 3, len(lines), excerpt=(0, len(lines))).model_copy(update={"headings": (text,)})
    answer = answer_of([citation], [result_of(document, 0, 9)])
    ways = [{"turn": "0", "n": "1"}, {"turn": "0", "rank": "0"}, {"turn": "1", "closest": "1"}]
    for chosen in (*ways, {"source": document.source}):
        page = reader.open_view(Shelf(document), [answer, refusal_of([citation])], {**chosen, "view": "text"})
        assert page != reader.GONE
        assert {tag for tag, _ in tags(page)} <= ALLOWED
        names = {name for _, attributes in tags(page) for name in attributes}
        assert not any(name.startswith("on") for name in names)
        assert not {"src", "style", "srcdoc"} & names
        assert all(a["href"].startswith("api/file?source=") for tag, a in tags(page) if tag == "a")
        for sign in "{}$`":
            assert sign not in page
        assert "\u202e" not in page
        assert letters(lines) in letters(shown(page)) + letters(marked(page))


def test_the_cited_words_are_marked_where_they_stand() -> None:
    document = read("a.txt", "First one.\n\nSecond one. Third one.\n\nFourth one.")
    start = document.text.index("Third")
    page = view(document, start, start + 10)
    assert "Second one. <mark>Third one.</mark></p>" in page
    assert page.count("<mark>") == 1


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        ("intact", "Quote verified in the source"),
        ("moved", "The file has changed; this quote is still in it"),
        ("changed", "The file has changed; this quote is no longer in it"),
        (None, "The file has changed and is being read again"),
        ("gone", "The file is no longer there"),
    ],
)
def test_what_became_of_the_cited_words_is_said(standing: Standing, said: str) -> None:
    document = read("a.txt", "One fact.")
    answer = answer_of([citation_of(document, 0, 9)])
    assert said in reader.open_view(Shelf(document, standing=standing), [answer], {"turn": "0", "n": "1"})


def test_in_a_changed_document_the_words_are_marked_where_they_are_now() -> None:
    before = read("a.txt", "One fact. Another fact.")
    now = read("a.txt", "New words first. One fact. And more.")
    gone = read("a.txt", "Two lies.")
    answer = answer_of([citation_of(before, 0, 9)])
    page = reader.open_view(Shelf(now, standing="moved"), [answer], {"turn": "0", "n": "1"})
    assert "New words first. <mark>One fact.</mark> And more." in page
    page = reader.open_view(Shelf(gone, standing="changed"), [answer], {"turn": "0", "n": "1"})
    assert not marked(page)
    assert "Two lies." in page


@pytest.mark.parametrize(("support", "said"), [("supported", "in its own words"), ("unsupported", "do not support")])
def test_how_an_answer_uses_the_words_is_said(support: Support, said: str) -> None:
    document = read("a.txt", "One fact.")
    page = reader.open_view(
        Shelf(document), [answer_of([citation_of(document, 0, 9)], support=support)], {"turn": "0", "n": "1"}
    )
    assert said in page
    assert "word for word" not in page


def test_headings_are_headings_and_slides_are_divided() -> None:
    text = "Bells\n\nThey ring.\n\nTowers\n\nThey stand."
    document = Document(
        source="talk.pptx",
        sha256="0" * 64,
        title="Talk",
        text=text,
        blocks=(
            Block(kind="heading", level=1, label="Bells", start=0, end=5),
            Block(kind="heading", level=4, label="Towers", start=19, end=25),
        ),
        pages=(Page(number=1, start=0, end=17), Page(number=3, start=17, end=len(text))),
        page_kind="slide",
    )
    page = tree(view(document, 0, 3))
    assert [(e.tag, e.text_content()) for e in page.iter("h3", "h4", "h5")] == [("h3", "Bells"), ("h5", "Towers")]
    assert [e.text_content() for e in page.find_class("division")] == ["Slide 1", "Slide 3"]


def test_records_of_json_lines_have_the_numbers_of_their_lines() -> None:
    document = read("a.jsonl", '{"a": "one"}\n\n{"a": "two"}\n')
    page = tree(view(document, 0, 3))
    assert [(line.get("value"), line.text_content()) for line in page.iter("li")] == [("1", "a: one"), ("3", "a: two")]


def test_code_that_began_before_the_window_is_still_code() -> None:
    text = "# Steps\n\n```\n" + "".join(f"* step {n}\n" for n in range(900)) + "```\n\n* an item\n"
    document = read("a.md", text)
    page = tree(view(document, 9000, 9010))
    assert page.xpath("count(//div[@class='doc']//li)") == 1
    assert "* step 800" in "".join(code.text_content() for code in page.iter("pre"))


def test_each_block_finds_its_own_direction_and_all_buttons_are_buttons() -> None:
    page = tree(view(next(one for one in DOCUMENTS if one.source == "hebrew.txt"), 0, 4))
    blocks = page.find_class("doc")[0].findall("p")
    assert len(blocks) == 2
    assert all(block.get("dir") == "auto" for block in blocks)
    assert {button.get("type") for button in page.iter("button")} == {"button"}
    (doc,) = page.find_class("doc")
    assert doc.get("tabindex") == "0"
    assert doc.get("aria-label")


def test_the_original_can_be_opened_whatever_its_name() -> None:
    document = read("a&b ü?{x}.txt", "One fact.")
    (link,) = tree(view(document, 0, 3)).find_class("original")
    address = urlsplit(link.get("href"))
    assert (address.path, parse_qs(address.query)) == ("api/file", {"source": ["a&b ü?{x}.txt"], "inline": ["true"]})
    assert (link.get("target"), link.get("rel"), link.get("download")) == ("_blank", "noopener", None)


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.docx", "a.xhtml", "a.xml"])
def test_what_a_browser_must_not_show_is_saved(name: str) -> None:
    (link,) = tree(view(read("a.txt", "One fact.").model_copy(update={"source": name}), 0, 3)).find_class("original")
    assert link.get("download") is not None
    assert link.get("target") is None
    assert "inline" not in link.get("href")


def table_of(rows: Sequence[Sequence[str]], columns: Sequence[str], kind: PageKind = "row") -> Document:
    """Return a sheet, each row of it a page."""
    builder = Builder()
    with builder.table(columns):
        for number, row in enumerate(rows, start=2):
            builder.page(number)
            builder.row(row)
    parsed = builder.parsed("a", kind)
    return Document(
        source="a.xlsx",
        sha256="0" * 64,
        title="a",
        text=parsed.text,
        blocks=parsed.blocks,
        groups=parsed.groups,
        pages=parsed.pages,
        page_kind=kind,
    )


def test_a_table_of_many_rows_is_quick() -> None:
    document = table_of([[f"Ulm {n}", str(n)] for n in range(100_000)], ["Town", "Height"])
    start = document.text.index("Town: Ulm 50000;")
    answer = answer_of([citation_of(document, start, start + 15)])
    seconds = []
    for _ in range(3):
        started = time.process_time()
        page = reader.open_view(Shelf(document), [answer], {"turn": "0", "n": "1"})
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.3
    assert letters(marked(page)) == "Town:Ulm50000"
    (row,) = tree(page).xpath("//tr[@class='passage']")
    assert row.xpath("string(th)") == "50002"


def test_a_wide_and_nearly_empty_sheet_is_lines_without_a_table() -> None:
    wide = table_of([[""] * at + [f"v{at}"] for at in range(3000)], [])
    page = view(wide, 0, 5)
    assert len(page) < 1_000_000
    assert "<table" not in page
    assert letters(marked(page)) == letters(wide.text[:5])
