"""What a follow-up question takes over from the conversation: a few terms, beside which it stays as it was typed.

A question leans on what was said where it points back ("it", "there", "the second one"), leads on ("and in 2019?"),
or says next to nothing by itself ("why?"). It then takes over what the question before it was about, less what its own
terms take the place of. The words by which it points are English; of other languages, only a very short question is
taken for a follow-up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np

from rag.dates import MONTHS
from rag.embed import Embedder
from rag.query import questions_in
from rag.types import Carried, Message
from rag.words import STOP_WORDS, WORD, content_stems

# The figures here were chosen by hand.
_REMEMBERED = 8  # messages
_LONGEST = 600  # characters of a message that are looked at
_LEADS = re.compile(
    r"\W*(?:(?:and|but|or|so|also|ok|okay|well|no|yes|sure|what about|how about|i mean(?:t)?)\b\W*)+", re.IGNORECASE
)
_SEVERAL = frozenset("they them their".split())
_PEOPLE = _SEVERAL | frozenset("he him his she her hers".split())
_POINTS = _PEOPLE | frozenset("it its this that these those there then such".split())
_POSSESSIVE = frozenset("its his her their".split())
_ANOTHER = frozenset("one ones other others another".split())
_EMPTY = frozenset(
    content_stems("sure more mean meant elaborate continue thing thanks ok understand summarise list name one bye")
)
_LIGHT = _EMPTY | frozenset(
    content_stems("get got give gave put take took make made go come")
)  # nothing is about these
_ASKS = frozenset("who whom whose what which when where why how".split())
_AUXILIARIES = frozenset("is are was were be do does did has have had can could will would shall should may".split())
_WHO = re.compile(r"\W*who|.*\bby whom\b", re.IGNORECASE)
_WHO_IS = re.compile(r"\W*[Ww]ho(?:['’]s| is| was| are| were) (?=[A-Z])")  # of somebody who is named
_WHICH = re.compile(r"\W*(?:(?:in|at|from|to|on) )?which\b|.*\b(?:called|named?|titled?)\b", re.IGNORECASE)
_WHICH_OR_WHO = re.compile(f"{_WHICH.pattern}|{_WHO.pattern}", re.IGNORECASE)
_WHERE = re.compile(rf"\W*where\b|{_WHICH.pattern}", re.IGNORECASE)
_NO_NAMES = (
    STOP_WORDS
    | {month.lower() for month in MONTHS}
    | set(
        "yes no ok okay thanks anything since frequently name one two three four five six seven eight nine ten".split()
    )
)
_JOINS = frozenset("and of the for de van von".split())  # words within a name
_NTH = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "former": 0, "latter": 1}
_EXPLETIVE = re.compile(r"\b(?:is|are|was|were|be) there\b|\bthere (?:is|are|was|were)\b", re.IGNORECASE)
_ONE_OF = re.compile(rf"\bthe ({'|'.join(_NTH)})(?: ones?\b|\W*$)", re.IGNORECASE)
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_MARKER = re.compile(r"\s*\[\d+\]")  # of a citation
_FEW = 3  # terms of a question that may lean on others without pointing to them
_MOST = 3  # terms that stand for what a question points to
_ALIKE = 0.4  # cosine of words, from which one takes the place of another; chosen by hand


class _Term(NamedTuple):
    """A name, or another word that carries meaning, and the number of the message it stands in."""

    text: str
    stems: frozenset[str]
    is_name: bool
    message: int


class Understood(NamedTuple):
    """A question as it was typed, and what it takes over from the conversation.

    ``answered`` is what was answered last, where it takes anything over: the next answer often stands near by.
    """

    typed: str
    carried: tuple[Carried, ...]
    answered: str = ""

    @property
    def searched(self) -> str:
        """What is searched for: "Danube: How long is it?"."""
        terms = " ".join(one.term for one in self.carried)
        return f"{terms}: {self.typed}" if terms else self.typed


def understand(
    text: str, history: Sequence[Message], embedder: Embedder, carry: Collection[str] | None = None
) -> list[Understood]:
    """Return the questions in a text, each of which may lean on those before it and on ``history``, oldest first.

    Where ``carry`` is given, of the terms that a question takes over, these alone are.
    """
    talk = list(history)
    found = []
    for question in questions_in(text):
        taken = carried_over(question, talk, embedder) if talk else ()
        carried = tuple(one for one in taken if carry is None or one.term in carry)
        answered = talk[-1].content[:_LONGEST] if carried and talk[-1].role == "assistant" else ""
        found.append(Understood(question, carried, answered))
        talk.append(Message(role="user", content=question))
    return found


def carried_over(question: str, history: Sequence[Message], embedder: Embedder) -> tuple[Carried, ...]:
    """Return the terms that ``question`` takes over from ``history``, whose oldest message is first."""
    talk = _Talk(embedder)
    first = max(0, len(history) - _REMEMBERED)
    for number, message in enumerate(history[first:], first + 1):
        talk.hear(message, number)
    return tuple(Carried(term=term.text, from_message=term.message) for term in talk.taken_by(question))


class _Talk:
    """A conversation: its last question, what that is about, and the names in the answer."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._asked = ""
        self._about: list[_Term] = []
        self._answered: list[_Term] = []

    def hear(self, message: Message, number: int) -> None:
        """Take in what is said next."""
        text = _MARKER.sub(" ", message.content[:_LONGEST])
        if message.role == "user":
            own = [term for term in _terms(text, number) if not term.stems <= _LIGHT]
            self._about = _distinct([*own, *self.taken_by(text)])
            self._asked, self._answered = text, []
        else:
            self._answered += [term for term in _terms(text, number) if term.is_name and not term.text.isdigit()]

    def taken_by(self, question: str) -> list[_Term]:
        """Return the terms that a question takes over, each once."""
        return _distinct(self._taken_by(question))

    def _taken_by(self, question: str) -> list[_Term]:
        own = [term for term in _terms(question[:_LONGEST], 0) if not term.stems <= _EMPTY]
        said = frozenset().union(*(term.stems for term in own))
        left = [term for term in self._about if not term.stems <= said]
        words = {word.group().lower() for word in WORD.finditer(_EXPLETIVE.sub(" is ", question))}
        if (nth := _ONE_OF.search(question)) is not None:
            return self._nth(_NTH[nth[1].lower()])
        leads = _LEADS.match(question) is not None
        only_asks = len(own) == 1 and bool(words & _ASKS) and not words & _AUXILIARIES
        if not _is_english(question) and not _is_english(self._asked):
            return left if len(words) < _FEW else []
        names = [term for term in left if term.is_name]
        if own and words & _POINTS and not _is_bound(question, own):
            first = min((term.message for term in left), default=0)  # what is kept through a chain is its subject
            return [*self._named_in_answer(words), *names][:_MOST] or [one for one in left if one.message == first]
        has_name = any(term.is_name and not (term.text.isdigit() or term.text.isupper()) for term in own)
        is_whole = has_name and bool(words & _ASKS) and bool(words & _AUXILIARIES)
        if not own or words & _ANOTHER or only_asks or (leads and len(own) <= _FEW and not is_whole):
            return self._beside(own, left)
        return names[:_MOST] if not has_name and (leads or (len(own) == 1 and "the" in words)) else []

    def _nth(self, at: int) -> list[_Term]:
        """Return one of several things that were named, by its place, and what was asked of them."""
        several = self._answered if len(self._answered) > 1 else [term for term in self._about if term.is_name]
        one = several[at:][:1]
        return [*one, *(term for term in self._about if term not in several)]

    def _named_in_answer(self, words: Set[str]) -> list[_Term]:
        """Return the names that were asked for, where they are what a pronoun among ``words`` stands for."""
        several = bool(words & _SEVERAL)
        asked_for = _WHICH_OR_WHO if several else _WHO if words & _PEOPLE else _WHERE if "there" in words else _WHICH
        known = frozenset().union(*(term.stems for term in self._about))
        new = [term for term in self._answered if not term.stems & known]
        is_asked = asked_for.match(self._asked) and not _WHO_IS.match(self._asked)
        return new[: 1 + several] if is_asked else []

    def _beside(self, own: Sequence[_Term], left: Sequence[_Term]) -> list[_Term]:
        """Return what is left of the question before: each term of this one takes the place of that most like it."""
        left = list(left)
        for term in own:
            is_year = _YEAR.fullmatch(term.text) is not None
            alike = [one for one in left if (_YEAR.fullmatch(one.text) is not None) == is_year]
            alike = [one for one in alike if one.is_name or not term.is_name]
            if alike:
                own_vector = self._embedder.embed_query(term.text)
                cosines = np.array([self._embedder.embed_query(one.text) @ own_vector for one in alike])
                if term.is_name or cosines.max() >= _ALIKE:
                    left.remove(alike[int(cosines.argmax())])
        return left


