"""The tree of a web page: without what a reader does not see, and without what is not its article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from rag.parse.tree import take_out

BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre section summary table tbody td"
    " tfoot th thead tr ul".split()
)
UNSEEN = frozenset(
    "script style noscript template svg select object iframe datalist input textarea rt rp head title".split()
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LINES = (*_HEADINGS, "summary")  # what Pandoc reads only without blocks in it
_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_HIDDEN = re.compile(r"display:none|visibility:hidden|font-size:0(?![.\d])")
_WHITE = re.compile(r"(?<![-\w])color:(?:white|#fff(?:fff)?(?![0-9a-f])|rgb\(255,255,255\))")
_COLOURING = ("bgcolor", "background", "class", "id")  # where one is set, white may stand on another colour
_KEPT_ATTRIBUTES = frozenset("href id class role colspan rowspan start type epub:type".split())
_DEEPEST = 100  # elements in one another: Pandoc's tree of them is three times as deep
_MOST_LINES, _LONGEST_LINE = 4, 120  # who wrote an article and when, a line under its title; chosen by hand
_LEAST_ARTICLE = 200  # characters; less is no article, and the page is taken as it is
# A rare letter for each text of a page, by which it is known again in the article: ideographs of "Extension B".
_FIRST_MARK, _LAST_MARK = 0x20000, 0x2A6DF
_MARKS = re.compile(f"[{chr(_FIRST_MARK)}-{chr(_LAST_MARK)}]")


def page_tree(html: str) -> Any:
    """Return the outermost element of a page; None where elements lie too deep in one another for its tree."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    html = _END.sub("", html)  # the parser drops what stands behind it
    whole = html if "<body" in html.lower() else f"<html><body>{html}"
    try:
        page = etree.fromstring(whole.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None
    if page is None or any("depth" in entry.message for entry in parser.error_log) or _depth(page) > _DEEPEST:
        return None
    return page


def _depth(page: Any) -> int:
    from lxml import etree

    depth = deepest = 0
    for event, _ in etree.iterwalk(page, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def take_out_unseen(page: Any) -> None:
    """Take out of a page what its reader does not see."""
    body, hidden = page.find("body"), _hidden_names(page)
    for element in list(page.iter()):
        unseen = element.tag in UNSEEN or _is_hidden(element) or not hidden.isdisjoint(_names(element))
        if element not in (page, body) and unseen:
            take_out(element)


def _hidden_names(page: Any) -> set[str]:
    """Return the classes and names (".menu", "#old") that the page's own style sheets hide, whatever the screen."""
    import tinycss2

    sheets = (tinycss2.parse_stylesheet(style.text or "", skip_comments=True) for style in page.iter("style"))
    rules = (rule for sheet in sheets for rule in sheet if rule.type == "qualified-rule")
    hiding = (rule for rule in rules if _HIDDEN.search(re.sub(r"\s", "", tinycss2.serialize(rule.content)).lower()))
    return {name.strip() for rule in hiding for name in tinycss2.serialize(rule.prelude).split(",")}


def _names(element: Any) -> set[str]:
    named = {f"#{element.get('id')}"} if "id" in element.attrib else set()
    return named | {f".{name}" for name in element.get("class", "").split()}


def simplify(page: Any) -> None:
    """Take out of a page what only tells how it looks, and blocks that stand where Pandoc reads none."""
    for line in list(page.iter(*_LINES)):
        for element in line.iterdescendants(*BLOCKS):
            element.tag = "span"
    for table in list(page.iter("table")):
        _set_head(table)
    for row in list(page.iter("tr")):
        _set_colon(row)
    for legend in list(page.iter("legend")):
        legend.tag = "div"
    for element in page.iter():
        for name in set(element.attrib) - _KEPT_ATTRIBUTES:
            del element.attrib[name]


def _set_head(table: Any) -> None:
    """Set the rows of names on top of a table into its head, where there are several: Pandoc takes one for it."""
    rows = table.findall("tr") or table.findall("tbody/tr")
    if table.find("thead") is not None:
        return
    names = list(takewhile(lambda row: all(cell.tag == "th" for cell in row), rows))
    if 1 < len(names) < len(rows):
        head = table.makeelement("thead")
        table.insert(0, head)
        head.extend(names)


def _set_colon(row: Any) -> None:
    """Set a colon behind the name in a row of a name and a value, which to Pandoc are two cells of a kind."""
    words = " ".join("".join(row[0].itertext()).split()) if [cell.tag for cell in row] == ["th", "td"] else ""
    if words and not words.endswith((":", "?")):
        last = row[0][-1] if len(row[0]) else None
        if last is None:
            row[0].text = f"{row[0].text.rstrip()}:"
        else:
            last.tail = f"{(last.tail or '').rstrip()}:"


def keep_article(page: Any) -> None:
    """Leave in a page the texts of its article: no navigation, no notices; all of them where it has no article."""
    from lxml import etree

    texts = [text for text in (_BlockText(block) for block in page.iter(*BLOCKS)) if text.slots]
    if len(texts) > _LAST_MARK - _FIRST_MARK:
        return
    for number, text in enumerate(texts):
        text.append(chr(_FIRST_MARK + number))
    article = _article(etree.tostring(page, encoding="unicode", method="html"))
    for text in texts:
        text.take_off_mark()
    found = (ord(mark) - _FIRST_MARK for mark in _MARKS.findall(article))
    kept = {texts[number].block for number in found if number < len(texts)}
    if len(article) - len(kept) < _LEAST_ARTICLE:
        return
    kept |= (
        set(_beside(texts, kept))
        | set(_heads(page, texts, kept))
        | {part for table in page.iter("table") for part in _whole(table, kept)}
    )
    for text in texts:
        if text.block not in kept:
            text.clear()


def _article(html: str) -> str:
    # Takes half a second to import, and only web pages need it.
    import trafilatura

    article: Any = trafilatura.bare_extraction(html, favor_recall=True, include_comments=False, deduplicate=False)
    return " ".join("".join(article.body.itertext()).split()) if article is not None else ""


def _beside(texts: list[_BlockText], kept: set[Any]) -> Iterator[Any]:
    """Yield what trafilatura drops of an article: captions in it, and the lines between its title and its text."""
    blocks = [text.block for text in texts]
    for before, block, after in zip([None, *blocks], blocks, [*blocks[1:], None], strict=False):
        if block.tag == "figcaption" and not kept.isdisjoint((before, after)):
            yield block
    first = next((at for at, block in enumerate(blocks) if block in kept and block.tag not in _HEADINGS), 0)
    title = next((at for at, block in enumerate(blocks[:first]) if block.tag == "h1"), first)
    lines = blocks[title + 1 : first]
    if len(lines) <= _MOST_LINES and all(len("".join(line.itertext())) <= _LONGEST_LINE for line in lines):
        yield from lines


def _heads(page: Any, texts: list[_BlockText], kept: set[Any]) -> Iterator[Any]:
    """Yield the headings that stand over what is kept, which trafilatura often misses, and that of the page."""
    titles = list(page.iter("h1"))
    yield from titles if len(titles) == 1 else []
    stands_over_kept = False
    for text in reversed(texts):
        if text.block.tag not in _HEADINGS:
            stands_over_kept = text.block in kept
        elif stands_over_kept:
            yield text.block


def _whole(table: Any, kept: set[Any]) -> list[Any]:
    """Return all parts of a table of data, if any is kept."""
    parts = list(table.iter())
    lays_out = any(part.tag in ("table", "nav", *_HEADINGS) for part in parts[1:])
    return [] if lays_out or not kept.intersection(parts) else parts


class _BlockText:
    """The text of a block that stands in no inner block: the slots of elements that hold it."""

    def __init__(self, block: Any) -> None:
        self.block = block
        self.slots = [slot for slot in _slots(block) if (getattr(*slot) or "").strip()]

    def append(self, mark: str) -> None:
        element, slot = self.slots[0]
        self._first = getattr(element, slot)
        setattr(element, slot, f"{self._first.rstrip()}{mark} ")

    def take_off_mark(self) -> None:
        element, slot = self.slots[0]
        setattr(element, slot, self._first)

    def clear(self) -> None:
        for element, slot in self.slots:
            setattr(element, slot, " ")


def _slots(element: Any) -> Iterator[tuple[Any, str]]:
    yield element, "text"
    for child in element:
        if child.tag not in BLOCKS:
            yield from _slots(child)
        yield child, "tail"


def _is_hidden(element: Any) -> bool:
    style = re.sub(r"\s", "", element.get("style", "")).lower()
    if "hidden" in element.attrib or element.get("aria-hidden") == "true" or _HIDDEN.search(style):
        return True
    return bool(_WHITE.search(style)) and not any(map(_is_coloured, (element, *element.iterancestors())))


def _is_coloured(element: Any) -> bool:
    return "background" in element.get("style", "").lower() or any(name in element.attrib for name in _COLOURING)
