"""What is left to whoever runs the server, and kept from those who may only ask it."""

from __future__ import annotations

from starlette.types import Scope

from rag.hosts import is_loopback
from rag.server.layer import headers_of
from rag.settings import Settings

_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")  # what proxies say of who asks


def may_choose_model(settings: Settings, scope: Scope) -> bool:
    """Whether a request may name the language model that the server asks: it comes straight from this machine.

    Else whoever may ask questions could let the server connect to machines that they cannot reach themselves, and
    have the excerpts of everyone's answers sent there. On a server that others reach, its settings alone name it.
    """
    is_own = is_loopback(settings.host) and not settings.trusted_proxy
    return is_own and not any(name in headers_of(scope) for name in _PASSED_ON)
