"""Questions that leave most of themselves to the one before: "And in 2019?", "What about Intel?", "Why?".

What is said takes the place of its like in the question before, and the rest of that is kept. Knows the
shape of English questions, not what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.converse.antecedent import Turn
from rag.converse.mentions import MONTH, TIME, Mention, mentions, things
from rag.converse.pronouns import AUXILIARY, possessive, resolve
from rag.words import STOP_WORDS, stem, words

LEAD = re.compile(
    r"^\W*(?:(?:and|but|or|so|then|also|ok|okay|well|now|right|yes|no|thanks|thank you|great|i see)\b[,.!:]?\s*)*"
    r"(?P<about>(?:what|how) about\b|what of\b)?\s*",
    re.IGNORECASE,
)
_QUESTION_WORD = r"(?:who|whom|whose|what|which|when|where|why|how)"
_ONLY_ASKS = re.compile(
    r"^(?P<asks>(?:(?:in|by|since|until|at|from|for|to|with|on|of|under) )?"
    + _QUESTION_WORD
    + r"(?: (?:much|many|long|often|far|big|old"
    r"|soon|come|years?|month|day|date|century|country|city|place|company|person|exactly|not|ones?|else|money"
    r"|percent)){0,2}"
    r"|what for|on what grounds|for what reason|(?:for )?how long)(?: exactly)?(?: (?:again|so)"
    rf"|(?<=why|hen) {AUXILIARY} (?:that|this|it so|this so|that so)"
    rf"| {AUXILIARY} (?:that|this|it|they|he|she)(?: (?:happen|occur|take place|come about|the case"
    r"|do (?:that|it|so|this))))?\W*$",
    re.IGNORECASE,
)
_DOES_ASK = re.compile(
    rf"^(?P<asked>{_QUESTION_WORD}\b(?:(?! {AUXILIARY} ).)*?) (?P<aux>{AUXILIARY}) (?P<rest>.+)$", re.IGNORECASE
)
_SUBJECT_ASK = re.compile(r"^(?P<asked>who|what|(?:which|what) [a-z]+) (?P<verb>\w+) (?P<rest>.+)$", re.IGNORECASE)
_MORE = re.compile(
    r"^\W*(?:(?:can you |please )?(?:tell me |say )?more(?: about (?:it|that|this|them|him|her))?(?: please)?"
    r"|(?:please )?(?:go on|continue|elaborate|explain)(?: please)?|any(?:thing)? (?:else|more)"
    r"|(?:any )?(?:more )?details)\W*$",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"^\W*(?:such as|for example|for instance|like what|like who|examples?)\W*$", re.IGNORECASE)
_PREPOSITION = (
    r"(?:in|on|at|by|during|since|after|before|for|from|to|of|with|as of|under|between|until|outside|against)"
)
_STARTS_CLAUSE = re.compile(rf"^(?:(?:{_PREPOSITION} )?{_QUESTION_WORD}|{AUXILIARY})\b", re.IGNORECASE)
_STARTS_WITH_AUXILIARY = re.compile(rf"{AUXILIARY} ", re.IGNORECASE)
_PREPOSITIONAL = re.compile(rf"(?P<preposition>{_PREPOSITION}) ", re.IGNORECASE)
_BEFORE_PREPOSITION = re.compile(rf" {_PREPOSITION} ")
_GAP = re.compile(rf"(?:how many|how much) (?={AUXILIARY} (?!it |they |he |she |the ))", re.IGNORECASE)
_COUNTED = re.compile(
    rf"(?P<asks>(?:how many|how much|which|what) )(?P<thing>(?:[a-z-]+ ){{1,3}}?)(?={AUXILIARY} )", re.IGNORECASE
)
_ANYBODY = ("people", "men", "women", "children", "others", "things")
_SEVERAL = re.compile(r"(?:[^\Wsui]s|people|men|women|children)$")
_WHEN = re.compile(rf"(?:\b(?:in|on|during|since|by|before|after|until|as of|for) )?(?:{TIME.pattern})")
_LATE = re.compile(rf" (?:{_PREPOSITION} )?(?P<time>{TIME.pattern})$")
_IRREGULAR = {
    "wrote": "written", "took": "taken", "gave": "given", "began": "begun", "drew": "drawn", "chose": "chosen",
    "broke": "broken", "stole": "stolen", "spoke": "spoken", "sang": "sung", "flew": "flown", "beat": "beaten",
    "saw": "seen", "knew": "known", "drove": "driven", "grew": "grown", "threw": "thrown", "ate": "eaten",
}  # fmt: skip
_SAME_PARTICIPLE = frozenset(
    "made built won led bought sold found set held lost paid sent taught met shot cut put".split()
)
_OWNED = """ceo chairman chair founder founders leader president king capital population price cost name author owner
    director head result outcome reason cause causes purpose goal aim size length height weight depth area speed age
    budget revenue profit role effect effects consequence consequences cast plot title headquarters address deadline
    penalty fee salary currency language flag climate religion source origin width diameter value main temperature
    advantage advantages disadvantage disadvantages benefits risks drawbacks members employees architect designer
    components parts types kinds stages steps functions features ingredients rules requirements
    inventor date location number total winner symptoms treatment cure meaning definition history economy""".split()
_OWNED_THING = re.compile(rf"\bthe (?:\w+ )?(?:{'|'.join(_OWNED)})\b(?! (?:of|for|between|that|to)\b)", re.IGNORECASE)
_HAPPENED = re.compile(
    r"^(?P<what>what (?:else )?happened)(?: to (?:it|them))?(?P<next> next| then| afterwards?| later| after that)?"
    r"(?P<when>(?: in .+)?)$",
    re.IGNORECASE,
)


def restore(question: str, turns: Sequence[Turn]) -> str | None:
    """Return the whole of a question that leaves out what the last one said; None where it leaves out nothing."""
    previous = _closed(turns[-1].question)
    lead = LEAD.match(question)
    assert lead is not None
    led = bool(lead.group().strip(" \"'“"))
    rest = question[lead.end() :].strip().rstrip("?!. ")
    if _EXAMPLE.match(question):
        return f"{previous}?"
    if _MORE.match(question) or (led and not rest):
        return _about(turns)
    if _ONLY_ASKS.match(rest) and not lead["about"]:
        return _ask_again(_asks(rest), previous)
    if not lead["about"] and (filled := _fill_gap(rest, previous)):
        return filled
    if _is_fragment(rest, question, led, bool(lead["about"])):
        return _substitute(rest, previous, turns)
    return _owned(rest, turns)


def _closed(question: str) -> str:
    """Return a question without the mark at its end; of several sentences, the last."""
    return re.split(r"(?<=[a-z)][.?!]) (?=[A-Z])", question.strip())[-1].rstrip("?!. ")


def _about(turns: Sequence[Turn]) -> str | None:
    topic = _topic(turns)
    return f"Tell me more about {topic}." if topic else None


def _topic(turns: Sequence[Turn]) -> str:
    """Return what is spoken of: by name, if the last question or its answer has one."""
    for turn in reversed(turns):
        named = [one for one in mentions(turn.question) if one.named]
        for one in (*named, *([] if named else things(turn.question)), *mentions(turn.answer)):
            if one.kind != "time":
                return one.text
    return ""


def _topic_beside(question: str, turns: Sequence[Turn], *, follows: bool) -> str:
    """Return what is spoken of and not in ``question``; where that ``follows``, of the last question's names alone."""
    for turn in reversed(turns[-1:] if follows else turns):
        named = [one for one in mentions(turn.question) if one.named]
        answered = [one for one in mentions(turn.answer) if one.named and one.kind != "person"]
        plain = [one for one in things(turn.question) if one.text.startswith("the ")]
        for one in named if follows else (*named, *answered, *plain):
            if one.text.lower() not in question.lower():
                return one.text
    return ""


