"""What the command line prints: values → text for a terminal, or plain JSON; decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.status import Status
from rich.text import Text

from rag.assistant import Status as IndexStatus
from rag.index.derive import EXACT_UP_TO
from rag.sync import OnProgress, SyncReport
from rag.sync import Progress as SyncProgress
from rag.types import Answer, Citation, Document, Freshness, SearchResult
from rag.verify import Verification

FindDocument = Callable[[str], Document]

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
    return "".join(c for c in " ".join(text.split()) if c.isprintable() and c not in _BIDI)


_BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def answer(found: Answer, find_document: FindDocument) -> None:
    """Print an answer with its sources, or that there is none with the nearest passages."""
    if found.query != found.question:
        note(f"asked as: {plain(found.query)}")
    if found.abstained:
        OUT.print(Text("Not in your documents.", style="bold"), Text("The nearest passages, which may not answer:"))
        results(found.results[:3], find_document)
    cited = {citation.n: citation for citation in found.citations}
    for sentence in found.sentences:
        marks = "".join(f" [{n}]" for n in sentence.citations)
        quoted = sentence.support == "quoted"
        words = _highlighted(cited[sentence.citations[0]]) if quoted else Text(plain(sentence.text))
        caveat = Text(f" ({plain(sentence.caveat)})" if sentence.caveat else "", style="yellow")
        OUT.print(words + Text(marks, style="bold cyan") + caveat)
    _caveats(found)
    if found.citations:
        OUT.print()
    for citation in found.citations:
        place = _place(citation, citation.start, citation.page, find_document)
        OUT.print(Text(f"[{citation.n}] ", style="bold cyan") + Text(place) + Text(_path(citation), style="dim"))
        OUT.print(Text(f"    “{plain(citation.quote)}”", style="italic"))
    _freshness(found.freshness)
    if found.note:
        note(plain(found.note))
    if found.model is not None:
        note(plain(found.model.told))
    note(f"confidence {found.confidence:.2f} · {1000 * sum(found.timings.values()):.0f} ms")


def _highlighted(citation: Citation) -> Text:
    """Return a quotation in one line, with the words that answer in bold."""
    texts = [Text(_in_line(piece), style="bold" if number == 1 else "") for number, piece in enumerate(citation.pieces)]
    return Text.assemble(*texts)


def _in_line(piece: str) -> str:
    """Return a piece of a text as ``plain`` does, with a space where it begins or ends with white space."""
    before, after = piece[:1].isspace(), piece[-1:].isspace()
    return " " * before + plain(piece) + " " * (after and bool(piece.strip()))


def _caveats(found: Answer) -> None:
    """Print where the sources disagree, and what of the question they do not answer."""
    for pair in found.disagreements:
        said = (f"{plain(value)} [{n}]" for value, n in zip(pair.values, pair.citations, strict=True))
        OUT.print(Text("Sources disagree: " + ", ".join(said), style="yellow"))
    if found.missing and not found.abstained:
        OUT.print(Text("Not in your documents: " + plain(" ".join(found.missing)), style="bold"))


def results(found: Sequence[SearchResult], find_document: FindDocument) -> None:
    """Print passages, best first."""
    for n, result in enumerate(found, 1):
        place = _place(result, result.chunk.start, result.chunk.page, find_document)
        OUT.print(Text(f"{n}. ", style="bold") + Text(place) + Text(f"  {result.score:.2f}", style="dim"))
        OUT.print(Text("   " + short(plain(result.chunk.text), 300)))


def sync_report(report: SyncReport) -> None:
    """Print what a run of ``rag index`` did."""
    counts = {name: len(getattr(report, name)) for name in ("added", "changed", "renamed", "removed")}
    done = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to do"
    OUT.print(
        Text(f"{done} · {report.documents} documents, {report.chunks} passages · {report.seconds:.1f} s", style="bold")
    )
    for failure in report.failed:
        ERR.print(Text(f"not read: {plain(failure.source)}: {plain(failure.reason)}", style="yellow"))
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


def verification(found: Verification) -> None:
    """Print what became of quotations: first those that do not stand where they stood."""
    for check in found.checks:
        quotation, now = check.quotation, check.now
        number = f"[{quotation.n}] " if quotation.n is not None else ""
        to = f" → {plain(now.source)} {now.start}–{now.end}" if now is not None else ""
        place = f"{plain(quotation.source)} {quotation.start}–{quotation.end}{to}"
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
        OUT.print(_search(sum(document.chunks for document in found.documents)))
    for document in found.documents:
        OUT.print(Text(f"  {plain(document.source)}: {document.extent} · {plain(document.title)}"))
    for record in found.failed:
        OUT.print(Text(f"  not read: {plain(record.source)}: {plain(record.reason or '')}", style="yellow"))
    for record in found.warned:
        OUT.print(Text(f"  note: {plain(record.source)}: {plain(record.warning or '')}", style="yellow"))
    if found.unspoken is not None:
        OUT.print(Text(f"  note: {plain(found.unspoken)}", style="yellow"))
    if found.freshness is not None and found.freshness.level:
        OUT.print(f"level with {found.corpus}")
    _freshness(found.freshness)


@contextmanager
def progress() -> Iterator[OnProgress]:
    """Show a bar on standard error once there is something to do."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=ERR, transient=not sys.stderr.isatty()) as bar:
        task = bar.add_task("looking for changes", total=None)

        def on_progress(state: SyncProgress) -> None:
            description = plain(state.source)[-40:] or "indexed"
            bar.update(task, completed=state.done, total=state.total, description=description)

        yield on_progress
        bar.update(task, visible=bar.tasks[0].total is not None)


def _search(passages: int) -> str:
    """Say how so many passages are searched."""
    if passages <= EXACT_UP_TO:
        return f"{passages:,} passages, searched exactly"
    return f"{passages:,} passages, searched coarsely, the likeliest weighed exactly (more than {EXACT_UP_TO:,})"


def _place(found: Citation | SearchResult, start: int, page: int | None, find_document: FindDocument) -> str:
    """Return the source, with the page (slide, row …) where there is one, else with the line."""
    if page is not None:
        return f"{plain(found.source)}, {found.page_kind} {page}"
    return f"{plain(found.source)}:{find_document(found.source).text.count(chr(10), 0, start) + 1}"


def short(text: str, most: int) -> str:
    """Return ``text``, cut where it is longer than ``most`` signs."""
    return text if len(text) <= most else text[:most] + "…"


def _path(citation: Citation) -> str:
    return "".join(f" › {plain(heading)}" for heading in citation.headings)


def _freshness(found: Freshness | None) -> None:
    if found is None:
        note("the corpus folder cannot be looked through (run `rag index` to see why): this is what the index holds")
    elif not found.level:
        parts = [f"{count} {name}" for name, count in found.model_dump().items() if count]
        note(f"files newer than the index ({', '.join(parts)}): run `rag index`")
