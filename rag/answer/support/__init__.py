"""Whether the passages that a sentence cites say what it says: by rules, so that the same is judged the same.

A language model gets numbers, names, dates and denials wrong, quotes what was never said, puts together what does
not belong together, and adds what nobody wrote. Each has its check; the first that fails gives the reason. What
remains is how much of the sentence its sources hold, other words for the same thing included. It does not know
what follows from what: a sum, a conclusion, or a claim in wholly other words it takes for unsupported, and one
that only shifts a stress it lets pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rag.answer.support.agreement import borne_out
from rag.answer.support.binding import misplaced
from rag.answer.support.denial import contradicts
from rag.answer.support.names import Name, is_title
from rag.answer.support.numbers import Number
from rag.answer.support.quotation import quotations, stands
from rag.answer.support.reading import Item, bare, is_silence
from rag.answer.support.sources import Match, Passage, Sources, match, passage_of, passage_under, prepare, read_claim
from rag.dates import is_dated
from rag.embed import Embedder
from rag.types import Value

__all__ = ["Judgement", "Passage", "attribute", "judge", "passage_of", "passage_under"]

# Chosen by hand on half of the sentences of tests/benchmarks/support.py.
_COVERED = 0.58  # the least share of a sentence that its sources hold
_CLAUSE_COVERED = 0.36  # of each of its clauses
_NOWHERE = 0.35  # a word held less well than this stands nowhere
_STRANGE = 2.5  # weight of words one after another that stand nowhere: an added thought, not another word for one
_CLEARLY = 0.7  # the share of a sentence that a passage must hold to be given to it unasked
_LONGEST_LIST = 12
_MOST_QUOTES = 3
_ADDS = 0.12  # of a sentence that another line must hold to be quoted beside the first


class Judgement(Value):
    """Whether a sentence is supported, why not, and the source sentences it rests on.

    ``quotes`` are (index of the passage, start, end), spans of the passage's text, in order.
    """

    supported: bool
    reason: str = ""
    quotes: tuple[tuple[int, int, int], ...] = ()


def judge(sentence: str, passages: Sequence[Passage], embedder: Embedder | None = None) -> Judgement:
    """Return whether ``passages``, all that the sentence cites, say what it says.

    Without an embedder, or in a language it does not speak, other words for the same thing are not known. A sentence
    that says nothing of its own, or only what the documents do not say, is supported by no quotes.
    """
    sources = prepare(tuple(passages))
    claim = read_claim(bare(sentence), sources, embedder)
    if not claim.meant or is_silence(sentence):
        return Judgement(supported=True)
    if not sources.lines:
        return Judgement(supported=False, reason="it has no source")
    found = match(claim, sources, embedder)
    reason = next(_faults(sentence, found), "")
    return Judgement(supported=not reason, reason=reason, quotes=_quotes(found))


def attribute(sentence: str, passages: Sequence[Passage], embedder: Embedder | None = None) -> int | None:
    """Return the index of the passage that clearly supports ``sentence``, the best of several; None without one."""
    held = [_held(sentence, passage, embedder) for passage in passages]
    ranked = sorted((at for at in range(len(held)) if held[at] >= _CLEARLY), key=lambda at: -held[at])
    return next((at for at in ranked if judge(sentence, [passages[at]], embedder).supported), None)


def _held(sentence: str, passage: Passage, embedder: Embedder | None) -> float:
    """Return which share of a sentence the line of a passage holds that holds most of it."""
    sources = prepare((passage,))
    claim = read_claim(bare(sentence), sources, embedder)
    if not claim.meant or not sources.lines or is_silence(sentence):
        return 0.0
    found = match(claim, sources, embedder)
    return float(found.cover(found.near).max())


def _faults(sentence: str, found: Match) -> Iterator[str]:
    """Yield what is wrong with a sentence, the plainest first."""
    texts = [passage.text for passage in found.sources.passages]
    if not all(any(stands(quotation, text) for text in texts) for quotation in quotations(sentence)):
        yield "the quotation is not there word for word"
    for item in found.claim.meant:
        if not _is_there(item, found.sources) and not _announces(sentence, item):
            yield f"the {item.kind} {item.text} is not in its sources"
    if contradicts(found):
        yield "it denies what the source says"
    if (placed := misplaced(found)) is not None:
        yield f"its sources say {placed.text} of something else"
    if not _is_quotation(sentence) and _little(found):
        yield "little of it is in its sources"


def _announces(sentence: str, item: Item) -> bool:
    """Whether a number only tells how many things are listed next: "There are three reasons:"."""
    return isinstance(item.said, Number) and item.said.low <= _LONGEST_LIST and sentence.rstrip("* ").endswith(":")


def _is_quotation(sentence: str) -> bool:
    """Whether most of a sentence is quoted, and so already found word for word."""
    quoted = sum(len(quotation.split()) for quotation in quotations(sentence))
    return 2 * quoted > len(sentence.split())


def _is_there(item: Item, sources: Sources) -> bool:
    """Whether a number, date or name stands in the sources at all; a plain word is not asked for."""
    said = item.said
    if isinstance(said, Number):
        return said.soft or borne_out(said, sources.numbers, sources.scales)
    if isinstance(said, Name):
        return _is_named(said, sources)
    return said is None or is_dated(said, sources.days, sources.years)


def _is_named(name: Name, sources: Sources) -> bool:
    vocabulary = sources.vocabulary
    telling = [part for part in name.parts if not is_title(part)]
    missing = [part for part in telling if not vocabulary.has(part)]
    if not missing or vocabulary.spells(name):
        return True
    surname = telling[-1]
    return (
        surname not in missing
        and len(telling) in (2, 3)
        and "-" not in name.text
        and not vocabulary.has_first_name(surname)
    )


def _little(found: Match) -> bool:
    """Whether the sources hold too little of a sentence, or of a clause of it."""
    if float(found.cover(found.near).max(initial=0.0)) >= 0.95:
        return False
    clauses = found.claim.clauses
    shares = [float(found.cover(found.near, clause).max(initial=0.0)) for clause in clauses]
    weights = [float(found.weights[list(clause)].sum()) for clause in clauses]
    whole = sum(share * weight for share, weight in zip(shares, weights, strict=True)) / max(sum(weights), 1e-6)
    return whole < _COVERED or min(shares) < _CLAUSE_COVERED or _longest_strange(found) >= _STRANGE


def _longest_strange(found: Match) -> float:
    """Return the weight of the longest run of words that stand nowhere."""
    longest = run = 0.0
    for held, weight in zip(found.near.max(axis=1), found.weights, strict=True):
        run = run + float(weight) if held < _NOWHERE else 0.0
        longest = max(longest, run)
    return longest


def _quotes(found: Match) -> tuple[tuple[int, int, int], ...]:
    """Return the lines that hold most of a sentence together, those that follow each other as one stretch."""
    chosen: list[int] = []
    held = np.zeros(len(found.weights), dtype=np.float32)
    total = float(found.weights.sum()) or 1.0
    for _ in range(_MOST_QUOTES):
        gains = found.weights @ np.maximum(found.held - held[:, None], 0) / total
        best = int(np.argmax(gains))
        if gains[best] < _ADDS and (chosen or gains[best] == 0):
            break
        chosen.append(best)
        held = np.maximum(held, found.held[:, best])
    return _stretches(found.sources, sorted(chosen))


def _stretches(sources: Sources, chosen: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    stretches: list[tuple[int, int, int]] = []
    last = -2
    for at in chosen:
        line = sources.lines[at]
        if at == last + 1 and stretches and stretches[-1][0] == line.passage:
            stretches[-1] = (line.passage, stretches[-1][1], line.end)
        else:
            stretches.append((line.passage, line.start, line.end))
        last = at
    return tuple(stretches)
