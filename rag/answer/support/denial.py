"""Whether a sentence denies what its sources say, or says what they deny."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rag.answer.support.laid import laid_beside
from rag.answer.support.polarity import Denial, contraries, denials, opposites
from rag.answer.support.reading import Part, Reading, is_light
from rag.answer.support.roots import root
from rag.answer.support.sources import Line, Match
from rag.embed import Vectors
from rag.words import STOP_WORDS

_AS_GOOD = 0.08  # less of the sentence that a line may hold than the best, and still be what it rests on
_OF_THE_WHOLE = 0.5  # what the rest of the sentence counts for, beside the clause, in telling which line it rests on
_NEARLY_ALL = 0.75
_LIKE = 0.7  # how well a line must hold a word to say it in another
_BOUNDS = frozenset("until till sinc befor".split())
_LEAST = 0.45  # of the sentence, for a line to be what it rests on

# Words that deny by themselves.
_NEGATIVE = frozenset(
    """reject oppos ban forbid prohibit prevent avoid fail refus deni lack miss absent absenc lose lost stop ceas
    imposs illeg unabl exclud except declin halt cancel abandon withdraw block unlik resist instead imposs impract
    invalid insuffici inadequ incorrect inact invis free zero object disagre rare unknown unclear doubt doubtful
    stay untouch exempt onli sole unless""".split()
)
_ONLY_LOOK = frozenset(
    """understand understood underst undertak undertaken undergo underground underwent unit univers union uniqu under
    unless until uniform discuss discov discoveri diseas distinct distribut district display distanc disciplin
    discharg dispos disput dissolv nonetheless""".split()
)


def contradicts(match: Match) -> bool:
    """Whether, for a clause of a sentence, every line that it may rest on says the contrary."""
    whole = match.cover(match.own)
    clauses = zip(match.claim.parts, match.claim.clauses, strict=True)
    if any(
        _all(match, match.cover(match.own, clause) + _OF_THE_WHOLE * whole, part, clause) for part, clause in clauses
    ):
        return True
    lines = np.flatnonzero(whole >= max(_LEAST, float(whole.max(initial=0.0)) - _AS_GOOD))
    return len(lines) > 0 and all(_opposite_in_place(match.claim, match.sources.lines[line]) for line in lines)


def _all(match: Match, ranks: Vectors, part: Part, clause: Sequence[int]) -> bool:
    """Whether all lines that hold a clause best say the contrary of it."""
    if float(match.cover(match.own, clause).max(initial=0.0)) < _LEAST:
        return False
    lines = np.flatnonzero(ranks >= float(ranks.max()) - _AS_GOOD)
    return all(_contrary(match, part, int(line)) for line in lines)


def _contrary(match: Match, part: Part, at: int) -> bool:
    line = match.sources.lines[at]
    focus = _focus(part.reading, line.reading)
    said, source = _unmatched(denials(match.claim.text), denials(line.reading.text))
    others = [other for other in match.sources.lines if other is not line]
    here = [d for d in said if part.start <= d.start < part.end and not _denied_elsewhere(d, others)]
    there = [denial for denial in source if focus.start <= denial.start < focus.end]
    return (
        any(_unfounded(denial, match, at) for denial in here)
        or any(_ignored(denial, match.claim, part.reading, line.reading, focus.reading, said) for denial in there)
        or (not here and not there and _says_contrary(match, part, focus, _around(match, at, focus)))
    )


def _focus(clause: Reading, line: Reading) -> Part:
    """Return the clause of a line that holds nearly all that the line holds of a clause of a sentence, or the line."""

    def held(reading: Reading) -> float:
        return sum(item.weight for item in clause.meant if item.key in reading.stems or item.word in reading.text)

    best = max(line.parts, key=lambda part: held(part.reading))
    return best if held(best.reading) >= _NEARLY_ALL * held(line) else Part(0, len(line.text), line)


def _unmatched(said: Sequence[Denial], source: Sequence[Denial]) -> tuple[list[Denial], list[Denial]]:
    """Return the denials of a sentence and of a line that do not deny the same."""
    left = list(source)
    unmatched = []
    for denial in said:
        same = next((other for other in left if _same(denial, other)), None)
        if same is not None:
            left.remove(same)
        else:
            unmatched.append(denial)
    return unmatched, left


def _same(one: Denial, other: Denial) -> bool:
    """Whether two denials reach a word in common, or are one verb: "prevents"."""
    return bool(set(one.reached) & set(other.reached)) or (one.word == other.word and one.word not in STOP_WORDS)


def _denied_elsewhere(denial: Denial, lines: Sequence[Line]) -> bool:
    """Whether some line denies the same words."""
    reached = (set(other.reached) for line in lines for other in denials(line.reading.text))
    return any(len(found & set(denial.reached)) >= min(2, len(denial.reached)) for found in reached)


def _unfounded(denial: Denial, match: Match, at: int) -> bool:
    """Whether a sentence denies a word that the line says, itself or by a word like it, and does not deny."""
    claim, line = match.claim, match.sources.lines[at].reading
    if not denial.reached or (denial.bounded and not any(found.bounded for found in denials(line.text))):
        return False
    word = denial.reached[0]
    said = [place for place, item in enumerate(claim.meant) if item.key == word]
    if word not in line.stems and not any(match.held[place, at] >= _LIKE for place in said):
        return False
    beside = next((part.reading for part in line.parts if word in part.reading.stems), line)
    return not _negatives(beside, claim) and not opposites(word) & (line.stems - claim.stems)


def _ignored(
    denial: Denial, claim: Reading, clause: Reading, line: Reading, focus: Reading, said: Sequence[Denial]
) -> bool:
    """Whether a line denies a word that a clause of the sentence says, and does not deny."""
    if not denial.reached or said or (denial.bounded and not claim.stems & _BOUNDS):
        return False
    word = next((word for word in denial.reached if not is_light(word)), denial.reached[0])
    if word not in clause.stems or _count(focus)[word] > sum(word in d.reached for d in denials(focus.text)):
        return False
    return not opposites(word) & (claim.stems - line.stems) and not _negatives(claim, line)


def _count(reading: Reading) -> Counter[str]:
    return Counter(item.key for item in reading.items)


def _negatives(one: Reading, other: Reading) -> set[str]:
    """Return the words of one sentence, but not of another, that deny by themselves."""
    return {stem for stem in one.stems - other.stems if _negative(stem)}


def _negative(stem: str) -> bool:
    prefixed = len(stem) > 6 and stem.startswith(("un", "non", "dis"))
    return stem in _NEGATIVE or (prefixed and stem not in _ONLY_LOOK)


def _says_contrary(match: Match, part: Part, focus: Part, nearby: frozenset[str]) -> bool:
    """Whether a line has the contrary of a word of a clause, and not the word."""
    for item in part.reading.meant:
        if item.kind == "word" and item.key not in nearby:
            contrary = contraries(item.key) & focus.reading.stems
            if contrary and not contrary & match.claim.stems:
                return True
    return False


def _opposite_in_place(claim: Reading, line: Line) -> bool:
    """Whether a line has the opposite of a word of the sentence in its place."""
    if len(denials(claim.text)) != len(denials(line.reading.text)):
        return False
    return any(
        root(other.word.lower()) in opposites(root(item.word.lower()))
        for block in laid_beside(claim, line)
        if block.flanked
        for item in block.mine
        for other in block.theirs
    )


def _around(match: Match, at: int, focus: Part) -> frozenset[str]:
    """Return the stems of what a clause rests on: of a whole line, and of its neighbours in the passage too."""
    lines = match.sources.lines
    if focus.reading is not lines[at].reading:
        return focus.reading.stems
    some = [k for k in (at - 1, at, at + 1) if 0 <= k < len(lines) and lines[k].passage == lines[at].passage]
    return frozenset().union(*(lines[k].reading.stems for k in some))
