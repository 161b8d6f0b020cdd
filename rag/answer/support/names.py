"""The names of a text, and whether a source says them: short forms, initials and adjectives of places included.

It knows names by their capitals, so in German, where every noun has one, and in scripts without capitals it
knows none. Whether two people with the same name are the same person it cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from rag.answer.support.numbers import ROMAN
from rag.stop_words import STOP_WORDS_OF
from rag.words import STOP_WORDS, stem, words

_CAPITAL_NOUNS = ("de", "lb")
_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:[.'’&/][^\W_]+)*", re.UNICODE)
_WITHIN_NAMES = frozenset("of de la le du del della di da van von der den bin ibn al el the y e".split())
_JOINT = re.compile(rf"['’]?\s+(?:(?:{'|'.join(sorted(_WITHIN_NAMES))})\s+){{0,2}}|-|\s?&\s?")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;•]\s+|\n\s*|[\"“‘«(\[]\s*|^\W*(?:\d+[.)]|[-*•])\s+)$")
_JOINTS_IN_A_WORD = re.compile(r"['’/&.]")
_SIGNS = re.compile(r"[\W_]")
_TOGETHER = re.compile(r"\b([A-Z][\w'’]+)(?:\s+|-)(?:[A-Z]\.\s+)?(?=([A-Z][\w'’]+))")
_CLITIC = re.compile(r"['’]s?$")

# What stands before or in a name and does not tell whose it is.
_TITLES = frozenset(
    """mr mrs ms miss dr sir lord lady dame king queen prince princess president professor prof captain general senator
    pope saint st emperor empress duke duchess count countess judge justice colonel admiral bishop chancellor major
    minister prime secretary governor mayor ceo cfo chairman director chief representative congressman officer
    university college school institute bank act law treaty department bureau ministry agency commission committee
    council union party church museum library society association foundation fund river lake mountain mount city
    county state republic kingdom empire street road avenue square park island islands war battle company
    corporation corp inc ltd group team league award prize district province region area north south east west
    northern southern eastern western central great greater new old saint jr sr i street government court house
    company's early late chapter section figure table part page article volume appendix step note english internet
    god earth sea ocean bay gulf valley peninsula desert town village airport station hospital bridge tower square
    hall palace castle cathedral abbey stadium storm hurricane celsius fahrenheit project operation festival cup
    series county region parish cllr councillor analyst engineer january february march april may june july august
    september october november december""".split()
)
_KIN = {
    "us": "america usa american americans u.s. u.s.a. states", "uk": "britain british england u.k. britons kingdom",
    "eu": "europe european union e.u.", "un": "united nations u.n.", "ussr": "soviet russia russian soviets u.s.s.r.",
    "france": "french frenchman", "netherlands": "dutch holland", "germany": "german germans germanic",
    "spain": "spanish spaniard spaniards", "england": "english", "greece": "greek greeks", "china": "chinese prc sino",
    "switzerland": "swiss", "denmark": "danish danes dane", "wales": "welsh", "cornwall": "cornish",
    "ireland": "irish", "poland": "polish poles",
    "scotland": "scottish scots", "norway": "norwegian norwegians", "sweden": "swedish swedes swede",
    "finland": "finnish finns", "turkey": "turkish turks", "philippines": "filipino filipinos philippine",
    "portugal": "portuguese", "japan": "japanese", "iceland": "icelandic", "peru": "peruvian", "cyprus": "cypriot",
    "czech": "czechs czechia", "belgium": "belgian", "congo": "congolese", "cuba": "cuban", "burma": "myanmar burmese",
    "israel": "israeli", "iraq": "iraqi", "kuwait": "kuwaiti", "pakistan": "pakistani", "thailand": "thai",
    "lebanon": "lebanese", "malta": "maltese", "naples": "neapolitan", "venice": "venetian", "florence": "florentine",
    "rome": "roman romans", "athens": "athenian", "paris": "parisian", "egypt": "egyptian", "hungary": "hungarian",
    "italy": "italian", "argentina": "argentine argentinian", "afghanistan": "afghan", "slovakia": "slovak",
    "new zealand": "kiwi", "catholicism": "catholic catholics", "islam": "islamic muslim muslims",
    "judaism": "jewish jews jew", "christianity": "christian christians", "buddhism": "buddhist",
}  # fmt: skip
_KIN_OF = {form: home for home, forms in _KIN.items() for form in (home, *forms.split())}
_OF_A_PLACE = re.compile(r"^(?:n|an|ian|ean|ese|ish|i|ic|er|ers|ite|ns|ans|ians|ist|ists|ism|s)$")
_RANKS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_SMALL = frozenset("of the and for de la in on to a an".split())
_SHORTEST_MISSPELT = 8  # letters
_SHORTEST_KIN = 4  # letters that a place and its adjective share


class Name(NamedTuple):
    """A name where it stands. ``parts`` are its telling words, in small letters, without accents."""

    text: str
    start: int
    end: int
    parts: tuple[str, ...]
    opens: bool  # it begins the sentence, so that its capital tells nothing


@lru_cache(maxsize=20_000)
def names(text: str, language: str = "en") -> tuple[Name, ...]:
    """Return the names of ``text`` in order."""
    if language in _CAPITAL_NOUNS or _all_capitals(text):
        return ()
    return tuple(_named(text, run) for run in _runs(text, language))


def _all_capitals(text: str) -> bool:
    """Whether capitals tell nothing: a line in capitals, or a heading in which each word has one."""
    found = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 3]
    return len(found) > 3 and all(word[0].isupper() for word in found)


def _runs(text: str, language: str) -> Iterator[list[re.Match[str]]]:
    """Yield the words of each name: words with a capital or a digit among letters, that follow each other."""
    stop = STOP_WORDS_OF.get(language, STOP_WORDS)
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if word.group() in _WITHIN_NAMES:
            continue
        within = _is_name_word(word, stop, text) or _is_joined_number(run, word, text)
        if run and not (within and _JOINT.fullmatch(text, run[-1].end(), word.start())):
            yield run
            run = []
        if within:
            run.append(word)
    if run:
        yield run


def _is_joined_number(run: Sequence[re.Match[str]], word: re.Match[str], text: str) -> bool:
    """Whether digits belong to the name before them: "CTLA-4"."""
    return bool(run) and word.group().isdigit() and text[run[-1].end() : word.start()] == "-"


def _is_name_word(word: re.Match[str], stop: Iterable[str], text: str) -> bool:
    said = word.group()
    if said.isdigit() or not any(sign.isalpha() for sign in said):
        return said.count(".") > 1  # an address, a version
    if said.lower() in stop and not (len(said) > 1 and said.isupper()):
        return False
    mixed = any(sign.isdigit() for sign in said) and re.search(r"[A-Z]", said) is not None
    return (said[0].isupper() or mixed or any(sign.isupper() for sign in said[1:])) and said != "I"


def _named(text: str, run: Sequence[re.Match[str]]) -> Name:
    start, end = run[0].start(), run[-1].end()
    opens = _SENTENCE_START.search(text, 0, start) is not None
    parts = tuple(dict.fromkeys(part for word in run if (part := plain(word.group()))))
    return Name(text[start:end], start, end, parts, opens)


def without_opening(name: Name, proper: frozenset[str]) -> Name | None:
    """Return a name without a first word that may have its capital from beginning a sentence; None if nothing is left.

    ``proper`` are words known to be names.
    """
    first = name.text.split()[0] if name.text else ""
    if not name.opens or not name.parts or name.parts[0] in proper or any(sign.isupper() for sign in first[1:]):
        return name if name.parts else None
    rest = name.text[len(first) :].lstrip(" -&")
    if len(name.parts) == 1 or not rest:
        return None
    start = name.end - len(rest)
    return Name(rest, start, name.end, name.parts[1:], opens=False)


def beside_each_other(name: Name) -> list[tuple[str, str]]:
    """Return each two telling words of a name with nothing but a space between them."""
    found = list(_WORD.finditer(name.text))
    pairs = [(plain(a.group()), plain(b.group())) for a, b in pairwise(found) if name.text[a.end() : b.start()] == " "]
    return [(a, b) for a, b in pairs if not ({a, b} & (_TITLES | _WITHIN_NAMES))]


@lru_cache(maxsize=100_000)
def plain(word: str) -> str:
    """Return a word of a name as names are compared: small letters, no accents, no possessive."""
    found = words(_CLITIC.sub("", word))
    return _fold(found[-1]) if found else ""


def _fold(word: str) -> str:
    return stem(word, "") if not word.isascii() else word


def is_title(part: str) -> bool:
    """Whether a word of a name does not tell whose it is: "President", "River"."""
    return part in _TITLES


class Vocabulary:
    """The words of a source, as names are looked for in them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._runs = _WORD.findall(text)
        pieces = [part for word in self._runs for part in (word, *_JOINTS_IN_A_WORD.split(word)) if part]
        self.words = frozenset(map(plain, pieces))
        self._kin = frozenset(_KIN_OF[word] for word in self.words if word in _KIN_OF)

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(stem(word) for word in self.words)

    @cached_property
    def _begun(self) -> dict[str, list[str]]:
        """The words by how they begin."""
        begun: dict[str, list[str]] = {}
        for word in self.words:
            begun.setdefault(word[:_SHORTEST_KIN], []).append(word)
        return begun

    @cached_property
    def _initials(self) -> frozenset[str]:
        return frozenset(_initials(self._text))

    @cached_property
    def _squeezed(self) -> frozenset[str]:
        """Each one to three words that follow each other, without what joins them."""
        found = [_squeeze(word) for word in self._runs]
        return frozenset("".join(found[at : at + n]) for at in range(len(found)) for n in (1, 2, 3))

    @cached_property
    def _first_names(self) -> dict[str, set[str]]:
        """The words with a capital before each word with one."""
        before: dict[str, set[str]] = {}
        for one, other in _TOGETHER.findall(self._text):
            if one.lower() not in STOP_WORDS and not is_title(plain(one)):
                before.setdefault(plain(other), set()).add(plain(one))
        return before

    def has(self, part: str) -> bool:
        """Whether a word of a name stands here, as it is or in a form of it."""
        return (
            part in self.words
            or self._akin(part)
            or self._misspelt(part)
            or self._numbered(part)
            or stem(part) in self._stems
        )

    def spells(self, name: Name) -> bool:
        """Whether a name stands here with other joints, by its first letters, or spelt out where it is of these."""
        if _is_code(name.text) and _squeeze(name.text) in self._squeezed:
            return True
        if len(name.parts) == 1:
            return len(name.parts[0]) > 1 and (name.parts[0] in self._initials or self._spelt_out(name.text))
        long = re.findall(r"[^\W\d_]+", name.text)
        shorts = ("".join(w[0] for w in long if w[0].isupper()), "".join(w[0] for w in long))
        return any(len(short) > 1 and short.lower() in self.words for short in shorts)

    def joins(self, one: str, other: str) -> bool:
        """Whether two words of a name stand near each other here."""
        places = [[at for at, word in enumerate(self._plain) if word == part] for part in (one, other)]
        return any(0 < b - a <= 2 for a in places[0] for b in places[1])

    @cached_property
    def _plain(self) -> list[str]:
        return [plain(word) for word in self._runs]

    def _spelt_out(self, short: str) -> bool:
        """Whether the words that first letters stand for follow each other here, in small letters too."""
        letters = re.sub(r"s$|[\W_\d]", "", short)
        if not (2 < len(letters) <= 6 and letters.isupper()):
            return False
        pattern = r"[\s-]+(?:(?:of|the|and|for|in)\s+)?".join(rf"{letter}[a-z]*" for letter in letters.lower())
        return re.search(rf"\b{pattern}", self._text.lower()) is not None

    def has_first_name(self, surname: str) -> bool:
        """Whether a surname stands here with a first name before it."""
        return surname in self._first_names

    def _akin(self, part: str) -> bool:
        """Whether a place stands here as its adjective, or the other way about."""
        if part in _KIN_OF and _KIN_OF[part] in self._kin:
            return True
        return any(_same_place(part, word) for word in self._begun.get(part[:_SHORTEST_KIN], ()))

    def _misspelt(self, part: str) -> bool:
        """Whether a long word stands here with a letter less, more or changed."""
        if len(part) < _SHORTEST_MISSPELT or not part.isalpha():
            return False
        return any(Levenshtein.distance(part, word) == 1 for word in self._begun.get(part[:_SHORTEST_KIN], ()))

    def _numbered(self, part: str) -> bool:
        """Whether "II" stands here as "2" or "second"."""
        value = ROMAN.get(part) if part != "i" else None
        return value is not None and (
            str(value) in self.words or (value <= len(_RANKS) and _RANKS[value - 1] in self.words)
        )


