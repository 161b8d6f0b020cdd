"""The kind of thing a question asks for is told, and whether a sentence holds one."""

from __future__ import annotations

import pytest

from rag.kinds import Kind, asked_kind, holds_kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who founded the mill?", "person"),
        ("When did the mill burn down?", "time"),
        ("In what year was it built?", "time"),
        ("How many people worked there?", "number"),
        ("How much money did the fire cost?", "money"),
        ("What percentage of the workers left?", "share"),
        ("How long did the mill stand?", "span"),
        ("Which country is the mill in?", "place"),
        ("Where is the mill?", "place"),
        ("Why did it burn down?", None),
        ("Quelle est la date de la construction du pont sur la rivière ?", None),
        ("Cuál es el total de los obreros que trabajaron en la fábrica?", None),
        ("谁在1851年建造了 date of the 磨坊？", None),
    ],
)
def test_the_kind_asked_for(question: str, kind: Kind | None) -> None:
    assert asked_kind(question) == kind


@pytest.mark.parametrize(
    ("kind", "sentence", "question", "holds"),
    [
        ("person", "The mill was built by Ada Brown.", "Who built the mill?", True),
        ("person", "The mill was built by the river.", "Who built the mill?", False),
        ("person", "Ada Brown liked the mill.", "Who was Ada Brown's friend?", False),
        ("time", "It burned down in 1904.", "When did it burn down?", True),
        ("time", "It burned down in 1904.", "When in 1904 did it burn down?", False),
        ("money", "The fire cost $2.5 million.", "How much did the fire cost?", True),
        ("money", "The fire cost 30 lives.", "How much money did the fire cost?", False),
        ("share", "About 40% of them left.", "What percentage left?", True),
        ("span", "It stood for fifty years.", "How long did it stand?", True),
        ("number", "Thirty people worked there.", "How many people worked there?", True),
        ("place", "The mill stands near Leeds.", "Where is the mill?", True),
    ],
)
def test_whether_a_sentence_holds_it(kind: Kind, sentence: str, question: str, holds: bool) -> None:
    assert holds_kind(kind, sentence, question) is holds
