from __future__ import annotations

import datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment

from rag.errors import ParseError
from rag.parse.delimited import parse_csv
from rag.parse.parsed import Parsed
from rag.parse.xlsx import parse_xlsx
from tests.damage import BOMB, assert_read_or_refused, damaged, damaged_inside, part, rezip
from tests.texts import block_texts

SHEET = "xl/worksheets/sheet1.xml"
RIVERS: list[list[Any]] = [
    ["River", "Length", "Source"],
    ["Inn", 518, "Maloja"],
    ["Drava", 710, None],
    ["Sava", 990, "Zelenci"],
]


def saved(workbook: Any) -> bytes:
    out = BytesIO()
    workbook.save(out)
    return out.getvalue()


def book(rows: list[list[Any]], name: str = "Rivers") -> Any:
    workbook = Workbook()
    workbook.active.title = name
    for row in rows:
        workbook.active.append(row)
    return workbook


def lines(rows: list[list[Any]]) -> list[str]:
    """Return the blocks of a workbook of these rows, without the name of the sheet."""
    return block_texts(parse_xlsx(saved(book(rows)), "name"))[1:]


def pages(parsed: Parsed) -> list[tuple[int, str]]:
    return [(page.number, parsed.text[page.start : page.end].strip()) for page in parsed.pages]


def test_a_row_is_a_page_with_the_names_of_its_columns() -> None:
    parsed = parse_xlsx(saved(book(RIVERS)), "name")
    assert parsed.page_kind == "row"
    assert pages(parsed) == [
        (1, "Rivers"),
        (2, "River: Inn; Length: 518; Source: Maloja"),
        (3, "River: Drava; Length: 710"),
        (4, "River: Sava; Length: 990; Source: Zelenci"),
    ]
    assert [(one.level, one.text) for one in parsed.headings] == [(1, "Rivers")]


def test_every_sheet_that_is_seen_is_read_and_its_rows_are_counted_anew() -> None:
    workbook = book([["one"]], "First")
    workbook.create_sheet("Second").append(["two"])
    workbook.create_sheet("Empty")
    workbook.properties.title = "All of it"
    parsed = parse_xlsx(saved(workbook), "name")
    assert pages(parsed) == [(1, "First\n\none"), (1, "Second\n\ntwo")]
    assert [one.text for one in parsed.headings] == ["First", "Second"]
    assert parsed.title == "All of it"
    assert parsed.warning is None


def test_what_is_hidden_is_left_out_and_counted() -> None:
    workbook = book([*RIVERS, ["Enns", 254, "Radstadt"]])
    workbook.active["B2"].comment = Comment("Measured by Ada", "Ada")
    workbook.active.column_dimensions["C"].hidden = True
    workbook.active.column_dimensions["Z"].hidden = True  # holds nothing
    workbook.active.row_dimensions[3].hidden = True
    for state in ("hidden", "veryHidden"):
        other = workbook.create_sheet(state)
        other.append(["Secret", 1])
        other.sheet_state = state
    parsed = parse_xlsx(saved(workbook), "name")
    assert pages(parsed)[1:] == [
        (2, "River: Inn; Length: 518"),
        (4, "River: Sava; Length: 990"),
        (5, "River: Enns; Length: 254"),
    ]
    assert len(parsed.groups) == 1  # what is hidden parts no table
    assert parsed.warning == "left out: 2 hidden sheets, 1 hidden row, 1 hidden column"


def test_a_formula_without_a_saved_value_is_told_and_noughts_are_values() -> None:
    parsed = parse_xlsx(saved(book([["Item", "Stock", "Sold", "Left"], ["Bolt", 0, False, "=B2-C2"]])), "name")
    assert block_texts(parsed)[1:] == ["Item: Bolt; Stock: 0; Sold: FALSE"]
    assert parsed.warning == "1 formula has no value: open the file in a spreadsheet program and save it"


def merged(rows: list[list[Any]], *ranges: str) -> Parsed:
    workbook = book(rows)
    for cells in ranges:
        workbook.active.merge_cells(cells)
    return parse_xlsx(saved(workbook), "name")


def test_a_merged_cell_is_read_in_every_row_and_column_that_it_covers() -> None:
    rows: list[list[Any]] = [
        ["Ward", "Mon", "Tue"],
        ["Maple", "Ann", "Bob"],
        [None, "Cid", None],
        ["Oak", "closed", None],
        ["North"],
    ]
    parsed = merged(rows, "A2:A3", "B4:C4", "A5:C5")
    assert block_texts(parsed)[1:] == [
        "Ward: Maple; Mon: Ann; Tue: Bob",
        "Ward: Maple; Mon: Cid",
        "Ward: Oak; Mon: closed; Tue: closed",
        "North",
    ]
    row = parsed.blocks[2]
    assert [parsed.text[start:end] for start, end in row.cells] == ["Maple", "Cid", ""]


