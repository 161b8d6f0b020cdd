"""Folders of documents that tests make, and what an index then holds of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.index import Index, Reader
from rag.index.documents import Documents
from rag.index.local import LocalIndex
from rag.query import read_query
from rag.read.learned import LearnedReader
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.sync import sync
from rag.types import SearchResult

PASSAGE_READER = LearnedReader()


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, making the folders they are in."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def assistant_over(folder: Path, files: Mapping[str, str | bytes], embedder: Embedder, **settings: Any) -> Assistant:
    """Return an Assistant over files written to a new corpus in ``folder``, indexed; ``settings`` are further ones."""
    write(folder / "corpus", files)
    assistant = Assistant(
        Settings(corpus=folder / "corpus", index=folder / "index", data=folder / "data", **settings), embedder
    )
    assistant.sync()
    return assistant


def index_over(folder: Path, files: Mapping[str, str], embedder: Embedder, chunk_tokens: int) -> LocalIndex:
    """Return an index of files written to a new corpus in ``folder``."""
    write(folder / "corpus", files)
    index = LocalIndex(folder / "index")
    sync(index, folder / "corpus", embedder, chunk_tokens)
    return index


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Let a folder be a disk of its own meanwhile, of a size such as ``4m``; skips where nothing can be mounted."""
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing in a folder be written meanwhile; skips where that cannot be had."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    with mounted_read_only(folder, folder):
        yield


@contextmanager
def mounted_read_only(folder: Path, at: Path) -> Iterator[None]:
    """Let a folder be seen at another place too, where it cannot be written; skips where that cannot be had."""
    _mount("--bind", str(folder), str(at))
    try:
        _mount("-o", "remount,bind,ro", str(at))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip("nothing can be mounted here")


def texts_of(index: Index) -> dict[str, str]:
    """Return the texts of the documents an index holds, by source."""
    if index.manifest() is None:
        return {}
    with index.reading() as reader:
        documents = [reader.document(summary.source) for summary in reader.documents()]
    return {document.source: document.text for document in documents if document is not None}


def find(question: str, reader: Reader, embedder: Embedder, k: int) -> list[SearchResult]:
    """Return the passages that speak to a question, as it was typed."""
    query = read_query(question, reader, embedder)
    return retrieve(query, reader, embedder, PASSAGE_READER, Documents(reader), k)
