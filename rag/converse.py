"""A follow-up question made self-standing, without a model.

"And in 2019?" or "Who founded it?" means nothing to a search. Where a question leans on what was said
before, the words that carried meaning in the user's last self-standing question are put before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.types import Message
from rag.words import STOP_WORDS, words

_LEANS = re.compile(
    r"^(?:and|but|or|so|then|also|what about|how about|what else|why|when|where|who|how|which ones?)\W*$"
    r"|^(?:and|but|or|so|then|also|what about|how about)\b"
    r"|\b(?:it|its|they|their|them|he|his|him|she|her|hers|this|these|those|the same)\b",
    re.IGNORECASE,
)
_MOST_WORDS = 12


def standalone(question: str, history: Sequence[Message]) -> str:
    """Return ``question`` as it can be asked without the conversation before it, oldest message first."""
    earlier = [message.content for message in history if message.role == "user" and message.content.strip()]
    if not earlier or not _LEANS.search(question.strip()):
        return question
    said = set(words(question))
    # Of a chain of follow-ups, the question that stood by itself has the subject.
    subject = next((text for text in reversed(earlier) if not _LEANS.search(text.strip())), earlier[-1])
    topic = [word for word in subject.split() if words(word) and not STOP_WORDS.issuperset(words(word))]
    missing = [word.strip("?!.,;:") for word in topic if not said.issuperset(words(word))]
    return " ".join([*missing[:_MOST_WORDS], question])
