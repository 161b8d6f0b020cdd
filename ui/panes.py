"""The edges of the panes beside the talk, which are drawn wider and narrower, and the buttons that close them."""

from __future__ import annotations


def edge(pane: str, label: str) -> str:
    """Return the handle between a pane and the talk; the script says how wide the pane is and may be."""
    values = 'aria-valuenow="0" aria-valuemin="0" aria-valuemax="0"'
    return (
        f'<div class="edge" role="separator" tabindex="0" aria-orientation="vertical" aria-label="{label}"'
        f' aria-controls="{pane}" {values} data-pane="{pane}"></div>'
    )


def close(pane: str, label: str) -> str:
    """Return the button that closes a pane."""
    return f'<button type="button" class="close" data-close="{pane}" aria-label="{label}">×</button>'
