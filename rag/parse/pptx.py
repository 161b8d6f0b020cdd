"""PPTX: a slide is a page; its title is a heading, and its notes stand after its text.

Shapes are read from top to bottom and from left to right, which is how slides are laid out, though
nothing in the file says so. Hidden slides, footers, dates and slide numbers are left out, and so are comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from io import BytesIO
from itertools import groupby
from typing import Any

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive
from rag.parse.builder import Builder
from rag.parse.header import is_header
from rag.parse.markup import squeeze, squeeze_lines
from rag.parse.parsed import Parsed, left_out, title_of
from rag.parse.scripts import lowered, raised
from rag.parse.tree import xml_tree

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_NO_BULLET = f"{_A}buNone"
_BULLETS = (_NO_BULLET, f"{_A}buChar", f"{_A}buAutoNum", f"{_A}buBlip")
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
        warning = _read_slides(data, builder)
    except Exception as error:  # python-pptx raises many kinds on broken files
        raise ParseError(f"the file is damaged: not readable as PPTX ({type(error).__name__})") from error
    return builder.parsed(title or title_of(builder.headings) or name, "slide", warning=warning)


def _read_slides(data: bytes, builder: Builder) -> str | None:
    """Add the slides that are shown, and say what is left out."""
    from pptx import Presentation

    broken, hidden = list[str](), 0
    slides = Presentation(BytesIO(data)).slides
    for number in range(1, len(slides) + 1):
        builder.page(number)
        try:
            slide = slides[number - 1]
            is_hidden = slide.element.get("show") in ("0", "false")
            hidden += is_hidden
            if not is_hidden:
                _add_slide(builder, slide)
        except Exception:  # as above; the other slides may be whole
            broken.append(str(number))
    said = [f"damaged, and not read to the end: slide {', '.join(broken)}"] if broken else []
    return "; ".join(filter(None, [*said, left_out({"hidden slide": hidden})])) or None


def _add_slide(builder: Builder, slide: Any) -> None:
    title = slide.shapes.title
    heading = squeeze(" ".join(_lines(title.text_frame))) if title is not None else ""
    if len(heading) > _LONGEST_TITLE:
        for text in _lines(title.text_frame):
            builder.add(text)
    else:
        builder.heading(heading, 1)
    shapes = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
    _add_shapes(builder, shapes, 0)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = "\n".join(_lines(slide.notes_slide.notes_text_frame))
        builder.add(f"Notes: {notes}" if notes else "", "note")


def _add_shapes(builder: Builder, shapes: list[Any], depth: int) -> None:
    for shape in _in_reading_order(shapes):
        if _is_furniture(shape):
            continue
        if hasattr(shape, "shapes") and depth < _DEEPEST_GROUP:
            _add_shapes(builder, list(shape.shapes), depth + 1)
        elif getattr(shape, "has_table", False):
            _add_table(builder, shape.table)
        elif getattr(shape, "has_chart", False):
            _add_chart(builder, shape.chart)
        elif shape.has_text_frame:
            _add_text(builder, shape)
        else:
            _add_diagram(builder, shape)


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


def _add_text(builder: Builder, shape: Any) -> None:
    for is_list, some in groupby(_paragraphs(shape), key=lambda paragraph: paragraph[1] > 0):
        with builder.list() if is_list else nullcontext():
            for text, level in some:
                builder.add(text, "item" if is_list else "paragraph", level=level)


def _paragraphs(shape: Any) -> Iterator[tuple[str, int]]:
    """Yield the paragraphs of a shape with their level as items, which those with a bullet or a number are; else 0."""
    numbers: dict[int, int] = {}  # by level
    for paragraph in shape.text_frame.paragraphs:
        text, level = _text(paragraph), paragraph.level
        if not text:
            continue
        numbers = {above: number for above, number in numbers.items() if above <= level}
        bullet = _bullet(paragraph, shape)
        if bullet is None:
            numbers.pop(level, None)
            yield text, 0
            continue
        numbers[level] = numbers.get(level, int(bullet.get("startAt", 1)) - 1) + 1
        is_numbered = bullet.get("type", "").startswith("arabic")
        yield f"{numbers[level]}. {text}" if is_numbered else text, level + 1


def _bullet(paragraph: Any, shape: Any) -> Any:
    """Return the bullet of a paragraph: its own style's, else that of its shape, its layout or its master."""
    style = f"{_A}lvl{paragraph.level + 1}pPr"
    styles = paragraph._p.findall(f"{_A}pPr")
    source = shape
    while source is not None:
        styles += source._element.iter(style)
        source = getattr(source, "_base_placeholder", None)
    if shape.is_placeholder:
        styles += shape.part.slide_layout.slide_master.element.iterfind(f"{_P}txStyles/{_P}bodyStyle/{style}")
    bullet = next((part for one in styles for part in one if part.tag in _BULLETS), None)
    return bullet if bullet is not None and bullet.tag != _NO_BULLET else None


