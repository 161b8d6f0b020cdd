from __future__ import annotations

import pytest

from rag.errors import ParseError
from rag.parse.code import CODE_NAMES, parse_code
from rag.parse.formats import PARSERS
from rag.parse.parsed import Parsed
from rag.sentences import document_sentences
from tests.texts import block_texts, parse_one, unblocked

PROGRAM = 'def length(river: str) -> int:\n    """In kilometres."""\n\n    return {"Größe": 1}[river]  # 日本\n'


def test_the_text_of_a_program_is_its_own() -> None:
    assert unblocked(parse_code(PROGRAM.encode(), "rivers")) == Parsed(PROGRAM, "rivers")
    assert parse_code(PROGRAM.replace("\n", "\r\n").encode("utf-16"), "rivers").text == PROGRAM


def test_each_line_is_a_block_and_a_comment_that_goes_on_is_one() -> None:
    text = "# Backups are copied to the vault every night,\n# and kept.\nrsync -a /srv vault:\nfor name in a b; do\n"
    assert block_texts(parse_code(text.encode(), "copy")) == [
        "# Backups are copied to the vault every night,\n# and kept.",
        "rsync -a /srv vault:",
        "for name in a b; do",
    ]


def test_a_log_on_one_line_is_read_entry_by_entry() -> None:
    entries = [f'2025-05-{day:02}T10:00:00Z level=info msg="job {day} done"' for day in range(1, 29)] * 400
    document = parse_one(" ".join(entries).encode(), "a.log")
    assert [document.text[start:end] for start, end in document_sentences(document)] == entries


def test_a_dump_on_one_line_is_no_one_block() -> None:
    parsed = parse_code(b"x" * 3_000_000, "dump")
    assert max(block.end - block.start for block in parsed.blocks) <= 10_000


def test_a_program_without_its_text_is_refused() -> None:
    with pytest.raises(ParseError, match="binary data"):
        parse_code(b"\x7fELF\x02\x01\x01" + bytes(60), "rivers")


@pytest.mark.parametrize("suffix", [".py", ".ts", ".tsx", ".c", ".hpp", ".rs", ".sql", ".sh", ".ps1", ".log"])
def test_common_suffixes_are_known(suffix: str) -> None:
    assert PARSERS[suffix] is parse_code


@pytest.mark.parametrize("suffix", [".env", ".svg", ".pem", ".key", ".exe", ".html", ".md", ".csv", ".json", ".yaml"])
def test_secrets_and_what_others_read_are_not_among_them(suffix: str) -> None:
    assert PARSERS.get(suffix) is not parse_code


def test_names_are_lower_case_and_without_a_suffix() -> None:
    assert {"makefile", "dockerfile"} <= CODE_NAMES
    assert all(name == name.lower() and "." not in name for name in CODE_NAMES)
