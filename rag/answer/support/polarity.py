"""Which words of a sentence are denied, and which pairs of words deny each other.

A denial reaches the next few words that carry meaning, up to the end of its clause. English alone; irony and
denials that no word shows are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from rag.answer.support.roots import root
from rag.words import STOP_WORDS, WORD

_DENIES = (
    r"not|never|no|none|nobody|nothing|nowhere|neither|nor|cannot|without|[a-z]+n['’]t|hardly|scarcely|barely|rarely"
    r"|seldom|unable|fail(?:s|ed|ing)?(?= to\b)|failure(?= to\b)|refus(?:es|ed|ing|al|e)|den(?:y|ies|ied|ying)"
    r"|lack(?:s|ed|ing)?|absen(?:ce|t)|declin(?:e|es|ed|ing)(?= to\b)|rather than|instead of|far from|free (?:of|from)"
    r"|no longer|unlikely|fails|prevent(?:s|ed|ing)?|exclud(?:e|es|ed|ing)|except|few|little"
)
_CUE = re.compile(rf"\b(?:{_DENIES})\b", re.IGNORECASE)
# That which looks like a denial and is none.
_NO_DENIAL = re.compile(
    r"\b(?:not only|not just|not merely|not least|no doubt|not to mention|no\.\s?\d|no fewer than|no less than"
    r"|no more than|a few|a little|quite a few|few(?:er)? than|the few|whether or not|if not|or not"
    r"|with or without|yes or no)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[;:()—]|,(?! (?:a|an|the)\b)|\b(?:but|however|although|though|while|whereas|because)\b|[.!?]\s", re.I
)
_BOUND = re.compile(r"[^.;,()]*\b(?:until\b|till\b|(?:since|before)\s+(?:\w+\s+)?\d)", re.IGNORECASE)
_REACH = 3  # words with meaning after the denial
_PREFIXES = ("un", "in", "im", "il", "ir", "non", "dis")

# Whichever stands in a source, the other beside the same words says the contrary.
_CONTRARY = """
increase decrease|increase reduce|increase fall|increase decline|increase drop|rise fall|rise drop|rise decline
rise decrease|grow shrink|grow decline|grow fall|raise lower|raise cut|raise reduce|expand contract|expand shrink
higher lower|allow ban|allow forbid|allow prohibit|permit ban|permit forbid|permit prohibit|legalise ban|accept reject
approve reject|adopt reject|support oppose|favour oppose|favor oppose|supporter opponent|include exclude
larger smaller|largest smallest|longer shorter|longest shortest|earliest latest|majority minority|upper lower
younger older|newer older|always never|maximum minimum|positive negative|possible impossible|legal illegal
success failure|succeed fail|indoor outdoor|warm cool|warm cold|stronger weaker|wealthy poor|true false|agree disagree
strengthen weaken|gain lose|create destroy|build demolish|appear disappear|present absent|add remove|cause prevent
encourage discourage|hire fire|married divorced|heavier lighter|dark light|dark bright|fast slow|faster slower
fastest slowest|deep shallow|wide narrow|thick thin|easy difficult|cheap expensive|cheaper dearer|safe dangerous
safe unsafe|guilty innocent|optimistic pessimistic|interior exterior|oldest youngest|oldest newest|highest lowest
deepest shallowest|automatic manual|automatically manually|compulsory optional|shallow deep|tallest shortest
upward downward|equal unequal|common rare|frequent rare|often rarely|often seldom|usually rarely|mandatory optional
compulsory voluntary|required optional|temporary permanent|active inactive|active passive|likely unlikely
formal informal|regular irregular|complete incomplete|known unknown|popular unpopular|stable unstable
successful unsuccessful|dependent independent|benefit harm|beneficial harmful|connect disconnect|visible invisible
natural artificial|vertical horizontal|dry wet|acid alkaline|liquid solid|simple complex|partial complete|partly fully
partially fully|conviction acquittal|convict acquit|promote demote|praise criticise|praise criticize|praise condemn
liberal conservative|offence defence|offense defense|inhibit activate|inhibit promote|inhibit enhance
inhibit stimulate|suppress activate|suppress enhance|upregulate downregulate|induce suppress|induce inhibit
improve worsen|improve impair|enhance reduce|enhance impair|susceptible resistant|sensitive resistant
essential unnecessary|necessary unnecessary|widespread isolated|surplus deficit|ascend descend|push pull
rejected accepted|surrender resist|alive dead|exceed miss|upgrade downgrade|extend shorten|inclusive exclusive
maternal paternal|plural singular|earliest last|inner outer|forward backward|front rear|eligible ineligible
valid invalid|relevant irrelevant|exempt subject|grant refuse|granted denied|confirm deny|admit deny
"""
# These may both be true, of two sides of one thing or of two things: contrary only in each other's place.
_CONVERSE = """
high low|more less|more fewer|most least|before after|first last|first second|north south|east west|northern southern
eastern western|win lose|won lost|win lost|winner loser|victory defeat|begin end|start end|start finish|start stop
began ended|begin ended|open close|buy sell|bought sold|import export|male female|man woman|men women|boy girl
father mother|son daughter|brother sister|husband wife|king queen|large small|big small|big little|long short
early late|earlier later|major minor|best worst|better worse|good bad|top bottom|left right|young old|new old|all none
all some|every no|many few|public private|rural urban|above below|inside outside|over under|hot cold|strong weak
rich poor|gain loss|profit loss|arrive depart|arrive leave|enter leave|join leave|ally enemy|friend enemy|lend borrow
born died|birth death|heavy light|near far|full empty|easy hard|internal external|domestic foreign|up down
same different|similar different|able unable|direct indirect|native foreign|ancient modern|single multiple
single double|double triple|advantage disadvantage|odd even|parent child|teacher student|employer employee
buyer seller|plaintiff defendant|civilian military|winter summer|spring autumn|day night|morning evening
prosecution defence|attack defend|income expense|asset liability|credit debit|prior subsequent|previous next
previously subsequently|predecessor successor|precede follow|preceded followed|send receive|give take|gave took
ask answer|withdraw deploy|retreat advance|survive perish|survive die|lived died|ahead behind|lead trail|initial final
initially finally|beginning end|opening closing|teach learn
"""


class Denial(NamedTuple):
    """A word that denies, and the stems of those it reaches."""

    word: str
    start: int
    end: int
    reached: tuple[str, ...]
    bounded: bool  # "not … until" says that it was so afterwards, "not … since" that it was so before


@lru_cache(maxsize=20_000)
def denials(text: str) -> tuple[Denial, ...]:
    """Return what ``text`` denies, in order."""
    spared = [found.span() for found in _NO_DENIAL.finditer(text)]
    return tuple(
        Denial(
            root(cue.group().lower()),
            cue.start(),
            cue.end(),
            _reached(text, cue.end()),
            _BOUND.match(text, cue.end()) is not None,
        )
        for cue in _CUE.finditer(text)
        if not any(start < cue.end() and cue.start() < end for start, end in spared)
    )


def _reached(text: str, start: int) -> tuple[str, ...]:
    """Return the first words with meaning after a denial, in its clause; beyond that where it ends at once."""
    stop = _CLAUSE_END.search(text, start)
    found = (
        _meant(text[start : stop.start() if stop else len(text)]) or _meant(text[start:]) or _meant(text[:start])[::-1]
    )
    return tuple(found[:_REACH])


def _meant(text: str) -> list[str]:
    return [root(word.group().lower()) for word in WORD.finditer(text) if word.group().lower() not in STOP_WORDS]


def contraries(key: str) -> frozenset[str]:
    """Return the stems of the words that say the contrary of a word, wherever they stand."""
    return _pairs(_CONTRARY).get(key, frozenset()) | _by_prefix(key)


def opposites(key: str) -> frozenset[str]:
    """Return the stems of the words that say the contrary of a word in whose place they stand."""
    return contraries(key) | _pairs(_CONVERSE).get(key, frozenset())


@cache
def _pairs(listed: str) -> Mapping[str, frozenset[str]]:
    pairs: dict[str, set[str]] = {}
    for pair in filter(None, re.split(r"[|\n]", listed)):
        one, other = (root(word) for word in pair.split())
        pairs.setdefault(one, set()).add(other)
        pairs.setdefault(other, set()).add(one)
    return {word: frozenset(found) for word, found in pairs.items()}


@lru_cache(maxsize=50_000)
def _by_prefix(key: str) -> frozenset[str]:
    """Return a stem with each prefix that denies, or without its own."""
    made = {prefix + key for prefix in _PREFIXES if len(key) > 3}
    bare = {key[len(prefix) :] for prefix in _PREFIXES if key.startswith(prefix) and len(key) - len(prefix) > 3}
    return frozenset(made | bare)
