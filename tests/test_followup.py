from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.embed import Embedder
from rag.followup import carried_over, understand
from rag.types import Carried, Message
from tests.benchmarks.follow_ups import copy_documents, read_follow_ups
from tests.fakes import FakeEmbedder


def talk(*said: str) -> list[Message]:
    """Return a conversation of questions and answers by turns."""
    return [Message(role="assistant" if at % 2 else "user", content=text) for at, text in enumerate(said)]


DANUBE = talk("Which river is the longest in Europe?", "The Volga is the longest river of Europe [1].")
DANUBE += talk("Where does the Danube rise?", "The Danube rises in the Black Forest [1].")
SAKANA = talk("Who founded Sakana AI?", "Sakana AI was founded by David Ha and Llion Jones in 2023 [1] [2].")
NVIDIA = talk("What did Nvidia sell in China in 2023?", "Nvidia sold the H800 in China in 2023 [1].")
CAPITAL = talk("Which city is the capital of Poland?", "Warsaw is the capital of Poland [1].")
SWIM = talk("What does a swim cost for adults?", "Adults pay five euros [1].")
OPTIONS = talk("Which rivers cross Vienna?", "The Danube and the Wien [1].")


@pytest.mark.parametrize(
    ("before", "question", "terms"),
    [
        (DANUBE, "How long is it?", ["Danube"]),
        (DANUBE, "Does it cross Germany?", ["Danube"]),
        (DANUBE, "Why?", ["Danube", "rise"]),
        (DANUBE, "Are you sure?", ["Danube", "rise"]),
        (DANUBE, "Tell me more", ["Danube", "rise"]),
        (DANUBE, "What else?", ["Danube", "rise"]),
        (DANUBE, "And the Volga?", ["rise"]),
        (DANUBE, "No, I meant the Volga", ["rise"]),
        (SAKANA, "And who invested in it?", ["Sakana AI"]),
        (SAKANA, "When did they leave Google?", ["David Ha and Llion Jones", "Sakana AI"]),
        (SAKANA, "Who is the CEO?", ["Sakana AI"]),
        (NVIDIA, "And Intel?", ["China", "2023", "sell"]),
        (NVIDIA, "and in 2019?", ["Nvidia", "China", "sell"]),
        (NVIDIA, "What about Japan?", ["Nvidia", "2023", "sell"]),
        (CAPITAL, "What is its population?", ["Warsaw", "Poland"]),
        (CAPITAL, "Who lives there?", ["Warsaw", "Poland"]),
        (SWIM, "and for children?", ["swim", "cost"]),
        (OPTIONS, "How long is the second one?", ["Wien"]),
    ],
)
def test_a_question_that_leans_on_the_one_before_takes_over_its_terms(
    embedder: Embedder, before: list[Message], question: str, terms: list[str]
) -> None:
    found = [one.term for one in carried_over(question, before, embedder)]
    assert set(terms) <= set(found)
    assert set(found) <= {*terms, "Vienna", "rivers", "cross", "Google"}


@pytest.mark.parametrize(
    "question",
    [
        "How deep is Lake Baikal?",
        "Who founded Android?",  # "and" is no word of it
        "What is a thesis?",  # nor "this"
        "Which items sold best?",
        "Is it true that ChatGPT is older than Claude?",
        "How long does it take to fly to Mars?",
        "How does TikTok say it protects its users?",
        "How old was Chopin when he moved to Warsaw with his family?",
        "Which country raised its rates?",
        "When Iqbal spoke of unity, what did he want to end?",
        "Are there wolves in Norway?",
        "And how much did Baichuan raise?",
        "TSMC revenue 2023",
        "Wo entspringt die Elbe?",
        "¿Cuántos habitantes tiene Madrid?",
        "长江有多长?",
    ],
)
@pytest.mark.parametrize("before", [DANUBE, SAKANA, NVIDIA], ids=["Danube", "Sakana", "Nvidia"])
def test_a_question_that_stands_by_itself_takes_nothing_over(
    embedder: Embedder, before: list[Message], question: str
) -> None:
    assert carried_over(question, before, embedder) == ()


