from __future__ import annotations

import json
from typing import Any

import pytest

from rag.errors import ParseError
from rag.parse.notebook import parse_notebook
from rag.parse.parsed import Parsed
from tests.damage import assert_read_or_refused, cut_and_flipped
from tests.texts import kinds_and_texts, unblocked


def cell(kind: str, source: str | list[str], *outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source, "outputs": list(outputs), **more}


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def read(*cells: dict[str, Any]) -> Parsed:
    return parse_notebook(notebook(*cells), "file")


def test_each_cell_is_a_page_of_text_or_code_and_what_it_printed() -> None:
    parsed = read(
        cell("markdown", ["# Rivers\n", "\n", "The *Inn* is long.\n", "## Lengths"]),
        cell("code", "import math\n\nprint(1)", {"output_type": "stream", "name": "stdout", "text": ["1\n", "2\n"]}),
        cell("code", []),
        cell("raw", "as it is"),
    )
    assert parsed.text == "Rivers\n\nThe Inn is long.\n\nLengths\n\nimport math\n\nprint(1)\n\n1\n2\n\nas it is"
    assert parsed.title == "Rivers"
    assert parsed.page_kind == "cell"
    assert [(one.level, one.text) for one in parsed.headings] == [(1, "Rivers"), (2, "Lengths")]
    assert [parsed.text[one.start : one.end] for one in parsed.headings] == ["Rivers", "Lengths"]
    assert [(page.number, parsed.text[page.start : page.end].strip()) for page in parsed.pages] == [
        (1, "Rivers\n\nThe Inn is long.\n\nLengths"),
        (2, "import math\n\nprint(1)\n\n1\n2"),
        (4, "as it is"),
    ]


def test_the_markdown_in_a_cell_is_read_as_it_is_meant() -> None:
    source = "Take:\n\n- the *bus*\n- $x^2$\n\n| River | Km |\n|---|---|\n| Inn | 518 |"
    assert kinds_and_texts(read(cell("markdown", source), cell("code", "x = 1"))) == [
        ("paragraph", "Take:"),
        ("item", "the bus"),
        ("item", "x²"),
        ("row", "River: Inn; Km: 518"),
        ("code", "x = 1"),
    ]


def test_a_comment_in_code_is_no_heading() -> None:
    assert unblocked(read(cell("code", "# comment\nx = 1"))) == Parsed(
        "# comment\nx = 1", "file", pages=PAGE, page_kind="cell"
    )


PAGE = read(cell("raw", "# comment\nx = 1")).pages


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output_type": "execute_result", "data": {"text/plain": ["42"], "text/html": "<b>42</b>"}}, "42"),
        ({"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}, ""),
        (
            {"output_type": "error", "ename": "ValueError", "evalue": "no river", "traceback": ["x"]},
            "ValueError: no river",
        ),
        (
            {"output_type": "stream", "text": "\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\r\nnext"},
            "red link\nnext",
        ),
        ({"output_type": "stream", "text": "x" * 5000}, "x" * 2000 + " …"),
        ({"output_type": "pyout", "text": ["4", "2"]}, "42"),
    ],
    ids=["result", "picture", "error", "colours", "long", "format 3"],
)
def test_outputs_are_short_and_clean(output: dict[str, Any], text: str) -> None:
    assert read(cell("code", "run()", output)).text == f"run()\n\n{text}".strip()


def test_format_3_is_read() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Lengths"]},
        {"cell_type": "code", "input": ["x = 1"], "outputs": [{"output_type": "pyout", "text": ["1"]}]},
    ]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()
    parsed = parse_notebook(data, "file")
    assert parsed.text == "Lengths\n\nx = 1\n\n1"
    assert [one.level for one in parsed.headings] == [2]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (notebook(cell("code", "x"))[:40], "cut short"),
        (b"print(1)", "not a notebook"),
        (b"{}", "without cells"),
        (b'{"cells": {"a": 1}, "worksheets": 3}', "without cells"),
        (b"[" * 100_000, "not a notebook"),
        (b"[" + b"9" * 6000 + b"]", "not a notebook"),
    ],
    ids=["cut", "code", "empty", "odd", "deep", "digits"],
)
def test_what_is_no_notebook_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_notebook(data, "file")


def test_values_of_wrong_types_are_passed_over() -> None:
    odd = cell("code", "", {"output_type": 1, "data": [], "text": {"a": 1}}, {}) | {"source": [1, "x", None]}
    odd["outputs"] += [None, 3]
    nothing = cell("markdown", "") | {"source": None}
    assert read({"cell_type": None}, odd, cell("heading", "H", level="two"), nothing).text == "x\n\nH"


def test_a_damaged_notebook_gives_text_or_the_reason() -> None:
    whole = notebook(
        cell("markdown", "# Rivers\r\n\ntext"), cell("code", "x", {"output_type": "stream", "text": ["a", "b"]})
    )
    assert_read_or_refused(parse_notebook, cut_and_flipped(whole, 200))
