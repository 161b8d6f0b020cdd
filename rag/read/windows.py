"""What the reader takes in at once: a question, the headings over a stretch of a document, and its sentences.

    [CLS] question [SEP] title and headings [SEP] [unused1] sentence [unused1] sentence … [SEP]

The marker before a sentence is where the model says how likely that sentence answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.sentences import Span

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 320  # tokens of a window; a passage has at most some 200, its question and headings the rest
_QUESTION, _CONTEXT, _SENTENCE = 64, 48, 160  # tokens, beyond which each is cut off
_SIGNS = ("[CLS]", "[SEP]", "[unused1]")  # the last is a token that the published model was never trained on


class Pieces(NamedTuple):
    """A text as token numbers, and the span of the text that each stands for."""

    ids: Sequence[int]
    spans: Sequence[Span]


class Window(NamedTuple):
    """What is run through the model at once.

    ``markers`` are the places of the sentences' markers, ``ends`` the places after their last tokens, and ``spans``
    what each token stands for, in the text that it is of.
    """

    ids: list[int]
    spans: list[Span]
    markers: list[int]
    ends: list[int]


class Encoder:
    """Texts → windows."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._begin, self._end, self._marker = (tokenizer.token_to_id(sign) or 0 for sign in _SIGNS)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """Return each text as tokens."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Pieces(one.ids, one.offsets) for one in found]

    def window(self, question: Pieces, context: Pieces, sentences: Sequence[Pieces]) -> Window:
        """Return the window of some sentences under ``context``; of it and of the question, the last tokens count."""
        asked, above = _last(question, _QUESTION), _last(context, _CONTEXT)
        ids = [self._begin, *asked.ids, self._end, *above.ids, self._end]
        spans: list[Span] = [(0, 0), *asked.spans, (0, 0), *above.spans, (0, 0)]
        markers, ends = [], []
        for sentence in sentences:
            markers.append(len(ids))
            ids += [self._marker, *sentence.ids[:_SENTENCE]]
            spans += [(0, 0), *sentence.spans[:_SENTENCE]]
            ends.append(len(ids))
        return Window([*ids, self._end], [*spans, (0, 0)], markers, ends)


def _last(text: Pieces, most: int) -> Pieces:
    return Pieces(text.ids[-most:], text.spans[-most:])


def size_beside(question: Pieces, context: Pieces) -> int:
    """Return how many tokens of a window are no sentence's."""
    return min(len(question.ids), _QUESTION) + min(len(context.ids), _CONTEXT) + 4


def size_of(sentence: Pieces) -> int:
    """Return how many tokens of a window a sentence takes, with its marker."""
    return min(len(sentence.ids), _SENTENCE) + 1
