"""Which words of a sentence are denied, and which pairs of words deny each other.

A denial reaches the next few words that carry meaning, up to the end of its clause. English alone; irony and
denials that no word shows are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from rag.words import STOP_WORDS, WORD, stem

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
    r"|no more than|a few|a little|quite a few|few(?:er)? than|the few|no one knows why|whether or not|if not|or not)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[;:()—]|,(?! (?:a|an|the)\b)|\b(?:but|however|although|though|while|whereas|because)\b|[.!?]\s", re.I
)
_REACH = 3  # words with meaning after the denial
_PREFIXES = ("un", "in", "im", "il", "ir", "non", "dis")

_OPPOSITES = """
increase decrease|increase reduce|increase fall|increase decline|increase drop|rise fall|rise drop|rise decline
rise decrease|grow shrink|grow decline|grow fall|raise lower|raise cut|raise reduce|expand contract|expand shrink
higher lower|high low|more less|more fewer|most least|before after|allow ban|allow forbid|allow prohibit|permit ban
permit forbid|permit prohibit|legalise ban|first last|first second|north south|east west|northern southern
eastern western|win lose|won lost|win lost|winner loser|victory defeat|accept reject|approve reject|adopt reject
support oppose|favour oppose|favor oppose|supporter opponent|include exclude|begin end|start end|start finish
start stop|began ended|begin ended|open close|buy sell|bought sold|import export|male female|man woman|men women
boy girl|father mother|son daughter|brother sister|husband wife|king queen|large small|big small|larger smaller
largest smallest|big little|long short|longer shorter|longest shortest|early late|earlier later|earliest latest
major minor|majority minority|best worst|better worse|good bad|top bottom|upper lower|left right|young old
younger older|new old|newer older|always never|all none|all some|every no|many few|maximum minimum|positive negative
possible impossible|legal illegal|success failure|succeed fail|public private|rural urban|above below
inside outside|indoor outdoor|over under|hot cold|warm cool|warm cold|strong weak|stronger weaker|rich poor|wealthy poor
true false|agree disagree|strengthen weaken|gain lose|gain loss|profit loss|arrive depart|arrive leave|enter leave
join leave|ally enemy|friend enemy|create destroy|build demolish|appear disappear|present absent|add remove
cause prevent|encourage discourage|hire fire|lend borrow|married divorced|born died|birth death|heavy light
heavier lighter|dark light|dark bright|fast slow|faster slower|fastest slowest|near far|deep shallow|wide narrow
thick thin|full empty|easy difficult|easy hard|cheap expensive|cheaper dearer|safe dangerous|safe unsafe|guilty innocent
optimistic pessimistic|internal external|interior exterior|domestic foreign|oldest youngest|oldest newest
highest lowest|tallest shortest|up down|upward downward|same different|similar different|equal unequal
common rare|frequent rare|often rarely|often seldom|usually rarely|mandatory optional|compulsory voluntary
compulsory optional|required optional|temporary permanent|active inactive|active passive|able unable|likely unlikely
direct indirect|formal informal|regular irregular|complete incomplete|known unknown|popular unpopular|stable unstable
successful unsuccessful|dependent independent|native foreign|ancient modern|single multiple|single double|double triple
advantage disadvantage|benefit harm|beneficial harmful|connect disconnect|visible invisible|natural artificial
odd even|vertical horizontal|parent child|teacher student|employer employee|buyer seller|plaintiff defendant
civilian military|winter summer|spring autumn|day night|morning evening|dry wet|acid alkaline|liquid solid
simple complex|partial complete|partly fully|partially fully|prosecution defence|conviction acquittal|convict acquit
promote demote|praise criticise|praise criticize|praise condemn|liberal conservative|attack defend|offence defence
offense defense|inhibit activate|inhibit promote|inhibit enhance|inhibit stimulate|suppress activate|suppress enhance
upregulate downregulate|induce suppress|induce inhibit|improve worsen|improve impair|enhance reduce|enhance impair
susceptible resistant|sensitive resistant|essential unnecessary|necessary unnecessary|widespread isolated|income expense
asset liability|surplus deficit|credit debit|prior subsequent|previous next|previously subsequently|predecessor successor
precede follow|preceded followed|ascend descend|push pull|send receive|give take|gave took|ask answer|rejected accepted
withdraw deploy|retreat advance|surrender resist|survive perish|survive die|lived died|alive dead|ahead behind
lead trail|exceed miss|upgrade downgrade|extend shorten|inclusive exclusive|maternal paternal|plural singular
earliest last|initial final|initially finally|beginning end|opening closing|inner outer|forward backward|front rear
eligible ineligible|valid invalid|relevant irrelevant|exempt subject|grant refuse|granted denied|confirm deny|admit deny
""".replace("\n", "|")
_FEW = "|".join(_OPPOSITES.split("|"))


class Denial(NamedTuple):
    """A word that denies, and the stems of those it reaches."""

    start: int
    end: int
    reached: tuple[str, ...]


@lru_cache(maxsize=20_000)
def denials(text: str) -> tuple[Denial, ...]:
    """Return what ``text`` denies, in order."""
    spared = [found.span() for found in _NO_DENIAL.finditer(text)]
    return tuple(
        Denial(cue.start(), cue.end(), _reached(text, cue.end()))
        for cue in _CUE.finditer(text)
        if not any(start < cue.end() and cue.start() < end for start, end in spared)
    )


def _reached(text: str, start: int) -> tuple[str, ...]:
    stop = _CLAUSE_END.search(text, start)
    clause = text[start : stop.start() if stop else len(text)]
    found = [stem(word.group().lower()) for word in WORD.finditer(clause) if word.group().lower() not in STOP_WORDS]
    return tuple(found[:_REACH])


def opposites(stem_: str) -> frozenset[str]:
    """Return the stems of the words that say the opposite of a word."""
    return _opposites().get(stem_, frozenset()) | _by_prefix(stem_)


@cache
def _opposites() -> Mapping[str, frozenset[str]]:
    pairs: dict[str, set[str]] = {}
    for pair in filter(None, (found.strip() for found in _FEW.split("|"))):
        one, other = (stem(word) for word in pair.split())
        pairs.setdefault(one, set()).add(other)
        pairs.setdefault(other, set()).add(one)
    return {word: frozenset(found) for word, found in pairs.items()}


@lru_cache(maxsize=50_000)
def _by_prefix(stem_: str) -> frozenset[str]:
    """Return a stem with each prefix that denies, or without its own."""
    made = {prefix + stem_ for prefix in _PREFIXES if len(stem_) > 3}
    bare = {stem_[len(prefix) :] for prefix in _PREFIXES if stem_.startswith(prefix) and len(stem_) - len(prefix) > 3}
    return frozenset(made | bare)
