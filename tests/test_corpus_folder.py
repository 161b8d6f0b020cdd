"""Which files of a folder are taken for documents."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.corpus import scan
from rag.errors import UsageError
from tests.folders import write


def sources(folder: Path) -> list[str]:
    return [file.source for file in scan(folder) if file.reason is None]


def test_hidden_and_temporary_files_are_passed_over(corpus: Path) -> None:
    for name in (".hidden.txt", ".git/config.txt", "sub/.b.txt", "~$open.docx", "draft.txt~", "a.tmp", "film.part"):
        write(corpus, {name: "x"})
    write(corpus, {"b.pdf.crdownload": "x", "node_modules/c.txt": "x", "kept.txt": "x", "sub/kept~1.txt": "x"})
    assert sources(corpus) == ["kept.txt", "sub/kept~1.txt"]


def test_ignore_rules_are_those_of_git(corpus: Path) -> None:
    files = ["a.txt", "a.log", "keep.log", "drafts/a.txt", "sub/drafts/b.txt", "sub/top.txt", "top.txt", "deep/x/y.txt"]
    write(corpus, dict.fromkeys(files, "x"))
    write(corpus, {".ragignore": "\ufeff*.log\n!keep.log\ndrafts/\n/top.txt\ndeep/**/y.txt\n\n"})
    assert sources(corpus) == ["a.txt", "keep.log", "sub/top.txt"]


def test_the_rules_of_an_inner_folder_come_before_those_of_an_outer(corpus: Path) -> None:
    write(corpus, {".ragignore": "*.log\n", "a.log": "x", "sub/a.log": "x", "sub/b.txt": "x", "b.txt": "x"})
    write(corpus, {"sub/.ragignore": "!*.log\nb.txt\n"})
    assert sources(corpus) == ["b.txt", "sub/a.log"]


def test_what_is_passed_over_as_temporary_can_be_asked_for(corpus: Path) -> None:
    write(corpus, {".ragignore": "!notes.tmp\n", "notes.tmp": "x", "other.tmp": "x"})
    assert sources(corpus) == ["notes.tmp"]


def test_rules_that_cannot_be_read_are_an_error_that_names_the_file(corpus: Path) -> None:
    (corpus / ".ragignore").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"\.ragignore cannot be used: .*: correct it"):
        sources(corpus)


def test_links_are_told_where_they_lead_out_and_else_passed_over(corpus: Path, tmp_path: Path) -> None:
    write(corpus, {"a.txt": "x", "sub/b.txt": "x"})
    write(tmp_path, {"outside/c.txt": "x"})
    (corpus / "inside.txt").symlink_to("a.txt")
    (corpus / "loop").symlink_to(corpus)
    (corpus / "self").symlink_to("self")
    (corpus / "sub/up").symlink_to("..")
    (corpus / "out.txt").symlink_to(tmp_path / "outside/c.txt")
    (corpus / "sub/out").symlink_to(tmp_path / "outside")
    assert sources(corpus) == ["a.txt", "sub/b.txt"]
    assert [file.source for file in scan(corpus) if file.reason] == ["out.txt", "sub/out"]


def test_what_is_no_file_is_passed_over(corpus: Path) -> None:
    os.mkfifo(corpus / "pipe.txt")
    write(corpus, {"a.txt": "x"})
    assert [file.source for file in scan(corpus)] == ["a.txt"]


def test_any_name_is_told_as_text(corpus: Path) -> None:
    for name in (b"caf\xe9.txt", "naïve 文 😀.txt".encode(), b"new\nline.txt", b"-rf.txt", b"quote'\".txt"):
        Path(os.fsdecode(os.fsencode(corpus) + b"/" + name)).write_text("x")
    told = {"-rf.txt", "caf\\xe9.txt", "naïve 文 😀.txt", "new\nline.txt", "quote'\".txt"}
    assert {file.source for file in scan(corpus)} == told
