"""Whether what a sentence says stands together in its sources as it does in the sentence.

Each number and name may be there and the sentence still be wrong: "7 ships" of "5 ships and 7 planes", "Bell sued
Gray" of "Gray sued Bell". Told by what stands beside what; how words depend on each other it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from rag.answer.support.laid import laid_beside, same_kind, same_thing
from rag.answer.support.names import Name, beside_each_other, is_title, names
from rag.answer.support.numbers import Number
from rag.answer.support.reading import Item, Reading
from rag.answer.support.sources import Line, Match, name_held
from rag.embed import Vectors

_CLEARLY = 0.22  # by how much a line with another thing must hold more of what stands beside this one
_LEAST = 0.6  # of what stands beside it
_SAME = 0.39  # share of the items of a sentence that stand in the line it is laid beside
_BACK = 4  # lines that a pronoun may reach back
_NEARER = 0.35
_BREAK = re.compile(r"[,;:()—]|\b(?:and|while|whereas|but|to)\b")
_ANAPHOR = re.compile(
    r"\b(?:he|she|they|it|his|her|their|its|him|them|hers|theirs|who|which)\b|^(?:The|This|These|That|Those|Both|Such)\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|be)\b(?:\s+\w+)?\s+\w+(?:ed|en|wn|lt|nt|ht|ld|un|ung|ade|ut)\b", re.I
)
# What may stand between two names that may change places.
_EITHER_WAY = re.compile(
    r"[\s,/&-]*(?:(?:(?:inter)?marr(?:y|ied|ies)|met|with|border\w*|and|or|equals?|versus|vs|as well as|the|an?)\b"
    r"[\s,/&-]*)*",
    re.IGNORECASE,
)
# Before a number whose noun is left out: "412 people, up from 371".
_COMPARED = re.compile(
    r"\b(?:from|to|than|against|versus|vs\.?|after|with|compared to)\s+(?:(?:about|nearly|over|only|just|some)\s+)?$",
    re.IGNORECASE,
)
_OR = re.compile(r"\s*(?:or|to|[-–])\s*")  # between two numbers that share what they count
_LEADS = re.compile(r"\b(from|to)\s+(?:about\s+|nearly\s+|over\s+)?$", re.IGNORECASE)


def misplaced(match: Match) -> Item | None:
    """Return the first number, date or name of a sentence that its sources say of something else; else None."""
    for at, item in enumerate(match.claim.meant):
        if item.said is None or _is_light(item):
            continue
        if isinstance(item.said, Name) and _pieced_together(item.said, match):
            return item
        if _elsewhere(match, at) or _beside_another(match, at):
            return item
    return _turned_about(match) or _changed_places(match)


def _turned_about(match: Match) -> Item | None:
    """Return a number that a sentence goes "from" where its sources go "to" it from the other; else None."""
    said = {word: item for item in match.claim.items if (word := _leads(match.claim, item))}
    for line in match.sources.lines if len(said) == 2 else ():
        told = {word: item for item in line.reading.items if (word := _leads(line.reading, item))}
        if len(told) == 2 and all(same_thing(said[a], told[b], line) for a, b in (("from", "to"), ("to", "from"))):
            return said["to"]
    return None


def _leads(reading: Reading, item: Item) -> str:
    """Return the "from" or "to" before a number, or nothing."""
    before = _LEADS.search(reading.text, 0, item.start) if item.kind == "number" else None
    return before.group(1).lower() if before else ""


def _pieced_together(name: Name, match: Match) -> bool:
    """Whether two words of a name that follow each other stand in the sources in other names alone."""
    sources = [found for line in match.sources.lines for found in names(line.reading.text, line.reading.language)]
    for one, other in beside_each_other(name):
        with_one = [found for found in sources if one in found.parts]
        with_other = [found for found in sources if other in found.parts]
        apart = all(other not in found.parts for found in with_one)
        in_others = [any(len(found.parts) > 1 for found in some) for some in (with_one, with_other)]
        if apart and with_one and with_other and any(in_others) and not match.sources.vocabulary.joins(one, other):
            return True
    return False


def _elsewhere(match: Match, at: int) -> bool:
    """Whether lines that hold an item hold much less of its clause than one that has another in its place."""
    context = _context(match, at)
    if len(context) < 2:
        return False
    with_it = _where_it_stands(match, at)
    own, near = match.cover(match.held, context), match.cover(match.beside, context)
    rivals = [
        float(own[line])
        for line in range(len(own))
        if not with_it[line] and _rival(match, match.claim.meant[at], match.sources.lines[line])
    ]
    best = max(rivals, default=0.0)
    return best >= _LEAST and best - float(np.max(near * with_it, initial=0.0)) > _CLEARLY


def _context(match: Match, at: int) -> list[int]:
    """Return the places of what stands in the clause of an item with it."""
    clause = next(clause for clause in match.claim.clauses if at in clause)
    found = [place for place in clause if place != at]
    return found if len(found) >= 2 else [place for place in range(len(match.claim.meant)) if place != at]


def _where_it_stands(match: Match, at: int) -> Vectors:
    """Return for each line whether it holds an item: itself or, of a name, by a word that stands for it."""
    stands = match.held[at] >= 0.75
    if match.claim.meant[at].kind == "name":
        lines = match.sources.lines
        titled = match.near[at] >= 0.8
        for line in range(len(lines)):
            before = [k for k in range(max(0, line - _BACK), line) if lines[k].passage == lines[line].passage]
            if (titled[line] or any(match.held[at, k] >= 0.75 for k in before)) and _ANAPHOR.search(
                lines[line].reading.text
            ):
                stands[line] = True
    return stands


def _rival(match: Match, item: Item, line: Line) -> bool:
    """Whether a line holds another thing of the kind of ``item``, which the sentence does not name."""
    return any(
        same_kind(item, other) and not _named_by(match.claim, other, line) and not _is_bare_title(other)
        for other in line.reading.meant
    )


def _is_light(item: Item) -> bool:
    return _is_bare_title(item) or (isinstance(item.said, Number) and item.said.soft)


def _is_bare_title(item: Item) -> bool:
    return isinstance(item.said, Name) and all(is_title(part) for part in item.said.parts)


def _named_by(claim: Reading, other: Item, line: Line) -> bool:
    """Whether a sentence names a thing of a line."""
    return any(same_thing(item, other, line) for item in claim.meant)


def _beside_another(match: Match, at: int) -> bool:
    """Whether in each line that holds a number, what stands beside it stands nearer to another number."""
    item = match.claim.meant[at]
    if item.kind == "name":
        return False
    lines = [match.sources.lines[line] for line in np.flatnonzero(match.held[at] >= 0.75)]
    return bool(lines) and all(_nearer_to_another(match.claim, item, line) for line in lines)


def _nearer_to_another(claim: Reading, item: Item, line: Line) -> bool:
    own = [other for other in line.reading.meant if same_thing(item, other, line)]
    if any(_COMPARED.search(line.reading.text, 0, other.start) for other in own):
        return False
    rivals = [o for o in line.reading.meant if same_kind(item, o) and not same_thing(item, o, line)]
    if not own or not rivals:
        return False
    if any(_OR.fullmatch(_between(line.reading, one, other)) for one in own for other in rivals):
        return False
    pulls = {id(other): _pull(claim, item, line, other) for other in (*own, *rivals)}
    best = max(pulls[id(other)] for other in own)
    return max(pulls[id(other)] for other in rivals) - best > _NEARER


def _pull(claim: Reading, item: Item, line: Line, other: Item) -> float:
    """Return how near the neighbours of ``item`` in a sentence stand to ``other`` in a line."""
    total = 0.0
    for neighbour in claim.meant:
        if neighbour is item or neighbour.kind not in ("word", "name"):
            continue
        close = _nearness(claim, item, neighbour)
        if any(same_kind(item, o) and o is not item and _nearness(claim, o, neighbour) >= close for o in claim.meant):
            continue
        found = [_nearness(line.reading, other, word) for word in line.reading.items if _same(neighbour, word, line)]
        total += close * max(found, default=0.0) if close > 0.15 else 0.0
    return total


def _same(item: Item, other: Item, line: Line) -> bool:
    return item.key == other.key if item.said is None else same_thing(item, other, line)


def _nearness(reading: Reading, one: Item, other: Item) -> float:
    """Return 1 for two items side by side, less the more stands between them."""
    between = _between(reading, one, other)
    return 1 / (1 + len(between.split()) + 2 * len(_BREAK.findall(between)))


def _changed_places(match: Match) -> Item | None:
    """Return the item of a sentence in whose place the line most like it has another of the same kind."""
    own = match.cover(match.held)
    plain = [at for at, item in enumerate(match.claim.meant) if item.said is None]
    ranks = own + match.cover(match.held, plain) if plain else own
    line = int(np.argmax(ranks))
    return next(_exchanged(match, line), None) if own[line] >= _SAME else None


def _exchanged(match: Match, at: int) -> Iterator[Item]:
    """Yield the items of a sentence that a line, laid beside it word by word, has another thing in the place of."""
    claim, line = match.claim, match.sources.lines[at]
    for block in laid_beside(claim, line):
        pairs = zip([i for i in block.mine if i.said], [o for o in block.theirs if o.said], strict=False)
        for item, other in pairs if block.flanked else ():
            if same_kind(item, other) and not same_thing(item, other, line):
                if not isinstance(item.said, Name):
                    yield item
                elif name_held(item.said, line.vocabulary):
                    if _turned(claim, line, item, other, block.closed):
                        yield item
                elif not _is_meant_by_a_pronoun(match, item, other, at):
                    yield item


def _is_meant_by_a_pronoun(match: Match, item: Item, other: Item, at: int) -> bool:
    """Whether a line may mean the subject of a sentence by a pronoun, and has another thing elsewhere."""
    first = match.claim.meant[0] is item and match.sources.lines[at].reading.meant[0] is not other
    return first and bool(_where_it_stands(match, 0)[at])


def _turned(claim: Reading, line: Line, item: Item, other: Item, closed: bool) -> bool:
    """Whether two names of a line have changed places about the same words, in a way that says something else.

    It says the same with another voice, in a list, and beside a verb that goes both ways. Where the sentence names
    one of the two alone, it must have it in the midst of the same words: ``closed``.
    """
    mine = next((found for found in claim.meant if same_thing(found, other, line)), None)
    theirs = next((found for found in line.reading.meant if same_thing(item, found, line)), None)
    voices = [_PASSIVE.search(reading.text) is not None for reading in (claim, line.reading)]
    if mine is None or theirs is None:
        return closed
    if voices[0] != voices[1] or _EITHER_WAY.fullmatch(_between(line.reading, theirs, other)):
        return False
    keys = iter(_keys_between(line.reading, other, theirs))
    return all(key in keys for key in _keys_between(claim, item, mine))  # in the same order


def _keys_between(reading: Reading, one: Item, other: Item) -> list[str]:
    start, end = min(one.end, other.end), max(one.start, other.start)
    return [item.key for item in reading.meant if start <= item.start < end]


def _between(reading: Reading, one: Item, other: Item) -> str:
    return reading.text[min(one.end, other.end) : max(one.start, other.start)]
