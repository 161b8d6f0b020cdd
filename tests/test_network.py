"""The guard of conftest.py itself: what the other tests rest on when they say that nothing reached the network."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.conftest import NetworkBlockedError


@pytest.mark.parametrize("host", ["192.0.2.1", "8.8.8.8"])
def test_a_connection_to_another_machine_is_refused_and_noted(host: str, network_attempts: list[str]) -> None:
    with socket.socket() as client, pytest.raises(NetworkBlockedError, match=host):
        client.connect((host, 443))
    assert network_attempts == [host]
    network_attempts.clear()


def test_the_name_of_another_machine_is_not_looked_up(network_attempts: list[str]) -> None:
    with pytest.raises(NetworkBlockedError, match=r"example\.org"):
        socket.create_connection(("example.org", 443), timeout=1)
    assert network_attempts == ["example.org"]
    network_attempts.clear()


def test_a_connection_to_this_machine_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=lambda: server.accept()[0].sendall(b"hello"))
        answering.start()
        with socket.create_connection(("localhost", server.getsockname()[1])) as client:
            assert client.recv(5) == b"hello"
        answering.join()
