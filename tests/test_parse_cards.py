from __future__ import annotations

import time

import pytest

from rag.parse import parse
from rag.parse.cards import parse_calendar, parse_cards
from rag.parse.parsed import Parser
from rag.sentences import document_sentences
from tests.texts import block_texts

CALENDAR = """\
BEGIN:VCALENDAR
X-WR-CALNAME:Harbour choir
BEGIN:VTIMEZONE
TZID:Europe/Berlin
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20250918T193000
SUMMARY:Rehearsal
LOCATION:Parish hall\\, Mill Lane 4
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;UNTIL=20251218T000000Z
ATTENDEE;CN="Berg: Ada";ROLE=CHAIR:mailto:ada@x.example
DESCRIPTION:Bring the folder. The conductor is Odile Mar
 tens.
BEGIN:VALARM
DESCRIPTION:ring
END:VALARM
END:VEVENT
BEGIN:VTODO
SUMMARY:Paint
DUE:20250101
END:VTODO
END:VCALENDAR
"""
CARDS = """\
BEGIN:VCARD
VERSION:3.0
FN:Tamsin Roake
N:Roake;Tamsin;;;
item1.TEL;TYPE=CELL,VOICE:+44 7700 900123
BDAY:1979-08-14
NOTE:one\\, two\\nthree
PHOTO;ENCODING=b:AAAA
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=
ller;J=C3=B6rg
TEL;WORK;VOICE:+49 30 1
ADR;HOME:;;Mill Lane 4;Ulm;;89073;Germany
END:VCARD
"""


def test_an_event_is_one_sentence() -> None:
    (document,) = parse(CALENDAR.replace("\n", "\r\n").encode(), "a.ics").documents
    assert document.title == "Harbour choir"
    assert [document.text[start:end] for start, end in document_sentences(document)] == [
        "Event: Rehearsal; Start: 2025-09-18 19:30 (Europe/Berlin);"
        " Repeats: weekly, every 2, on Thursday, until 2025-12-18 00:00 UTC; Location: Parish hall, Mill Lane 4;"
        " Attendee: Berg: Ada (ada@x.example);"
        " Description: Bring the folder. The conductor is Odile Martens.",
        "Task: Paint; Due: 2025-01-01",
    ]


def test_a_person_is_one_block() -> None:
    assert block_texts(parse_cards(CARDS.encode(), "people")) == [
        "Name: Tamsin Roake; Phone (cell): +44 7700 900123; Birthday: 1979-08-14; Note: one, two three",
        "Name: Jörg Müller; Phone (work): +49 30 1; Address (home): Mill Lane 4, Ulm, 89073, Germany",
    ]


@pytest.mark.parametrize("parser", [parse_calendar, parse_cards])
def test_what_is_neither_is_plain_text_with_a_warning(parser: Parser) -> None:
    parsed = parser(b"Tea at five.\n", "a")
    assert parsed.text == "Tea at five.\n"
    assert "read as plain text" in (parsed.warning or "")


def test_what_cannot_be_read_is_told() -> None:
    parsed = parse_calendar(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tea\nnonsense\n", "a")
    assert parsed.text == "Event: Tea"
    assert parsed.warning == "left out: 1 invalid line; it is cut short"


@pytest.mark.parametrize("unit", ["BEGIN:X\n", "BEGIN:VCARD\n", " x\n", "A;" + "a=b;" * 2000 + ":\n", 'A;a="'])
def test_hostile_records_take_no_long(unit: str) -> None:
    start = time.perf_counter()
    parse_calendar((unit * (100_000 // len(unit))).encode(), "a")
    assert time.perf_counter() - start < 30
