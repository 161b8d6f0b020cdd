"""Exports: what is said comes out word for word, and hostile text does nothing in any format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.conversations import Conversation, Turn
from rag.export import answer_markdown, conversation_html, conversation_json, conversation_markdown
from rag.types import Answer, Chunk, Disagreement, SearchResult
from rag.wire import answer_json
from tests.answers import answer, citation
from tests.test_cli import parsed, rag

MILL = "Ada Brown built the mill in 1851."
FIRE = "It burned down in 1904 and was never rebuilt."
HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title></main><script src=//evil.example></script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- comment --> <![CDATA[x]]> <?php x ?> <!DOCTYPE x>",
    "<https://evil.example> <me@evil.example>",
    "<div\nonclick=x>",
    "[x](javascript:alert(1))",
    "[x](https://evil.example 'title')",
    "![x](https://evil.example/pixel.png)",
    "[![x](a.png)](https://evil.example)",
    "[x][1] [1] [1]: https://evil.example",
    "x\n\n[1]: https://evil.example\n\n[1]",
    "[1]: https://evil.example",
    "]: https://evil.example",
    "](https://evil.example)",
    "(https://evil.example)",
    ": https://evil.example",
    "\\[x](https://evil.example)",
    "\\\\[x](https://evil.example)",
    "!",
    "https://evil.example www.evil.example WWW.evil.example mailto:me@evil.example",
    "{{constructor.constructor('alert(1)')()}} {% raw %} ${alert(1)} #{x} <%= x %>",
    "&lt;script&gt; &#60;b&#62; &amp; AT&T &copy; &nbsp;x",
    "`code` ``two`` ```\nfence\n```",
    "``` html\n<script>",
    "~~~\nfence",
    "~~struck~~ **bold** __bold__ *em* _em_ ***x***",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "# heading",
    "heading\n=======",
    "heading\n---",
    "---",
    "***",
    "___",
    "- item\n- item",
    "+ item",
    "* item",
    "1. item",
    "123456789) item",
    "> quote",
    ">>> quote",
    "    indented code",
    "\tindented code",
    "a\\\nb  \nc",
    "a\r\n\r\n# b\u2028# c\x0b# d\x0c# e\x85# f",
    "$x$ and $$y$$",
    "ends with \\",
    "C# and F ## #",
    "\x1b[31mred\x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b31m\x7f\x00\x08",
    "safe\u202egnp.exe\u2066x\u2069 \u200e\u200f\u061c\ufeff zero\u200bwidth",
    "می\u200cخواهم क्\u200dष",
    "[^1] [^1]: note",
    "<details><summary>x</summary></details>",
    "\ud800 half",
]
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "article", "h2", "ol", "li", "blockquote",
    "a", "b", "mark",
}  # fmt: skip
BLOCKS = {"paragraph", "heading", "blockquote"}


def seen(text: str) -> str:
    """Return what is to be seen of a text in one line: the oracle of all formats."""
    kept = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " * c.isspace() for c in text)
    return " ".join(kept.split())


def everywhere(text: str) -> Answer:
    """Return an answer that has a text in every place where one can be."""
    quotes = [citation(1, f"{text} x", source=text, headings=(text,), title=text), citation(2, text, highlight=(0, 1))]
    return answer(
        text,
        f"{text} x",
        text,
        query=f"{text} in full",
        within=("a.txt", text),
        citations=tuple(quotes),
        missing=(text,),
        disagreements=(Disagreement(citations=(1, 2), values=(text, text)),),
    )


def found(text: str) -> SearchResult:
    """Return a passage that has a text in every place where one can be."""
    chunk = Chunk(id="c", document_id="d", text=text, start=0, end=len(text), page=3, headings=(text,))
    scores = {"score": 0.1, "dense": 0.2, "lexical": 0.3, "overlap": 0.4}
    return SearchResult(
        chunk=chunk, source=text, title=text, sha256="0" * 64, page_kind="slide", sentences=(), **scores
    )


def talk(*answers: Answer, title: str = "The mill") -> Conversation:
    now = datetime(2026, 11, 1, 10, 30, tzinfo=UTC)
    turns = tuple(Turn(id=f"t{at}", answer=one, rating="up", note="", asked=now) for at, one in enumerate(answers))
    return Conversation(id="c", title=title, created=now, updated=now, turns=turns)


def hostile_talk(text: str) -> Conversation:
    return talk(everywhere(text), answer(text, results=(found(text),)), title=text)


def blocks(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield the blocks of rendered Markdown, what each is in and its text; fails on whatever is not plain text."""
    kinds: list[str] = []
    parser = MarkdownIt("js-default", {"html": True})
    for token in parser.parse(markdown):
        name, _, edge = token.type.rpartition("_")
        if edge == "open":
            assert name in BLOCKS, token
            kinds.append(name)
        elif edge == "close":
            kinds.pop()
        else:
            assert token.type == "inline", token
            yield " ".join(kinds), "".join(map(text_of, token.children or ()))
    assert parser.render(markdown) == MarkdownIt("commonmark", {"html": True}).render(markdown)


