"""The command contract that scripts rely on, run as a real process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.waiting import TIMEOUT

MILL = "Ada Brown built the mill in 1851.\n\nIt burned down in 1904 and was never rebuilt."
ANSWER_KEYS = {
    "question", "query", "carried", "answer", "verdict", "abstained", "confidence", "sentences", "citations", "closest",
    "stale", "unread", "embedded", "results", "timings", "note",
}  # fmt: skip
CITATION_KEYS = {
    "n", "source", "title", "page", "page_kind", "headings", "start", "end", "quote", "sha256", "excerpt", "highlight",
    "also_in",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus of two files that is not indexed yet."""
    place = tmp_path_factory.mktemp("place")
    (place / "corpus").mkdir()
    (place / "corpus/mill.txt").write_bytes(f"{MILL}\n".replace("\n", "\r\n").encode())
    (place / "corpus/empty.txt").write_bytes(b"")
    return place


def rag(place: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rag", *arguments]
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    variables = {**os.environ, "PYTHONPATH": path, **(environment or {})}
    return subprocess.run(command, cwd=place, env=variables, capture_output=True, text=True, timeout=120, check=False)


def parsed(run: subprocess.CompletedProcess[str]) -> Any:
    assert run.stdout.count("\n") == 1, run.stdout
    return json.loads(run.stdout)


def test_asking_builds_a_missing_index_and_keeps_the_contract(place: Path) -> None:
    run = rag(place, "ask", "Who built the mill?", "--json")
    assert run.returncode == 0, run.stderr
    assert "there is no index yet" in run.stderr
    answer = parsed(run)
    assert answer.keys() >= ANSWER_KEYS
    assert set(answer["sentences"][0]) == {"text", "citations", "support", "reason"}
    (citation,) = answer["citations"]
    assert set(citation) == CITATION_KEYS
    assert {"source", "start", "end", "page", "text", "score"} <= answer["results"][0].keys()
    assert (answer["verdict"] in ("strong", "likely"), answer["abstained"], answer["closest"]) == (True, False, [])
    assert (answer["stale"], answer["embedded"], answer["carried"], answer["note"]) == ([], 1.0, [], "")
    excerpt = citation["excerpt"]
    assert (citation["quote"], excerpt["text"]) == ("Ada Brown built the mill in 1851.", MILL)
    assert (citation["highlight"], excerpt["context"]) == ([0, len("Ada Brown")], [])
    text = rag(place, "status", "--text", "mill.txt").stdout
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert text[excerpt["start"] : excerpt["end"]] == excerpt["text"]
    assert "\r" not in text
    (place / "answer.json").write_text(run.stdout)
    checked = rag(place, "verify", "answer.json")
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "1 intact · 0 moved · 0 changed · 0 gone")


def test_abstaining_is_exit_3_and_gives_what_comes_closest(place: Path) -> None:
    run = rag(place, "ask", "What is the usual dose of ibuprofen?", "--json")
    assert run.returncode == 3, run.stderr
    answer = parsed(run)
    assert (answer["abstained"], answer["verdict"], answer["citations"]) == (True, "none", [])
    assert [(one["n"], one["excerpt"]["text"]) for one in answer["closest"]] == [(1, MILL)]
    assert set(answer["closest"][0]) == CITATION_KEYS
    assert answer["unread"] == [{"source": "empty.txt", "reason": "the file is empty"}]


