"""Write a reader as onnxruntime runs it: ``python -m rag.read.export FOLDER READER``, apart for torch's sake."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from rag.errors import ModelError
from rag.exported import seal, write_optimized
from rag.read.folder import ReaderFolder, open_folder
from rag.read.network import Network
from rag.read.runtime import INPUTS, MODEL, OUTPUTS


class _OfOneQuestion(nn.Module):
    """The network for the windows of one question; what every sentence has is added to each of its tokens."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, question: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        asked = torch.zeros_like(ids[:, 0])
        likeness, odds = self.network(question, torch.ones_like(question), ids, mask, asked)
        return likeness, odds + self.network.even * torch.tensor([1.0, 0.0, 0.0])


def export(folder: Path, reader: ReaderFolder) -> None:
    """Write a reader and its hash to ``folder``; raises ModelError where its weights are not of its base."""
    network = Network(reader.base)
    weights = {name: values.float() for name, values in load_file(reader.weights).items()}
    if weights.keys() != network.weights().keys():
        raise ModelError(f"the reader in {reader.path} is of another layout: train it again")
    network.load_state_dict(weights, strict=False)
    raw = folder / "raw.onnx"
    ids = torch.tensor([[1, 2, 3, 4], [1, 2, 3, 0]])
    with warnings.catch_warnings(action="ignore"), torch.inference_mode():
        torch.onnx.export(
            _OfOneQuestion(network.eval()),
            (ids[:1], ids, (ids > 0).long()),
            str(raw),
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_axes={
                "question": {1: "question"},
                **{name: {0: "windows", 1: "tokens"} for name in ("ids", "mask", "odds")},
                "likeness": {0: "windows", 1: "question", 2: "tokens"},
            },
            opset_version=17,
            dynamo=False,  # the newer exporter needs packages that nothing else here does
        )
    write_optimized(raw, folder / MODEL)
    raw.unlink()
    seal(folder)


if __name__ == "__main__":
    try:
        export(Path(sys.argv[1]), open_folder(Path(sys.argv[2])))
    except ModelError as error:
        sys.exit(f"rag: {error}")
