"""A file of each format as its program writes it: the blocks that are made of it, and what is not in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from rag.parse import parse
from rag.types import Document
from tests import formats

SAMPLE = """---
title: Pump house
---

# Rivers

Before *use*, take 10^6^ litres of H~2~O[^1] for ~~40~~ 25 euros:

3. Open the valve
    - slowly
4. Turn the key

> It rained.

| River | Length |
|-------|--------|
| Inn   | 518    |
| Drava | 710    |

Table: Lengths in km

```
# no heading
```

[^1]: As of 2020.
"""
TITLE = "heading Pump house"
PROSE = ["heading Rivers", "paragraph Before use, take 10⁶ litres of H₂O for 25 euros:", "note As of 2020."]
LIST = ["item 3. Open the valve", "item slowly", "item 4. Turn the key", "quote It rained."]
UNNUMBERED = ["item 1. Open the valve", "item slowly", "item 2. Turn the key", "quote It rained."]
ROWS = ["row River: Inn; Length: 518", "row River: Drava; Length: 710"]
CAPTION, CODE = "caption Lengths in km", "code # no heading"


def blocks(document: Document) -> list[str]:
    return [f"{one.kind} {' '.join(document.text[one.start : one.end].split())}" for one in document.blocks]


@pytest.mark.parametrize(
    ("pandoc_format", "suffix", "expected"),
    [
        ("docx", "docx", [TITLE, *PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("docx", "docm", [TITLE, *PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("odt", "odt", [TITLE, *PROSE, *LIST, CAPTION, *ROWS, "paragraph # no heading"]),
        ("epub", "epub", [*PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("html", "html", [TITLE, *PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("html", "xhtml", [TITLE, *PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("org", "org", [TITLE, *PROSE, *LIST, *ROWS, CODE]),
        ("latex", "tex", [TITLE, *PROSE, *UNNUMBERED, CAPTION, *ROWS, CODE]),
        ("mediawiki", "wiki", [*PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("typst", "typ", ["paragraph Pump house", *PROSE, *LIST, CAPTION, *ROWS]),
        ("docbook5", "dbk", [TITLE, *PROSE, *LIST, CAPTION, *ROWS, CODE]),
        ("jats", "nxml", [TITLE, *PROSE, *UNNUMBERED, CAPTION, *ROWS, CODE]),
    ],
)
def test_a_text_has_the_same_blocks_in_each_format(pandoc_format: str, suffix: str, expected: list[str]) -> None:
    (document,) = parse(formats.converted(SAMPLE, pandoc_format), f"a.{suffix}").documents
    assert blocks(document) == expected
    tables = [group for group in document.groups if group.kind == "table"]
    assert [group.columns for group in tables] == [("River", "Length")]
    captions = [document.text[slice(*group.caption)] for group in tables if group.caption]
    assert captions == ["Lengths in km"] * (CAPTION in expected)


class Case(NamedTuple):
    """A file by its name, what makes it, its blocks, what must not be in it, and what is told of it."""

    name: str
    make: Callable[[], bytes]
    blocks: list[str]
    absent: str = ""
    warning: str | None = None


def text(name: str, content: str, blocks: list[str], absent: str = "") -> Case:
    return Case(name, content.encode, blocks, absent)


STAFF = ["row Ward: North; Nurse: Ann; Desk: 5", "row Ward: North; Nurse: Bea; Desk: 6", "row Ward: East; Nurse: Dot"]
LEFT_OUT = (
    "left out: 1 hidden sheet, 1 hidden row, 1 hidden column; 1 formula has no value: open the file in a spreadsheet"
    " program and save it"
)
HARBOUR = [
    *("heading Harbour", "item Dredge the basin", "item Mend the pier: 10⁶ crowns", "row Ship: Ada; Tons: 900"),
    *("paragraph In a group", "note Notes: Speak slowly."),
]
KEYS = [
    *("field From: Ada <ada@x.example>", "field To: bob@x.example", "field Date: Mon, 01 Jan 2024 10:00:00 +0000"),
    *("field Subject: Keys", "paragraph The keys are with Otto.", "field On Sun, 31 Dec 2023, Bob wrote:"),
    *("quote Are the keys with Ida?", "paragraph -- Ada, room 7"),
]
HIDDEN = """<html><body><h1>Ferry</h1><p>The ferry costs 5 × 10<sup>2</sup> kroner<sup><a href="#n1">7</a></sup>, not
<del>400</del>, from six in the morning until late at night, every day but on Sundays and on all public holidays.</p>
<p hidden>Draft</p><p style="display: none">Old price</p><span aria-hidden="true">Twice</span>
<table><tr><th>Ward</th><th>Nurse</th><th>Night</th></tr><tr><td rowspan="2">North</td><td>Ann</td><td>1</td></tr>
<tr><td>Bea</td><td>2</td></tr></table></body></html>"""
CASES = [
    Case(
        "a.docx",
        formats.word,
        [
            *("heading Quarry", "paragraph The gate opens at six.", "paragraph Ring twice."),
            *("caption Figure 1: The gate", "caption Table 1: Shifts"),
            *("row Hall: North; Shift: early; Foreman: Wanda", "row Hall: North; Shift: late; Foreman: Xaver"),
        ],
        "4711|five|Is that so",
    ),
    Case("a.xlsx", formats.workbook, ["heading Staff", "caption Staff 2024", *STAFF], "secret|Cid|Pay", LEFT_OUT),
    Case("a.xlsm", formats.workbook, ["heading Staff", "caption Staff 2024", *STAFF], "secret|Cid|Pay", LEFT_OUT),
    Case("a.ods", formats.open_sheets, ["heading Staff", *STAFF], "Secret|Cid|Pay", LEFT_OUT),
    Case("a.pptx", formats.slides, HARBOUR, "board", "left out: 1 hidden slide"),
    Case("a.pptm", formats.slides, HARBOUR, "board", "left out: 1 hidden slide"),
    Case("a.odp", formats.open_slides, ["heading Harbour", "heading Piers"], "board", "left out: 1 hidden slide"),
    Case("a.eml", formats.mail().as_bytes, KEYS),
    Case("a.msg", formats.outlook, ["field From: Ada", "field Subject: Keys", "paragraph The keys are with Otto."]),
    Case(
        "cut.eml",
        lambda: formats.mail().as_bytes()[:900],
        KEYS,
        "UGFpbn",
        "cut short: what stood at its end is missing",
    ),
    Case("a.doc", rb"{\rtf1 The gate is shut.}".strip, ["paragraph The gate is shut."]),
    Case("b.doc", b"<html><body><p>The gate is shut.</p></body></html>".strip, ["paragraph The gate is shut."]),
    Case("a.xls", formats.workbook, ["heading Staff", "caption Staff 2024", *STAFF], "secret|Cid|Pay", LEFT_OUT),
    Case("a.mhtml", formats.saved_page, ["heading Frost", "paragraph It came in May."]),
    text(
        "a.htm",
        HIDDEN,
        [
            "heading Ferry",
            "paragraph The ferry costs 5 × 10² kroner, not , from six in the morning until late at night, every day but"
            " on Sundays and on all public holidays.",
            *("row Ward: North; Nurse: Ann; Night: 1", "row Ward: North; Nurse: Bea; Night: 2"),
        ],
        "400|kroner7|Draft|Old price|Twice",
    ),
    text(
        "a.md",
        "---\ntitle: Kiln\ntags: [clay]\n---\n\n# Firing\n\nHeat it:\n\n- slowly\n- [ ] evenly\n\n<!-- ask Ida -->\n"
        "#1204 is open.\n\n| Cone | Heat |\n|---|---|\n| 6 | 1222 |\n\n%%private%%\n\n    # a comment\n",
        [
            *("field title: Kiln", "field tags: [clay]", "heading # Firing", "paragraph Heat it:", "item - slowly"),
            *("item - [ ] evenly", "paragraph #1204 is open.", "row Cone | Heat", "row 6 | 1222"),
            "code # a comment",
        ],
        "ask Ida|private",
    ),
    text(
        "a.txt",
        "Ines 0170 555\nOlaf 0170 556\nRuth 0170 557\n\nThe bridge was closed because the river had risen so\n"
        "far that nobody could cross it by foot any more.\n\n# ticket 9: paint the rail\n",
        [
            *("row Ines 0170 555", "row Olaf 0170 556", "row Ruth 0170 557"),
            "paragraph The bridge was closed because the river had risen so far that nobody could cross it by foot any"
            " more.",
            "paragraph # ticket 9: paint the rail",
        ],
    ),
    text(
        "a.csv",
        "Rents of 2024\nRoom;Rent;Deposit\nOak;1200;2400\n",
        ["caption Rents of 2024", "row Room: Oak; Rent: 1200; Deposit: 2400"],
    ),
    text("a.tsv", "Room\tRent\tFloor\nOak\t1200\t2\n", ["row Room: Oak; Rent: 1200; Floor: 2"]),
    text("a.json", '{"host": {"name": "heron", "port": 8443}}', ["heading host", "row name: heron; port: 8443"]),
    text("a.jsonl", '{"id": 1, "at": "Ulm"}\n{"id": 2}\n', ["row id: 1; at: Ulm", "row id: 2"]),
    text("a.ndjson", '{"id": 1, "at": "Ulm"}\n{"id": 2}\n', ["row id: 1; at: Ulm", "row id: 2"]),
    text("a.yaml", "tls:\n  port: 8443 # open\n", ["row tls.port: 8443 # open"]),
    text("a.yml", "tls:\n  on: true\n  hosts: [a, b]\n", ["row tls.on: true", "row tls.hosts: a, b"]),
    text("a.toml", '[tls]\nport = 8443\nnames = ["a"]\n', ["row tls.port: 8443", 'row tls.names: ["a"]']),
    text("a.ini", "; of the gate\n[tls]\nport = 8443\n", ["row ; of the gate", "row tls.port: 8443"]),
    text("a.cfg", "[tls]\nport = 8443\n", ["row tls.port: 8443"]),
    text("a.properties", "tls.port=8443\ntls.on=true\n", ["code tls.port=8443", "code tls.on=true"]),
    text(
        "a.srt",
        "1\n00:00:01,000 --> 00:00:02,000\nOpen\n\n2\n00:00:02,000 --> 00:00:03,000\nthe gate.\n",
        ["paragraph Open the gate."],
    ),
    text("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Open it.\n", ["paragraph Ada: Open it."], "<v"),
    text(
        "a.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Choir\nDTSTART:20250918\nEND:VEVENT\nEND:VCALENDAR\n",
        ["row Event: Choir; Start: 2025-09-18"],
    ),
    text(
        "a.vcf",
        "BEGIN:VCARD\nVERSION:3.0\nFN:Ada Berg\nTEL;TYPE=CELL:0170 1\nEND:VCARD\n",
        ["row Name: Ada Berg; Phone (cell): 0170 1"],
    ),
    text(
        "a.xml",
        '<stock><item id="b7"><name>Oak</name><note>It is dry. Sell it.</note></item></stock>',
        ["row item.id: b7; name: Oak", "paragraph It is dry. Sell it."],
    ),
    text(
        "a.fb2",
        '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><body><section><title><p>One</p></title>'
        "<p>Rain.</p></section></body></FictionBook>",
        ["heading One", "paragraph Rain."],
    ),
    text("a.rst", "Gask\n====\n\n* It is wet.\n", ["heading Gask", "item It is wet."]),
    text(
        "a.1",
        '.TH GATE 1\n.SH NAME\ngate \\- opens\n.\\" no\n',
        ["heading GATE", "heading NAME", "paragraph gate - opens"],
        "no",
    ),
    text(
        "a.ipynb",
        '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# Run\\n2 × 10<sup>6</sup> rows"},'
        ' {"cell_type": "code", "metadata": {}, "source": "f()", "outputs": ['
        '{"output_type": "stream", "name": "stdout", "text": "42"}]}],'
        ' "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        ["heading Run", "paragraph 2 × 10⁶ rows", "code f()", "code 42"],
    ),
    text("a.py", "# Opens it.\nopen_gate(3)\n", ["code # Opens it.", "code open_gate(3)"]),
    text(
        "a.log",
        "2024-01-01 06:00 gate open\n2024-01-01 22:00 gate shut\n",
        ["code 2024-01-01 06:00 gate open", "code 2024-01-01 22:00 gate shut"],
    ),
    text("a.sql", "SELECT 1;\n", ["code SELECT 1;"]),
    Case(
        "a.rtf",
        rb"{\rtf1{\stylesheet{\s1 heading 1;}}\s1 Gate\par\pard\plain 10{\super 6} at{\v x} {\strike 4 }5\par}".strip,
        ["heading Gate", "paragraph 10⁶ at 5"],
        "4|x",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_is_read_as_its_program_shows_it(case: Case) -> None:
    found = parse(case.make(), case.name)
    document = found.documents[0]
    assert blocks(document) == case.blocks
    assert found.warning == case.warning
    for words in filter(None, case.absent.split("|")):
        assert words not in " ".join(blocks(document))


def test_messages_and_attachments_are_documents_of_their_own(tmp_path: Path) -> None:
    found = parse(formats.mail_folder(tmp_path), "in.mbox").documents
    assert [document.source for document in found] == [
        "in.mbox/2024-01-01 Keys.eml",
        "in.mbox/2024-01-01 Keys.eml/plan.txt",
        "in.mbox/2024-01-01 Locks.eml",
    ]
    assert blocks(found[0]) == KEYS
    assert found[1].text.startswith("Paint the door green. Paint")
    assert blocks(found[2])[-1] == "paragraph From here on, lock the gate."
