"""Files of settings: YAML, and TOML, INI and the like with sections. A value is one line with its path of keys.

``server.tls.port: 8443`` can be found and read alone. Comments stay where they are; a page is a line of the file. Files
without keys within keys are read as they are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from heapq import merge
from operator import attrgetter
from typing import Any, NamedTuple

from rag.parse.builder import Builder
from rag.parse.code import code_text
from rag.parse.markup import clean
from rag.parse.parsed import Parsed
from rag.parse.text import decode

_LONGEST_VALUE, _LONGEST_RECORD = 300, 1000  # characters: of a value in a record, and of a record
_DEEPEST = 100
_MOST_ENTRIES = 500_000  # an alias repeats what it stands for, and aliases of aliases have no end
_LARGEST = 5_000_000  # characters of YAML
_SECTION = re.compile(r"[ \t]*\[{1,2}[ \t]*([^\[\]\n]+?)[ \t]*\]{1,2}[ \t]*(?:[#;].*)?$")
_PAIR = re.compile(r"[ \t]*(?P<key>[\w.\-\"'/\\@*$+]+(?:[ \t]+[\w.\-]+)*)[ \t]*[=:][ \t]*(?P<value>.*)$")
_COMMENT = re.compile(r"[ \t]*[#;!]")
_MOSTLY = 0.8  # share of a file's lines that are pairs, sections and comments


class _Entry(NamedTuple):
    """What is shown of the file as one thing, and the line where it begins, from 0."""

    line: int
    text: str


class _TooMuchError(Exception):
    """The aliases of a file make too much of it."""


def parse_yaml(data: bytes, name: str) -> Parsed:
    """Read YAML; what is none, such as a template, stays as it is, with a warning."""
    import yaml

    text = decode(data)
    if len(text) > _LARGEST:
        return code_text(text, name)
    try:
        values = _Values(text)
        entries = [entry for node in yaml.compose_all(text, yaml.CSafeLoader) for entry in values.of(node)]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        return code_text(text, name, f"not valid YAML{place}: read as it is")
    except (_TooMuchError, RecursionError, ValueError):
        return code_text(text, name, "its aliases or levels are too many: read as it is")
    return _document(_with_comments(entries, text, values.within), name) if values.has_keys else code_text(text, name)


def parse_settings(data: bytes, name: str) -> Parsed:
    """Read TOML, INI and the like; what has no sections, or other lines too, stays as it is."""
    text = decode(data)
    lines = text.split("\n")
    known = [bool(_SECTION.match(line) or _PAIR.match(line) or _COMMENT.match(line)) for line in lines if line.strip()]
    if not any(map(_SECTION.match, lines)) or sum(known) < _MOSTLY * len(known):
        return code_text(text, name)
    return _document(_pairs(lines), name)


def parse_toml(data: bytes, name: str) -> Parsed:
    """Read TOML; what is none stays as it is, with a warning."""
    text = decode(data)
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return code_text(text, name, f"not valid TOML ({error}): read as it is")
    lines = text.split("\n")
    return _document(_pairs(lines), name) if any(map(_SECTION.match, lines)) else code_text(text, name)


def _document(entries: Iterator[_Entry], name: str) -> Parsed:
    builder = Builder()
    for entry in entries:
        builder.page(entry.line + 1)
        is_long = "\n" in entry.text or len(entry.text) > _LONGEST_RECORD
        builder.add(clean(entry.text), "paragraph" if is_long else "row", gap="\n")
    return builder.parsed(name, page_kind="line")


class _Values:
    """Makes entries of the nodes of a YAML text."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._count = 0
        self.has_keys = False
        self.within: set[int] = set()  # the lines of texts over several lines, in which a "#" begins no comment

    def of(self, node: Any, path: str = "", depth: int = 0) -> Iterator[_Entry]:
        """Yield the entries of a node, each value with its path."""
        import yaml

        self._count += 1
        if self._count > _MOST_ENTRIES or depth > _DEEPEST:
            raise _TooMuchError
        if isinstance(node, yaml.MappingNode):
            self.has_keys = True
            for key, value in node.value:
                written = key.value if isinstance(key.value, str) else "?"  # it may be a list
                inner = path if written == "<<" else _joined(path, written)
                for entry in self.of(value, inner, depth + 1):
                    yield entry._replace(line=max(entry.line, key.start_mark.line))
        elif isinstance(node, yaml.SequenceNode):
            yield from self._sequence(node, path, depth)
        else:
            self.within |= set(range(node.start_mark.line + 1, node.end_mark.line))
            value = node.value.strip("\n")
            yield _Entry(node.start_mark.line, f"{path}: {value}{self._remark(node)}" if path else value)

    def _sequence(self, node: Any, path: str, depth: int) -> Iterator[_Entry]:
        """Yield a list of plain values as one entry, and others an entry an item, if that is not too long."""
        items = [list(self.of(item, path, depth + 1)) for item in node.value]
        plain = ", ".join(item.value for item in node.value if isinstance(item.value, str))
        if all(isinstance(item.value, str) for item in node.value) and len(plain) <= _LONGEST_VALUE:
            if plain:
                yield _Entry(node.start_mark.line, f"{path}: {plain}" if path else plain)
            return
        for entries in items:
            yield from _as_record(entries)

    def _remark(self, node: Any) -> str:
        """Return the comment after a value on its line."""
        line = self._lines[node.end_mark.line] if node.end_mark.line < len(self._lines) else ""
        found = re.match(r"[ \t]+#.*", line[node.end_mark.column :])
        return f" {found.group().strip()}" if found else ""


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _with_comments(entries: list[_Entry], text: str, within: set[int]) -> Iterator[_Entry]:
    """Return the entries, and the lines that are comments before what they stand over."""
    lines = (_Entry(at, line.strip()) for at, line in enumerate(text.split("\n")) if at not in within)
    return merge(entries, (line for line in lines if line.text.startswith("#")), key=attrgetter("line"))


