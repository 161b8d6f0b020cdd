"""Pages of PDFs as pictures: words are marked where they were printed, and no file stops the program."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from rag.errors import ParseError, RagError, UsageError
from rag.parse import parse
from rag.parse.page import PageMarks
from rag.parse.worker import Worker
from rag.pictures import Pictures
from rag.types import Document

PAGE = (400, 300)  # points
FONT, SIZE = "Helvetica", 12
SCALE = 150 / 72
LINES = (
    "The river rises in the forest and is joined by a smaller",
    "stream below the mill. It was measured in 1851 by Ada",
    "Brown, who found it to be ninety kilometres long. Its exam-",
    "ple was followed by others, and the forest has not changed.",
)


def pdf(draw: Callable[[Canvas], None], **options: object) -> bytes:
    file = BytesIO()
    canvas = Canvas(file, pagesize=PAGE, **options)
    draw(canvas)
    canvas.save()
    return file.getvalue()


def printed(canvas: Canvas, lines: tuple[str, ...] = LINES, left: float = 40, top: float = 250) -> None:
    canvas.setFont(FONT, SIZE)
    for at, line in enumerate(lines):
        canvas.drawString(left, top - 16 * at, line)


class Held:
    """The pictures of a folder with a file, and what an index would hold of it."""

    def __init__(self, folder: Path, document: Document, word_boxes: bytes) -> None:
        self.pictures = Pictures(folder)
        self.document = document
        self.word_boxes = word_boxes

    def marks(self, number: int, *spans: tuple[int, int]) -> PageMarks:
        return self.pictures.marks(self.document, self.word_boxes, number, spans)

    def picture(self, number: int = 1) -> bytes:
        return self.pictures.picture(self.document, number).png

    def span(self, words: str) -> tuple[int, int]:
        start = self.document.text.index(words)
        return start, start + len(words)


def opened(folder: Path, data: bytes, name: str = "river.pdf") -> Held:
    (folder / name).write_bytes(data)
    parsed = parse(data, name)
    document = next(one for one in parsed.documents if one.source.endswith(".pdf"))
    return Held(folder, document, parsed.word_boxes.get(document.source, b""))


def unread(folder: Path, data: bytes) -> Held:
    """Return what an index might hold of a file that cannot be read any more as it was."""
    (folder / "river.pdf").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return Held(folder, Document(source="river.pdf", sha256=sha256, title="", text="The river"), b"")


def place(line: str, words: str, number: int, left: float = 40, top: float = 250) -> tuple[float, float, float, float]:
    """Return where words of a line were printed, in pixels from the left and the top."""
    start = left + stringWidth(line[: line.index(words)], FONT, SIZE)
    base = PAGE[1] - (top - 16 * number)
    width = stringWidth(words, FONT, SIZE)
    return start * SCALE, (base - 0.72 * SIZE) * SCALE, (start + width) * SCALE, base * SCALE


def near(marks: PageMarks, wanted: list[tuple[float, float, float, float]]) -> bool:
    """Whether boxes are where words were printed: as wide, and from their tops to their feet or a little more."""
    boxes = marks.boxes[0]
    return len(boxes) == len(wanted) and all(
        abs(box.left - left) < 4
        and abs(box.right - right) < 4
        and top - 10 < box.top <= top + 3
        and bottom - 1 <= box.bottom < bottom + 10
        for box, (left, top, right, bottom) in zip(boxes, wanted, strict=True)
    )


def seen(held: Held, words: str) -> Image.Image:
    """Return what of the picture of a page lies in the box of words."""
    picture = Image.open(BytesIO(held.picture(1)))
    marks = held.marks(1, held.span(words))
    assert picture.size == (marks.width, marks.height)
    (box,) = marks.boxes[0]
    return picture.crop((box.left, box.top, box.right, box.bottom)).convert("L")


def test_words_are_marked_where_they_were_printed_a_box_a_line(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    marks = held.marks(1, held.span("measured in 1851"))
    assert (marks.width, marks.height) == (834, 625)
    assert near(marks, [place(LINES[1], "measured in 1851", 1)])
    quote = "It was measured in 1851 by Ada Brown, who found it to be ninety kilometres long."
    marks = held.marks(1, held.span(quote))
    wanted = [place(LINES[1], "It was measured in 1851 by Ada", 1)]
    wanted.append(place(LINES[2], "Brown, who found it to be ninety kilometres long.", 2))
    assert near(marks, wanted)


def test_a_mended_word_is_marked_in_both_its_lines(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    marks = held.marks(1, held.span("Its example was"))
    assert near(marks, [place(LINES[2], "Its exam-", 2), place(LINES[3], "ple was", 3)])


def test_of_words_that_stand_twice_those_are_marked_that_are_meant(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    first, second = held.span("the forest"), held.span("the forest has")
    assert near(held.marks(1, first), [place(LINES[0], "the forest", 0)])
    assert near(held.marks(1, second), [place(LINES[3], "the forest has", 3)])


def unlike(one: Image.Image, other: Image.Image) -> float:
    """Return how far two pictures are from one another, a pixel more or less aside."""
    blur = ImageFilter.GaussianBlur(3)
    difference = ImageChops.difference(one.filter(blur), other.resize(one.size).filter(blur))
    return float(ImageStat.Stat(difference).mean[0])


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_on_a_turned_page_the_marks_turn_with_it(tmp_path: Path, turn: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(turn)
        printed(canvas)

    upright = seen(opened(tmp_path, pdf(printed)), "measured in 1851")
    turned = seen(opened(tmp_path, pdf(draw)), "measured in 1851").rotate(turn, expand=True)
    assert abs(turned.width - upright.width) < 4
    upside_down = turned.rotate(180)
    assert unlike(upright, turned) < 0.5 * unlike(upright, upside_down)


def test_on_a_cropped_page_the_marks_are_where_the_words_are_seen(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed, cropBox=(20, 100, 400, 280)))
    marks = held.marks(1, held.span("measured in 1851"))
    left, top, right, bottom = place(LINES[1], "measured in 1851", 1)
    assert near(marks, [(left - 20 * SCALE, top - 20 * SCALE, right - 20 * SCALE, bottom - 20 * SCALE)])


def test_what_is_marked_is_ink_and_what_is_not_is_paper(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    picture = Image.open(BytesIO(held.picture(1))).convert("L")
    (box,) = held.marks(1, held.span("1851")).boxes[0]
    assert picture.crop((box.left, box.top, box.right, box.bottom)).getextrema() == (0, 255)
    assert picture.crop((0, 400, 834, 625)).getextrema() == (255, 255)


def test_a_sentence_that_runs_over_pages_is_marked_on_both(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        printed(canvas, LINES[:2])
        canvas.showPage()
        printed(canvas, LINES[2:])

    held = opened(tmp_path, pdf(draw))
    quotation = held.span("by Ada Brown, who")
    assert near(held.marks(1, quotation), [place(LINES[1], "by Ada", 1)])
    assert near(held.marks(2, quotation), [place(LINES[2], "Brown, who", 0)])


def test_numbers_under_the_names_of_their_columns_are_marked_themselves(tmp_path: Path) -> None:
    rows = ("Net sales", "82,959", "81,434"), ("Cost of sales", "47,074", "46,179"), ("Profit", "35,885", "35,255")

    def draw(canvas: Canvas) -> None:
        canvas.setFont(FONT, SIZE)
        for at, row in enumerate((("", "June 2022", "June 2021"), *rows)):
            for x, cell in zip((40, 180, 290), row, strict=True):
                canvas.drawString(x, 250 - 16 * at, cell)

    held = opened(tmp_path, pdf(draw))
    assert "Cost of sales; June 2022: 47,074; June 2021: 46,179" in held.document.text
    marks = held.marks(1, held.span("June 2022: 47,074"))
    assert near(marks, [place("47,074", "47,074", 2, left=180)])
    row = held.marks(1, held.span("Cost of sales; June 2022: 47,074; June 2021: 46,179"))
    wanted = [place(cell, cell, 2, left=x) for x, cell in zip((40, 180, 290), rows[1], strict=True)]
    assert near(row, wanted)


def test_a_page_without_a_text_layer_has_no_marks(tmp_path: Path) -> None:
    data = pdf(lambda canvas: canvas.rect(10, 10, 100, 100, fill=1))
    held = unread(tmp_path, data)
    marks = held.marks(1, (0, 4))
    assert not marks.has_text
    assert marks.boxes == ((),)
    assert Image.open(BytesIO(held.picture(1))).size == (834, 625)


def test_an_attached_pdf_is_drawn_too(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ada@example.org", "ben@example.org", "The river"
    message.set_content("See the paper.")
    message.add_attachment(pdf(printed), maintype="application", subtype="pdf", filename="paper.pdf")
    held = opened(tmp_path, message.as_bytes(), "mail.eml")
    assert held.document.source == "mail.eml/paper.pdf"
    marks = held.marks(1, held.span("measured in 1851"))
    assert near(marks, [place(LINES[1], "measured in 1851", 1)])
    assert held.picture(1).startswith(b"\x89PNG")


def test_a_file_that_has_changed_or_gone_is_refused(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    assert held.picture(1)
    (tmp_path / "river.pdf").write_bytes(pdf(lambda canvas: printed(canvas, LINES[:1])))
    for ask in (lambda: held.picture(1), lambda: held.marks(1, (0, 5))):
        with pytest.raises(ParseError, match="has changed since it was indexed"):
            ask()
    (tmp_path / "river.pdf").unlink()
    with pytest.raises(UsageError, match="not in the folder any more"):
        held.picture(1)


def test_what_is_no_page_is_refused(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    for number in (0, -1, 2, 10**9):
        with pytest.raises(ParseError, match="there is no page"):
            held.picture(number)
    with pytest.raises(UsageError, match="no pages to be drawn"):
        held.pictures.picture(held.document.model_copy(update={"source": "a.txt"}), 1)
    with pytest.raises(UsageError):
        held.pictures.picture(held.document.model_copy(update={"source": "../river.pdf"}), 1)


def test_a_page_once_drawn_is_kept_and_the_process_goes_on_after_it_was_killed(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        printed(canvas)
        canvas.showPage()
        printed(canvas)

    held = opened(tmp_path, pdf(draw))
    first = held.picture(1)
    process = held.pictures._worker._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert held.picture(1) is first
    assert held.pictures._worker._process is process  # nothing was started to draw it
    assert held.picture(2).startswith(b"\x89PNG")
    assert held.pictures._worker._process is not process


def test_each_picture_is_as_large_as_was_told_before_it_was_drawn(tmp_path: Path) -> None:
    sizes = (400, 300), (300, 400), (401.3, 297.7), (14400, 7200)

    def draw(canvas: Canvas) -> None:
        for number, size in enumerate(sizes):
            canvas.setPageSize(size)
            canvas.setPageRotation(90 * (number == 2))
            printed(canvas)
            canvas.showPage()

    held = opened(tmp_path, pdf(draw))
    told = held.pictures.sizes(held.document)
    assert told == ((834, 625), (625, 834), (837, 621), (2000, 1000))
    for number, size in enumerate(told, start=1):
        assert Image.open(BytesIO(held.picture(number))).size == size
    sharp = Image.open(BytesIO(held.pictures.picture(held.document, 1, 2).png))
    assert abs(sharp.width - 2 * told[0][0]) <= 1


def test_the_sizes_of_a_thousand_pages_are_there_as_soon_as_a_picture(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for _ in range(1000):
            printed(canvas)
            canvas.showPage()

    data = pdf(draw)
    held = unread(tmp_path, data)
    held.picture(1)  # the process has begun
    started = time.perf_counter()
    assert len(held.pictures.sizes(held.document)) == 1000
    assert time.perf_counter() - started < 2


def test_the_words_of_a_page_come_in_the_order_of_reading_with_the_ends_of_its_lines(tmp_path: Path) -> None:
    held = opened(tmp_path, pdf(printed))
    words = held.pictures.words(held.document, held.word_boxes, 1).words
    copied = "".join(word.text + word.after for word in words)
    assert copied.split("\n")[0] == LINES[0]
    assert "ninety kilometres long. Its example was followed by others" in copied.replace("\n", " ")
    for word in words:
        assert held.document.text[word.start :].startswith(word.text)
    river = next(word for word in words if word.text == "river")
    left, top, right, bottom = (place(LINES[0], "river", 0)[at] for at in range(4))
    assert abs(river.box[0] * 834 / 16384 - left) < 4
    assert abs(river.box[2] * 834 / 16384 - right) < 4
    assert top - 10 < river.box[1] * 625 / 16384 < river.box[3] * 625 / 16384 < bottom + 10
    with pytest.raises(ParseError, match="there is no page 2"):
        held.pictures.words(held.document, held.word_boxes, 2)


@pytest.mark.parametrize("damage", range(12))
def test_no_damaged_file_stops_it(tmp_path: Path, damage: int) -> None:
    whole = pdf(printed, pageCompression=0)
    cut = len(whole) * damage // 12
    data = whole[:cut] + bytes(64) + whole[cut + 64 :] if damage % 2 else whole[:cut]
    held = unread(tmp_path, data)
    for ask in (lambda: held.picture(1), lambda: held.marks(1, (0, 9))):
        with suppress(RagError):  # and no other error
            ask()


def test_a_page_that_takes_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Python runs sitecustomize.py at its start: there drawing is made to hang.
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(
        "import sys\nif 'rag.parse.worker' in sys.orig_argv:\n    import time, rag.parse.pdf_picture as p\n"
        "    p.draw_page = lambda *_: time.sleep(600)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    held = opened(tmp_path, pdf(printed))
    held.pictures = Pictures(tmp_path, seconds=1)
    with pytest.raises(ParseError, match="took over 1 s"):
        held.picture(1)


def test_the_worker_answers_only_what_it_was_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("No PDF at all.")
    with Worker() as worker:
        with pytest.raises(ParseError):
            worker.draw_page(tmp_path / "a.txt", "a.txt", "a.txt", 1)
        with pytest.raises(ParseError, match="no longer attached"):
            worker.draw_page(tmp_path / "a.txt", "a.txt", "a.txt/b.pdf", 1)
        assert worker.parse(tmp_path / "a.txt", "a.txt").documents[0].text == "No PDF at all."
