"""The model of the reader: an encoder, all-MiniLM-L6-v2 by default, and what compares its tokens, as torch trains it.

Question and passage are encoded apart. A sentence answers the likelier, the more of the question's tokens have a token
like them in it ("late interaction", Khattab and Zaharia 2020, arXiv:2004.12832); an attention of its tokens to the
question's tells the rest, such as whether what they say is an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rag.embed.sentence_transformer import quiet
from rag.read.windows import NOTHING, Window

_FROZEN_LAYERS = 2  # the lowest, and the table of input embeddings: they stay as published, so they need not ship
# At first: what a likeness of all tokens is worth, and the likeness at which a sentence answers as likely as not.
# Fitted without training to questions that people asked, and the mean likeness of what answers them.
_WORTH, _EVEN = 20.0, 0.55
_HEAD_WIDTH = 64


class Compared(NamedTuple):
    """What is made of windows.

    ``likeness``, shape ``(windows, question, tokens)``, is how like tokens are to those of the question, times what
    each of these is worth. ``odds``, shape ``(windows, tokens, 3)``, are what a token adds to its sentence, and whether
    the words that answer begin or end there.
    """

    likeness: Tensor
    odds: Tensor


class _Attention(nn.Module):
    """What the tokens of a window take over from those of a question (Vaswani et al. 2017, arXiv:1706.03762)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // _HEAD_WIDTH)
        self.ask, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, tokens: Tensor, heard: Tensor, mask: Tensor) -> Tensor:
        states = self.ask(tokens), self.key(heard), self.value(heard)
        ask, key, value = (one.unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in states)
        attended = nn.functional.scaled_dot_product_attention(ask, key, value, attn_mask=mask[:, None, None, :] > 0)
        out: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return out


class Network(nn.Module):
    """Token numbers of questions and windows → how they compare."""

    def __init__(self, model_folder: Path) -> None:
        super().__init__()
        from transformers import AutoModel

        quiet()
        self.bert: Any = AutoModel.from_pretrained(model_folder, add_pooling_layer=False, attn_implementation="sdpa")
        width: int = self.bert.config.hidden_size
        self.worth = nn.Linear(width, 1)
        self.attend = _Attention(width)
        self.mix = nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, width // 2), nn.GELU())
        self.odds = nn.Linear(width // 2, 3)
        self.scale = nn.Parameter(torch.tensor([_WORTH, -_WORTH * _EVEN]) / 10)
        for layer in (self.worth, self.odds):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        trained = set(self.trained())
        for name, weights in self.named_parameters():
            weights.requires_grad = name in trained

    def trained(self) -> Iterator[str]:
        """Yield the names of the weights that training changes."""
        for name, _ in self.named_parameters():
            layer = int(name.split(".")[3]) if name.startswith("bert.encoder.layer.") else -1
            if not name.startswith("bert.") or layer >= _FROZEN_LAYERS:
                yield name

    def forward(self, question: Tensor, question_mask: Tensor, ids: Tensor, mask: Tensor, asked: Tensor) -> Compared:
        """Return how windows compare with questions, all padded.

        ``question`` has shape ``(questions, tokens)``, ``ids`` ``(windows, tokens)``, and ``asked``, shape
        ``(windows,)``, is the row of each window's question.
        """
        states = self.bert(input_ids=question, attention_mask=question_mask).last_hidden_state
        asked_states, asked_mask = states[asked], question_mask[asked]
        tokens = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        inside = asked_mask.to(states.dtype) * _between_signs(asked_mask)
        worth = torch.softmax(self.worth(asked_states).squeeze(-1).float() + (inside - 1) * 1e4, dim=-1)
        ours, theirs = (nn.functional.normalize(one, dim=-1) for one in (asked_states, tokens))
        likeness = 10 * self.scale[0] * worth.unsqueeze(-1) * (ours @ theirs.transpose(1, 2))
        heard = self.attend(tokens, asked_states, asked_mask)
        odds = self.odds(self.mix(torch.cat([tokens, heard], dim=-1)))
        return Compared(likeness, odds)

    @property
    def even(self) -> Tensor:
        """The log-odds of a sentence that has nothing like the question."""
        return 10 * self.scale[1]

    def weights(self) -> Mapping[str, Tensor]:
        """Return what training changed."""
        every = self.state_dict()
        return {name: every[name] for name in self.trained()}


def _between_signs(mask: Tensor) -> Tensor:
    """Return 1 for each token of a row but the first and the last that the mask has."""
    at = torch.arange(mask.shape[1])
    last = mask.sum(dim=1, keepdim=True) - 1
    return ((at > 0) & (at < last)).to(mask.dtype)


def stacked(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return token numbers, padded to the longest, and their mask."""
    shape = len(rows), max(map(len, rows))
    ids, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(2))
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask


class QuestionWindows(NamedTuple):
    """A question and its windows, as token numbers."""

    question: Sequence[int]
    windows: Sequence[Window]


def compare(network: Network, every: Sequence[QuestionWindows]) -> Compared:
    """Return how the windows of all questions compare with them, one after the other."""
    question, question_mask = stacked([one.question for one in every])
    ids, mask = stacked([window.ids for one in every for window in one.windows])
    asked = torch.tensor([number for number, one in enumerate(every) for _ in one.windows])
    compared: Compared = network(question, question_mask, ids, mask, asked)
    return compared


def sentence_odds(network: Network, likeness: Tensor, odds: Tensor, window: Window) -> Tensor:
    """Return for each sentence of a window the log-odds that it answers, against none that does."""
    found = [
        likeness[:, start:end].max(dim=1).values.sum() + odds[start:end, 0].mean()
        if end > start
        else likeness.new_tensor(NOTHING)
        for start, end in window.sentences
    ]
    return torch.stack(found) + network.even
