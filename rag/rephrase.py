"""A question in words that the documents have: its words that stand nowhere are left out, or spelt as documents do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rag.identifiers import Identifier
from rag.index import Reader
from rag.stop_words import STOP_WORDS_OF
from rag.terms import Terms
from rag.types import Rephrased
from rag.words import STOP_WORDS, WORD, content_words, forms, is_spelt

_FEWEST_LEFT = 2  # words that carry meaning: a question of one is of anything
_SHORTEST_SPELT = 4  # letters of a word that may be a slip of another, as where words are corrected (rag.terms)
_LONG = 8  # letters, from which two slips are thought possible
_LOOKED_AT = 3  # passages, for how the nearest word is written
_END = "?!. ？！。؟"
_Place = tuple[int, int]


def rephrasings(question: str, terms: Terms, unknown: Sequence[Identifier], reader: Reader) -> Iterator[Rephrased]:
    """Yield a question with its unknown words as the documents spell them, then without its unknown names.

    ``terms`` are the question's, and ``unknown`` its identifiers that stand nowhere.
    """
    places = _unknown_words(question, terms, reader)
    spelt = {place: word for place in places if (word := _nearest(question[slice(*place)], terms, reader))}
    if spelt:
        yield Rephrased(question=_with(question, places, spelt.get), change=f"with {_quoted(spelt.values())}")
    left_out = _joined(question, {*places, *_places_of(question, unknown)})
    shorter = _with(question, [_with_lead(question, place, terms.language) for place in left_out], lambda _: "")
    if left_out and len(content_words(shorter, terms.language)) >= _FEWEST_LEFT:
        said = _quoted(question[start:end] for start, end in left_out)
        yield Rephrased(question=shorter, change=f"without {said}")


def _with_lead(question: str, place: _Place, language: str) -> _Place:
    """Return a place, where it ends a question with the small words that lead to it: "in the" of "in the Zoo?"."""
    start, end = place
    if question[end:].strip(_END):
        return place
    stop = STOP_WORDS_OF.get(language, STOP_WORDS)
    before = list(WORD.finditer(question[:start]))
    while before and before[-1].group().lower() in stop:
        start = before.pop().start()
    return start, end


def _quoted(texts: Iterable[str]) -> str:
    return " and ".join(f"“{text}”" for text in texts)


def _unknown_words(question: str, terms: Terms, reader: Reader) -> list[_Place]:
    """Return where the words stand that carry meaning and are in no passage."""
    wanted = set(content_words(question, terms.language))
    found = [one.span() for one in WORD.finditer(question) if wanted & set(content_words(one.group(), terms.language))]
    counts = reader.frequencies([_forms_of(question[slice(*place)], terms) for place in found])
    return [place for place, count in zip(found, counts, strict=True) if not count]


def _forms_of(word: str, terms: Terms) -> tuple[str, ...]:
    return tuple(form for part in content_words(word, terms.language) for form in forms(part, terms.languages))


def _nearest(word: str, terms: Terms, reader: Reader) -> str | None:
    """Return the word nearest in spelling, as a document writes it."""
    low = word.lower()
    if len(low) < _SHORTEST_SPELT or not is_spelt(low):
        return None
    term = reader.nearest_term(forms(low, terms.languages)[0], 1 if len(low) < _LONG else 2)
    passages = reader.passages(list(reader.lexical([(term,)], _LOOKED_AT))) if term else ()
    written = (one.group() for passage in passages for one in WORD.finditer(passage.chunk.text))
    return next((one for one in written if term in forms(one.lower(), terms.languages)), None)


def _places_of(question: str, unknown: Sequence[Identifier]) -> Iterator[_Place]:
    low = question.lower()
    for text in (one.text.lower() for one in unknown):
        if text in low:
            yield low.index(text), low.index(text) + len(text)


def _joined(question: str, places: set[_Place]) -> list[_Place]:
    """Return places in order, those as one that overlap or have only white space between them."""
    joined: list[_Place] = []
    for start, end in sorted(places):
        if joined and not question[joined[-1][1] : start].strip():
            first, last = joined.pop()
            start, end = first, max(last, end)
        joined.append((start, end))
    return joined


def _with(question: str, places: Sequence[_Place], word_at: Callable[[_Place], str | None]) -> str:
    """Return a question with other words at some places; where that is None, with its own."""
    parts, done = [], 0
    for place in places:
        word = word_at(place)
        parts += [question[done : place[0]], question[slice(*place)] if word is None else word]
        done = place[1]
    return " ".join("".join([*parts, question[done:]]).split()).replace(" ?", "?")
