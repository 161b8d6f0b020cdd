"""Small plots as SVG text: a curve, histograms, an interval; colours are classes of the page they stand in.

Everything drawn is a number, or a label of this package's own: no text of a document comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rag.evaluate.measures import Point

WIDTH, HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 40
_BINS = 20


def risk_coverage_plot(points: Sequence[Point], answer_above: float) -> str:
    """Return the risk–coverage curve, with a mark where the present threshold stands on it."""
    highest = max(point.risk for point in points)
    top = min(1.0, np.ceil(max(highest, 0.05) * 20) / 20)
    line = [(_x(point.coverage), _y(point.risk / top)) for point in points]
    path = f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in line)}"/>'
    given = [point for point in points if point.confidence >= answer_above]
    mark = ""
    if given:
        x, y = _x(given[-1].coverage), _y(given[-1].risk / top)
        anchor = "end" if given[-1].coverage > 0.5 else "start"
        label = f"answer_above {answer_above:g}"
        mark = (
            f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            f'<text x="{x:.1f}" y="{max(y - 9, _TOP + 8):.1f}" text-anchor="{anchor}">{label}</text>'
        )
    body = _axes("answered, of all questions", _percent(1.0), _percent(top)) + path + mark
    return _svg("Share of answers that are wrong, by the share of questions answered", body)


def confidence_plot(answerable: Sequence[float], unanswerable: Sequence[float], answer_above: float) -> str:
    """Return the histogram of confidence, as shares of the answerable and of the unanswerable questions."""
    both = [_shares(values, 0.0, 1.0) for values in (answerable, unanswerable)]
    top = max(max(shares) for shares in both) or 1.0
    bars = "".join(_bars(shares, top, name) for shares, name in zip(both, ("one", "two"), strict=True) if any(shares))
    x = _x(answer_above)
    threshold = f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'
    body = _axes("confidence", "1", _percent(top)) + bars + threshold
    return _svg("Confidence of answerable and unanswerable questions", body)


def latency_plot(seconds: Sequence[float]) -> str:
    """Return the histogram of the seconds a question took; the slowest hundredth stands in the last bar."""
    high = float(np.quantile(seconds, 0.99)) or 1e-3
    shares = _shares([min(value, high) for value in seconds], 0.0, high)
    top = max(shares) or 1.0
    body = _axes("milliseconds", f"{1000 * high:.0f}", _percent(top)) + _bars(shares, top, "one")
    return _svg("Time a question takes", body)


def interval_bar(value: float, low: float, high: float, scale: Callable[[float], float]) -> str:
    """Return a value with its interval on a line; ``scale`` maps what they are in to 0–1."""
    at, left, right = (100 * min(1.0, max(0.0, scale(number))) for number in (value, low, high))
    return (
        '<svg class="interval" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" x="0" y="4" width="100" height="2"/>'
        f'<rect class="range" x="{left:.2f}" y="2.5" width="{max(right - left, 0.4):.2f}" height="5"/>'
        f'<rect class="value" x="{min(at, 99.0):.2f}" y="0" width="1" height="10"/></svg>'
    )


def _svg(title: str, body: str) -> str:
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{body}</svg>'


def _x(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _axes(name: str, right: str, top: str) -> str:
    grid = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    under = HEIGHT - _BOTTOM + 15
    return (
        f'{grid}<text x="{_LEFT}" y="{under}" text-anchor="middle">0</text>'
        f'<text x="{WIDTH - _RIGHT}" y="{under}" text-anchor="end">{right}</text>'
        f'<text x="{(WIDTH + _LEFT - _RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{name}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(1) + 4:.1f}" text-anchor="end">{top}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(0) + 4:.1f}" text-anchor="end">0</text>'
    )


def _shares(values: Sequence[float], low: float, high: float) -> list[float]:
    counts, _ = np.histogram(values, bins=_BINS, range=(low, high))
    shares: list[float] = (counts / max(1, len(values))).tolist()
    return shares


def _bars(shares: Sequence[float], top: float, name: str) -> str:
    width = (_x(1) - _x(0)) / len(shares)
    return "".join(
        f'<rect class="{name}" x="{_x(n / len(shares)) + 0.5:.1f}" y="{_y(share / top):.1f}" '
        f'width="{width - 1:.1f}" height="{_y(0) - _y(share / top):.1f}"/>'
        for n, share in enumerate(shares)
        if share
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
