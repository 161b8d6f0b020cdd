"""Imports point downward only, and the command starts without loading what is heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import rag

PROJECT = Path(str(rag.__file__)).parent.parent

# From the bottom; a module imports from layers below its own, or from its own package.
LAYERS = (
    ("types", "errors", "stop_words", "weights", "child", "hosts", "processors"),
    ("place", "conversation_file", "saved_answer", "corpus", "dates", "markdown_signs", "exported", "wording", "find"),
    ("identifiers",),
    ("languages", "words", "lines", "conversations", "notes", "wire", "llm"),
    ("export", "sentences", "short_forms", "local_models"),
    ("parse", "chunk", "embed", "excerpt"),
    ("settings", "index", "library"),
    ("terms", "read"),
    ("query", "rephrase"),
    ("decision", "followup"),
    ("reading",),
    ("changes", "sync_state"),
    ("sync", "retrieve", "answer"),
    ("copying", "verify", "watch", "listing", "pictures"),
    ("compose",),
    ("assistant", "stream"),
    ("evaluate", "suggest"),
    ("show",),
    ("show_run",),
    ("server", "mcp_server"),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}

# What the page may know; of a module with names, these alone.
SEEN_BY_UI: dict[str, set[str]] = {
    "rag.assistant": set(),
    "rag.types": set(),
    "rag.wording": set(),
    "rag.settings": set(),
    "rag.errors": set(),
    "rag.hosts": {"is_loopback"},
    "rag.listing": set(),
    "rag.llm": {"LanguageModel", "server_url"},
    "rag.local_models": {"LocalServer", "find_servers", "is_name"},
    "rag.conversations": set(),
    "rag.export": set(),
    "rag.notes": set(),
    "rag.suggest": {"next_questions", "starters"},
    "rag.find": set(),
    "rag.stream": set(),
    "rag.markdown_signs": {"is_markdown", "without_signs"},
    "rag.parse.page": set(),
    "rag.sync": {"Progress", "SyncReport"},
    "rag.sync_state": {"SyncProblem"},
    "rag.server.app": {"guarded", "server_app"},
    "rag.server.layer": {"address_of", "client_of"},
    "rag.server.models": set(),
    "rag.server.original": {"may_be_shown"},
    "rag.server.password": {"Password"},
    "rag.server.problems": {"MISUSE"},
    "rag.server.questions": {"CallLimit", "QuestionLimit", "read_request"},
    "rag.server.reach": {"may_choose_model"},
    "rag.server.run": {"Server"},
    "rag.server.security": {"owner_of"},
    "rag.wire": set(),
}


class Import(NamedTuple):
    """An import of a name from a module of this project, and the functions it stands in."""

    importer: str
    module: str
    name: str
    within: tuple[str, ...]


def imports_of(module: str, tree: ast.AST, within: tuple[str, ...] = ()) -> Iterator[Import]:
    """Yield the imports of ``rag`` and ``ui`` in a module's syntax tree, wherever they stand in it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            found = [(str(node.module), alias.name) for alias in node.names]
        else:
            deeper = (node.name,) if isinstance(node, ast.FunctionDef) else ()
            yield from imports_of(module, node, within + deeper)
            continue
        for name, member in found:
            if name.split(".")[0] in ("rag", "ui"):
                whole = f"{name}.{member}"
                yield Import(module, *((whole, "") if whole in MODULES else (name, member)), within)


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for folder in ("rag", "ui") for path in sorted((PROJECT / folder).rglob("*.py"))}
IMPORTS = [found for name, path in MODULES.items() for found in imports_of(name, ast.parse(path.read_text()))]


def unit(module: str) -> str:
    """Return the part of the package a module belongs to: ``index`` for ``rag.index.local``."""
    return [*module.split("."), ""][1]


def test_every_kind_of_import_is_seen() -> None:
    within = "class A:\n  def f(self):\n    if 1:\n      from ui.serve import serve as s"
    code = f"import rag.sync\nfrom rag import show\nimport os\n{within}"
    assert list(imports_of("m", ast.parse(code))) == [
        Import("m", "rag.sync", "", ()),
        Import("m", "rag.show", "", ()),
        Import("m", "ui.serve", "serve", ("f",)),
    ]


def test_every_module_has_its_layer() -> None:
    units = {unit(module) for module in MODULES if module.startswith("rag.")}
    assert units == HEIGHT.keys(), "give the module its place in LAYERS"


def test_imports_point_downward() -> None:
    upward = [
        f"{one.importer} imports {one.module}"
        for one in IMPORTS
        if one.importer.startswith("rag.") and one.module.startswith("rag")
        if unit(one.importer) != unit(one.module) and HEIGHT[unit(one.importer)] <= HEIGHT[unit(one.module)]
    ]
    assert upward == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    below: dict[str, set[str]] = {module: set() for module in MODULES}
    for one in IMPORTS:
        below[one.importer].add(one.module)
    order = list(TopologicalSorter(below).static_order())  # raises CycleError
    assert order.index("rag.types") < order.index("rag.assistant") < order.index("rag.cli")


def test_only_the_serve_command_imports_the_page() -> None:
    found = [(one.importer, one.within) for one in IMPORTS if one.importer.startswith("rag") and one.module[:2] == "ui"]
    assert found == [("rag.cli", ("serve",))]


def test_the_page_knows_the_assistant_and_values_alone() -> None:
    seen = [one for one in IMPORTS if one.importer.startswith("ui") and one.module.startswith("rag")]
    assert seen
    beyond = [
        f"{one.importer} imports {one.name} from {one.module}"
        for one in seen
        if one.module not in SEEN_BY_UI or (SEEN_BY_UI[one.module] and one.name not in SEEN_BY_UI[one.module])
    ]
    assert beyond == []


@pytest.mark.parametrize("module", ["rag.cli", "rag.sync", "rag.index.local", "rag.index.postgres"])
def test_nothing_heavy_is_loaded_before_it_is_needed(module: str) -> None:
    heavy = {
        "torch",
        "transformers",
        "sentence_transformers",
        "faiss",
        "gradio",
        "trafilatura",
        "fastapi",
        "uvicorn",
        "mcp",
        "ui",
        "pypdfium2",
        "docx",
        "onnxruntime",
        "lxml",
        "rag.evaluate",
        "openpyxl",
        "psycopg",
    }
    program = f"import sys, {module}; print(*(name for name in {sorted(heavy)} if name in sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split() == []
