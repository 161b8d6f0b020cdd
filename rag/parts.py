"""A question taken apart: each thing it asks, as a question that stands by itself.

By rules, for English, and only where they are sure: "Who founded the mill and when?" asks two things,
"What is research and development?" one. A comparison asks the same of each side. It reads the shape
of the words and does not know what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.words import STOP_WORDS, words

_MOST_PARTS = 5  # a text with more in it is no question but a list of them

_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|must)\b"
_HOW_MUCH = r"how\s+(?:many|much|long|far|large|big|old|often|tall|high|fast)"
_ASKING = rf"(?:{_HOW_MUCH}|what|which|whom|whose|who|when|where|why|how)"

# A question inside a text: up to a question mark that white space or the end follows.
_SENTENCE = re.compile(r"[^?]+(?:\?(?!\s|$)[^?]*)*(?:\?+|$)")
_OPENS = re.compile(rf"\W*(?:and |or |but |also,? |then )*(?:{_ASKING}\b|{_AUXILIARY}|in (?:what|which)\b)", re.I)
_BOTH = re.compile(rf"^(?P<one>{_ASKING})\s+and\s+(?P<other>{_ASKING})\s+(?P<rest>{_AUXILIARY}.*)$", re.I)
_BARE = re.compile(rf"^(?P<first>.+?),?\s+and\s+(?P<bare>(?:(?:by|for|from|with|to|in|at|since)\s+)?{_ASKING})$", re.I)
_PAST = {
    "built": "built", "wrote": "written", "won": "won", "led": "led", "made": "made", "bought": "bought",
    "sold": "sold", "found": "found", "began": "begun", "gave": "given", "took": "taken", "chose": "chosen",
    "drew": "drawn", "held": "held", "lost": "lost", "paid": "paid", "ran": "run", "said": "said", "sent": "sent",
    "set": "set", "wound": "wound", "taught": "taught", "brought": "brought", "broke": "broken",
}  # fmt: skip
_JOINED = re.compile(
    rf",?\s+and\s+(?:also\s+)?(?=(?:when|where|why|how|what|which|who|whom)\s+{_AUXILIARY}|in what \w+\s+{_AUXILIARY}"
    rf"|who\s+(?:\w+ed|\w+s|{'|'.join(_PAST)})\s|{_HOW_MUCH}\s+\w+\s+\w+|(?:what|which)\s+\w+\s+{_AUXILIARY})",
    re.I,
)
# Between the questions of a list, which ends in an "and" with another.
_LISTED = re.compile(rf"[,;]\s+(?={_ASKING}\s+{_AUXILIARY}|{_HOW_MUCH}\s+\w+\s+\w+)", re.I)

_DONE = re.compile(r"^who\s+(?P<verb>(?!is\b|was\b|are\b|were\b)\w+)\s+(?P<whom>.+)$", re.I)
_SIDE = r"(?P<{}>(?:(?!\b(?:and|with|to|from|versus|vs)\b)[^,?])+?)"
_ONE, _OTHER = _SIDE.format("one"), _SIDE.format("other")
_ON = r"(?:,?\s+(?:on|in terms of|regarding|concerning|as to|with respect to|by|in)\s+(?P<topic>[^,?]+?))?"
_COMPARES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"^(?:please\s+)?(?:compare|contrast)\s+{_ONE}\s+(?:and|with|to)\s+{_OTHER}{_ON}$",
        rf"^(?:what(?:'s|\s+is|\s+are|\s+was|\s+were)?\s+)?(?:the\s+)?(?:main\s+|key\s+)?differences?\s+between\s+{_ONE}"
        rf"\s+and\s+{_OTHER}{_ON}$",
        rf"^how\s+(?:do|does|did)\s+{_ONE}\s+(?:differ\s+from|compare\s+(?:to|with))\s+{_OTHER}{_ON}$",
        rf"^how\s+(?:do|does|did)\s+{_ONE}\s+and\s+{_OTHER}\s+(?:differ|compare){_ON}$",
        rf"^{_ONE}\s+(?:versus|vs\.?)\s+{_OTHER}{_ON}$",
    )
)

_LONGEST_NAME = 5  # words
_NAME = re.compile(r"\b(?:the\s+)?[A-Z0-9][\w'’&.-]*(?:\s+(?:of\s+|and\s+|the\s+|for\s+)*[A-Z0-9][\w'’&.-]*)*")
_IS = re.compile(rf"^(?:what|who|where)\s+(?:is|are|was|were)\s+(?P<thing>(?:(?!{_AUXILIARY})\S+\s*){{1,6}})$", re.I)
_MADE = re.compile(
    rf"^{_ASKING}\s+(?:was|were|is|are)\s+(?P<thing>(?:the|a|an)\s.+?)\s+(?:\w+ed|{'|'.join(_PAST.values())})$", re.I
)
_OWNER = re.compile(r"\b(?:its|his|their|her(?=\s+\w))\b", re.I)
_WHO = re.compile(r"who\b", re.I)
_PERSON = re.compile(r"\b(?:he|she|him|her|his)\b", re.I)
_PRONOUN = re.compile(r"\b(?:it|he|she|they|him|her|them)\b", re.I)

_LIST = re.compile(
    r"\b(?:name|list|give|enumerate)\s+(?:me\s+)?(?:all|every|each|some|the)\b"
    r"|\b(?:what|which)(?:\s+[\w-]+){0,2}?\s+(?:(?!(?:was|is|does|has|this|always)\b)\w{2,}[^su\W]s|people|men|women|children)"
    r"\s+(?:\w+ly\s+)?(?:are|were|do|did|have|had|can|could|will|would|should|might|must|\w+ed)\b"
    r"|\b(?:what|which|who)\s+(?:are|were)\s+(?:all\s+|some\s+(?:of\s+)?)?(?:the\s+)(?:\w+\s+){0,2}?\w{2,}[^su\W]s\b",
    re.I,
)


def parts(question: str) -> tuple[str, ...]:
    """Return what ``question`` asks, in order, each as a question by itself; one that asks one thing, as it is."""
    sentences = [found.strip() for found in _SENTENCE.findall(question) if words(found)]
    if len(sentences) > 1 and not all(_OPENS.match(sentence) and "?" in sentence for sentence in sentences):
        return (question,)
    found: list[str] = []
    for sentence in sentences:
        for clause in _clauses(sentence.rstrip("?!. ")):
            clause = _self_standing(clause, found[0] if found else "")
            found.extend(side for side in _sides(clause) if side not in found)
    return tuple(found) if 1 < len(found) <= _MOST_PARTS else (question,)


def wants_list(question: str) -> bool:
    """Whether ``question`` asks for several things: "which companies …", "what are the …", "name all …"."""
    return _LIST.search(question) is not None


def _clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence that ask something of their own."""
    if both := _BOTH.match(sentence):
        return [f"{both[word]} {both['rest']}" for word in ("one", "other")]
    if bare := _BARE.match(sentence):
        return (
            [*_clauses(bare["first"]), _asked_again(bare["bare"], bare["first"])]
            if _opens(bare["first"])
            else [sentence]
        )
    *listed, last = _JOINED.split(sentence)
    clauses = [part for clause in listed for part in _LISTED.split(clause)] + [last]
    return clauses if _opens(clauses[0]) and all(map(_full, clauses[1:])) else [sentence]


