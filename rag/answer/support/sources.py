"""Passages made ready for comparison, and how well each of their sentences holds what a sentence says.

A word is held by its stem or by a word like it; a name by its telling words; a number or date by one that
bears it out. What a neighbouring sentence or the heading above says counts for less than the sentence itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.answer.support.agreement import borne_out, neighbouring_years, scales_of
from rag.answer.support.names import Name, Vocabulary, is_title, names, plain
from rag.answer.support.numbers import Number, numbers
from rag.answer.support.reading import Item, Reading, read
from rag.dates import Day, days, is_dated
from rag.embed import Embedder, Vectors
from rag.languages import speaks
from rag.sentences import sentence_spans
from rag.types import SearchResult, Value
from rag.words import STOP_WORDS, WORD

_NEIGHBOUR = 0.75  # what standing in the sentence before or after is worth, beside standing in it
_BESIDE = 0.45  # where it matters in which of the two it stands
_ABOVE = 0.85  # in the title or a heading
_ELSEWHERE = 0.5  # elsewhere in the passage
_PART_OF_A_NAME = 0.8
_FAINTEST, _CLEAREST = 0.22, 0.55  # cosines of word vectors: not alike at all, and as good as the same
_LIKE_A_NAME = 0.025  # told 72 % of the names of 120 articles from all but 2 % of their other words
_SOME_NAMES = (
    "france germany china london paris john mary smith johnson microsoft google obama japan texas california england"
    " india russia africa napoleon victoria boston harvard berlin madrid robert william charles thomas louis chicago"
    " egypt israel iraq korea brazil mexico spain italy greece poland sweden david peter michael henry elizabeth anna"
    " toyota intel amazon nasa shakespeare darwin einstein newton lincoln washington hitler stalin mozart"
).split()
_SOME_WORDS = (
    "the water people government increase running blue quickly method result system food animal city house study large"
    " small important scientists students workers women companies countries prices sales inflation research evidence"
    " critics early several building music language history energy light power disease treatment patients cells data"
    " report law economy market production trade war weather plant fish bird metal stone used made found called known"
    " include become"
).split()


class Passage(Value):
    """A text that a sentence may rest on; ``context`` is what stands above it: its title, its headings."""

    text: str
    context: str = ""
    language: str = "en"


def passage_under(text: str, title: str, headings: Sequence[str], language: str) -> Passage:
    """Return a text that stands under a title and headings as a passage to rest on."""
    return Passage(text=text, context="\n".join(dict.fromkeys((title, *headings))), language=language or "en")


def passage_of(result: SearchResult) -> Passage:
    """Return what was found for a question as a passage to rest on."""
    return passage_under(result.chunk.text, result.title, result.chunk.headings, result.language)


@dataclass(frozen=True)
class Line:
    """A sentence of a passage: which passage, where in it, and what it says."""

    passage: int
    start: int
    end: int
    reading: Reading

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Its words, as names are looked for in them."""
        return Vocabulary(self.reading.text)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Its numbers, years of dates among them."""
        return numbers(self.reading.text) + neighbouring_years(self.reading.text)

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """Its dates."""
        return days(self.reading.text)

    @cached_property
    def years(self) -> frozenset[int]:
        """The years it names."""
        return frozenset(int(n.low) for n in self.numbers if n.is_year) | {day.year for day in self.days}


@dataclass(frozen=True)
class Sources:
    """Passages, read."""

    passages: tuple[Passage, ...]
    lines: tuple[Line, ...]
    proper: frozenset[str]

    @property
    def language(self) -> str:
        """The language of the first."""
        return self.passages[0].language if self.passages else "en"

    @cached_property
    def text(self) -> str:
        """All that they say, with what stands above them."""
        return "\n".join(f"{passage.context}\n{passage.text}" for passage in self.passages)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of all of them, as names are looked for in them."""
        return Vocabulary(self.text)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """All their numbers."""
        return numbers(self.text) + tuple(year for line in self.lines for year in neighbouring_years(line.reading.text))

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """All their dates."""
        return days(self.text)

    @cached_property
    def years(self) -> frozenset[int]:
        """All the years they name."""
        return frozenset(int(n.low) for n in self.numbers if n.is_year) | {day.year for day in self.days}

    @cached_property
    def scales(self) -> tuple[float, ...]:
        """By what their figures may have to be multiplied."""
        return scales_of(self.text)

    @cached_property
    def above(self) -> tuple[Reading, ...]:
        """What stands above each passage, read."""
        return tuple(read(passage.context, passage.language, self.proper) for passage in self.passages)

    @cached_property
    def words(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The words of all lines one after another, and where each line's begin."""
        of_lines = [[item.word for item in line.reading.items] or [""] for line in self.lines]
        starts = np.cumsum([0] + [len(found) for found in of_lines[:-1]])
        return tuple(word for found in of_lines for word in found), starts


@lru_cache(maxsize=64)
def prepare(passages: tuple[Passage, ...]) -> Sources:
    """Return passages read."""
    proper = frozenset(_proper(passages))
    lines = tuple(
        Line(number, start, end, read(passage.text[start:end], passage.language, proper))
        for number, passage in enumerate(passages)
        for start, end in sentence_spans(passage.text)
    )
    return Sources(passages, lines, proper)


def _proper(passages: Sequence[Passage]) -> set[str]:
    """Return the words that surely are names: with a capital within a sentence, and never in small letters."""
    found: set[str] = set()
    small: set[str] = set()
    for passage in passages:
        for start, end in sentence_spans(passage.text):
            for name in names(passage.text[start:end], passage.language):
                found.update(name.parts[1:] if name.opens else name.parts)
            small.update(word for word in passage.text[start:end].split() if word.islower())
        if len(passage.context.split()) < 4:
            found.update(part for name in names(passage.context, passage.language) for part in name.parts)
    return {part for part in found if part not in small and not is_title(part)}


def read_claim(sentence: str, sources: Sources, embedder: Embedder | None) -> Reading:
    """Return a sentence of an answer read; its first word is a name where sources, or what it is like, say so."""
    first = WORD.search(sentence)
    opening = plain(first.group()) if first and first.group()[0].isupper() else ""
    is_new = opening and not sources.vocabulary.has(opening)
    known = is_new and embedder is not None and _is_like_a_name(opening, embedder)
    return read(sentence, sources.language, sources.proper | {opening} if known else sources.proper)


def _is_like_a_name(word: str, embedder: Embedder) -> bool:
    """Whether a word is more like names than like other words that begin sentences."""
    if not embedder.knows(word) or word in STOP_WORDS or not speaks(embedder.languages, "en"):
        return False
    own, *others = embedder.word_vectors([word, *_SOME_NAMES, *_SOME_WORDS])
    names, plain_words = np.split(np.array(others), [len(_SOME_NAMES)])
    return float(own @ (names.mean(axis=0) - plain_words.mean(axis=0))) > _LIKE_A_NAME


@dataclass(frozen=True)
class Match:
    """A sentence of an answer beside its sources.

    ``held`` has shape ``(items with meaning, lines)``: how well each line itself holds each (0–1).
    """

    claim: Reading
    sources: Sources
    held: Vectors

    @cached_property
    def own(self) -> Vectors:
        """The same with what the headings above a line hold."""
        passages = [line.passage for line in self.sources.lines]
        stated = np.array(
            [[_ABOVE * _stands_above(item, above) for above in self.sources.above] for item in self.claim.meant],
            dtype=np.float32,
        ).reshape(len(self.claim.meant), -1)
        own: Vectors = np.maximum(self.held, stated[:, passages])
        return own

    @cached_property
    def near(self) -> Vectors:
        """The same with what neighbouring lines, headings and the rest of the passage hold, each for less."""
        near = self.own.copy()
        passages = np.array([line.passage for line in self.sources.lines])
        for passage in range(len(self.sources.passages)):
            inside = np.flatnonzero(passages == passage)
            if len(inside):
                held = self.held[:, inside]
                best = np.maximum(near[:, inside], _ELSEWHERE * held.max(axis=1, keepdims=True))
                best[:, 1:] = np.maximum(best[:, 1:], _NEIGHBOUR * held[:, :-1])
                best[:, :-1] = np.maximum(best[:, :-1], _NEIGHBOUR * held[:, 1:])
                near[:, inside] = best
        return near

    @cached_property
    def beside(self) -> Vectors:
        """As ``near``, with less worth to the neighbours, and none to what stands farther away."""
        beside = self.own.copy()
        passages = np.array([line.passage for line in self.sources.lines])
        same = passages[1:] == passages[:-1]
        beside[:, 1:] = np.maximum(beside[:, 1:], _BESIDE * same * self.held[:, :-1])
        beside[:, :-1] = np.maximum(beside[:, :-1], _BESIDE * same * self.held[:, 1:])
        return beside

    @cached_property
    def weights(self) -> Vectors:
        """The weight of each item."""
        return np.array([item.weight for item in self.claim.meant], dtype=np.float32)

    def cover(self, held: Vectors, places: Sequence[int] | None = None) -> Vectors:
        """Return which share (0–1) of the items at ``places`` (None: of all) each line holds."""
        chosen = list(range(len(self.weights))) if places is None else list(places)
        weights = self.weights[chosen]
        shares: Vectors = weights @ held[chosen] / max(float(weights.sum()), 1e-6)
        return shares


def match(claim: Reading, sources: Sources, embedder: Embedder | None) -> Match:
    """Return how well each line of the sources holds each item of a sentence."""
    held = np.zeros((len(claim.meant), len(sources.lines)), dtype=np.float32)
    if held.size:
        plain = [at for at, item in enumerate(claim.meant) if item.kind == "word"]
        if plain:
            held[plain] = _words_held([claim.meant[at] for at in plain], sources, embedder)
        for at, item in enumerate(claim.meant):
            if item.kind != "word":
                held[at] = [_fact_held(item, line, sources) for line in sources.lines]
    return Match(claim, sources, held)


def _words_held(items: Sequence[Item], sources: Sources, embedder: Embedder | None) -> Vectors:
    """Return how well each line holds each word: 1 by its stem, less by a word that is like it."""
    vocabulary, starts = sources.words
    row = {item.key: at for at, item in enumerate(items)}
    held = np.zeros((len(items), len(sources.lines)), dtype=np.float32)
    if embedder is not None and speaks(embedder.languages, sources.language):
        own = embedder.word_vectors([item.word for item in items])
        distinct = list(dict.fromkeys(vocabulary))
        column = {word: at for at, word in enumerate(distinct)}
        alike = own @ embedder.word_vectors(distinct).T
        alike = np.clip((alike - _FAINTEST) / (_CLEAREST - _FAINTEST), 0, 0.95)
        held = np.maximum.reduceat(alike[:, [column[word] for word in vocabulary]], starts, axis=1)
    for at, line in enumerate(sources.lines):
        for stem in line.reading.stems & row.keys():
            for place, item in enumerate(items):
                if item.key == stem:
                    held[place, at] = 1.0
    return held


def _fact_held(item: Item, line: Line, sources: Sources) -> float:
    said = item.said
    if isinstance(said, Number):
        return float(borne_out(said, line.numbers, sources.scales))
    if isinstance(said, Day):
        return float(is_dated(said, line.days, line.years | sources.years))
    return name_held(said, line.vocabulary) if said else 0.0


def name_held(name: Name, vocabulary: Vocabulary) -> float:
    """Return how well a name is held: whole, in part, or not."""
    telling = [part for part in name.parts if not is_title(part)] or list(name.parts)
    found = [vocabulary.has(part) for part in telling]
    if all(found) or vocabulary.spells(name):
        return 1.0
    return _PART_OF_A_NAME if any(found) else 0.0


def _stands_above(item: Item, above: Reading) -> float:
    if isinstance(item.said, Name):
        return name_held(item.said, vocabulary(above.text))
    if isinstance(item.said, Number):
        return float(borne_out(item.said, numbers(above.text)))
    return float(item.key in above.stems)


@lru_cache(maxsize=5000)
def vocabulary(text: str) -> Vocabulary:
    """Return the words of a text, as names are looked for in them."""
    return Vocabulary(text)
