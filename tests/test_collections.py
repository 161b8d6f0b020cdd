"""Several corpora in one index: none knows of another, and one is removed without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import rag
from rag.assistant import Assistant
from rag.embed import Embedder
from rag.errors import IndexFailure, IndexLocked, UsageError
from rag.index.collections import list_collections, open_index, remove_collection
from rag.place import DatabaseUrl
from rag.settings import Settings, read_settings
from tests.folders import write

PROJECT = Path(str(rag.__file__)).parent.parent


@pytest.fixture(params=["folder", "database"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Path | DatabaseUrl:
    if request.param == "folder":
        return tmp_path / "index"
    url: DatabaseUrl = request.getfixturevalue("postgres").url()
    return url


def over(place: Path | DatabaseUrl, tmp_path: Path, name: str, text: str, embedder: Embedder) -> Assistant:
    corpus = tmp_path / f"corpus of {name}"
    write(corpus, {"it.txt": text})
    assistant = Assistant(Settings(corpus=corpus, index=place, collection=name), embedder)
    assistant.sync()
    return assistant


def test_each_collection_answers_from_its_own_documents(
    place: Path | DatabaseUrl, tmp_path: Path, embedder: Embedder
) -> None:
    built = {
        name: over(place, tmp_path, name, f"The mill was built by {who} in 1887.\n", embedder)
        for name, who in (("", "Ada Brown"), ("north", "Carl Dahl"), ("n2", "Eva Frank"))
    }
    for name, who in (("", "Ada Brown"), ("north", "Carl Dahl"), ("n2", "Eva Frank")):
        answer = built[name].ask("Who built the mill?")
        assert who in answer.text
        assert len(answer.citations) == 1
    listed = [(one.name, one.documents, one.chunks) for one in list_collections(place)]
    assert listed == [("", 1, 1), ("n2", 1, 1), ("north", 1, 1)]


def test_a_collection_is_removed_and_the_others_stay(
    place: Path | DatabaseUrl, tmp_path: Path, embedder: Embedder
) -> None:
    kept = over(place, tmp_path, "kept", "The mill was built by Ada Brown.\n", embedder)
    gone = over(place, tmp_path, "gone", "The mill was built by Carl Dahl.\n", embedder)
    gone.sync(rebuild=True)
    with open_index(place, collection="gone").writing(), pytest.raises(IndexLocked):
        remove_collection(place, "gone")
    remove_collection(place, "gone")
    assert [one.name for one in list_collections(place)] == ["kept"]
    assert "Ada Brown" in kept.ask("Who built the mill?").text
    assert not gone.is_built
    with pytest.raises(IndexFailure, match="there is no index in"):
        gone.ask("Who built the mill?")
    with pytest.raises(UsageError, match=r"there is no collection 'gone' in .*: `rag collections` lists"):
        remove_collection(place, "gone")


@pytest.mark.parametrize("name", ["../x", "A", "a_1", "a b", "1a", "x" * 32, "a;drop"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="the setting 'collection' cannot be used"):
        read_settings(collection=name)


def test_the_commands_take_a_collection(place: Path | DatabaseUrl, corpus: Path) -> None:
    write(corpus, {"it.txt": "The mill was built by Ada Brown.\n"})
    where = place.secret.get_secret_value() if isinstance(place, DatabaseUrl) else str(place)

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "rag", *arguments, "--index", where, "--json"]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60).stdout

    given = ["--corpus", str(corpus), "--collection", "mills"]
    assert json.loads(run("index", *given))["documents"] == 1
    assert json.loads(run("search", "mill", *given))["results"][0]["source"] == "it.txt"
    assert json.loads(run("collections")) == {"collections": [{"name": "mills", "documents": 1, "chunks": 1}]}
    assert json.loads(run("collections", "--remove", "mills")) == {"collections": []}
