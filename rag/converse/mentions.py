"""What a text speaks of: its names, times and plain things, each with the kind of word that can stand for it.

By the shape of English alone: capitals, the words around a name, a few lists of closed or very common
words. It knows no facts, so a name without a sign of what it is stays ``thing`` and not ``sure``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

from rag.dates import MONTHS
from rag.types import Value
from rag.words import STOP_WORDS

MentionKind = Literal["person", "place", "time", "group", "thing"]


class Mention(Value):
    """A thing spoken of, where it stands; ``sure`` where a sign told its kind, ``named`` where it has a name."""

    text: str
    start: int
    end: int
    kind: MentionKind
    sure: bool
    named: bool


MONTH = rf"(?:{'|'.join(MONTHS)})"
TIME = re.compile(
    rf"(?:the (?:early |late |mid-)?)?\b(?:{MONTH}(?: \d{{1,2}},?)?(?: (?:of )?[12]\d{{3}})?"
    rf"|\d{{1,2}} {MONTH}(?: [12]\d{{3}})?"
    r"|(?:1\d|20)\d\ds?|[1-9]\d{2,3} (?:BC|AD|BCE|CE)|\d{1,2}(?:st|nd|rd|th) century"
    r"|(?:last|next) (?:year|month|week|century)|(?:first|second|third|fourth) (?:quarter|half)(?: of [12]\d{3})?"
    r"|(?:spring|summer|autumn|winter) of [12]\d{3}|World War I{1,2})(?!\w|[.,]\d)"
)
_TITLES = frozenset(
    """Mr Mrs Ms Miss Dr Sir Lord Lady Dame King Queen Prince Princess President Professor Prof Captain General Senator
    Pope Saint Emperor Empress Duke Duchess Count Countess Judge Justice Colonel Admiral Bishop Chancellor
    Major""".split()
)
MEN = frozenset(
    """james john robert michael william david richard joseph thomas charles daniel matthew anthony mark donald steven
    paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric
    jonathan stephen larry justin scott benjamin samuel frank gregory raymond alexander patrick jack dennis peter
    henry adam nathan walter albert arthur isaac oliver louis carl karl hans max otto jean pierre jacques antonio
    carlos juan jose luis pedro giovanni marco leonardo ivan vladimir alexei sergei ahmed mohammed muhammad ali omar
    hassan hugo oscar victor simon martin philip roger ralph leo joe tom bill jim steve elon barack roland erik lars
    stefan winston harold alfred ernest frederick franz chris tim sam ben jensen nikola jorge miguel raj anton
    tobias dmitri marcus owen edwin colm beat oskar""".split()
)
WOMEN = frozenset(
    """mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley
    kimberly emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia
    kathleen amy angela shirley anna ruth helen katherine catherine christine marie maria julia ada ida emma olivia
    sophia charlotte alice jane anne ann rose grace victoria irene clara eva greta ingrid frida rosa lucia elena
    olga natalia fatima aisha leila hannah rachel martha virginia agnes edith florence eleanor diana judith joan
    lucy ellen astrid beatrice maud emmy beyonce beyoncé gina violet rosalind hedy simone camille isabel sofia nina
    vera maya""".split()
)
_HEAD = (
    r"chief executive|ceo|chair(?:man|woman)?|(?:co-?)?founders?|headquarters|revenue|profits?|employees|staff|shares"
)
_ROLE = (
    r"(?:co-?)?(?:founder|chair(?:man|woman)?|manager|president|minister|secretary|spokes\w+|officer|director|author"
    r"|writer|poet|painter|singer|composer|engineer|architect|scientist|physicist|chemist|biologist|botanist"
    r"|astronomer|economist|analyst|professor|inventor|king|queen|emperor|leader|ruler|actor|actress|player|coach"
    r"|explorer|sailor|captain|monk|bishop|pope|general|ceo|chief executive|brother|sister|son|daughter|wife|husband"
    r"|mother|father|nurse|doctor|lawyer|farmer|miller|baker|chef|historian|geologist|mathematician|philosopher"
    r"|sculptor|photographer|journalist|politician|soldier|merchant|teacher|student|mayor|governor|senator|pilot"
    r"|surveyor|gardener|smith|carpenter|designer|musician|artist|researcher|partner|man|woman|boy|girl|widow)"
)
_DONE_BY_PEOPLE = (
    r"(?:said|says?|told|wrote|writes?|born|die[ds]?|married|marry|believe[ds]?|thinks?|thought|argue[ds]?|study"
    r"|studied|stressed|hopes?|retire[ds]?|resign(?:s|ed)?|grew up|grow up|painted|paint|composed|compose|sang|sing)"
)
_DONE_TO_THINGS = (
    r"(?:founded|built|released|launched|made|published|designed|introduced|opened|signed|established|created"
    r"|invented|developed|located|used|banned|produced|sold|passed|written|closed|formed|completed|based|called)"
)
_THING_WORDS = frozenset(
    """Inc Corp Corporation Company Co Ltd Group University College School Institute Bank Act Law Treaty Department
    Bureau Ministry Agency Commission Committee Council Union Party Church Museum Library Society Association
    Foundation Fund Times Daily News Post Press AI App Academy Court Board League Club Team Orchestra Band Project
    Program Programme Plan List Book Prize Award Cup War Battle Revolution Movement Bridge Tower Dam Railway Line
    Engine Station Airport Hospital Hotel Theatre Theater Cathedral Abbey Castle Palace Mill Works Factory Labs
    Technologies Systems Software Capital Partners Industries Motors Airlines Series Standard Protocol Convention
    Constitution Charter Report Review Journal Index House Model Festival Observatory Garden Gardens Guild""".split()
)
_PLACE_WORDS = frozenset(
    """River Lake Mount Mountain Mountains City Island Islands Isle Bay Valley County Street Road Square Forest Sea
    Ocean Desert Gulf Coast Peninsula Province State Kingdom Republic Cape Hill Hills Harbour Harbor Canal Village
    Town Park Falls North South East West New""".split()
)
_PLACES = frozenset(
    """Africa America Asia Europe Australia Antarctica England Scotland Wales Ireland Britain France Germany Italy
    Spain Portugal Greece Turkey Russia China Japan India Pakistan Iran Iraq Israel Egypt Nigeria Kenya Ethiopia
    Brazil Argentina Chile Peru Mexico Canada Norway Sweden Denmark Finland Iceland Poland Austria Hungary
    Switzerland Belgium Netherlands Ukraine Taiwan Korea Vietnam Thailand Indonesia Malaysia Singapore Philippines
    London Paris Berlin Rome Madrid Vienna Moscow Beijing Shanghai Tokyo Delhi Washington California Texas Normandy
    Sicily""".split()
)
DEMONYM = re.compile(
    r"(?:American|British|English|Scottish|Welsh|Irish|French|German|Italian|Spanish|Portuguese|Greek|Roman|Turkish"
    r"|Russian|Chinese|Japanese|Korean|Indian|European|African|Asian|Dutch|Swiss|Swedish|Danish|Norwegian|Finnish"
    r"|Polish|Austrian|Hungarian|Canadian|Mexican|Brazilian|Australian|Egyptian|Israeli|Arab|Jewish|Christian|Muslim"
    r"|Islamic|Norse|Catholic|Protestant|Republican|Democratic|Victorian|Western|Eastern|Northern|Southern)"
)
_ADJECTIVE = re.compile(rf"(?:New |Old |Early |Late )?{DEMONYM.pattern}(?:-{DEMONYM.pattern})?")
_ROLE_BEFORE = re.compile(rf"\b{_ROLE} $", re.IGNORECASE)
_ROLE_AFTER = re.compile(
    rf",? (?:who|whom)\b|, (?:[\w-]+ ){{0,4}}{_ROLE}\b| (?:is|was) (?:an?|the) (?:[\w-]+ ){{0,3}}{_ROLE}\b"
)
_LIKE_PEOPLE_DO = re.compile(rf" {_DONE_BY_PEOPLE}\b| (?:was|is) (?:born|married)\b")
_DONE_TO = re.compile(rf" (?:was|were|is|are) (?:\w+ly )?{_DONE_TO_THINGS}\b")
_DONE_TO_AFTER = re.compile(rf" (?:\w+ly )?{_DONE_TO_THINGS}\b")
_IS_BEFORE = re.compile(r"\b(?:was|were|is|are) $")
_LOCATIVE_BEFORE = re.compile(r"\b(?:in|at|near|across|around|throughout) $")

# One word of a name, and what may stand between two: "J. R. Smith", "Bank of the West", "CHIPS and Science Act".
_WORD_OF_NAME = r"(?:[^\W\d_a-z][^\W_]*(?:[-'’&.](?!s\b)[^\W_]+)*|[a-z]{1,2}[A-Z]\w*|\d+[A-Z]\w*)"
_JOINT = (
    r"(?: |(?<=\b[A-Z])\. | of (?:the )?| de | van | von | for (?=[A-Z]\w+ (?:Act|Fund))"
    r"| and (?=[A-Z]\w+ (?:Act|Law|Institute|Commission|Company|University|Bank|Agency|Union|Committee|Association"
    r"|Department)\b))"
)
_HEADED = re.compile(rf"\b(?:{_HEAD}) of (?:the )?$", re.IGNORECASE)  # before a firm or another body

_NAME = re.compile(
    rf"(?:\b(?P<the>[Tt]he) )?(?P<name>(?<![\w'’]){_WORD_OF_NAME}"
    rf"(?:{_JOINT}(?:{_WORD_OF_NAME}|(?!(?:1\d|20)\d\d\b)\d{{1,4}}(?![\d.,%]*\w)))*)"
)
_NO_NAME = frozenset(
    """January February March April May June July August September October November December Monday Tuesday Wednesday
    Thursday Friday Saturday Sunday I CEO BC AD Mr Mrs According Besides During Since Despite Tell Name List Give
    Show Explain Describe Compare Define Find Also Yes No Well Ok Okay Thanks Please Until Back Returning Regarding
    Concerning Today However Other Others Many Several Two Three Four Five Six Seven Eight Nine Ten Old Later
    Earlier Soon Another Every Either Neither Nearly Among Around Along Across Behind Near Next Even Like Unlike
    Whether Throughout
    Following Due""".split()
)
_NOUN_AFTER = re.compile(r" ([a-z]{3,})(?=\W*$|[,.;] | (?:is|was|in|of|at|on|for|to|by|and|with|from)\b)")
_DOES_BEFORE = re.compile(r"\b(?:do|does|did|can|will|could|would) $")
# A title: in quotes, or with a preposition between commas ("her first album, Dangerously in Love, came …").
_TITLE = re.compile(
    rf"[\"“](?P<quoted>[A-Z0-9][^\"“”.?!,]{{2,60}})[\"”]"
    rf"|(?:(?<=, )|(?<=was )|(?<=is )|(?<=called )|(?<=titled )|(?<=named ))(?P<apart>{_WORD_OF_NAME}"
    rf"(?: {_WORD_OF_NAME}){{,6}} (?:in|on|to|with|from|at|and|of|for)(?: the)?(?: {_WORD_OF_NAME}){{1,6}})(?=[,.])"
)
_LONGEST_NAME = 80  # characters
_COMMON_END = re.compile(r"(?:tion|ment|ness|ity|ing|ly|ance|ence|ers|ies|ists|[^su]s)$")


@lru_cache(maxsize=256)
def mentions(text: str) -> tuple[Mention, ...]:
    """Return the names and times of ``text`` in order; "Rome and Carthage" is there as one and as two."""
    times = [
        Mention(text=m.group(), start=m.start(), end=m.end(), kind="time", sure=True, named=False)
        for m in TIME.finditer(text)
    ]
    taken = [(one.start, one.end) for one in times]
    titles = [one for one in _titles(text) if not _overlaps(one, taken)]
    taken += [(one.start, one.end) for one in titles]
    names = sorted([*titles, *(one for one in _names(text) if not _overlaps(one, taken))], key=lambda one: one.start)
    return tuple(sorted([*times, *names, *_pairs(text, names)], key=lambda one: (one.start, one.end)))


def _overlaps(one: Mention, taken: Sequence[tuple[int, int]]) -> bool:
    return any(start < one.end and one.start < end for start, end in taken)


def _titles(text: str) -> Iterator[Mention]:
    for match in _TITLE.finditer(text):
        start, end = match.span("quoted") if match["quoted"] else match.span("apart")
        yield Mention(text=text[start:end], start=start, end=end, kind="thing", sure=True, named=True)


def _names(text: str) -> Iterator[Mention]:
    for match in _NAME.finditer(text):
        start, end = match.span("name")
        start = _without_first_words(text, start, end)
        if start >= end or _is_adjective(text, start, end):
            continue
        name = text[start:end]
        if not 1 < len(name) <= _LONGEST_NAME or name.lower() in STOP_WORDS:
            continue
        if _begins_sentence(text, start) and not _may_begin_with_name(text, start, end):
            continue
        has_the = bool(match["the"]) and start == match.start("name")
        at = match.start("the") if has_the else start
        kind, sure = _kind(text, start, end, has_the)
        may_go_with_noun = has_the or (" " in name and kind != "person")
        if may_go_with_noun and (noun := _noun_after(text, at, end)):
            name, end, kind, sure = f"{name} {noun}", end + 1 + len(noun), "thing", True
        whole = f"the {name}" if has_the else name
        yield Mention(text=whole, start=at, end=end, kind=kind, sure=sure, named=True)


def _noun_after(text: str, start: int, end: int) -> str:
    """Return "rainforest" of "the Amazon rainforest": the plain noun that a name with "the" goes with, or nothing."""
    found = _NOUN_AFTER.match(text, end)
    if found is None or _DOES_BEFORE.search(text[max(0, start - 8) : start]):
        return ""
    noun = found[1]
    is_verb = noun in _VERBS or noun in STOP_WORDS or noun.endswith(("ed", "s", "ly"))
    return "" if is_verb else noun


def _without_first_words(text: str, start: int, end: int) -> int:
    """Return where the name begins once words that only begin a sentence, or frame a name, are left out."""
    while start < end:
        word = re.match(r"\S+", text[start:end])
        assert word is not None
        bare = word.group().rstrip(".")
        is_frame = bare in _NO_NAME or (bare.lower() in STOP_WORDS and not (bare.isupper() and len(bare) > 1))
        if not is_frame:
            return start
        rest = re.compile(r"\s*(?:(?:of|and|for|the|de|van|von)\s+)*").match(text, start + word.end(), end)
        start = rest.end() if rest else end
    return start


def _is_adjective(text: str, start: int, end: int) -> bool:
    """Whether it is a word such as "Chinese" that goes with the plain noun after it."""
    plain_follows = text[end : end + 1] == " " and text[end + 1 : end + 2].islower()
    return plain_follows and _ADJECTIVE.fullmatch(text, start, end) is not None


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \"“'([")
    return not before or before[-1] in ".!?:\n"


def _may_begin_with_name(text: str, start: int, end: int) -> bool:
    """Whether what begins a sentence is a name: a capital there says nothing."""
    name = text[start:end]
    if " " in name or not name[1:].islower() or name in _PLACES or name.lower() in MEN | WOMEN:
        return True
    if re.match(r"['’]s\b|,? (?:is|was|has|had|said|who|which)\b", text[end:]):
        return True
    return not _COMMON_END.search(name) and bool(re.match(r",? \w+|\W*$", text[end:]))


def _kind(text: str, start: int, end: int, has_the: bool) -> tuple[MentionKind, bool]:
    """Return what a name is by its own words and those around it, and whether a sign told so."""
    name = text[start:end]
    if own := _kind_by_own_words(name, has_the):
        return own, True
    if _HEADED.search(text[max(0, start - 40) : start]):
        return "thing", True
    before, after = text[max(0, start - 30) : start], text[end : end + 60]
    if _ROLE_BEFORE.search(before) or _ROLE_AFTER.match(after):
        return "person", True
    if _LIKE_PEOPLE_DO.match(after):
        return "person", " " in name
    if _DONE_TO.match(after) or (_IS_BEFORE.search(before) and _DONE_TO_AFTER.match(after)):
        return "thing", True
    if _LOCATIVE_BEFORE.search(before):
        return "place", False
    if name.isupper():
        return "thing", True
    return ("person", False) if 2 <= len(name.split()) <= 3 and _like_a_person(name.split()) else ("thing", False)


def _kind_by_own_words(name: str, has_the: bool) -> MentionKind | None:
    parts = name.replace(".", "").split()
    if name[-1] == "s" and name[-2].isupper():
        return "group"  # "GPUs"
    if parts[0] in _TITLES and len(parts) > 1:
        return "person"
    if parts[0].lower() in MEN | WOMEN and _like_a_person(parts):
        return "person"
    if _THING_WORDS.intersection(parts) or any(character.isdigit() for character in name):
        return "thing"
    if _PLACES.intersection(parts) or (_PLACE_WORDS.intersection(parts) and len(parts) > 1):
        return "place"
    if has_the:
        return "group" if name.endswith("s") and not name.endswith(("ss", "States", "lands")) else "thing"
    return None


def _like_a_person(parts: Sequence[str]) -> bool:
    return not _THING_WORDS.intersection(parts) and all(part[:1].isupper() and not part[1:].isupper() for part in parts)


def _pairs(text: str, names: Sequence[Mention]) -> Iterator[Mention]:
    """Yield two or more names joined by "and" as one group."""
    for at, first in enumerate(names):
        last = first
        for following in names[at + 1 :]:
            joint = text[last.end : following.start]
            if joint not in (", ", " and ", ", and ", " & ", " or ", ", or "):
                break
            last = following
            if last.end - first.start > 3 * _LONGEST_NAME:
                break
            if joint.strip(" ,") in ("and", "&", "or"):
                whole = text[first.start : last.end]
                yield Mention(text=whole, start=first.start, end=last.end, kind="group", sure=True, named=True)
                break


_VERBS = frozenset(
    """built wrote won led made took gave began became got brought sold caught drew drove fell felt fought flew
    grew held kept knew lost met paid ran rose sang saw sent shot spoke spent stood stole swam taught thought
    threw told went wore ate broke chose hid hung laid rode shook slept struck swore adopt apply renew work
    rise grow live happen begin start end come go make take give get use need mean do help cause affect
    change become produce create build sell buy pay cost raise win lose lead run own rule found write say
    think believe want plan try keep hold turn move leave reach bring carry send show tell ask call name find
    see know look like follow open close spread develop invent discover form contain include protect support
    attack fight kill die eat drink feed sleep fly swim travel arrive return land join meet marry teach learn
    play sing record release publish perform design paint measure weigh last stand sit lie fall burn break
    cut melt freeze boil flow stop allow prevent require reduce increase improve replace differ compare
    relate belong depend exist occur appear disappear remain stay born ban put limit sign pass vote claim
    argue propose suggest report add join import export earn spend invest""".split()
)
_PLURAL = re.compile(r"(?:[^siu]s|ies|men|people|children|teeth|feet|mice)$")
_OWNER = re.compile(r"(?:\bthe )?\b[A-Z][\w.-]*(?: [A-Z][\w.-]*){0,5}['’]s? $")
_OF = re.compile(r" of (?:the |a |an )?(?:[A-Z][\w-]*(?: [A-Z][\w-]*){0,5}|[\w-]+)")


@lru_cache(maxsize=256)
def things(question: str) -> tuple[Mention, ...]:
    """Return the plain things of a question ("a steam engine", "acid rain"), those after "of" first."""
    found: list[tuple[int, Mention]] = []
    for run in re.finditer(r"[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*)*", question):
        found += _things_of_run(question, run.start(), run.end())
    return tuple(one for _, one in sorted(found, key=lambda item: (item[0], item[1].start)))


def _things_of_run(question: str, start: int, end: int) -> Iterator[tuple[int, Mention]]:
    """Yield the plain things between function words and verbs, each with its rank: 0 after "of"."""
    chunk: list[re.Match[str]] = []
    before = previous = ""
    for word in [*re.compile(r"[\w'’-]+").finditer(question, start, end), None]:
        if word is not None and _goes_on(_as_inside(word, question), chunk, before):
            chunk.append(word)
            continue
        if chunk and (thing := _thing(question, chunk, before)):
            # What is asked for ("what company …") is named by the answer; what is after "of" is often the subject.
            is_asked, after_of = before in ("what", "which"), "of" in (before, previous)
            yield (2 if is_asked else 0 if after_of else 1), thing
        if word is not None:
            previous, before, chunk = before, word.group().lower(), []


def _as_inside(word: re.Match[str], text: str) -> str:
    """Return a word as it would be inside a sentence: the capital of the first says nothing."""
    return word.group().lower() if not text[: word.start()].strip() else word.group()


def _goes_on(word: str, chunk: Sequence[re.Match[str]], before: str) -> bool:
    lowered = word.lower()
    if lowered in STOP_WORDS or (word[0].isupper() and not DEMONYM.fullmatch(word)):
        return False
    if chunk and (lowered in _VERBS or re.search(r"(?:ed|wn|ught|lt)$", lowered)):
        return False
    return not (not chunk and re.search(r"ed$", lowered) and before not in ("the", "a", "an", "of"))


def _thing(question: str, chunk: Sequence[re.Match[str]], before: str) -> Mention | None:
    first, last = chunk[0].start(), chunk[-1].end()
    text = question[first:last]
    opening = chunk[0].group().lower()
    if before == "who" or (before in ("what", "which") and opening.removesuffix("s") in _VERBS):
        return _thing(question, chunk[1:], opening) if len(chunk) > 1 else None  # a verb: "what causes acid rain"
    if len(chunk) == 1 and (text.lower() in _VERBS or text.endswith("ly")):
        return None
    determiner = before if before in ("the", "a", "an") else ""
    if owner := _OWNER.search(question[:first]):
        first, text = owner.start(), question[owner.start() : last]
    elif extent := _OF.match(question[last:]):
        last, text = last + extent.end(), question[first : last + extent.end()]
    whole = f"{determiner} {text}".strip()
    plural = _PLURAL.search(chunk[-1].group()) is not None
    kind: MentionKind = "group" if plural else "thing"
    at = first - len(determiner) - 1 if determiner else first
    return Mention(text=whole, start=max(0, at), end=last, kind=kind, sure=False, named=False)
