"""Text → HTML that shows it and does nothing else: every character from a document or a person goes through here.

Gradio reads a component's value as a template before it becomes HTML, so besides the characters that
mean something to HTML, those that mean something to a template are written as entities too.
"""

from __future__ import annotations

from html import escape as escape_html

_TEMPLATE_SIGNS = {ord(sign): f"&#{ord(sign)};" for sign in "{}$`\\"}
# Signs that turn the direction of the text after them; between tags they could make a page lie.
_BIDI = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def escape(text: str) -> str:
    """Return ``text`` as HTML that shows it and does nothing else."""
    return escape_html(text.translate(_BIDI), quote=True).translate(_TEMPLATE_SIGNS)


def data(text: str) -> str:
    """Return ``text`` as the value of a data attribute, which nobody sees and which gives back every sign of it."""
    return escape_html(text, quote=True).translate(_TEMPLATE_SIGNS)
