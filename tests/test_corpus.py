"""The edition of the article that ships: its key figures are there, and it is told in our own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

EDITION = Path("corpus/us-china-ai-chips.md")
QUESTIONS = Path("tests/data/article_questions.jsonl")

# Facts of the article, each as words that must stand in one sentence or paragraph of the edition.
KEY_FACTS = """
44 | Entity List | August 2018
114 | Huawei | May 2019
September 2020 | Huawei | foundries
March 2021 | ZTE | Hytera | Hikvision | Dahua
December 2021 | eight | Chinese Military-Industrial Complex List
$280 billion | CHIPS and Science Act | August 2022
1,300 | Blinken
RTX 4090
H200 | 60-90%
H200 | 110 times
H20 | H800
19% | 2023
$2.6 billion | six years
$251.1 billion | 2024
NASA | Apollo | Raimondo
Winston Ma | efficient
TSMC | Arizona
TSMC | Japan | Singapore
Foxconn | Wisconsin
Beijing Daily
120 | Reuters
Yin Zhiyao | Advanced Micro-Fabrication Equipment
Wang Xiaochuan | Baichuan 4
GLM-4 | June
Kling | Kuaishou
Jimeng | ByteDance
Qu Dongqi | Kling
Yi-Large | seventh
Yi-Large | GPT-4
$2 trillion | Violet Chung
$300 million | Moonshot AI
$3.3 billion | Moonshot AI
five billion yuan | Baichuan AI
20 billion yuan | Baichuan AI
578.4 billion yuan | 13.9%
815 | 18.2%
263.1 billion yuan | 51% | 173.1 billion yuan
30,000 | 2024
4,500
1,328
44% | 36%
5.2 trillion yuan | 2030
9.4 trillion yuan | 2030
Morris Chang | tech decoupling
Lin Jian
Zhang Yi | iMedia Research
Manhattan Projects
TMTPost | August 2024
"""


@pytest.mark.parametrize("fact", KEY_FACTS.strip().splitlines())
def test_the_edition_holds_the_fact(fact: str) -> None:
    paragraphs = EDITION.read_text(encoding="utf-8").split("\n\n")
    words = [word.strip() for word in fact.split("|")]
    assert any(all(word in paragraph for word in words) for paragraph in paragraphs)


def test_the_editors_stray_note_is_left_out() -> None:
    assert "abstract" not in EDITION.read_text(encoding="utf-8").lower()
    assert EDITION.read_text(encoding="utf-8").isascii()


def test_the_evidence_of_each_question_stands_where_it_says() -> None:
    text = EDITION.read_text(encoding="utf-8")
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        for evidence in question["evidence"]:
            assert text[evidence["start"] : evidence["end"]] == evidence["text"]
        assert question["answerable"] == bool(question["evidence"])