def test_columns_that_are_merged_throughout_are_one() -> None:
    rows: list[list[Any]] = [["Name", None, "Age"], ["Ann Lee", None, 5], ["Bob Ray", None, 7]]
    parsed = merged(rows, "A1:B1", "A2:B2", "A3:B3")
    assert block_texts(parsed)[1:] == ["Name: Ann Lee; Age: 5", "Name: Bob Ray; Age: 7"]


def test_two_header_rows_are_one_name_a_column_under_the_title() -> None:
    rows: list[list[Any]] = [
        ["Visitors 2023/24"],
        ["Museum", 2023, None, 2024, None],
        [None, "Adults", "Children", "Adults", "Children"],
        ["Windmill", 310, 120, 295, 140],
    ]
    parsed = merged(rows, "A1:E1", "A2:A3", "B2:C2", "D2:E2")
    names = ("Museum", "2023 Adults", "2023 Children", "2024 Adults", "2024 Children")
    assert [(one.kind, parsed.text[one.start : one.end]) for one in parsed.blocks[1:]] == [
        ("caption", "Visitors 2023/24"),
        ("row", "Museum: Windmill; 2023 Adults: 310; 2023 Children: 120; 2024 Adults: 295; 2024 Children: 140"),
    ]
    (table,) = parsed.groups
    assert table.columns == names
    assert table.caption
    assert parsed.text[slice(*table.caption)] == "Visitors 2023/24"


def test_merged_cells_of_a_hostile_sheet_are_bounded() -> None:
    data = saved(book(RIVERS))
    everywhere = b'<mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells><pageMargins'
    sheet = part(data, SHEET).replace(b"<pageMargins", everywhere)
    assert len(parse_xlsx(rezip(data, {SHEET: sheet}), "name").text) < 50_000


def test_the_header_need_not_be_the_first_row_and_empty_rows_are_skipped() -> None:
    rows: list[list[Any]] = [["All rivers of the basin"], [], *RIVERS, [], ["Source: the office"]]
    parsed = parse_xlsx(saved(book(rows)), "name")
    assert pages(parsed)[:2] == [
        (1, "Rivers\n\nAll rivers of the basin"),
        (4, "River: Inn; Length: 518; Source: Maloja"),
    ]
    assert pages(parsed)[-1] == (8, "Source: the office")


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        ([["Inn", 518], ["Drava", 710]], "Inn: 518"),
        ([[1, 2, 3], [4, 5, 6]], "1 | 2 | 3"),
        ([["Name", "Ada"], ["Born in", "London"]], "Name: Ada"),
        ([["same", "same", "same"], ["a", "b", "c"]], "same | same | same"),
        ([["Inn", "Maloja", "long"], ["Enns", "Radstadt", "long"]], "Inn | Maloja | long"),
        ([["Ada", "a@example.org", "x"], ["Bob", "b@example.org", "y"]], "Ada | a@example.org | x"),
        ([["River", "Length"], ["Inn", 518]], "River: Inn; Length: 518"),
        ([["River", 2019, 2020], ["Inn", 5, 6]], "River: Inn; 2019: 5; 2020: 6"),
        ([[None, "Length", "Source"], ["Inn", 518, "Maloja"]], "Inn; Length: 518; Source: Maloja"),
        ([["x" * 90, "b", "c"], ["1", "2", "3"]], f"{'x' * 90} | b | c"),
    ],
)
def test_a_header_is_told_by_its_looks(rows: list[list[Any]], first: str) -> None:
    assert lines(rows)[0] == first


def test_a_header_that_is_repeated_is_read_once() -> None:
    names = RIVERS[0]
    assert lines([names, RIVERS[1], names, RIVERS[3]]) == [
        "River: Inn; Length: 518; Source: Maloja",
        "River: Sava; Length: 990; Source: Zelenci",
    ]


def test_several_tables_on_a_sheet_have_their_own_names_and_groups() -> None:
    rows: list[list[Any]] = [
        ["River", "Length", None, "Peak", "Height"],
        ["Inn", 518, None, "Ortler", 3905],
        ["Enns", 254],
        [],
        ["Lakes of the basin"],
        ["Lake", "Depth"],
        ["Como", 410],
        [],
        ["Total", 410],
        [],
        ["Measured in", "metres"],
        ["Measured by", "Ada"],
    ]
    parsed = parse_xlsx(saved(book(rows)), "name")
    assert [(one.group, parsed.text[one.start : one.end]) for one in parsed.blocks[1:]] == [
        (0, "River: Inn; Length: 518"),
        (0, "River: Enns; Length: 254"),
        (1, "Peak: Ortler; Height: 3905"),
        (None, "Lakes of the basin"),
        (2, "Lake: Como; Depth: 410"),
        (3, "Lake: Total; Depth: 410"),
        (4, "Measured in: metres"),
        (4, "Measured by: Ada"),
    ]
    assert [one.columns for one in parsed.groups][1:4] == [("Peak", "Height"), ("Lake", "Depth"), ("Lake", "Depth")]


