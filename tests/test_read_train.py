from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from rag.embed.sentence_transformer import packaged_model
from rag.read.examples import Examples
from rag.read.figures import figures
from rag.read.folder import CARD, WEIGHTS
from rag.read.mix import RECIPE, Source
from rag.read.neighbours import Neighbours
from rag.read.network import Network
from rag.read.sets import Asked, Text, is_held_out, read_set
from rag.read.train import loss_of, main
from tests.question_sets import record, write_set

TOWNS = "Arlo Brent Corvin Dunmore Elba Farrow Grent Holm Ister Jarrow".split()
CHANGES: dict[str, Any] = dict.fromkeys(
    ("left_out", "hard_negative", "same_document", "noise", "minutes", "numbered", "key_words"), 0
)
PLAIN = RECIPE._replace(**CHANGES)
FACTS = {
    "bridge": "The bridge of {} was built by masons from the north.",
    "market": "Every market in {} begins when the bell rings.",
    "mill": "Corn is ground in {} by a wheel in the stream.",
    "school": "Children in {} are taught by two sisters.",
}


def write_towns(folder: Path, towns: Sequence[str], each: int) -> Path:
    """Write a set of questions about towns, of each of which the same four things are told."""
    records = []
    for town in towns:
        for number in range(each):
            told = [fact.format(town) for fact in FACTS.values()]
            order = Random(f"{town}{number}").sample(range(4), 4)
            asked = number % 4
            question = f"What of the {list(FACTS)[asked]} no. {number}?"
            records.append(record(question, [told[at] for at in order], [order.index(asked)]))
    write_set(folder / "data", "nq_qed", records)
    return folder / "data"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_towns(tmp_path, TOWNS, 60)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))


def test_training_lowers_the_loss_goes_on_where_it_stopped_and_writes_what_it_learned(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = write_towns(tmp_path, TOWNS[:2], 8)
    monkeypatch.setattr("rag.read.train._POOL", 60)
    monkeypatch.setattr("rag.read.train._TOKENS", 400)
    caplog.set_level(logging.INFO)
    examples = [Examples(data, tokenizer, PLAIN, seed=2).at(number) for number in range(30)]
    command = ["train", str(data), str(tmp_path / "out"), "--questions", "420", "--recipe", json.dumps(CHANGES)]
    monkeypatch.setattr("sys.argv", [*command, "--minutes", "0"])
    main()
    assert "stopped: the same command goes on" in caplog.text
    monkeypatch.setattr("sys.argv", command)
    main()
    assert "going on after 60 questions" in caplog.text
    told = (tmp_path / "out" / CARD).read_text()
    assert "Learned from 420 questions" in told
    assert "| nq_qed | CC BY-SA 3.0 | 100 % | 16 | 0 | – |" in told
    kept = load_file(tmp_path / "out" / WEIGHTS)
    fresh = Network(packaged_model()).eval()
    with torch.inference_mode():
        before = loss_of(fresh, examples).item()
        fresh.load_state_dict({name: weights.float() for name, weights in kept.items()}, strict=False)
        learned = loss_of(fresh, examples).item()
    assert learned < 0.6 * before


def test_figures_say_how_often_the_likeliest_sentence_is_right(data: Path, tokenizer: Tokenizer) -> None:
    found = figures(Network(packaged_model()), Examples(data, tokenizer, RECIPE, seed=1), most=8)
    assert found["nq_qed"]["questions"] == 8
    assert found["nq_qed"]["right"] * 8 in range(9)


def test_the_same_seed_gives_the_same_examples(data: Path, tokenizer: Tokenizer) -> None:
    one, other = (Examples(data, tokenizer, RECIPE, seed=5) for _ in range(2))
    some = [one.at(number) for number in range(30)]
    assert some == [other.at(number) for number in range(30)]
    assert some != [Examples(data, tokenizer, RECIPE, seed=6).at(number) for number in range(30)]


def test_no_question_that_is_measured_is_learned_from(data: Path, tokenizer: Tokenizer) -> None:
    examples = Examples(data, tokenizer, RECIPE, seed=1)
    learned = examples.counts()["nq_qed"]
    measured = len(list(examples.held_out("nq_qed", 600)))
    assert learned + measured == 600
    assert 0 < measured < 60
    assert is_held_out("Where is  the mill?") == is_held_out("where is the MILL")


def test_a_window_holds_the_question_the_headings_and_whole_sentences(data: Path, tokenizer: Tokenizer) -> None:
    example = Examples(data, tokenizer, PLAIN, seed=1).at(0)
    assert tokenizer.decode(example.question, skip_special_tokens=False).startswith("[CLS] what of the ")
    for window, labels in zip(example.windows, example.labels, strict=True):
        text = tokenizer.decode(window.ids, skip_special_tokens=False)
        assert text.startswith("[CLS]")
        assert text.endswith("[SEP]")
        assert "[PAD]" not in text
        assert len(window.sentences) == len(labels)
        sentences = [tokenizer.decode(window.ids[first:last]) for first, last in window.sentences]
        assert all(sentence.endswith((".", "]")) or ":" in sentence for sentence in sentences)


def test_what_answers_another_question_is_no_answer_to_this_one() -> None:
    one = Asked(
        "x", "Who built the bridge?", ["masons"], [Text("A", ["The bridge was built by masons."], frozenset({0}))], []
    )
    other = Asked("x", "When was the bridge lit?", [], [Text("A", ["The bridge was lit in May."], frozenset({0}))], [])
    near = Neighbours([*one.gold, *other.gold])
    assert near.like(one, Random(0)) == [Text("A", ["The bridge was lit in May."])]
    assert near.of_same_document(other, Random(0)) == [Text("A", ["The bridge was built by masons."])]


@pytest.mark.parametrize(
    ("given", "sentences", "positive", "answers"),
    [
        (record("Who?", ["1.", "Ada came.", "Bo left."], [1]), ["1.\nAda came.", "Bo left."], {0}, {}),
        (
            record("Who?", ["Ada came.", "Bo left."], [0]) | {"evidence": None},
            ["Ada came.", "Bo left."],
            {0},
            {0: (0, 9)},
        ),
    ],
)
def test_what_of_a_set_answers(
    tmp_path: Path, given: dict[str, Any], sentences: list[str], positive: set[int], answers: dict[int, Any]
) -> None:
    write_set(tmp_path, "some", [given])
    [asked] = read_set(tmp_path, Source("some", 1, "MIT"))
    [text] = asked.gold
    assert (text.sentences, text.positive, text.answers) == (sentences, frozenset(positive), answers)


def test_what_is_not_sure_is_not_learned_from(tmp_path: Path) -> None:
    sure = record("Who came?", ["Ada came."], [0])
    doubtful = [sure | {"span_sure": False}, sure | {"agree": 0.3}, sure | {"source": "torproject/manual:a.md"}]
    write_set(tmp_path, "some", [*doubtful, sure])
    assert len(list(read_set(tmp_path, Source("some", 1, "MIT")))) == 1
