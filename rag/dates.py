"""What a date is: found in a text however it is written, whole or in part, as terms to search for and as a day.

Years are from 1000 to 2999. In small letters "may" and "march" are verbs, unless a year or "of" shows otherwise. It
does not reckon: "three days later" is no date. dateparser and datefinder were tried: see the commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from rag.types import Document

# CLDR 45's names of months, as dates are written in them; names that mean two months in two languages are left out.
_NAMES = (
    "january jan januar janvier enero gennaio janeiro januari stycznia styczeń ledna leden января январь січня січень"
    " tammikuuta tammikuu január ianuarie ocak gener siječnja siječanj januára ιανουαρίου януари jaanuar sausio"
    " janvāris",
    "february feb februar février febrero febbraio fevereiro februari lutego luty února únor февраля февраль лютого"
    " лютий helmikuuta helmikuu február februarie şubat febrer veljače veljača februára φεβρουαρίου февруари veebruar"
    " vasario februāris",
    "march mar märz mars marzo março maart marts marca marzec března březen марта март березня березень maaliskuuta"
    " maaliskuu március martie mart març ožujka ožujak marec μαρτίου märts kovo",
    "april apr avril abril aprile kwietnia kwiecień dubna duben апреля апрель квітня квітень huhtikuuta huhtikuu"
    " április aprilie nisan travnja travanj apríla apríl απριλίου април aprill balandžio aprīlis",
    "may mai mayo maggio maio mei maj maja května květen мая май травня травень toukokuuta toukokuu május mayıs maig"
    " svibnja svibanj mája máj μαΐου gegužės maijs",
    "june jun juni juin junio giugno junho czerwca czerwiec června červen июня июнь червня червень kesäkuuta kesäkuu"
    " június iunie haziran juny lipnja lipanj junij júna jún ιουνίου юни juuni birželio jūnijs",
    "july jul juli juillet julio luglio julho lipca lipiec července červenec июля июль липня липень heinäkuuta"
    " heinäkuu július iulie temmuz juliol srpnja srpanj julij júla júl ιουλίου юли juuli liepos jūlijs",
    "august aug août agosto augustus augusti sierpnia sierpień srpna srpen августа август серпня серпень elokuuta"
    " elokuu augusztus ağustos agost kolovoza kolovoz avgust augusta αυγούστου rugpjūčio augusts",
    "september sept sep septembre septiembre settembre setembro września wrzesień září сентября сентябрь вересня"
    " вересень syyskuuta syyskuu szeptember septembrie eylül setembre rujna rujan septembra σεπτεμβρίου септември"
    " rugsėjo septembris",
    "october oct oktober octobre octubre ottobre outubro października październik října říjen октября октябрь жовтня"
    " жовтень lokakuuta lokakuu október octombrie ekim októbra οκτωβρίου октомври oktoober spalio oktobris",
    "november nov novembre noviembre novembro ноября ноябрь листопада marraskuuta marraskuu noiembrie kasım studenoga"
    " studeni novembra νοεμβρίου ноември lapkričio novembris",
    "december dec dezember décembre diciembre dicembre dezembro desember grudnia grudzień prosince prosinec декабря"
    " декабрь грудня грудень joulukuuta joulukuu decembrie aralık desembre prosinca prosinac decembra δεκεμβρίου"
    " декември detsember gruodžio decembris",
)
_MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}
MONTHS = tuple(names.split()[0].title() for names in _NAMES)  # in English
_VERBS = frozenset({"may", "march", "mar"})
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
        " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third"
        " twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth"
        " thirty-first".split(),
        start=1,
    )
}
_YEAR = r"(?P<year>[12]\d{3})(?!\w)"
_SPELT = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_OF = r"(?:of\s+|d[eoiu]l?\s+|d['’])"
_WORD = re.compile(r"[^\W\d_]+")
_BEFORE = re.compile(
    rf"(?:(?<!\w)(?P<first>[12]\d{{3}})[.]?[\s-]+|(?<![\w.,])(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|[.º])?[\s-]*{_OF}?"
    rf"|(?<!\w)(?P<word>{_SPELT})\s+of\s+)$",
    re.IGNORECASE,
)
_REACH = 24  # characters before a month that may hold its day: "twenty-seventh of "
_AFTER_DAY = re.compile(rf"[.]?,?[\s-]*{_OF}?{_YEAR}", re.IGNORECASE)
_AFTER = re.compile(
    rf"[.]?[\s-]+(?:the\s+)?(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th|[.])?|(?P<word>{_SPELT}))(?!\w|[,.:]\d)"
    rf"(?:(?:,|\s+of)?\s+{_YEAR})?",
    re.IGNORECASE,
)
_RUN = re.compile(r"\d+(?:(?P<sign>[-/.])\d+(?:(?P=sign)\d+)?)?")
_FIGURES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<year>[12]\d{3})(?P<sign>[-/.])(?P<month>[01]?\d)(?P=sign)(?P<day>[0-3]?\d)",
        r"(?P<one>[0-3]?\d)(?P<sign>[-/.])(?P<other>[0-3]?\d)(?P=sign)(?P<year>[12]\d{3})",
        r"(?P<year>(?:1[5-9]|20)\d\d)[-/](?P<month>0[1-9]|1[0-2])",
        r"(?P<month>0[1-9]|1[0-2])[-/.](?P<year>(?:1[5-9]|20)\d\d)",
        r"(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])",
    )
)
_CJK = re.compile(r"(?:(?P<year>[12]\d{3})\s?年\s?)?(?P<month>[01]?\d)\s?月(?:\s?(?P<day>[0-3]?\d)\s?日)?")


class Day(NamedTuple):
    """A date where it stands; 0 for what it does not say. ``swapped``: day and month may change places."""

    text: str
    start: int
    end: int
    year: int
    month: int
    day: int
    swapped: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms for the date and for what it is part of, year.month.day: 1899.05.05, .05.05, 1899.05., .05."""
        made: list[str] = []
        for month, day in ((self.month, self.day), (self.day, self.month))[: 1 + self.swapped]:
            for year in (self.year, 0):
                made += [f"{year or ''}.{month:02}.{part:02}" for part in (day,) if part]
                made.append(f"{year or ''}.{month:02}.")
        return tuple(dict.fromkeys(made))