def text_of(token: Token) -> str:
    assert token.type in ("text", "strong_open", "strong_close", "em_open", "em_close"), token
    return token.content


def check_markdown(text: str) -> None:
    line, first = seen(text), seen(f"{text} x")
    place, full = f"{seen(text)} › {line}".strip(), seen(f"{text} in full")
    place = seen(f"{text} › {text}")
    expected = [
        ("paragraph", f"Asked as: {full}"),
        ("paragraph", f"Asked only of: a.txt, {line}"),
        ("paragraph", seen(f"{first} [1] {line} [2]")),
        ("paragraph", f"Sources disagree: {line} [1], {line} [2]"),
        ("paragraph", seen(f"Not in your documents: {line}")),
        ("paragraph", "Sources"),
        ("paragraph", f"[1] {place}"),
        ("blockquote paragraph", first),
        ("paragraph", "[2] mill.txt"),
        ("blockquote paragraph", line),
    ]
    assert [(kind, seen(said)) for kind, said in blocks(answer_markdown(everywhere(text)))] == [
        (kind, seen(said)) for kind, said in expected if said
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text_in_markdown(text: str) -> None:
    check_markdown(text)
    markdown = conversation_markdown(hostile_talk(text))
    told = list(blocks(markdown))
    assert [said for kind, said in told if kind == "heading"] == [seen(text)] * 3
    assert ("paragraph", "Not in your documents.") in told
    assert told[-1] == ("blockquote paragraph", seen(text))
    assert "{{" not in markdown
    assert "{%" not in markdown
    assert "${" not in markdown
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in markdown)


@given(st.text(st.sampled_from("ab1 \n\t\\`*_[]()<>#+-.!|~$&;:=/\"'{}^@%wx\u202e"), max_size=30).filter(str.strip))
def test_no_text_is_more_than_text_in_markdown(text: str) -> None:
    if seen(text):
        check_markdown(text)


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
    made, plain = Page(page), Page(conversation_html(hostile_talk("x")))
    assert elements(made) == elements(plain)
    assert set(elements(made)) <= TAGS
    assert made.other == []
    for (_, attributes), (_, expected) in zip(made.tags, plain.tags, strict=True):
        assert attributes == expected
    # What a page shows of white space is the one space of a line.
    said = seen(" ".join(made.texts))
    assert said.count(seen(text)) >= 12
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


def test_markdown_of_an_answer_reads_as_a_person_would_write_it() -> None:
    given_ = answer(
        "Who built the mill?",
        MILL,
        FIRE,
        citations=(
            citation(1, MILL, page=3, headings=("History", "The mill")),
            citation(2, FIRE, source="fire.md"),
        ),
        missing=("Who won?",),
        disagreements=(Disagreement(citations=(1, 2), values=("1851", "1904")),),
    )
    assert answer_markdown(given_) == (
        "Ada Brown built the mill in 1851. [1] It burned down in 1904 and was never rebuilt. [2]\n\n"
        "**Sources disagree:** 1851 [1], 1904 [2]\n\n"
        "**Not in your documents:** Who won?\n\n"
        "**Sources**\n\n"
        "[1] mill.txt, page 3 › History › The mill\n\n"
        "> Ada Brown built the mill in 1851.\n\n"
        "[2] fire.md\n\n"
        "> It burned down in 1904 and was never rebuilt.\n"
    )
    near = "The nearest " * 30
    markdown = answer_markdown(answer("Why?", results=(found("near.txt"), found(near), found(near), found("4th"))))
    assert markdown.startswith(
        "**Not in your documents.**\n\nThe nearest passages, which may not answer it:\n\n"
        "near.txt, slide 3 › near.txt\n\n> near.txt\n\n"
    )
    assert markdown.endswith(f"\n\n> {near[:300]}…\n")
    assert markdown.count("\n> ") == 3


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
        answer("Why?"),
        answer("When?", FIRE, citations=(citation(1, FIRE, start=len(MILL) + 2),)),
    )
    (tmp_path / "talk.json").write_text(conversation_json(talk(*answers)))
    run = rag(tmp_path, "verify", "talk.json", "--json")
    assert (run.returncode, parsed(run)["intact"]) == (0, 2)
    (tmp_path / "corpus/mill.txt").write_text(f"{MILL}\n\nIt still stands.\n")
    run = rag(tmp_path, "verify", "talk.json", "--json")
    assert (run.returncode, parsed(run)["intact"], parsed(run)["changed"]) == (1, 1, 1)
    for wrong in ("[1]", '{"answers": 1}', '{"answers": [1]}', '{"title": "x"}'):
        (tmp_path / "wrong.json").write_text(wrong)
        run = rag(tmp_path, "verify", "wrong.json")
        assert run.returncode == 2
        assert "holds no answer" in run.stderr
