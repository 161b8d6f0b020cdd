"""How well the support checker tells faithful sentences from altered ones: ``python -m tests.benchmarks.support DATA``.

DATA holds ``squad2``, ``xquad`` and ``scifact``. Sentences are made by rules from a seed, the same each time, of
documents half of which (by their hash) were looked at while the checker was written; the others are held out, but
for the kind "answered", of which 19 that were flagged were looked at once, at the end. Those of
``tests/data/support.jsonl`` are written by hand, as a language model writes. SciFact's claims and labels are people's:
a claim is judged beside the abstract that was given to them.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from rag.answer.support import Judgement, Passage, attribute, judge
from rag.embed import Embedder
from rag.embed.packaged import PackagedEmbedder
from tests.benchmarks.support_altered import ALTERED, invented, number_changed, quotation_altered
from tests.benchmarks.support_faithful import FAITHFUL, opened, quoted, verbatim
from tests.benchmarks.support_paragraphs import Maker, Paragraph, Part, paragraphs, part_of
from tests.support_sentences import read_written

_PARTS: tuple[Part, ...] = ("dev", "held out")
_OTHERS = 4  # paragraphs of other documents


class Made(NamedTuple):
    """A sentence, the passage it cites, others beside it, what was done to make it, and whether it is faithful."""

    kind: str
    sentence: str
    passages: tuple[Passage, ...]
    others: tuple[Passage, ...]
    faithful: bool
    part: Part


def main() -> None:
    """Make, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=60, help="sentences of each kind and part")
    parser.add_argument("--part", choices=_PARTS, help="this part alone")
    parser.add_argument("--show", action="store_true", help="print the sentences that were judged wrongly")
    given = parser.parse_args()
    embedder = PackagedEmbedder()
    parts: tuple[Part, ...] = (given.part,) if given.part else _PARTS
    for name, made in (
        ("written by hand", list(written())),
        ("SQuAD 2.0", list(make(paragraphs(given.data / "squad2"), given.most, FAITHFUL, ALTERED))),
        ("XQuAD, de es zh", list(other_languages(paragraphs(given.data / "xquad"), given.most))),
    ):
        chosen = [one for one in made if one.part in parts]
        print(f"\n{name}")
        judged = judge_all(chosen, embedder)
        report(chosen, judged, parts)
        print_attributed(chosen, embedder)
        if given.show:
            show(chosen, judged)
    print_claims(given.data / "scifact", parts, embedder)


def written() -> Iterator[Made]:
    """Yield the sentences that were written by hand."""
    texts = read_written()
    for text in texts:
        part: Part = "held out" if text.held_out else "dev"
        others = tuple(source for other in texts if other is not text for source in other.sources)[:_OTHERS]
        for sentence in text.faithful:
            yield Made("faithful", sentence, text.sources, others, True, part)
        for altered in text.altered:
            yield Made(altered.kind, altered.sentence, text.sources, others, False, part)


def make(
    found: Sequence[Paragraph], most: int, faithful: Sequence[Maker], altered: Sequence[Maker], seed: int = 0
) -> Iterator[Made]:
    """Yield up to ``most`` sentences of each kind and part, at most one of each kind from a paragraph."""
    for part in _PARTS:
        mine = [paragraph for paragraph in found if part_of(paragraph.document) == part]
        for maker in (*faithful, *altered):
            chance = random.Random(f"{seed} {maker.__name__} {part}")
            yield from _of_kind(maker, mine, most, maker in faithful, part, chance)


def _of_kind(
    maker: Maker, found: Sequence[Paragraph], most: int, faithful: bool, part: Part, chance: random.Random
) -> Iterator[Made]:
    count = 0
    for paragraph in chance.sample(found, len(found)):
        others = [other for _ in range(_OTHERS) if (other := chance.choice(found)).document != paragraph.document]
        made = list(maker(paragraph, others, chance)) if others else []
        if made and count < most:
            kind = maker.__name__.replace("_", " ")
            beside = tuple(other.passage for other in others)
            yield Made(kind, chance.choice(made), (paragraph.passage,), beside, faithful, part)
            count += 1


def other_languages(found: Sequence[Paragraph], most: int) -> Iterator[Made]:
    """Yield sentences of each language that can be made without knowing it."""
    for language in sorted({paragraph.passage.language for paragraph in found}):
        mine = [paragraph for paragraph in found if paragraph.passage.language == language]
        makers = (verbatim, opened, quoted), (number_changed, invented, quotation_altered)
        for one in make(mine, most, *makers):
            yield one._replace(kind=f"{language} {one.kind}")


