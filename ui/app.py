"""The chat page, put together: Gradio's parts and what happens on each event.

What a page knows of its conversation is its name; all else is read from where it is kept, for the browser
that asks, so a server that was stopped and started goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.conversations import Conversations
from rag.notes import Notes
from rag.server.questions import QuestionLimit
from ui import model_panel, panes, reader, render
from ui.assets import script
from ui.chat import Chat
from ui.endpoints import Page, add_endpoints
from ui.folder import Folder
from ui.live import Live
from ui.model import ModelChoice
from ui.notes import NoteBook
from ui.talks import Talks
from ui.together import Together

_LOOK_EVERY = 2  # seconds between looks at what has changed
_LOOK_AT_MODEL_EVERY = 10  # seconds: it is changed by hand, rarely, on another page
_AT_ONCE = 2  # questions of all pages
_QUIETLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Short, and never waiting behind questions; of these, none can tell a person anything but by what it draws.
_AT_HAND: dict[str, Any] = {**_QUIETLY, "queue": False}


@dataclass(frozen=True)
class _ModelParts:
    """The parts of the section "Language model"."""

    now: gr.HTML
    state: gr.HTML
    form: gr.Column
    find: gr.Button
    found: gr.HTML
    url: gr.Textbox
    name: gr.Textbox
    key: gr.Textbox
    test: gr.Button
    use: gr.Button
    off: gr.Button
    told: gr.HTML
    seen: gr.Textbox


@dataclass(frozen=True)
class _Parts:
    """The parts of the page that something happens to; those with a name of their own are never seen."""

    documents: gr.HTML
    find: gr.Textbox
    told: gr.HTML
    folder_notice: gr.HTML
    folder_notice_asking: gr.HTML
    rebuild: gr.Button
    talks: gr.HTML
    search: gr.Textbox
    talks_told: gr.HTML
    notes_told: gr.HTML
    notes: gr.HTML
    talk: gr.HTML
    arrivals: gr.HTML
    starters: gr.HTML
    suggestions: gr.HTML
    only: gr.HTML
    notice: gr.HTML
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    new_topic: gr.Button
    source: gr.HTML
    place: gr.Textbox
    chosen: gr.Textbox
    arranged: gr.Textbox
    editing: gr.Textbox
    seen: gr.Textbox
    opened: gr.Textbox
    since: gr.Textbox
    known: gr.Textbox
    with_model: gr.Checkbox
    model: _ModelParts


def build(
    assistant: Assistant, conversations: Conversations, notes: Notes, limit: QuestionLimit, *, locked: bool = False
) -> gr.Blocks:
    """Return the page over ``assistant``; where it is ``locked`` by a password, with a way to log out."""
    live = Live(assistant)
    chat = Chat(assistant, conversations, notes, live, limit)
    note_book = NoteBook(notes, chat)
    folder, talks = Folder(assistant, live, chat), Talks(conversations)
    with Page(title="Ask your documents", analytics_enabled=False, fill_width=True) as page:
        add_endpoints(assistant, limit)
        parts = _lay_out(locked)
        _wire_asking(parts, chat, talks, folder)
        _wire_turns(parts, chat)
        _wire_folder(page, parts, folder)
        _wire_talks(parts, talks, chat)
        _wire_notes(parts, note_book)
        page.load(note_book.listed, None, [parts.notes], **_AT_HAND)
        _wire_model(page, parts.model, parts.with_model, ModelChoice(assistant))
        together = Together(conversations, chat, talks, note_book)
        known = [parts.known, parts.search, parts.place]
        redrawn = [parts.talk, parts.talks, parts.notes, parts.known]
        gr.Timer(_LOOK_EVERY).tick(together.look, known, redrawn, **_AT_HAND)
        page.load(chat.open_named, [parts.place], [parts.talk, parts.place], js=_PLACE_OF_ADDRESS, **_AT_HAND)
        page.load(folder.arrived, None, [parts.since, parts.arrivals], **_AT_HAND)
        page.load(talks.listed, [parts.search, parts.place], [parts.talks], **_AT_HAND)
        page.load(chat.typed_before, [parts.question], [parts.question, parts.notice], js=_TYPED_BEFORE, **_AT_HAND)
    return page


# Where the page was, before it was loaded anew, is in its address; the documents that were chosen are in its tab, and
# how their list is arranged is the browser's.
_PLACE_OF_ADDRESS = "() => [location.hash.slice(1)]"
_LIST_BEFORE = "() => [sessionStorage.getItem('chosen') ?? '', localStorage.getItem('arranged') ?? '']"
_KEEP_CHOSEN = "(chosen) => sessionStorage.setItem('chosen', chosen)"
_KEEP_ARRANGED = "(arranged) => localStorage.setItem('arranged', arranged)"
_TYPED_BEFORE = """() => {
    const typed = sessionStorage.getItem('typed') ?? '';
    sessionStorage.removeItem('typed');
    return [document.querySelector('#asking textarea').value ? '' : typed];
}"""
# What is stopped is not asked again, as what was cut off is.
_STOPPED = """(place, _, typed) => {
    const stopped = document.querySelector('.waiting')?.dataset.waiting ?? '';
    sessionStorage.setItem('resumed', stopped);
    return [place, stopped, typed];
}"""


def _lay_out(locked: bool) -> _Parts:
    on_load = script()

    def drawn(value: str = "", name: str | None = None) -> gr.HTML:
        return gr.HTML(value, js_on_load=on_load, elem_id=name, padding=False, apply_default_css=False)

    def kept() -> gr.Textbox:
        return gr.Textbox("", visible=False)

    place, chosen, arranged, editing, seen, opened, since, known = (kept() for _ in range(8))
    with gr.Row(elem_id="page"):
        with gr.Column(elem_id="panel"):
            drawn(panes.close("panel", "Close the panel"), "shut")
            with gr.Tabs():
                with gr.Tab("Documents"):
                    drawn(_DROP, "upload")
                    told = drawn(name="told")
                    folder_notice = drawn(name="folder-notice")
                    find = _search_box("Find a document", "find")
                    documents = drawn(name="documents")
                    rebuild = gr.Button("Rebuild index", size="sm", elem_id="rebuild", elem_classes="quiet")
                with gr.Tab("Chats"):
                    talks_told = drawn()
                    search = _search_box("Search conversations", "search")
                    talks = drawn(name="talks")
                with gr.Tab("Notes"):
                    notes_told = drawn()
                    notes = drawn(name="notes")
            model = _lay_out_model(drawn)
            if locked:
                drawn('<a class="soft" href="login">Log out</a>')
        drawn(panes.edge("panel", "Width of the panel"), "panel-edge")
        with gr.Column(elem_id="chat"):
            drawn(_TOP, "top")
            talk = drawn(render.conversation("", []), "talk")
            arrivals = drawn(name="arrivals")
            starters = drawn(name="starters")
            suggestions = drawn(name="suggestions")
            only = drawn(name="only")
            folder_notice_asking = drawn(name="folder-notice-asking")
            notice = drawn(name="notice")
            with gr.Row(elem_id="asking"):
                question = _question_box()
                send = gr.Button("Ask", scale=1, variant="primary", elem_id="send")
                stop = gr.Button("Stop", scale=1, elem_id="stop")
            with gr.Row(elem_id="following"):
                new_topic = gr.Button("New conversation", size="sm", elem_id="new-topic", elem_classes="quiet")
                with_model = gr.Checkbox(True, visible=False, elem_id="with-model")
        drawn(panes.edge("reader", "Width of the source"), "reader-edge")
        with gr.Column(elem_id="reader"):
            source = drawn(reader.EMPTY)
    return _Parts(
        documents, find, told, folder_notice, folder_notice_asking, rebuild, talks, search, talks_told, notes_told,
        notes, talk, arrivals, starters, suggestions, only, notice, question, send, stop, new_topic, source, place,
        chosen, arranged, editing, seen, opened, since, known, with_model, model,
    )  # fmt: skip


def _lay_out_model(drawn: Callable[..., gr.HTML]) -> _ModelParts:
    with gr.Row(elem_id="model-head"):
        drawn(model_panel.HEADING)
        now = drawn(name="model-now")
    with gr.Column(elem_id="model"):
        state = drawn(name="model-state")
        with gr.Column(visible=False, elem_id="model-form") as form:
            find = gr.Button("Look for one on this machine", size="sm", elem_id="model-find", elem_classes="quiet")
            found = drawn(name="model-found")
            url = _model_field("URL of the server", placeholder="http://localhost:11434/v1")
            name = _model_field("Model", placeholder="qwen2.5:3b")
            key = _model_field("Key, if the server asks for one", "new-password", type="password")
            with gr.Row(elem_id="model-actions"):
                test, use = _model_button("Test"), _model_button("Use it", elem_id="model-use")
                off = _model_button("Turn off", visible=False)
            told = drawn(name="model-told")
    seen = gr.Textbox("", visible=False)
    return _ModelParts(now, state, form, find, found, url, name, key, test, use, off, told, seen)


def _model_field(label: str, autocomplete: str = "off", **more: Any) -> gr.Textbox:
    plain = gr.InputHTMLAttributes(autocomplete=autocomplete, spellcheck=False, autocapitalize="off")
    return gr.Textbox(label=label, max_length=1000, html_attributes=plain, **more)


def _model_button(text: str, **more: Any) -> gr.Button:
    return gr.Button(text, size="sm", min_width=0, elem_classes="quiet", **more)


_DROP = (
    '<label class="drop"><span>Drop files here, or <u>choose</u></span>'
    "<small>PDF, Word, slides, sheets, web, mail, text</small>"
    '<input type="file" multiple class="sr" id="choose-files" aria-label="Add documents"></label>'
    '<details class="note"><summary>Paste text</summary><div>'
    '<label>Title <input type="text" maxlength="120" name="title"></label>'
    '<label>Text <textarea rows="6" name="text"></textarea></label>'
    '<label>Save as <select name="ending"><option value=".txt">Text</option>'
    '<option value=".md">Markdown</option></select></label>'
    '<button type="button" data-add-note>Add</button></div></details>'
    '<ul class="uploads" aria-live="polite"></ul>'
)
_TOP = (
    '<button type="button" data-open="panel" aria-label="Menu: documents and conversations">☰ Menu</button>'
    '<h1>Ask your documents</h1><button type="button" data-open="reader">Show source</button>'
)


def _search_box(label: str, name: str) -> gr.Textbox:
    return gr.Textbox(
        label=label, placeholder=label, show_label=False, container=False, max_length=200, elem_id=name, type="text"
    )


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


def _wire_asking(parts: _Parts, chat: Chat, talks: Talks, folder: Folder) -> None:
    """Let questions be asked, each of three ways, and stopped."""
    # In the order of ui.chat.Parts.
    changed = [parts.talk, parts.question, parts.place, parts.editing, parts.notice]
    limits: dict[str, Any] = {**_QUIETLY, "concurrency_limit": _AT_ONCE, "concurrency_id": "asking"}
    typed = [parts.question, parts.place, parts.chosen, parts.editing, parts.with_model]
    asking = [
        gr.on([parts.question.submit, parts.send.click], chat.ask, typed, changed, **limits),
        *(
            part.ask_starter(chat.ask_starter, [parts.place, parts.chosen, parts.with_model], changed, **limits)
            for part in (parts.starters, parts.arrivals, parts.suggestions)
        ),
        parts.talk.ask_again(chat.ask_again, [parts.place, parts.with_model], changed, **limits),
        parts.talk.ask_everywhere(chat.ask_everywhere, [parts.place, parts.with_model], changed, **limits),
        parts.talk.ask_instead(chat.ask_instead, [parts.place, parts.with_model], changed, **limits),
    ]
    for event in asking:
        event.success(chat.show_first, [parts.place], [parts.source, parts.opened], **_AT_HAND)
        event.success(folder.arrived, None, [parts.since, parts.arrivals], **_AT_HAND)
        event.then(talks.listed, [parts.search, parts.place], [parts.talks], **_AT_HAND)
    parts.stop.click(
        chat.stopped, [parts.place, parts.known, parts.question], changed, js=_STOPPED, cancels=asking, **_AT_HAND
    ).then(talks.listed, [parts.search, parts.place], [parts.talks], **_AT_HAND)
    new = [parts.talk, parts.place, parts.source, parts.opened, parts.editing, parts.notice]
    parts.new_topic.click(chat.begin, None, new, **_AT_HAND).then(
        talks.listed, [parts.search, parts.place], [parts.talks], **_AT_HAND
    )


def _wire_turns(parts: _Parts, chat: Chat) -> None:
    """Let questions be edited, answers rated, and sources opened, wherever on the page they are named."""
    editable = [parts.question, parts.editing, parts.notice]
    parts.talk.edit_question(chat.edit, [parts.place], editable, **_AT_HAND)
    parts.notice.cancel_edit(chat.cancel_edit, None, editable, **_AT_HAND)
    branch = [parts.talk, parts.editing, parts.notice, parts.source, parts.opened]
    parts.talk.show_branch(chat.show_branch, [parts.place], branch, **_AT_HAND)
    parts.talk.discard_question(chat.discard, [parts.place], [parts.talk, parts.place], **_AT_HAND)
    parts.talk.rate(chat.rate, [parts.place], [parts.talk], **_QUIETLY)
    parts.talk.change(chat.suggestions, [parts.place], [parts.suggestions], **_AT_HAND, trigger_mode="always_last")
    for part in (parts.talk, parts.source, parts.documents, parts.arrivals, parts.notes):
        # Of several sources that are opened in haste, the last is shown.
        part.show_source(chat.show, [parts.place], [parts.source, parts.opened], **_AT_HAND, trigger_mode="always_last")


def _wire_folder(page: gr.Blocks, parts: _Parts, folder: Folder) -> None:
    """Let documents be found, sorted, chosen, removed and put back, and the index be rebuilt; follow the folder."""
    view = [parts.chosen, parts.find, parts.arranged]
    parts.find.change(folder.listed, view, [parts.documents], **_AT_HAND)
    choosing = [
        event(choose, view, [parts.chosen, parts.only, parts.documents], **_AT_HAND)
        for event, choose in (
            (parts.documents.choose_document, folder.choose),
            (parts.documents.choose_all, folder.choose_all),
            (parts.only.choose_all, folder.choose_all),
            (parts.talk.ask_everywhere, folder.choose_all),
        )
    ]
    removed = [parts.told, parts.chosen, parts.only, parts.documents]
    choosing.append(parts.documents.remove_chosen(folder.remove_chosen, view, removed, **_AT_HAND))
    for event in choosing:
        event.then(None, [parts.chosen], None, js=_KEEP_CHOSEN, **_AT_HAND)
    for arranging, arrange in (
        (parts.documents.unfold_folder, folder.unfold),
        (parts.documents.sort_documents, folder.sort),
    ):
        arranging(arrange, view, [parts.arranged, parts.documents], **_AT_HAND).then(
            None, [parts.arranged], None, js=_KEEP_ARRANGED, **_AT_HAND
        )
    parts.documents.remove_document(folder.remove, view, [parts.told, parts.documents], **_AT_HAND)
    parts.documents.read_again(folder.read_again, view, [parts.told, parts.documents], **_AT_HAND)
    for part in (parts.documents, parts.told):
        part.restore_document(folder.undo, view, [parts.told, parts.documents], **_AT_HAND)
    parts.rebuild.click(folder.rebuild, None, None, **_QUIETLY)
    parts.documents.stop_rebuild(folder.stop, None, None, **_AT_HAND)
    notices = [parts.folder_notice, parts.folder_notice_asking]
    for part in notices:
        part.allow_removals(folder.allow_removals, None, None, **_AT_HAND)
    parts.arrivals.close_arrivals(folder.arrived, None, [parts.since, parts.arrivals], **_AT_HAND)
    seen = [parts.seen, *view, parts.since, parts.place, parts.opened]
    redrawn = [
        parts.documents, *notices, parts.starters, parts.arrivals, parts.talk, parts.source, parts.seen,
    ]  # fmt: skip
    look: Any = {"fn": folder.look, "inputs": seen, "outputs": redrawn, **_AT_HAND}
    # The first look comes with the page: what changes from then on is told, though the timer is slow on a busy machine.
    kept = [parts.chosen, parts.arranged]
    before = page.load(folder.before, kept, [parts.chosen, parts.only, parts.arranged], js=_LIST_BEFORE, **_AT_HAND)
    before.then(**look)
    gr.Timer(_LOOK_EVERY).tick(**look)


def _wire_talks(parts: _Parts, talks: Talks, chat: Chat) -> None:
    """Let conversations be opened, found, renamed, deleted and had back."""
    view = [parts.search, parts.place]
    opened = [parts.talk, parts.place, parts.source, parts.opened, parts.editing, parts.notice]
    parts.talks.open_conversation(chat.open, None, opened, **_AT_HAND).then(
        talks.listed, view, [parts.talks], **_AT_HAND
    )
    parts.search.change(talks.listed, view, [parts.talks], **_AT_HAND)
    parts.talks.rename_conversation(talks.rename, view, [parts.talks], **_QUIETLY)
    left = [parts.talks_told, parts.talks, parts.talk, parts.place, parts.editing, parts.notice]
    parts.talks.delete_conversation(talks.delete, view, left, **_AT_HAND)
    parts.talks_told.restore_conversation(
        talks.undo, view, [parts.talks_told, parts.talks, parts.place], **_AT_HAND
    ).then(chat.open_named, [parts.place], [parts.talk, parts.place], **_AT_HAND)


def _wire_notes(parts: _Parts, notes: NoteBook) -> None:
    """Let excerpts be pinned, remarked on, removed and had back."""
    changed = [parts.notes_told, parts.notes, parts.talk]
    parts.talk.pin_excerpt(notes.pin, [parts.place], changed, **_AT_HAND, trigger_mode="multiple")
    parts.notes.write_remark(notes.write, None, None, **_AT_HAND, trigger_mode="multiple")
    parts.notes.remove_note(notes.remove, [parts.place], changed, **_AT_HAND)
    parts.notes_told.restore_note(notes.restore, [parts.place], changed, **_AT_HAND)


_WITH_MODEL_BEFORE = "() => [sessionStorage.getItem('with-model') !== 'false']"
_KEEP_WITH_MODEL = "(on) => sessionStorage.setItem('with-model', on)"
_TO_USE = "() => document.getElementById('model-use').focus()"  # what had the focus is gone


def _wire_model(page: gr.Blocks, parts: _ModelParts, with_model: gr.Checkbox, models: ModelChoice) -> None:
    """Let a language model be looked for, tried, used and turned off, and each page say whether it writes."""
    drawn = [parts.now, parts.state, parts.off, with_model, parts.seen]  # in the order of ui.model.Drawn
    fields = [parts.url, parts.name, parts.key]
    opened = [*drawn, parts.form, parts.url, parts.name]
    page.load(models.opened, [with_model], opened, js=_WITH_MODEL_BEFORE, **_AT_HAND)
    with_model.change(None, [with_model], None, js=_KEEP_WITH_MODEL, **_AT_HAND)
    parts.find.click(models.find, None, [parts.found], **_QUIETLY)
    parts.found.choose_model(models.fill_in, None, [parts.url, parts.name, parts.told], **_AT_HAND)
    parts.test.click(models.test, fields, [parts.told], **_QUIETLY)
    parts.use.click(models.use, fields, [parts.told, parts.key, *drawn], **_QUIETLY)
    parts.off.click(models.turn_off, None, [parts.told, *drawn], **_AT_HAND).then(
        None, None, None, js=_TO_USE, **_AT_HAND
    )
    gr.Timer(_LOOK_AT_MODEL_EVERY).tick(models.look, [parts.seen], drawn, **_AT_HAND)
