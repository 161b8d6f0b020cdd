"""Outcomes of questions made by hand, to sum up, compare and show."""

from __future__ import annotations

from typing import Any

from rag.evaluate.ask import Outcome

_UNKNOWN = (
    "answerable right hit_at_1 hit_at_5 recall precision iou cited_recall cited_precision cited_iou "
    "first_excerpt_answers first_sentence_answers shown_answers evidence_mrr evidence_ndcg_at_10 document_mrr "
    "document_ndcg_at_10 standalone_hit_at_5"
).split()


def outcome(id_: str, **known: Any) -> Outcome:
    """Return an outcome of which nothing is known but what is given."""
    question = f"Question {id_}?"
    values = dict.fromkeys(_UNKNOWN) | {
        "id": id_,
        "question": question,
        "query": question,
        "answered": True,
        "strong": False,
        "characters": 100,
        "confidence": 0.5,
        "seconds": 0.1,
        "answers": (),
        "cited": (),
        "expected": (),
        "sources": (),
    }
    return Outcome.model_validate(values | known)