def test_a_file_that_has_changed_is_read_first_or_told(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/mill.txt").write_text(MILL)
    assert rag(tmp_path, "index").returncode == 0
    (tmp_path / "corpus/mill.txt").write_text(MILL.replace("1851", "1852"))
    for command in ("ask", "search"):
        found = parsed(rag(tmp_path, command, "Who built the mill?", "--json", "--no-sync"))
        assert found["stale"] == [{"source": "mill.txt", "reason": "changed"}]
        shown = rag(tmp_path, command, "Who built the mill?", "--no-sync").stdout
        assert "(the file has changed: run `rag index`)\n" in shown
        assert "1851" in shown
    shown = rag(tmp_path, "search", "Who built the mill?").stdout
    assert ("1852" in shown, "has changed" in shown) == (True, False)


def test_most_documents_are_removed_only_where_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for number in range(10):
        (tmp_path / f"corpus/{number}.txt").write_text(f"Lake number {number} is deep.")
    assert rag(tmp_path, "index").returncode == 0
    for path in (tmp_path / "corpus").iterdir():
        path.unlink()
    run = rag(tmp_path, "index", "--json")
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert "10 of 10 documents are not in" in run.stderr
    assert "`rag index --allow-removals`" in rag(tmp_path, "status").stdout
    run = rag(tmp_path, "index", "--allow-removals", "--forget", "--json")
    assert (run.returncode, len(parsed(run)["removed"])) == (0, 10)
    assert parsed(rag(tmp_path, "status", "--json"))["problem"] is None


def test_a_terminal_answer_shows_the_verdict_and_the_excerpt(place: Path) -> None:
    run = rag(place, "ask", "When did the mill burn down?")
    assert run.returncode == 0
    verdict, *shown = run.stdout.splitlines()
    assert verdict in ("Strong match", "Likely match")
    assert shown == ["", "[1] mill.txt:3", *(f"    {line}" for line in MILL.split("\n\n"))]


def test_a_terminal_that_gets_no_answer_shows_what_comes_closest(place: Path) -> None:
    run = rag(place, "ask", "What is the usual dose of ibuprofen?")
    assert run.returncode == 3
    assert run.stdout.splitlines()[:5] == [
        "I couldn’t find this in your documents.",
        "couldn’t be read: empty.txt: the file is empty",
        "Closest excerpts:",
        "",
        "[1] mill.txt:1",
    ]


def test_indexing_reports_what_it_did_and_what_it_could_not_read(place: Path) -> None:
    report = parsed(rag(place, "index", "--index", "other", "--json"))
    assert report["added"] == ["mill.txt"]
    assert report["failed"] == [{"source": "empty.txt", "reason": "the file is empty"}]
    assert (report["documents"], report["chunks"]) == (1, 1)
    again = parsed(rag(place, "index", "--index", "other", "--json"))
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 1)


@pytest.mark.parametrize(
    ("package", "setting", "command", "said"),
    [
        ("openai", "RAG_LLM_URL=http://localhost:1/v1", ("ask", "Who built the mill?"), "rag[llm]"),
        ("psycopg", "RAG_INDEX=postgresql://localhost/x", ("ask", "Who built the mill?"), "rag[postgres]"),
        ("psycopg", "RAG_INDEX=postgresql://localhost/x", ("index",), "rag[postgres]"),
        ("psycopg", "RAG_INDEX=postgresql://localhost/x", ("status",), "rag[postgres]"),
    ],
)
def test_a_package_that_is_not_installed_is_named_in_one_line(
    place: Path, package: str, setting: str, command: tuple[str, ...], said: str
) -> None:
    (place / "lacking").mkdir(exist_ok=True)
    (place / "lacking" / f"{package}.py").write_text(f"raise ImportError('No module named {package}')")
    name, _, value = setting.partition("=")
    path = os.pathsep.join([str(place / "lacking"), os.getcwd()])
    run = rag(place, *command, environment={"PYTHONPATH": path, "RAG_LLM_MODEL": "x", name: value})
    (place / "lacking" / f"{package}.py").unlink()
    assert run.returncode == 2
    assert said in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_that_cannot_be_asked_costs_only_its_own_line(place: Path, command: str) -> None:
    asked = ["Who built the mill?", "", "What of \ud800 mills?", " ", "Who built the mill?"]
    (place / "odd.jsonl").write_text("\n".join(json.dumps({"question": question}) for question in asked))
    run = rag(place, command, "--questions", "odd.jsonl", "--json")
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0
    assert ["error" in one for one in found] == [False, True, False, True, False]
    assert found[1] == {"question": "", "error": "the question is empty: ask something"}
    assert found[2]["question"] == "What of ? mills?"
    assert found[4]["results"] == found[0]["results"]


