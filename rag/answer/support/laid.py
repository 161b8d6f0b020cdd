"""A sentence laid beside a source sentence, word by word: where each has something else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from rag.answer.support.agreement import says
from rag.answer.support.names import Name, same_name
from rag.answer.support.numbers import Number
from rag.answer.support.reading import Item, Reading
from rag.answer.support.sources import Line
from rag.dates import Day, is_dated

_TABLES = (1.0, 1e3, 1e6, 1e9)  # figures of a table may be in thousands or more
_ARTICLES = frozenset("the a an".split())
_MARGIN = 2  # items with meaning
_LONGEST = 3  # items of a stretch that has one thing in the place of another


class Block(NamedTuple):
    """What a sentence has in the place of what its source has.

    ``flanked`` where the words with meaning on both sides, if there are any, are the same; ``closed`` where there
    are some on both.
    """

    mine: tuple[Item, ...]
    theirs: tuple[Item, ...]
    flanked: bool
    closed: bool


@lru_cache(maxsize=1000)
def laid_beside(claim: Reading, line: Line) -> tuple[Block, ...]:
    """Return where a sentence and a line differ."""
    mine, theirs = (tuple(i for i in read.items if i.word not in _ARTICLES) for read in (claim, line.reading))
    said = [item.key if item.kind == "word" else f"{item.kind}:{item.key}" for item in mine]
    theirs = _stretch(theirs, [_key(item, claim, line) for item in theirs], frozenset(said))
    keys = [_key(item, claim, line) for item in theirs]
    codes = list(Levenshtein.opcodes(said, keys))
    same = [False] * len(said)
    for code in codes:
        if code.tag == "equal":
            same[code.src_start : code.src_end] = [True] * (code.src_end - code.src_start)
    return tuple(
        Block(
            mine[code.src_start : code.src_end],
            theirs[code.dest_start : code.dest_end],
            _flanked(code.src_start, code.src_end, same, mine),
            any(item.weight for item in mine[: code.src_start]) and any(item.weight for item in mine[code.src_end :]),
        )
        for code in codes
        if code.tag == "replace"
    )


def _stretch(items: Sequence[Item], keys: Sequence[str], said: frozenset[str]) -> tuple[Item, ...]:
    """Return the items of a line from the first that a sentence has too to the last, and a few on both sides."""
    meant = [at for at, item in enumerate(items) if item.weight]
    shared = [place for place, at in enumerate(meant) if keys[at] in said]
    if not shared:
        return tuple(items)
    start = meant[shared[0] - _MARGIN] if shared[0] >= _MARGIN else 0
    end = meant[shared[-1] + _MARGIN] + 1 if shared[-1] + _MARGIN < len(meant) else len(items)
    return tuple(items[start:end])


def _key(item: Item, claim: Reading, line: Line) -> str:
    """Return by what an item is compared: the same for a name or number and what the sentence calls it."""
    if item.said is None:
        return item.key
    same = next((other for other in claim.items if other.said is not None and same_thing(other, item, line)), item)
    return f"{same.kind}:{same.key}"


def _flanked(start: int, end: int, same: Sequence[bool], items: Sequence[Item]) -> bool:
    before = next((same[at] for at in range(start - 1, -1, -1) if items[at].weight), True)
    after = next((same[at] for at in range(end, len(items)) if items[at].weight), True)
    return before and after and end - start <= _LONGEST


def same_kind(one: Item, other: Item) -> bool:
    """Whether two items are of a kind, so that one may stand in the place of the other."""
    if one.kind == "name" or other.kind == "name":
        return one.kind == other.kind
    if isinstance(one.said, Number) and isinstance(other.said, Number):
        units = one.said.unit == other.said.unit or not (one.said.unit and other.said.unit)
        return one.said.is_year == other.said.is_year and units and not other.said.soft
    if one.kind == "date" or other.kind == "date":
        return {one.kind, other.kind} <= {"date"} or any(
            isinstance(o.said, Number) and o.said.is_year for o in (one, other)
        )
    return False


def same_thing(item: Item, other: Item, line: Line) -> bool:
    """Whether an item of a sentence and one of a line are the same name, number or date."""
    if isinstance(item.said, Name) and isinstance(other.said, Name):
        return same_name(item.said, other.said)
    if isinstance(item.said, Number) and isinstance(other.said, Number):
        return any(says(item.said, other.said, by) for by in _TABLES) or says(other.said, item.said)
    if isinstance(item.said, Day) and isinstance(other.said, Day):
        return is_dated(item.said, [other.said], line.years) or is_dated(other.said, [item.said], line.years)
    if isinstance(item.said, Number) and isinstance(other.said, Day):
        return other.said.year == item.said.low
    if isinstance(item.said, Day) and isinstance(other.said, Number):
        return item.said.year == other.said.low
    return False
