"""The steps of making a follow-up self-standing; see the package."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.converse.antecedent import Turn, without_markers
from rag.converse.ellipsis import LEAD, hint, restore
from rag.converse.mentions import mentions
from rag.converse.pronouns import resolve
from rag.types import Message
from rag.words import words

# Bounds, for speed: what is longer is no follow-up, and what lies further back is forgotten.
_LONGEST_QUESTION = 300
_LONGEST_ANSWER = 1_000
_MOST_MESSAGES = 16
_MOST_WORDS_TO_TAKE_OVER = 12

# Words that are English and hardly any other language's.
_ENGLISH = frozenset(
    """the of and what who how is does did when where why which it they she this that about are were with for from
    there then these those their its his him her them has have had been would could should other else one ones
    first second more many much tell again by""".split()
)
_ASKS_NOTHING = re.compile(
    r"\W*(?:thanks|thank you|ok|okay|great|good|fine|i see)(?: a lot| so much| very much)?\W*$", re.I
)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


def rewritten(question: str, history: Sequence[Message]) -> str:
    """Return ``question`` as it can be asked without the conversation before it, oldest message first."""
    turns: list[Turn] = []
    for message in history[-_MOST_MESSAGES:]:
        text = " ".join(message.content[:_LONGEST_ANSWER].split())
        if message.role == "user" and text:
            turns.append(Turn(question=_standalone(text[:_LONGEST_QUESTION], turns)[:_LONGEST_QUESTION], answer=""))
        elif turns:
            turns[-1] = Turn(
                question=turns[-1].question, answer=f"{turns[-1].answer} {without_markers(text)}"[:_LONGEST_ANSWER]
            )
    return _standalone(question, turns)


def _standalone(question: str, turns: Sequence[Turn]) -> str:
    if not turns or len(question) >= _LONGEST_QUESTION or not words(question) or _ASKS_NOTHING.match(question):
        return question
    if not _is_english(question):
        if not _is_english(turns[-1].question):
            return _with_topic(question, turns[-1].question) or question
        if not question.isascii() and (_UNSPACED.search(question) or len(words(question)) > 1):
            return question
    restored = restore(question, turns)
    full = resolve(restored or question, turns)
    full = hint(full, turns, follows=full != question) if restored is None else full
    if full == question:
        return question
    return _as_sentence(full)


def _as_sentence(text: str) -> str:
    """Return a question without the "and" it was led in by, with a capital."""
    lead = LEAD.match(text)
    begins = lead.end() if lead and not lead["about"] else 0
    text = text[begins:].strip() or text
    return text[0].upper() + text[1:]


def _is_english(question: str) -> bool:
    """Whether English rules may be tried: it has an English word, or only a name or a number."""
    said = words(question)
    plain = [word for word in said if not any(character.isdigit() for character in word)]
    return not _UNSPACED.search(question) and (bool(_ENGLISH.intersection(said)) or not plain)


def _with_topic(question: str, previous: str) -> str:
    """Return a very short question of another language with what was spoken of before it; nothing if it is longer."""
    is_short = len(question.strip()) <= 6 if _UNSPACED.search(question) else len(words(question)) <= 3
    if not is_short:
        return ""
    names = [one.text for one in mentions(previous) if one.named and one.start > 0]
    topic = " ".join(names or previous.rstrip("?!.。？！ ").split()[:_MOST_WORDS_TO_TAKE_OVER])
    missing = topic.lower() not in question.lower()
    return f"{topic} {question}" if topic and missing else ""
