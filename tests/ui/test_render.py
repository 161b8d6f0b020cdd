"""What is shown is text: nothing in a document or a question becomes markup, a template or a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from rag.conversations import PendingQuestion, Turn
from rag.types import Answer, Block, Carried, Document, Freshness, Sentence, Standing, Support, Unread
from tests.ui.shelf import answer_of, citation_of, read, refusal_of, result_of, tree
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
    " tbody tr th td article blockquote em code".split()
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


def conversation(*answers: Answer, waiting: str | None = None, standing: Standing = "intact") -> str:
    """Return a conversation of these answers, all their citations of one standing."""
    asked = datetime(2026, 11, 1, tzinfo=UTC)
    turns = [
        Turn(id=str(at), answer=answer, rating="down", note=answer.question, asked=asked)
        for at, answer in enumerate(answers)
    ]
    shown = [render.Shown(turn, [standing] * len(turn.answer.citations)) for turn in turns]
    waits = render.Waiting(waiting, waiting, "Looking …") if waiting is not None else None
    unanswered = [PendingQuestion(id="asked", text=waiting)] if waiting is not None else []
    return render.conversation("name", shown, waits, elsewhere=unanswered, unanswered=unanswered)


def hostile(text: str) -> list[Answer]:
    """Return answers in which every text is one: by excerpts, by a model, none, and such of version 0.1."""
    heading = Block(kind="heading", level=1, label=text, start=0, end=0)
    document = Document(
        source=f"{text}.md", sha256="0" * 64, title=text, text=f"{text}\n\n{text} {text}", blocks=(heading,)
    )
    start = len(text) + 2
    old = citation_of(document, start, start + len(text))
    new = citation_of(document, start, start + len(text), excerpt=(0, len(document.text)))
    new = new.model_copy(update={"also_in": (text,)})
    result = result_of(document, 0, len(text))
    more = {"question": text, "query": text + "?", "missing": (text,), "note": text}
    unread = {"unread": (Unread(source=text, reason=text),)}
    answers = [answer_of([new], [result]), answer_of([old], [result]), answer_of([old], [result], "unsupported")]
    refusals = [refusal_of([new], [result]), refusal_of([], [result])]
    return [one.model_copy(update=more) for one in answers] + [
        one.model_copy(update={**more, **unread}) for one in refusals
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_is_and_does_nothing(text: str) -> None:
    html = conversation(*hostile(text), waiting=text)
    page = Tags(html)
    assert page.tags <= ALLOWED
    assert {"article", "mark"} <= page.tags
    assert not any(name.startswith("on") for name in page.attributes)
    assert not {"href", "src", "srcdoc"} & page.attributes
    for sign in "{}$`":
        assert sign not in html
    assert "\u202e" not in re.sub('data-list="[^"]*"', "", html)  # which nobody sees
    seen = text.strip("\u202e\u202c").split("\u202c")[0]
    assert page.text.count(seen) > 20
    for words in tree(html).find_class("words"):
        assert words.text_content().count(seen) == 3


MILL = read("mill.md", "# The mill\n\nIt stood on the Ouse. **Ada Brown** built it. It had nine wheels.\n\nIt burned.")
KEY = (MILL.text.index("**Ada"), MILL.text.index(" It had"))
EXCERPT = (MILL.text.index("It stood"), MILL.text.index("\n\nIt burned"))
BUILT = citation_of(MILL, *KEY, excerpt=EXCERPT)


def texts(html: str, name: str) -> list[str]:
    """Return what elements of a class say."""
    return [" ".join(str(one.text_content()).split()) for one in tree(html).find_class(name)]


def test_an_excerpt_is_a_card_under_its_place_with_the_key_sentence_marked() -> None:
    html = conversation(answer_of([BUILT]))
    (card,) = tree(html).find_class("excerpt")
    assert texts(html, "verdict") == ["Strong match"]
    assert [mark.text_content() for mark in card.iter("mark")] == ["**Ada Brown** built it."]
    assert [strong.text_content() for strong in card.iter("strong")] == ["Ada Brown"]
    (words,) = card.find_class("words")
    assert words.text_content() == MILL.text[slice(*EXCERPT)]
    (number,) = card.find_class("marker")
    assert (number.get("data-turn"), number.get("data-n"), number.get("aria-label")) == (
        "0",
        "1",
        "Source 1: mill.md › The mill",
    )
    (told,) = card.find_class("quote-card")
    assert number.get("aria-describedby") == told.get("id")
    assert "Quote verified in the source" in told.text_content()
    for hidden in (told, number):
        hidden.drop_tree()
    assert card.find_class("from")[0].text_content().split() == "mill.md The mill".split()
    assert not card.find_class("unfold")
    assert not tree(html).find_class("sentence")


def test_where_an_excerpt_is_from_has_its_title_page_and_headings_each_once() -> None:
    update = {"source": "a.pdf", "title": "Mills", "page": 3, "headings": ("Rivers", "The Ouse"), "also_in": ("b.pdf",)}
    html = conversation(answer_of([BUILT.model_copy(update=update)]))
    (place,) = tree(html).find_class("from")
    assert [b.text_content() for b in place.findall("b")] == ["a.pdf, page 3"]
    assert [soft.text_content() for soft in place.find_class("soft")] == ["Mills › Rivers › The Ouse"]
    assert texts(html, "also") == ["also in b.pdf"]
    assert "also in" not in conversation(answer_of([BUILT]))


def test_a_likely_answer_says_so() -> None:
    html = conversation(answer_of([BUILT]).model_copy(update={"verdict": "likely"}))
    (verdict,) = tree(html).find_class("verdict")
    assert verdict.text_content() == "Likely match"
    assert "likely" in (verdict.get("class") or "").split()


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        ("intact", []),
        ("moved", ["The file has changed; this quote is still in it"]),
        ("changed", ["The file has changed; this quote is no longer in it"]),
        ("gone", ["The file is no longer there"]),
    ],
)
def test_a_card_says_when_its_file_is_another(standing: Standing, told: list[str]) -> None:
    html = conversation(answer_of([BUILT]), standing=standing)
    assert texts(html, "tag") == told
    assert ("✓" in html) is (standing == "intact")


@pytest.mark.parametrize(("support", "told"), [("quoted", []), ("supported", ["in other words"])])
def test_what_is_no_excerpt_is_shown_as_sentences(support: Support, told: list[str]) -> None:
    old = BUILT.model_copy(update={"excerpt": None, "highlight": (KEY[0] + 2, KEY[0] + 11)})
    html = conversation(answer_of([old], [result_of(MILL, *EXCERPT)], support))
    assert texts(html, "sentence") == ["**Ada Brown** built it."]
    assert [number.get("data-n") for number in tree(html).find_class("marker")] == ["1"]
    assert "<q>**Ada Brown** built it.</q>" in html
    assert texts(html, "tag") == told
    assert not tree(html).find_class("excerpt")
    assert not tree(html).find_class("verdict")


def test_sentences_of_a_model_and_excerpts_stand_in_one_answer_in_their_order() -> None:
    said = (
        Sentence(text="Ada Brown was the builder.", citations=(2,), support="supported"),
        Sentence(text="**Ada Brown** built it.", citations=(1,), support="quoted"),
        Sentence(text="All loved it.", citations=(), support="unsupported"),
    )
    cited = (BUILT, BUILT.model_copy(update={"n": 2, "excerpt": None}))
    html = conversation(answer_of([]).model_copy(update={"sentences": said, "citations": cited}))
    kinds = [one.get("class") for one in tree(html).find_class("answer")[0]][:4]
    assert kinds == ["verdict strong", "sentences", "excerpt", "sentences"]


def test_no_answer_says_so_with_the_closest_excerpts_and_what_was_not_read() -> None:
    unread = tuple(Unread(source=f"{n}.pdf", reason="it is locked") for n in range(5))
    update = {"unread": unread, "freshness": Freshness(added=1, changed=1, removed=7)}
    html = conversation(refusal_of([BUILT], [result_of(MILL, *EXCERPT)]).model_copy(update=update))
    assert texts(html, "verdict") == ["I couldn’t find this in your documents."]
    assert "Closest excerpts:" in html
    (card,) = tree(html).find_class("excerpt")
    assert [mark.text_content() for mark in card.iter("mark")] == ["**Ada Brown** built it."]
    (number,) = card.find_class("marker")
    assert (number.get("data-turn"), number.get("data-closest"), number.get("data-n")) == ("0", "1", None)
    assert number.get("aria-label") == "Excerpt 1: mill.md › The mill"
    (names,) = tree(html).find_class("unread")
    assert [li.text_content() for li in names] == [f"{n}.pdf: it is locked" for n in range(3)] + ["and 2 more"]
    assert "2 files are still being read" in html
    assert "changed since the last update" not in html
    assert "The nearest passages" not in html
    assert "more" not in texts(conversation(refusal_of([]).model_copy(update={"unread": unread[:3]})), "unread")[0]


@pytest.mark.parametrize(("count", "where"), [(1, "the chosen document"), (2, "the chosen documents")])
def test_of_chosen_documents_it_is_said_that_it_is_not_in_these(count: int, where: str) -> None:
    within = {"within": tuple("abc"[:count])}
    html = conversation(refusal_of([]).model_copy(update=within))
    assert texts(html, "verdict") == [f"I couldn’t find this in {where}."]
    assert texts(html, "widen") == ["Ask all documents"]
    assert not tree(conversation(refusal_of([]))).find_class("widen")


def test_what_is_missing_and_what_else_is_to_be_said_is_told() -> None:
    update = {"missing": ("Who burned it?",), "note": "2 documents are about this name: a.md, b.md"}
    html = conversation(answer_of([BUILT]).model_copy(update=update))
    assert texts(html, "caveat") == [
        "Not found in your documents: Who burned it?",
        "2 documents are about this name: a.md, b.md.",
    ]


def test_each_term_that_was_taken_over_is_shown_with_a_way_to_leave_it_out() -> None:
    answer = answer_of([BUILT])
    taken = answer.model_copy(update={"carried": (Carried(term="A & B", from_message=1),)})
    html = conversation(answer, taken)
    assert texts(html, "query") == ["Understood as: A & B✕"]
    assert 'data-event="ask_again" data-turn="1" data-without="A &amp; B"' in html
    assert "Understood as" not in conversation(answer)


def test_a_reply_stands_in_the_place_of_an_answer() -> None:
    html = conversation(answer_of([]).model_copy(update={"reply": "3 documents: a & b."}))
    assert texts(html, "reply") == ["3 documents: a & b."]
    assert texts(html, "verdict") == []
