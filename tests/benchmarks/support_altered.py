"""Sentences that say what their paragraph does not: its own, each altered in one known way.

One that is altered may happen to stay true ("name swapped" between two names of one thing); none was looked
through by hand.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from tests.benchmarks.support_faithful import declarative
from tests.benchmarks.support_paragraphs import MONTHS, Maker, Paragraph, seven_words, usable

_MONTH = "|".join(MONTHS)
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-zà-ÿ]+(?: (?:of |the )?[A-Z][a-zà-ÿ]+)*)")
_CAPITALS = r"[A-Z][a-zà-ÿ]+(?: [A-Z][a-zà-ÿ]+)*"
_NUMBER = re.compile(r"(?<![\w.,$€£-])\d{1,3}(?:,\d{3})+(?![\w,]|\.\d)|(?<![\w.,$€£-])\d+(?:\.\d+)?(?![\w,%-]|\.\d)")
_ANTONYMS = {
    "increased": "decreased", "increase": "decrease", "largest": "smallest", "before": "after", "after": "before",
    "more": "less", "first": "last", "higher": "lower", "northern": "southern", "eastern": "western", "won": "lost",
    "north": "south", "east": "west", "high": "low", "large": "small", "early": "late", "rejected": "accepted",
    "began": "ended", "most": "least", "allowed": "forbade", "supported": "opposed", "highest": "lowest",
    "southern": "northern", "western": "eastern", "south": "north", "west": "east", "male": "female",
    "public": "private",
}  # fmt: skip


def number_changed(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in _statements(paragraph):
        if found := _pick(_NUMBER, sentence, chance):
            yield _put(sentence, found, _other_number(found.group(), chance))


def number_of_the_passage(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    everywhere = {found.group() for found in _NUMBER.finditer(paragraph.passage.text)}
    for sentence in _statements(paragraph):
        if found := _pick(_NUMBER, sentence, chance):
            alike = [n for n in sorted(everywhere - set(_NUMBER.findall(sentence))) if len(n) == len(found.group())]
            if alike:
                yield _put(sentence, found, chance.choice(alike))


def date_changed(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in _statements(paragraph):
        if found := _pick(re.compile(rf"\b(?:{_MONTH})\b(?= \d)|(?<=\d )(?:{_MONTH})\b"), sentence, chance):
            yield _put(sentence, found, chance.choice([month for month in MONTHS if month != found.group()]))


def name_of_the_corpus(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in _statements(paragraph):
        found = _pick(_NAME, sentence, chance)
        pool = _NAME.findall(chance.choice(others).passage.text)
        fit = [
            n
            for n in pool
            if found and n.count(" ") == found.group().count(" ") and not _shares(n, paragraph.passage.text)
        ]
        if found and fit and _shares(found.group(), paragraph.passage.text):
            yield _put(sentence, found, chance.choice(fit))


def name_of_the_passage(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    pool = sorted(set(_NAME.findall(paragraph.passage.text)))
    for sentence in _statements(paragraph):
        if found := _pick(_NAME, sentence, chance):
            fit = [name for name in pool if not _shares(name, sentence) and name.split()[0] not in MONTHS]
            if fit and found.group().split()[0] not in MONTHS:
                yield _put(sentence, found, chance.choice(fit))


def roles_swapped(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    known = set(_NAME.findall(paragraph.passage.text))
    for sentence in filter(usable, paragraph.sentences):
        found = re.match(rf"(?P<a>{_CAPITALS}) (?P<verb>[a-z]+ed) (?P<b>{_CAPITALS})(?=[ ,.])(?! [A-Z])", sentence)
        if found and found["a"] in known and found["verb"] != "married":
            yield f"{found['b']} {found['verb']} {found['a']}{sentence[found.end() :]}"


def negated(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in _statements(paragraph):
        if re.search(r"\b(?:not|never|no|only)\b|n't", sentence):
            continue
        changed = re.sub(r"\b(was|were|is|are|can|could|will|would|had|has)\b", r"\1 not", sentence, count=1)
        if changed != sentence:
            yield changed


def denial_dropped(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        if re.search(r"\bnot (?:only|just|until|necessarily|all)\b|\bnever|\bno\b|whether or not", sentence):
            continue
        changed = re.sub(
            r"\b(was|were|is|are|can|could|will|would|had|has|did|does|do|may|should) not\b", r"\1", sentence, count=1
        )
        if changed != sentence:
            yield changed


def opposite(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in _statements(paragraph):
        changed = re.sub(r"\b(" + "|".join(_ANTONYMS) + r")\b(?! than)", lambda m: _ANTONYMS[m[1]], sentence, count=1)
        if changed != sentence:
            yield changed


def invented(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for _ in paragraph.sentences[:2]:
        yield from list(filter(usable, chance.choice(others).sentences))[:1]


def clause_added(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        strange = [s for s in chance.choice(others).sentences if usable(s) and len(s) < 140]
        if strange:
            extra = chance.choice(strange)
            yield f"{sentence[:-1]}, and {extra[0].lower()}{extra[1:]}"


def mixed(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        strange = list(filter(usable, chance.choice(others).sentences))
        if strange:
            mine, theirs = sentence.split(), chance.choice(strange).split()
            yield " ".join([*mine[: len(mine) // 2], *theirs[len(theirs) // 2 :]])


def quotation_altered(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        if run := seven_words(sentence, chance):
            words = run.split()
            at = chance.randrange(1, 6)
            words[at : at + 1] = chance.choice(([], ["really", words[at]], ["thing"]))
            yield f"The article speaks of “{' '.join(words)}”."


def _statements(paragraph: Paragraph) -> Iterator[str]:
    """Yield sentences of a paragraph and answers to questions of it, in turn."""
    yield from (statement for question, answer in paragraph.asked if (statement := declarative(question, answer)))
    yield from filter(usable, paragraph.sentences)


def _pick(pattern: re.Pattern[str], text: str, chance: random.Random) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return chance.choice(found) if found else None


def _put(sentence: str, found: re.Match[str], new: str) -> str:
    return sentence[: found.start()] + new + sentence[found.end() :]


def _other_number(number: str, chance: random.Random) -> str:
    digits = list(number)
    at = chance.choice([at for at, sign in enumerate(digits) if sign.isdigit()])
    digits[at] = chance.choice([sign for sign in "123456789" if sign != digits[at]])
    return "".join(digits)


def _shares(name: str, text: str) -> bool:
    """Whether a word of a name stands in a text."""
    return any(re.search(rf"\b{word[:5]}", text) for word in name.split() if word[0].isupper())


ALTERED: tuple[Maker, ...] = (
    number_changed,
    number_of_the_passage,
    date_changed,
    name_of_the_corpus,
    name_of_the_passage,
    roles_swapped,
    negated,
    denial_dropped,
    opposite,
    invented,
    clause_added,
    mixed,
    quotation_altered,
)
