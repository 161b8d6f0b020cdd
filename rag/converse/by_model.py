"""A follow-up question made self-standing by a language model; what it gives is a question, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rag.errors import ModelFailure
from rag.llm import LanguageModel
from rag.types import Message

_INSTRUCTIONS = """\
You are given a conversation and the last question in it. Write that question so that somebody who has not seen the
conversation understands it: put names in the place of pronouns, and add what is left out. Change nothing else, and do
not answer. Keep its language. Where it stands by itself already, repeat it. Write the question alone, in one line.\
"""
_MOST_TOKENS = 120
_LAST = 6  # messages
_LONGEST_MESSAGE, _LONGEST_QUESTION = 1000, 500  # characters


def standalone_by_model(model: LanguageModel, question: str, history: Sequence[Message]) -> str | None:
    """Return ``question`` as the model puts it; None where there is nothing before it, or no question comes."""
    if not history:
        return None
    lines = [f"{message.role}: {message.content[:_LONGEST_MESSAGE]}" for message in history[-_LAST:]]
    request = "\n".join([*lines, "", f"The last question: {question}"])
    try:
        written = "".join(model.ask(_INSTRUCTIONS, request, _MOST_TOKENS)).strip().strip('"').strip()
    except ModelFailure:
        return None
    return written if written and "\n" not in written and len(written) <= _LONGEST_QUESTION else None
