"""Text → words, and the terms that are searched for; the one place that knows how languages write and inflect.

A word is what a person would search for; a term is a word as the index holds it: without case, accents or
inflection. Both are made here and not by a database, so that every index finds the same. It does not know
what language a text is in: that it is told, as an ISO 639-1 code, "" where unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise

import regex
import Stemmer

from rag.dates import date_terms
from rag.identifiers import labelled
from rag.stop_words import QUESTION_WORDS_OF, STOP_WORDS_OF

STOP_WORDS = STOP_WORDS_OF["en"]

# Scripts without spaces between words, and Hangul, where particles stick to them: searched by pairs of signs.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_SIGN = rf"[[\p{{L}}\p{{N}}\p{{M}}⁺⁻]--[{_UNSPACED}]]"
WORD = regex.compile(
    rf"(?<!\w)[A-Za-z](?:\+\+|\#)(?!\w)"  # C++, C#
    rf"|[{_UNSPACED}]+"
    rf"|(?:(?<![\w.])\.(?=\p{{L}}{{2}})|\#(?=\d)|§\s?(?=\d))?"  # .NET, #43, § 41
    rf"{_SIGN}+(?:(?:[.'’_&‐‑-]|(?<=\d)[,/](?=\d)){_SIGN}+)*",
    regex.VERSION1,
)
# The same where all signs are ASCII, which is most text, at a third of the time.
_ASCII_WORD = re.compile(
    r"(?<!\w)[A-Za-z](?:\+\+|#)(?!\w)|(?:(?<![\w.])\.(?=[A-Za-z]{2})|#(?=\d))?"
    r"[A-Za-z0-9]+(?:(?:[.'_&-]|(?<=\d)[,/](?=\d))[A-Za-z0-9]+)*",
    re.ASCII,
)
_ASCII_PLURAL = re.compile(r"\b([A-Z]{2,})s\b", re.ASCII)
_PAIRED = regex.compile(rf"[{_UNSPACED}]", regex.VERSION1)
_SPELT = regex.compile(r"[\p{L}\p{M}]+")
_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = regex.compile(r"(?P<whole>[1-9]\d{0,2}(?P<sign>[.,])\d{3}(?:(?P=sign)\d{3})*)(?:[.,](?P<fraction>\d+))?")
_MEASURED = regex.compile(r"(\d+(?:[.,]\d+)*)(\p{L}{1,3})")  # 5nm, 10q, 1990s
_PLURAL = regex.compile(r"\b(\p{Lu}{2,})s\b")  # GPUs: the stemmer takes the ending for that of a Latin word
_CLITIC = regex.compile(r"(?:n't|'(?:s|re|ll|ve|d|m))$")
_JOINT = regex.compile(r"['_&/-]+|(?<!\d)[.,]+|[.,]+(?!\d)")
_KEPT_APART = regex.compile(r"&|(?<=\d)['_/-]+(?=\d)")  # R&D is no "rd", 1/2 no 12
_MARKED = regex.compile(r"[#.§]\s?")
_VERSION = regex.compile(r"v(\d+(?:\.\d+)+)")
_DIGITS, _RAISED_DIGITS = "0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_RAISED = regex.compile(rf"(?<=[\p{{L}}\p{{N}}])([{_RAISED_DIGITS}]+)")
_POWER = regex.compile(rf"(.*\w)([{_RAISED_DIGITS}]+)")
_TYPED_POWER = re.compile(r"(?<=[^\W_])\^(\()?([+-]?\d{1,3})(?(1)\))(?!\w)")
_RAISE, _LOWER = str.maketrans(_DIGITS, _RAISED_DIGITS), str.maketrans(_RAISED_DIGITS, _DIGITS)
_SPACED_AND = regex.compile(r"(?<!\w)(\w) & (?=\w(?!\w))")  # R & D
_DIGIT_GAP = regex.compile(r"(?<=\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))")  # 1 200, where the space does not break
_STRAIGHT = str.maketrans("’‘ʼ‐‑", "'''--", "\u00ad\u200c\u200d\u2060\ufeff")  # and signs nobody sees
_MARKS = regex.compile(r"[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670]")
# Letters with a stroke or joined, which are no letter and mark to Unicode.
_BARE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

_LONGEST = 64  # signs of a word; what is longer is no word, and told apart by its beginning
_MOST_TEXTS = 50_000  # whose words are kept: questions look at the same sentences again and again
_MOST_PARTS = 6  # of a word that is also kept whole

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words of ``text`` in lower case, in order.

    A joined word is given by its parts and whole: ``GPT-4o`` is gpt, 4o, 4, o, gpt4o; ``U.S.`` is us. Marks that
    carry meaning stay in the whole: ``#43``, ``.net``, ``r+d`` for R&D, ``10⁶``. A number is exact, without marks
    between thousands: ``1,200`` is 1200. A run of signs without spaces, as in Chinese or Thai, is given by its
    overlapping pairs.
    """
    return list(_words(text))


