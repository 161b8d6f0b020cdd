"""The commands over a database: the same questions, the same citations, and no password in anything they print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rag
from rag.assistant import Assistant
from rag.embed import Embedder
from rag.settings import Settings
from tests.databases import Server
from tests.folders import write

PROJECT = Path(str(rag.__file__)).parent.parent
FILES = {
    "mill.md": "# Brassey Mill\n\nThe mill was built by Ada Brown in 1887.\n\nIt burned down in 1921.\n",
    "rivers.txt": "The Danube rises in the Black Forest. It ends in the Black Sea.\n",
    "haus.txt": "Viele Häuser der Stadt stehen leer, weil die Arbeiter in die Dörfer gezogen sind.\n",
    "strange.txt": "A sign of nothing stands here. Nobody knows why the monument leans.\n",
}
QUESTIONS = (
    "Who built the mill?",
    "When did it burn down?",
    "Where does the Danube rise?",
    "Why does the monument lean?",
    "Warum stehen die Häuser leer?",
    "What is the capital of France?",
)


def test_a_folder_and_a_database_give_the_same_answers(
    postgres: Server, corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    write(corpus, FILES)
    folder = Assistant(Settings(corpus=corpus, index=tmp_path / "index"), embedder)
    database = Assistant(Settings(corpus=corpus, index=postgres.url()), embedder)
    assert folder.sync().model_dump(exclude={"seconds"}) == database.sync().model_dump(exclude={"seconds"})
    for question in QUESTIONS:
        one, other = (assistant.ask(question) for assistant in (folder, database))
        assert one.sentences == other.sentences
        assert one.citations == other.citations
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert [result.chunk for result in one.results] == [result.chunk for result in other.results]
        within = [assistant.ask(question, sources=["mill.md"]) for assistant in (folder, database)]
        assert within[0].citations == within[1].citations
    assert database.verify().holds
    assert database.documents() == folder.documents()
    assert [listed.model_dump() for listed in database.listed()] == [listed.model_dump() for listed in folder.listed()]


def test_the_commands_work_over_a_database_and_print_no_password(postgres: Server, corpus: Path) -> None:
    write(corpus, FILES)
    url = postgres.url().secret.get_secret_value().replace("postgres:@", "postgres:hunter2@")
    assert "hunter2" in url

    def run(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "rag", *arguments, "--corpus", str(corpus), "--index", url]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, env={**os.environ})
        assert done.returncode == code, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        return done.stdout or done.stderr

    assert "there is no index in postgresql://postgres@/postgres" in run("status", code=1)
    assert json.loads(run("index", "--json"))["documents"] == 4
    assert json.loads(run("ask", "Who built the mill?", "--json"))["citations"][0]["source"] == "mill.md"
    assert json.loads(run("search", "Where does the Danube rise?", "--json"))["results"][0]["source"] == "rivers.txt"
    assert json.loads(run("status", "--json"))["index"].startswith("postgresql://postgres@/postgres")
    assert run("status", "--text", "strange.txt") == FILES["strange.txt"]
    assert json.loads(run("verify", "--json"))["faults"] == []
    (corpus / "mill.md").unlink()
    assert json.loads(run("index", "--json"))["removed"] == ["mill.md"]
    run("ask", "Who built the mill?", "--json", code=3)
