"""PPTX: a slide is a page; its title is a heading, and its notes stand after its text.

Shapes are read from top to bottom and from left to right, which is how slides are laid out, though
nothing in the file says so. Footers, dates and slide numbers are left out, and so are comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive
from rag.parse.builder import Builder
from rag.parse.markup import Line, squeeze, squeeze_lines
from rag.parse.parsed import Parsed, title_of
from rag.parse.table import table_lines
from rag.parse.tree import xml_tree

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Shapes whose tops are less than this apart stand beside each other: half a centimetre.
_SAME_LINE = 180_000
_DEEPEST_GROUP = 20
_LONGEST_TITLE = 300  # what is longer is the slide's text, in the place of its title


def parse_pptx(data: bytes, name: str) -> Parsed:
    """Read a presentation; the title is that among its properties, else of its first slide, else its name."""
    with open_archive(data, "PPTX") as archive:
        title = office_title(archive)
        if not any(path.lower().endswith("presentation.xml") for path in archive.namelist()):
            raise ParseError("not a PPTX file, though it is named so: it holds no presentation")
    builder = Builder()
    try:
        missing = _read_slides(data, builder)
    except Exception as error:  # python-pptx raises many kinds on broken files
        raise ParseError(f"the file is damaged: not readable as PPTX ({type(error).__name__})") from error
    warning = f"damaged, and not read: slide {', '.join(map(str, missing))}" if missing else None
    return builder.parsed(title or title_of(builder.headings) or name, "slide", warning=warning)


def _read_slides(data: bytes, builder: Builder) -> list[int]:
    """Add all slides, and return the numbers of those that are broken."""
    from pptx import Presentation

    missing = []
    presentation = Presentation(BytesIO(data))
    for number in range(1, len(presentation.slides) + 1):
        try:
            lines = list(_slide_lines(presentation.slides[number - 1]))
        except Exception:  # as above; the other slides may be whole
            missing.append(number)
            continue
        builder.page(number)
        for text, level in lines:
            builder.line(text, level)
    return missing


def _slide_lines(slide: Any) -> Iterator[Line]:
    title = slide.shapes.title
    heading = squeeze(title.text_frame.text.replace("\v", " ")) if title is not None else ""
    if len(heading) > _LONGEST_TITLE:
        yield from _paragraphs(title.text_frame)
    elif heading:
        yield heading, 1
    shapes = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
    yield from _shapes_lines(shapes, 0)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = list(_paragraphs(slide.notes_slide.notes_text_frame))
        for at, (text, level) in enumerate(notes):
            yield (text if at else f"Notes: {text}"), level


def _shapes_lines(shapes: list[Any], depth: int) -> Iterator[Line]:
    for shape in _in_reading_order(shapes):
        if _is_furniture(shape):
            continue
        if hasattr(shape, "shapes") and depth < _DEEPEST_GROUP:
            yield from _shapes_lines(list(shape.shapes), depth + 1)
        elif getattr(shape, "has_table", False):
            yield from _table_lines(shape.table)
        elif getattr(shape, "has_chart", False):
            yield from _chart_lines(shape.chart)
        elif shape.has_text_frame:
            yield from _paragraphs(shape.text_frame)
        else:
            yield from _diagram_lines(shape)


def _in_reading_order(shapes: list[Any]) -> list[Any]:
    """Sort shapes by line and then from the left; a line is what begins at about the same height."""
    lines: list[list[Any]] = []
    for shape in sorted(shapes, key=_top):
        if lines and _top(shape) - _top(lines[-1][0]) < _SAME_LINE:
            lines[-1].append(shape)
        else:
            lines.append([shape])
    return [shape for line in lines for shape in sorted(line, key=lambda shape: shape.left or 0)]


def _top(shape: Any) -> int:
    return int(shape.top or 0)


def _is_furniture(shape: Any) -> bool:
    from pptx.enum.shapes import PP_PLACEHOLDER

    kinds = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.HEADER)
    return bool(shape.is_placeholder) and shape.placeholder_format.type in kinds


def _paragraphs(frame: Any) -> Iterator[Line]:
    for paragraph in frame.paragraphs:
        text = squeeze_lines(paragraph.text.replace("\v", "\n"))
        if text:
            yield text, 0


def _table_lines(table: Any) -> Iterator[Line]:
    rows = [[[] if cell.is_spanned else list(_paragraphs(cell.text_frame)) for cell in row.cells] for row in table.rows]
    yield from table_lines(rows, bool(table.first_row))


def _chart_lines(chart: Any) -> Iterator[Line]:
    """Yield a chart as a table: its title, and a row for each category with the values of the series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield from _paragraphs(chart.chart_title.text_frame)
    for plot in chart.plots:
        names = [squeeze(str(series.name or "")) for series in plot.series]
        categories = [squeeze(str(category)) for category in plot.categories]
        for at, category in enumerate(categories):
            values = [series.values[at] if at < len(series.values) else None for series in plot.series]
            shown = [f"{name}: {value:.10g}" for name, value in zip(names, values, strict=True) if value is not None]
            yield "; ".join(filter(None, [category, *shown])), 0


def _diagram_lines(shape: Any) -> Iterator[Line]:
    """Yield the texts of a diagram (SmartArt), which stand in a part of their own."""
    relation = next(shape.element.iter(_DIAGRAM), None)
    if relation is None:
        return
    points = xml_tree(shape.part.related_part(relation.get(_R + "dm")).blob)
    for paragraph in points.iter(_A + "p"):
        text = squeeze("".join(run.text or "" for run in paragraph.iter(_A + "t")))
        if text:
            yield text, 0
