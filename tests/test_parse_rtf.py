from __future__ import annotations

import pytest

from rag.errors import ParseError
from rag.parse.parsed import Parsed
from rag.parse.rtf import parse_rtf
from tests.damage import assert_read_or_refused, damaged
from tests.texts import block_texts, kinds_and_texts

HEAD = (
    r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Arial;}"
    r"{\f2\fcharset2 Wingdings;}{\f3\fcharset128 MS Mincho;}}"
)
STYLES = (
    r"{\colortbl;\red1\green2\blue3;}"
    r"{\stylesheet{\ql Normal;}{\s1\ql heading 1;}{\s2\outlinelevel1 \'dcberschrift;}{\s9 toc 1;}{\*\cs10 Font;}}"
)
INFO = r"{\info{\title Rivers of Europe}{\author Ada}{\creatim\yr2024}}"


def read(body: str, info: str = "") -> Parsed:
    return parse_rtf(rf"{{\rtf1\ansi\ansicpg1252\deff0{HEAD}{STYLES}{info}{body}}}".encode("ascii"), "name")


def test_paragraphs_are_blocks_and_headings_are_told_by_their_styles() -> None:
    parsed = read(
        r"\pard\s1 Rivers\par\pard\plain The \b Danube\b0  is long.\par\par\pard\s2 Inn\par\pard\outlinelevel2 Up\par"
    )
    assert parsed.text == "Rivers\n\nThe Danube is long.\n\nInn\n\nUp"
    assert [(one.level, one.text) for one in parsed.headings] == [(1, "Rivers"), (2, "Inn"), (3, "Up")]
    assert parsed.title == "Rivers"
    assert parsed.warning is None


def test_the_title_is_the_documents_own_where_it_has_one() -> None:
    assert read(r"\pard text", INFO).title == "Rivers of Europe"
    assert read(r"\pard text", INFO).text == "text"
    assert read(r"\pard text").title == "name"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9 \f1\'c4\'f3\'ed\'e0\'e9\f0  \'fc", "café Дунай ü"),
        (r"{\f1 \'c4\'f3\'ed\'e0\'e9} \'fc", "Дунай ü"),
        (r"\f3\'93\'fa\'96\'7b\f0 .", "日本."),
        (r"\u1044?\u1091\'f3\u1085?\uc0\u1072\u1081", "Дунай"),
        (r"\u-10179?\u-8704? smile", "😀 smile"),
        (r"\uc2\u8364\'80\'80 5", "€ 5"),
        (r"a\emdash b\endash c\lquote d\rquote\ldblquote e\rdblquote\bullet", "a—b–c‘d’“e”•"),
        (r"Do\-nau\_Br\'fccke\~is\tab long\line second", "Donau-Brücke is long\nsecond"),
        (r"a\{b\}c\\d", r"a{b}c\d"),
        ("one wo\nrd\r\n and\\\nnext", "one word and\nnext"),
        (r"{\f2\'e0 lj}arrow", "arrow"),
        (r"{\v secret}open\v more\v0 ed", "opened"),
        (r"{\deleted old}{\revised new}", "new"),
        (r"{\*\unknown no}{\pict\pngblip 89504e47}{\*\shppict{\pict 0102}}yes", "yes"),
        (r"{\header Confidential\par}{\footerl 7\par}text", "text"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt this page}}.", "this page."),
        (r"{\listtext 1.\tab}{\pntext\'b7\tab}item", "item"),
        (r"said{\*\annotation\pard why?\par}{\*\atnid A} she", "said she"),
        (r"{\pard\s9 Rivers 7\par}\pard Text.", "Text."),
        (r"{\object{\*\objclass x}{\*\objdata 0102}{\result shown}}", "shown"),
    ],
)
def test_a_text_is_what_a_reader_reads(body: str, text: str) -> None:
    assert read(rf"\pard {body}\par").text == text


def test_pictures_in_raw_bytes_are_passed_over() -> None:
    data = rb"{\rtf1 before {\pict\bin6 {{{\par}after}"
    assert parse_rtf(data.replace(b"{{{\\par", b"{}{{\\u"), "name").text == "before after"


def test_a_table_is_read_row_by_row_with_the_names_of_its_columns() -> None:
    row = r"\trowd\cellx1000\cellx2000\pard\intbl {}\cell {}\cell\row "
    table = "".join(row.format(*cells) for cells in (("River", "Length"), ("Inn", "518"), (r"Drava\par big", "710")))
    assert block_texts(read(rf"\pard Before\par{table}\pard After\par")) == [
        "Before",
        "River: Inn; Length: 518",
        "River: Drava big; Length: 710",
        "After",
    ]


def test_the_first_row_has_the_names_where_the_file_says_so() -> None:
    row = r"\cellx1000\cellx2000\pard\intbl {}\cell {}\cell\row "
    table = r"\trowd\trhdr" + row.format("River", "Source") + r"\trowd" + row.format("Inn", "Maloja")
    assert read(table).text == "River: Inn; Source: Maloja"
    assert read(table.replace(r"\trhdr", "")).text == "River | Source\nInn | Maloja"