@pytest.mark.parametrize(
    "history",
    [
        (),
        (Message(role="assistant", content="Ask me about rivers."),),
        (Message(role="user", content=" \n"),),
        (Message(role="user", content="What is it?"),),
    ],
    ids=["none", "no question", "an empty one", "one without a subject"],
)
def test_where_nothing_was_asked_before_nothing_is_taken_over(history: tuple[Message, ...]) -> None:
    assert carried_over("How long is it?", history, FakeEmbedder()) == ()


def test_a_chain_of_follow_ups_keeps_its_subject_until_there_is_a_new_one(embedder: Embedder) -> None:
    said = talk(
        "What did Nvidia sell in 2023?", "Nvidia sold GPUs.", "And in 2022?", "GPUs too.", "And Intel?", "CPUs."
    )
    assert [one.term for one in carried_over("Where is it based?", said, embedder)] == ["Intel", "2022"]
    assert {one.term for one in carried_over("And in 2021?", said, embedder)} == {"Intel", "sell"}


def test_a_term_is_told_with_the_message_it_is_from(embedder: Embedder) -> None:
    found = carried_over("How long is it?", DANUBE, embedder)
    assert found == (Carried(term="Danube", from_message=3),)


def test_a_very_short_question_of_another_language_takes_over_what_was_asked() -> None:
    embedder = FakeEmbedder()
    german = talk("Wo entspringt die Donau?", "Die Donau entspringt im Schwarzwald.")
    assert "Donau" in [one.term for one in carried_over("Wie lang?", german, embedder)]
    assert carried_over("Wie lang ist der Rhein?", german, embedder) == ()


def test_of_several_questions_a_later_one_leans_on_the_first_and_only_what_may_be_is_taken_over() -> None:
    embedder = FakeEmbedder()
    first, second = understand("Where does the Danube rise? How long is it?", (), embedder)
    assert first.searched == "Where does the Danube rise?"
    assert second.searched == "Danube: How long is it?"
    [alone] = understand("How long is it?", DANUBE, embedder, carry=())
    assert alone.searched == "How long is it?"


TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            "it they He her's that company this the second one and What about 2019 in Ada Brown’s U.S. when who did"
            " there then ? , [1] “A” & or of 日本 \ud800 \n".split(" ")
        ),
        max_size=40,
    ).map(" ".join),
)


@given(TEXTS, st.lists(st.builds(Message, role=st.sampled_from(["user", "assistant"]), content=TEXTS), max_size=6))
def test_whatever_was_said_what_is_taken_over_was_said(question: str, history: list[Message]) -> None:
    found = carried_over(question, history, FakeEmbedder())
    assert found == carried_over(question, history, FakeEmbedder())
    for one in found:
        assert one.term in history[one.from_message - 1].content


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "A B C D " * 5_000, "it " * 50_000, "Rome and Carthage, " * 9_000, '"A ' * 30_000, "(" * 99_999],
)
@pytest.mark.alone
def test_an_absurd_history_takes_no_time_to_speak_of(text: str) -> None:
    history = talk(*[text] * 100)
    started = time.perf_counter()
    for question in ("And it?", "Who founded that company?", "and the second one?", text):
        carried_over(question, history, FakeEmbedder())
    assert time.perf_counter() - started < 10


def test_our_own_follow_ups_are_what_they_say(tmp_path: Path) -> None:
    asked = read_follow_ups()
    following = [one for one in asked if one.follows]
    assert len(following) == 60
    assert len({one.conversation for one in following}) == 15
    copy_documents(tmp_path)
    for one in asked:
        for evidence in one.evidence:
            text = (tmp_path / evidence.doc_id).read_text(encoding="utf-8")[evidence.start : evidence.end]
            assert any(answer in text for answer in one.answers)
