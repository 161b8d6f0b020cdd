"""Who may say which language model the server asks: whoever is at the machine itself, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from rag.server.reach import may_choose_model
from rag.settings import Settings


@pytest.mark.parametrize(
    ("settings", "headers", "may"),
    [
        ({}, {}, True),
        ({"host": "localhost"}, {"user-agent": "x"}, True),
        ({"host": "::1"}, {}, True),
        ({"host": "0.0.0.0"}, {}, False),
        ({"host": "192.168.1.7"}, {}, False),
        ({"trusted_proxy": "127.0.0.1"}, {}, False),
        ({}, {"x-forwarded-for": "10.0.0.1"}, False),  # a proxy that is not named
        ({}, {"forwarded": "for=10.0.0.1"}, False),
    ],
)
def test_a_server_that_others_reach_leaves_the_model_to_its_settings(
    settings: Any, headers: dict[str, str], may: bool
) -> None:
    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    assert may_choose_model(Settings(**settings), scope) is may