def test_merged_cells_say_their_text_in_each_row_and_column() -> None:
    head = r"\trowd\trhdr\cellx1000\cellx2000\cellx3000\pard\intbl Ward\cell Nurse\cell Nights\cell\row "
    north = r"\trowd\clvmgf\cellx1000\cellx2000\cellx3000\intbl North\cell Ann\cell 4\cell\row "
    below = r"\trowd\clvmrg\cellx1010\cellx2000\cellx3000\intbl\cell Bea\cell 5\cell\row "
    wide = r"\trowd\cellx1000\cellx3000\intbl South\cell none\cell\row "  # as LibreOffice sets what spans columns
    word = r"\trowd\cellx1000\clmgf\cellx2000\clmrg\cellx3000\intbl East\cell none\cell\cell\row "
    assert block_texts(read(head + north + below + wide + word + r"\pard End 12h\par")) == [
        "Ward: North; Nurse: Ann; Nights: 4",
        "Ward: North; Nurse: Bea; Nights: 5",
        "Ward: South; Nurse: none; Nights: none",
        "Ward: East; Nurse: none; Nights: none",
        "End 12h",
    ]


def test_a_caption_is_told_by_its_style_and_is_its_tables() -> None:
    styles = r"{\stylesheet{\ql Normal;}{\s3 caption;}}"
    row = r"\trowd\cellx1000\cellx2000\pard\plain\intbl {}\cell {}\cell\row "
    table = row.format("River", "Length") + row.format("Inn", "518")
    parsed = read(rf"{styles}{table}\pard\plain\s3 Table 1: Rivers\par\pard\plain Text.\par")
    assert kinds_and_texts(parsed)[1:] == [("caption", "Table 1: Rivers"), ("paragraph", "Text.")]
    assert parsed.groups[0].caption == (parsed.blocks[1].start, parsed.blocks[1].end)


def test_notes_and_boxes_stand_after_the_paragraph_they_hang_on() -> None:
    note = r"{\footnote\pard\plain\chftn  As of 2020.\par More.\par}"
    assert kinds_and_texts(read(rf"\pard It is{note} long.\par Next.\par")) == [
        ("paragraph", "It is long."),
        ("note", "As of 2020."),
        ("note", "More."),
        ("paragraph", "Next."),
    ]
    starred = note.replace("{", r"{\*", 1)  # as LibreOffice writes it
    assert read(rf"\pard It is{starred} long.\par").text == "It is long.\n\nAs of 2020.\n\nMore."
    box = r"{\shp{\*\shpinst{\sp{\sn fLine}{\sv 0}}{\shptxt\pard in the box\par}}{\shprslt{\par in the box}}}"
    assert read(rf"\pard by{box} it\par").text == "by it\n\nin the box"


LISTS = (
    r"{\*\listtable{\list\listhybrid{\listlevel\levelnfc0\levelstartat3{\leveltext\'02\'00.;}{\levelnumbers\'01;}}"
    r"{\listlevel\levelnfc23{\leveltext\'01\u8226 ?;}{\levelnumbers;}}\listid1}}"
    r"{\*\listoverridetable{\listoverride\listid1\listoverridecount0\ls1}}"
)


def test_lists_count_on_after_a_list_in_an_item() -> None:
    item = r"{{\listtext {}.\tab}}\pard\ls1\ilvl{} {}\par"
    body = "".join(item.format(*one) for one in (("3", 0, "Open"), ("-", 1, "the valve"), ("4", 0, "Turn")))
    assert kinds_and_texts(read(LISTS + body)) == [("item", "3. Open"), ("item", "the valve"), ("item", "4. Turn")]


def test_raised_and_struck_text_is_read_as_it_is_meant() -> None:
    assert read(r"\pard 10{\super 6} t of CO{\sub 2}, {\strike 18 }22 euros\par").text == "10⁶ t of CO₂, 22 euros"


@pytest.mark.parametrize(("code_page", "encoding"), [("1251", "cp1251"), ("10000", "mac_roman"), ("65001", "utf-8")])
def test_bytes_are_read_in_the_code_page_of_the_file(code_page: str, encoding: str) -> None:
    word = "Дунай" if encoding == "cp1251" else "Flüße"
    data = rf"{{\rtf1\ansi\ansicpg{code_page} ".encode() + word.encode(encoding) + rb"\par}"
    assert parse_rtf(data, "name").text == word


def test_a_file_that_is_cut_short_is_read_and_this_is_told() -> None:
    parsed = parse_rtf(rb"{\rtf1 One.\par{\b Two and", "name")
    assert parsed.text == "One.\n\nTwo and"
    assert parsed.warning == "the file is cut short: its end is missing"


@pytest.mark.parametrize("data", [b"text", b"{}", b"{\\rt", b"PK\x03\x04"])
def test_what_is_no_rtf_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match="not an RTF file, though it is named so"):
        parse_rtf(data, "name")


def test_no_depth_of_groups_stops_it() -> None:
    assert parse_rtf(b"{\\rtf1 " + b"{" * 100_000 + b"deep", "name").text == "deep"
    assert parse_rtf(b"{\\rtf1 " + b"{\\footnote x" * 2_000, "name").text


def test_damaged_files_are_read_or_refused() -> None:
    table = r"\trowd\trhdr\pard\intbl a\cell {\footnote b}\cell\row \u-10179?\bin4 abcd"
    data = rf"{{\rtf1\ansi{HEAD}{STYLES}{INFO}\s1 One\par {table}\pard\'e9 {{\shp{{\shptxt x}}}}}}".encode()
    assert_read_or_refused(parse_rtf, damaged(data, 40))
