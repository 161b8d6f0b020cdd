"""Draws cost against the number of passages, both on scales of tens: four panels in one SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 420, 260, 60, 96, 34, 36
_COLOURS = ("#1f6feb", "#8c8c8c", "#c2410c", "#15803d", "#7e22ce")
_PANELS: Sequence[tuple[str, Mapping[str, str]]] = (
    (
        "milliseconds a question (p50)",
        {
            "dense_p50_ms": "dense",
            "bare_dense_p50_ms": "bare FAISS",
            "bm25_p50_ms": "words",
            "search_p50_ms": "whole search",
        },
    ),
    ("resident memory, MB", {"resident_mb": "ours", "bare_resident_mb": "bare FAISS"}),
    ("processor seconds to build, embedding aside", {"rows_s": "rows, words", "derived_s": "derived"}),
    ("disk, MB", {"disk_mb": "all", "derived_mb": "derived"}),
)

Figures = Mapping[int, Mapping[str, float]]


def plot(figures: Figures) -> str:
    """Return the four panels."""
    panels = "".join(
        f'<g transform="translate({_WIDTH * (at % 2)} {_HEIGHT * (at // 2)})">{_panel(title, lines, figures)}</g>'
        for at, (title, lines) in enumerate(_PANELS)
    )
    size = f'width="{2 * _WIDTH}" height="{2 * _HEIGHT}" viewBox="0 0 {2 * _WIDTH} {2 * _HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{panels}</svg>'
    )


def _panel(title: str, lines: Mapping[str, str], figures: Figures) -> str:
    sizes = sorted(figures)
    values = [max(figures[size][name], 0.01) for size in sizes for name in lines]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (math.log10(size) - first) / ((last - first) or 1)

    def y(value: float) -> float:
        share = (math.log10(max(value, 0.01)) - low) / ((high - low) or 1)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    parts = [f'<text x="{_LEFT}" y="20" font-weight="bold">{title}</text>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    for size in sizes:
        parts.append(f'<text x="{x(size):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{size:,}</text>')
    free = 0.0
    by_height = sorted(zip(_COLOURS, lines.items(), strict=False), key=lambda one: -figures[sizes[-1]][one[1][0]])
    for colour, (name, label) in by_height:
        points = " ".join(f"{x(size):.1f},{y(figures[size][name]):.1f}" for size in sizes)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = max(y(figures[sizes[-1]][name]) + 4, free)  # below the label before
        free = end + 13
        parts.append(f'<text x="{_WIDTH - _RIGHT + 6}" y="{end:.1f}" fill="{colour}">{label}</text>')
    return "".join(parts)
