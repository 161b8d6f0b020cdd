from __future__ import annotations

import textwrap
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.lines import code_blocks, line_blocks
from tests.texts import layouts

# What belongs together is a string with newlines in it; "" is an empty line.
SEPARATE = {
    "minutes": [
        "Minutes of the allotment society, 4 March",
        "Present: Ann Leigh, Bob Marsh, Cid Nolan",
        "Absent: Dora Quill",
        "",
        "1. The water meter",
        "Ann reported that the meter had been read twice and that the bill for the\nwhole site would come to 412.",
        "Bob will ask the Northern Water Board for a copy.",
        "Decision: pay under protest",
        "Next meeting: 1 April, 19:00, at the Crown",
    ],
    "mail": [
        "Dear Mrs Okafor,",
        "",
        "thank you for your letter of 3 May. We have looked at the boiler and would\nlike to come on Thursday, "
        "when Mr Brandt is back, to change the valve and\nthe seal.",
        "",
        "> Could you tell me when the plumber comes, and whether I have to be at\n> home the whole day?",
        "",
        "Between 8 and 10 in the morning.",
        "",
        "Kind regards",
        "Lena Dorn",
        "--",
        "Dorn Heating Ltd",
        "12 Mill Lane, Harlow",
        "Tel. 01279 555 010",
    ],
    "poem": [
        "The tide goes out beyond the bar",
        "And leaves the harbour dry,",
        "The boats lie down upon the mud",
        "Beneath a paper sky,",
        "",
        "And nobody remembers now",
        "The keeper or the light,",
    ],
    "poem of long lines": [
        "When I consider how the river bends below the mill and takes the valley road,",
        "Past Harlow and the orchards where the pickers used to sing upon the wall,",
        "I think of all the letters that you never sent me and the ones you owed,",
        "And wonder if the ferryman remembers us or anyone at all",
    ],
    "song": [
        "Oh the wind is on the water",
        "Roll me over, roll me home",
        "Oh the captain's only daughter",
        "Roll me over, let me roam",
        "",
        "(Chorus)",
        "Heave away, my Johnny",
        "Heave away",
    ],
    "addresses": [
        "Garage Winkler",
        "Owner: Theo Winkler",
        "Oil Lane 8, 4410 Marsden",
        "Open Monday to Friday, 7.30 to 17.00",
        "",
        "Institute of Fisheries",
        "Quay 4",
        "24103 Kiel",
        "Germany",
    ],
    "telephone list of like lengths": [
        "Ada Brown, room 12, extension 4011",
        "Ben Stone, room 14, extension 4012",
        "Cat Frost, room 15, extension 4013",
        "Dov Adler, room 17, extension 4014",
    ],
    "columns set by spaces": [
        "Bearing       4300   in stock",
        "brake         1250   ordered",
        "gear          980    in stock",
        "",
        "07:05 Orsa  platform 2  to Malmby",
        "07:35 Orsa  platform 4  to Skanby",
    ],
    "columns set by tabs": ["milk\t1.10\tper litre", "eggs\t2.40\tfor ten of them"],
    "shopping list": ["milk", "eggs", "two loaves of bread", "candles"],
    "ingredients": [
        "2 kilograms of ripe plums",
        "400 g of brown sugar",
        "half a litre of vinegar",
        "1 stick of cinnamon",
    ],
    "list with hanging indents": [
        "Bring with you:",
        "- a copy of the tenancy agreement that both the landlord and\n  the tenant have signed",
        "- the vehicle registration certificate, or a letter of the\n  Ministry of Transport",
        "- a photograph",
        "1) the first thing to do is to close the guard of the lathe\n   and only then to turn the switch",
        "2) wait",
        "a) pull the lever",
        "b) push it back",
    ],
    "chat": [
        "[12/05/2025, 09:14] Rosa: Who brings the grill?",
        "[12/05/2025, 09:15] Emil: I do",
        "[12/05/2025, 09:15] Emil: and the charcoal, and twenty sausages from the butcher in Holm",
        "[12/05/2025, 09:17] Rosa: good. Karl makes the salad",
    ],
    "chat without times": [
        "rosa: who brings the grill",
        "emil: i do",
        "karl: no, i bring the bread, and noor brings salad",
    ],
    "log": [
        "2025-06-01 02:11:07 INFO backup started",
        "2025-06-01 02:14:55 ERROR disk /dev/sdb1 full, backup aborted",
        "2025-06-01 02:15:00 WARN mail to admin@reef.example sent",
        "Jun  1 02:15:01 reef sshd[311]: accepted key for backup from 10.0.0.4",
    ],
    "keys and values": [
        "name = heron",
        "timeout = 25",
        "",
        "service: heron",
        "  name: the pump of the long northern basin",
        "  pager: 555-0199",
        "retries: four",
    ],
    "questions and answers": [
        "Q: Can I take my dog on the ferry?",
        "A: Yes, on the open deck and in the kennel room.",
    ],
    "tickets": ["#4021 The door of tram 17 jams", "#4022 The heating of the canteen is out", "#depot #trams"],
    "markdown": ["# Findings", "Text under it.", "| name | born |", "|------|------|", "| Ada | 1815 |"],
    "underlined": ["Findings", "========", "Text under it."],
    "steps": ["The steps are as follows.", "Step 1: close the guard", "Step 2: turn the red switch to ON"],
    "names alone": ["Anna Petra Berg-Olsen of the Harbour Board", "Ulf Berger of the Northern Ferry Company"],
}

