"""Many people at once: questions through the page's own queue, as browsers ask them, and what they take.

``python -m tests.benchmarks.load WORK_FOLDER QUESTIONS.jsonl [PEOPLE] [QUESTIONS_IN_ALL] [SECONDS]``: the folder
holds ``corpus`` and the built ``index``; the server is the real command, and its memory is read from the system. Each
person waits so many seconds, on average, before each question; none where it is not said.
"""

from __future__ import annotations

import http.client
import json
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np

from tests.browser import free_port, serving


def main() -> None:
    """Run as many askers as there are people, each asking its next question when the last is answered."""
    folder, path = Path(sys.argv[1]), Path(sys.argv[2])
    people, most, pause = (int(value) for value in (*sys.argv[3:], *("32", "2000", "0")[len(sys.argv) - 3 :]))
    questions = [json.loads(line)["question"] for line in path.read_text().splitlines()]
    random.Random(0).shuffle(questions)
    given = iter((questions * (most // len(questions) + 1))[:most])
    port = free_port()
    with serving(folder, port) as process:
        _report(process, f"http://127.0.0.1:{port}", people, given, most, pause)


def _report(
    process: subprocess.Popen[bytes], address: str, people: int, given: Iterator[str], most: int, pause: int
) -> None:
    seconds: list[float] = []
    errors: list[str] = []
    memory: list[float] = []
    lock = threading.Lock()

    def work() -> None:
        asker = _Asker(address)
        while True:
            with lock:
                question = next(given, None)
                if question is None:
                    return
            time.sleep(random.uniform(0, 2 * pause))
            started = time.perf_counter()
            error = asker.ask(question)
            with lock:
                seconds.append(time.perf_counter() - started)
                errors.extend([error] if error else [])
                if len(seconds) % (most // 10) == 0:
                    memory.append(_megabytes(process.pid))
                    print(f"{len(seconds)} asked, {memory[-1]:.0f} MB", file=sys.stderr, flush=True)

    threads = [threading.Thread(target=work) for _ in range(people)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    p50, p95, worst = np.percentile(seconds, [50, 95, 100])
    print(f"{people} people, {len(seconds)} questions, {len(errors)} errors, {len(seconds) / taken:.1f} a second")
    share = resource.getrusage(resource.RUSAGE_SELF).ru_utime / taken
    print(f"the askers themselves took {share:.0%} of a core; each waits {pause} s before a question")
    print(f"p50 {p50:.2f} s, p95 {p95:.2f} s, slowest {worst:.2f} s")
    print("memory of the server, MB, after each tenth:", " ".join(f"{value:.0f}" for value in memory))
    for error in errors[:5]:
        print(error)


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


class _Asker:
    """A person with a browser of their own, as far as the server can tell; it works as little as it can."""

    def __init__(self, address: str) -> None:
        with httpx.Client(base_url=address, timeout=120) as client:
            client.get("/")  # gives the cookie
            dependencies = client.get("/config").json()["dependencies"]
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        self._function = next(one["id"] for one in dependencies if _asks(one))
        self._headers = {"cookie": cookies, "content-type": "application/json"}
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
        self._hash = f"{random.getrandbits(50):x}"

    def ask(self, question: str) -> str:
        """Ask a question, and wait for all of its answer; return what went wrong, if anything did."""
        data = [question, "", "", "", True]
        body = {"data": data, "fn_index": self._function, "session_hash": self._hash, "trigger_id": None}
        self._connection.request("POST", "/gradio_api/queue/join", json.dumps(body), self._headers)
        joined = self._connection.getresponse()
        told = joined.read()
        if joined.status != 200:
            return f"{joined.status} {told[:200]!r}"
        self._connection.request("GET", f"/gradio_api/queue/data?session_hash={self._hash}", headers=self._headers)
        events = self._connection.getresponse()
        error = "the stream ended"
        for line in events:
            if b'"process_completed"' in line:
                event = json.loads(line[5:])
                error = "" if event.get("success") else str(event)[:300]
        return error


def _asks(dependency: dict[str, object]) -> bool:
    """Whether it is the function that asks what was typed: five inputs, five outputs."""
    return len(dependency["inputs"]) == 5 and len(dependency["outputs"]) == 5  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
