"""The list of documents on the left of the page → HTML: a tree of folders, or what was found by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import get_args

from rag.listing import READ_AGAIN, TAKEN_AWAY, ListedDocument
from rag.sync import Progress
from rag.wording import UP_TO_DATE
from ui.buttons import button, raising
from ui.choice import Choice
from ui.escape import data, escape
from ui.live import Look
from ui.tree import Arrangement, Node, Order

MOST_LISTED = 200  # documents drawn of a folder, and of what was found; the others are found by name
_MOST_DRAWN = 1_000  # rows in all: a browser draws so many in a tenth of a second
_FEW = 8  # documents, which are seen at a glance: they need no search box
_WAITING = {
    "new": "Added – waiting to be read",
    "changed": "Changed – waiting to be read",
    READ_AGAIN: "Waiting to be read again",
    TAKEN_AWAY: "Removed – updating…",
}
_DOTS = {"indexed": "", "waiting": " w", "failed": " b"}
_ORDERS: dict[Order, str] = {"name": "Name", "newest": "Newest first", "kind": "Kind", "size": "Size"}
assert set(_ORDERS) == set(get_args(Order))


def documents(look: Look, root: Node, choice: Choice, find: str, arranged: Arrangement) -> str:
    """Return the list: as a tree, or where something is looked for, those that hold ``find`` in their names."""
    told = "".join(f'<p class="soft warn">{escape(note)}</p>' for note in look.notes)
    many = " many" if root.documents > _FEW else ""
    items = _Drawing(look, choice, arranged).items(root, find.casefold().split())
    rows = f'<ul class="docs{many}" aria-label="Documents">{items}</ul>'
    # Each in its own place, whatever else there is: a part that moves is made anew, and loses the focus.
    parts = (_head(root), _activity(look.activity), told, _chosen(look, choice), _sorting(root, arranged), rows)
    return "".join(f"<div>{part}</div>" for part in parts)


class _Drawing:
    """One drawing of the list, and how many rows it may still have."""

    def __init__(self, look: Look, choice: Choice, arranged: Arrangement) -> None:
        self._choice = choice
        self._arranged = arranged
        activity = look.activity
        self._reading = activity.source if activity is not None and activity.phase == "parsing" else ""
        self._left = _MOST_DRAWN

    def items(self, root: Node, words: list[str]) -> str:
        """Return the rows of the tree, or of what has all ``words`` in its name."""
        if not words:
            return self._inside(root)
        found = [node for node in root.nodes() if _is_found(node, words)]
        return self._some((self._row(node, node.path) for node in found), len(found))

    def _inside(self, node: Node) -> str:
        return self._some((self._place(below) for below in node.inside.values()), len(node.inside))

    def _some(self, rows: Iterable[str], count: int) -> str:
        """Return as many rows as may be drawn, and how many more there are."""
        drawn: list[str] = []
        for row in islice(rows, MOST_LISTED):
            drawn.append(row)
            if self._left <= 0:
                break
        more = count - len(drawn)
        return "".join(drawn) + (f'<li class="soft rest">and {more:,} more: search by name</li>' if more else "")

    def _place(self, node: Node) -> str:
        """Return the row of a document or a folder, and what is in it where it is unfolded."""
        if node.one is None and not node.token:
            return self._folder(node)
        inside = self._folded(node, _inside_of(node)) if node.inside else ""
        return self._row(node, node.name, inside)

    def _folder(self, node: Node) -> str:
        self._left -= 1
        told = [f"{node.documents:,} document{'s' * (node.documents != 1)}"]
        if f"{self._reading}/".startswith(f"{node.path}/"):
            told.append('<span class="warn">reading…</span>')
        elif node.waiting:
            told.append(f'<span class="warn">{node.waiting:,} waiting</span>')
        if node.failed:
            told.append(f'<span class="bad">{node.failed:,} couldn’t be read</span>')
        label = f'<b>{escape(node.name)}</b><span class="soft">{" · ".join(told)}</span>'
        return f'<li class="folder">{self._box(node, node.path)}{self._folded(node, label)}</li>'

    def _folded(self, node: Node, label: str) -> str:
        """Return what is in a folder, under its ``label``; where it is folded, it is not drawn."""
        is_open = node.path in self._arranged.unfolded
        inside = f"<ul>{self._inside(node)}</ul>" if is_open else ""
        unfold = raising("unfold_folder", {"folder": node.path})
        return f"<details{' open' * is_open}><summary {unfold}>{label}</summary>{inside}</details>"

    def _box(self, node: Node, label: str) -> str:
        name = f"{node.path}/" if node.inside or node.one is None else node.one.source
        is_chosen = name in self._choice
        some = " data-some" * (not is_chosen and self._choice.has_some_of(node.path))
        choose = raising("choose_document", {"source": name})
        state = f"{' checked' * is_chosen}{some}{' disabled' * (not node.readable)}"
        return f'<input type="checkbox" {choose} aria-label="Ask {escape(label)}"{state}>'

    def _row(self, node: Node, name: str, inside: str = "") -> str:
        self._left -= 1
        if node.one is None or node.token:
            return _removed(node, inside)
        one, label = node.one, f"{node.one.source}: {node.one.title}"
        details = f"{_told(one, self._arranged.order)}{self._state(one)}"
        return (
            f'<li class="{one.state}">{self._box(node, label)}'
            f'<button type="button" class="open" {raising("show_source", {"source": one.source})}'
            f' title="{escape(label)}"{" disabled" * (not one.chunks)}>'
            f'<i class="dot{_DOTS[one.state]}" aria-hidden="true"></i><b>{escape(name)}</b>{details}</button>'
            f"{_actions(one, label) if one.source == one.file else ''}{inside}</li>"
        )

    def _state(self, one: ListedDocument) -> str:
        """Return how a document stands, for those who hear the page too, and what there is to be said of that."""
        kind = {"indexed": "", "failed": " bad", "waiting": " warn"}[one.state]
        note = "Reading now…" if self._is_read(one) else _WAITING.get(one.note, one.note)
        told = f'<span class="soft{kind}">{escape(note)}</span>' if note else ""
        return f'<span class="sr">{one.state}</span>{told}'

    def _is_read(self, one: ListedDocument) -> bool:
        return one.file == self._reading


def _inside_of(node: Node) -> str:
    """Return the label of what lies in a mail or an archive."""
    kind = "Attachments" if node.one is not None and node.one.chunks else "Contents"
    return f'<span class="soft">{kind} ({len(node.inside):,})</span>'


def _is_found(node: Node, words: list[str]) -> bool:
    """Whether a document has all words in its name or title."""
    title = node.one.title if node.one is not None else ""
    name = f"{node.path} {title}".casefold()
    return (node.one is not None or bool(node.token)) and all(word in name for word in words)


def _told(one: ListedDocument, order: Order) -> str:
    """Return what a document is, and what it is sorted by."""
    passages = f"{one.chunks:,} passage{'s' * (one.chunks != 1)}" if one.chunks and "passage" not in one.extent else ""
    day = f"{one.modified:%-d %b %Y}" if one.modified is not None else ""
    last = {"newest": day, "size": _readable_size(one.size) if one.size else ""}.get(order, passages)
    return f'<span class="soft">{" · ".join(part for part in (one.kind, one.extent, last) if part)}</span>'


def _readable_size(size: int) -> str:
    """Return a number of bytes as people read it: "1.2 MB"."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e3:.0f} KB" if size < 999_500 else f"{size / 1e6:,.1f} MB"


