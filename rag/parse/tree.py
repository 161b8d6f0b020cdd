"""XML as a tree, read so that nothing in it can reach a file or the network, or swell.

It knows no format; what the elements mean is told by those who read them.
"""

from __future__ import annotations

from typing import Any


def xml_tree(data: bytes) -> Any:
    """Return the outermost element, without comments, and with entities as they stand.

    Raises:
        lxml.etree.XMLSyntaxError: It is no XML, or is nested too deep.
        ValueError: It holds what XML cannot.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(data, parser)


def local_name(element: Any) -> str:
    """Return an element's name without its address; empty for what is no element, such as an entity."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """Return an attribute by its name without its address; empty where there is none."""
    return next((str(value) for key, value in element.items() if key.rpartition("}")[2] == name), "")


def take_out(element: Any) -> None:
    """Take an element out of its tree; the text behind it stays."""
    _replace(element, "", [])


def unwrap(element: Any) -> None:
    """Put what is in an element in its place."""
    _replace(element, element.text or "", list(element))


def _replace(element: Any, text: str, parts: list[Any]) -> None:
    parent = element.getparent()
    if parent is None:  # it was in one that was taken out
        return
    before, behind = element.getprevious(), element.tail or ""
    at = parent.index(element)
    parent[at : at + 1] = parts
    if parts:
        parts[-1].tail = (parts[-1].tail or "") + behind
    else:
        text += behind
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
