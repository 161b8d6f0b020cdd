"""Exports: what is said comes out word for word, and hostile text does nothing in any format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.conversations import Conversation, Turn
from rag.export import answer_markdown, conversation_html, conversation_json, conversation_markdown
from rag.types import Answer, Carried, Citation, Excerpt, ModelUse, Sentence, Unread
from rag.wire import answer_json
from tests.answers import answer, citation
from tests.test_cli import parsed, rag

MILL = "Ada Brown built the mill in 1851."
FIRE = "It burned down in 1904 and was never rebuilt."
HOSTILE = [
    "<script>alert(1)</script>", "</style></title></main><script src=//evil.example></script>",
    "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<!-- comment --> <![CDATA[x]]> <?php x ?> <!DOCTYPE x>", "<https://evil.example> <me@evil.example>",
    "<div\nonclick=x>", "[x](javascript:alert(1))", "[x](https://evil.example 'title')",
    "![x](https://evil.example/pixel.png)", "[![x](a.png)](https://evil.example)",
    "[x][1] [1] [1]: https://evil.example", "x\n\n[1]: https://evil.example\n\n[1]", "[1]: https://evil.example",
    "]: https://evil.example", "](https://evil.example)", "(https://evil.example)", ": https://evil.example",
    "\\[x](https://evil.example)", "\\\\[x](https://evil.example)", "!",
    "https://evil.example www.evil.example WWW.evil.example mailto:me@evil.example",
    "{{constructor.constructor('alert(1)')()}} {% raw %} ${alert(1)} #{x} <%= x %>",
    "&lt;script&gt; &#60;b&#62; &amp; AT&T &copy; &nbsp;x", "`code` ``two`` ```\nfence\n```", "``` html\n<script>",
    "~~~\nfence", "~~struck~~ **bold** __bold__ *em* _em_ ***x***", "| a | b |\n|---|---|\n| 1 | 2 |", "# heading",
    "heading\n=======", "heading\n---", "---", "***", "___", "- item\n- item", "+ item", "* item", "1. item",
    "123456789) item", "> quote", ">>> quote", "    indented code", "\tindented code", "a\\\nb  \nc",
    "a\r\n\r\n# b\u2028# c\x0b# d\x0c# e\x85# f", "$x$ and $$y$$", "ends with \\", "C# and F ## #",
    "\x1b[31mred\x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b31m\x7f\x00\x08",
    "safe\u202egnp.exe\u2066x\u2069 \u200e\u200f\u061c\ufeff zero\u200bwidth", "می\u200cخواهم क्\u200dष",
    "[^1] [^1]: note", "<details><summary>x</summary></details>", "\ud800 half",
]  # fmt: skip
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "article", "h2", "ol", "li", "blockquote",
    "a", "b", "em", "mark",
}  # fmt: skip
BLOCKS = {"paragraph", "heading", "blockquote"}
MARKS = {f"{mark}_{edge}" for mark in ("strong", "em") for edge in ("open", "close")}
NONE = "I couldn’t find this in your documents."
ANY_TEXT = st.text(st.sampled_from("ab1 \n\t\\`*_[]()<>#+-.!|~$&;:=/\"'{}^@%wx。中\u202e\u200c"), max_size=30)


def seen(text: str) -> str:
    """Return what is to be seen of a text in one line: the oracle of all formats."""
    kept = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " * c.isspace() for c in text)
    return " ".join(kept.split())


def lines(text: str) -> str:
    """Return what is to be seen of a text line by line, but for empty ones."""
    return "\n".join(filter(None, map(seen, text.split("\n"))))


def excerpt(n: int, before: str, key: str, after: str, start: int = 0, **more: Any) -> Citation:
    """Return the citation of a key sentence in an excerpt that starts at ``start``."""
    text = f"{before}{key}{after}"
    around = Excerpt(start=start, end=start + len(text), text=text)
    return citation(n, key, start=start + len(before), excerpt=around, **more)


def everywhere(text: str) -> Answer:
    """Return an answer of excerpts that has a text in every place where one can be."""
    names: dict[str, Any] = {"source": text, "headings": (text,), "title": text, "also_in": (text, "b.txt")}
    return answer(
        text,
        f"{text} x",
        text,
        carried=(Carried(term=text, from_message=1), Carried(term="mill", from_message=2)),
        within=("a.txt", text),
        verdict="strong",
        citations=(excerpt(1, f"a {text}\n", f"{text} x", f"\n{text}", **names), excerpt(2, "b", text, "b")),
        missing=(text,),
        note=text,
    )


def refused(text: str) -> Answer:
    unread = tuple(Unread(source=f"{n} {text}", reason=text) for n in range(5))
    return answer(text, closest=(excerpt(1, text, text, text, source=text),), unread=unread)


def by_model(text: str, **more: object) -> Answer:
    """Return an answer in the words of a language model, which its source does not support."""
    return answer(
        text,
        sentences=(Sentence(text=text, citations=(1,), support="unsupported", reason=text),),
        citations=(citation(1, f"{text} x", source=text, highlight=(0, len(text))),),
        verdict="likely",
        model=ModelUse(name=text, prompt_tokens=None, reply_tokens=None, seconds=1),
        **more,
    )


def talk(*answers: Answer, title: str = "The mill") -> Conversation:
    now = datetime(2026, 11, 1, 10, 30, tzinfo=UTC)
    turns = tuple(Turn(id=f"t{at}", answer=one, rating="up", note="", asked=now) for at, one in enumerate(answers))
    return Conversation(id="c", title=title, created=now, updated=now, turns=turns)


def hostile_talk(text: str) -> Conversation:
    return talk(everywhere(text), refused(text), by_model(text), title=text)


def blocks(markdown: str) -> Iterator[tuple[str, str, str]]:
    """Yield the blocks of rendered Markdown: what each is in, its text, and what of that is bold.

    Fails on whatever is not plain text. The paragraphs of a quotation are one block.
    """
    kinds: list[str] = []
    quoted: list[list[Token]] = []
    parser = MarkdownIt("js-default", {"html": True, "xhtmlOut": True})
    for token in parser.parse(markdown):
        name, _, edge = token.type.rpartition("_")
        if edge == "open":
            assert name in BLOCKS, token
            kinds.append(name)
        elif edge == "close":
            if kinds.pop() == "blockquote":
                parts = [parts_of(inline) for inline in quoted]
                yield "blockquote", "\n".join(text for text, _ in parts), "".join(bold for _, bold in parts)
                quoted = []
        else:
            assert token.type == "inline", token
            if kinds[0] == "blockquote":
                quoted.append(token.children or [])
            else:
                yield kinds[0], *parts_of(token.children or [])
    assert parser.render(markdown) == MarkdownIt("commonmark", {"html": True}).render(markdown)


def parts_of(tokens: list[Token]) -> tuple[str, str]:
    """Return the text of a block, and what of it is bold."""
    text, bold, depth = "", "", 0
    for token in tokens:
        assert token.type in MARKS | {"text", "hardbreak"}, token
        depth += {"strong_open": 1, "strong_close": -1}.get(token.type, 0)
        said = "\n" if token.type == "hardbreak" else token.content
        text, bold = text + said, bold + said * bool(depth)
    return text, bold


def told(markdown: str) -> list[tuple[str, str]]:
    return [(kind, lines(said)) for kind, said, _ in blocks(markdown)]


def check_markdown(text: str) -> None:
    line, place = seen(text), seen(f"{text} › {text}")
    assert told(answer_markdown(everywhere(text))) == [
        ("paragraph", f"Understood as: {seen(f'{text} · mill')}"),
        ("paragraph", f"Asked only of: a.txt, {line}"),
        ("paragraph", "Strong match"),
        ("paragraph", f"Not found in your documents: {line}"),
        ("paragraph", f"Note: {line}"),
        ("paragraph", seen(f"[1] {place}")),
        ("blockquote", lines(f"a {text}\n{text} x\n{text}")),
        ("paragraph", f"Also in {seen(f'{text}, b.txt')}"),
        ("paragraph", "[2] mill.txt"),
        ("blockquote", lines(f"b{text}b")),
    ]
    assert told(answer_markdown(refused(text))) == [
        ("paragraph", NONE),
        *[("paragraph", f"Couldn’t be read: {seen(f'{n} {text}: {text}')}") for n in range(3)],
        ("paragraph", "Couldn’t be read: 2 more"),
        ("paragraph", "Closest excerpts:"),
        ("paragraph", f"[1] {line}"),
        ("blockquote", lines(3 * text)),
    ]
    assert told(answer_markdown(by_model(text, note=f"no {text}"))) == [
        ("paragraph", f"{line} [1] (not supported: {line})"),
        ("paragraph", seen(f"Asked of {text}; no {text}")),
        ("paragraph", "Sources"),
        ("paragraph", f"[1] {line}"),
        ("blockquote", seen(f"{text} x")),
    ]
    written = ("paragraph", seen(f"Written by {text}, checked against the sources; 1 sentence without support"))
    assert told(answer_markdown(by_model(text)))[1] == written


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text_in_markdown(text: str) -> None:
    check_markdown(text)
    markdown = conversation_markdown(hostile_talk(text))
    headings = [said for kind, said in told(markdown) if kind == "heading"]
    assert headings == [seen(text)] * 4
    assert "{{" not in markdown
    assert "{%" not in markdown
    assert "${" not in markdown
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in markdown)


@given(ANY_TEXT)
def test_no_text_is_more_than_text_in_markdown(text: str) -> None:
    if seen(text).strip("\u200c"):
        check_markdown(text)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_the_key_sentence_is_bold_whatever_stands_beside_it(before: str, key: str, after: str) -> None:
    shown = answer("?", key, citations=(excerpt(1, before, f"{key} x", after),))
    *_, (kind, text, bold) = blocks(answer_markdown(shown))
    assert (kind, lines(text)) == ("blockquote", lines(f"{before}{key} x{after}"))
    assert letters(bold) == letters(f"{key} x")
    assert seen(bold).replace(" ", "") in seen(f"{key} x").replace(" ", "")


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@pytest.mark.parametrize(
    ("before", "key", "after", "expected"),
    [
        ("It is old. ", MILL, " It burned.", f"It is old. **{MILL}** It burned."),
        ("很长。", "长江是中国最长的河流。", "它", "很长。**长江是中国最长的河流**。它"),
        ("He said:", "“Go!”", "(1)", "He said:“**Go**!”(1)"),
        ("a ", "1. One\n\n - Two", "\nb", "a **1. One**\n>\n> **- Two**  \n> b"),
        ("a ", "***", " b", "a **\\*\\*\\*** b"),
        ("a", "***", "b", "a\\*\\*\\*b"),
    ],
)
def test_an_excerpt_is_quoted_line_by_line(before: str, key: str, after: str, expected: str) -> None:
    markdown = answer_markdown(answer("?", key, citations=(excerpt(1, before, key, after),)))
    assert markdown == f"**Likely match**\n\n[1] mill.txt\n\n> {expected}\n"


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.other: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)


def elements(page: Page) -> list[str]:
    return [tag for tag, _ in page.tags]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_element_in_html(text: str) -> None:
    page = conversation_html(hostile_talk(text))
    made, plain = Page(page), Page(conversation_html(hostile_talk("§")))
    assert elements(made) == elements(plain)
    assert set(elements(made)) <= TAGS
    assert made.other == []
    for (_, attributes), (_, expected) in zip(made.tags, plain.tags, strict=True):
        assert attributes == expected
    # What a page shows of white space is the one space of a line.
    said = seen(" ".join(made.texts))
    assert said.count(seen(text)) >= "".join(plain.texts).count("§") > 30
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in page)
    for template in ("{{", "{%", "${"):
        assert template not in page.split("</style>")[1]


def test_a_page_stands_by_itself() -> None:
    page = conversation_html(talk(answer("Who built the mill?", MILL, FIRE), answer("Why?")))
    made = Page(page)
    policy = next(attributes["content"] for tag, attributes in made.tags if "http-equiv" in attributes)
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "script" not in elements(made)
    links = [attributes["href"] for tag, attributes in made.tags if "href" in attributes]
    targets = ["#" + str(attributes["id"]) for tag, attributes in made.tags if "id" in attributes]
    assert links == targets == ["#source-1-1", "#source-1-2"]
    assert not [attributes for _, attributes in made.tags if "src" in attributes or "style" in attributes]
    assert "url(" not in page
    assert "@import" not in page
    assert "@media print" in page
    assert "prefers-color-scheme: dark" in page


def test_an_excerpt_is_the_answer_and_is_shown_once() -> None:
    cited = (
        excerpt(1, "", MILL, f"\n\n{FIRE}", page=3, headings=("History", "The mill"), also_in=("copy.txt", "b.md")),
        excerpt(2, "", "The fire is told of here.", "", source="fire.md"),
    )
    given_ = answer("Who built the mill?", MILL, "The fire is told of here.", citations=cited, missing=("Who won?",))
    assert answer_markdown(given_) == (
        "**Likely match**\n\n"
        "**Not found in your documents:** Who won?\n\n"
        "[1] mill.txt, page 3 › History › The mill\n\n"
        "> **Ada Brown built the mill in 1851.**\n>\n> It burned down in 1904 and was never rebuilt.\n\n"
        "**Also in** copy.txt, b.md\n\n"
        "[2] fire.md\n\n"
        "> **The fire is told of here.**\n"
    )
    page = conversation_html(talk(given_))
    assert f"<mark>{MILL}</mark>\n\n{FIRE}</blockquote>" in page
    assert "<b>Likely match</b>" in page
    assert "<b>Also in</b> copy.txt, b.md</p></li>" in page
    assert page.count(MILL) == page.count("The fire is told of here.") == 1


def test_where_there_is_no_answer_the_closest_excerpts_are_shown() -> None:
    unread = (Unread(source="scan.pdf", reason="it has no text"),)
    none = answer("Why?", closest=(excerpt(1, "", MILL, f" {FIRE}"),), unread=unread)
    assert answer_markdown(none) == (
        f"**{NONE}**\n\n**Couldn’t be read:** scan.pdf: it has no text\n\n**Closest excerpts:**\n\n"
        f"[1] mill.txt\n\n> **{MILL}** {FIRE}\n"
    )
    page = conversation_html(talk(none))
    assert f"<b>{NONE}</b>" in page
    assert "<b>Couldn’t be read:</b> scan.pdf: it has no text" in page
    assert f"<mark>{MILL}</mark> {FIRE}</blockquote>" in page
    assert answer_markdown(answer("Why?")) == f"**{NONE}**\n"


def test_sentences_without_an_excerpt_are_shown_with_their_sources() -> None:
    old = answer("When?", MILL, FIRE, citations=(citation(1, MILL), citation(2, FIRE)))
    assert answer_markdown(old) == (
        f"{MILL} [1] {FIRE} [2]\n\n**Sources**\n\n[1] mill.txt\n\n> {MILL}\n\n[2] mill.txt\n\n> {FIRE}\n"
    )
    page = conversation_html(talk(old))
    assert f"{MILL}</blockquote>" in page
    assert f"{FIRE}</blockquote>" in page


def test_of_a_model_that_was_not_heeded_for_one_part_all_is_shown() -> None:
    """Its own sentence cites what is an excerpt of another part, and is not that excerpt's."""
    said = Sentence(text="The mill is Ada’s.", citations=(1,), support="supported")
    unsaid = Sentence(text="It was blue.", citations=(), support="unsupported")
    quoted = Sentence(text=MILL, citations=(1,), support="quoted")
    mixed = answer("Whose?", citations=(excerpt(1, "", MILL, ""),), sentences=(quoted, said, unsaid), verdict="likely")
    markdown = answer_markdown(mixed)
    assert "The mill is Ada’s. [1] It was blue. *(no source given)*\n" in markdown
    assert markdown.count(MILL) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_json_keeps_every_character_and_shows_none_that_steers(text: str) -> None:
    conversation = hostile_talk(text)
    exported = conversation_json(conversation)
    assert all(c.isprintable() or c == "\n" for c in exported)
    whole = json.loads(exported)
    assert (whole["title"], whole["created"]) == (text, "2026-11-01T10:30:00Z")
    for turn, told in zip(conversation.turns, whole["answers"], strict=True):
        expected = answer_json(turn.answer).model_dump(mode="json")
        assert {name: told[name] for name in expected} == expected
        assert (told["rating"], told["asked"]) == ("up", "2026-11-01T10:30:00Z")


