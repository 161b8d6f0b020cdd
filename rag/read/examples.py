"""Questions with their passages → what the reader is trained on: windows, and which of their sentences answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from tokenizers import Tokenizer

from rag.read.mix import MIX, Recipe
from rag.read.neighbours import Neighbours
from rag.read.sets import Asked, Text, is_held_out, read_set, set_file
from rag.read.windows import LONGEST, Encoder, Window, size_beside, size_of
from rag.words import STOP_WORDS, words

_LEAST_ROOM = 64  # tokens for sentences, however long question and headings are
_MEASURED_LENGTH = 200  # tokens of a held-out question's windows
_GREETINGS = (
    "Hi all,|Hello everyone,|Dear colleagues,|Good morning,|Thanks,|Best regards,|Kind regards|Thank you!|See you there"
).split("|")
_LABELS = (
    "Note:|Overview|Introduction|Summary|Contents|See also|Contact:|Details:|Questions?|Learn more|On this page"
    "|Read more|Example:|Next steps|Date:|Agenda|Background|Page 2|Draft"
).split("|")
_SPEAKERS = "Anna|Ben|Chloe|David|Elena|Farid|Grace|Hugo|Ines|Jonas|Kofi|Lena|Maria|Noah|Olga|Peter|Ruth|Sam".split("|")


class Example(NamedTuple):
    """A question, its windows, and for each sentence of each whether it answers.

    ``question`` are token numbers. ``spans`` holds where the words stand that answer: window, sentence, first and last
    token.
    """

    set: str
    question: list[int]
    windows: list[Window]
    labels: list[list[bool]]
    spans: list[tuple[int, int, int, int]]


class Examples:
    """The examples of a run, each made when it is asked for; the same ones for the same seed."""

    def __init__(self, data: Path, tokenizer: Tokenizer, recipe: Recipe, seed: int) -> None:
        self._encoder = Encoder(tokenizer)
        self._tokens = lru_cache(100_000)(lambda text: self._encoder.pieces([text])[0])
        self._recipe = recipe
        self._seed = seed
        self._draws = Random(seed)
        self._drawn: list[tuple[str, int]] = []
        self._taken = Counter[str]()  # of each set: one question after the other, so that none comes twice before all
        self._asked: dict[str, list[Asked]] = {}
        self._held_out: dict[str, list[Asked]] = {}
        self._neighbours: dict[str, Neighbours] = {}
        self._mix = [source for source in MIX if set_file(data, source).is_file()]
        for source in self._mix:
            every = list(read_set(data, source))
            self._asked[source.name] = [one for one in every if not is_held_out(one.question)]
            self._held_out[source.name] = [one for one in every if is_held_out(one.question)]
            Random(seed).shuffle(self._asked[source.name])
            Random(0).shuffle(self._held_out[source.name])  # the same ones are measured, whatever the seed
            self._neighbours[source.name] = Neighbours([text for one in every for text in (*one.gold, *one.others)])

    def counts(self) -> dict[str, int]:
        """Return how many questions of each set there are to learn from."""
        return {name: len(some) for name, some in self._asked.items()}

    def at(self, number: int) -> Example:
        """Return the example of a place in the run."""
        while len(self._drawn) <= number:
            [source] = self._draws.choices(self._mix, [source.share for source in self._mix])
            self._drawn.append((source.name, self._taken[source.name]))
            self._taken[source.name] += 1
        name, place = self._drawn[number]
        some = self._asked[name]
        return self._example(some[place % len(some)], Random(self._seed * 1_000_003 + number))

    def held_out(self, name: str, most: int) -> Iterator[Example]:
        """Yield held-out questions of a set: the passage that answers, where one does, and two like the question."""
        for number, asked in enumerate(self._held_out[name][:most]):
            random, near = Random(number), self._neighbours[name]
            texts = [*asked.gold[:2], *asked.others[:1], *near.like(asked, random), *near.like(asked, random)]
            cut = [self._cut(text, _MEASURED_LENGTH, text.headings, random) for text in texts[:3]]
            yield self._put_together(asked.set, asked.question, cut)

    def _example(self, asked: Asked, random: Random) -> Example:
        recipe = self._recipe
        question = _reworded(asked.question, recipe, random)
        [length] = random.choices([n for n, _ in recipe.lengths], [share for _, share in recipe.lengths])
        is_headed = random.random() < recipe.context
        gold, decides = self._gold(asked, random)
        texts = self._beside(asked, gold, random)
        shown = [_disguised(_noisy(text, question, recipe, random), recipe, random) for text in texts]
        cut = [self._cut(text, length, text.headings if is_headed or decides else "", random) for text in shown]
        return self._put_together(asked.set, question, cut)

    def _gold(self, asked: Asked, random: Random) -> tuple[list[Text], bool]:
        """Return the passages that answer, and whether they stand under a title by which they do not; or none."""
        recipe = self._recipe
        kind = random.random()
        if not asked.gold or kind < recipe.left_out:
            return [], False
        if kind < recipe.left_out + recipe.titled and _title_decides(asked):
            near = self._neighbours[asked.set]
            return [text.without_answer(near.any(random).title) for text in asked.gold], True
        return list(asked.gold), False

    def _beside(self, asked: Asked, gold: Sequence[Text], random: Random) -> list[Text]:
        """Return the passages that are shown with a question: those of ``gold``, and others."""
        recipe, near = self._recipe, self._neighbours[asked.set]
        texts = list(gold)
        texts += [text for text in asked.others[:2] if not asked.gold or random.random() < recipe.beside]
        for _ in range(recipe.most_hard_negatives):
            if not texts or random.random() < recipe.hard_negative:
                texts += [text for text in near.like(asked, random) if text not in texts]
        if not texts or random.random() < recipe.same_document:
            texts += [text for text in near.of_same_document(asked, random) if text not in texts]
        return texts or [near.any(random)]

    def _cut(self, text: Text, length: int, context: str, random: Random) -> tuple[Text, str]:
        """Return as many sentences around one that answers as fit in a window of ``length`` tokens, and ``context``."""
        beside = size_beside(self._tokens(context))
        room = min(max(length, beside + _LEAST_ROOM), LONGEST) - beside
        sizes = [size_of(self._tokens(sentence)) for sentence in text.sentences]
        first = random.choice(sorted(text.positive)) if text.positive else random.randrange(len(sizes))
        last, used, open_sides = first, sizes[first], [True, True]
        while any(open_sides):
            side = random.choice([at for at in (0, 1) if open_sides[at]])
            at = last + 1 if side else first - 1
            if not 0 <= at < len(sizes) or used + sizes[at] > room:
                open_sides[side] = False
            else:
                used += sizes[at]
                first, last = min(first, at), max(last, at)
        return text.stretch(first, last + 1), context

    def _put_together(self, name: str, question: str, cut: Sequence[tuple[Text, str]]) -> Example:
        windows = [
            self._encoder.window(self._tokens(context), [self._tokens(one) for one in text.sentences])
            for text, context in cut
        ]
        labels = [[at in text.positive for at in range(len(text.sentences))] for text, _ in cut]
        spans = [
            (number, at, tokens[0], tokens[-1])
            for number, ((text, _), window) in enumerate(zip(cut, windows, strict=True))
            for at, (start, end) in text.answers.items()
            if (tokens := _tokens_in(window, at, start, end))
        ]
        return Example(name, self._encoder.question(self._tokens(question)), windows, labels, spans)


def _tokens_in(window: Window, sentence: int, start: int, end: int) -> list[int]:
    """Return the places of the tokens of a sentence that stand in a span of it."""
    inside = range(*window.sentences[sentence])
    return [at for at in inside if window.spans[at][0] < end and start < window.spans[at][1]]


def _title_decides(asked: Asked) -> bool:
    """Whether the question names the document by its title, and what answers does not."""
    named = set(words(asked.gold[0].document)) - STOP_WORDS
    said = {word for text in asked.gold for sentence in text.sentences for word in words(sentence)}
    return bool(named & set(words(asked.question))) and not named & said


def _noisy(text: Text, question: str, recipe: Recipe, random: Random) -> Text:
    """Return a passage, at times with a line that says nothing: a greeting, a label, a heading, the question itself."""
    if random.random() >= recipe.noise:
        return text
    if random.random() < recipe.greetings:
        return text.with_line(random.randint(0, len(text.sentences)), random.choice(_GREETINGS))
    heading = random.choice([random.choice(_LABELS), random.choice(_LABELS), text.title.split(" / ")[-1], question])
    at = min(text.positive) if text.positive else random.randint(0, len(text.sentences))
    return text.with_line(at, heading or random.choice(_LABELS))


def _disguised(text: Text, recipe: Recipe, random: Random) -> Text:
    """Return a passage, at times as minutes or as steps: who says a sentence, or its number, before it."""
    kind = random.random()
    if kind < recipe.minutes:
        marks = [f"{random.choice(_SPEAKERS)}: " for _ in text.sentences]
    elif kind < recipe.minutes + recipe.numbered:
        marks = [f"{number}. " for number in range(1, len(text.sentences) + 1)]
    else:
        return text
    return Text(
        text.title,
        [mark + one for mark, one in zip(marks, text.sentences, strict=True)],
        text.positive,
        {at: (start + len(marks[at]), end + len(marks[at])) for at, (start, end) in text.answers.items()},
    )


def _reworded(question: str, recipe: Recipe, random: Random) -> str:
    """Return a question as people type it: at times without its mark, or its key words alone."""
    if random.random() < recipe.key_words:
        kept = [word for word in re.findall(r"[^\s?]+", question) if word.lower() not in STOP_WORDS]
        return " ".join(kept) if len(kept) > 1 else question
    return question.rstrip(" ?") if random.random() < recipe.no_question_mark else question