def _opens(clause: str) -> bool:
    return _OPENS.match(clause) is not None


def _full(clause: str) -> bool:
    """Whether a clause has enough in it to be asked: two words with meaning, or one and a pronoun to fill."""
    meant = [word for word in words(clause) if word not in STOP_WORDS]
    return len(meant) > 1 or (bool(meant) and (_PRONOUN.search(clause) or _OWNER.search(clause)) is not None)


def _asked_again(asking: str, clause: str) -> str:
    """Return ``clause`` with another question word: "when" of "who founded the mill" is "when was the mill founded"."""
    if turned := re.match(rf"^{_ASKING}\s+(?P<rest>{_AUXILIARY}.+)$", clause, re.I):
        return f"{asking} {turned['rest']}"
    done = _DONE.match(clause)
    return f"{asking} was {done['whom']} {_verb(done)}" if done and _verb(done) else f"{asking}: {clause}"


def _self_standing(clause: str, first: str) -> str:
    """Return a clause with what its pronouns stand for, as the ``first`` question names it; else after it."""
    clause = re.sub(r"^(?:and|or|but|also,?|then)\s+", "", clause.strip(" ,"), flags=re.I)
    if not first or not (_OWNER.search(clause) or _PRONOUN.search(clause)):
        return clause
    named = _named(first.rstrip("?"), of_a_person=_PERSON.search(clause) is not None)
    if not named:
        return f"{first.rstrip('?')}: {clause}"
    return _PRONOUN.sub(lambda _: named, _OWNER.sub(lambda _: f"{named}'s", clause))


def _named(question: str, *, of_a_person: bool) -> str:
    """Return what a question is about: a thing made, a name, or what it asks the nature of; nothing where unsure."""
    name = next((found.group() for found in _NAME.finditer(question) if found.start() > 0), "")
    done, made, thing = (pattern.match(question) for pattern in (_DONE, _MADE, _IS))
    nature = thing["thing"].strip() if thing else ""
    making = made["thing"] if made else done["whom"] if done and _verb(done) else ""
    candidates = (nature if _WHO.match(question) else "", name) if of_a_person else (making, name, nature)
    return next((found for found in candidates if 0 < len(words(found)) <= _LONGEST_NAME), "")


def _verb(done: re.Match[str]) -> str:
    """Return the participle of the verb of "who built it", or nothing where it is not known."""
    verb = done["verb"].lower()
    return _PAST.get(verb, verb if verb.endswith("ed") else "")


def _sides(clause: str) -> Sequence[str]:
    """Return the same question of each side of a comparison; of another clause, itself."""
    compared = next((found for pattern in _COMPARES if (found := pattern.match(clause))), None)
    if compared is None or not all(_nominal(compared[side]) for side in ("one", "other")):
        return [_question(clause)]
    return [_question(text) for text in _of_each(compared["one"], compared["other"], compared["topic"])]


def _of_each(one: str, other: str, topic: str | None) -> Iterator[str]:
    about = re.sub(r"^(?:the|their|its)\s+", "", topic.strip(), flags=re.I) if topic else ""
    for side in (one.strip(), other.strip()):
        yield f"what is the {about} of {side}" if about else f"what is {side}"


def _nominal(side: str) -> bool:
    return any(word not in STOP_WORDS for word in words(side)) and len(words(side)) <= 8


def _question(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].strip()}?"