PROSE = (
    "The committee met on Tuesday to discuss the budget for the coming year, which Mrs Okafor of the Harbour Board had"
    " prepared. It was decided that no further cuts would be made before the election in May, and that the Northern"
    " Ferry Company would be asked for its figures of 2019 and 2020. Mr Brandt said that he had seen no sign of the"
    " money that the Ministry of Transport had promised, e.g. for the new quay at Holm. Nobody objected. The rest was"
    " put off until autumn."
)
GERMAN = (
    "Der Ausschuss traf sich am Dienstag, um den Haushalt für das kommende Jahr zu besprechen, den Frau Okafor vom"
    " Hafenamt vorbereitet hatte. Beschlossen wurde, dass vor der Wahl im Mai keine weiteren Kürzungen vorgenommen"
    " werden und dass die Nordische Fährgesellschaft um ihre Zahlen aus den Jahren 2019 und 2020 gebeten wird. Herr"
    " Brandt sagte, er habe von dem Geld, das das Ministerium für Verkehr versprochen habe, noch nichts gesehen."
)
CHINESE = (
    "委员会星期二开会讨论明年的预算，这份预算由港务局的奥卡福女士准备，会上决定在五月选举之前不再削减任何开支。" * 4
)
ARABIC = (
    "اجتمعت اللجنة يوم الثلاثاء لمناقشة ميزانية العام المقبل التي أعدتها السيدة أوكافور من هيئة الميناء قبل الانتخابات "
    * 4
)


def blocks(text: str) -> list[str]:
    return [text[start:end] for start, end in line_blocks(text)]


@pytest.mark.parametrize("name", SEPARATE)
def test_lines_are_together_or_apart_as_a_reader_takes_them(name: str) -> None:
    expected = [block for block in SEPARATE[name] if block]
    assert [block.strip() for block in blocks("\n".join(SEPARATE[name]))] == expected or blocks(
        "\n".join(SEPARATE[name])
    ) == expected


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100])
@pytest.mark.parametrize("text", [PROSE, GERMAN, ARABIC.strip()], ids=["English", "German", "Arabic"])
def test_wrapped_prose_is_one_paragraph(text: str, width: int) -> None:
    wrapped = textwrap.fill(text, width, break_on_hyphens=False)
    assert blocks(wrapped) == [wrapped]


@pytest.mark.parametrize("width", [60, 72, 80, 100])
@pytest.mark.parametrize("overlong", [0, 1, 2])
def test_an_overlong_line_breaks_nothing(width: int, overlong: int) -> None:
    lines = textwrap.wrap(PROSE, width)
    lines[overlong] += " and then a long remark that somebody put in later without setting the paragraph anew, he said"
    assert len(blocks("\n".join(lines))) == 1


@pytest.mark.parametrize("indents", [("    ", ""), ("  ", "  "), ("", "    "), ("> ", "> "), ("# ", "# ")])
def test_wrapped_prose_with_indents_or_marks_is_one_paragraph(indents: tuple[str, str]) -> None:
    wrapped = textwrap.fill(PROSE, 72, initial_indent=indents[0], subsequent_indent=indents[1])
    assert blocks(wrapped) == [wrapped]


def test_paragraphs_told_by_an_indent_alone_are_apart() -> None:
    paragraphs = [textwrap.fill(PROSE, 72, initial_indent="    "), textwrap.fill(PROSE, 72, initial_indent="    ")]
    assert blocks("\n".join(paragraphs)) == paragraphs


def test_script_without_spaces_is_wrapped_anywhere() -> None:
    wrapped = "\n".join(CHINESE[at : at + 40] for at in range(0, len(CHINESE), 40))
    assert blocks(wrapped) == [wrapped]


def test_two_lines_of_a_wrapped_document_are_a_paragraph_before_a_name_too() -> None:
    tail = "We will be travelling to the meeting of the long northern basin with Mr\nSmith and his dog."
    text = f"{textwrap.fill(PROSE, 72)}\n\n{tail}"
    assert blocks(text)[-1] == tail


def test_of_a_program_only_the_lines_of_a_comment_are_joined() -> None:
    lines = [
        "#!/bin/sh",
        "# Backups of the choir archive are copied to the vault every night,\n# and ninety of them are kept.",
        "# Ask Marguerite first.",
        "rsync -a /srv/choir vault:/choir",
        "for name in choir organ; do",
        "  echo name of the choir is $name",
        "done",
    ]
    text = "\n".join(lines)
    assert [text[start:end] for start, end in code_blocks(text)] == [line.rstrip() for line in lines]


@given(st.one_of(st.text(), layouts()))
def test_blocks_hold_all_lines_in_order(text: str) -> None:
    for find in (line_blocks, code_blocks):
        spans = list(find(text))
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
