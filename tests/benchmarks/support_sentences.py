"""Sentences made from a public set, faithful to their passage or altered in one known way: what a checker is measured on.

Everything is made by rules from a seed, so that the same sentences are made each time. A sentence that is altered
may happen to stay true ("name swapped" between two names of one thing); none is looked through by hand.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from rag.answer.support import Passage
from rag.sentences import sentence_spans

Part = Literal["dev", "held out"]

_SHORTEST, _LONGEST = 40, 320  # characters of a sentence that is used
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-zà-ÿ]+(?: (?:of |the )?[A-Z][a-zà-ÿ]+)*)")
_CAPITALS = r"[A-Z][a-zà-ÿ]+(?: [A-Z][a-zà-ÿ]+)*"
_NUMBER = re.compile(r"(?<![\w.,$€£-])\d{1,3}(?:,\d{3})+(?![\w,]|\.\d)|(?<![\w.,$€£-])\d+(?:\.\d+)?(?![\w,%-]|\.\d)")
_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(rf"\b(?P<month>{_MONTH}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}})|\b(?P<d>\d{{1,2}}) (?P<m>{_MONTH}) (?P<y>\d{{4}})")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()
_SYNONYMS = {
    "began": "started", "large": "big", "built": "constructed", "approximately": "roughly", "many": "numerous",
    "often": "frequently", "near": "close to", "created": "made", "purchased": "bought", "located": "situated",
    "established": "set up", "nearly": "almost", "help": "assist", "show": "demonstrate", "shows": "demonstrates",
    "main": "principal", "received": "got", "children": "kids", "while": "whereas", "because": "since",
    "about": "around", "several": "a number of", "people": "individuals", "important": "significant", "wrote": "authored",
    "required": "needed", "entire": "whole", "primarily": "mainly", "ended": "finished", "film": "movie",
    "founded": "established", "residents": "inhabitants", "killed": "slain", "killing": "slaying", "war": "conflict",
    "however": "nevertheless", "house": "home", "allows": "lets", "prior to": "before", "attempted": "tried",
    "released": "put out", "various": "different", "produced": "made", "moved": "relocated", "led to": "resulted in",
}  # fmt: skip
_ANTONYMS = {
    "increased": "decreased", "increase": "decrease", "largest": "smallest", "before": "after", "after": "before",
    "more": "less", "first": "last", "higher": "lower", "northern": "southern", "eastern": "western", "won": "lost",
    "north": "south", "east": "west", "high": "low", "large": "small", "early": "late", "rejected": "accepted",
    "began": "ended", "most": "least", "allowed": "forbade", "supported": "opposed", "highest": "lowest",
    "southern": "northern", "western": "eastern", "south": "north", "west": "east", "male": "female", "public": "private",
}  # fmt: skip
_OPENERS = ("According to the documents, ", "In summary, ", "Overall, ", "The passage states that ", "Additionally, ")


class Made(NamedTuple):
    """A sentence, the passages it cites, what was done to make it, and whether it is faithful to them."""

    kind: str
    sentence: str
    passages: tuple[Passage, ...]
    faithful: bool
    part: Part


class Paragraph(NamedTuple):
    """A paragraph of a document, its sentences and the questions that it answers."""

    document: str
    passage: Passage
    sentences: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]


def part_of(document: str) -> Part:
    """Return to which part a document belongs, by its hash."""
    return "dev" if hashlib.sha256(document.encode()).digest()[0] % 2 else "held out"


def paragraphs(folder: Path, language: str = "en") -> list[Paragraph]:
    """Return the paragraphs of a set that are long enough, with the questions asked of them."""
    asked: dict[str, list[tuple[int, str, str]]] = {}
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if question.get("answers") and question.get("evidence"):
            found = question["evidence"][0]
            asked.setdefault(question["doc_id"], []).append((found["start"], question["question"], question["answers"][0]))
    return [
        paragraph
        for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        for paragraph in _paragraphs(json.loads(line), asked, language)
    ]


def _paragraphs(
    document: dict[str, str], asked: dict[str, list[tuple[int, str, str]]], language: str
) -> Iterator[Paragraph]:
    for block in re.finditer(r"[^\n]+", document["text"]):
        text = block.group()
        if 200 <= len(text) <= 1600:
            sentences = [text[start:end] for start, end in sentence_spans(text)]
            questions = [(q, a) for at, q, a in asked.get(document["id"], ()) if block.start() <= at < block.end()]
            passage = Passage(text=text, context=document["title"].replace("_", " "), language=language)
            yield Paragraph(document["id"], passage, tuple(sentences), tuple(questions))


def usable(sentence: str) -> bool:
    """Whether a sentence is prose of a usable length."""
    return _SHORTEST <= len(sentence) <= _LONGEST and sentence[0].isupper() and sentence.endswith(".") and '"' not in sentence


# --- faithful -------------------------------------------------------------------------------------------------------

Maker = Callable[[Paragraph, Sequence[Paragraph], random.Random], Iterator[str]]


def verbatim(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    yield from filter(usable, paragraph.sentences)


def opened(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        first = sentence.split()[0]
        plain = sentence[0].lower() + sentence[1:] if first in ("The", "In", "A", "It", "This", "He") else sentence
        yield chance.choice(_OPENERS) + plain


def clause_dropped(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        shorter = re.sub(r" \([^()]*\)|, (?:which|who|where|including|such as)\b[^,.]*(?=[,.])", "", sentence, count=1)
        if shorter != sentence and len(shorter) >= _SHORTEST:
            yield shorter


def reordered(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        found = re.fullmatch(r"((?:In|On|At|During|After|Before|By|Since) [^,.]{3,40}), ([^.;]+)\.", sentence)
        if found:
            main = found[2]
            yield f"{main[0].upper()}{main[1:]} {found[1][0].lower()}{found[1][1:]}."


def number_respelt(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        respelt = re.sub(r"(?<=\d) ?%", " percent", sentence)
        respelt = re.sub(r"(?<![\w.,$-])([2-9]|1[0-2])(?= [a-z])(?! (?:percent|million|billion|am|pm))", lambda m: _SMALL[int(m[1])], respelt)
        respelt = re.sub(r"\b(three|four|five|six|seven|eight|nine)\b(?= [a-z])", lambda m: str(_SMALL.index(m[1])), respelt)
        respelt = re.sub(r"(?<![\d,.])(\d{1,3}),(\d)00,000(?!,)", r"\1.\2 million", respelt)
        respelt = re.sub(r"(?<=\d{2})(\d),(?=\d{3}(?!\d|,))", r"\1", respelt)
        if respelt != sentence:
            yield respelt


def rounded(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        for found in re.finditer(r"(?<![\w.,$])(\d{1,3}),(\d{3})(?![\w,])(?! (?:million|billion))", sentence):
            value = int(found[1] + found[2])
            step = 10 ** (len(str(value)) - 2)
            if value % step and not re.search(r"(?:about|around|over|than|approximately|nearly|least) $", sentence[: found.start()]):
                yield f"{sentence[: found.start()]}about {round(value / step) * step:,}{sentence[found.end() :]}"
                break


def date_respelt(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        if found := _DATE.search(sentence):
            month, day, year = (found["month"], found["day"], found["year"]) if found["month"] else (found["m"], found["d"], found["y"])
            ways = (f"{day} {month} {year}", f"{month} {day}, {year}", f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}")
            new = chance.choice([way for way in ways if way != found.group()])
            yield sentence[: found.start()] + new + sentence[found.end() :]


def synonyms(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        changed = re.sub(r"\b(" + "|".join(_SYNONYMS) + r")\b", lambda m: _SYNONYMS[m[1]], sentence)
        if changed != sentence:
            yield changed


def merged(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    good = [sentence for sentence in paragraph.sentences if usable(sentence) and len(sentence) < 180]
    if len(good) >= 2:
        one, other = chance.sample(good, 2)
        yield f"{one[:-1]}, {chance.choice(('and', 'while'))} {other[0].lower()}{other[1:]}"


def answered(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for question, answer in paragraph.asked:
        if statement := declarative(question, answer):
            yield statement


def quoted(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        if run := _run(sentence, chance):
            yield f"The article speaks of “{run}”."


def _run(sentence: str, chance: random.Random) -> str:
    words = sentence.rstrip(".").split()
    if len(words) < 9:
        return ""
    start = chance.randrange(0, len(words) - 7)
    return " ".join(words[start : start + 7])


def declarative(question: str, answer: str) -> str | None:
    """Return a question and its answer as a statement, where the question has one of a few plain shapes."""
    question, answer = question.strip().rstrip("?").strip(), answer.strip().rstrip(".")
    answer = re.sub(r"^(?:in|on|at|by) (?=[A-Z\d])", "", answer)
    for pattern, build in _SHAPES:
        if found := re.fullmatch(pattern, question, re.IGNORECASE):
            statement = build(found, answer)
            return statement[0].upper() + statement[1:] + "." if statement else None
    return None


_BE = r"(?P<be>is|are|was|were)"
_DONE = r"(?P<done>(?:\w+ly )?(?:\w+(?:ed|own|orn|wn)|built|made|held|found|born|led|won|sold|sent|set|written|given|taken|chosen|begun|located|known)\b.*)"
_SHAPES: tuple[tuple[str, Callable[[re.Match[str], str], str]], ...] = (
    (rf"(?:in |on )?(?:when|(?:what|which) (?:year|month|decade|century|date|day)) {_BE} (?P<what>.+?) {_DONE}",
     lambda m, a: f"{m['what']} {m['be']} {m['done']} in {a}"),
    (rf"where {_BE} (?P<what>.+?) {_DONE}", lambda m, a: f"{m['what']} {m['be']} {m['done']} in {a}"),
    (r"(?:in |on )?(?:when|where|(?:what|which) (?:year|month|decade|century|date|day|city|country|state)) did (?P<what>.+)",
     lambda m, a: f"in {a}, {_past(m['what'])}" if _past(m["what"]) else ""),
    (r"who (?P<does>(?!is\b|was\b|are\b|were\b|did\b|does\b|do\b)\w+ .+)", lambda m, a: f"{a} {m['does']}"),
    (rf"who {_BE} (?P<what>.+)", lambda m, a: f"{a} {m['be']} {m['what']}"),
    (rf"(?:what|which) {_BE} (?P<what>(?:the|its|his|her|their|one) .+)", lambda m, a: f"{m['what']} {m['be']} {a}"),
    (r"how many (?P<what>.+? (?:are|were|was|have|had|live|lived|attended|died|can|could|make|made)\b.*)", lambda m, a: f"{a} {m['what']}"),
    (r"(?:what|which) (?P<what>\w+(?: \w+)?) (?P<does>(?:was|were|is|has|had|won|led|made|caused|helped|built|founded)\b.+)",
     lambda m, a: f"{a} {m['does']}"),
)  # fmt: skip
_IRREGULAR = {
    "begin": "began", "become": "became", "win": "won", "leave": "left", "take": "took", "make": "made", "build": "built",
    "die": "died", "sign": "signed", "go": "went", "come": "came", "write": "wrote", "lose": "lost", "give": "gave",
    "hold": "held", "meet": "met", "get": "got", "see": "saw", "find": "found", "buy": "bought", "sell": "sold", "rise": "rose",
    "fall": "fell", "grow": "grew", "lead": "led", "occur": "occurred", "marry": "married", "have": "had",
}  # fmt: skip
_VERBS = (
    "start end open close move release receive join form establish found create publish graduate arrive return invade"
    " attack defeat enter happen launch appear adopt pass visit announce introduce complete propose develop declare"
    " discover record perform sign die live serve attend study work start reach conquer settle resign retire"
).split()


def _past(what: str) -> str:
    """Return "X start Y" as "X started Y", where the verb is known."""
    words = what.split()
    for at, word in enumerate(words[1:], 1):
        if word in _IRREGULAR or word in _VERBS:
            past = _IRREGULAR.get(word) or (word + "d" if word.endswith("e") else re.sub("y$", "i", word) + "ed")
            return " ".join([*words[:at], past, *words[at + 1 :]])
    return ""


# --- altered --------------------------------------------------------------------------------------------------------


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
            yield _put(sentence, found, chance.choice([month for month in _MONTHS if month != found.group()]))


def name_of_the_corpus(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in _statements(paragraph):
        found = _pick(_NAME, sentence, chance)
        pool = _NAME.findall(chance.choice(others).passage.text)
        fit = [n for n in pool if found and n.count(" ") == found.group().count(" ") and not _shares(n, paragraph.passage.text)]
        if found and fit and _shares(found.group(), paragraph.passage.text):
            yield _put(sentence, found, chance.choice(fit))


def name_of_the_passage(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    pool = sorted(set(_NAME.findall(paragraph.passage.text)))
    for sentence in _statements(paragraph):
        if found := _pick(_NAME, sentence, chance):
            fit = [name for name in pool if not _shares(name, sentence) and not name.split()[0] in _MONTHS]
            if fit and found.group().split()[0] not in _MONTHS:
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
        changed = re.sub(r"\b(was|were|is|are|can|could|will|would|had|has|did|does|do|may|should) not\b", r"\1", sentence, count=1)
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
        if run := _run(sentence, chance):
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


FAITHFUL: tuple[Maker, ...] = (
    verbatim, opened, clause_dropped, reordered, number_respelt, rounded, date_respelt, synonyms, merged, answered, quoted,
)  # fmt: skip
ALTERED: tuple[Maker, ...] = (
    number_changed, number_of_the_passage, date_changed, name_of_the_corpus, name_of_the_passage, roles_swapped, negated,
    denial_dropped, opposite, invented, clause_added, mixed, quotation_altered,
)  # fmt: skip


def make(found: Sequence[Paragraph], most: int, seed: int = 0) -> Iterator[Made]:
    """Yield up to ``most`` sentences of each kind and part, at most one of each kind from a paragraph."""
    for part in ("dev", "held out"):
        mine = [paragraph for paragraph in found if part_of(paragraph.document) == part]
        for makers, faithful in ((FAITHFUL, True), (ALTERED, False)):
            for maker in makers:
                yield from _of_kind(maker, mine, most, faithful, part, random.Random(f"{seed} {maker.__name__} {part}"))


def _of_kind(
    maker: Maker, found: Sequence[Paragraph], most: int, faithful: bool, part: Part, chance: random.Random
) -> Iterator[Made]:
    count = 0
    for paragraph in chance.sample(found, len(found)):
        others = [chance.choice(found) for _ in range(4)]
        others = [other for other in others if other.document != paragraph.document]
        made = list(maker(paragraph, others, chance)) if others else []
        if made:
            kind = maker.__name__.replace("_", " ")
            yield Made(kind, chance.choice(made), (paragraph.passage,), faithful, part)
            count += 1
            if count == most:
                return
