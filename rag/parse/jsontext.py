"""JSON and JSON Lines as text to cite: an object is a record, a block of ``key: value`` pairs.

A key within a key is written as a path (``address.city: Ulm``). The keys at the top that hold objects
or arrays are headings. Numbers stay as the file writes them; of keys given twice the last counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.markup import clean
from rag.parse.parsed import Parsed
from rag.parse.text import decode, plain_text

_DEEPEST = 100
# A value longer than this is a text of its own, and a record longer than that is no longer one sentence.
_LONGEST_VALUE = 300
_LONGEST_RECORD = 1000
_MOST_NAMED = 5

# A path and what stands there, as text.
_Pair = tuple[str, str]


def parse_json(data: bytes, name: str) -> Parsed:
    """Read JSON; what is JSON Lines in truth is read so, and what is no JSON stays as it is, with a warning."""
    text = decode(data)
    try:
        value = _load(text)
    except json.JSONDecodeError as error:
        if _is_lines(text):
            return _parse_lines(text, name)
        place = "cut short" if error.pos >= len(text.rstrip()) else f"line {error.lineno}: {error.msg}"
        return plain_text(clean(text), name, f"not valid JSON ({place}): read as plain text")
    builder = Builder()
    _add(builder, value)
    return builder.parsed(name)


def parse_json_lines(data: bytes, name: str) -> Parsed:
    """Read JSON Lines: a record a line. A file of one JSON value over many lines is read as JSON."""
    text = decode(data)
    return _parse_lines(text, name) if _is_lines(text) else parse_json(data, name)


def _load(text: str) -> Any:
    """Return the value, its numbers as they are written.

    Raises:
        JSONDecodeError: The text is not JSON.
        ParseError: It is nested too deep to be read.
    """
    try:
        # Python's own numbers would round some, write others anew, and refuse those of 5000 digits.
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, strict=False)
    except RecursionError:
        raise ParseError(f"its arrays and objects are nested more than {_DEEPEST} deep") from None


def _is_lines(text: str) -> bool:
    """Whether the file's first lines are each a JSON value: two, or the one there is, or one of them."""
    lines = [line for line in text.lstrip("\ufeff").split("\n") if line.strip()][:10]
    return sum(_loads_whole(line) for line in lines) * 2 > len(lines)


def _loads_whole(line: str) -> bool:
    try:
        return isinstance(_load(line), dict | list)
    except json.JSONDecodeError:
        return False


def _parse_lines(text: str, name: str) -> Parsed:
    builder, wrong = Builder(), []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        builder.page(number)
        try:
            value = _load(line)
        except json.JSONDecodeError:
            wrong.append(number)
            builder.add(clean(line))
        else:
            _add_records(builder, value)
    return builder.parsed(name, page_kind="line", warning=_warning(wrong))


def _warning(wrong: list[int]) -> str | None:
    if not wrong:
        return None
    named = ", ".join(map(str, wrong[:_MOST_NAMED])) + ", …" * (len(wrong) > _MOST_NAMED)
    return f"not JSON, kept as plain text: line {named}"


def _add(builder: Builder, value: Any) -> None:
    """Add a whole file's value: of an object first what is plain, then each part under its key as heading."""
    if not isinstance(value, dict):
        _add_records(builder, value)
        return
    parts = {key: item for key, item in value.items() if isinstance(item, dict | list) and not _is_plain(item)}
    _add_records(builder, {key: item for key, item in value.items() if key not in parts})
    for key, item in parts.items():
        builder.heading(clean(key), 1)
        _add_records(builder, item)


def _add_records(builder: Builder, value: Any) -> None:
    records = list(_records(value, "", 0))
    with builder.table() if len(records) > 1 else nullcontext():
        for block in (block for record in records for block in _blocks(record)):
            is_record = len(block) <= _LONGEST_RECORD and "\n" not in block
            builder.add(clean(block), "row" if is_record else "paragraph")


def _records(value: Any, path: str, depth: int) -> Iterator[list[_Pair]]:
    """Yield the records in a value; an object's own comes first, then those of the arrays in it."""
    if depth > _DEEPEST:
        raise ParseError(f"its arrays and objects are nested more than {_DEEPEST} deep")
    if isinstance(value, list) and (
        not _is_plain(value) or (not depth and any(isinstance(row, list) for row in value))
    ):
        for item in value:
            yield from _records(item, path, depth + 1)
    elif not isinstance(value, dict):
        yield [(path, _plain(value))]
    else:
        own: list[_Pair] = []
        below: list[list[_Pair]] = []
        for key, item in value.items():
            records = list(_records(item, f"{path}.{key}" if path else key, depth + 1))
            # A plain value, and the first record of an object, belong to this one.
            belong = 1 if _is_plain(item) or isinstance(item, dict) else 0
            own += [pair for record in records[:belong] for pair in record]
            below += records[belong:]
        yield own
        yield from below


def _is_plain(value: Any) -> bool:
    """Whether the value goes on one line: it is one, or a short array of such, or of short rows of such."""
    if isinstance(value, list):
        items = [item for row in value for item in (row if isinstance(row, list) else [row])]
        return not any(isinstance(item, dict | list) for item in items) and len(_plain(value)) <= _LONGEST_VALUE
    return not isinstance(value, dict)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return (" | " if any(isinstance(item, list) for item in value) else ", ").join(map(_plain, value))
    return value.strip() if isinstance(value, str) else json.dumps(value)


def _blocks(record: list[_Pair]) -> Iterator[str]:
    """Yield the record's pairs as one block; values that are texts, or too many for one, go on their own."""
    pairs = [(f"{path}: {text}" if path else text, text) for path, text in record if text]
    short = [pair for pair, text in pairs if len(text) <= _LONGEST_VALUE and "\n" not in text]
    if sum(map(len, short)) > _LONGEST_RECORD:
        short = []
    if short:
        yield "; ".join(short)
    yield from (pair for pair, _ in pairs if pair not in short)
