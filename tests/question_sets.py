"""Sets of questions to train a reader on, made for tests."""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_set(folder: Path, name: str, records: Sequence[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    with lzma.open(folder / f"{name}.jsonl.xz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def record(question: str, sentences: Sequence[str], right: Sequence[int]) -> dict[str, Any]:
    text, spans = "", []
    for sentence in sentences:
        spans.append([len(text), len(text) + len(sentence)])
        text += sentence + "\n"
    passage = {"title": "", "text": text, "sentences": spans, "positive": [spans[at] for at in right]}
    return {
        "question": question,
        "answerable": bool(right),
        "answers": [],
        "passages": [passage],
        "evidence": "sentence",
    }