def test_a_file_of_questions_gives_a_line_each_in_order(place: Path) -> None:
    turns = [{"role": "user", "content": "Who built the mill?"}, {"role": "assistant", "content": "Ada Brown."}]
    first, second = "Who built the mill?", "When did it burn down?"
    lines = [{"question": first}, {"question": second, "history": turns}]
    (place / "questions.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    run = rag(place, "ask", "--questions", "questions.jsonl")
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert [answer["question"] for answer in answers] == [first, second]
    assert answers[1]["query"] == "built mill: When did it burn down?"
    assert answers[1]["carried"] == [{"term": "built", "from": 1}, {"term": "mill", "from": 1}]
    found = [json.loads(line) for line in rag(place, "search", "--questions", "questions.jsonl").stdout.splitlines()]
    assert [entry["question"] for entry in found] == [first, second]
    assert found[0]["results"][0]["source"] == "mill.txt"


def test_a_history_file_is_a_list_of_messages(place: Path) -> None:
    turns = [{"role": "user", "content": "Who built the mill?"}, {"role": "assistant", "content": "Ada Brown [1]."}]
    (place / "history.json").write_text(json.dumps(turns))
    answer = parsed(rag(place, "ask", "When did it burn down?", "--history", "history.json", "--json"))
    assert answer["query"] == "built mill: When did it burn down?"
    for number, wrong in enumerate(['{"role": "user"}', "{", "[" * 100_000, '[{"role": "robot", "content": "x"}]']):
        (place / f"wrong{number}.json").write_text(wrong)
        run = rag(place, "ask", "Why?", "--history", f"wrong{number}.json")
        assert run.returncode == 2
        assert "a history is a list" in run.stderr
        assert len(run.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "code"),
    [
        (["ask"], {}, 2),
        (["ask", ""], {}, 2),
        (["nonsense"], {}, 2),
        (["search", "x", "-k", "0"], {}, 2),
        (["index", "--corpus", "nowhere", "--index", "elsewhere"], {}, 2),
        (["status"], {"RAG_NONSENSE": "1"}, 2),
        (["status"], {"RAG_PORT": "many"}, 2),
        (["ask", "x", "--history", "nowhere.json"], {}, 2),
        (["status", "--text", "nowhere.txt"], {}, 2),
        (["index", "--embedder", "no/such-model", "--index", "third"], {}, 1),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    place: Path, arguments: list[str], environment: dict[str, str], code: int
) -> None:
    run = rag(place, *arguments, environment=environment)
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, run.stderr
    assert lines[0].startswith("rag: ")


def test_status_tells_whether_the_index_is_level(place: Path) -> None:
    status = parsed(rag(place, "status", "--json"))
    assert [document["source"] for document in status["documents"]] == ["mill.txt"]
    assert status["freshness"] == {"added": 0, "changed": 0, "removed": 0}
    (place / "corpus/late.txt").write_text("Late.")
    assert parsed(rag(place, "status", "--json"))["freshness"]["added"] == 1
    (place / "corpus/late.txt").unlink()


def test_watching_follows_the_folder_line_by_line(place: Path) -> None:
    command = [sys.executable, "-m", "rag", "index", "--watch", "--json", "--index", "watched"]
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        try:
            assert json.loads(run.stdout.readline())["added"] == ["mill.txt"]
            (place / "corpus/new.txt").write_text("The bridge was built in 1900.")
            assert json.loads(run.stdout.readline())["added"] == ["new.txt"]
            (place / "corpus/new.txt").unlink()
            assert json.loads(run.stdout.readline())["removed"] == ["new.txt"]
        finally:
            run.send_signal(signal.SIGINT)
        assert run.stderr is not None
        assert run.stderr.read().rstrip().endswith("rag: stopped; nothing is lost")
    assert run.returncode == 130


def test_the_password_is_piped_in_and_kept_as_a_hash(place: Path) -> None:
    def run(word: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "rag", "password", "--data", "kept"]
        variables = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(
            command, cwd=place, env=variables, input=word, capture_output=True, text=True, timeout=60, check=False
        )

    short = run("short\n")
    assert (short.returncode, short.stderr.count("\n")) == (2, 1)
    assert "at least 8" in short.stderr
    assert not (place / "kept").exists()
    assert run("a long password\n").returncode == 0
    kept = (place / "kept/password").read_text()
    assert kept.startswith("scrypt:")
    assert "a long password" not in kept


def test_the_password_is_typed_twice_and_not_shown(place: Path) -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.execv(sys.executable, [sys.executable, "-m", "rag", "password", "--data", "typed"])
    shown = b""
    for prompt, word in ((b"Password", b"a long password\n"), (b"again", b"a long password\n")):
        while prompt not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, word)
    try:
        while piece := os.read(terminal, 1000):
            shown += piece
    except OSError:  # Linux's way to tell the end
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert b"a long password" not in shown
    assert (place / "typed/password").exists()


def test_others_are_not_served_without_a_password(place: Path) -> None:
    run = rag(place, "serve", "--host", "0.0.0.0", "--data", "none")
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "rag password" in run.stderr


def test_the_page_and_the_api_are_served_until_interrupted(place: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "rag", "serve", "--port", str(port), "--data", "served"]
    variables = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, cwd=place, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port} " in process.stdout.readline()
        assert httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=TIMEOUT).json() == {"ok": True}
        assert "<gradio-app" in httpx.get(f"http://127.0.0.1:{port}/", timeout=TIMEOUT).text
        page = f"http://127.0.0.1:{port}/gradio_api/heartbeat/abc"
        with httpx.stream("GET", page, timeout=TIMEOUT):  # a page that is looked at
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT) == 0