def _asks(rest: str) -> str:
    match = _ONLY_ASKS.match(rest)
    assert match is not None
    return match["asks"].strip()


def _ask_again(asks: str, previous: str) -> str:
    """Return the question before with ``asks`` ("when", "how much") in the place of what it asked."""
    if asks.lower().endswith("else"):
        found = re.match(r"(who|what|where)\b(.*)", previous, re.IGNORECASE)
        return f"{found[1]} else{found[2]}?" if found else f"{previous}, and {asks.lower()}?"
    if re.search(r"\b(?:how many|not|so)$", asks, re.IGNORECASE):
        return f"{previous}, and {asks[0].lower()}{asks[1:]}?"
    opening = asks[0].upper() + asks[1:]
    if _STARTS_WITH_AUXILIARY.match(previous):
        return f"{opening} {previous[0].lower()}{previous[1:]}?"
    if match := _DOES_ASK.match(previous):
        return f"{opening} {_clause(match)}?"
    timed = re.search(r"\b(?:when|where|why|how(?! \w)|year|month|date|city|country)\b", asks, re.IGNORECASE)
    return (_passive(opening, previous) if timed else "") or f"{previous}, and {asks[0].lower()}{asks[1:]}?"


def _clause(match: re.Match[str]) -> str:
    """Return auxiliary, subject and the rest: of "how many men were sent" it is "were men sent"."""
    asked, rest = match["asked"].split(), match["rest"]
    thing = " ".join(asked[2:] if asked[0].lower() == "how" else asked[1:])
    if not thing or asked[0].lower() in ("when", "why", "where"):
        return f"{match['aux']} {rest}"
    if match["aux"].lower() not in ("do", "does", "did"):
        return f"{match['aux']} the {thing} {rest}"
    cut = _BEFORE_PREPOSITION.search(rest)
    does, to_what = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    determiner = "the " if asked[0].lower() in ("which", "what") else ""
    return f"{match['aux']} {does} {determiner}{thing}{to_what}"


