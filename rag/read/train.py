"""Train the reader: ``python -m rag.read.train DATA OUT [--questions N] [--minutes M] [--seed S] [--base MODEL] …``.

DATA is a folder of question-answer sets (see ``rag/read/README.md``). OUT gets the reader, its figures, and
``progress.pt``, from which an interrupted run goes on. Two cores learn from some 33,000 questions an hour.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from rag.embed.sentence_transformer import packaged_model
from rag.exported import processor_has
from rag.read.card import card
from rag.read.examples import Example, Examples
from rag.read.figures import figures
from rag.read.folder import CARD, WEIGHTS, note_about
from rag.read.mix import RECIPE
from rag.read.network import Network, QuestionWindows, compare, sentence_odds

_QUESTIONS = 32_000  # of a run; as many as the reader that ships learned from
_PROGRESS = "progress.pt"
_TOKENS = 1500  # of a batch, padding counted; with 3,000 the loss falls more slowly
_POOL = 800  # questions sorted by length together; chosen by hand
_RATE, _HEAD_RATE = 1e-4, 1e-3  # Adam's, at the highest: of the layers, of the heads
_WEIGHT_DECAY = 0.01
_WARM_UP = 0.04  # of the run; the rate falls in a straight line after it
_MOST_NORM = 1.0  # of the gradient
_SPAN_WEIGHT = 0.4  # of the loss of the words, beside that of the sentences; chosen by hand
_SAVED_EVERY, _TOLD_EVERY = 300, 30  # seconds
_HALF_PRODUCTS = {"avx512_bf16", "amx_bf16"}  # of a processor that multiplies 16-bit floats faster than 32-bit ones
log = logging.getLogger(__name__)


def loss_of(network: Network, examples: Sequence[Example], *, half: bool = False) -> Tensor:
    """Return the mean loss of some questions; with ``half``, computed in 16 bits where that is precise enough.

    The sentences of all windows of a question, and a null of 0 which says that none answers, share one softmax (Clark
    and Gardner 2018, arXiv:1710.10723); where several answer, the sum of them is right.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        compared = compare(network, [QuestionWindows(example.question, example.windows) for example in examples])
    rows = iter(zip(compared.likeness.float(), compared.odds.float(), strict=True))
    losses = [_question_loss(network, [next(rows) for _ in example.windows], example) for example in examples]
    return torch.stack(losses).mean()


def _question_loss(network: Network, rows: Sequence[tuple[Tensor, Tensor]], example: Example) -> Tensor:
    found = [sentence_odds(network, *row, window) for row, window in zip(rows, example.windows, strict=True)]
    scores = torch.cat(found)
    answers = torch.tensor([answers for some in example.labels for answers in some])
    null = torch.zeros(1)
    right = torch.logsumexp(scores[answers], 0) if answers.any() else null[0]
    loss = torch.logsumexp(torch.cat([null, scores]), 0) - right
    for number, sentence, first, last in example.spans:
        start, end = example.windows[number].sentences[sentence]
        likely = torch.log_softmax(rows[number][1][start:end, 1:], 0)
        loss = loss - _SPAN_WEIGHT * (likely[first - start, 0] + likely[last - start, 1])
    return loss


class _Batch(NamedTuple):
    """Questions of like length, and how many of the run came before them."""

    before: int
    examples: list[Example]
    begins_pool: bool


def _batches(examples: Examples, first: int, questions: int) -> Iterator[_Batch]:
    """Yield batches from the pool that begins at question ``first`` on."""
    for start in range(first, questions, _POOL):
        pool = [examples.at(number) for number in range(start, min(start + _POOL, questions))]
        made = _of_like_length(pool)
        order = torch.randperm(len(made), generator=torch.Generator().manual_seed(start)).tolist()
        before = start
        for place, at in enumerate(order):
            yield _Batch(before, made[at], begins_pool=not place)
            before += len(made[at])


def _of_like_length(pool: Sequence[Example]) -> list[list[Example]]:
    made: list[list[Example]] = [[]]
    rows = 0
    for example in sorted(pool, key=_longest):
        if made[-1] and (rows + len(example.windows)) * _longest(example) > _TOKENS:
            made.append([])
            rows = 0
        made[-1].append(example)
        rows += len(example.windows)
    return made


def _longest(example: Example) -> int:
    return max(len(window.ids) for window in example.windows)


