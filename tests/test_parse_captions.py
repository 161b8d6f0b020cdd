from __future__ import annotations

import pytest

from rag.parse import parse
from rag.parse.captions import parse_srt, parse_vtt
from rag.parse.parsed import Parsed, Parser
from rag.types import page_name

SRT = """\
1
00:00:04,200 --> 00:00:07,900
The furnace burns at <i>eleven hundred</i>

2
00:00:08,000 --> 00:00:11,500
and fifty degrees. Day

3
00:00:11,500 --> 00:00:12,500
and night.

4
01:12:31,000 --> 01:12:33,000
{\\an8}Bice Toldo
learned in Prague
"""
VTT = """\
WEBVTT

00:01.000 --> 00:05.000
<v Dr Hume>The saltworks closed in

00:05.000 --> 00:08.000
<v Dr Hume>1973 &amp; <00:06.000><c>burnt.</c>

00:09.000 --> 00:10.000
<v Ada>why was

00:10.000 --> 00:12.000
<v Ada>why was
that
"""


def said(parsed: Parsed) -> list[tuple[str, str]]:
    return [
        (page_name(parsed.page_kind, page.number), parsed.text[page.start : page.end].strip()) for page in parsed.pages
    ]


def test_cues_of_subrip_are_joined_to_sentences_with_their_times() -> None:
    assert said(parse_srt(SRT.encode(), "talk")) == [
        ("00:00:04", "The furnace burns at eleven hundred and fifty degrees. Day and night."),
        ("01:12:31", "Bice Toldo learned in Prague"),
    ]


def test_webvtt_has_speakers_and_lines_that_stand_on_are_said_once() -> None:
    assert said(parse_vtt(VTT.encode(), "talk")) == [
        ("00:00:01", "Dr Hume: The saltworks closed in 1973 & burnt."),
        ("00:00:09", "Ada: why was that"),
    ]


@pytest.mark.parametrize("parser", [parse_srt, parse_vtt])
def test_what_is_no_subtitles_is_plain_text_with_a_warning(parser: Parser) -> None:
    parsed = parser(b"It was late.\nNobody came.\n", "talk")
    assert parsed.text == "It was late.\nNobody came.\n"
    assert "read as plain text" in (parsed.warning or "")


def test_captions_without_full_stops_are_cut_somewhere() -> None:
    cues = "".join(
        f"{n}\n00:{n // 60:02}:{n % 60:02},000 --> 00:{n // 60:02}:{n % 60:02},900\nwords in cue {n}\n\n"
        for n in range(200)
    )
    assert all(len(text) < 400 for _, text in said(parse_srt(cues.encode(), "talk")))


def test_the_suffixes_are_known() -> None:
    assert parse(SRT.encode(), "a.srt").documents[0].page_kind == "time"
    assert parse(VTT.encode(), "a.vtt").documents[0].page_kind == "time"