def _passive(opening: str, previous: str) -> str:
    """Return "When was Sakana AI founded" of "Who founded Sakana AI"; nothing where it cannot be turned."""
    match = _SUBJECT_ASK.match(previous)
    verb = match["verb"].lower() if match else ""
    participle = _IRREGULAR.get(verb, verb if verb.endswith("ed") or verb in _SAME_PARTICIPLE else "")
    if match is None or not participle or _PREPOSITIONAL.match(match["rest"]):
        return ""
    cut = _BEFORE_PREPOSITION.search(match["rest"])
    thing, tail = (match["rest"][: cut.start()], match["rest"][cut.start() :]) if cut else (match["rest"], "")
    return f"{opening} was {thing} {participle}{tail}?"


def _fill_gap(rest: str, previous: str) -> str:
    """Return "How many models did Baichuan release?" of "How many did …" after a question of how many models."""
    gap, said = _GAP.match(rest), _COUNTED.match(previous)
    if gap is None or said is None or gap.group().lower() != said["asks"].lower():
        return ""
    return f"{rest[0].upper()}{rest[1 : gap.end()]}{said['thing']}{rest[gap.end() :]}?"


def _is_fragment(rest: str, question: str, led: bool, about: bool) -> bool:
    """Whether what is left is no clause but a name, a time, a thing, or one with a preposition."""
    count = len(words(rest))
    if not count or count > 10:
        return False
    if about:
        return True
    if _STARTS_CLAUSE.match(rest) or (not question.rstrip().endswith(("?", "…", '"')) and not led):
        return False
    if led:
        return count <= 6
    prepositional = _PREPOSITIONAL.match(rest)
    bare = (rest[prepositional.end() :] if prepositional else rest).removeprefix("the ")
    if any(one.end - one.start >= len(bare) for one in mentions(bare)):
        return True
    return count <= 5 if prepositional else rest.lower().startswith("the ") and count <= 3


def _substitute(fragment: str, previous: str, turns: Sequence[Turn]) -> str:
    full = resolve(fragment, turns)
    if full != fragment or _stands_alone(full):
        return _swap_owner(full, previous) or f"What about {full}?"
    has_name = any(one.named for one in mentions(fragment))
    if TIME.search(fragment) and not has_name:
        return _swap_time(fragment, previous)
    if late := _LATE.search(fragment):
        return _substitute(fragment[: late.start()], _closed(_swap_time(late.group().strip(), previous)), turns)
    if owned := _swap_owner(fragment, previous):
        return owned
    named = [one for one in mentions(fragment) if one.named]
    if named:
        return _swap_name(fragment, named[-1] if named[-1].kind == "group" else named[0], previous)
    return _swap_thing(fragment, previous, turns)


