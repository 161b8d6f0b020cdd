"""How the chat page is served: mounted into the server that has the API, and run."""

from __future__ import annotations

import logging
import signal
import threading
import time

import gradio as gr

from rag.assistant import Assistant
from rag.conversations import Conversations
from rag.errors import RagError
from rag.notes import Notes
from rag.server.app import guarded, server_app
from rag.server.password import Password
from rag.server.problems import MISUSE
from rag.server.questions import CallLimit, QuestionLimit
from rag.server.run import Server
from ui.app import build
from ui.assets import style
from ui.endpoints import hide_others
from ui.exports import exports

_LOOKED_AFTER = 0.2  # seconds, until the first build has begun
log = logging.getLogger(__name__)


def serve(assistant: Assistant) -> None:
    """Serve the page, and follow the folder, until told to stop; raises UsageError where the address cannot be had."""
    host, port = assistant.settings.host, assistant.settings.port
    named = f"[{host}]" if ":" in host else host
    server = launch(assistant)
    threading.Thread(target=_warm_up, args=[assistant], name="warm up", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop())
    print(f"Ask your documents: http://{named}:{port}   (stop with Ctrl-C)", flush=True)
    server.wait()


def _warm_up(assistant: Assistant) -> None:
    """Load the models as soon as there is an index to ask, so that the first question is as quick as the next."""
    try:
        while not assistant.is_built:
            time.sleep(_LOOKED_AFTER)
        assistant.warm_up()
    except RagError as error:
        log.warning("%s", error)


def launch(assistant: Assistant) -> Server:
    """Start serving the page in the background.

    Raises:
        UsageError: The address cannot be had, or others could reach it and no password is set.
    """
    conversations, notes = Conversations(assistant.settings.data), Notes(assistant.settings.data)
    limit = QuestionLimit()
    app = server_app(assistant, limit)
    app.include_router(exports(conversations, notes))
    around = guarded(CallLimit(app, limit), assistant.settings)
    page = build(assistant, conversations, notes, limit, locked=Password(assistant.settings.data).is_set)
    hide_others(page)
    gr.mount_gradio_app(
        app,
        # Of a queue that is not open, nothing can be run past it.
        page.queue(max_size=64, api_open=False),
        path="/",
        app_kwargs={"exception_handlers": MISUSE},
        css=style(),
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        allowed_paths=[],
        show_error=False,
    )
    settings = assistant.settings
    return Server(around, settings.host, settings.port, trusted_proxy=settings.trusted_proxy)
