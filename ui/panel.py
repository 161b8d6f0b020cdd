"""The panel on the left: the documents and what becomes of them, and the conversations that are kept → HTML."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from urllib.parse import quote

from rag.conversations import ConversationSummary
from rag.listing import TAKEN_AWAY, ListedDocument, natural_order
from rag.sync import Progress
from rag.sync_state import SyncProblem
from rag.wording import UP_TO_DATE
from ui.buttons import button, raising
from ui.escape import escape
from ui.live import Look

_WAITING = {"new": "Added – reading…", "changed": "Changed – reading…", TAKEN_AWAY: "Removed – updating…"}
MOST_LISTED = 200  # documents drawn at once; the others are found by name
_DOTS = {"indexed": "", "waiting": " w", "failed": " b"}


def folder_notice(problem: SyncProblem | None) -> str:
    """Return word of what keeps the index from the folder, and a button that lets it follow; "" where nothing does."""
    if problem is None:
        return ""
    label = f"Remove {problem.removals:,} documents from the search"
    allow = button(label, "allow_removals") if problem.removals else ""
    told = f"Updating stopped: {problem.message}"
    return f'<p class="folder-notice" role="status">{escape(told)} {allow}</p>'


def documents(look: Look, chosen: Collection[str], find: str) -> str:
    """Return the list of documents, those that hold ``find`` in their names, each with its state."""
    words = find.casefold().split()
    found = [one for one in look.documents if all(word in f"{one.source} {one.title}".casefold() for word in words)]
    rows = {one.source: _document(one, one.source in chosen) for one in found[:MOST_LISTED]}
    if look.removed:  # each in the place it had
        rows |= {source: _removed(source, token) for source, token in look.removed.items()}
        rows = {source: rows[source] for source in sorted(rows, key=natural_order)}
    more = len(found) - MOST_LISTED
    rest = f'<p class="soft">and {more:,} more: search by name</p>' if more > 0 else ""
    told = "".join(f'<p class="soft warn">{escape(note)}</p>' for note in look.notes)
    many = " many" if len(look.documents) > 8 else ""
    items = f'<ul class="docs{many}" aria-label="Documents">{"".join(rows.values())}</ul>'
    return f"{_head(look.documents)}{_activity(look.activity)}{told}{items}{rest}"


def _head(listed: Sequence[ListedDocument]) -> str:
    counts = {state: sum(one.state == state for one in listed) for state in _DOTS}
    parts = [f"{counts['indexed']:,} document{'s' * (counts['indexed'] != 1)} ready"]
    if counts["waiting"]:
        parts.append(f'<span class="warn">reading {counts["waiting"]:,}</span>')
    if counts["failed"]:
        parts.append(f'<span class="bad">{counts["failed"]:,} couldn’t be read</span>')
    if not counts["waiting"]:
        parts.append(UP_TO_DATE.lower())
    return f'<p class="soft counts">{" · ".join(parts)}</p>'


def _activity(activity: Progress | None) -> str:
    """Return how far the work on the index is, while there is some."""
    if activity is None:
        return ""
    share = 100 * activity.done / max(1, activity.total)
    doing = activity.source[-60:] or ("reading" if activity.phase == "parsing" else "searching by words meanwhile")
    bar = f'<progress class="bar" max="100" value="{share:.0f}" aria-label="Indexing">{share:.0f} %</progress>'
    return (
        f'<div class="activity" role="status">{bar}<p class="soft">{escape(doing)} · '
        f"{share:.0f} % {button('Stop', 'stop_rebuild', style='stop')}</p></div>"
    )


def _document(one: ListedDocument, chosen: bool) -> str:
    source, label = escape(one.source), escape(f"{one.source}: {one.title}")
    opens = raising("show_source", {"source": one.source})
    told = " · ".join(part for part in (one.kind, one.extent, _passages(one)) if part)
    state = _WAITING.get(one.note, one.note) if one.state != "indexed" else ""
    note = f'<span class="soft {"bad" if one.state == "failed" else "warn"}">{escape(state)}</span>' if state else ""
    aside = f'<span class="soft">{escape(one.note)}</span>' if one.note and not state else ""
    readable = "" if one.chunks else " disabled"
    choose = raising("choose_document", {"source": one.source})
    choose = f'<input type="checkbox" {choose} aria-label="Ask {label}"{" checked" * chosen}{readable}>'
    remove = button("×", "remove_document", {"source": one.source}, style="remove", more=f'aria-label="Remove {label}"')
    return (
        f'<li class="{one.state}">{choose}'
        f'<button type="button" class="open" {opens} title="{label}"{readable}>'
        f'<i class="dot{_DOTS[one.state]}" aria-hidden="true"></i><b>{source}</b>'
        f'<span class="soft">{told}</span><span class="sr">{one.state}</span>{note}{aside}</button>'
        f"{remove if one.source == one.file else ''}</li>"
    )


def _removed(source: str, token: str) -> str:
    name = escape(source)
    undo = button("Undo", "restore_document", {"token": token}, style="undo", more=f'aria-label="Undo: keep {name}"')
    return f'<li class="removed"><div><s>{name}</s><span class="soft">Removed · {undo}</span></div></li>'


def _passages(one: ListedDocument) -> str:
    return f"{one.chunks:,} passage{'s' * (one.chunks != 1)}" if one.chunks and "passage" not in one.extent else ""


def chosen_only(chosen: Collection[str]) -> str:
    """Return which documents alone are asked, where some were chosen."""
    if not chosen:
        return ""
    names = ", ".join(sorted(chosen)[:3]) + (" …" if len(chosen) > 3 else "")
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
