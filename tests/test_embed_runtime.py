from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rag.embed.runtime
import rag.exported
from rag.embed import Embedder
from rag.embed.packaged import PackagedEmbedder
from rag.embed.runtime import MODEL, PIECES, packaged_export
from rag.errors import EmbedderError
from rag.exported import SEAL, Export
from tests.folders import assistant_over


@pytest.fixture
def exported(embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the exported model, kept where this test alone looks for it."""
    embedder.embed_query("which exports it, where that was not done")
    kept = rag.exported._prepared(packaged_export())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shutil.copytree(kept, tmp_path / "rag" / kept.name)
    return tmp_path / "rag" / kept.name


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_model_is_exported_again(
    exported: Path, embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    whole = (exported / MODEL).read_bytes()
    damage(exported / MODEL)
    found = PackagedEmbedder().embed_query("How long is the river?")
    np.testing.assert_array_equal(found, embedder.embed_query("How long is the river?"))
    assert [record.levelno for record in caplog.records if "is damaged and is made again" in record.message] == [
        logging.WARNING
    ]
    assert (exported / MODEL).read_bytes() == whole
    assert [path.name for path in exported.parent.iterdir() if path.is_dir()] == [exported.name]


def copy_of(exported: Path) -> Callable[[Path, Export], Path]:
    """Return an export that copies what was exported before."""
    return lambda folder, _: shutil.copytree(exported, folder)


@pytest.mark.parametrize("name", [PIECES, SEAL])
def test_no_damaged_file_is_used(exported: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    damage(exported / name)
    monkeypatch.setattr(rag.exported, "_export", copy_of(exported.parent / "none"))
    with pytest.raises(FileNotFoundError, match="none"):
        PackagedEmbedder().embed_query("text")


def test_where_nothing_can_be_kept_the_model_serves_for_the_run(
    exported: Path,
    tmp_path: Path,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(rag.exported, "_export", copy_of(exported))
    found = PackagedEmbedder().embed_query("How long is the river?")
    np.testing.assert_array_equal(found, embedder.embed_query("How long is the river?"))
    assert "the model is prepared for this run alone" in caplog.text


def test_a_model_that_cannot_be_exported_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "torch.py").write_text("raise ImportError('this torch is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EmbedderError, match=r"cannot be prepared \(.*this torch is broken\)"):
        PackagedEmbedder().embed_query("text")
    assert list((tmp_path / "rag").glob("*/")) == []


def test_where_the_processor_multiplies_integers_passages_are_embedded_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    texts = [
        "The river is seven kilometres long.",
        "Dams " * 90,
        "A town lies on the bank.",
        "Größe, 日本語の文章です。",
    ]
    spans = [[(0, len(text))] for text in texts]
    monkeypatch.setattr(rag.embed.runtime, "multiplies_integers", lambda: False)
    full = PackagedEmbedder()
    exact, question = full.embed(texts, spans), full.embed_query(texts[0])
    monkeypatch.setattr(rag.embed.runtime, "multiplies_integers", lambda: True)
    quick = PackagedEmbedder()
    found = quick.embed(texts, spans)
    cosines = [float(one.passage @ other.passage) for one, other in zip(found, exact, strict=True)]
    assert all(0.97 < cosine < 0.9999 for cosine in cosines), cosines
    for text, span, embedding in zip(texts, spans, found, strict=True):
        [alone] = quick.embed([text], [span])
        np.testing.assert_array_equal(alone.passage, embedding.passage)
    np.testing.assert_array_equal(quick.embed_query(texts[0]), question)


@pytest.mark.parametrize(
    ("told", "expected"),
    [("flags : fpu avx2 avx_vnni sse", True), ("Features : fp asimd i8mm", True), ("flags : fpu avx2 sse", False)],
)
def test_what_a_processor_says_of_integers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, expected: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(told)
    monkeypatch.setattr(rag.exported, "Path", lambda _: tmp_path / "cpuinfo")
    assert rag.exported.multiplies_integers() is expected


def test_asking_loads_neither_torch_nor_sentence_transformers(tmp_path: Path, embedder: Embedder) -> None:
    assistant_over(tmp_path, {"river.txt": "The river is seven kilometres long."}, embedder)
    program = (
        "import sys; from rag.cli import app; app(['ask', 'How long is the river?'], standalone_mode=False); "
        "heavy = ('torch', 'transformers', 'sentence_transformers', 'gradio', 'openai', 'rag.answer.support'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert "The river is seven kilometres long." in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