class Run:
    """A run of training, which can be interrupted: what is in its folder is gone on from."""

    def __init__(self, base: Path, examples: Examples, out: Path, questions: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = Network(base)
        self._examples, self._out, self._questions = examples, out, questions
        named = [(name, weights) for name, weights in self.network.named_parameters() if weights.requires_grad]
        layers = [weights for name, weights in named if name.startswith("bert.")]
        heads = [weights for name, weights in named if not name.startswith("bert.")]
        self._trained = [*layers, *heads]
        groups = [{"params": layers, "peak": _RATE}, {"params": heads, "peak": _HEAD_RATE}]
        self._optimizer = torch.optim.AdamW(groups, lr=_RATE, weight_decay=_WEIGHT_DECAY)
        self._done, self._seconds = 0, 0.0
        self._half = processor_has(_HALF_PRODUCTS)
        if (out / _PROGRESS).exists():
            self._resume()

    def go_on(self, seconds: float = math.inf) -> bool:
        """Learn until all questions are, or for so many ``seconds``; return whether all are."""
        begun = saved = told = time.monotonic()
        losses: list[float] = []
        self.network.train()
        for batch in _batches(self._examples, self._done, self._questions):
            now = time.monotonic()
            if (
                batch.begins_pool
                and batch.before > self._done
                and (now - begun > seconds or now - saved > _SAVED_EVERY)
            ):
                self._save(batch.before, now - saved)
                saved = now
                if now - begun > seconds:
                    return False
            losses.append(self._step(batch))
            if now - told > _TOLD_EVERY:
                hours = (self._seconds + now - saved) / 3600
                log.info("%7d questions  %.2f h  loss %.3f", batch.before, hours, sum(losses) / len(losses))
                told, losses = now, []
        self._save(self._questions, time.monotonic() - saved)
        return True

    def write(self) -> None:
        """Write the weights that were learned, in 16 bits."""
        learned = self.network.weights().items()
        save_file({name: weights.to(torch.float16).contiguous() for name, weights in learned}, self._out / WEIGHTS)

    @property
    def hours(self) -> float:
        """How long it has taken so far."""
        return self._seconds / 3600

    def _step(self, batch: _Batch) -> float:
        part = batch.before / self._questions
        rate = min(part / _WARM_UP, (1 - part) / (1 - _WARM_UP))
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        loss = loss_of(self.network, batch.examples, half=self._half)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._trained, _MOST_NORM)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def _save(self, done: int, seconds: float) -> None:
        self._seconds += seconds
        state = {
            "weights": self.network.weights(),
            "optimizer": self._optimizer.state_dict(),
            "done": done,
            "seconds": self._seconds,
        }
        part = self._out / f"{_PROGRESS}.part"
        torch.save(state, part)
        part.replace(self._out / _PROGRESS)

    def _resume(self) -> None:
        state = torch.load(self._out / _PROGRESS, weights_only=True)
        self.network.load_state_dict(state["weights"], strict=False)
        self._optimizer.load_state_dict(state["optimizer"])
        self._done, self._seconds = state["done"], state["seconds"]
        log.info("going on after %d questions", self._done)


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--questions", type=int, default=_QUESTIONS)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long, to go on another time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base", type=Path, help="the folder of another BERT or XLM-R model to train on top of")
    parser.add_argument("--languages", default="en", help="the languages it then reads, such as en,de; all for any")
    parser.add_argument("--recipe", type=json.loads, default={}, help="what differs from the table in mix.py, as JSON")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    recipe = RECIPE._replace(**given.recipe)
    given.out.mkdir(parents=True, exist_ok=True)
    base = given.base or packaged_model()
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    examples = Examples(given.data, tokenizer, recipe, given.seed)
    run = Run(base, examples, given.out, given.questions, given.seed)
    if not run.go_on(given.minutes * 60):
        log.info("stopped: the same command goes on")
        return
    run.write()
    note_about(given.out, given.base, None if given.languages == "all" else given.languages.split(","))
    found = figures(run.network, examples)
    told = card(
        examples.counts(),
        found,
        recipe,
        base=given.base,
        languages=given.languages,
        questions=given.questions,
        hours=run.hours,
        cores=torch.get_num_threads(),
        seed=given.seed,
    )
    (given.out / CARD).write_text(told, encoding="utf-8")
    log.info(told)


if __name__ == "__main__":
    main()
