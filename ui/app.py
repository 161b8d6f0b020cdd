"""The chat page, put together: Gradio's parts and what happens on each event.

What a page knows of its conversation is its name; all else is read from where it is kept, for the browser
that asks, so a server that was stopped and started goes on where it was.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.conversations import Conversations
from ui import panel, reader, render
from ui.chat import Chat
from ui.folder import Folder
from ui.live import Live
from ui.talks import Talks

_LOOK_EVERY = 2  # seconds between looks at what is indexed
_QUIETLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(assistant: Assistant, conversations: Conversations) -> gr.Blocks:
    """Return the page over ``assistant``."""
    live = Live(assistant)
    with gr.Blocks(title="Ask your documents", analytics_enabled=False, fill_width=True) as page:
        parts = _lay_out()
        _wire_chat(parts, Chat(assistant, conversations, live))
        _wire_folder(parts, Folder(assistant, live))
        _wire_talks(parts, Talks(conversations))
        page.load(None, None, parts.place, js="() => location.hash.slice(1)", **_QUIETLY).then(
            Chat(assistant, conversations, live).reopen,
            [parts.place],
            [parts.talk, parts.place, parts.starters],
            **_QUIETLY,
        ).then(Talks(conversations).listed, [parts.search, parts.place], [parts.talks], **_QUIETLY)
    return page
