"""What a word is compared by: its stem, and of an English verb with forms of its own the stem of its base."""

from __future__ import annotations

from functools import lru_cache

from rag.words import stem, words

_FORMS = """
arise arose arisen|be been|beat beaten|become became|begin began begun|bend bent|bind bound|bite bit bitten|bleed bled
blow blew blown|break broke broken|breed bred|bring brought|build built|burn burnt|buy bought|catch caught
choose chose chosen|come came|creep crept|deal dealt|dig dug|do did done|draw drew drawn|dream dreamt
drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found
flee fled|fly flew flown|forbid forbade forbidden|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen
get got gotten|give gave given|go went gone|grow grew grown|hang hung|have had|hear heard|hide hid hidden|hold held
keep kept|know knew known|lay laid|lead led|learn learnt|leave left|lend lent|lie lain|light lit|lose lost|make made
mean meant|meet met|pay paid|prove proven|ride rode ridden|ring rang rung|rise rose risen|run ran|say said
see saw seen|seek sought|sell sold|send sent|shake shook shaken|shine shone|shoot shot|show shown|shrink shrank shrunk
sing sang sung|sink sank sunk|sit sat|sleep slept|slide slid|speak spoke spoken|spend spent|spin spun|stand stood
steal stole stolen|stick stuck|strike struck|swear swore sworn|sweep swept|swim swam swum|take took taken|teach taught
tear tore torn|tell told|think thought|throw threw thrown|understand understood|wake woke woken|wear wore worn
weave wove woven|win won|wind wound|withdraw withdrew withdrawn|write wrote written|overcome overcame
overthrow overthrew overthrown|undergo underwent undergone|undertake undertook undertaken|man men|woman women
child children|person people|foot feet|mouse mice|life lives|wife wives|half halves|die died death dead dying
pregnant pregnancy|descend descent|choose choice|prove proof|succeed success|fail failure|lose loss|grow growth
born birth|analyse analysis analyze|high height|long length|strong strength|wide width|deep depth|true truth
believe belief|sell sale|give gift|enter entry entrance|decide decision|conclude conclusion|expand expansion
invade invasion|divide division|destroy destruction|reduce reduction|produce production|receive reception receipt
permit permission|admit admission|describe description|explode explosion|collide collision|poor poverty|free freedom
"""
_BASE = {
    form: base
    for base, *forms in (line.split() for line in _FORMS.replace("\n", "|").split("|") if line.strip())
    for form in (base, *forms)
}


@lru_cache(maxsize=200_000)
def root(word: str, language: str = "en") -> str:
    """Return what a word, in small letters, is compared by."""
    return stem(_BASE.get(word, word) if language == "en" else word, language)


@lru_cache(maxsize=20_000)
def roots(text: str, language: str = "en") -> frozenset[str]:
    """Return the roots of all words of a text."""
    return frozenset(root(word, language) for word in words(text))
