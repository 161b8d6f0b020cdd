"""Calendars (ICS) and address books (VCF): a record is one block, ``Event: …; Start: …; Location: …``."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rag.parse.builder import Builder
from rag.parse.markup import clean
from rag.parse.parsed import Parsed, left_out
from rag.parse.text import decode, plain_text

_RECORDS = {"VEVENT": "Event", "VTODO": "Task", "VJOURNAL": "Entry", "VCARD": "Name"}
# What is read of a record, in the order in which it is shown.
_LABELS = dict(
    pair.split(":")
    for pair in (
        "ORG:Organisation TITLE:Title ROLE:Role DTSTART:Start DTEND:End DURATION:Duration DUE:Due COMPLETED:Completed"
        " RRULE:Repeats LOCATION:Location ORGANIZER:Organiser ATTENDEE:Attendee CONTACT:Contact STATUS:Status"
        " NICKNAME:Nickname TEL:Phone EMAIL:Email IMPP:Messenger ADR:Address BDAY:Birthday ANNIVERSARY:Anniversary"
        " URL:Website CATEGORIES:Categories COMMENT:Comment NOTE:Note DESCRIPTION:Description"
    ).split()
)
_ORDER = list(_LABELS.values())
_NAMES = {"SUMMARY": "called", "FN": "called", "N": "parts"}
_TYPES = {"cell", "mobile", "home", "work", "fax", "pager", "other"}
_DATES = {"DTSTART", "DTEND", "DUE", "COMPLETED", "BDAY", "ANNIVERSARY"}
_PROPERTY = re.compile(
    r"(?:[\w-]+\.)?(?P<name>[\w-]+)(?P<parameters>(?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(?P<value>.*)", re.DOTALL
)
_PARAMETER = re.compile(r";([^=;:\"]+)(?:=((?:\"[^\"]*\"|[^;\"])*))?")
_QUOTED_PRINTABLE = "QUOTED-PRINTABLE"
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(Z?))?")
_DAYS = {day[:2].upper(): day for day in "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()}
_LONGEST_FIELD = 300  # characters; a longer one is a text of its own


def parse_calendar(data: bytes, name: str) -> Parsed:
    """Read the events, tasks and entries of a calendar; the title is the calendar's name, else the file's."""
    return _parse(data, name, "calendar")


def parse_cards(data: bytes, name: str) -> Parsed:
    """Read the people and organisations of an address book."""
    return _parse(data, name, "address book")


def _parse(data: bytes, name: str, what: str) -> Parsed:
    text, builder = decode(data), Builder()
    found = _components(text)
    for kind, lines in found.records:
        _add(builder, _RECORDS[kind], lines)
    parsed = builder.parsed(found.title or name, warning=found.warning)
    return parsed if parsed.text else plain_text(clean(text), name, f"not a valid {what}: read as plain text")


class _Line(NamedTuple):
    """A property: what it is called, its parameters and its value."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass
class _Found:
    """The records of a file, each as its kind and its lines; its title; what of it could not be read."""

    records: list[tuple[str, list[_Line]]] = field(default_factory=list)
    title: str = ""
    wrong: int = 0
    is_cut: bool = False

    @property
    def warning(self) -> str | None:
        return (
            "; ".join(filter(None, [left_out({"invalid line": self.wrong}), "it is cut short" * self.is_cut])) or None
        )


def _components(text: str) -> _Found:
    """Return the records of a file; what lies in a record, such as its alarm, is no part of it."""
    found = _Found()
    within: list[str] = []
    for line in map(_line, _unfolded(text)):
        if line is None:
            found.wrong += 1
        elif line.name == "BEGIN":
            within.append(line.value.upper())
            if within[-1] in _RECORDS:
                found.records.append((within[-1], []))
        elif line.name == "END":
            del within[-1:]
        elif line.name == "X-WR-CALNAME":
            found.title = line.value
        elif within and within[-1] in _RECORDS:
            found.records[-1][1].append(line)
    found.is_cut = bool(within)
    return found


def _unfolded(text: str) -> Iterator[str]:
    """Yield the lines; one that begins with white space goes on with the line before, as one after "=" may do."""
    line = ""
    for following in text.split("\n"):
        if following[:1] in (" ", "\t"):
            line += following[1:]
        elif line.endswith("=") and _QUOTED_PRINTABLE in line.upper():
            line += "\n" + following
        else:
            if line.strip():
                yield line
            line = following
    if line.strip():
        yield line


