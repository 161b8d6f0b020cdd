"""The page's own script and style: files that are joined in the order of their names."""

from __future__ import annotations

from importlib import resources


def script() -> str:
    """Return what runs once in each of the page's HTML parts."""
    return _joined("script")


def style() -> str:
    """Return the style sheet."""
    return _joined("style")


def _joined(folder: str) -> str:
    files = sorted(resources.files("ui").joinpath(folder).iterdir(), key=lambda file: file.name)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
