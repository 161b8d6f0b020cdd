"""The chat page, put together: Gradio's parts and what happens on each event."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import RagError
from rag.sync import Progress
from rag.types import Answer, Message
from ui import reader, render

Turns = list[Answer]

_LOOK_EVERY = 3  # seconds between looks at what is indexed


def build(assistant: Assistant) -> gr.Blocks:
    """Return the page over ``assistant``."""
    script = _file("page.js")
    with gr.Blocks(title="Ask your documents", analytics_enabled=False, fill_width=True) as page:
        turns = gr.State([])
        with gr.Row(elem_id="page"):
            with gr.Column(elem_id="documents"):
                documents = gr.HTML(lambda: render.documents(assistant.status()), js_on_load=script, padding=False)
                listed = gr.State("")
                rebuild = gr.Button("Rebuild index", size="sm", elem_id="rebuild")
            with gr.Column(elem_id="chat"):
                show_documents = gr.Button("Documents", elem_id="show-documents")
                talk = gr.HTML(render.conversation([]), js_on_load=script, elem_id="talk", padding=False)
                with gr.Row(elem_id="asking"):
                    question = _question_box()
                    send = gr.Button("Ask", scale=1, variant="primary")
                with gr.Row(elem_id="following"):
                    as_typed = gr.Checkbox(label="Ask as typed, not as a follow-up", container=False)
                    new_topic = gr.Button("New topic", size="sm")
            with gr.Column(elem_id="reader"):
                source = gr.HTML(reader.EMPTY, js_on_load=script, padding=False)

        def ask(text: str, before: Turns, typed: bool) -> Iterator[tuple[Any, ...]]:
            yield from _ask(assistant, text, before, as_typed=typed)

        def asked(left: str) -> Any:
            # What is still in the box could not be asked, and is to be asked again in the same way.
            return gr.skip() if left.strip() else False

        def edit(event: gr.EventData, before: Turns) -> tuple[Any, Any]:
            return _edit(dict(event._data), before)

        def show(event: gr.EventData, before: Turns) -> str:
            return reader.open_view(assistant, before, dict(event._data))

        def look(shown: str) -> tuple[Any, Any]:
            now = render.documents(assistant.status())
            return (gr.skip(), gr.skip()) if now == shown else (now, now)

        def rebuild_index(progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008, gradio's own idiom
            return _rebuild(assistant, progress)

        gr.on(
            [question.submit, send.click],
            ask,
            [question, turns, as_typed],
            [talk, question, turns, source],
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=4,
        ).success(asked, [question], [as_typed], show_progress="hidden", api_visibility="private")
        talk.edit(edit, [turns], [question, as_typed], show_progress="hidden", api_visibility="private")
        new_topic.click(
            _new_topic, None, [talk, turns, source, as_typed], show_progress="hidden", api_visibility="private"
        )
        for part in (talk, source, documents):
            part.select(show, [turns], [source], show_progress="hidden", api_visibility="private")
        rebuild.click(rebuild_index, None, [documents], api_visibility="private", concurrency_limit=1)
        gr.Timer(_LOOK_EVERY).tick(
            look, [listed], [documents, listed], show_progress="hidden", api_visibility="private", queue=False
        )
        show_documents.click(None, js="() => { document.getElementById('page').classList.toggle('documents-open') }")
    return page


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        placeholder="Ask your documents…",
        label="Question",
        show_label=False,
        container=False,
        lines=1,
        max_lines=4,
        max_length=10_000,
        autofocus=True,
        scale=8,
    )


def _new_topic() -> tuple[str, Turns, str, bool]:
    """Return the page's parts as they are before anything is asked."""
    return render.conversation([]), [], reader.EMPTY, False


def _ask(assistant: Assistant, text: str, before: Turns, *, as_typed: bool = False) -> Iterator[tuple[Any, ...]]:
    """Yield the page's parts as the answer comes: the question at once, then a sentence at a time.

    With ``as_typed`` the question is asked without the conversation before it.
    """
    if not text.strip():
        gr.Info("Type a question first.")
        yield gr.skip(), "", before, gr.skip()
        return
    yield render.conversation(before, waiting=text), "", before, gr.skip()
    try:
        answer = assistant.ask(text, () if as_typed else _history(before))
    except RagError as error:
        gr.Warning(render.escape(str(error)))
        yield render.conversation(before), text, before, gr.skip()
        return
    turns = [*before, answer]
    first = reader.open_view(assistant, turns, {"turn": str(len(before)), "n": "1"}) if answer.citations else gr.skip()
    for shown in range(1, len(answer.sentences)):
        yield render.conversation(turns, shown=shown), "", turns, first
    yield render.conversation(turns), "", turns, first


def _history(turns: Turns) -> list[Message]:
    return [
        message
        for turn in turns
        for message in (Message(role="user", content=turn.query), Message(role="assistant", content=turn.text))
    ]


def _edit(chosen: dict[str, Any], turns: Turns) -> tuple[Any, Any]:
    """Return what was asked in a turn, for the question box, and that it is to be asked as typed."""
    try:
        return turns[int(chosen["turn"])].query, True
    except (LookupError, ValueError, TypeError):
        return gr.skip(), gr.skip()


def _rebuild(assistant: Assistant, progress: gr.Progress) -> str:
    def on_progress(state: Progress) -> None:
        progress(state.done / max(1, state.total), desc=f"Indexing {state.source}" if state.source else "Done")

    progress(0, desc="Looking through the folder")
    try:
        report = assistant.sync(on_progress, rebuild=True)
    except RagError as error:
        gr.Warning(render.escape(str(error)))
    else:
        gr.Info(f"{report.documents} documents, {report.chunks} passages, in {report.seconds:.1f} s")
    return render.documents(assistant.status())


def _file(name: str) -> str:
    return resources.files("ui").joinpath(name).read_text(encoding="utf-8")
