"""What a word such as "it" or "there" stands for: the things a conversation is about, the likeliest first.

The last question's own things come first, as its subject stays the subject; but where that question asked
for a person, a thing or a place, the one its answer names comes before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag.converse.mentions import MEN, WOMEN, Mention, MentionKind, mentions, things
from rag.types import Value
from rag.words import words

_REMEMBERED = 8  # turns
_MARKER = re.compile(r"\s*\[\d+\]")
_ASKS_FOR_PERSON = re.compile(r"\b(?:who|whom|whose)\b(?! (?:is|was|are|were) (?:the )?[A-Z])", re.IGNORECASE)
_ASKS_FOR_PLACE = re.compile(
    r"\bwhere\b|\b(?:which|what)(?: \w+)? (?:country|city|place|town|region|state)\b", re.IGNORECASE
)
_ASKS_FOR_SOME = re.compile(
    r"\b(?:which|what) (?!\w+ed )"
    r"(?!(?:year|date|time|day|century|is|was|are|were|does|do|did|has|had|have|will|can)\b)\w+"
    r"|\bwhat (?:is|was) the (?:\w+ ){0,2}(?:name|capital|title|company|country|city|book|song|album|river|largest)\b"
    r"|\bwhat (?:is|was|were|are) (?:the )?\b[A-Z][\w.-]*(?: [A-Z][\w.-]*){0,5}['’]s? "
    r"|\bwhat (?:did|does|do|has|have|had|will)\b",
    re.IGNORECASE,
)
_ASKS_FOR_SEVERAL = re.compile(
    r"\b(?:which|what) (?!is|was|are|were|does)(?:\w+ )?(?:\w+[^\Wsui]s(?!['’])|people|men|women|children)\b",
    re.IGNORECASE,
)
_DOES = re.compile(r"\b(?:do|does|did|has|have|had|will|can) (?:the )?[A-Z](?!.*\b(?:become|remain|stay)\b)")
_IN_PASSING = re.compile(r"\b(?:by|for|with|in|at|near|from|to|on|against|outside|across)(?: the)? $", re.IGNORECASE)


class Turn(Value):
    """A question as it can be asked by itself, and what was answered, without its markers."""

    question: str
    answer: str


def without_markers(text: str) -> str:
    """Return the text of an answer without the numbers of its citations."""
    return _MARKER.sub("", text)


class Known(Value):
    """What is known of the names of a conversation: the kind of each, whether that is sure, and "he" or "she"."""

    kinds: dict[str, tuple[MentionKind, bool]]
    pronouns: dict[str, str]


# How well a word stands for a mention: by its kind, where that is not sure and where it is.
_FITS: dict[str, dict[MentionKind, tuple[int, int]]] = {
    "he": {"person": (2, 3), "thing": (1, 0)},
    "it": {"thing": (2, 3), "place": (2, 3), "person": (1, 0)},
    "they": {"group": (3, 3), "thing": (2, 2), "person": (1, 1), "place": (1, 1)},
    "place": {"place": (2, 3), "thing": (1, 1)},
    "time": {"time": (3, 3)},
}
_FITS["she"] = _FITS["he"]


def known_kinds(turns: Sequence[Turn]) -> Known:
    """Return the kind of every name of a conversation, by the surest sign anywhere in it."""
    return _known_kinds(tuple(turns[-_REMEMBERED:]))


@lru_cache(maxsize=64)
def _known_kinds(turns: tuple[Turn, ...]) -> Known:
    kinds: dict[str, tuple[MentionKind, bool]] = {}
    for turn in turns:
        for one in (*mentions(turn.question), *mentions(turn.answer)):
            if one.named and (one.sure or _bare(one) not in kinds):
                kinds[_bare(one)] = (one.kind, one.sure)
    for name, found in list(kinds.items()):
        last = name.split()[-1]
        if found == ("person", True) and not kinds.get(last, ("thing", False))[1]:
            kinds[last] = found
    return Known(kinds=kinds, pronouns=_pronouns_of_people(turns, kinds))


def _pronouns_of_people(turns: Sequence[Turn], kinds: dict[str, tuple[MentionKind, bool]]) -> dict[str, str]:
    """Return "he" or "she" for each person who was spoken of alone with that word."""
    found = {}
    for turn in turns:
        said = set(words(f"{turn.question} {turn.answer}"))
        he, she = bool(said & {"he", "his", "him"}), bool(said & {"she", "her", "hers"})
        named = {_bare(one) for one in (*mentions(turn.question), *mentions(turn.answer)) if one.named}
        people = [name for name in named if kinds[name][0] == "person"]
        if he != she and len(people) == 1:
            found[people[0]] = "he" if he else "she"
    return found


def fit(one: Mention, wanted: str, known: Known) -> int:
    """Return how well a word for ``wanted`` stands for ``one``: 0 (not at all) to 3.

    ``wanted`` is "he", "she", "it", "they", "place" or "time".
    """
    name = _bare(one)
    kind, sure = known.kinds.get(name, (one.kind, one.sure)) if one.named and not one.sure else (one.kind, one.sure)
    if wanted in ("he", "she"):
        first = name.split()[0]
        other = MEN - WOMEN if wanted == "she" else WOMEN - MEN
        if not one.named or first in other or known.pronouns.get(name, wanted) != wanted:
            return 0
    if wanted == "they" and kind == "thing" and not one.named:
        return 0
    score = _FITS[wanted].get(kind, (0, 0))[sure]
    return score if one.named or kind == "group" else min(score, 2)


def antecedents(turns: Sequence[Turn], wanted: str, *, acts: bool = False) -> list[Mention]:
    """Return what a word for ``wanted`` may stand for, likeliest first, of the latest turn that has any.

    With ``acts`` the word is the subject of a verb of doing, and so, likely, was what it stands for.
    """
    known = known_kinds(turns)
    for turn in reversed(turns):
        if ranked := _ranked(turn, wanted, known, acts):
            return [_in_full(one, turns) for one in ranked]
    return []


def _ranked(turn: Turn, wanted: str, known: Known, acts: bool) -> list[Mention]:
    asked = _spoken_of(turn.question)
    answered = [one for one in mentions(turn.answer[:600]) if _bare(one) not in turn.question.lower()]
    if wanted == "it":
        asked, answered = _pairs_as_one(asked), _pairs_as_one(answered)
    scored = [(_fit_there(one, turn.question, wanted, known), at, one) for at, one in enumerate(asked)]
    # Like stands for like: of two names, one that did something to the other is meant if it does so again.
    turned = -1 if wanted == "it" and not acts and _DOES.search(turn.question) else 1
    ordered = sorted(scored, key=lambda item: (-min(item[0], 2 + (turned > 0)), not item[2].named, turned * item[1]))
    in_question = [one for score, _, one in ordered if score >= 2]
    maybe = [one for score, _, one in scored if score == 1]
    best = sorted((-_fit_there(one, turn.answer, wanted, known), at) for at, one in enumerate(answered))
    in_answer = [
        answered[at]
        for score, at in best
        if -score >= (1 if _asks_for(wanted, turn.question) and wanted != "it" else 2)
    ]
    if wanted == "place":
        in_answer = [one for one in answered if fit(one, wanted, known)]
        by_fit = sorted(
            [*in_question, *in_answer, *(one for one in maybe if one.named)], key=lambda one: -fit(one, wanted, known)
        )
        return by_fit if not _asks_for(wanted, turn.question) else [*in_answer[:1], *by_fit]
    if wanted == "time":
        return [*in_question, *in_answer]
    if _asks_for(wanted, turn.question):
        in_answer = [one for one in in_answer if one.kind != "time"]
        return [*in_answer[:1], *in_question, *in_answer[1:], *maybe]
    if wanted in ("he", "she"):
        return [*in_question, *(one for one in in_answer if fit(one, wanted, known) == 3), *maybe, *in_answer]
    return [*in_question, *maybe, *in_answer]


def _pairs_as_one(spoken: Sequence[Mention]) -> list[Mention]:
    """Return "Pride and Prejudice" as one thing: of two that are joined, "it" is neither alone."""
    pairs = [one for one in spoken if one.named and one.kind == "group" and " and " in one.text and "," not in one.text]
    alone = [one for one in spoken if not any(p.start <= one.start and one.end <= p.end for p in pairs)]
    as_one = [p.model_copy(update={"kind": "thing"}) for p in pairs]
    return sorted([*alone, *as_one], key=lambda one: (not one.named, one.start * one.named))


def _asks_for(wanted: str, question: str) -> bool:
    """Whether the question asked for such a thing as ``wanted`` stands for, so that its answer names it."""
    if _asks_of_plain_thing(question):
        return False
    if wanted in ("he", "she"):
        return _ASKS_FOR_PERSON.search(question) is not None
    if wanted == "place":
        return _ASKS_FOR_PLACE.search(question) is not None
    several = _ASKS_FOR_SEVERAL.search(question) is not None
    if wanted == "they":
        return several or _ASKS_FOR_PERSON.search(question) is not None
    return not several and _ASKS_FOR_SOME.search(question) is not None


def _asks_of_plain_thing(question: str) -> bool:
    """Whether the question is what something is, so that it stays the subject whatever is said of it."""
    return bool(re.match(r"\W*(?:what|who) (?:is|was|are|were) (?:the |a |an )?[\w-]+(?: [\w-]+)?\W*$", question, re.I))


def _fit_there(one: Mention, question: str, wanted: str, known: Known) -> int:
    """Return the fit of a mention where it stands: a name after "in" or "by" is seldom what "it" is."""
    score = fit(one, wanted, known)
    if wanted == "it" and one.named and _IN_PASSING.search(question[: one.start]):
        return min(score, 1)
    return score


def _spoken_of(question: str) -> list[Mention]:
    """Return the names of a question, then its plain things."""
    named = mentions(question)
    plain = [
        one for one in things(question) if not any(n.start <= one.start < n.end and n.end >= one.end for n in named)
    ]
    return [*named, *plain]


def _in_full(one: Mention, turns: Sequence[Turn]) -> Mention:
    """Return the mention with the whole name where the conversation has it: "Lee" is "Kai-Fu Lee"."""
    if one.kind == "group" or not one.named or " " in one.text:
        return one
    for turn in reversed(turns):
        for other in (*mentions(turn.question), *mentions(turn.answer)):
            if other.kind == "person" and other.text.endswith(f" {one.text}"):
                return one.model_copy(update={"text": other.text})
    return one


def _bare(one: Mention) -> str:
    return one.text.lower().removeprefix("the ")


def lists(turns: Sequence[Turn]) -> Iterator[list[str]]:
    """Yield the lists of names in the conversation, the latest first, for "the second one"."""
    for turn in reversed(turns):
        for text in (turn.answer, turn.question):
            named = mentions(text)
            for group in (one for one in named if one.kind == "group" and one.named and " and " in one.text):
                inner = [o.text for o in named if group.start <= o.start and o.end <= group.end and o != group]
                yield list(dict.fromkeys(text for text in inner if " and " not in text))
            if pair := re.search(
                r"\b([A-Z][\w-]+(?: [A-Z][\w-]+){0,5}) or ((?:the )?[A-Z][\w-]+(?: [A-Z][\w-]+){0,5})", text
            ):
                yield [pair[1], pair[2]]