def _actions(one: ListedDocument, label: str) -> str:
    """Return what can be done with a file."""
    name = escape(label)
    remove = button("×", "remove_document", {"source": one.source}, style="remove", more=f'aria-label="Remove {name}"')
    again = button("Read again", "read_again", {"source": one.source})
    summary = f'<summary data-menu="{data(one.source)}" aria-label="More about {name}">⋯</summary>'
    return f'<details class="more">{summary}<div>{again}</div></details>{remove}'


def _removed(node: Node, inside: str) -> str:
    name = escape(node.path)
    undo = f'aria-label="Undo: keep {name}"'
    undo = button("Undo", "restore_document", {"token": node.token}, style="undo", more=undo)
    return f'<li class="removed"><div><s>{name}</s><span class="soft">Removed · {undo}</span></div>{inside}</li>'


def _head(root: Node) -> str:
    parts = [f"{root.ready:,} document{'s' * (root.ready != 1)} ready"]
    if root.waiting:
        parts.append(f'<span class="warn">reading {root.waiting:,}</span>')
    if root.failed:
        parts.append(f'<span class="bad">{root.failed:,} couldn’t be read</span>')
    if not root.waiting:
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


def _sorting(root: Node, arranged: Arrangement) -> str:
    """Return the choice of an order, where there is something to be sorted."""
    if root.documents < 2:
        return ""
    options = "".join(
        f'<option value="{order}"{" selected" * (order == arranged.order)}>{label}</option>'
        for order, label in _ORDERS.items()
    )
    return f'<label class="soft sorting">Sort by <select {raising("sort_documents", {})}>{options}</select></label>'


def _chosen(look: Look, choice: Choice) -> str:
    """Return what can be done with the documents that are chosen, while some are."""
    count, removes = len(choice.sources(look.documents)), len(removable(look.documents, choice))
    if not count:
        return ""
    label = "" if removes == count else f" {removes:,} file{'s' * (removes != 1)}"
    remove = button(f"Remove{label}", "remove_chosen") if removes else ""
    clear = button("Clear", "choose_all")
    told = "Asking only this one" if count == 1 else f"Asking only these {count:,}"
    return f'<p class="selection">{told} <span>{remove} {clear}</span></p>'


def removable(listed: Sequence[ListedDocument], choice: Choice) -> list[str]:
    """Return the files among the chosen documents: what is in a mail or an archive goes with it."""
    return [one.source for one in listed if one.source == one.file and one.note != TAKEN_AWAY and one.source in choice]