@lru_cache(maxsize=20_000)
def days(text: str) -> tuple[Day, ...]:
    """Return the dates of ``text`` that name a month, in order; of those that overlap, the one that says most."""
    found = [*_in_words(text), *_in_figures(text)]
    if "月" in text:
        found += [_day(match, match.groupdict()) for match in _CJK.finditer(text)]
    taken: list[Day] = []
    for day in sorted(filter(_is_possible, found), key=lambda day: (-len(day.text), day.start)):
        if not any(other.start < day.end and day.start < other.end for other in taken):
            taken.append(day)
    return tuple(sorted(taken, key=lambda day: day.start))


def date_terms(text: str) -> list[str]:
    """Return the terms of all dates of ``text``, in order."""
    return [term for day in days(text) for term in day.terms]


def _is_possible(day: Day) -> bool:
    is_season = re.fullmatch(r"\d{4}[-/]\d\d", day.text) and (day.year + 1) % 100 == day.month  # 2010-11
    return 1 <= day.month <= 12 and day.day <= 31 and not is_season


def _day(match: re.Match[str], parts: dict[str, str | None]) -> Day:
    year, month, day = (int(parts.get(name) or 0) for name in ("year", "month", "day"))
    return Day(match.group(), match.start(), match.end(), year, month, day)


def _in_figures(text: str) -> Iterator[Day]:
    """Yield the dates of figures alone; what is 12/07/2025 may be of July or of December."""
    for run in _RUN.finditer(text):
        if run.end() - run.start() < len("05/2023") or text[run.start() - 1 : run.start()].isalpha():
            continue
        match = next(filter(None, (pattern.fullmatch(run.group()) for pattern in _FIGURES)), None)
        if match is not None:
            parts = match.groupdict()
            yield _of_two(run, parts) if "one" in parts else _day(run, parts)