def test_verify_checks_an_exported_conversation(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/mill.txt").write_text(f"{MILL}\n\n{FIRE}\n")
    assert rag(tmp_path, "index").returncode == 0
    answers = (
        answer("Who?", MILL, citations=(citation(1, MILL),)),
        answer("Why?", closest=(excerpt(1, "", MILL, f"\n\n{FIRE}"),)),
        answer("When?", FIRE, citations=(excerpt(1, "", FIRE, "", start=len(MILL) + 2),)),
    )
    (tmp_path / "talk.json").write_text(conversation_json(talk(*answers)))
    run = rag(tmp_path, "verify", "talk.json", "--json")
    assert (run.returncode, parsed(run)["intact"]) == (0, 3)
    (tmp_path / "corpus/mill.txt").write_text(f"{MILL}\n\nIt still stands.\n")
    run = rag(tmp_path, "verify", "talk.json", "--json")
    assert (run.returncode, parsed(run)["intact"], parsed(run)["changed"]) == (1, 1, 2)
    for wrong in ("[1]", '{"answers": 1}', '{"answers": [1]}', '{"title": "x"}'):
        (tmp_path / "wrong.json").write_text(wrong)
        run = rag(tmp_path, "verify", "wrong.json")
        assert run.returncode == 2
        assert "holds no answer" in run.stderr
