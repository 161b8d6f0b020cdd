"""The assistant as tools for language models, over the Model Context Protocol on standard input and output."""

from __future__ import annotations

from rag.assistant import Assistant
from rag.errors import UsageError


def check_installed() -> None:
    """Raise UsageError where the extra that this needs is not installed."""
    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise UsageError("`rag mcp` needs an extra that is not installed: run `pip install '.[mcp]'`") from error


def run(assistant: Assistant) -> None:
    """Serve until standard input ends, or a signal ends the process."""
    from rag.mcp_server.stdio import serve
    from rag.mcp_server.tools import server

    serve(server(assistant))
