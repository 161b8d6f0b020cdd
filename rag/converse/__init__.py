"""A follow-up question made self-standing, without a model.

"And in 2019?" or "Who founded it?" means nothing to a search. What such a question leaves to the
conversation is put into it: first what it leaves out, then what its pronouns stand for. The questions
before are made self-standing in the same way, so that a chain of follow-ups keeps its subject. A
question that stands by itself stays as it is. The rules are English; of other languages only a very short
question is taken for a follow-up, and what was spoken of is put before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Message


def standalone(question: str, history: Sequence[Message]) -> str:
    """Return ``question`` as it can be asked without the conversation before it, oldest message first."""
    if not history:
        return question
    from rag.converse.rewrite import rewritten  # the rules take a while to be compiled

    return rewritten(question, history)
