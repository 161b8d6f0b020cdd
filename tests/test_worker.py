"""No file can hang, crash or swell a run: it is read in a process that can be stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import ParseError
from rag.index.local import LocalIndex
from rag.parse.worker import SECONDS, Worker
from rag.sync import sync
from tests.fakes import FakeEmbedder
from tests.waiting import TIMEOUT, wait_until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("The river rises in the forest.")
    return path


def process_id(worker: Worker) -> int:
    assert worker._process is not None
    return worker._process.pid


def test_a_file_is_read_as_if_it_were_read_here(file: Path) -> None:
    with Worker() as worker:
        first, second = worker.parse(file, "sub/a.txt"), worker.parse(file, "b.txt")
    assert [document.source for document in (*first.documents, *second.documents)] == ["sub/a.txt", "b.txt"]
    assert first.documents[0].text == "The river rises in the forest."
    assert first.warning is None


def test_what_cannot_be_read_is_told_and_the_process_goes_on(file: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.txt"))
    odd.write_text("Coffee.")
    (tmp_path / "link.txt").symlink_to(file)
    os.mkfifo(tmp_path / "pipe.txt")
    with Worker() as worker:
        process = process_id(worker)
        for path, said in (
            (tmp_path / "nowhere.txt", "No such file"),
            (tmp_path, "Is a directory"),
            (tmp_path / "link.txt", "cannot be read"),
            (tmp_path / "pipe.txt", "the file is empty"),
        ):
            with pytest.raises(ParseError, match=said):
                worker.parse(path, "a.txt")
        assert worker.parse(odd, "odd.txt").documents[0].text == "Coffee."
        assert process_id(worker) == process


def test_a_file_over_the_size_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(2**32)  # reading it would take more memory than there is
    with Worker() as worker, pytest.raises(ParseError, match=r"larger than 500 MB \(4096 MB\): split it"):
        worker.parse(path, "huge.txt")


@pytest.mark.parametrize(
    ("code", "limits", "said"),
    [
        ("while True: pass", (1.0, 3072), "reading it took over 1 s, so it was given up"),
        ("import time; time.sleep(600)", (1.0, 3072), "reading it took over 1 s"),
        ("import os; os.kill(os.getpid(), 11)", (60.0, 3072), r"reading it crashed the parser \(SIGSEGV\)"),
        ("import os; os._exit(3)", (60.0, 3072), r"reading it crashed the parser \(exit code 3\)"),
        ("b'x' * 2**31", (60.0, 1024), "reading it takes too much memory"),
        ("a = lambda: a(); a()", (60.0, 3072), "it is nested too deeply to be read"),
        ("1 / 0", (60.0, 3072), r"its parser failed \(ZeroDivisionError: division by zero\)"),
        ("print('{}')", (60.0, 3072), None),
    ],
)
def test_whatever_a_parser_does_the_run_goes_on(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, limits: tuple[float, int], said: str | None
) -> None:
    # Python runs sitecustomize.py at its start: there a parser is put in that does the worst.
    program = (
        "import sys\n"
        "if 'rag.parse.worker' in sys.orig_argv:\n"
        "    import rag.parse.formats\n"
        "    good = rag.parse.formats.PARSERS['.txt']\n"
        "    def worst(data, name):\n"
        f"        if data == b'bad': exec({code!r}, {{}})\n"
        "        return good(data, name)\n"
        "    rag.parse.formats.PARSERS['.txt'] = worst\n"
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    bad = tmp_path / "bad.txt"
    bad.write_text("bad")
    seconds, megabytes = limits
    with Worker(megabytes=megabytes) as worker:
        assert worker.parse(file, "a.txt").documents[0].text.startswith("The river")
        worker._seconds = seconds  # from here on: to start took longer, on a machine that does much else
        if said is None:
            assert worker.parse(bad, "bad.txt").documents[0].text == "bad"
        else:
            with pytest.raises(ParseError, match=said):
                worker.parse(bad, "bad.txt")
        worker._seconds = SECONDS
        assert worker.parse(file, "a.txt").documents[0].text.startswith("The river")


def test_a_process_that_was_killed_in_between_is_started_again(file: Path) -> None:
    with Worker() as worker:
        worker.parse(file, "a.txt")
        assert worker._process is not None
        worker._process.kill()
        worker._process.wait(TIMEOUT)
        assert worker.parse(file, "a.txt").documents[0].text.startswith("The river")


def test_a_process_ends_with_the_one_that_started_it(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from rag.parse.worker import Worker\n"
        "worker = Worker().__enter__(); worker.parse(Path(sys.argv[1]), 'a.txt')\n"
        "print(worker._process.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        process = int(run.stdout.readline())
        run.kill()
    assert wait_until(lambda: not _is_running(process))


def test_a_file_that_cannot_be_read_is_tried_again_only_once_it_changes(
    corpus: Path, index: LocalIndex, parsed_sources: list[str]
) -> None:
    (corpus / "a.txt").write_bytes(bytes(range(256)))
    for _ in range(2):
        report = sync(index, corpus, FakeEmbedder(), 20)
        assert [failure.source for failure in report.failed] == ["a.txt"]
    assert parsed_sources == ["a.txt"]
    (corpus / "a.txt").write_text("Now it is text.")
    assert sync(index, corpus, FakeEmbedder(), 20).added == ("a.txt",)


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
