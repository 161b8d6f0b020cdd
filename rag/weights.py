"""What features are worth: the weights in ``weights.json``, learned by ``tests/benchmarks/learn.py``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

Features = Mapping[str, float]
Model = Literal["sentence", "sentence unread", "answer", "answer unread", "answer by words"]

_FARTHEST = 30.0  # log-odds beyond which a probability is as good as 0 or 1


def log_odds(model: Model, features: Features) -> float:
    """Return the weighted sum of ``features``: the logarithm of p / (1 - p)."""
    weights = _weights()[model]
    return weights["bias"] + sum(weights[name] * value for name, value in features.items())


def probability(log_odds: float) -> float:
    """Return the probability, in 0–1, that belongs to log-odds."""
    return 1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, log_odds))))


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    weights: Mapping[str, Mapping[str, float]] = json.loads(resources.files("rag").joinpath("weights.json").read_text())
    return weights
