"""Question-answer sets as they are stored → questions with the passages that answer, and others beside them."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rag.read.mix import Source
from rag.sentences import Span
from rag.words import words

_HELD_OUT = 50  # one question in so many, by its words, so that the same question of two sets is on the same side
_MARK = re.compile(r"(?:[-*•–]|\(?\w{1,3}[.)])")  # of a list, cut off from its item
_SURE = 0.6  # share of the annotators who agree
_UNLICENSED = re.compile(r"torproject|GSA/smartpay", re.IGNORECASE)  # pages whose licence was not seen
_WHOLE = {"sentence", "weak sentence", "section", "table row"}  # evidence that is no span of words
_NOTHING: Mapping[int, Span] = MappingProxyType({})


class Text(NamedTuple):
    """A passage: its sentences, which of them answer, and where in these the words that do."""

    title: str
    sentences: Sequence[str]
    positive: frozenset[int] = frozenset()
    answers: Mapping[int, Span] = _NOTHING

    def stretch(self, first: int, last: int) -> Text:
        """Return its sentences from ``first`` to before ``last``."""
        return Text(
            self.title,
            self.sentences[first:last],
            frozenset(at - first for at in self.positive if first <= at < last),
            {at - first: span for at, span in self.answers.items() if first <= at < last},
        )

    def with_line(self, at: int, line: str) -> Text:
        """Return it with a line that does not answer before the sentence at ``at``."""
        return Text(
            self.title,
            [*self.sentences[:at], line, *self.sentences[at:]],
            frozenset(old + (old >= at) for old in self.positive),
            {old + (old >= at): span for old, span in self.answers.items()},
        )

    def without_answer(self, title: str) -> Text:
        """Return it under another title, by which it does not answer."""
        return Text(title, self.sentences)

    @property
    def document(self) -> str:
        """The title of the document, without the section's."""
        return self.title.split(" / ")[0].split("#")[0]

    @property
    def headings(self) -> str:
        """The title and the section's, a line each."""
        return self.title.replace(" / ", "\n").replace("#", "\n")


class Asked(NamedTuple):
    """A question of a set, the passages that answer it, and others that do not."""

    set: str
    question: str
    answers: Sequence[str]
    gold: Sequence[Text]
    others: Sequence[Text]


def set_file(data: Path, source: Source) -> Path:
    """Return the file of a set, which may be missing."""
    return data / f"{source.name}.jsonl.xz"


def read_set(data: Path, source: Source) -> Iterator[Asked]:
    """Yield the questions of a set that can be learned from."""
    with lzma.open(set_file(data, source), "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if not _is_sure(record) or _UNLICENSED.search(str(record.get("source", ""))):
                continue
            texts = [_text(passage, record, source) for passage in record["passages"]]
            gold = [text for text in texts if text.positive] if record["answerable"] else []
            if bool(gold) == record["answerable"]:
                others = [text for text in texts if not text.positive and text.sentences]
                yield Asked(source.name, _question(record), record.get("answers") or (), gold, others)


def is_held_out(question: str) -> bool:
    """Whether a question is for measuring, not for training."""
    folded = " ".join(words(question)).encode()
    return int.from_bytes(blake2b(folded, digest_size=4).digest(), "big") % _HELD_OUT == 0


def _is_sure(record: Mapping[str, Any]) -> bool:
    return record.get("span_sure") is not False and record.get("agree", 1.0) >= _SURE


def _question(record: Mapping[str, Any]) -> str:
    """Return a question after what was said before it, where it is nothing by itself."""
    question: str = record["question"]
    if record.get("scenario"):
        return f"{record['scenario']} {question}"
    if record.get("self_contained") is not False:
        return question
    turns = [one["content"] if isinstance(one, dict) else one.partition(":")[2] for one in record.get("history") or ()]
    return " ".join([*turns[-2:], question])


def _text(passage: Mapping[str, Any], record: Mapping[str, Any], source: Source) -> Text:
    text: str = passage["text"]
    spans = _sentences(text, passage["sentences"])
    marked = [(start, end) for start, end in passage.get("positive") or ()]
    are_whole = record.get("evidence") in _WHOLE
    if source.whole_passage and not marked and record["answerable"]:
        marked, are_whole = spans, True
    sentences = [text[start:end] for start, end in spans]
    if not are_whole:
        answers = _answers(spans, marked)
        return Text(passage["title"], sentences, frozenset(answers), answers)
    held = (at for at, span in enumerate(spans) if any(span[0] < end and start < span[1] for start, end in marked))
    return Text(passage["title"], sentences, frozenset(held))


def _sentences(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the spans of the sentences; the mark of an item goes with it."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and _MARK.fullmatch(text[slice(*joined[-1])].strip()):
            joined[-1] = joined[-1][0], end
        elif text[start:end].strip():
            joined.append((start, end))
    return joined


def _answers(spans: Sequence[Span], marked: Sequence[Span]) -> dict[int, Span]:
    """Return by sentence the words that answer, as a span of it: the first where several do."""
    found: dict[int, Span] = {}
    for start, end in marked:
        at = next((at for at, (first, last) in enumerate(spans) if first <= start < last), None)
        if at is not None:
            first, last = spans[at]
            found.setdefault(at, (start - first, min(end, last) - first))
    return found
