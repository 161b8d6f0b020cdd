"""What the command line prints: values → text for a terminal, or plain JSON; decides nothing."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.status import Status
from rich.text import Text

from rag.assistant import Status as IndexStatus
from rag.index.vectors import EXACT_UP_TO
from rag.sync import OnProgress, SyncReport
from rag.sync import Progress as SyncProgress
from rag.types import (
    Answer,
    Citation,
    FindDocument,
    Freshness,
    SearchResult,
    Sentence,
    Stale,
    page_name,
)
from rag.verify import Verification
from rag.wording import (
    CLOSEST,
    MOST_UNREAD,
    NOT_FOUND,
    NOT_READ,
    UNDERSTOOD,
    UP_TO_DATE,
    VERDICT_WORDS,
    embedded_note,
)

_TOLD_EVERY = 15.0  # seconds between two lines

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Tell the person at the terminal what is going on, on standard error."""
    ERR.print(Text(message, style="dim"))


def busy(message: str) -> Status:
    """Show, on a terminal and for as long as it takes, what is being waited for."""
    return ERR.status(message)


def plain(text: str) -> str:
    """Return text from a document without the characters that steer a terminal or turn text around."""
    return _seen(" ".join(text.split()))


def _seen(text: str) -> str:
    return "".join(c for c in text if c in " \n" or (c.isprintable() and c not in _BIDI))


# What is said of a cited document whose file is no longer what was cited.
_STALE = {"moved": "the file has changed", "changed": "the file has changed", "gone": "the file is no longer there"}
_SPACE = re.compile(r"\s*\n(?P<indent>[^\S\n]*)|[^\S\n]+")
_BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def answer(found: Answer, find_document: FindDocument) -> None:
    """Print an answer with its sources, or that there is none with the closest excerpts."""
    if found.carried:
        note(f"{UNDERSTOOD.lower()}: {plain(' · '.join(one.term for one in found.carried))}")
    if found.reply:
        OUT.print(Text(plain(found.reply)))
    elif found.abstained:
        OUT.print(Text(VERDICT_WORDS["none"], style="bold"))
        _unread(found)
        if found.closest:
            OUT.print(f"{CLOSEST}:")
    elif len(found.in_words) < len(found.sentences):
        OUT.print(Text(VERDICT_WORDS[found.verdict], style="bold" if found.verdict == "strong" else "bold yellow"))
    for sentence in found.in_words:
        _sentence(sentence)
    if found.missing and not found.abstained:
        OUT.print(Text(f"{NOT_FOUND} {plain(' '.join(found.missing))}", style="bold"))
    stale = _stale(found.stale)
    for citation in (*found.citations, *found.closest):
        OUT.print()
        _citation(citation, find_document, stale.get(citation.source, ""))
    _freshness(found.freshness)
    _embedded(found.embedded)
    if found.note:
        note(plain(found.note))
    if found.model is not None:
        note(plain(found.model.told))
    note(f"confidence {found.confidence:.2f} · {1000 * sum(found.timings.values()):.0f} ms")


def _sentence(sentence: Sentence) -> None:
    """Print a sentence of a language model with its numbers."""
    marks = "".join(f" [{n}]" for n in sentence.citations)
    caveat = Text(f" ({plain(sentence.caveat)})" if sentence.caveat else "", style="yellow")
    OUT.print(Text(plain(sentence.text)) + Text(marks, style="bold cyan") + caveat)


def _stale(found: Sequence[Stale]) -> dict[str, str]:
    """Return what is said of documents that are no longer what was found, by source."""
    return {one.source: f" ({_STALE[one.reason]}: run `rag index`)" for one in found}


def _citation(citation: Citation, find_document: FindDocument, stale: str) -> None:
    """Print a source and its excerpt, the key sentence in bold."""
    place = _place(citation, citation.start, citation.page, find_document)
    path = "".join(f" › {plain(heading)}" for heading in citation.headings)
    place_line = Text(f"[{citation.n}] ", style="bold cyan") + Text(place) + Text(path, style="dim")
    OUT.print(place_line + Text(stale, style="yellow"))
    for part in citation.introduction:
        OUT.print(Text(f"    {plain(part.text)}", style="dim"))
    before, key, after = map(_lines, citation.shown)
    words = Text.assemble(before, (key, "bold" if citation.excerpt else "italic"), after)
    OUT.print(Text("\n").join(Text("    ") + line for line in words.split("\n")))
    for ours, others in citation.notes:
        OUT.print(Text(f"    {ours.lower()} {plain(others)}", style="dim"))


