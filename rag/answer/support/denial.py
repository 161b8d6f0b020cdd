"""Whether a sentence denies what its sources say, or says what they deny."""

from __future__ import annotations

import numpy as np

from rag.answer.support.polarity import Denial, denials, opposites
from rag.answer.support.reading import Item
from rag.answer.support.sources import Line, Match

_AS_GOOD = 0.12  # less of the sentence that a line may hold than the best, and still be what it rests on
_HELD = 0.55  # how well a line must hold a word to say it
_LEAST = 0.5  # of the sentence, for a line to be what it rests on


def contradicts(match: Match) -> bool:
    """Whether every line that a sentence may rest on says the contrary of it."""
    own = match.cover(np.maximum(match.held, 0.9 * match.near))
    best = float(own.max(initial=0.0))
    lines = [line for line in np.flatnonzero(own >= best - _AS_GOOD)] if best >= _LEAST else []
    return bool(lines) and all(_contrary(match, int(line)) for line in lines)


def _contrary(match: Match, at: int) -> bool:
    line = match.sources.lines[at]
    said, source = denials(match.claim.text), denials(line.reading.text)
    return (
        any(_unfounded(match, at, denial, line, source) for denial in said)
        or any(_ignored(match, denial, said) for denial in source)
        or _opposed(match, at, line, said, source)
    )


def _unfounded(match: Match, at: int, denial: Denial, line: Line, source: tuple[Denial, ...]) -> bool:
    """Whether a sentence denies a word that the line says, and does not deny."""
    if not denial.reached or source:
        return False
    word = denial.reached[0]
    contrary = opposites(word) & line.reading.stems
    return not contrary and not any(_negative(stem) for stem in line.reading.stems)


def _negative(stem: str) -> bool:
    """Whether a word denies by itself."""
    return stem in _NEGATIVE or (len(stem) > 6 and stem.startswith(("un", "non", "dis")) and stem not in _ONLY_LOOKS)


_NEGATIVE = frozenset(
    """reject oppos ban forbid prohibit prevent avoid fail refus deni lack miss absent absenc lose lost stop ceas
    imposs illeg unabl reduc exclud except remain declin drop end halt cancel abandon withdraw block unlik onli
    resist against instead imposs impract invalid insuffici inadequ incorrect inact invis free zero less least
    dissent protest object disagre rare unknown unclear doubt doubtful""".split()
)
_ONLY_LOOKS = frozenset(
    "understand understood underst undertak unit univers union uniqu under unless until uniform discuss".split()
    + "discov discoveri diseas distinct distribut district display distanc disciplin".split()
)


def _ignored(match: Match, denial: Denial, said: tuple[Denial, ...]) -> bool:
    """Whether a line denies a word that the sentence says, and does not deny."""
    if not denial.reached or said:
        return False
    word = denial.reached[0]
    stems = match.claim.stems
    return word in stems and not opposites(word) & stems and not any(_negative(stem) for stem in stems)


def _opposed(match: Match, at: int, line: Line, said: tuple[Denial, ...], source: tuple[Denial, ...]) -> bool:
    """Whether a line has the opposite in the place of a word of the sentence."""
    if bool(said) != bool(source):
        return False
    nearby = _around(match, at)
    for item in match.claim.items:
        if item.kind == "word" and item.key not in nearby:
            contrary = opposites(item.key) & line.reading.stems
            if contrary and not contrary & match.claim.stems and _meant(item):
                return True
    return False


def _meant(item: Item) -> bool:
    return len(item.key) > 2


def _around(match: Match, at: int) -> frozenset[str]:
    """Return the stems of a line and its neighbours in the passage."""
    lines = match.sources.lines
    some = [k for k in (at - 1, at, at + 1) if 0 <= k < len(lines) and lines[k].passage == lines[at].passage]
    return frozenset().union(*(lines[k].reading.stems for k in some))
