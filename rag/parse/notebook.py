"""Jupyter notebooks: a page a cell, its text or code, then what the code printed; Pandoc reads the Markdown in them.

Pictures, and results that are there for a browser only, are left out, and long outputs are cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.markup import clean
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks
from rag.parse.parsed import Parsed, title_of
from rag.parse.text import alike_newlines, decode

# What terminals take for colours and for moves of the cursor.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LONGEST_OUTPUT = 2000


def parse_notebook(data: bytes, name: str) -> Parsed:
    """Read a notebook of format 3 or 4; the title is its first heading of the first level, else the file's name."""
    try:
        notebook = json.loads(decode(data))
    except json.JSONDecodeError as error:
        raise ParseError(f"not a notebook, or one that is cut short: it is no JSON in line {error.lineno}") from error
    except (RecursionError, ValueError) as error:  # nested too deep; a number of thousands of digits
        raise ParseError("not a notebook: its JSON cannot be read") from error
    cells = [_cell(cell) for cell in _cells(notebook)]
    readable = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    builder = Builder()
    for number, cell in enumerate(read_tree(json.dumps(readable).encode(), "ipynb")["blocks"], start=1):
        builder.page(number)
        add_blocks(builder, [cell])
    return builder.parsed(title_of(builder.headings) or name, page_kind="cell")


def _cells(notebook: Any) -> list[dict[str, Any]]:
    """Return the cells; format 3 has them in worksheets."""
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    if found is None and isinstance(notebook, dict):
        sheets = _list(notebook.get("worksheets"))
        found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    cells = [cell for cell in _list(found) if isinstance(cell, dict)]
    if not cells:
        raise ParseError("not a notebook, or one without cells")
    return cells


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell as format 4 has it, with what is read of it alone."""
    kind, source = cell.get("cell_type"), clean(_text(cell.get("source", cell.get("input"))))
    if kind == "heading":
        level = cell.get("level")
        marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        kind, source = "markdown", f"{marks} {' '.join(source.split())}"
    if kind == "markdown":
        return {"cell_type": kind, "metadata": {}, "source": source}
    texts = filter(None, _outputs(_list(cell.get("outputs"))))
    outputs = [{"output_type": "stream", "name": "stdout", "text": text} for text in texts]
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "source": source, "outputs": outputs}


def _outputs(outputs: list[Any]) -> Iterator[str]:
    for output in outputs:
        if not isinstance(output, dict):
            continue
        if output.get("output_type") in ("error", "pyerr"):
            text = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
        else:
            data = output.get("data")
            plain = data.get("text/plain") if isinstance(data, dict) else None
            text = _text(output.get("text") or plain)
        text = clean(_ESCAPES.sub("", text)).strip()
        yield text if len(text) <= _LONGEST_OUTPUT else text[:_LONGEST_OUTPUT].rstrip() + " …"


def _text(value: Any) -> str:
    """Return a text that is stored whole or as a list of lines."""
    lines = value if isinstance(value, list) else [value]
    text = "".join(line for line in lines if isinstance(line, str))
    return alike_newlines(text)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
