"""How well the support checker tells faithful sentences from altered ones: ``python -m tests.benchmarks.support DATA``.

DATA holds ``squad2``, ``xquad`` and ``scifact``. Sentences are made of their documents by rules, half of which (by
their hash) were looked at while the checker was written; the others are held out. SciFact's claims and labels are
people's: a claim is judged beside the abstract that was given to them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import quantiles

from rag.answer.support import Judgement, Passage, judge
from rag.embed import Embedder
from rag.embed.packaged import PackagedEmbedder
from tests.benchmarks.support_sentences import Made, make, paragraphs, part_of

_LABELS = ("SUPPORT", "CONTRADICT", "NOT_ENOUGH_INFO")


def main() -> None:
    """Make, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=60, help="sentences of each kind and part")
    parser.add_argument("--part", choices=("dev", "held out"), help="this part alone")
    parser.add_argument("--show", help="print the sentences of this kind, or all, that were judged wrongly")
    given = parser.parse_args()
    embedder = PackagedEmbedder()
    made = list(make(paragraphs(given.data / "squad2"), given.most))
    if given.part:
        made = [one for one in made if one.part == given.part]
    judged = judge_all(made, embedder)
    report(made, judged)
    if given.show:
        show(made, judged, given.show)
    print_claims(given.data / "scifact", given.part, embedder)


def judge_all(made: Sequence[Made], embedder: Embedder) -> list[Judgement]:
    """Judge sentences and print how long it took."""
    judge(made[0].sentence, made[0].passages, embedder)  # the model is loaded
    judged, took = [], []
    for one in made:
        started = time.perf_counter()
        judged.append(judge(one.sentence, one.passages, embedder))
        took.append(1000 * (time.perf_counter() - started))
    cuts = quantiles(took, n=20)
    print(f"{len(made)} sentences; {cuts[9]:.2f} ms in the middle, {cuts[18]:.2f} ms for 19 of 20, reading passages too")
    return judged


def report(made: Sequence[Made], judged: Sequence[Judgement]) -> None:
    """Print the share flagged of each kind, by part."""
    flagged: dict[tuple[bool, str, str], list[bool]] = defaultdict(list)
    for one, judgement in zip(made, judged, strict=True):
        for kind in (one.kind, "ALL"):
            flagged[not one.faithful, kind, one.part].append(not judgement.supported)
    parts = list(dict.fromkeys(one.part for one in made))
    for altered in (False, True):
        print(f"\n{'altered: caught' if altered else 'faithful: flagged':<26}" + "".join(f"{part:>22}" for part in parts))
        for kind in dict.fromkeys(kind for was, kind, _ in flagged if was == altered):
            cells = [flagged.get((altered, kind, part), []) for part in parts]
            shown = (f"{sum(c)} of {len(c)}  {sum(c) / max(1, len(c)):6.1%}" for c in cells)
            print(f"  {kind:<24}" + "".join(f"{cell:>22}" for cell in shown))


def show(made: Sequence[Made], judged: Sequence[Judgement], kind: str) -> None:
    """Print the sentences of one kind, or of all, that were judged wrongly."""
    for one, judgement in zip(made, judged, strict=True):
        if kind in ("all", one.kind) and judgement.supported != one.faithful:
            print(f"\n{one.kind}: {one.sentence}\n  {judgement.reason or 'passed'}\n  {one.passages[0].context}: {one.passages[0].text}")


def print_claims(folder: Path, part: str | None, embedder: Embedder) -> None:
    """Print how the judgements of SciFact's claims agree with people's labels."""
    documents = {d["id"]: d for d in map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines())}
    passed: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for claim in map(json.loads, (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()):
        if claim.get("label") not in _LABELS or not claim["cited_doc_ids"]:
            continue
        document = documents[claim["cited_doc_ids"][0]]
        passage = Passage(text=document["text"], context=document["title"])
        passed[part_of(document["id"]), claim["label"]].append(judge(claim["question"], [passage], embedder).supported)
    print("\nSciFact, claims passed")
    for (which, label), cells in sorted(passed.items()):
        if part in (None, which):
            print(f"  {which:<10} {label:<18} {sum(cells)} of {len(cells)}  {sum(cells) / len(cells):.1%}")


if __name__ == "__main__":
    main()