def _pairs(lines: list[str]) -> Iterator[_Entry]:
    """Yield the pairs of a file, the section before each key, and the lines that are none as they are.

    The pairs under a ``[[section]]``, of which there may be many, are one entry if that is not too long.
    """
    section, at = "", 0
    record: list[_Entry] = []
    is_record = False
    while at < len(lines):
        line, start = lines[at], at
        at += 1
        if found := _SECTION.match(line):
            yield from _as_record(record)
            record, is_record = [], line.lstrip().startswith("[[")
            section = found[1].replace('"', "")
        elif _COMMENT.match(line) or not (pair := _PAIR.match(line)):
            if line.strip():
                yield from _as_record(record)
                record = []
                yield _Entry(start, line.strip())
        else:
            value, at = _value(pair["value"].strip(), lines, at)
            record.append(_Entry(start, f"{_joined(section, pair['key'].strip())}: {_unquoted(value)}"))
            if not is_record:
                yield record.pop()
    yield from _as_record(record)


def _as_record(entries: list[_Entry]) -> Iterator[_Entry]:
    """Yield entries as one, if that is not too long, and else as they are."""
    record = "; ".join(entry.text for entry in entries)
    if entries and len(record) <= _LONGEST_RECORD and "\n" not in record:
        yield _Entry(entries[0].line, record)
    else:
        yield from entries


def _value(value: str, lines: list[str], at: int) -> tuple[str, int]:
    """Return a value with the lines it goes on in, and where the next begins."""
    parts = [value]
    quote = value[:3] if value[:3] in ('"""', "'''") else ""
    is_list = value[:1] in ("[", "{")
    is_quoted, depth = bool(quote) and value.count(quote) == 1, _depth(value)
    while at < len(lines) and (is_quoted or (is_list and depth > 0) or _is_set_in(lines[at])):
        is_quoted = is_quoted and quote not in lines[at]
        depth += _depth(lines[at])
        parts.append(lines[at].strip())
        at += 1
    return " ".join(filter(None, parts)), at


def _depth(text: str) -> int:
    return text.count("[") + text.count("{") - text.count("]") - text.count("}")


def _is_set_in(line: str) -> bool:
    """Whether a line is set in and nothing of its own."""
    return line[:1] in (" ", "\t") and bool(line.strip()) and not (_PAIR.match(line) or _COMMENT.match(line))


def _unquoted(value: str) -> str:
    for quote in ('"""', "'''", '"', "'"):
        if len(value) >= 2 * len(quote) and value.startswith(quote) and value.endswith(quote):
            inner = value[len(quote) : -len(quote)].strip()
            return value if quote in inner else inner
    return value