def _line(text: str) -> _Line | None:
    found = _PROPERTY.match(text)
    if found is None:
        return None
    parameters: dict[str, list[str]] = {}
    for key, value in _PARAMETER.findall(found["parameters"]):
        # Older address books leave "TYPE=" out.
        parameters.setdefault(key.upper() if value else "TYPE", []).append((value or key).strip('"'))
    value = found["value"]
    if parameters.get("ENCODING", [""])[0].upper() == _QUOTED_PRINTABLE or _QUOTED_PRINTABLE in parameters.get(
        "TYPE", []
    ):
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    return _Line(found["name"].upper(), {key: ",".join(values) for key, values in parameters.items()}, value)


def _add(builder: Builder, kind: str, lines: list[_Line]) -> None:
    fields: dict[str, list[str]] = {}
    for line in lines:
        if value := _value(line):
            fields.setdefault(_label(line), []).append(value)
    if not fields:
        return
    parts = fields.pop("parts", ["(no name)"])
    called = fields.pop("called", parts)
    pairs = [f"{kind}: {called[0]}"]
    # By the order of the labels; that of equal ones is the file's. "Phone (cell)" goes with "Phone".
    for label in sorted(fields, key=lambda one: _ORDER.index(one.partition(" (")[0])):
        pairs.append(f"{label}: {', '.join(fields[label])}")
    builder.add(clean("; ".join(pair for pair in pairs if len(pair) <= _LONGEST_FIELD)), "row")
    for pair in pairs:
        if len(pair) > _LONGEST_FIELD:
            builder.add(clean(pair))


def _label(line: _Line) -> str:
    """Return what a line is called; of what a record is called, "called", and of a name in parts, "parts"."""
    if line.name in _NAMES:
        return _NAMES[line.name]
    kinds = [kind for kind in line.parameters.get("TYPE", "").lower().split(",") if kind in _TYPES]
    return f"{_LABELS[line.name]} ({', '.join(kinds)})" if kinds else _LABELS[line.name]


def _value(line: _Line) -> str:
    """Return the value of a line as a person would write it; empty where it is not read."""
    if line.name not in _LABELS and line.name not in _NAMES:
        return ""
    if line.name in _DATES:
        return _date(line.value, line.parameters.get("TZID", ""))
    if line.name == "RRULE":
        return _repeats(line.value)
    if line.name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"^mailto:", "", line.value, flags=re.IGNORECASE)
        return f"{line.parameters['CN']} ({address})" if "CN" in line.parameters else address
    value = line.value
    if line.name in ("N", "ORG", "ADR"):
        parts = [part.strip() for part in re.split(r"(?<!\\);", value)]
        parts = [parts[1], parts[0]] if line.name == "N" and len(parts) > 1 else parts
        value = (" " if line.name == "N" else ", ").join(part for part in parts if part)
    return " ".join(re.sub(r"\\([,;\\])", r"\1", re.sub(r"\\[nN]", " ", value)).split())


def _date(value: str, zone: str) -> str:
    """Return a date as it is widely written: 2025-09-18 19:30 (Europe/Berlin)."""
    found = _DATE.match(value)
    if found is None:
        return value
    year, month, day, hour, minute, universal = found.groups()
    time = f" {hour}:{minute}" if hour else ""
    return f"{year}-{month}-{day}{time}{' UTC' if universal else f' ({zone})' if zone and hour else ''}"


def _repeats(rule: str) -> str:
    """Return a rule as words: "weekly, every 2, on Thursday, until 2025-12-18"."""
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    days = [
        re.sub(r"[A-Z]{2}$", lambda day: _DAYS.get(day[0], day[0]), day) for day in parts.get("BYDAY", "").split(",")
    ]
    said = [parts.get("FREQ", "").lower()]
    said += [f"every {parts['INTERVAL']}"] if parts.get("INTERVAL", "1") != "1" else []
    said += [f"on {', '.join(days)}"] if days != [""] else []
    said += [f"until {_date(parts['UNTIL'], '')}"] if "UNTIL" in parts else []
    said += [f"{parts['COUNT']} times"] if "COUNT" in parts else []
    return ", ".join(filter(None, said))
