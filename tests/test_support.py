"""Whether the passages that a sentence cites say what it says."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.answer.support import Judgement, Passage, attribute, judge, passage_of
from rag.embed import Embedder
from rag.types import Chunk, SearchResult
from tests.support_sentences import read_written

TEXT = (
    "The mill at Stanning was built in 1874 by Thomas Brassey. It had 5 water wheels and 7 looms. Brassey sold it to"
    " George Hale for $1,234,567 on 3 May 1901, but Hale never repaired the roof. The North Stanning Weavers' Union"
    " sued Hale. Output increased by 12.5 percent in the next decade."
)
MILL = Passage(text=TEXT, context="Stanning Mill")


def sentence_of(judgement: Judgement, *passages: Passage) -> list[str]:
    return [passages[at].text[start:end] for at, start, end in judgement.quotes]


@pytest.mark.parametrize(
    "sentence",
    [
        "Thomas Brassey built the mill in 1874.",
        "According to the documents, the mill was constructed in 1874 [1].",
        "**Overall**, it contained five water wheels and seven looms.",
        "George Hale bought it from Brassey for about $1.2 million in May 1901.",
        "On May 3rd, 1901, Brassey sold it to Hale.",
        "Hale did not repair the roof.",
        "Hale was sued by the North Stanning Weavers' Union.",
        "Hale was sued by the NSWU.",
        "Output grew by 12.5 % over the following ten years.",
        "The text says that Hale “never repaired the\nroof”.",
        "The sale price was $1.23 million.",
        "The documents do not say who repaired the roof.",
    ],
)
def test_what_the_source_says_in_any_words_is_supported(sentence: str, embedder: Embedder) -> None:
    assert judge(sentence, [MILL], embedder).reason == ""


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The mill was built in 1875.", "the number 1875 is not in its sources"),
        ("It had 9 looms.", "the number 9 is not in its sources"),
        ("It had 7 water wheels.", "its sources say 7 of something else"),
        ("It was sold for about $1.5 million.", "the number $1.5 million is not in its sources"),
        ("It was sold for €1,234,567.", "the number €1,234,567 is not in its sources"),
        ("Hale bought it on 5 May 1901.", "the date 5 May 1901 is not in its sources"),
        ("Hale bought it in June 1901.", "the date June 1901 is not in its sources"),
        ("Thomas Morley built the mill in 1874.", "the name Thomas Morley is not in its sources"),
        ("George Hale built the mill.", "its sources say George Hale of something else"),
        ("Hale sued the North Stanning Weavers' Union.", "its sources say Hale of something else"),
        ("Hale repaired the roof.", "it denies what the source says"),
        ("The mill was not built by Brassey.", "it denies what the source says"),
        ("Output decreased by 12.5%.", "it denies what the source says"),
        ("Hale “rarely repaired the roof”.", "the quotation is not there word for word"),
        ("Brassey “sold it to George Hale … never repaired the roof”.", "the quotation is not there word for word"),
        ("Its chimneys were later turned into a nesting site for peregrine falcons.", "little of it is in its sources"),
        ("The mill was built in 1874, and its chimneys house peregrine falcons.", "little of it is in its sources"),
    ],
)
def test_what_the_source_does_not_say_is_told_with_the_reason(sentence: str, reason: str, embedder: Embedder) -> None:
    assert judge(sentence, [MILL], embedder) == Judgement(
        supported=False, reason=reason, quotes=judge(sentence, [MILL], embedder).quotes
    )


def test_it_rests_on_the_sentences_that_hold_it(embedder: Embedder) -> None:
    other = Passage(
        text="Looms were dear. The wheels of the mill at Corvane turned by day and night.", context="Corvane"
    )
    one = judge("Brassey built the mill in 1874.", [other, MILL], embedder)
    assert sentence_of(one, other, MILL) == ["The mill at Stanning was built in 1874 by Thomas Brassey."]
    both = judge("Brassey built the mill in 1874, and it had 7 looms.", [MILL], embedder)
    assert sentence_of(both, MILL) == [TEXT[: TEXT.index(" Brassey sold")]]
    apart = judge("Brassey built the mill in 1874, and output increased by 12.5 percent.", [MILL], embedder)
    assert sentence_of(apart, MILL) == [
        "The mill at Stanning was built in 1874 by Thomas Brassey.",
        "Output increased by 12.5 percent in the next decade.",
    ]


def test_a_sentence_without_a_source_or_without_a_meaning(embedder: Embedder) -> None:
    assert judge("The mill was built in 1874.", [], embedder) == Judgement(supported=False, reason="it has no source")
    assert judge("And so it is.", [MILL], embedder) == Judgement(supported=True)
    assert judge("", [MILL], embedder) == Judgement(supported=True)


@pytest.mark.parametrize(
    ("sentence", "source", "supported"),
    [
        ("Sales were 82,959 thousand.", "Sales (in thousands): 82,959.", True),
        ("Sales reached $82.96 billion.", "Total net sales, in millions: $82,959.", True),
        ("Sales reached $82.96 billion.", "Total net sales were $82,959.", False),
        (
            "In 2022 it carried 371,900 people.",
            "It carried 400,000 people in 2023, after 371,900 the year before.",
            True,
        ),
        ("The war lasted from 1914 to 1918.", "The war (1914–18) lasted long.", True),
        ("The war ended in the 1910s.", "The war ended in 1918.", True),
        ("The war ended in 1918.", "The war ended in the 1910s.", False),
        ("The war was fought in the 19th century.", "The war was fought in 1854.", True),
        ("More than 200 people came.", "Less than 200 people came.", False),
        ("Two thirds of the people came.", "About 67 % of the people came.", True),
        ("The shop shuts at 9 p.m.", "The shop shuts at 21:00.", True),
        ("The shop shuts at 7 p.m.", "The shop shuts at 9 pm.", False),
        ("The trip takes two weeks.", "The trip takes 14 days.", True),
        ("The trip takes 14 weeks.", "The trip takes 14 days.", False),
        ("The address is 192.168.1.1.", "The address is 192.168.8.1.", False),
        ("The temperature rose from 7 to 5 degrees.", "The temperature rose from 5 to 7 degrees.", False),
        ("It fell to £1.1m from £1.4m.", "Costs fell to £1.1 million from £1.4 million.", True),
        ("It begins on 2024-05-03.", "It begins on the 3rd of May 2024.", True),
        ("It begins on 2024-05-04.", "It begins on the 3rd of May 2024.", False),
    ],
)
def test_numbers_and_dates_in_any_spelling(sentence: str, source: str, supported: bool, embedder: Embedder) -> None:
    assert judge(sentence, [Passage(text=source)], embedder).supported is supported


@pytest.mark.parametrize(
    ("sentence", "source", "supported"),
    [
        ("Lindqvist sailed to China.", "Oskar Lindqvist sailed on Chinese ships.", True),
        ("Oskar Lindqvist sailed on ships.", "Captain Lindqvist sailed on ships.", True),
        ("Karl Lindqvist sailed on ships.", "Oskar Lindqvist sailed on ships.", False),
        ("The Kestrel Bridge Trust owns the bridge.", "The KBT owns the bridge.", True),
        ("The KBT owns the bridge.", "The Kestrel Bridge Trust owns the bridge.", True),
        ("The CTLA-4 blocker works.", "The CTLA4 blocker works.", True),
        ("The war of Charles II began.", "The war of Charles the Second began.", True),
        ("Vienna is where she was born.", "She was born in Prague.", False),
        ("She was born in Prague.", "She was born in Prague. Later she lived in Vienna.", True),
        ("She was born in Vienna.", "She was born in Prague. Later she lived in Vienna.", False),
        (
            "Ellen Varga founded the school in Corvane.",
            "Ellen Varga was a nurse. She founded a school in Corvane.",
            True,
        ),
        ("The chief engineer was Thomas Hale.", "The chief engineer was Thomas Brassey; George Hale paid.", False),
    ],
)
def test_names_in_any_form(sentence: str, source: str, supported: bool, embedder: Embedder) -> None:
    assert judge(sentence, [Passage(text=source)], embedder).supported is supported


@pytest.mark.parametrize(
    ("sentence", "source", "supported"),
    [
        ("The council did not grant the request.", "The council refused to grant the request.", True),
        ("The council granted the request.", "The council refused to grant the request.", False),
        ("The request was rejected.", "The request was accepted.", False),
        ("The museum opened in 1950.", "The museum did not open until 1950.", True),
        ("Norway joined, but Denmark did not join.", "Denmark did not join, while Norway joined.", True),
        ("The tax is mandatory.", "The tax is not optional.", True),
        ("The tax is optional.", "The tax is mandatory.", False),
        ("Costs rose while sales fell.", "Costs fell while sales rose.", False),
        ("Not only the roof but the floor was repaired.", "The roof and the floor were repaired.", True),
    ],
)
def test_denials(sentence: str, source: str, supported: bool, embedder: Embedder) -> None:
    assert judge(sentence, [Passage(text=source)], embedder).supported is supported


@pytest.mark.parametrize(
    ("sentence", "language", "supported"),
    [
        ("Die Mühle wurde 1874 von Thomas Brassey gebaut.", "de", True),
        ("Die Mühle wurde 1875 von Thomas Brassey gebaut.", "de", False),
        ("Es heißt, „sie hatte sieben Webstühle“.", "de", True),
        ("Es heißt, „sie hatte sechs Webstühle“.", "de", False),
    ],
)
def test_other_languages_by_words_and_figures(
    sentence: str, language: str, supported: bool, embedder: Embedder
) -> None:
    text = "Die Mühle in Stanning wurde 1874 von Thomas Brassey gebaut. Es heißt, sie hatte sieben Webstühle."
    assert judge(sentence, [Passage(text=text, language=language)], embedder).supported is supported


def test_without_an_embedder_other_words_are_not_known() -> None:
    assert judge("Brassey built the mill in 1874.", [MILL]).supported
    assert judge("The mill had 6 looms.", [MILL]).reason == "the number 6 is not in its sources"


def test_a_sentence_without_a_marker_is_given_the_passage_that_clearly_supports_it(embedder: Embedder) -> None:
    bridge = Passage(text="The bridge at Dunmore was built in 1902. It has three arches.", context="Dunmore Bridge")
    passages = [bridge, MILL]
    assert attribute("The mill at Stanning was built in 1874 by Thomas Brassey.", passages, embedder) == 1
    assert attribute("The bridge at Dunmore has three arches.", passages, embedder) == 0
    assert attribute("The bridge at Dunmore has four arches.", passages, embedder) is None
    assert attribute("Bridges are often a matter of local pride.", passages, embedder) is None
    assert attribute("The documents say nothing of the cost.", passages, embedder) is None
    assert attribute("The bridge has three arches.", [], embedder) is None


def test_what_was_found_is_a_passage_with_its_headings_above_it() -> None:
    chunk = Chunk(
        id="1", document_id="2", text="It has three arches.", start=0, end=20, headings=("Bridges", "Dunmore")
    )
    result = SearchResult(
        chunk=chunk, source="a.md", title="Bridges", sha256="", page_kind="page", score=1, dense=1, lexical=1,
        sentences=(), language="de",
    )  # fmt: skip
    assert passage_of(result) == Passage(text="It has three arches.", context="Bridges\nDunmore", language="de")
    assert judge("The Dunmore bridge has three arches.", [passage_of(result)]).supported


_PIECES = (
    "a B 1 , . ; “ ” ( ½ ² 字 か ß not no of January 31 2019 th million % $ Twenty-one III U.S. 1,000.5 00 – 3pm"
).split()


@given(said=st.lists(st.sampled_from(_PIECES), max_size=25), source=st.lists(st.sampled_from(_PIECES), max_size=60))
@settings(max_examples=300)
@example(said=["1,000.5", "1,000.5"], source=["000.5", ",", "1"])
def test_any_text_can_be_judged(said: list[str], source: list[str]) -> None:
    for joint in ("", " "):
        text = joint.join(source)
        for passage, start, end in judge(joint.join(said), [Passage(text=text)]).quotes:
            assert passage == 0
            assert text[start:end].strip() == text[start:end] != ""


@pytest.mark.parametrize("held_out", [False, True])
def test_it_agrees_with_what_was_written_by_hand(held_out: bool, embedder: Embedder) -> None:
    texts = [text for text in read_written() if text.held_out is held_out]
    flagged = [s for text in texts for s in text.faithful if not judge(s, text.sources, embedder).supported]
    missed = [a.sentence for text in texts for a in text.altered if judge(a.sentence, text.sources, embedder).supported]
    faithful, altered = sum(len(text.faithful) for text in texts), sum(len(text.altered) for text in texts)
    assert len(flagged) <= 0.06 * faithful, flagged
    assert len(missed) <= 0.13 * altered, missed


def test_the_same_is_judged_the_same_and_soon(embedder: Embedder) -> None:
    pairs = [(a.sentence, text.sources) for text in read_written() for a in text.altered]
    first = [judge(sentence, sources, embedder) for sentence, sources in pairs]
    started = time.process_time()
    again = [judge(f"{sentence} ", sources, embedder) for sentence, sources in pairs]
    assert again == first
    assert (time.process_time() - started) / len(pairs) < 0.005
