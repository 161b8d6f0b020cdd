from __future__ import annotations

import time

import pytest

from rag.parse.config import parse_settings, parse_toml, parse_yaml
from rag.parse.parsed import Parsed, Parser
from tests.texts import block_texts

YAML = """\
# Ask Marguerite before a change.
server:
  tls:
    port: 8443  # behind the proxy
    # never plain
    on: yes
  hosts: [a, b]
people:
- name: Ada
  langs: [en, de]
- name: Ben
notes: |
  One line.
  # no comment
base: &b
  x: 0199
derived:
  <<: *b
  y: 2024-01-01
"""
TOML = """\
title = "Pump"
# Never over 40.
[server.tls]
port = 8443 # proxy
hosts = [
  "a",
]
[[people]]
name = "Ada"
age = 36
[[people]]
name = "Ben"
"""


def lines_of(parsed: Parsed) -> list[tuple[int, str]]:
    """Return each block with the line of the file that it is from."""
    assert parsed.page_kind == "line"
    assert parsed.warning is None
    return list(zip((page.number for page in parsed.pages), block_texts(parsed), strict=True))


def test_a_value_of_yaml_has_its_path_and_comments_stay() -> None:
    assert lines_of(parse_yaml(YAML.encode(), "name")) == [
        (1, "# Ask Marguerite before a change."),
        (4, "server.tls.port: 8443 # behind the proxy"),
        (5, "# never plain"),
        (6, "server.tls.on: yes"),
        (7, "server.hosts: a, b"),
        (9, "people.name: Ada; people.langs: en, de"),
        (11, "people.name: Ben"),
        (12, "notes: One line.\n# no comment"),
        (16, "base.x: 0199"),
        (18, "derived.x: 0199"),
        (19, "derived.y: 2024-01-01"),
    ]


def test_a_value_of_toml_has_its_section() -> None:
    assert lines_of(parse_toml(TOML.encode(), "name")) == [
        (1, "title: Pump"),
        (2, "# Never over 40."),
        (4, "server.tls.port: 8443 # proxy"),
        (5, 'server.tls.hosts: [ "a", ]'),
        (9, "people.name: Ada; people.age: 36"),
        (12, "people.name: Ben"),
    ]


def test_a_value_of_ini_has_its_section() -> None:
    text = "; remark\n[database]\nhost = db1\nlong = one\n  two\n[cache]\nport: 6379\n"
    assert lines_of(parse_settings(text.encode(), "name")) == [
        (1, "; remark"),
        (3, "database.host: db1"),
        (4, "database.long: one two"),
        (7, "cache.port: 6379"),
    ]


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        (parse_settings, "# Fires below 5.5.\noxygen_alarm = 5.5\n"),
        (parse_settings, "server {\n  listen 80;\n}\n[x]\n"),
        (parse_yaml, "just words.\n"),
        (parse_toml, "a = 1\n"),
    ],
)
def test_files_without_keys_in_keys_stay_as_they_are(parser: Parser, text: str) -> None:
    parsed = parser(text.encode(), "name")
    assert (parsed.text, parsed.warning) == (text, None)
    assert block_texts(parsed) == [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("parser", "text", "warning"),
    [
        (parse_yaml, "a: {{ .Values.x }}\n b: [\n", "not valid YAML (line 2): read as it is"),
        (parse_toml, 'a = "x\n', "not valid TOML"),
        (parse_yaml, "a: &a [*a, *a]\n", "its aliases or levels are too many"),
        (parse_yaml, "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 12)), "aliases"),
        (parse_yaml, "[" * 50_000, "not valid YAML"),
        (parse_toml, "a = " + "[" * 50_000, "not valid TOML"),
    ],
)
def test_what_is_broken_or_swells_is_read_as_it_is_with_a_warning(parser: Parser, text: str, warning: str) -> None:
    start = time.perf_counter()
    parsed = parser(text.encode(), "name")
    assert parsed.text == text
    assert warning in (parsed.warning or "")
    assert time.perf_counter() - start < 30