def test_a_header_set_off_by_a_gap_belongs_to_the_rows_below() -> None:
    header: list[list[Any]] = [["In millions", None, "Half-year"], ["Zone", "Sales", "Profit"], []]
    rows: list[list[Any]] = [*header, ["North", 12, 3], ["South", 7, 1], [], *header, ["North", 11, 2]]
    assert lines(rows) == [
        "In millions: Half-year",
        "Zone: North; Sales: 12; Profit: 3",
        "Zone: South; Sales: 7; Profit: 1",
        "In millions: Half-year",
        "Zone: North; Sales: 11; Profit: 2",
    ]
    assert lines([["Zone", "Sales", "Profit"], [], ["none yet"]]) == ["Zone | Sales | Profit", "none yet"]


def test_a_sheet_of_names_and_values_is_read_as_such_and_a_gap_between_columns_parts_no_table() -> None:
    assert lines([["Client", "ACME"], ["Invoice", 2024001], ["Date", "2024-05-01"]]) == [
        "Client: ACME",
        "Invoice: 2024001",
        "Date: 2024-05-01",
    ]
    assert lines([["River", 2023, None, 2024], ["Inn", 5, None, 6]]) == ["River: Inn; 2023: 5; 2024: 6"]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1234.5000001, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e15, "General", "1000000000000000"),
        (12345678901.4, "General", "12345678901"),
        (7.0, "General", "7"),
        (12.346, "0.00", "12.35"),
        (12.5, "#,##0.00 [$€-407]", "€12.5"),
        (-1200, '"$"#,##0', "$-1200"),
        (9.5, "[$CHF] 0.00;[Red]-0.00", "CHF 9.5"),
        (9.5, "[$-409]0.00", "9.5"),
        (3.7, "0", "4"),
        (-0.0001, "0.00", "0"),
        (0.125, "0.0%", "12.5%"),
        (0.5, "0%", "50%"),
        (datetime.date(2024, 8, 1), "DD.MM.YYYY", "2024-08-01"),
        (datetime.datetime(2024, 8, 1), "DD.MM.YYYY", "2024-08-01"),
        (datetime.datetime(2024, 8, 1, 13, 30), "DD.MM.YYYY HH:MM", "2024-08-01 13:30"),
        (datetime.time(13, 30), "HH:MM", "13:30"),
        (datetime.timedelta(hours=26), "[h]:mm", "26:00"),
        (True, "General", "TRUE"),
        ("two\nlines  here", "General", "two lines here"),
        ("a_x000D_b_x0041_", "General", "a bA"),
        ("007", "@", "007"),
    ],
)
def test_a_value_is_written_as_a_person_reads_it(value: Any, number_format: str, text: str) -> None:
    workbook = book([["x"]])
    workbook.active["B1"] = value
    workbook.active["B1"].number_format = number_format
    assert parse_xlsx(saved(workbook), "name").text == f"Rivers\n\nx: {text}"


def test_errors_are_left_out_and_of_a_formula_what_it_gave_is_read() -> None:
    data = saved(book([["a", "#REF!", "#N/A", "b", "formula"]]))
    sheet = part(data, SHEET).replace(b'<c r="E1" t="inlineStr"><is><t>formula</t></is></c>', b"")
    sheet = sheet.replace(b"</row>", b'<c r="F1"><f>40+2</f><v>42</v></c></row>')
    assert "a | b | " in (text := parse_xlsx(rezip(data, {SHEET: sheet}), "name").text)
    assert text.endswith(" | 42")


def test_a_sheet_that_claims_to_be_vast_is_read_as_far_as_it_goes() -> None:
    data = saved(book(RIVERS))
    sheet = part(data, SHEET).replace(b'ref="A1:C4"', b'ref="A1:XFD1048576"')
    assert b"XFD1048576" in sheet
    assert parse_xlsx(rezip(data, {SHEET: sheet}), "name") == parse_xlsx(data, "name")
    far = part(data, SHEET).replace(b'<row r="4">', b'<row r="99999999999">')
    far = (
        far.replace(b'r="A4"', b'r="A99999999999"')
        .replace(b'r="B4"', b'r="B99999999999"')
        .replace(b'r="C4"', b'r="C99999999999"')
    )
    assert_read_or_refused(parse_xlsx, iter([rezip(data, {SHEET: far})]))