def same_name(one: Name, other: Name) -> bool:
    """Whether two names may be of one thing: they share a telling word, or one is the other's adjective or initials."""
    return _same_name(one.text, one.parts, other.text, other.parts)


@lru_cache(maxsize=50_000)
def _same_name(text: str, parts: tuple[str, ...], other_text: str, other_parts: tuple[str, ...]) -> bool:
    one, other = ({part for part in some if not is_title(part)} for some in (parts, other_parts))
    if one & other:
        return one <= other or other <= one or len(one & other) > 1
    if len(one) > 1 and len(other) > 1:
        return _squeeze(text) == _squeeze(other_text)
    if any(_same_place(a, b) or (a in _KIN_OF and _KIN_OF[a] == _KIN_OF.get(b)) for a in parts for b in other_parts):
        return True
    return _squeeze(other_text) in (_short(text), _squeeze(text)) or _squeeze(text) == _short(other_text)


def _short(text: str) -> str:
    """Return the first letters of the words of a name with a capital."""
    return "".join(word[0] for word in re.findall(r"[^\W\d_]+", text) if word[0].isupper()).lower()


def _squeeze(text: str) -> str:
    return _SIGNS.sub("", text).lower()


def _is_code(text: str) -> bool:
    """Whether a name is written with digits or more capitals than its first: "CTLA-4", "YouTube"."""
    return len(text) > 3 and (any(c.isdigit() for c in text) or sum(c.isupper() for c in text) > len(text.split()))


def _same_place(one: str, other: str) -> bool:
    """Whether two words are a place and its adjective, by what they share and how they end."""
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if shared < _SHORTEST_KIN:
        return False
    ends = one[shared:], other[shared:]
    return any(_OF_A_PLACE.match(a) and len(b) <= 1 for a, b in (ends, ends[::-1]))


def _initials(text: str) -> Iterator[str]:
    """Yield the first letters of each run of words with a capital: "nato" of the North Atlantic Treaty Organization."""
    for match in re.finditer(r"[A-Z][\w'’]+(?:[\s-]+(?:(?:of|the|and|for|de|in|on)\s+)*[A-Z][\w'’]+)+", text):
        run = re.findall(r"[^\W\d_][\w'’]*", match.group())
        for start in range(len(run)):
            for end in range(start + 2, min(len(run), start + 8) + 1):
                some = run[start:end]
                if some[0].lower() not in _SMALL and some[-1].lower() not in _SMALL:
                    yield "".join(word[0] for word in some if word.lower() not in _SMALL).lower()
                    yield "".join(word[0] for word in some).lower()