def _lines(text: str) -> str:
    """Return a piece of a text as ``plain`` does, line by line, each with its indent; blank lines are left out."""
    return _seen(
        _SPACE.sub(lambda space: f"\n{' ' * len(space['indent'])}" if space["indent"] is not None else " ", text)
    )


def _unread(found: Answer) -> None:
    """Print which files could not be read, and so are in no answer."""
    for one in found.unread[:MOST_UNREAD]:
        OUT.print(Text(f"{NOT_READ.lower()}: {plain(one.source)}: {plain(one.reason)}", style="yellow"))
    if len(found.unread) > MOST_UNREAD:
        note(f"and {len(found.unread) - MOST_UNREAD} more: `rag status` lists them")


def results(found: Sequence[SearchResult], stale: Sequence[Stale], find_document: FindDocument) -> None:
    """Print passages, best first."""
    said = _stale(stale)
    for n, result in enumerate(found, 1):
        place = Text(_place(result, result.chunk.start, result.chunk.page, find_document))
        score = Text(f"  {result.score:.2f}", style="dim")
        OUT.print(Text(f"{n}. ", style="bold") + place + score + Text(said.get(result.source, ""), style="yellow"))
        OUT.print(Text("   " + short(plain(result.chunk.text), 300)))


def sync_report(report: SyncReport) -> None:
    """Print what a run of ``rag index`` did."""
    counts = {name: len(getattr(report, name)) for name in ("added", "changed", "renamed", "removed")}
    done = [f"{count} {name}" for name, count in counts.items() if count]
    if report.made:
        done.append(f"{_count(report.made, 'passage')} embedded")
    held = f"{_count(report.documents, 'document')}, {_count(report.chunks, 'passage')}"
    OUT.print(Text(f"{', '.join(done) or 'nothing to do'} · {held} · {report.seconds:.1f} s", style="bold"))
    _embedded(report.embedded)
    for failure in report.failed:
        ERR.print(Text(f"{NOT_READ.lower()}: {plain(failure.source)}: {plain(failure.reason)}", style="yellow"))
    for warning in report.warnings:
        ERR.print(Text(f"note: {plain(warning.source)}: {plain(warning.reason)}", style="yellow"))
    if report.unspoken is not None:
        ERR.print(Text(f"note: {plain(report.unspoken)}", style="yellow"))
    for source in report.waiting:
        note(f"still being written, left for the next run: {plain(source)}")
    if report.broken_off == "run":
        note("the run before was broken off; nothing was lost, and this one went on from where it was")
    elif report.broken_off == "rebuild":
        note("a rebuild was broken off; the index from before it is in use: run `rag index --rebuild` again if needed")


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'s' * (number != 1)}"


def verification(found: Verification) -> None:
    """Print what became of each quotation and of its excerpt, and the faults of an index."""
    for check in found.checks:
        quotation, now, shown = check.quotation, check.now, check.quotation.excerpt
        number = f"[{quotation.n}] " if quotation.n is not None else ""
        around = f", in the excerpt {shown.start}–{shown.end}" if shown is not None else ""
        alone = "without its excerpt " if check.state == "changed" else ""
        to = f" → {alone}{plain(now.source)} {now.start}–{now.end}" if now is not None else ""
        place = f"{plain(quotation.source)} {quotation.start}–{quotation.end}{around}{to}"
        style = "green" if check.state == "intact" else "yellow"
        OUT.print(Text(f"{check.state:<8}", style=style) + Text(f"{number}{place}"))
        OUT.print(Text(f"        “{short(plain(quotation.quote), 120)}”", style="dim"))
    for fault in found.faults:
        OUT.print(Text(f"fault   {fault}: run `rag index --rebuild`", style="red"))
    if not (found.checks or found.intact):
        note("there is nothing to check")
    states = ("intact", "moved", "changed", "gone")
    OUT.print(Text(" · ".join(f"{getattr(found, state)} {state}" for state in states), style="bold"))


