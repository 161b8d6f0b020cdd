"""What a message says itself, what it quotes, and who signed it."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage

import pytest

from rag.parse import parse
from rag.parse.mail import parse_mail
from rag.parse.parsed import Parsed

WROTE = "On Mon, 3 Mar 2025 at 09:02, Wim Decker <wim@example.org> wrote:"


def read(body: str, subject: str = "Re: The scaffold", kind: str = "plain") -> Parsed:
    head = f"From: Pilar <pilar@example.org>\nSubject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return parse_mail((head + body).encode(), "file")


def blocks(parsed: Parsed) -> list[tuple[str, bool, str]]:
    """Return kind, whether it is context, and text of the blocks under the headers."""
    return [(one.kind, one.is_context, parsed.text[one.start : one.end]) for one in parsed.blocks[2:]]


def test_the_headers_are_fields() -> None:
    parsed = read("Hello.")
    assert [(one.kind, one.is_context) for one in parsed.blocks] == [
        ("field", True),
        ("field", True),
        ("paragraph", False),
    ]


def test_a_reply_stands_apart_from_what_it_quotes_and_from_its_signature() -> None:
    parsed = read(
        f"No, the new date is 21 March.\n\nPilar\n\n{WROTE}\n> Does it still come on 14 March?\n> I am not sure.\n>\n"
        "> On Fri, 28 Feb 2025, Pilar Acosta wrote:\n>> It comes on 14 March.\n\n-- \nPilar Acosta | Tel. 555 0142\n"
    )
    assert blocks(parsed) == [
        ("paragraph", False, "No, the new date is 21 March."),
        ("paragraph", False, "Pilar"),
        ("field", True, WROTE),
        ("quote", True, "Does it still come on 14 March?\nI am not sure."),
        ("field", True, "On Fri, 28 Feb 2025, Pilar Acosta wrote:"),
        ("quote", True, "It comes on 14 March."),
        ("paragraph", True, "--\nPilar Acosta | Tel. 555 0142"),
    ]
    assert [one.level for one in parsed.blocks if one.kind == "quote"] == [1, 2]


def test_an_answer_below_or_between_what_it_quotes_is_an_answer() -> None:
    parsed = read(
        f"{WROTE}\n\n> Does it come on 14 March?\n\nNo, on 21 March.\n\n> What does it cost?\n\n6,400 euros.\n"
    )
    assert blocks(parsed) == [
        ("field", True, WROTE),
        ("quote", True, "Does it come on 14 March?"),
        ("paragraph", False, "No, on 21 March."),
        ("quote", True, "What does it cost?"),
        ("paragraph", False, "6,400 euros."),
    ]


@pytest.mark.parametrize(
    "wrote",
    [
        WROTE,
        "On Mon, 3 Mar 2025 at 09:02, Wim Decker\n<wim@example.org> wrote:",
        "Am 03.03.25 um 09:02 schrieb Wim Decker:",
        "Wim Decker <w@example.org> schrieb am Mo., 3. März 2025, 09:02:",
        "Le lun. 3 mars 2025 à 09:02, Wim <w@example.org> a écrit\u00a0:",
        "El lun, 3 mar 2025 a las 9:02, Wim (<w@example.org>) escribió:",
        "Il giorno lun 3 mar 2025 alle ore 09:02 Wim <w@example.org> ha scritto:",
        "Op ma 3 mrt 2025 om 09:02 schreef Wim <w@example.org>:",
        "Em seg., 3 de mar. de 2025 às 09:02, Wim <w@example.org> escreveu:",
        "pon., 3 mar 2025 o 09:02 Wim <w@example.org> napisał(a):",
        "Den mån 3 mars 2025 kl 09:02 skrev Wim <w@example.org>:",
        "2025年3月3日(月) 9:02 Wim <w@example.org>:",
    ],
)
@pytest.mark.parametrize("mark", ["", "> "])
def test_the_line_that_says_who_wrote_is_known_in_many_languages(wrote: str, mark: str) -> None:
    found = blocks(read(f"Yes.\n\n{wrote}\n\n{mark}Does it come?\n{mark}Does it cost?\n"))
    assert found == [
        ("paragraph", False, "Yes."),
        ("field", True, wrote),
        ("quote", True, "Does it come?\nDoes it cost?"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "-----Original Message-----\nFrom: Wim\nSent: Monday\nTo: Pilar\nSubject: The scaffold",
        "________________________________\nVon: Wim\nGesendet: Montag\nAn: Pilar\nBetreff: Das Gerüst",
        "De : Wim\nEnvoyé : lundi\nÀ : Pilar\nObjet : Devis",
        "From: Wim\nDate: 3 March\nSubject: The scaffold",
    ],
)
def test_what_stands_under_the_headers_of_another_message_is_quoted(header: str) -> None:
    found = blocks(read(f"Yes.\n\n{header}\n\nDoes it come?\n\nWim\n"))
    assert [text for kind, _, text in found if kind == "field"] == header.split("\n")
    assert found[-2:] == [("quote", True, "Does it come?"), ("quote", True, "Wim")]


@pytest.mark.parametrize(
    "body",
    [
        "The meeting of 3 March 2025 at 09:02 decided:\n\nWe build.",
        "From: London\n\nTo: Paris",
        "Name: Ada\nPhone: 555\nMail: a@example.org",
        "Prices ---- as of 2025:\n\nfive",
    ],
)
def test_what_only_looks_like_a_quotation_is_the_messages_own(body: str) -> None:
    assert {(kind, context) for kind, context, _ in blocks(read(body))} == {("paragraph", False)}


def test_what_is_forwarded_is_what_the_message_is_about() -> None:
    body = (
        "<div>Rita, please decline.</div><br><div class='gmail_quote'>---------- Forwarded message ---------<br>"
        "From: <b>Crane Co</b> &lt;hire@example.org&gt;<br>Date: Tue, 8 Apr 2025<br>Subject: crane hire<br><br>"
        "We offer the crane for 310 euros an hour.</div>"
    )
    assert blocks(read(body, "Fwd: crane hire", "html")) == [
        ("paragraph", False, "Rita, please decline."),
        ("field", True, "---------- Forwarded message ---------"),
        ("field", True, "From: Crane Co <hire@example.org>"),
        ("field", True, "Date: Tue, 8 Apr 2025"),
        ("field", True, "Subject: crane hire"),
        ("quote", False, "We offer the crane for 310 euros an hour."),
    ]
    assert blocks(read(f"{WROTE}\n> It comes.\n"))[-1] == ("quote", False, "It comes.")  # there is nothing else


def test_quotations_in_html_are_known_by_their_markup_and_what_is_hidden_is_left_out() -> None:
    body = (
        "<div style='display:none;max-height:0'>Preheader</div><p style='font-size:0px'>tiny</p>"
        "<p style='color:#ffffff'>white</p><p>Yes, on <b>21 March</b>.</p><ul><li>at nine</li></ul>"
        "<div class='gmail_quote'><div class='gmail_attr'>El lun, 3 mar 2025, Wim (w@example.org) escribió:<br></div>"
        "<blockquote class='gmail_quote'><p>Does it come?</p><ul><li>or not</li></ul></blockquote></div><p>Pilar</p>"
    )
    assert blocks(read(body, kind="html")) == [
        ("paragraph", False, "Yes, on 21 March."),
        ("item", False, "at nine"),
        ("field", True, "El lun, 3 mar 2025, Wim (w@example.org) escribió:"),
        ("quote", True, "Does it come?"),
        ("quote", True, "or not"),
        ("paragraph", False, "Pilar"),
    ]


def test_lists_are_lists_and_paragraphs_keep_their_lines() -> None:
    parsed = read(
        "Bring\nthese:\n\n  - boots\n  - a rope that\n    is long\n      - of hemp\n\nThanks.\n>From here on\n"
    )
    assert blocks(parsed) == [
        ("paragraph", False, "Bring\nthese:"),
        ("item", False, "- boots"),
        ("item", False, "- a rope that\n  is long"),
        ("item", False, "- of hemp"),
        ("paragraph", False, "Thanks.\nFrom here on"),
    ]
    assert [one.level for one in parsed.blocks if one.kind == "item"] == [1, 1, 2]
    (group,) = parsed.groups
    assert group.lead_in
    assert parsed.text[slice(*group.lead_in)] == "Bring\nthese:"


def cut_mail() -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "ada@example.org", "Bolts"
    message.set_content("The list is attached.")
    message.add_attachment(b"Gate: 4471.\n", maintype="text", subtype="plain", filename="site.txt")
    message.add_attachment(b"Bolt: forty.\n" * 50, maintype="text", subtype="plain", filename="bolts.txt")
    data = message.as_bytes()
    return data[: data.index(base64.b64encode(b"Bolt: forty.\n" * 3)) + 101]


def test_a_mail_that_is_cut_in_an_attachment_gives_the_rest_and_no_code() -> None:
    found = parse(cut_mail(), "m.eml")
    assert [one.source for one in found.documents] == ["m.eml", "m.eml/site.txt", "m.eml/bolts.txt"]
    assert found.documents[0].text.endswith("The list is attached.")
    assert found.documents[2].text.startswith("Bolt: forty.\nBolt: forty.")
    assert found.documents[2].text.strip().endswith("Bolt: fort")
    assert found.warning == "cut short: what stood at its end is missing"


def test_the_code_of_an_attachment_is_no_text() -> None:
    code = base64.encodebytes(bytes(range(256)) * 4).decode()
    assert blocks(read(f"See below.\n\n{code}\nBye.")) == [
        ("paragraph", False, "See below."),
        ("paragraph", False, "Bye."),
    ]


@pytest.mark.parametrize(
    "unit", ["On ", "> ", "From: ", "* ", "-", " ", "From: a\n", "Am schrieb ", "1:11 <", "A" * 70]
)
def test_a_hostile_body_is_read_in_time(unit: str) -> None:
    started = time.monotonic()
    read((unit * 200_000)[:400_000])
    assert time.monotonic() - started < 10
