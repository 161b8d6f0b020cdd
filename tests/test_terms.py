"""What a question names exactly is found however it is written: dates, identifiers, short forms, signs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.query import read_query
from rag.sync import sync
from tests.folders import assistant_over, index_over

# What was done at a boatyard on a day of its own, each day written in another way.
DAYS = {
    "5 March 2021": "the keel of the Osprey was laid",
    "April 9th, 2021": "the rudder of the Heron was hung",
    "2021-05-14": "the mast of the Egret was stepped",
    "11/23/2021": "the deck of the Tern was caulked",
    "7.6.2022": "the sails of the Gannet were bent",
    "the second of August 2022": "the hull of the Petrel was tarred",
    "13th of October 2022": "the anchor of the Curlew was forged",
    "Nov. 30, 2022": "the galley of the Puffin was fitted",
    "20230117": "the compass of the Avocet was swung",
    "2024年2月8日": "the lamps of the Dunlin were hung",
}
ASKED = (
    "on 2021-03-05", "on 9.4.2021", "on May 14th, 2021", "on 23 November 2021", "on the seventh of June 2022",
    "on 02.08.2022", "on Oct 13, 2022", "on 30/11/2022", "on 17 January 2023", "on February 8, 2024",
)  # fmt: skip
SHOP = {
    "log.md": "# Log of the boatyard\n\n" + "\n\n".join(f"Entry of {day}: {done}." for day, done in DAYS.items()),
    "faults.md": "# Faults of the crane\n\n- E-411: the brake is worn\n- E-412: the hook is bent\n- E-414: the cable is"
    " frayed\n- F7: the cabin is too hot\n",
    "orders.csv": "order,buyer,price\nAB-1204/7,Nordby Ltd,310\nAB-1204/9,Lund Bros,475\nK2023-88,Marit Vik,90\n"
    "55-2087,Skov & Son,1260\n",
    "statutes.md": "# Statutes\n\n## § 12\nThe warden keeps the keys.\n\n## § 21\nThe cashier keeps the books.\n\n"
    "## Charter\nArticle XIV leaves the pier to the town. Articles 30 to 34 are about moorings.\n",
    "rooms.md": "# Lofts\n\nRoom 31 has nine benches. Rooms 41, 42 and 47 have a stove each. Room 310 is locked.\n",
    "notes.md": "# Versions of the plotter\n\nv2.3.1 draws splines. v2.3.4 cuts foil. Ticket #58 asks for a ruler; #59"
    " for a stand. plot_size.cfg sets the sheet, plot_speed.cfg the pace. The HX 540 pen writes white.\n",
    "leave.md": "# Leave\n\nStaff accrue personal recovery hours (PRH) from the first month.\n\nThe head office of the"
    " BWA (Boat Workers Association) is in Hull.\n",
    "rules.md": "# Rules of the office\n\nUnused PRH lapse in June.\n\nForms for personal recovery hours lie at the"
    " counter.\n\nThe Boat Workers Association meets on Mondays. Dues to the BWA are paid in cash.\n",
    "signs.md": "# Tools\n\nThe R&D shed opens at six. Turbines are drawn in C++. Gauges are read with .NET. Blasts"
    " weigh 10⁶ grams, and 106 gulls were counted.\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path_factory.mktemp("terms"), SHOP, embedder)


def first(assistant: Assistant, question: str) -> str:
    answer = assistant.ask(question)
    assert not answer.abstained, f"{question}: {answer.confidence}"
    return answer.citations[0].quote


@pytest.mark.parametrize(("asked", "done"), list(zip(ASKED, DAYS.values(), strict=True)))
def test_a_date_is_found_however_it_is_written(assistant: Assistant, asked: str, done: str) -> None:
    assert done in first(assistant, f"What was done {asked}?")


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("What does fault E-412 mean?", "the hook is bent"),
        ("What does E 414 mean?", "the cable is frayed"),
        ("what does e411 mean", "the brake is worn"),
        ("What does F7 mean?", "the cabin is too hot"),
        ("What is the price of AB-1204/9?", "475"),
        ("Who is the buyer of order K2023-88?", "Marit Vik"),
        ("Who is the buyer of order 55-2087?", "Skov & Son"),
        ("What does § 21 say?", "The cashier keeps the books."),
        ("What is article 32 about?", "Articles 30 to 34"),
        ("What is in room 42?", "Rooms 41, 42 and 47"),
        ("How many benches has room 31?", "nine benches"),
        ("What does version 2.3.4 do?", "v2.3.4 cuts foil"),
        ("What does #59 ask for?", "#59 for a stand"),
        ("What does plot_speed.cfg set?", "plot_speed.cfg"),
        ("What does the HX-540 write?", "HX 540"),
    ],
)
def test_an_identifier_is_answered_by_what_says_it(assistant: Assistant, question: str, quote: str) -> None:
    assert quote in first(assistant, question)


@pytest.mark.parametrize(
    "question",
    [
        "What does fault E-413 mean?",
        "What does E-41 mean?",
        "What is the price of AB-1204/8?",
        "Who is the buyer of order K2023-89?",
        "Who is the buyer of order 55-2078?",
        "What does § 13 say?",
        "What is Article 16 about?",
        "What is article 36 about?",
        "What is in room 43?",
        "How many benches has room 3?",
        "What does v2.3.2 do?",
        "What does #57 ask for?",
        "What does plot_depth.cfg set?",
        "What does the HX-541 write?",
    ],
)
def test_an_identifier_that_stands_nowhere_is_refused(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained
    assert answer.confidence == 0.0
    assert answer.note.endswith(" stands nowhere in the documents")
    assert answer.note.removesuffix(" stands nowhere in the documents").split()[-1] in question


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("When do unused personal recovery hours lapse?", "Unused PRH lapse in June."),
        ("Where are the PRH forms?", "Forms for personal recovery hours"),
        ("When does the BWA meet?", "The Boat Workers Association meets on Mondays."),
        ("How are dues to the Boat Workers Association paid?", "Dues to the BWA are paid in cash."),
    ],
)
def test_a_short_form_is_found_by_what_it_is_short_for_and_the_other_way(
    assistant: Assistant, question: str, quote: str
) -> None:
    assert quote in first(assistant, question)


def test_a_short_form_is_forgotten_with_the_document_that_explained_it(tmp_path: Path, embedder: Embedder) -> None:
    index = index_over(tmp_path, {name: SHOP[name] for name in ("leave.md", "rules.md")}, embedder, 100)

    def explained() -> list[tuple[str, str]]:
        with index.reading() as reader:
            return [(one.short, one.long) for one in read_query("PRH forms", reader, embedder).explained]

    assert explained() == [("PRH", "personal recovery hours")]
    (tmp_path / "corpus" / "leave.md").unlink()
    sync(index, tmp_path / "corpus", embedder, 100)
    assert explained() == []


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("When does R & D open?", "The R&D shed opens at six."),
        ("What is drawn in C++?", "Turbines are drawn in C++."),
        ("What is read with .NET?", "Gauges are read with .NET."),
        ("What weighs 10^6 grams?", "Blasts weigh 10⁶ grams"),
    ],
)
def test_signs_that_carry_meaning_are_found(assistant: Assistant, question: str, quote: str) -> None:
    assert quote in first(assistant, question)
