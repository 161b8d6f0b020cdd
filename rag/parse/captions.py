"""Subtitles, SRT and WebVTT: cues joined to sentences, each with the time it begins at as its page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rag.parse.builder import Builder
from rag.parse.markup import clean
from rag.parse.parsed import Parsed
from rag.parse.text import decode, plain_text

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<[\d:.]+>|\{\\[^{}]*\}")  # of HTML, of a word's time, of a place on the screen
_ENDS_SENTENCE = re.compile(r"[.!?…。！？।؟][\"'”’»)\]♪]*$")
_LONGEST_GAP = 5  # seconds of silence, after which something else begins
_LONGEST = 300  # characters: captions made by a machine have no full stops


class _Cue(NamedTuple):
    """What is said from ``start`` to ``end`` (seconds), and by whom, where that is told."""

    start: float
    end: float
    text: str
    voice: str = ""


def parse_srt(data: bytes, name: str) -> Parsed:
    """Read SubRip subtitles."""
    import srt

    text = decode(data)
    try:
        found = [_Cue(one.start.total_seconds(), one.end.total_seconds(), one.content) for one in srt.parse(text)]
    except (srt.SRTParseError, ValueError, OverflowError):
        found = []
    return _document(found, text, name, "SubRip")


def parse_vtt(data: bytes, name: str) -> Parsed:
    """Read WebVTT subtitles."""
    import webvtt

    text = decode(data)
    try:
        found = [
            _Cue(one.start_in_seconds, one.end_in_seconds, "\n".join(one.lines), one.voice or "")
            for one in webvtt.from_string(text).captions
        ]
    except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError, ValueError, IndexError):
        found = []
    return _document(found, text, name, "WebVTT")


def _document(cues: list[_Cue], text: str, name: str, kind: str) -> Parsed:
    builder = Builder()
    for cue in _joined(_unrepeated(cues)):
        builder.page(int(cue.start))
        builder.add(clean(f"{cue.voice}: {cue.text}" if cue.voice else cue.text))
    parsed = builder.parsed(name, page_kind="time")
    return parsed if parsed.text else plain_text(clean(text), name, f"not valid {kind}: read as plain text")


def _unrepeated(cues: Iterable[_Cue]) -> Iterator[_Cue]:
    """Yield the cues as one line each, without the lines that stand on from the cue before."""
    before: tuple[str, ...] = ()
    for cue in cues:
        lines = tuple(" ".join(html.unescape(_TAG.sub("", line)).split()) for line in cue.text.split("\n"))
        if words := " ".join(line for line in lines if line and line not in before):
            yield cue._replace(text=words)
        before = lines


def _joined(cues: Iterable[_Cue]) -> list[_Cue]:
    """Return cues joined until a sentence ends, another speaks, or nobody does."""
    joined: list[_Cue] = []
    for cue in cues:
        if joined and not _is_apart(joined[-1], cue):
            cue = cue._replace(start=joined[-1].start, text=f"{joined.pop().text} {cue.text}")
        joined.append(cue)
    return joined


def _is_apart(last: _Cue, cue: _Cue) -> bool:
    is_full = len(last.text) >= _LONGEST or _ENDS_SENTENCE.search(last.text) is not None
    return is_full or last.voice != cue.voice or not -_LONGEST_GAP < cue.start - last.end < _LONGEST_GAP
