"""The language model on the panel → HTML: whether there is one, what it changes, and those found on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from rag.hosts import is_loopback
from rag.llm import LanguageModel
from rag.local_models import LocalServer
from ui.buttons import button
from ui.escape import escape

HEADING = (
    '<button type="button" data-fold aria-expanded="false" aria-controls="model">'
    '<i aria-hidden="true">›</i> Language model</button>'
)
_CHANGES = (
    "A model writes the answer in its own words from the excerpts, and each sentence is checked against its source. "
    "Your question and the excerpts that fit it are sent to the model’s server, and nothing else."
)
CHOSEN = "It is on for every page of this server until the server stops. To keep it, set RAG_LLM_URL and RAG_LLM_MODEL."
OF_SETTINGS = "It is on for every page of this server, by its settings."
SHARED = "It is the same for everyone who uses this server. Only whoever runs the server can change it."
_NONE_FOUND = (
    "No model found. Ollama, LM Studio, llama.cpp and vLLM were looked for at their usual ports on this machine. "
    "Start one and look again, or type its URL."
)


def now(model: LanguageModel | None) -> str:
    """Return which model there is, for beside the heading."""
    return f'<span class="soft">{escape(model.name) if model is not None else "Off"}</span>'


def switch(model: LanguageModel | None) -> str:
    """Return what the switch beside the question box is called."""
    return f"Write the answer with {model.name if model is not None else 'a language model'}"


def state(model: LanguageModel | None, note: str) -> str:
    """Return whether there is a model, what one changes, and a note of ours."""
    if model is None:
        is_it = "<b>Off.</b> Answers are excerpts from your documents."
    else:
        is_it = f"<b>On.</b> {escape(model.name)}, {_place(model.host)}, writes the answers."
    return f"<p>{is_it}</p>" + "".join(f'<p class="soft">{one}</p>' for one in (_CHANGES, note) if one)


def _place(host: str) -> str:
    return "on this machine" if is_loopback(host) else f"at {escape(host)}"


def found(servers: Sequence[LocalServer]) -> str:
    """Return the models that were found, each as a button that fills in its address."""
    if not servers:
        return told(_NONE_FOUND)
    items = "".join(f"<li>{_choice(one, model)}</li>" for one in servers for model in one.models)
    listed = f'<ul class="models" aria-label="Models on this machine">{items}</ul>' if items else ""
    empty = [f"{one.program} is running, but has no model yet." for one in servers if not one.models]
    return told(" ".join(empty + ["Choose one:"] * bool(items))) + listed


def _choice(server: LocalServer, model: str) -> str:
    text = f'<b>{escape(model)}</b> <span class="soft">{escape(server.program)}</span>'
    return button(text, "choose_model", {"url": server.url, "model": model})


def told(message: str, *, failed: bool = False) -> str:
    """Return what came of something that a person did here."""
    return f'<p class="told{" bad" * failed}" role="status">{escape(message)}</p>'
