from __future__ import annotations

import time

import pytest

from rag.parse.markdown import parse_markdown
from rag.parse.parsed import Parsed
from tests.texts import block_texts


def read(text: str) -> Parsed:
    parsed = parse_markdown(text.encode(), "name")
    assert parsed.text == text
    return parsed


def blocks(text: str) -> list[tuple[str, str]]:
    parsed = read(text)
    return [(block.kind, words) for block, words in zip(parsed.blocks, block_texts(parsed), strict=True)]


def test_front_matter_is_fields_and_gives_the_title() -> None:
    text = '---\ntitle: "Trip: Morva"\ndate: 2023-06-30\n# remark\ntags:\n  - water\n  - holiday\n---\nWe paddled.\n'
    assert read(text).title == "Trip: Morva"
    assert all(block.is_context for block in read(text).blocks[:3])
    assert blocks(text) == [
        ("field", 'title: "Trip: Morva"'),
        ("field", "date: 2023-06-30"),
        ("field", "tags:\n  - water\n  - holiday"),
        ("paragraph", "We paddled."),
    ]


def test_front_matter_may_be_toml() -> None:
    text = "+++\ntitle = 'Chutney'\ntags = [\n 'plum',\n]\n[extra]\njars = 6\n+++\nSimmer."
    assert read(text).title == "Chutney"
    assert blocks(text) == [
        ("field", "title = 'Chutney'"),
        ("field", "tags = [\n 'plum',\n]"),
        ("field", "[extra]"),
        ("field", "jars = 6"),
        ("paragraph", "Simmer."),
    ]


def test_front_matter_that_is_no_yaml_still_gives_its_title() -> None:
    assert read("---\ntitle: Trip: Morva\n---\ntext").title == "Trip: Morva"


def test_text_between_two_rules_is_no_front_matter() -> None:
    assert blocks("---\nHello you, dear reader.\n\n---\nText.")[0] == ("paragraph", "Hello you, dear reader.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n\n<!-- hidden\n\nhidden -->\n\nTwo.", ["One.", "Two."]),
        ("One. <!-- hidden -->", ["One."]),
        ("One. %%hidden%%", ["One."]),
        ("%%\nhidden\n\nhidden\n%%\n\nTwo.", ["Two."]),
        ("One.\n\n<!-- never closed\n\nhidden", ["One."]),
        ("It begins with <!-- and is text.", ["It begins with <!-- and is text."]),
        ("Sure at 100%% and 5%% more.", ["Sure at 100%% and 5%% more."]),
        ("```\n<!-- shown -->\n```", ["```\n<!-- shown -->\n```"]),
        ("Write `<!-- x -->` for it.", ["Write `<!-- x -->` for it."]),
    ],
)
def test_comments_are_in_no_block_and_code_shows_them(text: str, expected: list[str]) -> None:
    assert block_texts(read(text)) == expected


def test_the_label_of_a_heading_has_no_comment_and_no_tag() -> None:
    (heading,) = read('# The <a id="x"></a>trip <!-- hidden --> there').headings
    assert heading.text == "The trip there"


def test_notes_are_notes_without_their_marks() -> None:
    text = "See[^1] it.\n\n[^1]: Note one goes\n    on.\n[^b]: https://example.org\n\n    More of it.\n\n[x]: y\n\nEnd."
    assert blocks(text) == [
        ("paragraph", "See[^1] it."),
        ("note", "Note one goes\n    on."),
        ("note", "https://example.org"),
        ("note", "More of it."),
        ("paragraph", "End."),
    ]


def test_lines_that_merely_begin_with_a_hash_are_text() -> None:
    text = "#4021 The door jams.\n#4022 The heating is out.\n\n#hashtag\n\n```sh\n# a comment\n```"
    assert blocks(text) == [
        ("paragraph", "#4021 The door jams."),
        ("paragraph", "#4022 The heating is out."),
        ("paragraph", "#hashtag"),
        ("code", "```sh\n# a comment\n```"),
    ]


def test_lines_of_their_own_are_paragraphs_and_wrapped_ones_are_not() -> None:
    text = (
        "Council: Carol, Mark\nObservers: Niko\n\nCall 1  \nFax 2\\\nMail 3\n\nThe committee met on Tuesday to\ntalk."
    )
    assert [words for _, words in blocks(text)] == [
        "Council: Carol, Mark",
        "Observers: Niko",
        "Call 1",
        "Fax 2",
        "Mail 3",
        "The committee met on Tuesday to\ntalk.",
    ]


def test_tasks_are_items_and_a_term_stands_with_its_definition() -> None:
    assert blocks(
        "- [ ] buy milk\n- [x] sell eggs\n  and more\n\nWeir\n: A low dam\n  in a river.\nQuay\n: A wharf."
    ) == [
        ("item", "- [ ] buy milk"),
        ("item", "- [x] sell eggs\n  and more"),
        ("paragraph", "Weir\n: A low dam\n  in a river."),
        ("paragraph", "Quay\n: A wharf."),
    ]


def test_the_opening_of_an_admonition_is_its_caption() -> None:
    text = '!!! note "Care"\n    Do not open.\n\n> [!WARNING]\n> Hot.\n\n:::tip\nDrink.\n:::'
    assert blocks(text) == [
        ("caption", '!!! note "Care"'),
        ("paragraph", "Do not open."),
        ("caption", "> [!WARNING]"),
        ("quote", "> Hot."),
        ("caption", ":::tip"),
        ("paragraph", "Drink."),
    ]


def test_raw_html_is_the_texts_in_it() -> None:
    text = "<details>\n<summary>More on <b>it</b></summary>\n<p>One.</p><script>var x</script>\n</details>"
    assert blocks(text) == [("paragraph", "More on <b>it</b>"), ("paragraph", "One.")]


def test_tables_know_escaped_bars_and_need_none_at_their_ends() -> None:
    parsed = read("| a \\| b | c |\n|---|---|\n| 1 | 2 | 3 |\n| 4 |\n\nd | e\n--|--\n5 | 6")
    assert [group.columns for group in parsed.groups] == [("a | b", "c"), ("d", "e")]
    assert [[parsed.text[start:end] for start, end in row.cells] for row in parsed.blocks] == [
        ["a \\| b", "c"],
        ["1", "2"],
        ["4", ""],
        ["d", "e"],
        ["5", "6"],
    ]
    assert [row.is_context for row in parsed.blocks] == [True, False, False, True, False]


@pytest.mark.parametrize("unit", ["<!--", " %%x", "`", "```\n", "<a", "[^1]:", "%%\n", "> ", "---\na: b\n", "[[["])
def test_hostile_markdown_takes_no_long(unit: str) -> None:
    start = time.perf_counter()
    parse_markdown((unit * (60_000 // len(unit))).encode(), "name")
    assert time.perf_counter() - start < 30
