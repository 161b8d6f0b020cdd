"""The model of the reader: all-MiniLM-L6-v2 with two heads, as torch trains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rag.embed.sentence_transformer import quiet
from rag.read.windows import Window

FROZEN_LAYERS = 2  # the lowest, and the table of input embeddings: they stay as published, so they need not ship
_WIDTH = 384


class Network(nn.Module):
    """Token numbers → for each token three numbers: that a sentence after it answers, that the words begin, or end."""

    def __init__(self, model_folder: Path) -> None:
        super().__init__()
        from transformers import BertModel

        quiet()
        self.bert: Any = BertModel.from_pretrained(model_folder, add_pooling_layer=False, attn_implementation="sdpa")
        self.sent = nn.Linear(_WIDTH, 1)
        self.span = nn.Linear(_WIDTH, 2)
        trained = set(self.trained())
        for name, weights in self.named_parameters():
            weights.requires_grad = name in trained

    def trained(self) -> Iterator[str]:
        """Yield the names of the weights that training changes."""
        for name, _ in self.named_parameters():
            layer = int(name.split(".")[3]) if name.startswith("bert.encoder.layer.") else -1
            if not name.startswith("bert.") or layer >= FROZEN_LAYERS:
                yield name

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the three numbers of each token, shape ``(windows, tokens, 3)``."""
        states = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return torch.cat([self.sent(states), self.span(states)], dim=-1)

    def weights(self) -> Mapping[str, Tensor]:
        """Return what training changed."""
        every = self.state_dict()
        return {name: every[name] for name in self.trained()}


def stacked(windows: Sequence[Window]) -> dict[str, Tensor]:
    """Return the input of the model for several windows, padded to the longest.

    All tokens are of the first type, the only one that the published model knows as an embedder: with the second for
    what is read, the frozen layers see what is new to them, and the loss falls far more slowly.
    """
    shape = len(windows), max(len(window.ids) for window in windows)
    ids, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(2))
    for row, window in enumerate(windows):
        length = len(window.ids)
        ids[row, :length] = torch.tensor(window.ids)
        mask[row, :length] = 1
    return {"input_ids": ids, "attention_mask": mask}
