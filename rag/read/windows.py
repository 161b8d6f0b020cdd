"""What the reader takes in at once: the headings over a stretch of a document, and its sentences.

    [CLS] title and headings sentence sentence … [SEP]

The question is taken in by itself, as the embedder does: what is compared are their tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import ReaderError
from rag.sentences import Span

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NOTHING = -20.0  # log-odds of a sentence without a token
LONGEST = 256  # tokens of a window, as many as the embedder takes; a passage has at most some 200
_QUESTION, _CONTEXT, _SENTENCE = 64, 48, 160  # tokens, beyond which each is cut off
_SIGNS = (("[CLS]", "<s>"), ("[SEP]", "</s>"))  # what begins a window, and ends it: of BERT, then of XLM-R


class Pieces(NamedTuple):
    """A text as token numbers, and the span of the text that each stands for."""

    ids: Sequence[int]
    spans: Sequence[Span]


class Window(NamedTuple):
    """What is run through the model at once.

    ``sentences`` are the places of the first token of each sentence, and after its last; ``spans`` what each token
    stands for, in the text that it is of.
    """

    ids: list[int]
    spans: list[Span]
    sentences: list[Span]


class Encoder:
    """Texts → windows."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # where they stand in a text, they are text
        self._tokenizer = tokenizer
        self._begin, self._end = (_number_of(tokenizer, signs) for signs in _SIGNS)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """Return each text as tokens."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Pieces(one.ids, one.offsets) for one in found]

    def question(self, question: Pieces) -> list[int]:
        """Return the token numbers of a question; of a very long one, the last tokens count."""
        return [self._begin, *question.ids[-_QUESTION:], self._end]

    def window(self, context: Pieces, sentences: Sequence[Pieces]) -> Window:
        """Return the window of some sentences under ``context``, of which the last tokens count."""
        ids = [self._begin, *context.ids[-_CONTEXT:]]
        spans: list[Span] = [(0, 0), *context.spans[-_CONTEXT:]]
        places = []
        for sentence in sentences:
            places.append((len(ids), len(ids) + len(sentence.ids[:_SENTENCE])))
            ids += sentence.ids[:_SENTENCE]
            spans += sentence.spans[:_SENTENCE]
        return Window([*ids, self._end], [*spans, (0, 0)], places)


def _number_of(tokenizer: Tokenizer, signs: Sequence[str]) -> int:
    numbers = map(tokenizer.token_to_id, signs)
    found: int | None = next((number for number in numbers if number is not None), None)
    if found is None:
        raise ReaderError(f"the vocabulary of this model has none of {', '.join(signs)}: train on top of another")
    return found


def size_beside(context: Pieces) -> int:
    """Return how many tokens of a window are no sentence's."""
    return min(len(context.ids), _CONTEXT) + 2


def size_of(sentence: Pieces) -> int:
    """Return how many tokens of a window a sentence takes."""
    return min(len(sentence.ids), _SENTENCE)
