"""Whether a sentence denies what its sources say, or says what they deny."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rag.answer.support.laid import laid_beside
from rag.answer.support.polarity import Denial, contraries, denials, opposites
from rag.answer.support.reading import Reading
from rag.answer.support.sources import Line, Match

_AS_GOOD = 0.1  # less of the sentence that a line may hold than the best, and still be what it rests on
_NEARLY_ALL = 0.75
_LEAST = 0.45  # of the sentence, for a line to be what it rests on

# Words that deny by themselves.
_NEGATIVE = frozenset(
    """reject oppos ban forbid prohibit prevent avoid fail refus deni lack miss absent absenc lose lost stop ceas
    imposs illeg unabl exclud except declin halt cancel abandon withdraw block unlik resist instead imposs impract
    invalid insuffici inadequ incorrect inact invis free zero object disagre rare unknown unclear doubt doubtful
    stay untouch exempt""".split()
)
_ONLY_LOOK = frozenset(
    """understand understood underst undertak undertaken undergo underground underwent unit univers union uniqu under
    unless until uniform discuss discov discoveri diseas distinct distribut district display distanc disciplin
    discharg dispos disput dissolv nonetheless""".split()
)


def contradicts(match: Match) -> bool:
    """Whether, for a clause of a sentence, every line that it may rest on says the contrary."""
    return any(_clause_contradicted(match, part, clause) for part, clause in zip(match.claim.parts, match.claim.clauses, strict=True))


def _clause_contradicted(match: Match, part: Reading, clause: Sequence[int]) -> bool:
    own = match.cover(match.own, clause)
    best = float(own.max(initial=0.0))
    lines = np.flatnonzero(own >= best - _AS_GOOD) if best >= _LEAST else []
    return len(lines) > 0 and all(_contrary(part, match.sources.lines[line], match, int(line)) for line in lines)


def _contrary(claim: Reading, line: Line, match: Match, at: int) -> bool:
    focus = _focus(claim, line.reading)
    said, source = _unmatched(denials(claim.text), denials(line.reading.text))
    in_focus = [denial for denial in denials(focus.text) if any(denial.reached == other.reached for other in source)]
    return (
        any(_unfounded(denial, claim, line.reading, source) for denial in said)
        or any(_ignored(denial, claim, focus, said) for denial in in_focus)
        or (not said and not in_focus and _opposed(claim, line, focus, _around(match, at, focus)))
    )


def _focus(claim: Reading, line: Reading) -> Reading:
    """Return the clause of a line that holds nearly all that the line holds of a clause of a sentence, or the line."""
    def held(reading: Reading) -> float:
        return sum(item.weight for item in claim.meant if item.key in reading.stems or item.said is not None and item.word in reading.text)

    whole = held(line)
    best = max(line.parts, key=held)
    return best if held(best) >= _NEARLY_ALL * whole else line


def _unmatched(said: Sequence[Denial], source: Sequence[Denial]) -> tuple[list[Denial], list[Denial]]:
    """Return the denials of a sentence and of a line that do not deny the same."""
    left = list(source)
    unmatched = []
    for denial in said:
        same = next((other for other in left if set(denial.reached) & set(other.reached)), None)
        if same is not None:
            left.remove(same)
        else:
            unmatched.append(denial)
    return unmatched, left


def _unfounded(denial: Denial, claim: Reading, line: Reading, source: Sequence[Denial]) -> bool:
    """Whether a sentence denies a word that the line says, and does not deny."""
    if not denial.reached:
        return False
    word = denial.reached[0]
    if word not in line.stems:
        return not source and not _negatives(line, claim) and not contraries(word) & line.stems
    return not opposites(word) & (line.stems - claim.stems) and not _negatives(line, claim)


def _ignored(denial: Denial, claim: Reading, line: Reading, said: Sequence[Denial]) -> bool:
    """Whether a line denies a word that the sentence says, and does not deny."""
    if not denial.reached:
        return False
    word = denial.reached[0]
    if word not in claim.stems or said or _count(line)[word] > sum(word in d.reached for d in denials(line.text)):
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


def _opposed(claim: Reading, line: Line, focus: Reading, nearby: frozenset[str]) -> bool:
    """Whether a line has the contrary of a word of the sentence, or its opposite in the same place."""
    for item in claim.items:
        if item.kind == "word" and item.weight and item.key not in nearby:
            contrary = contraries(item.key) & focus.stems
            if contrary and not contrary & claim.stems:
                return True
    return any(
        other.key in opposites(item.key)
        for block in laid_beside(claim, line)
        if block.flanked
        for item in block.mine
        for other in block.theirs
    )


def _around(match: Match, at: int, focus: Reading) -> frozenset[str]:
    """Return the stems of what a clause rests on: of a whole line, and of its neighbours in the passage too."""
    lines = match.sources.lines
    if focus is not lines[at].reading:
        return focus.stems
    some = [k for k in (at - 1, at, at + 1) if 0 <= k < len(lines) and lines[k].passage == lines[at].passage]
    return frozenset().union(*(lines[k].reading.stems for k in some))
