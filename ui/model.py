"""The language model of the server: what happens when a person looks for one, tries one, uses it or turns it off.

It is one for all pages, since it belongs to the server. Each page decides for itself whether it writes an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

from rag.assistant import Assistant
from rag.errors import ModelFailure, RagError, UsageError
from rag.llm import LanguageModel, server_url
from rag.local_models import find_servers, is_name
from rag.server.reach import may_choose_model
from ui import model_panel
from ui.buttons import told
from ui.model_panel import told as said

_LONGEST_KEY = 1000  # characters


class Drawn(NamedTuple):
    """What shows on the page which model there is, in the order of its outputs; ``seen`` names it."""

    now: Any
    state: Any
    off: Any
    switch: Any
    seen: Any


_UNCHANGED = Drawn(*[gr.skip() for _ in Drawn._fields])


class ModelChoice:
    """The handlers of the section. Where a request may not choose, all but the state is refused."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._of_settings = assistant.model

    def opened(self, with_model: bool, request: gr.Request) -> tuple[Any, ...]:
        """Return the section as the page is loaded: what shows the model, the form, and what is in its fields."""
        model, may_choose = self._assistant.model, self._may_choose(request)
        shown = model is not None and may_choose
        url = model.url if model is not None and shown and "@" not in model.url else ""
        name = model.name if model is not None and shown else ""
        drawn = self._drawn(request)
        return *drawn._replace(switch={**drawn.switch, "value": with_model}), gr.update(visible=may_choose), url, name

    def look(self, seen: str, request: gr.Request) -> Drawn:
        """Return what shows the model, where it is another than the one ``seen``: one chosen on another page."""
        drawn = self._drawn(request)
        return drawn if drawn.seen != seen else _UNCHANGED

    def find(self, request: gr.Request) -> Iterator[str]:
        """Yield that models are looked for on this machine, and those that were found."""
        yield said("Looking …")
        try:
            self._check(request)
            yield model_panel.found(find_servers())
        except RagError as error:
            yield _failed(error)

    def fill_in(self, event: gr.EventData) -> tuple[str, str, str]:
        """Put a model that was found into the fields."""
        data = told(event)
        url, name = str(data.get("url", "")), str(data.get("model", ""))
        return url, name, said(f"{name} is filled in. Test it, or use it.")

    def test(self, url: str, name: str, key: str, request: gr.Request) -> Iterator[str]:
        """Yield that a model is asked something, and what came of it."""
        yield said(f"Asking {name.strip()} … The first answer may take a minute.")
        try:
            used = self._model(url, name, key, request).try_out()
            yield said(f"{used.name} answered in {used.seconds:.1f} s.")
        except ModelFailure as failure:
            yield _failed(failure, "Check that the server is running and that the fields are right.")
        except RagError as error:
            yield _failed(error)

    def use(self, url: str, name: str, key: str, request: gr.Request) -> tuple[Any, ...]:
        """Let a model write the answers; return word of it, an empty field for the key, and what shows the model."""
        try:
            model = self._model(url, name, key, request)
            model.load()
        except RagError as error:
            return _failed(error), gr.skip(), *_UNCHANGED
        self._assistant.use_model(model)
        drawn = self._drawn(request)
        word = said(f"{model.name} writes the answers from now on.")
        return word, "", *drawn._replace(switch={**drawn.switch, "value": True})

    def turn_off(self, request: gr.Request) -> tuple[Any, ...]:
        """Let no model write the answers; return word of it, and what shows the model."""
        try:
            self._check(request)
        except RagError as error:
            return _failed(error), *_UNCHANGED
        self._assistant.use_model(None)
        return said("Turned off. Answers are excerpts again."), *self._drawn(request)

    def _model(self, url: str, name: str, key: str, request: gr.Request) -> LanguageModel:
        """Return the model that is filled in; a key that is known for the very server need not be.

        Raises:
            UsageError: It may not be chosen here, or a field cannot be used.
        """
        self._check(request)
        url, name, key = _usable_url(url.strip()), name.strip(), key.strip()
        if not is_name(name):
            raise UsageError("Give the name of the model, as its server calls it.")
        if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise UsageError("This is no key: copy it once more.")
        same = [one for one in (self._assistant.model, self._of_settings) if one is not None and one.url == url]
        if same and not key:
            return same[0].named(name)
        return LanguageModel(url, name, key, self._assistant.settings.llm_seconds)

    def _drawn(self, request: gr.Request) -> Drawn:
        model = self._assistant.model
        is_on = model is not None
        return Drawn(
            now=model_panel.now(model),
            state=model_panel.state(model, self._note(model, request)),
            off=gr.update(visible=is_on),
            switch=gr.update(visible=is_on, label=model_panel.switch(model)),
            seen=f"{model.name} {model.host}" if model is not None else "",
        )

    def _note(self, model: LanguageModel | None, request: gr.Request) -> str:
        """Return for whom the model is, and for how long."""
        if not self._may_choose(request):
            return model_panel.SHARED
        if model is None:
            return ""
        return model_panel.OF_SETTINGS if model is self._of_settings else model_panel.CHOSEN

    def _check(self, request: gr.Request) -> None:
        if not self._may_choose(request):
            raise UsageError("Only whoever runs this server can change its language model, by its settings.")

    def _may_choose(self, request: gr.Request) -> bool:
        assert request.request is not None
        return may_choose_model(self._assistant.settings, request.request.scope)


def _usable_url(url: str) -> str:
    try:
        usable = server_url(url)
    except ValueError as error:
        raise UsageError(f"This is no URL of a server: {error}.") from error
    if "@" in usable:
        raise UsageError("Leave names and passwords out of the URL: the key has a field of its own.")
    return usable


def _failed(error: RagError, advice: str = "") -> str:
    message = str(error).removesuffix(".")
    return said(f"{message[:1].upper()}{message[1:]}. {advice}".strip(), failed=True)
