from __future__ import annotations

import pytest

from rag.errors import ParseError
from rag.parse.code import CODE_SUFFIXES, TEXT_NAMES, parse_code
from rag.parse.parsed import Parsed
from tests.texts import unblocked

PROGRAM = 'def length(river: str) -> int:\n    """In kilometres."""\n\n    return {"Größe": 1}[river]  # 日本\n'


def test_the_text_of_a_program_is_its_own() -> None:
    assert unblocked(parse_code(PROGRAM.encode(), "rivers")) == Parsed(PROGRAM, "rivers")
    assert parse_code(PROGRAM.replace("\n", "\r\n").encode("utf-16"), "rivers").text == PROGRAM


def test_a_program_without_its_text_is_refused() -> None:
    with pytest.raises(ParseError, match="binary data"):
        parse_code(b"\x7fELF\x02\x01\x01" + bytes(60), "rivers")


@pytest.mark.parametrize("suffix", [".py", ".ts", ".tsx", ".c", ".hpp", ".rs", ".sql", ".sh", ".ps1", ".yaml", ".toml"])
def test_common_suffixes_are_known(suffix: str) -> None:
    assert suffix in CODE_SUFFIXES


@pytest.mark.parametrize("suffix", [".env", ".svg", ".pem", ".key", ".exe", ".html", ".md", ".csv", ".json"])
def test_secrets_and_what_others_read_are_not_among_them(suffix: str) -> None:
    assert suffix not in CODE_SUFFIXES


def test_names_are_lower_case_and_without_a_suffix() -> None:
    assert {"makefile", "dockerfile", "licence", "license", "readme"} <= TEXT_NAMES
    assert all(name == name.lower() and "." not in name for name in TEXT_NAMES)