def test_a_broken_sheet_is_named_and_the_others_are_read() -> None:
    workbook = book([["one"]], "First")
    workbook.create_sheet("Second").append(["two"])
    data = saved(workbook)
    parsed = parse_xlsx(rezip(data, {SHEET: part(data, SHEET)[:-200] + b"<<<"}), "name")
    assert "Second\n\ntwo" in parsed.text
    assert parsed.warning == "damaged and not read to the end: First"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a,b\n1,2\n", "not an XLSX file, though it is named so"),
        (saved(book(RIVERS))[:-100], "the file is cut short"),
        (rezip(saved(book(RIVERS)), {"xl/workbook.xml": b"<broken"}), "the file is damaged: not readable as XLSX"),
        (rezip(saved(book(RIVERS)), {SHEET: b"<broken"}), "the file is damaged"),
        (rezip(saved(book(RIVERS)), {"xl/workbook.xml": f"{BOMB}<x>&a9;</x>".encode()}), "the file is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_xlsx(data, "name")


@pytest.mark.parametrize("path", [SHEET, "xl/styles.xml"])
def test_entities_neither_grow_nor_reach_files(path: str) -> None:
    data = saved(book([["one", "TEXT"]]))
    for name in ("a9", "file"):
        broken = part(data, SHEET).replace(b"TEXT", f"&{name};".encode())
        start = broken.index(b"<worksheet")
        bomb = rezip(data, {SHEET: broken[:start] + BOMB.encode() + broken[start:]})
        try:
            text = parse_xlsx(bomb, "name").text
        except ParseError:
            continue
        assert len(text) < 1000
        assert "root:" not in text


def test_a_damaged_workbook_is_read_or_refused() -> None:
    data = saved(book(RIVERS))
    assert_read_or_refused(parse_xlsx, damaged(data, 20))
    assert_read_or_refused(parse_xlsx, damaged_inside(data, [SHEET, "xl/workbook.xml", "xl/styles.xml"], 8))


TABLE = "River{0}Length{0}Source\nInn{0}518{0}Maloja\nDrava{0}710{0}\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_records(delimiter: str) -> None:
    parsed = parse_csv(TABLE.format(delimiter).encode(), "name")
    assert parsed.page_kind == "row"
    assert pages(parsed) == [(2, "River: Inn; Length: 518; Source: Maloja"), (3, "River: Drava; Length: 710")]
    assert (parsed.title, parsed.headings) == ("name", ())


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ('river;note\n"Inn";"long;\nand wide"\n', ["river: note", "Inn: long; and wide"]),
        ("name;price\nInn;1,5\nDrava;2,25\n", ["name: Inn; price: 1,5", "name: Drava; price: 2,25"]),
        ('a,b\n"He said ""yes""",1\n', ['a: He said "yes"; b: 1']),
        ("sep=|\na|b\nx|1\n", ["a: x; b: 1"]),
        ('a,b,c\n"open,2,3\nx,4,5\n', ['a: "open; b: 2; c: 3', "a: x; b: 4; c: 5"]),
        (
            "The Inn, which is long.\nIt ends.\nSo, too, does this, in the end.\n",
            ["The Inn, which is long.", "It ends.", "So, too, does this, in the end."],
        ),
        ("word\n", ["word"]),
    ],
)
def test_records_are_read_as_they_are_meant(text: str, blocks: list[str]) -> None:
    assert block_texts(parse_csv(text.encode(), "name")) == blocks


def test_a_title_and_two_header_rows_of_a_table_in_csv_are_read() -> None:
    text = "Visitors\n;2023;;2024;\nMuseum;Adults;Children;Adults;Children\nWindmill;310;120;295;140\nForge;1;2;3;4\n"
    parsed = parse_csv(text.encode(), "name")
    assert block_texts(parsed)[:2] == [
        "Visitors",
        "Museum: Windmill; 2023 Adults: 310; 2023 Children: 120; 2024 Adults: 295; 2024 Children: 140",
    ]
    assert parsed.blocks[0].kind == "caption"


def test_the_number_of_a_row_is_that_of_its_record() -> None:
    text = 'a,b,c\n"two\nlines",1,2\n\n,,\nx,3,4\n'
    assert pages(parse_csv(text.encode(), "name")) == [(2, "a: two lines; b: 1; c: 2"), (5, "a: x; b: 3; c: 4")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_in_its_encoding(encoding: str) -> None:
    text = "Größe;Länge;Straße\nfünf;zwölf;Mühlgäßchen für Fußgänger\nschön;größer;Brücke über die Flüsse\n"
    assert parse_csv(text.encode(encoding), "name").text.startswith("Größe: fünf; Länge: zwölf; Straße: Mühlg")


def test_a_cell_as_long_as_a_book_is_read() -> None:
    assert parse_csv(f"a,b,c\n1,2,{'word ' * 100_000}\n".encode(), "name").text.count("word") == 100_000


def test_damaged_tables_are_read_or_refused() -> None:
    assert_read_or_refused(parse_csv, damaged((TABLE.format(",") * 20).encode(), 100))