def _lines(frame: Any) -> list[str]:
    return list(filter(None, map(_text, frame.paragraphs)))


def _text(paragraph: Any) -> str:
    return squeeze_lines("".join(map(_run_text, paragraph._p)).replace("\v", "\n"))


def _run_text(run: Any) -> str:
    """Return the text of a part of a paragraph: raised and lowered text in a line, struck text not at all."""
    if run.tag == f"{_A}br":
        return "\n"
    text, looks = run.findtext(f"{_A}t", ""), run.find(f"{_A}rPr")
    if looks is None or looks.get("strike", "noStrike") != "noStrike":
        return text if looks is None else ""
    baseline = looks.get("baseline", "0").rstrip("%")
    return lowered(text) if baseline.startswith("-") else text if float(baseline) == 0 else raised(text)


def _add_table(builder: Builder, table: Any) -> None:
    """Add a table; a merged cell stands in every row and column that it covers."""
    rows = [[" ".join(_lines(cell.text_frame)).replace("\n", " ") for cell in row.cells] for row in table.rows]
    for top, row in enumerate(table.rows):
        for left, cell in enumerate(row.cells):
            if cell.is_merge_origin and cell.span_width < len(row.cells):
                for covered in rows[top : top + cell.span_height]:
                    covered[left : left + cell.span_width] = [rows[top][left]] * cell.span_width
    filled = [row for row in rows if any(row)]
    has_names = len(filled) > 1 and sum(map(bool, filled[0])) > 1
    if has_names and (table.first_row or is_header(filled[0], filled[1:])):
        _add_rows(builder, filled[0], filled[1:])
    else:
        _add_rows(builder, [], filled)


def _add_rows(builder: Builder, columns: list[str], rows: list[list[str]]) -> None:
    with builder.table(columns):
        for row in rows:
            builder.row(row)


def _add_chart(builder: Builder, chart: Any) -> None:
    """Add a chart as a table: its title, and a row for each category with the values of the series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.add(" ".join(_lines(chart.chart_title.text_frame)), "caption")
    for plot in chart.plots:
        series = [(squeeze(str(one.name or "")), one.values) for one in plot.series]
        rows = [
            [squeeze(str(category)), *(_value(values, at) for _, values in series)]
            for at, category in enumerate(plot.categories)
        ]
        _add_rows(builder, ["", *(name for name, _ in series)], rows)


def _value(values: Any, at: int) -> str:
    return f"{values[at]:.10g}" if at < len(values) and values[at] is not None else ""


def _add_diagram(builder: Builder, shape: Any) -> None:
    """Add the texts of a diagram (SmartArt), which stand in a part of their own."""
    relation = next(shape.element.iter(_DIAGRAM), None)
    if relation is None:
        return
    points = xml_tree(shape.part.related_part(relation.get(_R + "dm")).blob)
    for paragraph in points.iter(_A + "p"):
        builder.add(squeeze("".join(run.text or "" for run in paragraph.iter(_A + "t"))))