def _is_bound(question: str, own: Sequence[_Term]) -> bool:
    """Whether the first word that points stands for something in its own question, or for nothing."""
    said = [word.group().lower() for word in WORD.finditer(_EXPLETIVE.sub(" ", question))]
    at = next(place for place, word in enumerate(said) if word in _POINTS)
    names = [term for term in own if term.is_name and not term.text.isdigit()]
    before = set(said[:at])
    if any(term.text.lower().split()[0] in before for term in names) or (names and len(own) > _FEW):
        return True
    return said[at] in _POSSESSIVE and said[0] in ("who", "which") and not before & _AUXILIARIES


def _distinct(terms: Iterable[_Term]) -> list[_Term]:
    """Return terms without those whose words others before them hold."""
    found: list[_Term] = []
    for term in terms:
        if not any(term.stems <= one.stems for one in found):
            found.append(term)
    return found


def _is_english(question: str) -> bool:
    return any(word.group().lower() in STOP_WORDS for word in WORD.finditer(question))


def _terms(text: str, message: int) -> list[_Term]:
    """Return the names of a text, and its other words that carry meaning, each once."""
    found: dict[frozenset[str], _Term] = {}
    for run, is_name in _runs(text):
        plain = re.sub(r"['’]s?$", "", run)
        stems = frozenset(content_stems(plain))
        if stems:
            found.setdefault(stems, _Term(plain, stems, is_name, message))
    return list(found.values())


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield names, which are words with capitals that follow each other, and other words."""
    begin = end = -1
    for word in WORD.finditer(text):
        said, before = word.group(), text[: word.start()].rstrip(" \"'“‘(")
        begins = not before or before[-1] in ".?!:\n"
        is_name = said[0].isupper() and said.lower() not in _NO_NAMES and not (begins and said.lower() in text)
        gap = text[end : word.start()] if begin >= 0 else ""
        if is_name and gap and (gap == " " or gap.strip() in _JOINS):
            end = word.end()
            continue
        if begin >= 0 and (is_name or said.lower() not in _JOINS):
            yield text[begin:end], True
            begin = -1
        if is_name:
            begin, end = word.span()
        elif begin < 0 and said.lower() not in STOP_WORDS:
            yield said, said.isdigit()
    if begin >= 0:
        yield text[begin:end], True
