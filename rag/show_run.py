"""What ``rag eval`` prints of a run: its measures, and how it compares with an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from rich import box
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from rag.evaluate.ask import Outcome
from rag.evaluate.measures import DEFINITIONS, Comparison, Definition
from rag.evaluate.report import interval, number, signed
from rag.evaluate.run import Run
from rag.show import ERR, OUT, note, plain, short

_Measure = TypeVar("_Measure")
_MOST_CHANGED = 10  # questions listed of those that went otherwise than before


def evaluation(run: Run) -> None:
    """Print the measures of a run, each with its interval, and how it compares with an earlier one."""
    table = _table("measure", "value", "95 % interval", "questions")
    for definition, found in _grouped(run.measures, table):
        value, between = number(found.value, definition.unit), interval(found.low, found.high, definition.unit)
        table.add_row("  " + definition.label, value, between, str(found.questions))
    OUT.print(table)
    if run.comparison is not None:
        _comparison(run.comparison)


def _comparison(found: Comparison) -> None:
    OUT.print(Text(f"compared with the earlier run, {found.questions} questions in both", style="bold"))
    table = _table("measure", "before", "now", "difference", "95 % interval")
    for definition, one in _grouped(found.measures, table):
        unit = definition.unit
        better = (one.difference > 0) == definition.more_is_better
        difference = Text(signed(one.difference, unit), style="" if not one.certain else "green" if better else "red")
        between = f"{signed(one.low, unit)} to {signed(one.high, unit)}"
        table.add_row("  " + definition.label, number(one.before, unit), number(one.now, unit), difference, between)
    OUT.print(table)
    for name, changes in (("right now, wrong before", found.now_right), ("wrong now, right before", found.now_wrong)):
        OUT.print(Text(f"{name}: {len(changes)}", style="bold"))
        for change in changes[:_MOST_CHANGED]:
            OUT.print(Text(f"  {plain(change.id)}  {short(plain(change.question), 100)}"))
        if len(changes) > _MOST_CHANGED:
            note(f"  and {len(changes) - _MOST_CHANGED} more: --json has them all, --report shows them")


def _table(first: str, *others: str) -> Table:
    columns = [Column(name, justify="right", no_wrap=True) for name in others]
    return Table(Column(first), *columns, box=box.SIMPLE_HEAD, pad_edge=False)


def _grouped(found: Mapping[str, _Measure], table: Table) -> Iterator[tuple[Definition, _Measure]]:
    """Yield the measures found, in order, and put the heading of each group into ``table``."""
    group = ""
    for definition in DEFINITIONS:
        if definition.name in found:
            if definition.group != group:
                group = definition.group
                table.add_row(Text(group, style="bold"))
            yield definition, found[definition.name]


def track(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """Yield ``outcomes`` with a bar on standard error."""
    with Progress(console=ERR, transient=True) as bar:
        yield from bar.track(outcomes, total=total, description="asking")
