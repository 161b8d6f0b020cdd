from __future__ import annotations

import io
import shutil
import subprocess
from itertools import groupby, pairwise
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from rag.errors import ParseError
from rag.parse import ocr
from rag.parse.ocr import ImageWord, can_read_images, read_image
from rag.parse.pdf import parse_pdf

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
LINES = ("The Danube rises in the Black Forest", "and flows through ten countries.")


@pytest.fixture(autouse=True)
def forget() -> Any:
    """Ask anew, in each test and after it, whether tesseract is there."""
    for remembered in (ocr.can_read_images, ocr._languages):
        remembered.cache_clear()
    yield
    for remembered in (ocr.can_read_images, ocr._languages):
        remembered.cache_clear()


def picture() -> Image.Image:
    image = Image.new("L", (1700, 600), 255)
    drawing = ImageDraw.Draw(image)
    for at, line in enumerate(LINES):
        drawing.text((100, 100 + 80 * at), line, fill=0, font=ImageFont.load_default(size=60))
    return image


def gray(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PPM")
    return file.getvalue()


def lined(words: list[ImageWord]) -> list[list[ImageWord]]:
    return [list(line) for _, line in groupby(words, key=lambda word: word.line)]


def scanned(pages: int = 1) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(612, 216), invariant=1)
    for _ in range(pages):
        canvas.drawImage(ImageReader(picture()), 0, 0, 612, 216)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@needs_tesseract
def test_text_on_a_picture_is_read() -> None:
    image = picture()
    assert can_read_images()
    words = read_image(gray(image))
    assert [" ".join(word.text for word in line) for line in lined(words)] == list(LINES)
    for number, line in enumerate(lined(words)):
        assert all(abs(word.bottom - (165 + 80 * number)) < 20 for word in line)
        assert all(one.right < other.left for one, other in pairwise(line))
    assert abs(words[0].left - 100) < 10


@needs_tesseract
def test_a_scanned_page_is_read_as_paragraphs() -> None:
    parsed = parse_pdf(scanned(2), "scan")
    assert parsed.text == "\n\n".join([" ".join(LINES)] * 2)
    assert [page.number for page in parsed.pages] == [1, 2]
    assert parsed.warning == "pages 1–2 read by OCR: letters may be wrong"


@needs_tesseract
def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ParseError, match="cannot read the picture"):
        read_image(b"P5 nonsense")


@needs_tesseract
def test_reading_has_a_time_limit() -> None:
    with pytest.raises(ParseError, match="took longer"):
        read_image(gray(picture()), seconds=0.001)


def test_without_tesseract_a_scan_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not can_read_images()
    with pytest.raises(ParseError, match="Tesseract"):
        read_image(b"")
    with pytest.raises(ParseError, match="no text layer on its page: text recognition"):
        parse_pdf(scanned(), "scan")


def test_a_tesseract_that_does_not_start_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/tesseract")
    monkeypatch.setattr(subprocess, "run", fail)
    assert not can_read_images()


def test_languages_are_those_installed_english_first(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = subprocess.CompletedProcess([], 0, b"List of available languages (4):\ndeu\neng\nosd\nfra\n")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/tesseract")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: listed)
    assert ocr._languages() == "eng+deu+fra"
