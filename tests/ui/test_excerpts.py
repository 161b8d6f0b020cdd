"""What of an excerpt is shown before it is unfolded: the key sentence, with whole words around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Document, Excerpt
from tests.ui.shelf import Shelf, citation_of, letters, read, tree
from ui import excerpts
from ui.structure import Structures, part_of

SENTENCES = [f"Sentence {n} says that the mill had {n} wheels and ground rye." for n in range(12)]
PROSE = " ".join(SENTENCES)


def key_in(text: str, words: str) -> tuple[int, int]:
    start = text.index(words)
    return start, start + len(words)


def shown(text: str, words: str) -> str:
    start, end = excerpts.unfolded(text, key_in(text, words))
    return text[start:end]


def card(text: str, words: str, source: str = "a.txt") -> str:
    document = read(source, text)
    return excerpts.closest(0, citation_of(document, *key_in(text, words), excerpt=(0, len(text))), document)


def visible(html: str) -> str:
    """Return what is seen of an excerpt before it is unfolded."""
    (words,) = tree(html).find_class("words")
    for hidden in [*words.find_class("rest"), *words.find_class("sign")]:
        hidden.drop_tree()
    return str(words.text_content())


def test_what_is_short_is_shown_whole_without_a_button() -> None:
    text = PROSE[:540].rstrip()
    html = card(text, SENTENCES[4])
    assert visible(html) == text
    assert "unfold" not in html
    assert "cut-" not in html


def test_of_more_the_sentences_around_the_key_sentence_are_shown() -> None:
    assert shown(PROSE, SENTENCES[5]) == " ".join(SENTENCES[3:11])
    assert shown(PROSE, SENTENCES[0]) == " ".join(SENTENCES[:8])
    assert shown(PROSE, SENTENCES[11]) == " ".join(SENTENCES[4:])
    html = card(PROSE, SENTENCES[5])
    assert letters(visible(html)) == letters(" ".join(SENTENCES[3:11]))
    (button,) = tree(html).find_class("unfold")
    assert (button.get("aria-expanded"), button.text_content()) == ("false", "Show more of excerpt 1")
    (words,) = tree(html).find_class("words")
    assert button.get("aria-controls") == words.get("id")
    assert words.text_content() == PROSE
    assert [p.get("class") for p in words.iter("p")] == ["cut-before cut-after"]


def test_in_a_long_sentence_it_is_cut_between_words() -> None:
    text = "many words " * 60 + "the key " + "more words " * 60
    start, end = excerpts.unfolded(text, key_in(text, "the key"))
    assert text[start - 1] == text[end] == " "
    assert text[start - 2] != " "
    assert 400 < end - start < 500


def test_of_short_lines_a_few_are_shown() -> None:
    lines = [f"Town {n} | {n} mills" for n in range(30)]
    assert shown("\n".join(lines), lines[15]).split("\n") == lines[13:20]
    assert shown("\n\n".join(lines), lines[15]).split("\n\n") == lines[13:20]
    assert shown("\n".join(lines), lines[2]).split("\n") == lines[:7]
    assert shown("\n".join(lines), lines[29]).split("\n") == lines[27:]


def test_a_long_key_sentence_is_shown_whole() -> None:
    key = "word " * 300 + "end."
    found = shown(f"{PROSE} {key} {PROSE}", key)
    assert key in found
    assert len(found) < len(key) + 100


def test_paragraphs_are_kept_and_those_folded_away_are_so_whole() -> None:
    parts = [" ".join(SENTENCES[at : at + 4]) for at in (0, 4, 8)]
    html = card("\n\n \n".join(parts), SENTENCES[5])
    (words,) = tree(html).find_class("words")
    assert [p.text_content().strip() for p in words.iter("p")] == parts
    html = card("\n\n".join([parts[0], "The key.", *parts * 3]), "The key.")
    (words,) = tree(html).find_class("words")
    assert [p.get("class") for p in words.iter("p")] == ["cut-before", None, None, "cut-after"] + ["rest"] * 7


def test_signs_of_markdown_are_hidden_in_markdown_alone() -> None:
    text = "It was **built** by [Ada](https://example.org/ada)."
    assert "**" not in visible(card(text, text, "a.md"))
    assert visible(card(text, text, "a.txt")) == text
    code = "```\nx = y**2 + z**2\n```"
    assert visible(card(code, code, "a.md")) == "x = y**2 + z**2"


@pytest.mark.parametrize(("source", "name"), [("a.py", "words code"), ("a.txt", "words"), ("a.md", "words")])
def test_code_is_set_as_code(source: str, name: str) -> None:
    text = "def f(x):\n    return x"
    (words,) = tree(card(text, text, source)).find_class("words")
    assert words.get("class") == name
    assert words.text_content() == text


@given(st.text(st.sampled_from("ab.\n \t*_`[]()<>&水。"), min_size=1, max_size=1500), st.data())
def test_whatever_the_text_no_letter_of_it_is_lost(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    low, high = excerpts.unfolded(text, (start, end))
    assert 0 <= low <= start < end <= high <= len(text)
    document = Document(source="a.md", sha256="0" * 64, title="a", text=text)
    html = excerpts.closest(0, citation_of(document, start, end, excerpt=(0, len(text))))
    (words,) = tree(html).find_class("words")
    assert letters(words.text_content()) == letters(text)
    assert letters("".join(mark.text_content() for mark in words.iter("mark"))) == letters(text[start:end])
    hidden = "".join(str(one.text_content()) for one in words.find_class("rest"))
    assert letters(hidden) == letters(text[:low] + text[high:])


@pytest.mark.parametrize("text", ["水车由王明于一八三四年建造。" * 60, "word " * 2000, "x" * 5000, "\n" * 3000 + "x"])
def test_it_is_quick_and_keeps_the_key_sentence(text: str) -> None:
    key = (len(text) // 2, len(text) // 2 + 10)
    start, end = excerpts.unfolded(text, key)
    assert start <= key[0] < key[1] <= end


TOWNS = """\
# Towns

