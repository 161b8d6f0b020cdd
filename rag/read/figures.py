"""What a trained reader makes of the questions that were held out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer

from rag.embed.sentence_transformer import packaged_model
from rag.read.examples import Example, Examples
from rag.read.mix import RECIPE
from rag.read.network import Network, stacked

_MOST = 200  # questions of a set


class _Read(NamedTuple):
    """What was made of a question: the log-odds that anything answers, and whether the likeliest sentence does."""

    likely: float
    is_right: bool


def figures(network: Network, data: Path, most: int = _MOST) -> dict[str, dict[str, float]]:
    """Return by set how many held-out questions there are, and of how many the likeliest sentence shown is right.

    Beside the passage that answers, two like the question are shown. ``told apart`` is the AUROC of the log-odds that
    anything answers, of SQuAD's questions against those that people wrote to be nearly answered.
    """
    tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    examples = Examples(data, tokenizer, RECIPE, seed=0, held_out=True)
    network.eval()
    found: dict[str, dict[str, float]] = {}
    read: dict[str, list[_Read]] = {}
    for name in examples.counts():
        shown = list(examples.held_out(name, most))
        read[name] = [_read(network, example) for example in shown]
        found[name] = {"questions": len(shown)}
        right = [one.is_right for one, it in zip(read[name], shown, strict=True) if any(map(any, it.labels))]
        if right:
            found[name]["right"] = sum(right) / len(right)
    there, near = ([one.likely for one in read.get(name, ())] for name in ("squad1_train", "squad2_unansq"))
    if there and near:
        found["squad2_unansq"]["told apart"] = _auroc(there, near)
    return found


def _read(network: Network, example: Example) -> _Read:
    with torch.inference_mode():
        outputs = network(**stacked(example.windows))
    scores = torch.cat([outputs[row, window.markers, 0] for row, window in enumerate(example.windows)])
    labels = [answers for some in example.labels for answers in some]
    return _Read(torch.logsumexp(scores, 0).item(), labels[int(scores.argmax())])


def _auroc(there: list[float], not_there: list[float]) -> float:
    """Return how often what is there has the higher number."""
    pairs = [(one > other) + (one == other) / 2 for one in there for other in not_there]
    return sum(pairs) / (len(pairs) or 1)
