"""Passages of a set that may be taken for the answer to a question, and are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from rag.read.sets import Asked, Text
from rag.words import STOP_WORDS, words

_RARE = 4  # words of a question by which passages like it are looked for
_LOOKED_AT = 60  # passages that hold such a word
_TRIED = 8


class Neighbours:
    """Finds passages that are like a question, or of the same document."""

    def __init__(self, texts: Sequence[Text]) -> None:
        found = {(text.title, *text.sentences[:2]): text for text in texts if text.sentences}
        self._texts = [text.without_answer(text.title) for text in found.values()]  # what answers another question
        self._holding = defaultdict[str, list[int]](list)
        self._of_document = defaultdict[str, list[int]](list)
        for at, text in enumerate(self._texts):
            self._of_document[text.document].append(at)
            for word in {word for sentence in text.sentences for word in words(sentence)} - STOP_WORDS:
                self._holding[word].append(at)

    def like(self, asked: Asked, random: Random) -> list[Text]:
        """Return a passage with the question's rare words and not its answer; none where there is none."""
        held = {word: self._holding[word] for word in words(asked.question) if word in self._holding}
        worth = defaultdict[int, float](float)
        for word in sorted(held, key=lambda word: len(held[word]))[:_RARE]:
            for at in random.sample(held[word], min(_LOOKED_AT, len(held[word]))):
                worth[at] += 1 / (1 + len(held[word])) ** 0.5
        return self._first_lacking(sorted(worth, key=lambda at: -worth[at]), asked)

    def of_same_document(self, asked: Asked, random: Random) -> list[Text]:
        """Return another passage of the document that answers; none where there is none."""
        others = self._of_document[asked.gold[0].document] if asked.gold and asked.gold[0].title else []
        return self._first_lacking(random.sample(others, min(_TRIED, len(others))), asked)

    def any(self, random: Random) -> Text:
        """Return any passage."""
        return random.choice(self._texts)

    def _first_lacking(self, found: Sequence[int], asked: Asked) -> list[Text]:
        return [text for text in (self._texts[at] for at in found[:_TRIED]) if _lacks(text, asked)][:1]


def _lacks(text: Text, asked: Asked) -> bool:
    """Whether a passage is none of those that answer, and does not hold the answer."""
    said = " ".join(text.sentences).lower()
    firsts = {one.sentences[0] for one in asked.gold}
    return text.sentences[0] not in firsts and not any(len(a) > 1 and a.lower() in said for a in asked.answers)
