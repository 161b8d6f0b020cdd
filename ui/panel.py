"""The panel on the left → HTML: notices, the conversations that are kept, and questions to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from rag.conversations import ConversationSummary
from rag.sync_state import SyncProblem
from ui.buttons import button, raising
from ui.choice import Choice
from ui.escape import escape


def folder_notice(problem: SyncProblem | None) -> str:
    """Return word of what keeps the index from the folder, and a button that lets it follow; "" where nothing does."""
    if problem is None:
        return ""
    label = f"Remove {problem.removals:,} documents from the search"
    allow = button(label, "allow_removals") if problem.removals else ""
    told = f"Updating stopped: {problem.message}"
    return f'<p class="folder-notice" role="status">{escape(told)} {allow}</p>'


def chosen_only(choice: Choice) -> str:
    """Return which documents alone are asked, where some were chosen."""
    if not choice.names:
        return ""
    names = ", ".join(name.rstrip("/") for name in choice.names[:3]) + (" …" if len(choice.names) > 3 else "")
    return f'<p class="only">Asking only {escape(names)} {button("Ask all documents", "choose_all", style="all")}</p>'


def undone(message: str, event: str = "", token: str = "") -> str:
    """Return word of something that was taken away, and a button whose ``event`` takes that back, if it can be."""
    undo = button("Undo", event, {"token": token}, style="undo") if event else ""
    return f'<p class="undone" role="status">{escape(message)} {undo}</p>'


def announced(message: str) -> str:
    """Return word of something that the page shows; for those who do not see it."""
    return f'<p class="sr" role="status">{escape(message)}</p>'


def conversations(listed: Sequence[ConversationSummary], now: datetime, current: str) -> str:
    """Return the list of conversations, newest first."""
    items = "".join(_conversation(one, now, one.id == current) for one in listed)
    return f'<ul class="talks" aria-label="Conversations">{items}</ul>' if items else '<p class="soft">None yet.</p>'


def _conversation(one: ConversationSummary, now: datetime, current: bool) -> str:
    title, opens = escape(one.title), raising("open_conversation", {"name": one.id})
    exports = "".join(
        f'<a href="conversations/{quote(one.id)}.{suffix}" download>{label}</a>'
        for suffix, label in (("md", "Markdown"), ("html", "HTML"), ("json", "JSON"))
    )
    count = f"{one.turns} question{'s' * (one.turns != 1)}"
    return (
        f'<li{" class=on" * current}><button type="button" class="open" {opens} title="{title}"'
        f'{" aria-current=true" * current}><b dir="auto">{title}</b>'
        f'<span class="soft">{count} · {_ago(now, one.updated)}</span></button>'
        f'<details class="more"><summary aria-label="More about {title}">⋯</summary>'
        f'<div><label>Title <input type="text" maxlength="80" value="{title}" name="title"></label>'
        f"{button('Rename', 'rename_conversation', {'name': one.id, 'field': 'title'})}<span>Export {exports}</span>"
        f"{button('Delete', 'delete_conversation', {'name': one.id}, style='bad')}</div></details></li>"
    )


def _ago(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 1440 else f"{then:%-d %b %Y}"


def starters(questions: Sequence[str]) -> str:
    """Return questions, each a button that asks it."""
    return "".join(button(escape(one), "ask_starter", {"question": one}, style="chip") for one in questions)


def invitation(folder: str) -> str:
    """Return what to do where there is no document yet, and what can be done then."""
    return (
        '<div class="invitation"><h3>Add your first document</h3>'
        f"<p>Drop files anywhere on this page, or put them into the folder <b>{escape(folder)}</b>.</p>"
        '<label class="choose" for="choose-files">Choose files</label>'
        "<ul><li>Ask in your own words, and get the passage that answers</li>"
        "<li>See it in its document, word for word</li>"
        "<li>Get the gist: “Summarise the report”</li></ul></div>"
    )
