"""Which excerpts make an answer: one, or several from different places; and in which order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from rag.answer import Draft
from rag.answer.extractive import FIRST_EXCERPT, OTHER_EXCERPT, ExtractiveAnswerer
from rag.embed import Embedder
from rag.parse import parse
from rag.query import Query
from rag.sentences import sentence_spans
from rag.terms import Terms
from rag.types import Chunk, Document, FindDocument, SearchResult, SentenceScore
from rag.words import content_words, forms
from tests.folders import assistant_over


def query(question: str) -> Query:
    """Return a question whose words are all as rare as each other."""
    asked = content_words(question, "en")
    terms = Terms(
        words=asked,
        forms=[forms(word, ("en",)) for word in asked],
        weights=np.ones(len(asked), dtype=np.float32),
        language="en",
        languages=("en",),
    )
    return Query(
        text=question,
        typed=question,
        terms=terms,
        vector=np.zeros(2, dtype=np.float32),
        passage_vector=np.zeros(2, dtype=np.float32),
        passages=len(asked),
    )


def document(source: str, text: str) -> Document:
    return parse(text.encode(), source).documents[0]


def passage(source: str, sentences: list[tuple[str, float]]) -> SearchResult:
    """A passage of ``sentences``, each with the log-odds that it is the answer."""
    text = " ".join(sentence for sentence, _ in sentences)
    scores = tuple(
        SentenceScore(start=text.index(s), end=text.index(s) + len(s), dense=0.5, score=score) for s, score in sentences
    )
    return result(document(source, text), scores)


def result(found: Document, sentences: tuple[SentenceScore, ...]) -> SearchResult:
    chunk = Chunk(id=found.source, document_id=found.id, text=found.text, start=0, end=len(found.text))
    return SearchResult(
        source=found.source,
        title=found.title,
        sha256="0" * 64,
        page_kind="page",
        chunk=chunk,
        score=0.5,
        dense=0.5,
        lexical=0.5,
        sentences=sentences,
    )


def shelf(results: tuple[SearchResult, ...]) -> FindDocument:
    found = {one.source: document(one.source, one.chunk.text) for one in results}
    return found.__getitem__


def draft(*results: SearchResult, question: str = "Why was the mill closed?") -> Draft:
    return ExtractiveAnswerer().answer(query(question), results, shelf(results))


def keys(*results: SearchResult, question: str = "Why was the mill closed?") -> list[str]:
    return [sentence.text for sentence in draft(*results, question=question).sentences]


def test_one_excerpt_where_no_other_comes_near() -> None:
    filler = [(f"Rain fell on day {n} of that long and cold and very wet spring.", -9.0) for n in range(30)]
    assert keys(passage("a.txt", [("The mill was closed after floods.", 2.0), *filler])) == [
        "The mill was closed after floods."
    ]


def test_sentences_beside_each_other_are_one_excerpt() -> None:
    one = passage("a.txt", [("The mill was closed after floods.", 2.0), ("Its owner had died.", 1.9)])
    (sentence,) = draft(one).sentences
    assert sentence.quotes[0].excerpt == (0, len(one.chunk.text))


def test_at_most_three_from_different_places_the_likeliest_first() -> None:
    found = keys(*(passage(f"{n}.txt", [(f"Cause number {n} was the flood of {1900 + n}.", -n / 4)]) for n in range(5)))
    assert found == [f"Cause number {n} was the flood of {1900 + n}." for n in range(3)]


def test_the_first_excerpt_is_the_longest() -> None:
    texts = [[(f"Line {n} of {name} is about wheels and dams and floods.", 0.0) for n in range(40)] for name in "ab"]
    spans = [s.quotes[0].excerpt for s in draft(passage("a.txt", texts[0]), passage("b.txt", texts[1])).sentences]
    lengths = [end - start for start, end in [span for span in spans if span]]
    assert OTHER_EXCERPT < lengths[0] <= FIRST_EXCERPT
    assert all(length <= OTHER_EXCERPT for length in lengths[1:])


def test_excerpts_of_one_document_do_not_overlap() -> None:
    text = [(f"Line {n} is about wheels and dams and the floods of spring.", 0.0) for n in range(60)]
    spans = sorted(s.quotes[0].excerpt or (0, 0) for s in draft(passage("a.txt", text)).sentences)
    assert len(spans) == 3
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_a_heading_is_no_answer_where_anything_else_is() -> None:
    text = "# Why was the mill closed\n\nIt was closed after floods.\n"
    found = document("a.md", text)
    scores = tuple(
        SentenceScore(start=start, end=end, dense=0.5, score=score)
        for (start, end), score in zip(sentence_spans(text), (5.0, -3.0), strict=True)
    )
    assert keys(result(found, scores)) == ["It was closed after floods."]
    assert keys(result(found, scores[:1])) == ["# Why was the mill closed"]


def test_a_line_that_only_begins_with_a_number_sign_can_answer() -> None:
    ticket = passage("tickets.txt", [("#43 The mill was closed after floods.", 1.0)])
    assert keys(ticket) == ["#43 The mill was closed after floods."]


def test_each_key_sentence_stands_where_it_was_taken_from() -> None:
    one = passage("a.txt", [("Rain fell.", -5.0), ("The mill was closed after floods.", 2.0)])
    (sentence,) = draft(one).sentences
    (quote,) = sentence.quotes
    assert one.chunk.text[quote.start : quote.end] == sentence.text
    assert sentence.support == "quoted"


FOLDER = {
    "policy 2023-01-01.txt": "Bicycles may be parked behind the old bakery. Bicycles without lights are to be pushed.",
    "policy 2024-01-01.txt": "Bicycles may be parked behind the old bakery. Bicycles without lights are to be pushed.",
    "report 2023.txt": "The profit of the timber yard was nine crowns a share. It had been six crowns the year before.",
    "menu 2023.txt": "On Mondays there is soup. On Fridays there is fish from the lake.",
    "fees 2022-05-01.txt": "The yearly fee of the sailing club is 40 euros for members.",
    "fees 2024-05-01.txt": "The yearly fee of the sailing club is 55 euros for members.",
    "people/Anna Berg (Oslo).md": "Works as a dentist. Plays the cello.\n",
    "people/Anna Berg (Turku).md": "Works as a carpenter. Keeps bees.\n",
    "pool/hours.md": "".join(
        f"## {day}\n\nThe opening hours of the Bexley pool on {day} are from {n + 6} to {n + 15} o'clock. On {day} the"
        f" pool closes for cleaning at noon, and the Bexley pool opens again at two. Opening hours of the pool on"
        f" {day} may change in summer, when the Bexley pool opens an hour earlier.\n\n"
        for n, day in enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    ),
    "pool/tickets.txt": "A season ticket costs 90 euros, and half of that for children.",
    "harbour.md": "## Berths\n\n| Berth | Summer | Winter |\n|---|---|---|\n| A1 | 940 | 410 |\n| B2 | 720 | 300 |\n",
    "crane.eml": "From: Ada Quill <ada@quay.example>\nDate: Tue, 4 Mar 2025 16:20:00 +0100\nSubject: Crane\n\n"
    "The keys of the crane hang in the boat shed.\n\nOn Mon, 3 Mar 2025 at 09:02, Ben wrote:\n> Who has the keys?\n",
    "chutney.md": "---\ntitle: Plum chutney recipe\nauthor: Henrike Vos\n---\n\nSimmer the fruit for ninety minutes.\n",
    "bread.txt": "The dough of the rye bread rests for two hours before it is baked.",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Any:
    assistant = assistant_over(tmp_path_factory.mktemp("extractive"), FOLDER, embedder)
    return lambda question: assistant.ask(question, even_if_unsure=True)


def test_a_long_document_does_not_crowd_out_the_short_one_that_holds_the_rest(answers: Any) -> None:
    answer = answers("What are the opening hours of the Bexley pool and what does a season ticket cost?")
    assert {"pool/hours.md", "pool/tickets.txt"} <= {citation.source for citation in answer.citations}


def test_the_same_text_of_two_versions_is_shown_once_the_newest_first(answers: Any) -> None:
    answer = answers("Where may bicycles be parked?")
    shown = [(c.source, c.also_in) for c in answer.citations if c.source.startswith("policy")]
    assert shown == [("policy 2024-01-01.txt", ("policy 2023-01-01.txt",))]


def test_of_versions_that_differ_both_are_shown_the_newer_first(answers: Any) -> None:
    answer = answers("How much is the yearly fee of the sailing club?")
    assert [citation.source for citation in answer.citations][:2] == ["fees 2024-05-01.txt", "fees 2022-05-01.txt"]


def test_two_people_of_one_name_are_both_shown_and_told(answers: Any) -> None:
    answer = answers("What does Anna Berg do for work?")
    sources = {citation.source for citation in answer.citations}
    assert sources >= {"people/Anna Berg (Oslo).md", "people/Anna Berg (Turku).md"}
    assert answer.note.startswith("2 documents are about this name: people/Anna Berg")


def test_a_year_is_no_name(answers: Any) -> None:
    answer = answers("What profit did the timber yard make in 2023?")
    assert answer.citations[0].source == "report 2023.txt"
    assert answer.note == ""


def test_one_of_that_name_is_not_told_to_be_several(answers: Any) -> None:
    assert answers("How long does the dough of the rye bread rest?").note == ""


def test_of_a_table_the_rows_that_hold_less_of_the_question_are_not_shown(answers: Any) -> None:
    shown = [one.excerpt.text for one in answers("What does berth B2 cost in winter?").citations]
    assert shown[0] == "B2 | 720 | 300"
    assert not any("A1" in text for text in shown)
    compared = answers("Which berth is cheaper in winter?").citations[0]
    assert "A1 | 940 | 410" in compared.excerpt.text
    assert "B2 | 720 | 300" in compared.excerpt.text


def test_a_mail_answers_under_who_wrote_it_and_when(answers: Any) -> None:
    (first, *_) = answers("Where are the keys of the crane?").citations
    assert first.excerpt.text == "The keys of the crane hang in the boat shed."
    assert [(part.role, part.text.split(":")[0]) for part in first.introduction] == [
        ("before", "From"),
        ("before", "Date"),
    ]


def test_a_field_answers_what_nothing_else_does(answers: Any) -> None:
    assert answers("Who wrote the recipe for plum chutney?").citations[0].quote == "author: Henrike Vos"
