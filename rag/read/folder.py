"""The folder of a trained reader: its weights, the model they were trained on top of, and the languages it reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rag.embed import DEFAULT_MODEL
from rag.embed.sentence_transformer import packaged_model
from rag.errors import ReaderError
from rag.exported import file_sha256

PACKAGED = Path(__file__).with_name("model")
WEIGHTS, ABOUT, CARD = "reader.safetensors", "reader.json", "card.md"


@dataclass(frozen=True)
class ReaderFolder:
    """A reader that was trained; ``languages`` are ISO 639-1 codes, None for all, and ``base`` is a model's folder."""

    path: Path
    base: Path
    languages: frozenset[str] | None
    sha256: str

    @property
    def weights(self) -> Path:
        """The file of what was trained; raises ReaderError where it is not what was written."""
        file = self.path / WEIGHTS
        if not file.is_file() or file_sha256(file) != self.sha256:
            raise damaged(self.path)
        return file


def open_folder(path: Path) -> ReaderFolder:
    """Return the reader in a folder; raises ReaderError where there is none, or its base is not on this machine."""
    try:
        about = json.loads((path / ABOUT).read_bytes())
        base = packaged_model() if about["base"] == DEFAULT_MODEL else Path(about["base"])
        languages = None if about["languages"] is None else frozenset(about["languages"])
        found = ReaderFolder(path, base, languages, about["sha256"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise damaged(path) from error
    if not all((base / name).is_file() for name in ("config.json", "tokenizer.json")):
        raise ReaderError(f"the reader in {path} was trained on top of {base}, where no model and tokenizer.json is")
    return found


def note_about(path: Path, base: Path | None, languages: Iterable[str] | None) -> None:
    """Write what is to be known of the weights in a folder; ``base`` is None for the packaged model."""
    about = {
        "base": DEFAULT_MODEL if base is None else str(base.resolve()),
        "languages": None if languages is None else sorted(languages),
        "sha256": file_sha256(path / WEIGHTS),
    }
    (path / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def damaged(path: Path) -> ReaderError:
    """Return what is to be said of a folder that is not what was written."""
    remedy = "install this package again" if path == PACKAGED else "give a folder that rag.read.train wrote"
    return ReaderError(f"the reader in {path} is missing or damaged: {remedy}")
