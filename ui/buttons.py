"""Buttons: each raises one event, which `ui.app` listens for by its name, and is told what its data attributes say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from ui.escape import data

_NOTHING: Mapping[str, object] = {}


def button(text: str, event: str, told: Mapping[str, object] = _NOTHING, *, style: str = "", more: str = "") -> str:
    """Return a button of ``text``, which is HTML, that raises ``event``; with ``more`` attributes."""
    named = f' class="{style}"' if style else ""
    return f'<button type="button"{named} {raising(event, told)}{f" {more}" if more else ""}>{text}</button>'


def raising(event: str, told: Mapping[str, object]) -> str:
    """Return the attributes of what raises an event when it is pressed or ticked."""
    return " ".join([f'data-event="{event}"', *(f'data-{name}="{data(str(value))}"' for name, value in told.items())])


def told(event: gr.EventData) -> Mapping[str, Any]:
    """Return what an event was told; it comes from a browser and may be anything."""
    return dict(event._data)