def _stands_alone(fragment: str) -> bool:
    """Whether a name and what it has, or what is to be known of it, are both there: "Intel's revenue"."""
    return bool(re.search(r"['’]s? [a-z]|[a-z] (?:of|in|for|at) (?:the )?[A-Z]", fragment))


def _swap_time(fragment: str, previous: str) -> str:
    """Return the question before at another time."""
    match = TIME.search(fragment)
    assert match is not None
    prepositional = _PREPOSITIONAL.match(fragment) is not None
    old = _WHEN.search(previous)
    if old is None:
        return f"{previous} {_lowered(fragment) if prepositional else f'in {fragment}'}?"
    partly = re.fullmatch(MONTH, match.group()) and (year := re.search(r"[12]\d{3}$", old.group()))
    new = _lowered(fragment) + (f" {year.group()}" if partly and year else "")
    kept = _PREPOSITIONAL.match(old.group())
    if not prepositional and kept:
        new = f"{kept.group()}{new}"
    return f"{previous[: old.start()]}{new}{previous[old.end() :]}?"


def _swap_owner(fragment: str, previous: str) -> str:
    """Return the question before with another owner ("Intel's") or another thing owned ("the capital of")."""
    owner = re.match(r"^(?P<name>.+)['’]s?$", fragment)
    old = re.search(r"(?:\bthe )?\b[A-Z][\w.-]*(?: [A-Z][\w.-]*){0,5}['’]s?(?= )", previous)
    if owner and old:
        return f"{previous[: old.start()]}{possessive(owner['name'])}{previous[old.end() :]}?"
    whole = re.match(r"^(?P<name>.+)['’]s? (?P<thing>.+)$", fragment)
    if whole and old and previous[old.end() :].strip().lower().startswith(whole["thing"].lower()):
        return f"{previous[: old.start()]}{possessive(whole['name'])}{previous[old.end() :]}?"
    return ""


def _swap_name(fragment: str, new: Mention, previous: str) -> str:
    """Return the question before with the name in ``fragment`` in the place of the one most like it."""
    old = [one for one in mentions(previous) if one.named]
    groups = [one for one in old if one.kind == "group" and " and " in one.text]
    old = [one for one in old if one in groups or not any(g.start <= one.start < g.end for g in groups)]
    preposition = _PREPOSITIONAL.match(fragment)
    if preposition:
        as_there = re.compile(rf"\b{preposition['preposition']} (?:the )?$", re.IGNORECASE)
        same = [one for one in old if as_there.search(previous[: one.start])]
        old = [one for one in same if one.kind == new.kind] or same
        if not old:
            return f"{previous} {_lowered(fragment)}?"
    if not old:
        return _swap_thing(fragment, previous, ())
    target = next((one for one in old if one.kind == new.kind and one.sure == new.sure), None)
    target = target or next((one for one in old if one.kind == new.kind), old[0])
    given = fragment[preposition.end() :] if preposition else fragment
    return f"{previous[: target.start]}{given}{previous[target.end :]}?"


