"""What a trained reader makes of the questions that were held out."""

from __future__ import annotations

from typing import NamedTuple

import torch
from sklearn.metrics import roc_auc_score

from rag.read.examples import Example, Examples
from rag.read.network import Network, QuestionWindows, compare, sentence_odds

_MOST = 200  # questions of a set


class _Read(NamedTuple):
    """What was made of a question: the log-odds that anything answers, and whether the likeliest sentence does."""

    likely: float
    is_right: bool


def figures(network: Network, examples: Examples, most: int = _MOST) -> dict[str, dict[str, float]]:
    """Return by set how many held-out questions there are, and of how many the likeliest sentence shown is right.

    Beside the passage that answers, two like the question are shown. ``told apart`` is the AUROC of the log-odds that
    anything answers, of SQuAD's questions against those that people wrote to be nearly answered.
    """
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
        found["squad2_unansq"]["told apart"] = float(
            roc_auc_score([True] * len(there) + [False] * len(near), there + near)
        )
    return found


def _read(network: Network, example: Example) -> _Read:
    with torch.inference_mode():
        compared = compare(network, [QuestionWindows(example.question, example.windows)])
        rows = zip(compared.likeness, compared.odds, example.windows, strict=True)
        scores = torch.cat([sentence_odds(network, likeness, odds, window) for likeness, odds, window in rows])
    labels = [answers for some in example.labels for answers in some]
    return _Read(torch.logsumexp(scores, 0).item(), labels[int(scores.argmax())])
