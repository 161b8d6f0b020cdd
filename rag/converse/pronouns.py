"""Words that stand for something said before, put back into full: "its", "he", "that company", "there".

A word that stands for something in its own question is left alone, as is an "it" that stands for nothing.
The rules are those of English grammar; what they leave open is settled by what the conversation is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from rag.converse.antecedent import Known, Turn, antecedents, fit, known_kinds, lists
from rag.converse.mentions import MONTH, Mention, mentions, things
from rag.words import words

AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must"
    r"|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|hasn't|haven't|can't|couldn't|won't|wouldn't)"
)
_MOST_PRONOUNS = 6  # looked at, for speed
_PRONOUN = re.compile(r"\b(?P<word>it|its|he|him|his|she|her|they|them|their)\b(?!-)", re.IGNORECASE)
_WANTED = {
    **dict.fromkeys(("it", "its"), "it"),
    **dict.fromkeys(("he", "him", "his"), "he"),
    **dict.fromkeys(("she", "her"), "she"),
    **dict.fromkeys(("they", "them", "their"), "they"),
}
_PARTICIPLE = (
    r"(?:\w+ed|\w+wn|\w+en|built|made|sold|bought|found|put|set|led|held|lost|won|paid|sent|told|left|cut|hit)"
)
_EXPLETIVE = re.compile(
    rf"\bit (?:\w+ly |not |still |so |also |ever )*(?:be )?(?!{_PARTICIPLE} )\w+ (?:that|to|if|whether)\b"
    r"|\bit (?:is|was|be|has been|becomes?|became) (?:\w+ ){1,3}?(?:that|to|when|if|whether|whose|who)\b"
    rf"|\b(?:what|who|where|when|why|how) (?:is|was) it (?:that\b|about\b|like to\b|called (?:when|if)\b"
    rf"|{_PARTICIPLE} (?:when|if|that)\b)"
    r"|\bit (?:takes?|took|costs?|means?|makes? sense|requires?|feels?|rains?|snows?)\b.*\b(?:to|that|if|when)\b"
    rf"|\b(?:is|was) it (?:\w+ly )?(?:{_PARTICIPLE} that\b|(?!{_PARTICIPLE} )\w+ for .+ to\b)"
    r"|\bit (?:rain|snow|seem|appear|happen that|come to|comes to)\b"
    r"|\bit (?:is |was )?(?:generally |widely |often |commonly )?(?:assumed|believed|said|thought|known|agreed) that\b"
    r"|\b(?:ma[dk]es?|making|f[io]u?nds?|consider(?:s|ed)?) it (?:\w+ )?\w+ (?:to|for|that)\b",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"\b(?:that|when|if|because|while|as(?=\s*$)|before|after|until|since|where|which|who|whose|whether|how|why|what|than|so"
    r"|though|although|once|unless|in order to|assuming|given|provided)\b|\b(?:and|or|but)(?= [a-z])|[,:;]"
    r"|\b(?:says?|said|claims?|claimed|thinks?|thought|believes?|believed|hopes?|expects?|knows?|knew|decided?)(?=\s*$)",
    re.IGNORECASE,
)
_KIND_OF_NOUN = {
    "it": "company firm organisation organization startup business group bank university party institution agency",
    "place": "country nation city town village place region state island area continent location province",
    "time": "year time period decade month day date century moment era week",
    "he": "man person guy king author leader founder president director scientist writer",
    "she": "woman lady queen actress",
    "they": "companies firms people men women countries nations cities groups",
}
_WANTED_BY_NOUN = {noun: wanted for wanted, nouns in _KIND_OF_NOUN.items() for noun in nouns.split()}
_DEMONSTRATIVE = re.compile(
    rf"(?P<before>(?:^|\b(?:{AUXILIARY}|of|in|for|by|with|about|to|from|at|on|after|before|since|during|against|until"
    r"|than|behind|into|under|and|or|but) ))?\b(?P<whole>(?:that|this|these|those) (?P<noun>[a-z][\w-]*))\b",
    re.IGNORECASE,
)
_NOT_A_NOUN = re.compile(
    rf"(?:{AUXILIARY}|of|who|that|in|on|at|to|for|from|by|with|and|or|the|a|an|it|he|she|they|we|you|i|not|mean|work"
    r"|her|his|its|their|my|your|our|one|ones|is|too|so|happen|occur|affect|help|change|true|right|correct|legal"
    r"|possible|important|\w+ed|\w+ly)$",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"\b(?P<before>{AUXILIARY}|of|for|by|with|about|like|after|before|to|do|did|than|meant|made|found) "
    r"(?P<word>this|that|these|those)(?= (?:mean|work|happen|occur|affect|help|change|true|legal|possible|important"
    rf"|last|cost|\w+ed|in|on|for|to|at|by|the|an?|her|his|its|their|still|only|really|also)\b|\W*$)",
    re.IGNORECASE,
)
_DEFINITE = re.compile(
    r"\b(?P<whole>the (?:same )?(?P<noun>company|firm|startup|organi[sz]ation|country|city|town|village|man|woman))\b"
    rf"(?! (?:of|that|who|which|for|with|where|when|to|(?:in|on|at) (?!{MONTH}|\d))\b)"
)
_RISES = re.compile(
    r"\b(?:fall|fell|rise|rose|risen|grow|grew|grown|drop(?:ped)?|(?:in|de)creased?|declined?|shr[iau]nk"
    r"|change[ds]?|jump(?:ed)?|high|low|higher|lower|larger|smaller)\b"
)
_THERE = re.compile(
    r"(?<!\b(?:is|be) )(?<!\b(?:are|was|has) )(?<!\b(?:were|been|have|will) )\bthere\b"
    rf"(?! (?:{AUXILIARY}|be|exist))(?!['’])",
    re.IGNORECASE,
)
_THEN = re.compile(r"\b(?P<before>by |since |until |back |before )?then(?=\W*$)")
_ONE_OF = re.compile(
    r"\bthe (?P<nth>first|second|third|fourth|last|former|latter|other)(?: ones?\b|(?<=tter)|(?<=rmer)|(?=\W*$))",
    re.IGNORECASE,
)
_AFTER_AUXILIARY = re.compile(rf"\b{AUXILIARY} $")
_ACTS = re.compile(r"\b(?:do|does|did|has|have|will|can) $")
_HAS_PARTICIPLE = re.compile(rf"\b{_PARTICIPLE}\b")
_OPENS_WITH_PARTICIPLE = re.compile(rf"(?:\w+ )?{_PARTICIPLE}\b")
_QUESTION_WORD_DOES = re.compile(
    rf"\W*(?:in |of |for )?(?P<asked>(?:who|whose \w+)|(?:which|what)(?: (?!{AUXILIARY}\b)\w+){{1,2}}?)"
    r" (?P<verb>\w+) (?P<rest>.*)",
    re.IGNORECASE,
)
_IS_AUXILIARY = re.compile(AUXILIARY, re.IGNORECASE)
_GOES = re.compile(r"\b(?:go|goes|went|come|came|travel|travell?ed|return(?:ed)?|move[ds]?|sail(?:ed)?|fl[ye]w?|get) $")
_NTH = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "latter": -1, "other": 1}


def resolve(question: str, turns: Sequence[Turn]) -> str:
    """Return ``question`` with the words that stand for something said before in full; unchanged if none does."""
    for step in (_demonstratives, _definites, _ordinals, _pronouns, _bare_demonstratives, _there_and_then):
        question = step(question, turns)
    return question


def possessive(name: str) -> str:
    """Return "Nvidia's", "the Normans'"."""
    return f"{name}'" if re.search(r"(?:s|S)$", name) and name.lower().startswith("the ") else f"{name}'s"


def _pronouns(question: str, turns: Sequence[Turn]) -> str:
    known = known_kinds(turns)
    done: dict[str, str] = {}
    pieces, at = [], 0
    empty = [span.span() for span in _EXPLETIVE.finditer(question)]
    for match in islice(_PRONOUN.finditer(question), _MOST_PRONOUNS):
        wanted = _WANTED[match["word"].lower()]
        is_empty = wanted == "it" and any(start <= match.start() < end for start, end in empty)
        if wanted in done or is_empty or _stands_within(question, match, wanted, known):
            continue
        if full := _meant(question, match, turns, tuple(done.values())):
            done[wanted] = full
            pieces += [question[at : match.start()], _in_place(full, question, match)]
            at = match.end()
    return "".join(pieces) + question[at:]


def _meant(question: str, match: re.Match[str], turns: Sequence[Turn], taken: Sequence[str]) -> str:
    """Return the likeliest of what a pronoun stands for, other than ``taken``; nothing where there is none."""
    wanted = _WANTED[match["word"].lower()]
    if wanted == "it" and (amount := _amount(question, turns[-1])):
        return amount
    acts = _ACTS.search(question[: match.start()]) is not None
    return next((one.text for one in antecedents(turns, wanted, acts=acts) if one.text not in taken), "")


def _in_place(full: str, question: str, match: re.Match[str]) -> str:
    """Return what a pronoun stands for in the form it has there: "Nvidia's" for "its"."""
    if _owns(question, match):
        return possessive(full)
    return f"the {full}" if full.islower() and question[: match.start()].endswith(" of ") else full


def _owns(question: str, match: re.Match[str]) -> bool:
    """Whether the pronoun is a possessive before a noun."""
    word, after = match["word"].lower(), question[match.end() :]
    is_possessive = word in ("its", "his", "their") or (word == "her" and re.match(r" [a-z]\w", after) is not None)
    return is_possessive and re.search(r"\w", after) is not None


def _amount(question: str, turn: Turn) -> str:
    """Return "Nvidia's revenue" of a question of that, where ``question`` is whether it rose or fell."""
    owned = re.search(r"(?:\bthe )?\b[A-Z][\w.-]*(?: [A-Z][\w.-]*){0,5}['’]s? [a-z]+\b", turn.question)
    return owned.group() if owned and _RISES.search(question) else ""


def _stands_within(question: str, match: re.Match[str], wanted: str, known: Known) -> bool:
    """Whether the pronoun can stand for something that its own question names before it.

    The subject of the question stands for nothing after it, and an object never for the subject of its own clause.
    """
    before = question[: match.start()]
    named = [one for one in mentions(before) if fit(one, wanted, known) > 0]
    plain = [one for one in things(before) if fit(one, wanted, known) > 0]
    if _AFTER_AUXILIARY.search(before) or not before.strip():
        fronted = re.match(r"(.+)[,:;—–]", before)
        return fronted is not None and any(one.end <= fronted.end() for one in (*named, *plain))
    binds = _question_word_binds(before, wanted)
    if _owns(question, match):
        return bool(named) or binds or any(_does_something(before, one) for one in plain)
    if match["word"].lower() in ("he", "she", "they"):
        return bool(named or plain or binds)
    boundaries = [b.start() for b in _BOUNDARY.finditer(before) if len(before[: b.start()].split()) > 1]
    return bool(boundaries) and (binds or any(one.end <= boundaries[-1] for one in (*named, *plain)))


def _does_something(before: str, one: Mention) -> bool:
    """Whether a verb stands between a plain thing and what comes after it: "the bridge lost its"."""
    opens_with_be = re.match(r"\W*\w+ (?:is|was|are|were) ", before)
    return not opens_with_be or _HAS_PARTICIPLE.search(before, one.end) is not None


def _question_word_binds(before: str, wanted: str) -> bool:
    """Whether "who" or "which country" does something, so that a later word can stand for it."""
    found = _QUESTION_WORD_DOES.match(before)
    if found and wanted == "it" and re.search(r"[^\Wsui]s$", found["asked"]):
        return False  # "which molecules … it"
    if found is None or not _IS_AUXILIARY.fullmatch(found["verb"]):
        return found is not None
    may_be_passive = found["verb"].lower() in ("is", "was", "are", "were", "has", "had")
    return may_be_passive and _OPENS_WITH_PARTICIPLE.match(found["rest"]) is not None


def _demonstratives(question: str, turns: Sequence[Turn]) -> str:
    for match in _DEMONSTRATIVE.finditer(question):
        noun, begins = match["noun"].lower(), match.start("whole")
        may_join = match["whole"].lower().startswith("that ") and match["before"] is None
        if may_join and (noun not in _WANTED_BY_NOUN or noun.endswith("s")):
            continue  # "know that companies …"
        if match["whole"].lower().startswith("this ") and re.search(r"[^sui]s$", noun):
            continue  # a verb: "this represents"
        if _NOT_A_NOUN.match(noun) or any(word.startswith(noun) for word in words(question[:begins])):
            continue
        full, about = _noun_in_full(noun, turns)
        if full:
            rest = question[match.end() :]
            return question[:begins] + full + (f"{rest.rstrip('?!. ')} ({about})?" if about else rest)
    return question


def _definites(question: str, turns: Sequence[Turn]) -> str:
    """Put "the company" in full where the question names nothing itself."""
    if any(one.named for one in mentions(question)):
        return question
    match = _DEFINITE.search(question)
    if match is None:
        return question
    found = _one_of_kind(_WANTED_BY_NOUN[match["noun"].replace("z", "s")], turns)
    return question[: match.start()] + found + question[match.end() :] if found else question


def _one_of_kind(wanted: str, turns: Sequence[Turn]) -> str:
    """Return the name that "that company" or "that year" stands for; nothing where there is none."""
    found = antecedents(turns, wanted)
    if wanted == "it":
        known = known_kinds(turns)
        found = [one for one in found if one.named and fit(one, "place", known) < 2 and not re.search(r"\d", one.text)]
    if wanted == "place" and not found:
        found = antecedents(turns, "it")
    return found[0].text if found else ""


def _noun_in_full(noun: str, turns: Sequence[Turn]) -> tuple[str, str]:
    """Return what "that ban" is: a thing so called, one of its kind, or the ban; and then what was spoken of."""
    stem = noun.removesuffix("s")
    for turn in reversed(turns):
        spoken = [*mentions(turn.question), *mentions(turn.answer)]
        for one in spoken:
            if one.named and one.kind != "person" and stem in one.text.lower().split():
                return (one.text if one.text.startswith(("the ", "The ")) else f"the {one.text}"), ""
    if wanted := _WANTED_BY_NOUN.get(noun):
        return _one_of_kind(wanted, turns), ""
    for turn in reversed(turns):
        about = ", ".join([one.text for one in mentions(turn.question) if one.named and one.kind != "group"][:2])
        if plain := [one for one in things(turn.question) if stem in one.text.lower()]:
            return plain[0].text, about if about not in plain[0].text else ""
        if about:
            return f"the {noun}", about
    return "", ""


def _ordinals(question: str, turns: Sequence[Turn]) -> str:
    match = _ONE_OF.search(question)
    if match is None:
        return question
    at = _NTH[match["nth"].lower()]
    for names in lists(turns):
        if at < len(names):
            return question[: match.start()] + names[at] + question[match.end() :]
    return question


def _bare_demonstratives(question: str, turns: Sequence[Turn]) -> str:
    match = _BARE.search(question)
    if match is None or any(one.named for one in mentions(question[: match.start("word")])):
        return question  # it may name itself what "that" is
    plural = match["word"].lower() in ("these", "those")
    found = antecedents(turns, "they" if plural else "it")
    if re.match(r"\W*where (?:is|was)\b", question, re.IGNORECASE):
        found = antecedents(turns, "place") or found
    return question[: match.start("word")] + found[0].text + question[match.end("word") :] if found else question


def _there_and_then(question: str, turns: Sequence[Turn]) -> str:
    match = _THERE.search(question)
    found = antecedents(turns, "place") or antecedents(turns, "it") if match else []
    if match and found and not any(one.kind == "place" for one in mentions(question[: match.start()])):
        place = _towards(question[: match.start()], found[0])
        question = question[: match.start()] + place + question[match.end() :]
    match = _THEN.search(question)
    found = antecedents(turns, "time") if match else []
    if match and found:
        preposition = match["before"] if match["before"] in ("by ", "since ", "until ", "before ") else "in "
        question = question[: match.start()] + preposition + found[0].text + question[match.end() :]
    return question


def _towards(before: str, place: Mention) -> str:
    """Return a place with the preposition that "there" holds in it, after ``before``."""
    if re.search(r"\b(?:from|in|near|around|to|at) $", before):
        return place.text
    if _GOES.search(before):
        return f"to {place.text}"
    return f"at {place.text}" if place.kind == "thing" and (place.sure or not place.named) else f"in {place.text}"
