"""A refused question in other words: only in such as have an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.settings import Settings
from tests.folders import write

MILL = "The mill on the Ouse was built by Ada Brown in 1834. It ground rye for the towns by the river.\n"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    folder: Path = tmp_path_factory.mktemp("rephrase")
    write(folder / "corpus", {"mill.txt": MILL, "bridge.txt": "The bridge over the Ouse was torn down in 1871.\n"})
    found = Assistant(Settings(corpus=folder / "corpus", index=folder / "index", data=folder / "data"), embedder)
    found.sync()
    return found


@pytest.mark.parametrize(
    ("question", "instead"),
    [
        ("What is the brigde?", {"with “bridge”": "What is the bridge?"}),
        ("Who built the mill for the Quills?", {"without “Quills”": "Who built the mill?"}),
        ("Who built the mill in order R-2024-191?", {"without “order R-2024-191”": "Who built the mill?"}),
        ("Was the Zebedon bridge torn down?", {"without “Zebedon”": "Was the bridge torn down?"}),
        ("How many eggs does a cake take?", {}),  # nothing would be left to be asked
        ("Who is Zebedon?", {}),
        ("Who built the mill on the Ouse?", {}),  # every word of it is there
    ],
)
def test_what_stands_nowhere_is_spelt_anew_or_left_out(
    assistant: Assistant, question: str, instead: dict[str, str]
) -> None:
    found = assistant.rephrased(assistant.ask(question))
    assert {one.change: one.question for one in found} == instead
    assert not any(assistant.ask(one.question).abstained for one in found)
