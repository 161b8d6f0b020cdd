from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag.errors import ParseError
from rag.parse import pandoc
from rag.parse.pandoc import PandocError, read_tree
from rag.parse.scripts import formula_line
from tests.formats import converted
from tests.texts import parse_one

CORPUS = Path(__file__).parent.parent / "corpus"


def blocks(markdown: str, suffix: str) -> list[tuple[str, str]]:
    document = parse_one(converted(markdown, suffix), f"file.{suffix}")
    return [(block.kind, " ".join(document.text[block.start : block.end].split())) for block in document.blocks]


@pytest.mark.parametrize("suffix", ["docx", "odt", "epub", "html", "rtf"])
def test_the_blocks_of_a_document_are_alike_in_each_format(suffix: str) -> None:
    for file in CORPUS.glob("*.md"):
        markdown = file.read_text("utf-8")
        assert blocks(markdown, suffix) == blocks(markdown, "rst")


FICTION = "http://www.gribuser.ru/xml/fictionbook/2.0"
LOOM = "#+TITLE: Loom\n#+AUTHOR: Signe Dahl\n\n* TODO Order yarn\n  DEADLINE: <2025-10-02 Thu>\n  Forty cones.\n"
DOCBOOK = (
    "<book><bookinfo><title>Rivers</title><author><firstname>Ada</firstname><surname>L</surname></author></bookinfo>"
    "<chapter><title>Inn</title><para>It is long<footnote><para>518 km.</para></footnote>.</para></chapter></book>"
)
JATS = (
    "<article><front><article-meta><title-group><article-title>The Inn</article-title></title-group><abstract><p>Short."
    "</p></abstract></article-meta></front><body><sec><title>Length</title><p>It is 10<sup>3</sup> m.</p></sec></body>"
    "<back><ref-list><ref id='r1'><mixed-citation>Smith 2019.</mixed-citation></ref></ref-list></back></article>"
)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "a.rst",
            "Gask\n====\n\n:Owner: Parish\n\n.. include:: b.rst\n   :start-line: 2\n\n.. warning::\n   Stay off.\n\n"
            "=====  ====\nPart   Cost\n=====  ====\nBrake  1250\n=====  ====\n",
            [
                "heading Gask",
                "item Owner: Parish",
                "paragraph Warning",
                "paragraph Stay off.",
                "row Part: Brake; Cost: 1250",
            ],
        ),
        (
            "a.org",
            LOOM,
            [
                *("heading Loom", "field Author: Signe Dahl", "heading TODO Order yarn"),
                *("paragraph DEADLINE: <2025-10-02 Thu>", "paragraph Forty cones."),
            ],
        ),
        (
            "a.tex",
            r"\documentclass{article}\title{Rosk}\begin{document}\section{Cable}It is $180\,\mathrm{m}$ long. % no"
            "\n\n\\input{/etc/passwd}\\begin{itemize}\\item Cars pay 5\\end{itemize}\\end{document}",
            ["heading Rosk", "heading Cable", "paragraph It is 180 m long.", "item Cars pay 5"],
        ),
        (
            "a.wiki",
            "== Caves ==\nThey are '''deep'''.\n* one\n",
            ["heading Caves", "paragraph They are deep.", "item one"],
        ),
        (
            "a.typ",
            '= Caves\n#include "b.typ"\nThey are *deep*.\n+ one\n',
            ["heading Caves", "paragraph They are deep.", "item 1. one"],
        ),
        (
            "a.1",
            ".TH GIT 1\n.SH NAME\ngit \\- the tracker\n",
            ["heading GIT", "heading NAME", "paragraph git - the tracker"],
        ),
        (
            "a.xml",
            DOCBOOK,
            ["heading Rivers", "field Author: Ada L", "heading Inn", "paragraph It is long.", "note 518 km."],
        ),
        (
            "a.nxml",
            JATS,
            [
                "heading The Inn",
                "paragraph Short.",
                "heading Length",
                "paragraph It is 10³ m.",
                "paragraph Smith 2019.",
            ],
        ),
        (
            "a.fb2",
            f"<FictionBook xmlns='{FICTION}'><body><section><title><p>One</p></title><p>Rain.</p></section></body>"
            "</FictionBook>",
            ["heading One", "paragraph Rain."],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value[:2] == "a." else "",
)
def test_markup_is_read_as_what_it_is(name: str, source: str, expected: list[str]) -> None:
    document = parse_one(source.encode(), name)
    assert [f"{block.kind} {document.text[block.start : block.end]}" for block in document.blocks] == expected


def test_markup_that_is_broken_is_read_as_plain_text() -> None:
    document = parse_one(rb"\begin{document}one \begin{itemize}", "a.tex")
    assert document.text == r"\begin{document}one \begin{itemize}"
    assert parse_one(b"12:00 started", "server.1").text == "12:00 started"


@pytest.mark.parametrize(
    ("tex", "line"),
    [
        (r"\frac{a+b}{2}x^{2}", "(a+b)/2 x²"),
        (r"x_i \le 3 \times 10^{-6}", "xᵢ ≤ 3 × 10⁻⁶"),
        (r"\sqrt{x+1} \approx \alpha_{\text{max}}", "√(x+1) ≈ α_(max)"),
        (r"25\,^{\circ}\mathrm{C} = 5\%", "25 °C = 5%"),
        (r"\begin{pmatrix} a & b \\ c & d\end{pmatrix}", "a b ; c d"),
        (r"\frac", "/"),
        ("{" * 5000 + "x", "x"),
    ],
)
def test_a_formula_is_written_in_a_line(tex: str, line: str) -> None:
    assert formula_line(tex) == line


def test_a_document_that_takes_too_long_or_too_much_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    long = b"<p>one <b>two</b> three</p>" * 100_000
    with pytest.raises(PandocError, match=r"over 0\.1 s"):
        read_tree(long, "html", seconds=0.1)
    monkeypatch.setattr(pandoc, "_MOST_OUTPUT", 1000)
    with pytest.raises(PandocError, match="too much memory"):
        read_tree(b"<p>one</p>" * 100, "html")
    monkeypatch.setattr(pandoc, "_HEAP", "64m")
    with pytest.raises(PandocError, match="too much memory"):
        read_tree(long, "html")


def test_where_pandoc_is_missing_this_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pandoc._program.cache_clear()
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    with pytest.raises(ParseError, match="needs Pandoc: pip install pypandoc_binary"):
        parse_one(b"{\\rtf1 text}", "a.rtf")
    assert parse_one(b"text", "a.txt").text == "text"
