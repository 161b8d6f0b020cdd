"""The program that serves the language model of the tests: ``python -m tests.llm.serve WEIGHTS FOLDER PORT``.

It writes the weights, which lie in a GGUF file, as a model of transformers into a folder, and runs the server of
transformers over it. transformers can read such a file by itself, but takes a minute and two packages more for it.
It knows this one kind of model alone: Llama's.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

NAME = "SmolLM2-135M-Instruct"

_TOP = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(weights: Path, folder: Path) -> None:
    """Write the model in a GGUF file into a folder: its weights, its settings and its tokenizer."""
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    config = _config(weights)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model.load_state_dict(_tensors(weights, config), strict=False, assign=True)
    model.tie_weights()
    model.save_pretrained(folder)
    PreTrainedTokenizerFast.from_pretrained(weights.parent, gguf_file=weights.name).save_pretrained(folder)


def _config(weights: Path) -> Any:
    from transformers import LlamaConfig
    from transformers.integrations.gguf.reader import read_gguf_metadata

    told, _ = read_gguf_metadata(str(weights))
    return LlamaConfig(
        vocab_size=told["llama.vocab_size"],
        hidden_size=told["llama.embedding_length"],
        intermediate_size=told["llama.feed_forward_length"],
        num_hidden_layers=told["llama.block_count"],
        num_attention_heads=told["llama.attention.head_count"],
        num_key_value_heads=told["llama.attention.head_count_kv"],
        max_position_embeddings=told["llama.context_length"],
        rms_norm_eps=told["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": told["llama.rope.freq_base"]},
        bos_token_id=told["tokenizer.ggml.bos_token_id"],
        eos_token_id=told["tokenizer.ggml.eos_token_id"],
        pad_token_id=told["tokenizer.ggml.padding_token_id"],
        tie_word_embeddings=True,
        dtype="bfloat16",
    )


def _tensors(weights: Path, config: Any) -> dict[str, Any]:
    """Return the weights by the names that transformers has for them, unpacked."""
    import torch
    from transformers.integrations.gguf.dequant import dequantize
    from transformers.integrations.gguf.reader import GgufHeader, load_gguf_state_dict

    header = GgufHeader.from_file(str(weights))
    packed = load_gguf_state_dict(header)
    tensors = {}
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for info in header.tensors:
        tensor = packed[info.name][...]
        if tensor.dtype is torch.uint8:
            tensor = dequantize(tensor, info.ggml_type).reshape(info.shape)
        part = info.name.split(".")[-2]
        turned = _unturned(tensor, heads[part]) if part in heads else tensor
        tensors[_name(info.name)] = turned.to(torch.bfloat16)
    return tensors


def _name(name: str) -> str:
    if name in _TOP:
        return _TOP[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{_LAYER[part]}.weight"


def _unturned(tensor: Any, heads: int) -> Any:
    """Put the rows of a head back in order: in such a file, its two halves alternate."""
    rows, columns = tensor.shape
    return tensor.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _end_with_input() -> None:
    """End when nobody holds the other end of the input any more: whoever started this has ended, however it did."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Convert and serve; the server takes a model by the folder it lies in, as it is named from where it runs."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    weights, folder, port = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    convert(weights, folder / NAME)
    os.chdir(folder)
    from transformers.cli import transformers

    place = ["--host", "127.0.0.1", "--port", port]
    sys.argv[1:] = ["serve", NAME, *place, "--device", "cpu", "--dtype", "float32"]
    transformers.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
