"""Sentences of documents that are addressed to an assistant and not to people: no answer by themselves."""

from __future__ import annotations

import re

_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}"
    r"\b(?:instructions?|rules|prompts?|question|passages?|you were told)\b"
    r"|\b(?:system|previous|prior|hidden) (?:instructions?|prompts?)\b"
    r"|\byou are (?:now )?(?:an? )?(?:\w+ )?(?:ai|assistant|chatbot|language model|gpt)\b"
    r"|\b(?:note to|dear|if you are an?) (?:the )?(?:ai|assistants?|chatbot|language model|llm)\b"
    r"|\b(?:begin|end|start) (?:every|each|your) (?:answer|reply|response)\b"
    r"|\b(?:answer|reply|respond) (?:only with|nothing but)\b|\byour (?:answer|reply|response) must\b"
    r"|\bbefore you answer\b|\[/?INST\]|<\|\w+\|>|</?(?:system|instructions?|passages?)>",
    re.IGNORECASE | re.MULTILINE,
)


def is_order(text: str) -> bool:
    """Whether a sentence tells an assistant what to do."""
    return _ORDER.search(text) is not None
