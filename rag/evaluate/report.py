"""A run as one HTML page that stands by itself: no script, nothing loaded, all text of others escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources

from rag.evaluate.ask import Outcome
from rag.evaluate.bootstrap import Estimate
from rag.evaluate.measures import DEFINITIONS, Change, Comparison, Definition, Difference, Unit, worst
from rag.evaluate.plots import confidence_plot, interval_bar, latency_plot, risk_coverage_plot
from rag.evaluate.questions import Excerpt
from rag.evaluate.run import Run
from rag.export import html_page

_MOST_CHARACTERS = 800  # printed of an excerpt: an answer's are shorter
_MOST_EXCERPTS = 5  # printed of what was shown, or should have been
_MOST_CHANGED = 50  # questions listed
_COUNTED: tuple[Unit, ...] = ("seconds", "characters")  # units whose bars end at the largest value of the run


def html_report(run: Run) -> str:
    """Return the page."""
    style = resources.files("rag.evaluate").joinpath("report.css").read_text(encoding="utf-8")
    title = f"Evaluation: {clean(run.asked)}"
    return html_page(title, style, "\n".join([f"<h1>{title}</h1>", *filter(None, _parts(run))]))


def clean(text: str) -> str:
    """Return text of others as it can stand in the page: escaped, without signs that are not seen."""
    # A lone surrogate, a control character or one that turns the text around is none that can be printed.
    return escape("".join(c for c in text if c.isprintable() or c == "\n"))


def number(value: float, unit: Unit) -> str:
    """Return a value of a measure as a person reads it."""
    if unit == "seconds":
        return f"{1000 * value:.0f} ms"
    if unit == "characters":
        return f"{value:,.0f}"
    return f"{100 * value:.1f} %" if unit == "share" else f"{value:.3f}"


def interval(low: float, high: float, unit: Unit) -> str:
    """Return an interval as a person reads it, in the unit of its value."""
    return "–".join(_bare(bound, unit) for bound in (low, high))


def signed(value: float, unit: Unit) -> str:
    """Return a difference of two values with its sign: of shares in points, of times in milliseconds."""
    shown = _bare(abs(value), unit)
    return shown if not shown.strip("0.") else ("−" if value < 0 else "+") + shown


def _bare(value: float, unit: Unit) -> str:
    return number(value, unit).removesuffix(" %").removesuffix(" ms")


def _parts(run: Run) -> Iterator[str]:
    counts = (
        _count(len(run.questions), "question"),
        _count(run.documents, "document"),
        _count(run.passages, "passage") + " a question",
    )
    yield (
        f'<p class="muted">{" · ".join(counts)} · model {clean(run.embedder)} · '
        f"answers given from a confidence of {run.answer_above:g} on</p>"
    )
    yield from (f'<p class="warning">{clean(warning)}</p>' for warning in run.warnings)
    yield f"<h2>Measures</h2>\n{_measures(run)}"
    yield (
        '<p class="muted small">Bars and intervals: 95 % by bootstrap over the questions. Passages, ranking and '
        "excerpts are measured also where the confidence holds the answer back; an answer is right where its first "
        "excerpt holds what was asked for.</p>"
    )
    if run.comparison is not None:
        yield _comparison(run.comparison)
    yield f'<h2>Plots</h2>\n<div class="plots">{"".join(_plots(run))}</div>'
    bad = worst(run.questions)
    if bad:
        yield "<h2>The questions that went worst</h2>\n" + "\n".join(_worst(outcome) for outcome in bad)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _measures(run: Run) -> str:
    head = (
        '<thead><tr><th>measure</th><th class="n">value</th><th class="i">95 % interval</th><th></th>'
        '<th class="i">questions</th></tr></thead>'
    )
    known = [d for d in DEFINITIONS if d.name in run.measures]
    most = {unit: max((run.measures[d.name].high for d in known if d.unit == unit), default=0.0) for unit in _COUNTED}
    rows = _grouped({d.name: _measure(d, run.measures[d.name], most.get(d.unit) or 1.0) for d in known})
    return f"<table>{head}<tbody>{rows}</tbody></table>"


def _grouped(rows: Mapping[str, str]) -> str:
    """Return the rows of measures, by name, under the headings of their groups."""
    found, group = [], ""
    for definition in DEFINITIONS:
        if definition.name in rows:
            if definition.group != group:
                group = definition.group
                found.append(f'<tr class="group"><th colspan="5">{group}</th></tr>')
            found.append(rows[definition.name])
    return "".join(found)


def _measure(definition: Definition, estimate: Estimate, most: float) -> str:
    unit = definition.unit
    bar = interval_bar(estimate.value, estimate.low, estimate.high, lambda value: value / most)
    return (
        f'<tr><th>{definition.label}</th><td class="n">{number(estimate.value, unit)}</td>'
        f'<td class="i">{interval(estimate.low, estimate.high, unit)}</td>'
        f'<td class="bar">{bar}</td><td class="i">{estimate.questions}</td></tr>'
    )


def _plots(run: Run) -> Iterator[str]:
    if run.risk_coverage:
        plot = risk_coverage_plot(run.risk_coverage, run.answer_above)
        yield _figure("Risk and coverage", "Share of answers that are wrong, the most confident given first.", plot)
    held = [o.confidence for o in run.questions if o.answerable]
    not_held = [o.confidence for o in run.questions if o.answerable is False]
    if held or not_held:
        keys = '<span class="key one"></span> answerable <span class="key two"></span> unanswerable; dashed: threshold'
        yield _figure("Confidence", keys, confidence_plot(held, not_held, run.answer_above))
    yield _figure(
        "Time a question", "From the question to the answer.", latency_plot([o.seconds for o in run.questions])
    )


def _figure(title: str, text: str, plot: str) -> str:
    return f'<figure><figcaption>{title}</figcaption><p class="muted small">{text}</p>{plot}</figure>'


def _worst(outcome: Outcome) -> str:
    verdict = "answered" if outcome.answered else "held back"
    kind = {True: "answerable", False: "unanswerable", None: "not known whether answerable"}[outcome.answerable]
    searched = f'<p class="muted small">searched as: {clean(outcome.query)}</p>'
    asked = searched if outcome.query != outcome.question else ""
    return (
        f"<article><h3>{clean(outcome.question)}</h3>"
        f'<p class="muted small">{clean(outcome.id)} · {kind} · {verdict} · confidence {outcome.confidence:.2f}</p>'
        f"{asked}<p>Shown:</p>{_excerpts(outcome.cited, 'cited') or _note('nothing')}"
        f"<p>Should have been:</p>{_should(outcome)}</article>"
    )


def _should(outcome: Outcome) -> str:
    if outcome.answerable is False:
        return _note("no answer: the documents do not hold one")
    answers = _note("answer: " + " · ".join(clean(answer[:_MOST_CHARACTERS]) for answer in outcome.answers[:3]))
    sources = _note("from " + " · ".join(clean(source) for source in outcome.sources[:_MOST_EXCERPTS]))
    places = _excerpts(outcome.expected, "expected") or (sources if outcome.sources else "")
    return (answers if outcome.answers else "") + places


def _excerpts(excerpts: Sequence[Excerpt], name: str) -> str:
    shown = "".join(
        f'<blockquote class="{name}">{clean(_short(excerpt.text))}'
        f'<br><span class="muted small">{clean(excerpt.source)}, {excerpt.start}–{excerpt.end}</span></blockquote>'
        for excerpt in excerpts[:_MOST_EXCERPTS]
    )
    more = len(excerpts) - _MOST_EXCERPTS
    return shown + (_note(f"and {more} more") if more > 0 else "")


def _note(text: str) -> str:
    return f'<p class="muted small">{text}</p>'


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"


def _comparison(found: Comparison) -> str:
    rows = _grouped({d.name: _difference(d, found.measures[d.name]) for d in DEFINITIONS if d.name in found.measures})
    head = (
        '<thead><tr><th>measure</th><th class="n">before</th><th class="n">now</th><th class="n">change</th>'
        '<th class="i">95 % interval</th></tr></thead>'
    )
    left_out = f", {found.left_out} of either run left out" if found.left_out else ""
    return (
        f'<h2>Compared with the earlier run</h2>\n<p class="muted">{found.questions} questions in both{left_out}; '
        "differences of shares in points, of times in ms; intervals paired; in colour where they leave out zero.</p>\n"
        f"<table>{head}<tbody>{rows}</tbody></table>"
        f"{_changed('Right now, wrong before', found.now_right)}"
        f"{_changed('Wrong now, right before', found.now_wrong)}"
    )


def _difference(definition: Definition, found: Difference) -> str:
    unit = definition.unit
    style = ""
    if found.certain:
        style = " good" if (found.difference > 0) == definition.more_is_better else " bad"
    return (
        f'<tr><th>{definition.label}</th><td class="n">{number(found.before, unit)}</td>'
        f'<td class="n">{number(found.now, unit)}</td><td class="n{style}">{signed(found.difference, unit)}</td>'
        f'<td class="i">{signed(found.low, unit)} to {signed(found.high, unit)}</td></tr>'
    )


def _changed(title: str, changes: Sequence[Change]) -> str:
    if not changes:
        return f'<p class="small">{title}: none.</p>'
    entries = "".join(
        f'<li>{clean(change.question)}<br><span class="muted">before: {_said(change.before)}<br>'
        f"now: {_said(change.now)}</span></li>"
        for change in changes[:_MOST_CHANGED]
    )
    more = f"<li>and {len(changes) - _MOST_CHANGED} more</li>" if len(changes) > _MOST_CHANGED else ""
    return f'<details class="small"><summary>{title}: {len(changes)}</summary><ul>{entries}{more}</ul></details>'


def _said(excerpt: str) -> str:
    return clean(_short(" ".join(excerpt.split()))) or "held back"