def searched(text: str) -> list[str]:
    """Return the words of ``text``, and after them the terms of its dates and identifiers of several words."""
    return [*_words(text), *date_terms(text), *labelled(text)]


@lru_cache(maxsize=_MOST_TEXTS)
def _words(text: str) -> tuple[str, ...]:
    runs = _ASCII_WORD.findall(_normal(text)) if text.isascii() else WORD.findall(_normal(text))
    return tuple(word for run in runs for word in _words_of(run))


@lru_cache(maxsize=_MOST_TEXTS)
def content_words(text: str, language: str = "en") -> Sequence[str]:
    """Return the distinct words that carry meaning, in order; all distinct words where none does.

    A function word in capitals among others in small letters is a name (``IT``, ``WHO``), and is kept.
    """
    stop = STOP_WORDS_OF.get(language, STOP_WORDS)
    names = set() if text.isupper() else {word.casefold() for word in regex.findall(r"\b\p{Lu}{2,}\b", text)}
    distinct = list(dict.fromkeys(searched(_without_question_words(text, language))))
    return [word for word in distinct if word not in stop or word in names] or list(dict.fromkeys(searched(text)))


def content_stems(text: str) -> list[str]:
    """Return the stems of those words of an English text that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def terms(text: str, language: str) -> list[str]:
    """Return the terms that ``text`` is found by, one for each word, date and identifier."""
    return [stem(word, language) for word in searched(text)]


def wholes(text: str) -> set[str]:
    """Return those of the words of ``text`` that are joined words whole, a date, or a number read another way.

    What they say, other words of the text say too.
    """
    runs = (_words_of(match.group()) for match in WORD.finditer(_normal(text)) if not _PAIRED.match(match.group()))
    return {found[-1] for found in runs if len(found) > 1} | {*date_terms(text), *labelled(text)}


def is_spelt(word: str) -> bool:
    """Whether a word is made of letters, which may be inflected or slip; a number or a pair of signs is not."""
    return _SPELT.fullmatch(word) is not None and not _PAIRED.match(word)


@lru_cache(maxsize=200_000)
def forms(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Return the terms that ``word`` may stand as in documents of these ``languages``, each once."""
    return tuple(dict.fromkeys(stem(word, language) for language in languages))


@lru_cache(maxsize=200_000)
def stem(word: str, language: str = "en") -> str:
    """Return the term of a word: its stem (Snowball), so that "companies" and "company" are one, without accents.

    A word in Latin letters in a language that has no stemmer is taken as English.
    """
    if is_spelt(word):
        algorithm = _STEMMERS.get(language) or ("english" if word.isascii() else "")
        word = str(_stemmer(algorithm).stemWord(word)) if algorithm else word
    return _fold(word)


@cache
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(algorithm, 0)


