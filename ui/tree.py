"""The documents as a tree: each under its folder, or under the mail or archive that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from rag.listing import ListedDocument, natural_order
from rag.types import Value

Order = Literal["name", "newest", "kind", "size"]


class Arrangement(Value):
    """How a person likes the list: in which order, and which folders are unfolded."""

    order: Order = "name"
    unfolded: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, kept: str) -> Arrangement:
        """Return what a browser has kept, which may be anything."""
        try:
            return cls.model_validate_json(kept or "{}")
        except ValidationError:
            return cls()


@dataclass
class Node:
    """A place in the folder: a document, a folder, or both, as a mail with attachments is.

    The counts are of all documents at this place and under it. ``token`` puts back what was removed a moment ago.
    """

    path: str = ""
    one: ListedDocument | None = None
    token: str = ""
    inside: dict[str, Node] = field(default_factory=dict)
    documents: int = 0
    ready: int = 0
    readable: int = 0
    waiting: int = 0
    failed: int = 0
    size: int = 0
    newest: float = 0.0

    @property
    def name(self) -> str:
        """Its own name, without the folders above it."""
        return self.path.rpartition("/")[2]

    def nodes(self) -> Iterator[Node]:
        """Yield all places under this one, each before those under it."""
        for node in self.inside.values():
            yield node
            yield from node.nodes()


def tree(documents: Sequence[ListedDocument], removed: Mapping[str, str], order: Order) -> Node:
    """Return the tree of ``documents``, which are in natural order, and of what was ``removed``, with its tokens."""
    root = Node()
    by_source = {one.source: one for one in documents}
    sources = sorted([*by_source, *(removed.keys() - by_source)], key=natural_order) if removed else by_source
    for source in sources:
        _add(root, source, by_source.get(source), removed.get(source, ""))
    if order != "name":
        _sort(root, order)
    return root


def _add(root: Node, source: str, one: ListedDocument | None, token: str) -> None:
    nodes = [root]
    for name in filter(None, source.split("/")):
        above = nodes[-1]
        nodes.append(above.inside.setdefault(name, Node(f"{above.path}/{name}".lstrip("/"))))
    nodes[-1].one, nodes[-1].token = one, token
    if one is not None and not token:
        for node in nodes:
            _count(node, one)


def _count(node: Node, one: ListedDocument) -> None:
    node.documents += 1
    node.ready += one.state == "indexed"
    node.readable += one.chunks > 0
    node.waiting += one.state == "waiting"
    node.failed += one.state == "failed"
    node.size += one.size
    node.newest = max(node.newest, one.modified.timestamp() if one.modified is not None else 0.0)


def _sort(node: Node, order: Order) -> None:
    node.inside = dict(sorted(node.inside.items(), key=lambda item: _key(item[1], order)))
    for below in node.inside.values():
        _sort(below, order)


def _key(node: Node, order: Order) -> tuple[float, str]:
    """Return what sorts nodes that are in natural order: folders come first among the kinds."""
    if order == "kind":
        return 0.0, node.one.kind if node.one is not None else ""
    return -(node.newest if order == "newest" else node.size), ""
