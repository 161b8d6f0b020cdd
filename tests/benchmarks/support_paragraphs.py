"""The paragraphs of a public set that sentences are made of, and the questions asked of them."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from rag.answer.support import Passage
from rag.sentences import sentence_spans

Part = Literal["dev", "held out"]

_SHORTEST, _LONGEST = 40, 320  # characters of a sentence that is used
MONTHS = "January February March April May June July August September October November December".split()


class Paragraph(NamedTuple):
    """A paragraph of a document, its sentences and the questions that it answers."""

    document: str
    passage: Passage
    sentences: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]


def part_of(document: str) -> Part:
    """Return to which part a document belongs, by its hash."""
    return "dev" if hashlib.sha256(document.encode()).digest()[0] % 2 else "held out"


def paragraphs(folder: Path) -> list[Paragraph]:
    """Return the paragraphs of a set that are long enough, with the questions asked of them."""
    asked: dict[str, list[tuple[int, str, str]]] = {}
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if question.get("answers") and question.get("evidence"):
            found = question["evidence"][0]
            asked.setdefault(question["doc_id"], []).append(
                (found["start"], question["question"], question["answers"][0])
            )
    return [
        paragraph
        for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        for paragraph in _paragraphs(json.loads(line), asked)
    ]


def _paragraphs(document: dict[str, str], asked: dict[str, list[tuple[int, str, str]]]) -> Iterator[Paragraph]:
    for block in re.finditer(r"[^\n]+", document["text"]):
        text = block.group()
        language = document.get("lang") or ("en" if ":" not in document["id"] else document["id"].split(":")[0])
        if (60 if language == "zh" else 200) <= len(text) <= 1600:
            sentences = [text[start:end] for start, end in sentence_spans(text)]
            questions = [(q, a) for at, q, a in asked.get(document["id"], ()) if block.start() <= at < block.end()]
            passage = Passage(text=text, context=document["title"].replace("_", " "), language=language)
            yield Paragraph(document["id"], passage, tuple(sentences), tuple(questions))


def usable(sentence: str) -> bool:
    """Whether a sentence is prose of a usable length."""
    if sentence.endswith("。"):
        return _SHORTEST / 2 <= len(sentence) <= _LONGEST
    begins = sentence[:1].isupper() and sentence.endswith(".") and '"' not in sentence
    return begins and _SHORTEST <= len(sentence) <= _LONGEST


def seven_words(sentence: str, chance: random.Random) -> str:
    """Return seven words of a sentence that follow each other; nothing where it is short."""
    words = sentence.rstrip(".").split()
    start = chance.randrange(0, max(1, len(words) - 7))
    return " ".join(words[start : start + 7]) if len(words) >= 9 else ""


# Makes sentences of a paragraph; the others are of other documents.
Maker = Callable[[Paragraph, Sequence[Paragraph], random.Random], Iterator[str]]
