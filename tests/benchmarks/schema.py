"""The API against its own schema: schemathesis makes requests of it, valid and not, and checks what comes.

``python -m tests.benchmarks.schema [MINUTES] [VENV]``: for so many minutes (10), over a throwaway corpus, by the real
command. Schemathesis is installed into a virtual environment of its own, a throwaway one where none is named. The exit
code is 0 where it found nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.browser import free_port, serving
from tests.folders import write
from tests.server.sites import BAKER, MILL

_SCHEMATHESIS = "schemathesis==4.32.5"
# What is asked in a minute, each below what the server takes of one address: 60 questions, and 120 documents.
_RUNS = (("--include-path-regex", "ask|search", "55/m"), ("--exclude-path-regex", "ask|search", "110/m"))
# What a name and a file may hold, no schema tells: a document that is none is refused with 415 or 422.
# What is too large for any request is a 413, whatever else is wrong with it.
_CONFIG = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
[[operations]]
include-name = "PUT /api/documents"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "415", "422", "429", "5xx"]
"""


def main() -> int:
    """Serve, run schemathesis, and return its exit code."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        command = _schemathesis(Path(sys.argv[2]) if len(sys.argv) > 2 else work / "venv")
        write(work, {"corpus/mill.txt": MILL, "corpus/sub/bakery.md": BAKER, "schemathesis.toml": _CONFIG})
        port = free_port()
        with serving(work, port):
            return _run(command, work, f"http://127.0.0.1:{port}/api/openapi.json", minutes)


def _schemathesis(folder: Path) -> Path:
    """Return the command in a virtual environment, made where it is not there."""
    command = folder / "bin" / "schemathesis"
    if not command.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", _SCHEMATHESIS], check=True)
    return command


def _run(command: Path, work: Path, schema: str, minutes: float) -> int:
    """Ask questions and all else beside each other, print what was found, and return the worst exit code."""
    running = []
    for option, paths, rate in _RUNS:
        limits = ["--max-time", str(round(minutes * 60)), "--rate-limit", rate]
        arguments = ["run", schema, option, paths, *limits, "--no-color", "--warnings", "off"]
        running.append(subprocess.Popen([command, *arguments], cwd=work, stdout=subprocess.PIPE, text=True))
    for process in running:
        print(process.communicate()[0])
    return max(process.returncode for process in running)


if __name__ == "__main__":
    sys.exit(main())
