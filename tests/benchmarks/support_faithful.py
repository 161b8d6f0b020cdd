"""Sentences that are faithful to their paragraph: its own, and others made of them by rules."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

from tests.benchmarks.support_paragraphs import MONTHS, Maker, Paragraph, seven_words, usable

_MONTH = "|".join(MONTHS)
_DATE = re.compile(
    rf"\b(?P<month>{_MONTH}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}})|\b(?P<d>\d{{1,2}}) (?P<m>{_MONTH}) (?P<y>\d{{4}})"
)
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()
_SYNONYMS = {
    "began": "started", "large": "big", "built": "constructed", "approximately": "roughly", "many": "numerous",
    "often": "frequently", "near": "close to", "created": "made", "purchased": "bought", "located": "situated",
    "established": "set up", "nearly": "almost", "help": "assist", "show": "demonstrate", "shows": "demonstrates",
    "main": "principal", "received": "got", "children": "kids", "while": "whereas", "because": "since",
    "about": "around", "several": "a number of", "people": "individuals",
    "important": "significant", "wrote": "authored",
    "required": "needed", "entire": "whole", "primarily": "mainly", "ended": "finished", "film": "movie",
    "founded": "established", "residents": "inhabitants", "killed": "slain", "killing": "slaying", "war": "conflict",
    "however": "nevertheless", "house": "home", "allows": "lets", "prior to": "before",
    "attempted": "tried",
    "released": "put out", "various": "different", "produced": "made", "moved": "relocated", "led to": "resulted in",
}  # fmt: skip
_OPENERS = ("According to the documents, ", "In summary, ", "Overall, ", "The passage states that ", "Additionally, ")


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
        if shorter != sentence and usable(shorter):
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
        respelt = re.sub(
            r"(?<![\w.,$-])([2-9]|1[0-2])(?= [a-z])(?! (?:percent|million|billion|am|pm))",
            lambda m: _SMALL[int(m[1])],
            respelt,
        )
        respelt = re.sub(
            r"\b(three|four|five|six|seven|eight|nine)\b(?= [a-z])", lambda m: str(_SMALL.index(m[1])), respelt
        )
        respelt = re.sub(r"(?<![\d,.])(\d{1,3}),(\d)00,000(?!,)", r"\1.\2 million", respelt)
        respelt = re.sub(r"(?<=\d{2})(\d),(?=\d{3}(?!\d|,))", r"\1", respelt)
        if respelt != sentence:
            yield respelt


def rounded(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        for found in re.finditer(r"(?<![\w.,$])(\d{1,3}),(\d{3})(?![\w,])(?! (?:million|billion))", sentence):
            value = int(found[1] + found[2])
            step = 10 ** (len(str(value)) - 2)
            if value % step and not re.search(
                r"(?:about|around|over|than|approximately|nearly|least) $", sentence[: found.start()]
            ):
                yield f"{sentence[: found.start()]}about {round(value / step) * step:,}{sentence[found.end() :]}"
                break


def date_respelt(paragraph: Paragraph, others: Sequence[Paragraph], chance: random.Random) -> Iterator[str]:
    for sentence in filter(usable, paragraph.sentences):
        if found := _DATE.search(sentence):
            month, day, year = (
                (found["month"], found["day"], found["year"])
                if found["month"]
                else (found["m"], found["d"], found["y"])
            )
            ways = (
                f"{day} {month} {year}",
                f"{month} {day}, {year}",
                f"{year}-{MONTHS.index(month) + 1:02}-{int(day):02}",
            )
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
        if run := seven_words(sentence, chance):
            yield f"The article speaks of “{run}”."


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
_DONE = (
    r"(?P<done>(?:\w+ly )?(?:\w+(?:ed|own|orn|wn)|built|made|held|found|born|led|won"
    r"|sold|sent|set|written|given|taken|chosen|begun|known)\b.*)"
)
_SHAPES: tuple[tuple[str, Callable[[re.Match[str], str], str]], ...] = (
    (rf"(?:in |on )?(?:when|(?:what|which) (?:year|month|decade|century|date|day)) {_BE} (?P<what>.+?) {_DONE}",
     lambda m, a: f"{m['what']} {m['be']} {m['done']} in {a}"),
    (rf"where {_BE} (?P<what>.+?) {_DONE}", lambda m, a: f"{m['what']} {m['be']} {m['done']} in {a}"),
    (r"(?:in |on )?(?:when|where|(?:what|which) (?:year|month|decade|century|date|day|city|state)) did (?P<what>.+)",
     lambda m, a: f"in {a}, {_past(m['what'])}" if _past(m["what"]) else ""),
    (r"who (?P<does>(?!is\b|was\b|are\b|were\b|did\b|does\b|do\b)\w+ .+)", lambda m, a: f"{a} {m['does']}"),
    (rf"who {_BE} (?P<what>.+)", lambda m, a: f"{a} {m['be']} {m['what']}"),
    (rf"(?:what|which) {_BE} (?P<what>(?:the|its|his|her|their|one) .+)", lambda m, a: f"{m['what']} {m['be']} {a}"),
    (r"how many (?P<what>.+? (?:are|were|was|have|had|live|lived|attended|died|can|could|make|made)\b.*)",
     lambda m, a: f"{a} {m['what']}"),
    (r"(?:what|which) (?P<what>\w+(?: \w+)?) (?P<does>(?:was|were|is|has|had|won|led|made|caused|helped|built)\b.+)",
     lambda m, a: f"{a} {m['does']}"),
)  # fmt: skip
_IRREGULAR = {
    "begin": "began", "become": "became", "win": "won", "leave": "left", "take": "took", "make": "made",
    "build": "built",
    "die": "died", "sign": "signed", "go": "went", "come": "came", "write": "wrote", "lose": "lost", "give": "gave",
    "hold": "held", "meet": "met", "get": "got", "see": "saw", "find": "found", "buy": "bought",
    "sell": "sold", "rise": "rose",
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


FAITHFUL: tuple[Maker, ...] = (
    verbatim,
    opened,
    clause_dropped,
    reordered,
    number_respelt,
    rounded,
    date_respelt,
    synonyms,
    merged,
    answered,
    quoted,
)
