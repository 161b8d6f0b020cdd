"""Whether to answer: what is there is answered and what is not is refused, in any language."""

from __future__ import annotations

import math

import pytest

from rag.answer.confidence import confidence
from rag.assistant import Assistant
from rag.embed import Embedder
from rag.weights import probability
from tests.folders import assistant_over
from tests.test_extractive import query

MILLS = {
    "en.txt": "The mill of Leeds was built by Ada Brown in 1851. It burned down in 1904 and was never built again.",
    "de.txt": "Die Mühle von Lindau wurde 1851 von Anna Braun gebaut. Sie brannte 1904 nieder und wurde nie ersetzt.",
    "es.txt": "El molino de Zamora fue construido por Ana Moreno en 1851. Se quemó en 1904 y nunca fue reconstruido.",
    "zh.txt": "利兹磨坊由安娜布朗于1851年建造。磨坊在1904年被烧毁，此后再也没有重建。",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path_factory.mktemp("confidence"), MILLS, embedder)


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Who built the mill of Leeds?", "en.txt"),
        ("Wer hat die Mühle von Lindau gebaut?", "de.txt"),
        ("Wann brannte die Mühle von Lindau nieder?", "de.txt"),
        ("¿Quién construyó el molino de Zamora?", "es.txt"),
        ("¿Cuándo se quemó el molino de Zamora?", "es.txt"),
        ("利兹磨坊是谁建造的？", "zh.txt"),
    ],
)
def test_what_is_there_is_answered(assistant: Assistant, question: str, source: str) -> None:
    answer = assistant.ask(question)
    assert not answer.abstained
    assert answer.citations[0].source == source


@pytest.mark.parametrize(
    "question",
    [
        "How deep is the Pacific Ocean?",
        "Wie tief ist der Pazifische Ozean?",
        "¿Qué profundidad tiene el océano Pacífico?",
        "太平洋有多深？",
    ],
)
def test_what_is_not_there_is_refused(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained
    assert answer.confidence < assistant.settings.answer_above


def test_nothing_found_is_no_answer() -> None:
    assert confidence(query("Who built the mill?"), []) == 0.0


@pytest.mark.parametrize("chance", [0.001, 0.2, 0.5, 0.97])
def test_log_odds_become_a_chance(chance: float) -> None:
    assert probability(math.log(chance / (1 - chance))) == pytest.approx(chance)


@pytest.mark.parametrize(("log_odds", "certain"), [(-1e9, 0.0), (1e9, 1.0)])
def test_log_odds_however_large_become_one(log_odds: float, certain: float) -> None:
    assert probability(log_odds) == pytest.approx(certain, abs=1e-9)