def _of_two(run: re.Match[str], parts: dict[str, str | None]) -> Day:
    """Return the date of two figures and a year: with points, the day is the first."""
    one, other = int(parts["one"] or 0), int(parts["other"] or 0)
    if one > 12 or parts["sign"] == ".":
        return _day(run, parts | {"day": parts["one"], "month": parts["other"]})
    day = _day(run, parts | {"month": parts["one"], "day": parts["other"]})
    return day._replace(swapped=one != other <= 12)


def _in_words(text: str) -> Iterator[Day]:
    """Yield the dates around the names of months."""
    for name in _WORD.finditer(text):
        month = _MONTHS.get(name.group().lower())
        if month is not None and (found := _around(text, name, month)) is not None:
            yield found


def _around(text: str, name: re.Match[str], month: int) -> Day | None:
    """Return the date that the name of a month is part of; None where it is no month."""
    start, end = name.span()
    before = _BEFORE.search(text, max(0, start - _REACH), start)
    has_day = before is not None and not before["first"]
    after = (_AFTER_DAY.match(text, end)) if has_day else (_AFTER.match(text, end) or _AFTER_DAY.match(text, end))
    parts = [match.groupdict() for match in (before, after) if match is not None]
    said = {key: value for part in parts for key, value in part.items() if value}
    year = int(said.get("year") or said.get("first") or 0)
    day = int(said["day"]) if "day" in said else _ORDINALS.get(said.get("word", "").lower(), 0)
    if not _is_month(name.group(), year, day, text[before.start() : start] if before else ""):
        return None
    first, last = before.start() if before else start, after.end() if after else end
    return Day(text[first:last], first, last, year, month, day)


def _is_month(name: str, year: int, day: int, before: str) -> bool:
    """Whether a word that may name a month does: alone, only in English with a capital and in full."""
    if not (year or day):
        return name in MONTHS
    is_verb = name in _VERBS and not year and not before.rstrip().endswith(("st", "nd", "rd", "th", "of"))
    return not is_verb


def is_dated(said: Day, source: Sequence[Day], years: frozenset[int]) -> bool:
    """Whether a date of a source says what ``said`` does; its year may be among the ``years`` near it.

    A date bears out another that says no more than it does: "in March 2019" rests on "2019-03-07".
    """
    turned = (day._replace(month=day.day, day=day.month) for day in source if day.swapped)
    return any(_agrees(said, day, years) for day in (*source, *turned))


def _agrees(said: Day, day: Day, years: frozenset[int]) -> bool:
    same_year = not said.year or said.year == day.year or (not day.year and said.year in years)
    return same_year and said.month == day.month and (not said.day or said.day == day.day)


_FIRST_LINES = 12
_FIRST_CHARACTERS = 1500
_BARE_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
# Lines that tell the date of the document itself: a mail's header, a report's dateline, front matter.
_DATE_LINE = re.compile(
    r"^\W*(?:date|dated|published|updated|last updated|issued|as of|created|revised|version of|sent)\b\W*(?P<said>.*)$",
    re.IGNORECASE,
)
_ALONE = 30  # characters: a line so short that holds a date is a dateline


def document_date(document: Document) -> date | None:
    """Return the day a document is from; the first of the month or year where no more is said; None if unsaid.

    Only its name, its title and its first lines are read, as far as they say so plainly: a date in the text below
    says when something happened, and a file's own time changes when it is copied.
    """
    for said in (*_date_lines(document.text), document.source, document.title):
        if (found := _first_date(said)) is not None:
            return found
    years = [_BARE_YEAR.findall(said) for said in (document.source, document.title)]
    only = {year for found in years for year in found}
    return date(int(only.pop()), 1, 1) if len(only) == 1 else None


def _date_lines(text: str) -> Iterator[str]:
    """Yield what the first lines say of the document's own date."""
    for line in text[:_FIRST_CHARACTERS].splitlines()[:_FIRST_LINES]:
        if told := _DATE_LINE.match(line):
            yield told["said"]
        elif len(line) <= _ALONE:
            yield line


def _first_date(text: str) -> date | None:
    """Return the first date in ``text`` with a year, or None."""
    for day in days(text):
        try:
            if day.year and not day.swapped:
                return date(day.year, day.month, day.day or 1)
        except ValueError:  # the 31st of a shorter month: no date after all
            continue
    return None