def _swap_thing(fragment: str, previous: str, turns: Sequence[Turn]) -> str:
    """Return the question before with a plain thing in the place of its like, or what was spoken of beside it."""
    if again := _swap_numbered(fragment, previous):
        return again
    if preposition := _PREPOSITIONAL.match(fragment):
        as_there = (
            rf"\b{preposition['preposition']} (?:the |a |an )?[a-z][\w-]*(?=\W*$| (?:{_PREPOSITION}|{AUXILIARY}) )"
        )
        same = list(re.finditer(as_there, previous, re.IGNORECASE))[-1:]
        return (
            f"{previous[: same[0].start()]}{_lowered(fragment)}{previous[same[0].end() :]}?"
            if same
            else (f"{previous} {_lowered(fragment)}?")
        )
    bare = re.sub(r"^(?:the|a|an) ", "", fragment, flags=re.IGNORECASE)
    is_owned = _is_owned(bare)
    old_thing = re.search(r"\b(?:the )?[a-z-]+(?= of )", previous)
    if old_thing and is_owned:
        return f"{previous[: old_thing.start()]}the {_lowered(bare)}{previous[old_thing.end() :]}?"
    topic = _topic(turns)
    has_name = any(one.named for one in mentions(previous))
    if topic and (has_name or not topic.islower()) and (is_owned or fragment != bare):
        return f"What about the {_lowered(bare)} of {topic}?"
    counted = _COUNTED.match(previous)
    if counted and (counted["asks"].lower() != "how many " or _SEVERAL.search(fragment)):
        return f"{counted['asks']}{_lowered(fragment)} {previous[counted.end() :]}?"
    if plain := things(previous):
        return f"{previous[: plain[0].start]}{_lowered(fragment)}{previous[plain[0].end :]}?"
    return f"What about {fragment} ({topic})?" if topic else f"What about {fragment}?"


def _swap_numbered(fragment: str, previous: str) -> str:
    """Return the question of "section 5" after one of "section 4"; nothing where nothing is so numbered."""
    numbered = re.fullmatch(r"(?:the )?(?P<thing>[a-z]+) (?:\d+|[A-Z])", fragment, re.IGNORECASE)
    old = re.search(rf"\b{numbered['thing']} (?:\d+|[A-Z]\b)", previous, re.IGNORECASE) if numbered else None
    return f"{previous[: old.start()]}{fragment}{previous[old.end() :]}?" if old else ""


def _is_owned(thing: str) -> bool:
    """Whether a thing is one that something has: its price, its founder."""
    said = words(thing)
    return bool(said) and said[-1] in _OWNED


def _owned(rest: str, turns: Sequence[Turn]) -> str | None:
    """Return "Who is the CEO of Nvidia?" for a question of "the CEO" that names nothing; None for any other."""
    topic = _topic(turns)
    if not topic or any(one.named for one in mentions(rest)) or len(words(rest)) > 9 or "there" in words(rest):
        return None
    if happened := _HAPPENED.match(rest):
        return f"{happened['what']} to {topic}{happened['next'] or ''}{happened['when']}?"
    thing = _OWNED_THING.search(rest)
    if thing and not re.search(r"[A-Z][a-z]", rest[1:]) and not re.match(r" (?:in|at|on) (?!\d)", rest[thing.end() :]):
        return f"{rest[: thing.end()]} of {topic}{rest[thing.end() :]}?"
    return None


def hint(question: str, turns: Sequence[Turn], *, follows: bool) -> str:
    """Return a question that names nothing with what was spoken of in brackets, if it can only be about that.

    So it is where it is known to follow, holds no thing at all ("Who won?"), or one just spoken of ("the war").
    """
    if _names_something(question) or re.search(r"\b(?:you|your|i|my|me|we|us|our)\b", question, re.IGNORECASE):
        return question
    meaning = [word for word in words(question) if word not in STOP_WORDS]
    said = {stem(word) for turn in turns[-2:] for word in words(f"{turn.question} {turn.answer}")}
    recalled = any(stem(match[1].lower()) in said for match in re.finditer(r"\bthe ([a-z]+)\b(?! of\b)", question))
    topic = _topic_beside(question, turns, follows=follows)
    leans = follows or recalled or all(one.text in _ANYBODY for one in things(question))
    if not topic or not meaning or len(words(question)) > 10 or not leans:
        return question
    return f"{question.rstrip('?!. ')} ({topic})?"


def _names_something(question: str) -> bool:
    return any(one.named for one in mentions(question)) or re.search(r"\w [A-Z]", question) is not None


def _lowered(fragment: str) -> str:
    """Return a fragment as it stands inside a sentence: its first word small, unless it is a name or a time."""
    first = fragment.split()[0]
    return fragment[0].lower() + fragment[1:] if first.lower() in STOP_WORDS else fragment
