"""Folders of documents that tests make, and what an index then holds of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rag.index.local import LocalIndex


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, making the folders they are in."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def texts_of(index: LocalIndex) -> dict[str, str]:
    """Return the texts of the documents an index holds, by source."""
    if index.manifest() is None:
        return {}
    with index.reading() as reader:
        documents = [reader.document(summary.source) for summary in reader.documents()]
    return {document.source: document.text for document in documents if document is not None}
