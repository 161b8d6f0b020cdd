"""What is shown is text: nothing in a document or a question becomes markup, a template or a script."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from rag.conversations import Turn
from rag.types import Answer, Chunk, Citation, Disagreement, Document, Heading, SearchResult, Sentence, SentenceScore
from ui import render

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
    "</mark></p></div><style>*{display:none}</style>",
    "\u202egnp.exe\u202c",
]
ALLOWED = set(
    "div p span button b ul li h1 h2 h3 mark nav i q small svg path textarea label details summary table caption thead"
    " tbody tr th td".split()
)


class Tags(HTMLParser):
    """Collects the tags, the attributes and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)

    def handle_data(self, data: str) -> None:
        self.text += data


def conversation(*answers: Answer, waiting: str | None = None) -> str:
    """Return a conversation of these answers, their files unchanged."""
    asked = datetime(2026, 11, 1, tzinfo=UTC)
    turns = [
        Turn(id=str(at), answer=answer, rating="down", note=answer.question, asked=asked)
        for at, answer in enumerate(answers)
    ]
    shown = [render.Shown(turn, ["intact"] * len(turn.answer.citations)) for turn in turns]
    return render.conversation("name", shown, waiting=waiting)


def answer_with(text: str) -> tuple[Answer, Document]:
    document = Document(
        source=text, sha256="0" * 64, title=text, text=text, headings=(Heading(level=1, text=text, start=0, end=0),)
    )
    chunk = Chunk(id="c", document_id=document.id, text=text, start=0, end=len(text), headings=(text,))
    scores = (SentenceScore(start=0, end=len(text), dense=1, overlap=1, score=1),)
    result = SearchResult(
        chunk=chunk,
        source=text,
        title=text,
        sha256="0" * 64,
        page_kind="page",
        score=1,
        dense=1,
        lexical=1,
        overlap=1,
        sentences=scores,
    )
    citation = Citation(
        n=1,
        document_id=document.id,
        source=text,
        title=text,
        page=None,
        page_kind="page",
        headings=(text,),
        start=0,
        end=len(text),
        quote=text,
        sha256="0" * 64,
    )
    answer = Answer(
        question=text,
        query=text + "?",
        sentences=(Sentence(text=text, citations=(1,), support="quoted"),),
        citations=(citation,),
        results=(result,),
        abstained=False,
        confidence=0.9,
    )
    return answer, document


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_is_and_does_nothing(text: str) -> None:
    answer, _ = answer_with(text)
    abstained = answer.model_copy(update={"abstained": True})
    html = conversation(answer, abstained, waiting=text)
    page = Tags(html)
    assert page.tags <= ALLOWED
    assert not any(name.startswith("on") for name in page.attributes)
    assert not {"href", "src", "srcdoc"} & page.attributes
    for sign in "{}$`":
        assert sign not in html
    assert "\u202e" not in html
    assert text.strip("\u202e\u202c").split("\u202c")[0] in page.text


def test_the_words_that_answer_are_marked_in_the_answer() -> None:
    text = "Ada <b>Brown</b> built it in 1851."
    answer, _ = answer_with(text)
    start = text.index("1851")
    citation = answer.citations[0].model_copy(update={"highlight": (start, start + 4)})
    answer = answer.model_copy(update={"citations": (citation,)})
    assert "Ada &lt;b&gt;Brown&lt;/b&gt; built it in <mark>1851</mark>.</span>" in conversation(answer)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_missing_and_what_disagrees_is_said_and_does_nothing(text: str) -> None:
    answer, _ = answer_with(text)
    pair = Disagreement(citations=(1, 1), values=(text, text))
    page = Tags(conversation(answer.model_copy(update={"missing": (text,), "disagreements": (pair,)})))
    assert page.tags <= ALLOWED
    assert not any(name.startswith("on") for name in page.attributes)
    assert "Sources disagree:" in page.text
    assert "Not in your documents:" in page.text


def test_what_was_asked_in_place_of_the_question_is_shown_with_a_way_to_edit_it() -> None:
    answer, _ = answer_with("Why?")
    html = conversation(answer, answer.model_copy(update={"query": "Why did A & B fall?"}))
    assert "Asked as: Why did A &amp; B fall?" in html
    assert 'class="edit" data-edit="1"' in html
    assert "Asked as" not in conversation(answer.model_copy(update={"query": answer.question}))