def _fold(word: str) -> str:
    """Return a word without accents and vowel points; what are letters of their own, as が, stay."""
    if word.isascii():
        return word
    bare = _MARKS.sub("", unicodedata.normalize("NFD", word))
    return unicodedata.normalize("NFC", bare).translate(_BARE) or word


def _normal(text: str) -> str:
    """Return ``text`` in lower case and in the plainest form of its signs: ＧＰＴ is gpt, and ﬁ two letters."""
    if "^" in text:
        text = _TYPED_POWER.sub(lambda power: power[2].translate(_RAISE), text)
    if "&" in text:
        text = _SPACED_AND.sub(r"\1&", text)
    if text.isascii():
        return _ASCII_PLURAL.sub(r"\1", text).lower()
    pieces = _RAISED.split(_DIGIT_GAP.sub("", text))  # what is raised stays so: 10⁶ is not 106
    text = "".join(piece if at % 2 else unicodedata.normalize("NFKC", piece) for at, piece in enumerate(pieces))
    return _PLURAL.sub(r"\1", text).casefold().translate(_STRAIGHT)


@lru_cache(maxsize=200_000)
def _words_of(run: str) -> tuple[str, ...]:
    """Return the words of what stands between spaces or signs."""
    if _PAIRED.match(run):
        return tuple(_pairs(run))
    if not run.isascii():  # the digits of any script
        run = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in run)
    return tuple(dict.fromkeys(word[:_LONGEST] for word in _split(run) if word))


def _pairs(run: str) -> list[str]:
    """Return the overlapping pairs of signs of a run, a vowel or tone mark with its letter; a lone sign itself."""
    signs = regex.findall(r"\X", run)
    return [one + other for one, other in pairwise(signs)] or signs


def _split(run: str) -> Iterator[str]:
    """Yield the parts of a joined word, then the whole without what joins it but for a plus where that must be told."""
    if mark := _MARKED.match(run):
        *parts, whole = _split(run[mark.end() :])
        yield from (*parts, whole, run[0] + whole)
        return
    run = _CLITIC.sub("", run)
    if _NUMBER.fullmatch(run):
        yield from _numbers(run)
        return
    parts = [part for part in _JOINT.split(run) if part]
    initials = len(parts) > 1 and all(len(part) == 1 and part.isalpha() for part in parts)
    for part in () if initials else parts:
        measured = _MEASURED.fullmatch(part)
        if measured:
            yield from (*_numbers(measured[1]), measured[2])
        if version := _VERSION.fullmatch(part):
            yield version[1]
        if power := _POWER.fullmatch(part):
            yield power[1]
            part = power[1] + (power[2] if power[1][-1].isdigit() else power[2].translate(_LOWER))
        yield from _numbers(part) if _NUMBER.fullmatch(part) else (part,)
    if 1 < len(parts) <= _MOST_PARTS or initials:
        yield _JOINT.sub("", _KEPT_APART.sub("+", run))


def _numbers(run: str) -> Iterator[str]:
    """Yield what digits with points or commas may stand for: "1.200" may be a thousand or little more than one."""
    grouped = _GROUPED.fullmatch(run)
    if grouped:
        whole = grouped["whole"].replace(grouped["sign"], "")
        yield whole + (f".{grouped['fraction']}" if grouped["fraction"] else "")
        if run.count(".") == 1 and not grouped["fraction"]:
            yield run
        return
    pieces = regex.split("[.,]", run)
    if len(pieces) == 2 and ("." in run or len(pieces[1]) <= 3):
        yield ".".join(pieces)
    elif len(pieces) > 1:  # a date, a version, a list
        yield from (*pieces, run)
    else:
        yield run


def _without_question_words(text: str, language: str) -> str:
    """Return ``text`` without what only asks, where words are not told apart by spaces."""
    listed = QUESTION_WORDS_OF.get(language)
    return _any_of(listed).sub(" ", text) if listed else text


@cache
def _any_of(listed: str) -> regex.Pattern[str]:
    return regex.compile("|".join(sorted(map(regex.escape, listed.split()), key=len, reverse=True)))