Before it.

| Town | Mills |
|---|---|
| Ulm | 3 |
| Bern | **7** |

- rye
  - oats

After it.
"""


def test_an_excerpt_has_the_shape_of_its_blocks() -> None:
    document = read("a.md", TOWNS)
    span = key_in(document.text, "| Bern | **7** |\n\n- rye\n  - oats")
    citation = citation_of(document, *key_in(document.text, "Bern | **7**"), excerpt=span)
    html = tree(excerpts.closest(0, citation, part_of(document, *span)))
    for sign in html.find_class("sign"):
        sign.drop_tree()
    assert [cell.text_content() for cell in html.xpath("//th | //td")] == ["Town", "Mills", "Bern", "7"]
    assert html.xpath("string(//ul/li/ul/li)") == "oats"
    assert [mark.text_content() for mark in html.iter("mark")] == ["Bern", "7"]


@given(st.data())
def test_a_part_of_a_document_is_a_document(data: st.DataObject) -> None:
    document = read("a.md", TOWNS)
    start = data.draw(st.integers(0, len(document.text) - 1))
    end = data.draw(st.integers(start + 1, len(document.text)))
    part = part_of(document, start, end)
    whole = [(max(one.start, start), min(one.end, end)) for one in document.blocks_between(start, end)]
    assert [part.text[one.start : one.end] for one in part.blocks] == [document.text[a:b] for a, b in whole]
    key = data.draw(st.integers(start, end - 1))
    html = excerpts.closest(0, citation_of(document, key, end, excerpt=(start, end)), part)
    (words,) = tree(html).find_class("words")
    for names in words.find_class("names"):
        names.drop_tree()
    assert letters(words.text_content()) == letters(document.text[start:end])
    assert letters("".join(mark.text_content() for mark in words.iter("mark"))) == letters(document.text[key:end])


def test_only_an_excerpt_that_the_index_still_has_is_given_its_blocks() -> None:
    document, other = read("a.md", TOWNS), read("b.md", "# Other\n\nWords.")
    there, gone = citation_of(document, 9, 19, 1, (9, 19)), citation_of(other, 9, 15, 3, (9, 15))
    changed = there.model_copy(update={"n": 2, "excerpt": Excerpt(start=9, end=19, text="Not there.")})
    parts = Structures(Shelf(document)).of([there, changed, gone])
    assert {n: part.text for n, part in parts.items()} == {1: "Before it."}
    assert [block.kind for block in parts[1].blocks] == ["paragraph"]


def test_a_short_item_is_not_cut() -> None:
    text = "What to do:\n\n" + "\n".join(f"{n}. Step {n} is to wait for a while." for n in range(1, 30))
    html = card(text, "What to do:", "a.md")
    items = [line for line in visible(html).split("\n") if line.strip()]
    assert all(item.endswith("while.") for item in items[1:])
