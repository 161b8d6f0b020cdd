"""From a sentence of English to a question that it answers, by plain rules; or none, where no rule surely fits.

Pure: a rule sees one sentence, and the text it stands in only to tell a common word from a name. It does not know
whether the question will be answered from that sentence: ``rag.starters`` asks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import NamedTuple

import regex

from rag.dates import MONTHS
from rag.words import STOP_WORDS

LONGEST = 80

_MONTH = f"(?:{'|'.join(MONTHS)})"
_DATE = rf"(?:(?:{_MONTH} (?:\d{{1,2}}, )?)?(?:1[5-9]|20)\d\d)"
_CAPITAL = r"(?:(?:\p{Lu}\.){1,3}|\p{Lu}[\p{L}\p{M}\p{N}]*(?:[’'&-][\p{L}\p{N}]+)*)"
_WORD = r"[\p{L}\p{N}]+(?:[’'-][\p{L}\p{N}]+)*"
_NAME = rf"{_CAPITAL}(?: (?:of |of the |for |for the |de |von |van )?{_CAPITAL}){{0,5}}"
_THE = rf"the (?:{_WORD} ){{0,5}}?{_WORD}"
_SUBJECT = rf"(?P<subject>{_NAME}|{_THE})"
_BOUNDARY = (
    r"(?= ?(?:[,.;:]|in|on|at|by|for|from|with|to|as|after|before|during|when|while|where|which|who|that|because|and|"
    r"but|through|against|into|over|under|between|using|based|along|"
    r"alongside|together|within|without|since|until|across|among|around|about|including|per|up|out|off)\b| ?[,.;:])"
)
# What follows a noun that stands by itself, and is no part of a longer one.
_AFTER = r"(?=[,.;:]| (?:is|was|are|were|has|have|had|will|would|can|could|may|might|should|must|does|did|in|on|at|by|"
_AFTER += r"for|from|with|to|as|and|or|but)\b)"
_OBJECT = rf"(?P<object>{_NAME}|the (?:{_WORD} ){{0,4}}?{_WORD}(?: of (?:the )?{_WORD}(?: {_WORD})?)?){_BOUNDARY}"
_LEAD = rf"(?:in {_DATE},? )?"
_COMMON = rf"(?P<common>(?!the )\p{{Ll}}[\p{{L}}-]+(?: {_WORD}){{0,5}}?)"

# Verbs that say what somebody did to something.
_IRREGULAR = {
    "wrote": "write", "won": "win", "built": "build", "led": "lead", "began": "begin", "bought": "buy", "sold": "sell",
    "took over": "take over", "beat": "beat", "set up": "set up", "left": "leave", "lost": "lose",
}  # fmt: skip
_REGULAR = (
    "found coin invent discover create develop establish introduce propose publish direct compose acquire launch "
    "design pioneer paint sign defeat announce release discontinue open close start purchase adopt approve appoint "
    "elect enter join complete invade capture conquer replace present receive reject abolish appeal describe "
    "demonstrate patent produce record perform host organize organise unveil finance fund repeal award visit"
).split()


def _past(verb: str) -> str:
    return verb + "d" if verb.endswith("e") else verb[:-1] + "ied" if verb.endswith("ry") else verb + "ed"


_DEEDS = {_past(verb): verb for verb in _REGULAR} | _IRREGULAR
# Participle → past tense.
_DONE = {past: past for past in map(_past, _REGULAR)} | {
    "written": "wrote",
    "won": "won",
    "built": "built",
    "led": "led",
}
# What a date is asked of without saying more.
_DONE_BY = list(_DEEDS)
_DEEDS |= {"went onto": "go onto", "went to": "go to", "moved to": "move to", "became": "become"}
_BRINGS_ABOUT = [past for past in _DEEDS if past not in ("received", "presented", "described", "demonstrated")]
_ASKED_WHAT = [
    _past(verb) for verb in
    "announce acquire launch release introduce sign discontinue publish establish create develop adopt purchase".split()
] + ["began", "bought", "sold"]  # fmt: skip
_PARTICIPLES = [*_DONE, *"born held formed enacted incorporated destroyed demolished killed arrested".split()]
_HAPPENED = {
    "died": "die", "began": "begin", "started": "start", "opened": "open", "ended": "end", "closed": "close",
    "occurred": "occur", "took effect": "take effect", "took place": "take place", "came into force": "come into force",
    "expired": "expire",
}  # fmt: skip
_HOLDS = {
    "has": ("does", "have"), "have": ("do", "have"), "had": ("did", "have"), "employs": ("does", "employ"),
    "employed": ("did", "employ"), "contains": ("does", "contain"), "includes": ("does", "include"),
    "operates": ("does", "operate"), "operated": ("did", "operate"), "won": ("did", "win"),
}  # fmt: skip
_GIVES = {
    "offers": "offer", "provides": "provide", "manufactures": "manufacture", "sells": "sell", "produces": "produce",
    "consists of": "consist of", "depends on": "depend on", "causes": "cause", "refers to": "refer to",
    "supports": "support", "requires": "require", "stands for": "stand for",
}  # fmt: skip
_INCLUDES = {
    "includes": ("does", "include"), "include": ("do", "include"), "included": ("did", "include"),
    "consists of": ("does", "consist of"), "consist of": ("do", "consist of"), "consisted of": ("did", "consist of"),
}  # fmt: skip
_TOLD = (
    "reasons? aims? goals? purposes? causes? slogan motto name title capital price cost size length height population "
    "target deadline budget headquarters"
).split()
_LISTED = "(?:examples|types|kinds|forms|signs|symptoms|causes|benefits|effects|side effects|risk factors) of "
_LINKED = {linked: linked for linked in ("used for", "known for", "known as", "called", "named after",
    "associated with", "made of", "composed of", "responsible for", "based on")} | {"used to": "used for"}  # fmt: skip
_CHANGED = {
    "increased": "increase", "decreased": "decrease", "grew": "grow", "rose": "rise", "fell": "fall",
    "declined": "decline", "dropped": "drop",
}  # fmt: skip
_PERSON = (
    "actor actress activist architect artist astronomer author biologist chemist composer diplomat director economist "
    "engineer explorer founder general historian inventor journalist judge king lawyer mathematician minister musician "
    "novelist painter philosopher physician physicist player poet politician president professor psychologist queen "
    "researcher scholar scientist sculptor senator singer writer"
)
_THING = (
    "act agency agreement airline algorithm alloy animal application army association bank band book bridge building "
    "capital cathedral chemical church city civilization club college company compound corporation country county "
    "court currency database dataset disease disorder district document drug dynasty element empire enzyme event "
    "factory family festival field film firm format framework fund game gene genre genus government group hormone "
    "industry infection institute institution island kingdom lake language law library license list machine magazine "
    "manufacturer material measure medicine medication metal method mineral model molecule mountain movement museum "
    "nation network newspaper novel office organisation organization organ park party people plant platform poem port "
    "process product program programme project protein protocol province provider receptor region religion republic "
    "rite river road rule school sea series service set ship site software species sport standard star state station "
    "substance syndrome system team technique technology term test theory tool town tradition treaty tribe type "
    "university village virus vitamin volcano war website"
)
# Of a definite noun without a name to it, what says nothing out of its place.
_VAGUE = set(
    "act agreement author authors board book case change company court data date document event film first following "
    "former game group increase issue latter law man method model number one other others paper party patient patients "
    "people period process program project registrant reason report result results same second section series song "
    "state story study system table team term third time town war way woman work year album city village country "
    "decrease difference figure question answer problem idea goal purpose".split()
)
_PRONOUNS = set(
    "he him his she her hers it its they them their theirs this that these those we us our ours you your yours i me my "
    "mine such here there former latter above below following said aforementioned another who whom whose which what "
    "where when why how if because although though while and or but not also however".split()
)
# A sentence may begin with these, in a capital that makes no name.
_OPENERS = STOP_WORDS | set(
    "figure table section chapter item note part fig additionally finally meanwhile moreover according today yesterday "
    "later since despite many several people one two three first second next last".split()
)
_MODAL = set("may might can could will would shall should must often usually typically also has have had did".split())
_ENDS_BADLY = "most|only|next|last|new|own|best|largest|later|least|main|major|first|second|total|same|average"
_NOUNS = {"subject", "object", "common"}
_PLAIN_SENTENCE = regex.compile(r"[“\"]?\p{Lu}[^|<>{}\[\]*_\\`~^=#@\n\t•·]*[.!][”\"]?")
_ORDINARY = regex.compile(r"[\p{L}\p{M}\p{N} ,.'’&%–-]+\?|[\p{L}\p{M}\p{N} ,.'’&%:–-]+")


class Question(NamedTuple):
    """A question, which rule made it, and how telling it is: more is better."""

    text: str
    kind: str
    worth: int


class _Rule(NamedTuple):
    kind: str
    worth: int
    pattern: regex.Pattern[str]
    ask: Callable[[regex.Match[str]], str]


def names_in(text: str) -> frozenset[str]:
    """Return the words of a text that are names: within its sentences they are rather written with a capital."""
    within = Counter(regex.findall(r"(?<=[\p{Ll},] )\p{Lu}[\p{L}\p{N}’'&-]*", text))
    lower = Counter(regex.findall(r"(?<!\p{L})\p{Ll}+", text))
    return frozenset(word for word, count in within.items() if count > lower[word.lower()])


def questions(sentence: str, names: Set[str]) -> Iterator[Question]:
    """Yield the questions that ``sentence`` answers; ``names`` are those of the text that it stands in."""
    line = regex.sub(r" (?=[,.;:!?)]|['’]s\b)", "", " ".join(sentence.split()))
    if not 30 <= len(line) <= 320 or not _PLAIN_SENTENCE.fullmatch(line):
        return
    line = _as_within(line, names)
    for rule in _RULES:
        match = rule.pattern.search(line)
        nouns = [match[name] for name in _NOUNS & match.groupdict().keys()] if match else []
        asked = rule.ask(match) if match and all(_stands_alone(noun, names) for noun in nouns) else ""
        if asked and is_ordinary(asked) and not _PRONOUNS & set(_asked_words(asked)):
            yield Question(asked, rule.kind, rule.worth if all(map(_is_named, nouns)) else 1)


def is_ordinary(question: str) -> bool:
    """Whether a question is short, and has letters, digits and ordinary punctuation alone."""
    short = 8 <= len(question) <= LONGEST
    return short and bool(_ORDINARY.fullmatch(question)) and not regex.search(r"\p{L}\.\p{Ll}|\d{5}|(.)\1{3}", question)


def is_telling(heading: str) -> bool:
    """Whether a heading may be asked as it stands: some words of a language, not a title in capitals or a number."""
    words = heading.split()
    unspaced = regex.search(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]{4}", heading)
    lower = sum(word[0].islower() for word in words if not word.isascii() or len(word) > 2)
    plain = not regex.search(r"\d|[:&]|\b\p{Lu}{5,}\b", heading) and not _PRONOUNS & set(_asked_words(heading))
    telling = unspaced or (3 <= len(words) <= 9 and lower) or heading.endswith("?")
    return is_ordinary(heading) and plain and bool(telling)


def _asked_words(question: str) -> list[str]:
    """Return the words of a question after those that ask."""
    return regex.findall(r"[\p{L}\p{N}’']+", question.lower().removeprefix("by how"))[1:]


def _as_within(line: str, names: Set[str]) -> str:
    """Return a sentence whose first word is written as it would be in its midst."""
    first, second, *_ = [*line.split(maxsplit=2), ""]
    word = regex.match(r"[\p{L}\p{N}&-]*", first)[0]
    opener = word.lower() in _OPENERS
    if not opener and (word in names or second[:1].isupper() or not word[1:].islower()):
        return line
    return line[0].lower() + line[1:]


def _stands_alone(noun: str, names: Set[str]) -> bool:
    """Whether a noun stands for something outside its sentence."""
    words = noun.split()
    first, last = words[0].lower(), words[-1].lower()
    ends_badly = rf"^{_MONTH}\b|day$|^(?:{_ENDS_BADLY})$|(?:^|[^u])ly$|[^r]ing$"
    if last in STOP_WORDS or regex.search(ends_badly, words[-1]):
        return False
    if _MODAL & set(words) or regex.match(r"the \p{Ll}+['’]s ", noun):
        return False
    if first == "the":
        return len(words) > 1 and (_is_named(noun) or last not in _VAGUE)
    if _is_named(noun):
        return first not in _OPENERS and not (noun.isupper() and len(noun) > 6)
    return first not in _OPENERS and noun not in _VAGUE and not (STOP_WORDS - {"of", "and"}).intersection(words)


def _is_named(noun: str) -> bool:
    """Whether a noun has a name in it, or is one of several words that need none."""
    words = noun.split()
    return any(word[0].isupper() for word in words) or (words[0] != "the" and len(words) > 1)


def _what_is(match: regex.Match[str]) -> str:
    subject, head = match["subject"], match["head"]
    person = head in _PERSON.split()
    if person and (len(subject.split()) < 2 or subject.startswith("The ")):
        return ""
    return f"{'Who' if person else 'What'} {match['is']} {subject}?"


def _said(match: regex.Match[str]) -> str:
    topic = match["topic"]
    part = topic in match["who"] or regex.search(rf"{_MONTH}|day$|(?:ian|ican|ean|ese|ish)s?$", topic)
    return "" if part else f"What did {match['who']} say about {topic}?"


def _included(match: regex.Match[str]) -> str:
    if regex.match(_LISTED, match["common"]):
        return f"What are {'' if match['common'].startswith('examples') else 'the '}{match['common']}?"
    does, verb = _INCLUDES[match["includes"]]
    return f"What {does} {match['common']} {verb}?"


def _one_of(words: Iterable[str]) -> str:
    return "(?:" + "|".join(words) + ")"


def _asking(template: str, **tables: Mapping[str, str | tuple[str, str]]) -> Callable[[regex.Match[str]], str]:
    """Return what fills a template with the groups of a match, some in the form that a table gives."""

    def ask(match: regex.Match[str]) -> str:
        groups = match.groupdict()
        return template.format(**groups | {name: table[groups[name]] for name, table in tables.items()})

    return ask


def _rule(kind: str, worth: int, ask: Callable[[regex.Match[str]], str], pattern: str) -> _Rule:
    return _Rule(kind, worth, regex.compile(pattern), ask)


_RULES = (
    _rule("who", 5, _asking("Who {deed} {object}?"),
        rf"^{_LEAD}(?P<doer>{_NAME}) (?P<deed>{_one_of(_DONE_BY)}) {_OBJECT}"),
    _rule("who", 5, _asking("Who {done} {subject}?", done=_DONE),
        rf"^{_LEAD}{_SUBJECT} (?:was|were) (?P<done>{_one_of(_DONE)}) by (?:{_NAME}|the)\b"),
    _rule("when", 5, _asking("When {was} {subject} {done}{rest}?"),
        rf"^{_SUBJECT} (?P<was>was|were) (?:first )?(?P<done>{_one_of(_PARTICIPLES)})(?P<rest>(?: {_WORD}){{0,3}}?) "
        rf"(?:in|on) {_DATE}"),
    _rule("when", 4, _asking("When {was} {subject} {done}{rest}?"),
        rf"^in {_DATE}, {_SUBJECT} (?P<was>was|were) (?P<done>{_one_of(_PARTICIPLES)})(?P<rest>)\b"),
    _rule("when", 5, _asking("When did {subject} {happened}?", happened=_HAPPENED),
        rf"^{_SUBJECT} (?P<happened>{_one_of(_HAPPENED)})\b[^,;]{{0,40}}? (?:in|on) {_DATE}"),
    _rule("when", 4, _asking("When did {common} {happened}?", happened=_HAPPENED),
        rf"^{_COMMON} (?P<happened>{_one_of(_HAPPENED)}) (?:in|on) {_DATE}"),
    _rule("when", 5, _asking("When did {subject} {deed} {object}?", deed=_DEEDS),
        rf"^in {_DATE}, {_SUBJECT} (?P<deed>{_one_of(_BRINGS_ABOUT)}) {_OBJECT}"),
    _rule("when", 5, _asking("When did {subject} {deed} {object}?", deed=_DEEDS),
        rf"^{_SUBJECT} (?P<deed>{_one_of(_BRINGS_ABOUT)}) {_OBJECT} (?:in|on) {_DATE}"),
    _rule("where", 5, _asking("Where {is} {subject} {placed}?"),
        rf"^{_SUBJECT} (?P<is>is|was|are|were) (?P<placed>located|headquartered|born|buried|based) (?:in|at) "
        rf"(?:the )?{_CAPITAL}"),
    _rule("said", 5, _said,
        rf"(?:^|[,”\"] )(?P<who>{_CAPITAL}(?: {_CAPITAL}){{1,2}}) (?:said|argued|warned|claimed|says|argues|warns) "
        rf"(?:that )?(?:[^“\"]*? )??(?P<topic>{_NAME}){_AFTER}"),
    _rule("how many", 5, _asking("How many {things} {holds[0]} {subject} {holds[1]}?", holds=_HOLDS),
        rf"^{_SUBJECT} (?P<holds>{_one_of(_HOLDS)}) (?:about |approximately |more than |over |some )?\d[\d,]*"
        rf"(?:\.\d+)?(?: million| billion)? (?P<things>(?:{_WORD} ){{0,2}}?(?:people|\p{{Ll}}{{3,}}s)){_BOUNDARY}"),
    _rule("what did", 4, _asking("What did {subject} {deed} in {date}?", deed=_DEEDS),
        rf"^in (?P<date>{_MONTH} (?:1[5-9]|20)\d\d), {_SUBJECT} (?P<deed>{_one_of(_ASKED_WHAT)}) "),
    _rule("why", 4, _asking("Why {was} {subject} {done}?"),
        rf"^{_SUBJECT} (?P<was>was|were) (?P<done>\p{{Ll}}+ed) because "),
    _rule("what does", 4, _asking("What does {subject} {gives}?", gives=_GIVES),
        rf"^{_SUBJECT} (?P<gives>{_one_of(_GIVES)}) "),
    _rule("linked", 4, _asking("What {is} {subject} {linked}?", linked=_LINKED),
        rf"^{_SUBJECT} (?P<is>is|was|are|were) (?P<linked>{_one_of(_LINKED)}) "),
    _rule("why", 4, _asking("Why did {common} {changed}?", changed=_CHANGED),
        rf"^{_COMMON} (?P<changed>{_one_of(_CHANGED)}) .*?(?:due to|driven by|because)\b"),
    _rule("by how much", 3, _asking("By how much did {common} {changed}?", changed=_CHANGED),
        rf"^{_COMMON} (?P<changed>{_one_of(_CHANGED)}) (?:by )?(?:\$ ?)?\d"),
    _rule("included", 3, _included,
        rf"^{_COMMON} (?:primarily |mainly |also )?(?P<includes>{_one_of(_INCLUDES)}) "),
    _rule("what was", 4, _asking("What {was} {subject}?"),
        rf"^(?P<subject>the (?:main |first |official )?{_one_of(_TOLD)} (?:given )?(?:for|of|behind)"
        rf"(?: {_WORD}){{1,8}}?) "
        r"(?P<was>was|were|is|are) (?!not\b|to\b|\p{Ll}+(?:ed|en)\b)"),
    _rule("how much", 2, _asking("How much {was} {common}?"),
        rf"^{_COMMON}(?:,[^,]{{5,80}},)? (?P<was>was|were) \$ ?\d"),
    _rule("what is", 2, _asking("What is {common}?"),
        rf"^{_COMMON} (?:\([^)]{{2,15}}\) )?is an? "),
    _rule("what is", 3, _what_is,
        rf"^{_SUBJECT} (?P<is>is|was) (?:an?|the) (?:{_WORD},? ){{0,4}}?"
        rf"(?P<head>{_one_of(_PERSON.split())}|{_one_of(_THING.split())})\b"),
)  # fmt: skip