def status(found: IndexStatus) -> None:
    """Print what the index holds, and how level it is with the folder."""
    if found.manifest is None:
        OUT.print(f"no index in {found.index} yet: run `rag index`")
    else:
        OUT.print(f"{len(found.documents)} documents in {found.index}, embedded by {found.manifest.embedder}")
        spread = f", spread over {found.shards} shards" if found.shards else ""
        OUT.print(_search(sum(document.chunks for document in found.documents)) + spread)
        if found.embedded < 1:
            OUT.print(f"{embedded_note(found.embedded)} (`rag index` goes on with it)")
    for document in found.documents:
        OUT.print(Text(f"  {plain(document.source)}: {document.extent} · {plain(document.title)}"))
    for record in found.failed:
        OUT.print(Text(f"  {NOT_READ.lower()}: {plain(record.source)}: {plain(record.reason or '')}", style="yellow"))
    for record in found.warned:
        OUT.print(Text(f"  note: {plain(record.source)}: {plain(record.warning or '')}", style="yellow"))
    if found.unspoken is not None:
        OUT.print(Text(f"  note: {plain(found.unspoken)}", style="yellow"))
    if found.problem is not None:
        OUT.print(Text(f"updating stopped: {plain(found.problem.message)}", style="yellow"))
    if found.freshness is not None and found.freshness.level:
        OUT.print(f"{UP_TO_DATE.lower()} with {found.corpus}")
    _freshness(found.freshness)


@contextmanager
def progress() -> Iterator[OnProgress]:
    """Show a bar for each phase on standard error, once there is something to do."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    if not sys.stderr.isatty():
        yield _Lines().tell
        return
    with Progress(*columns, console=ERR) as bar:
        parsing = bar.add_task("looking for changes", total=None, unit="bytes")
        embedding = bar.add_task("embedding", total=None, unit="passages", visible=False)

        def on_progress(state: SyncProgress) -> None:
            if state.phase == "embedding":
                bar.update(embedding, completed=state.done, total=state.total, visible=True)
            else:
                description = plain(state.source)[-40:] or "parsed"
                bar.update(parsing, completed=state.done, total=state.total, description=description)

        yield on_progress
        bar.update(parsing, visible=bar.tasks[0].total is not None)


class _Lines:
    """Tells now and then how far a run is, where there is no terminal to draw on."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _TOLD_EVERY

    def tell(self, state: SyncProgress) -> None:
        """Print a line, if the last one was long enough ago."""
        if time.monotonic() > self._next:
            self._next = time.monotonic() + _TOLD_EVERY
            note(f"{state.phase}: {100 * state.done / max(1, state.total):.0f} % {plain(state.source)}".rstrip())


class _Rate(ProgressColumn):
    """How fast a phase is, in what it counts."""

    def render(self, task: Task) -> Text:
        """Return "1.2 MB/s" or "45 passages/s"; nothing before there is a rate."""
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text("")
        if task.fields["unit"] == "bytes":
            return Text(f"{decimal(int(speed))}/s", style="progress.data.speed")
        return Text(f"{speed:.0f} {task.fields['unit']}/s", style="progress.data.speed")


def _search(passages: int) -> str:
    """Say how so many passages are searched."""
    if passages <= EXACT_UP_TO:
        return f"{passages:,} passages, searched exactly"
    return f"{passages:,} passages, searched coarsely, the likeliest weighed exactly (more than {EXACT_UP_TO:,})"


def _place(found: Citation | SearchResult, start: int, page: int | None, find_document: FindDocument) -> str:
    """Return the source, with the page (slide, row …) where there is one, else with the line."""
    if page is not None:
        return f"{plain(found.source)}, {page_name(found.page_kind, page)}"
    return f"{plain(found.source)}:{find_document(found.source).text.count(chr(10), 0, start) + 1}"


def short(text: str, most: int) -> str:
    """Return ``text``, cut where it is longer than ``most`` signs."""
    return text if len(text) <= most else text[:most] + "…"


def _embedded(share: float) -> None:
    if share < 1:
        note(f"{embedded_note(share)} (`rag index` goes on with it)")


def _freshness(found: Freshness | None) -> None:
    if found is None:
        note("the corpus folder cannot be looked through (run `rag index` to see why): this is what the index holds")
    elif not found.level:
        parts = [f"{count} {name}" for name, count in found.model_dump().items() if count]
        note(f"files changed since the last update ({', '.join(parts)}): run `rag index`")