def judge_all(made: Sequence[Made], embedder: Embedder) -> list[Judgement]:
    """Judge sentences and print the processor time it took, the passages read before and not."""
    judge(made[0].sentence, made[0].passages, embedder)  # the model is loaded
    judged, first, again = [], [], []
    for one in made:
        started = time.process_time()
        judged.append(judge(one.sentence, one.passages, embedder))
        between = time.process_time()
        judge(f"{one.sentence} ", one.passages, embedder)
        first.append(1000 * (between - started))
        again.append(1000 * (time.process_time() - between))
    for when, took in (("with a passage that is new", first), ("with one that was read before", again)):
        cuts = quantiles(took, n=20)
        print(f"  {len(made)} sentences {when}: {cuts[9]:.2f} ms in the middle, {cuts[18]:.2f} ms for 19 of 20")
    return judged


def report(made: Sequence[Made], judged: Sequence[Judgement], parts: Sequence[Part]) -> None:
    """Print the share flagged of each kind, by part."""
    flagged: dict[tuple[bool, str, str], list[bool]] = defaultdict(list)
    for one, judgement in zip(made, judged, strict=True):
        for kind in (one.kind, "all"):
            flagged[one.faithful, kind, one.part].append(not judgement.supported)
    for faithful in (True, False):
        print(
            f"  {'faithful: flagged' if faithful else 'altered: caught':<28}" + "".join(f"{part:>22}" for part in parts)
        )
        kinds = dict.fromkeys(kind for was, kind, _ in flagged if was == faithful)
        for kind in sorted(kinds, key=lambda kind: kind == "all"):
            cells = [flagged.get((faithful, kind, part), []) for part in parts]
            shown = (f"{sum(cell)} of {len(cell)} {share(cell):>7}" for cell in cells)
            print(f"    {kind:<26}" + "".join(f"{cell:>22}" for cell in shown))


def share(flags: Sequence[bool]) -> str:
    """Return the share of true ones."""
    return f"{sum(flags) / len(flags):.1%}" if flags else "–"


def print_attributed(made: Sequence[Made], embedder: Embedder) -> None:
    """Print how many sentences without a marker are given their own passage, another, or none."""
    for faithful in (True, False):
        some = [one for one in made if one.faithful == faithful]
        given = [attribute(one.sentence, (*one.others, *one.passages), embedder) for one in some]
        own = [at is not None and at >= len(one.others) for at, one in zip(given, some, strict=True)]
        other = [at is not None and at < len(one.others) for at, one in zip(given, some, strict=True)]
        print(
            f"  without a marker, {'faithful' if faithful else 'altered'}: given their own passage {share(own)}, "
            f"another {share(other)}, of {len(some)}"
        )


def show(made: Sequence[Made], judged: Sequence[Judgement]) -> None:
    """Print the sentences that were judged wrongly."""
    for one, judgement in zip(made, judged, strict=True):
        if judgement.supported != one.faithful:
            text = " / ".join(one.passages[n].text[start:end] for n, start, end in judgement.quotes)
            print(f"\n  {one.kind}: {one.sentence}\n    {judgement.reason or 'passed'}\n    {text}")


def print_claims(folder: Path, parts: Sequence[Part], embedder: Embedder) -> None:
    """Print how the judgements of SciFact's claims agree with people's labels."""
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    documents = {document["id"]: document for document in map(json.loads, lines)}
    passed: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for claim in map(json.loads, (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()):
        if claim.get("label") and claim["cited_doc_ids"]:
            document = documents[claim["cited_doc_ids"][0]]
            passage = Passage(text=document["text"], context=document["title"])
            judgement = judge(claim["question"], [passage], embedder)
            passed[claim["label"], part_of(document["id"])].append(judgement.supported)
    print(f"\n{'SciFact: passed as supported':<30}" + "".join(f"{part:>22}" for part in parts))
    for label in ("SUPPORT", "NOT_ENOUGH_INFO", "CONTRADICT"):
        cells = [passed[label, part] for part in parts]
        print(f"    {label:<26}" + "".join(f"{sum(c)} of {len(c)} {share(c):>7}".rjust(22) for c in cells))


if __name__ == "__main__":
    main()
