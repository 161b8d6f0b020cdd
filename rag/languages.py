"""Which language a text is in: by its script where that tells, else by py3langid's model of letter sequences.

Languages are ISO 639-1 codes, "" where it cannot be told. It does not know what a language is used for.
"""

from __future__ import annotations

import io
import lzma
from array import array
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from rag.stop_words import STOP_WORDS_OF

NAMES = {
    "af": "Afrikaans", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "lo": "Lao",
    "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi",
    "ms": "Malay", "my": "Burmese", "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian",
    "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai",
    "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip

# Scripts that one language in the main is written in. Kana before Han, which Japanese uses too.
_SCRIPTS = (
    ("ja", r"\p{Hiragana}\p{Katakana}"), ("zh", r"\p{Han}"), ("ko", r"\p{Hangul}"), ("th", r"\p{Thai}"),
    ("lo", r"\p{Lao}"), ("km", r"\p{Khmer}"), ("my", r"\p{Myanmar}"), ("el", r"\p{Greek}"), ("he", r"\p{Hebrew}"),
    ("ka", r"\p{Georgian}"), ("hy", r"\p{Armenian}"), ("ta", r"\p{Tamil}"), ("te", r"\p{Telugu}"),
    ("bn", r"\p{Bengali}"), ("gu", r"\p{Gujarati}"), ("kn", r"\p{Kannada}"), ("ml", r"\p{Malayalam}"),
    ("pa", r"\p{Gurmukhi}"), ("si", r"\p{Sinhala}"),
)  # fmt: skip
_ONE_SCRIPT = regex.compile("|".join(f"(?P<{language}>[{script}])" for language, script in _SCRIPTS))
_LETTER = regex.compile(r"\p{L}")
_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}'’ ]*")

_ENOUGH = 3  # a third of the letters: a word of Chinese is one or two, a name in brackets ten
_SAMPLE = 1500  # signs, from each of three places of a text
_FEWEST_LETTERS = 30  # of a document whose script does not tell
_SURE = 0.8  # for a document; its language is told to people and weighs what is found in it
_FEWEST_ENGLISH = 2  # function words of a question
_SURE_OF_A_QUESTION = 0.9  # where no document is in that language


def document_language(text: str) -> str:
    """Return the language that most of ``text`` is in, by samples of its beginning, middle and end."""
    middle = len(text) // 2
    places = (0, middle, len(text) - _SAMPLE) if len(text) > 3 * _SAMPLE else ()
    sample = " ".join(text[at : at + _SAMPLE] for at in places) or text
    language = _by_script(sample)
    if language is not None:
        return language
    prose = " ".join(_LETTERS.findall(sample))
    if len(_LETTER.findall(prose)) < _FEWEST_LETTERS:
        return ""
    best, chance = _ranked(prose)[0]
    return best if chance >= _SURE else ""


def question_language(question: str, of_documents: Collection[str]) -> str:
    """Return the language of a question: one of the documents' or English, unless it is surely another.

    A question is short, and what it is asked of tells more than its letters do.
    """
    language = _by_script(question)
    if language is not None:
        return "ja" if language == "zh" and "ja" in of_documents and "zh" not in of_documents else language
    if not _LETTER.search(question):
        return ""
    if _is_plainly_english(question):
        return "en"
    ranked = _ranked(question)
    if ranked[0][1] >= _SURE_OF_A_QUESTION:
        return ranked[0][0]
    expected = {"en", *of_documents}
    return next((language for language, _ in ranked if language in expected), "en")


def _is_plainly_english(question: str) -> bool:
    """Whether more of the words are English function words than another language's: spares loading the model."""
    found = {word for run in _LETTERS.findall(question.casefold()) for word in run.split()}
    counts = {language: len(found & listed) for language, listed in STOP_WORDS_OF.items()}
    english = counts.pop("en")
    return english >= _FEWEST_ENGLISH and english > max(counts.values())


def unspoken(languages: Iterable[str], spoken: Collection[str] | None, model: str) -> str | None:
    """Say in one line which of the documents' ``languages`` a model does not speak; None where it speaks all."""
    counts = Counter(language for language in languages if not speaks(spoken, language))
    if not counts:
        return None
    most = sorted(counts, key=lambda language: (-counts[language], language))
    first, *others = [f"in {NAMES.get(language, language)}" for language in most]
    parts = [f"{counts[most[0]]} document{'s are' if counts[most[0]] > 1 else ' is'} {first}"]
    parts += [f"{counts[language]} {name}" for language, name in zip(most[1:], others, strict=True)]
    said = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{said}, which {model} does not speak: set RAG_EMBEDDER to a multilingual sentence-transformers model"


def speaks(spoken: Collection[str] | None, language: str) -> bool:
    """Whether a model that speaks the languages ``spoken`` (None: all) is good for text in ``language``."""
    return spoken is None or not language or language in spoken


def _by_script(text: str) -> str | None:
    """Return the language whose own script the text is in, but for names; None where it is in a script of many."""
    counts = Counter(str(match.lastgroup) for match in _ONE_SCRIPT.finditer(text))
    if not counts or _ENOUGH * counts.total() < len(_LETTER.findall(text)):
        return None
    if 3 * counts["ja"] >= counts["zh"]:  # Japanese is never without many kana; Chinese may quote a word of it
        counts["ja"] += counts.pop("zh", 0)
    return max(counts, key=lambda language: (counts[language], language))


def _ranked(text: str) -> list[tuple[str, float]]:
    """Return all languages with the chance that ``text`` is in each, best first."""
    ranked: list[tuple[str, float]] = _identifier().rank(text)
    return ranked


@cache
def _identifier() -> Any:
    """Return py3langid's model, in half a second.

    Its own loader unpacks it to a temporary file, and so fails on a full disk; this one does so in memory.
    """
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    with lzma.open(MODEL_DIR / MODEL_FILE) as file:
        model = np.load(io.BytesIO(file.read()), allow_pickle=False)
    identifier = LanguageIdentifier(
        model["ptc"],
        model["pc"],
        model["classes"].tolist(),
        _compact(model["nextmove"]),
        model["out_feat"].tolist(),
        norm_probs=True,
        tk_row=_compact(model["nextmove_row"]),
    )
    identifier.set_languages(NAMES)
    return identifier


def _compact(numbers: NDArray[Any]) -> array[int]:
    """Return numbers in an array of Python's own, which is quicker to look single ones up in."""
    return array(numbers.dtype.char, numbers.tobytes())
