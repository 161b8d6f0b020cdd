"""Whether to answer at all: how likely it is that the passages found hold the answer.

Learned from questions whose subject is in the documents and ones whose subject is not. It tells these
apart; a question about the right subject that the documents happen not to answer it cannot tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.features import answer_features, probability
from rag.types import SearchResult


def confidence(question: str, results: Sequence[SearchResult]) -> float:
    """Return in 0–1 how likely ``results`` are to answer ``question``; 0 where nothing was found."""
    if not any(result.sentences for result in results):
        return 0.0
    return probability("answer", answer_features(question, results))
