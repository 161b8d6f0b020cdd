from __future__ import annotations

import json
from typing import Any

import pytest

from rag.errors import ParseError
from rag.parse.jsontext import parse_json, parse_json_lines
from rag.parse.parsed import Parsed
from tests.damage import assert_read_or_refused, cut_and_flipped
from tests.texts import unblocked


def read(value: Any) -> Parsed:
    return parse_json(json.dumps(value).encode(), "file")


def pages(parsed: Parsed) -> list[tuple[int, str]]:
    return [(page.number, parsed.text[page.start : page.end].strip()) for page in parsed.pages]


def test_the_objects_of_an_array_are_records_a_block_each() -> None:
    parsed = read([{"river": "Inn", "km": 518, "dammed": True}, {"river": "Drava", "km": 710.5, "note": None}])
    assert unblocked(parsed) == Parsed("river: Inn; km: 518; dammed: true\nriver: Drava; km: 710.5; note: null", "file")
    assert [(block.kind, block.group) for block in parsed.blocks] == [("row", 0), ("row", 0)]


def test_keys_in_keys_are_paths_and_empty_values_are_left_out() -> None:
    record = {
        "name": "Ada",
        "address": {"city": "Ulm", "geo": {"lat": 48.4}},
        "tags": ["a", "b"],
        "x": "",
        "y": [],
        "z": {},
    }
    assert read([record]).text == "name: Ada; address.city: Ulm; address.geo.lat: 48.4; tags: a, b"


def test_the_keys_at_the_top_that_hold_more_than_a_value_are_headings() -> None:
    parsed = read(
        {"a": 1, "rivers": [{"name": "Inn"}, {"name": "Drava"}], "b": "two", "source": {"by": {"name": "Ada"}}}
    )
    assert parsed.text == "a: 1; b: two\n\nrivers\n\nname: Inn\nname: Drava\n\nsource\n\nby.name: Ada"
    assert [(one.level, parsed.text[one.start : one.end]) for one in parsed.headings] == [(1, "rivers"), (1, "source")]


def test_arrays_of_objects_in_a_record_are_records_after_it() -> None:
    order = {"customer": "Ada", "items": [{"sku": 1, "n": 2}, {"sku": 3, "n": 4}], "paid": False}
    assert read([order]).text == "customer: Ada; paid: false\nitems.sku: 1; items.n: 2\nitems.sku: 3; items.n: 4"


def test_rows_of_values_are_a_block_each_and_short_ones_in_a_record_stay_in_it() -> None:
    assert read([["Inn", 518], ["Drava", 710]]).text == "Inn, 518\nDrava, 710"
    assert read([{"box": [[1, 2], [3, 4]], "n": 5}]).text == "box: 1, 2 | 3, 4; n: 5"


def test_long_values_and_long_records_are_not_one_block() -> None:
    long = "The bridge is open. " * 30
    assert read([{"id": 1, "text": long}]).text == f"id: 1\n\ntext: {long.strip()}"
    many = {f"key{n}": "word " * 20 for n in range(30)}
    assert read([many]).text == "\n\n".join(f"{key}: {value.strip()}" for key, value in many.items())


def test_numbers_stay_as_they_are_written() -> None:
    data = b'[{"a": 1.50, "b": 1e400, "c": -0, "d": 0.1000000000000000055, "e": ' + b"9" * 250 + b"}]"
    expected = f"a: 1.50; b: 1e400; c: -0; d: 0.1000000000000000055; e: {'9' * 250}"
    assert parse_json(data, "file").text == expected
    assert parse_json(b"[" + b"9" * 6000 + b"]", "file").text == "9" * 6000


@pytest.mark.parametrize(("data", "text"), [(b'"only a text"', "only a text"), (b"42", "42"), (b"[1, 2]", "1, 2")])
def test_a_value_alone_is_text(data: bytes, text: str) -> None:
    assert unblocked(parse_json(data, "file")) == Parsed(text, "file")


def test_a_mark_another_encoding_and_control_characters_do_no_harm() -> None:
    assert parse_json('\ufeff{"a": "ü\\u0000ß"}'.encode(), "file").text == "a: üß"
    assert parse_json('{"a": "ü"}'.encode("utf-16"), "file").text == "a: ü"
    assert parse_json(b'{"a": "one\ntwo"}', "file").text == "a: one\ntwo"


def test_a_line_is_a_page_of_json_lines() -> None:
    parsed = parse_json_lines(b'{"a": 1, "b": {"c": 2}}\n\n{"a": 3}\r\n[4, 5]\n', "file")
    assert parsed.page_kind == "line"
    assert pages(parsed) == [(1, "a: 1; b.c: 2"), (3, "a: 3"), (4, "4, 5")]
    assert parsed.warning is None


def test_lines_that_are_no_json_are_kept_and_named() -> None:
    lines = ['{"a": 1}'] * 12 + ["broken"] * 6 + ['{"a": 2}']
    parsed = parse_json_lines("\n".join(lines).encode(), "file")
    assert pages(parsed)[11:13] == [(12, "a: 1"), (13, "broken")]
    assert pages(parsed)[-1] == (19, "a: 2")
    assert parsed.warning == "not JSON, kept as plain text: line 13, 14, 15, 16, 17, …"


def test_what_a_file_is_decides_and_not_its_suffix() -> None:
    assert pages(parse_json(b'{"a": 1}\n{"a": 2}\n', "file")) == [(1, "a: 1"), (2, "a: 2")]
    assert unblocked(parse_json_lines(b'[\n  {"a": 1},\n  {"a": 2}\n]\n', "file")) == Parsed("a: 1\na: 2", "file")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1, // why\n "b": 2}', "line 1: Expecting property name"),
        (b'[{"a": 1},\n {"a": ', "cut short"),
        (b"once upon a time", "line 1: Expecting value"),
    ],
)
def test_what_is_no_json_is_read_as_text_with_a_warning(data: bytes, reason: str) -> None:
    parsed = parse_json(data, "file")
    assert parsed.text == data.decode()
    assert parsed.warning is not None
    assert reason in parsed.warning


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 300 + b"]" * 300,
    ],
    ids=["open", "arrays", "objects", "few"],
)
def test_what_is_nested_too_deep_is_refused(data: bytes) -> None:
    for parser in (parse_json, parse_json_lines):
        with pytest.raises(ParseError, match="nested more than 100 deep"):
            parser(data, "file")


def test_nested_as_deep_as_people_nest_is_read() -> None:
    assert parse_json(b'{"a":' * 50 + b"1" + b"}" * 50, "file").text == "a\n\n" + ".".join("a" * 49) + ": 1"


def test_damaged_json_gives_text_or_the_reason() -> None:
    whole = json.dumps({"a": [1, {"b": "ü", "c": [[1, 2], [{"d": None}]]}], "e": "text"}).encode() + b'\n{"f": 1}'
    for parser in (parse_json, parse_json_lines):
        assert_read_or_refused(parser, cut_and_flipped(whole))
