"""The command ``rag``: parse flags, call the Assistant, print.

Answers go to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from rag import show
from rag.assistant import Assistant
from rag.errors import IndexLocked, RagError, UsageError
from rag.settings import read_settings
from rag.sync import OnProgress
from rag.types import Message, Value
from rag.verify import Quotation
from rag.wire import answer_json, search_json

ABSTAINED = 3
# Seconds that are spent on embedding before the first question is answered, where there is no index: of more documents
# than that takes, the rest is found by words.
_EMBEDDED_FIRST = 5.0
_BEGUN_WITHIN = 5.0  # seconds that another process, which builds the index, has to begin
Found = TypeVar("Found", bound=Value)

corpus = click.option("--corpus", metavar="DIR", help="The folder of documents (corpus).")
index_place = click.option(
    "--index", metavar="DIR|URL", help="The folder of the built index (index), or postgresql://…"
)
collection = click.option("--collection", metavar="NAME", help="Which of several corpora in the index (the default).")
embedder = click.option("--embedder", metavar="MODEL", help="A sentence-transformers model, by name or folder.")
data_place = click.option("--data", metavar="DIR", help="The folder of what is kept beside the index (data).")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
no_sync = click.option("--no-sync", is_flag=True, help="Ask the index as it is, whatever has changed in the folder.")
questions = click.option(
    "--questions",
    type=click.Path(path_type=Path),
    help="A file of questions, a JSON object a line: {question, history?}.",
)


def asked_index(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take the options of an index that is asked or written."""
    return corpus(index_place(collection(embedder(command))))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Ask questions of your own documents; the excerpts that answer are shown with their source."""


def main() -> None:
    """Run the command; every foreseen error is one line on standard error and an exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("rag.embed").setLevel(logging.INFO)  # what is done once, and takes its time
    logging.getLogger("rag.asked").setLevel(logging.INFO)  # a line a question, where that is wanted
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it cannot read, the index reports by name
    try:
        code = app(prog_name="rag", standalone_mode=False)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        code = _complain("stopped; nothing is lost", 130)
    except click.ClickException as error:
        code = _complain(f"{error.format_message().rstrip('.')}: see `rag --help`", 2)
    except RagError as error:
        code = _complain(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        code = _complain(f"{error.filename or 'the disk'}: {error.strerror}: check that it exists and may be used", 1)
    sys.exit(code if isinstance(code, int) else 0)


@app.command()
@asked_index
@click.option("--rebuild", is_flag=True, help="Start from nothing; the old index is kept aside.")
@click.option("--allow-removals", is_flag=True, help="Also where most documents are gone from the folder.")
@click.option("--forget", is_flag=True, help="Erase what is kept of removed documents for a month, to embed them once.")
@click.option("--watch", is_flag=True, help="Then follow the folder, until Ctrl-C.")
@as_json
def index(rebuild: bool, allow_removals: bool, forget: bool, watch: bool, as_json: bool, **flags: Any) -> None:
    """Bring the index level with the corpus folder."""
    assistant = _assistant(**flags)
    with show.progress() as on_progress:
        report = assistant.sync(on_progress, rebuild=rebuild, allow_removals=allow_removals)
    if forget:
        with show.busy("erasing what is kept of removed documents …"):
            assistant.forget()
    _print(report, as_json, show.sync_report)
    if watch:
        show.note(f"following {assistant.settings.corpus} (stop with Ctrl-C)")
        for report in assistant.watch():
            if report.did_something:
                _print(report, as_json, show.sync_report)


@app.command()
@click.argument("question", required=False)
@asked_index
@click.option("--history", type=click.Path(path_type=Path), help="The conversation so far, a JSON file.")
@questions
@no_sync
@as_json
def ask(
    question: str | None, history: Path | None, questions: Path | None, no_sync: bool, as_json: bool, **flags: Any
) -> int:
    """Show the excerpts that answer a question, each with its source; exit 3 where the documents hold none."""
    asked = _asked(question, questions, history)
    assistant = _ready_assistant(**flags)
    if not no_sync:
        _catch_up(assistant)
    abstained = False
    for text, before in asked:
        with _costing_its_own_line(text, questions):
            with show.busy("waiting for the language model …") if assistant.model is not None else nullcontext():
                answer = assistant.ask(text, before)
            abstained = answer.abstained
            if as_json or questions:
                _print_json(answer_json(answer).model_dump(mode="json"))
            else:
                show.answer(answer, assistant.document)
    return ABSTAINED if abstained and not questions else 0


@app.command()
@click.argument("question", required=False)
@click.option("-k", type=click.IntRange(1, 100), help="How many passages (5).")
@asked_index
@questions
@no_sync
@as_json
def search(
    question: str | None, k: int | None, questions: Path | None, no_sync: bool, as_json: bool, **flags: Any
) -> None:
    """Show the passages that speak to a question most, without an answer."""
    asked = _asked(question, questions, None)
    assistant = _ready_assistant(**flags)
    if not no_sync:
        _catch_up(assistant)
    for text, before in asked:
        with _costing_its_own_line(text, questions):
            results = assistant.search(text, k, before)
            stale = assistant.stale(results)
            if as_json or questions:
                _print_json(search_json(text, results, stale).model_dump(mode="json"))
            else:
                show.results(results, stale, assistant.document)


@app.command()
@asked_index
@data_place
@click.option("--host", help="The address to serve on (127.0.0.1).")
@click.option("--port", type=int, help="The port to serve on (7860).")
@click.option("--trusted-proxy", metavar="ADDRESS", help="The proxies that are believed who asks, with commas between.")
def serve(**flags: Any) -> None:
    """Serve the chat page, and the API under /api."""
    assistant = _assistant(**flags)
    from rag.server.password import check_reach

    check_reach(assistant.settings)  # before anything that takes long
    assistant.follow()  # meanwhile; where there is no index yet, questions are answered as soon as words are there
    # Takes some seconds to import, and only this command needs it.
    from ui.serve import serve as serve_page

    serve_page(assistant)


@app.command()
@asked_index
def mcp(**flags: Any) -> None:
    """Serve the documents as tools to a language model's client (MCP), on standard input and output."""
    from rag import mcp_server

    mcp_server.check_installed()
    assistant = _ready_assistant(**flags)
    assistant.follow()
    mcp_server.run(assistant)


@app.command()
@data_place
def password(**flags: Any) -> None:
    """Set the password that `rag serve` asks for; without a terminal, a line of standard input.

    It is needed to serve others than this machine. Whoever was logged in is asked for it anew.
    """
    from rag.server.password import password_file, set_password

    data = read_settings(**flags).data
    set_password(data, _new_password())
    show.note(f"the password is set; delete {password_file(data)} to ask for none")


def _new_password() -> str:
    """Return a password that was typed twice and not shown, or one that was piped in."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True))
    return sys.stdin.readline().rstrip("\r\n")


@app.command()
@corpus
@index_place
@collection
@click.option("--text", "source", metavar="SOURCE", help="Print the canonical text of this document.")
@as_json
def status(source: str | None, as_json: bool, **flags: Any) -> None:
    """Show what the index holds, and how level it is with the folder."""
    assistant = _assistant(**flags)
    if source is not None:
        document = assistant.document(source)
        if as_json:
            _print_json(document.model_dump(mode="json", include={"source", "sha256", "title", "text"}))
        else:
            sys.stdout.write(document.text)
        return
    _print(assistant.status(), as_json, show.status)


@app.command()
@click.argument("answer", required=False, type=click.Path(path_type=Path))
@corpus
@index_place
@collection
@as_json
def verify(answer: Path | None, as_json: bool, **flags: Any) -> int:
    """Check the citations of a saved answer or conversation, or the whole index, against the documents.

    Exit 0 where every word stands where it stood, 1 where not.
    """
    assistant = _assistant(**flags)
    if answer is not None:
        quotations = _saved_citations(answer)
        with show.busy("reading the documents …"):
            found = assistant.verify_quotations(quotations)
    else:
        with show.progress() as on_progress:
            found = assistant.verify(on_progress)
    _print(found, as_json, show.verification)
    return 0 if found.holds else 1


@app.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@as_json
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy an index as it is, between folders and databases (postgresql://…); nothing is embedded again.

    A copy that was broken off goes on from where it was.
    """
    from rag.copying import copy_index
    from rag.index.collections import open_index

    one, other = (open_index(read_settings(index=place).index) for place in (source, target))
    with show.progress() as on_progress:
        report = copy_index(one, other, on_progress)
    if as_json:
        _print_json(report.model_dump(mode="json"))
    else:
        show.note(f"{report.copied} files copied, {report.there_already} there already, {report.removed} removed")
        print(f"{report.documents} documents and {report.chunks} passages, each compared; sha256 {report.digest}")


@app.command()
@index_place
@click.option("--remove", metavar="NAME", help="Remove this one, with all it holds; its documents stay.")
@as_json
def collections(remove: str | None, as_json: bool, **flags: Any) -> None:
    """List the corpora that the index holds beside each other, or remove one."""
    from rag.index.collections import list_collections, remove_collection

    place = read_settings(**flags).index
    if remove is not None:
        remove_collection(place, remove)
    found = list_collections(place)
    if as_json:
        _print_json({"collections": [one.model_dump(mode="json") for one in found]})
    else:
        for one in found:
            print(f"{one.name or '(default)'}: {one.documents} documents, {one.chunks} passages")


@app.command("eval")
@click.argument("questions", type=click.Path(path_type=Path))
@asked_index
@click.option("--report", metavar="FILE", type=click.Path(path_type=Path), help="Write an HTML page of it, with plots.")
@click.option(
    "--compare", metavar="OTHER.json", type=click.Path(path_type=Path), help="An earlier run, as --json printed it."
)
@as_json
def evaluate(questions: Path, report: Path | None, compare: Path | None, as_json: bool, **flags: Any) -> None:
    """Measure the answers on questions whose evidence is known."""
    from rag import show_run
    from rag.evaluate.ask import ask_all
    from rag.evaluate.questions import read_questions, resolve
    from rag.evaluate.report import html_report
    from rag.evaluate.run import read_outcomes, summary

    asked = read_questions(questions)
    before = read_outcomes(compare, asked) if compare is not None else ()
    if report is not None:
        report.open("a").close()  # what keeps it from being written is told before anything is asked
    assistant = _ready_assistant(**flags)
    with show.busy("finding the evidence …"):
        tasks, warnings = resolve(asked, assistant)
    for warning in warnings:
        show.note(warning)
    outcomes = list(show_run.track(ask_all(tasks, assistant), len(tasks)))
    with show.busy("measuring …"):
        run = summary(questions.name, outcomes, assistant, warnings, before)
    if report is not None:
        report.write_text(html_report(run), encoding="utf-8")
        show.note(f"the report is in {report}")
    _print(run, as_json, show_run.evaluation)


@app.command()
@data_place
def feedback(**flags: Any) -> None:
    """Print the answers that people rated as questions for `rag eval`, a JSON object a line.

    Of those rated down, a person has yet to fill in the evidence.
    """
    from rag.conversations import Conversations
    from rag.evaluate.feedback import feedback_lines

    kept = Conversations(read_settings(**flags).data)
    try:
        rated = kept.feedback()
    finally:
        kept.close()
    if not rated:
        show.note("no answer has been rated yet: rate some on the chat page")
    for line in feedback_lines(rated):
        print(line)


def _assistant(**flags: Any) -> Assistant:
    return Assistant(read_settings(**flags))


def _ready_assistant(**flags: Any) -> Assistant:
    assistant = _assistant(**flags)
    _make_ready(assistant)
    return assistant


def _make_ready(assistant: Assistant) -> None:
    """Build the index where there is none yet, and say so; load the model."""
    if not assistant.is_built:
        show.note(f"there is no index yet: building it from {assistant.settings.corpus}")
        with show.progress() as on_progress:
            _build(assistant, on_progress)
    with show.busy("loading the model …"):
        assistant.warm_up()


def _build(assistant: Assistant, on_progress: OnProgress) -> None:
    """Build the index; where another process has begun to, ask what is there by then."""
    try:
        assistant.sync(on_progress, embed_for=_EMBEDDED_FIRST)
    except IndexLocked:
        until = time.monotonic() + _BEGUN_WITHIN
        while not assistant.is_built:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _catch_up(assistant: Assistant) -> None:
    """Bring the index level where that takes a moment; where it cannot be, ask it as it is."""
    try:
        with show.busy("bringing the index up to date …"):
            assistant.catch_up()
    except IndexLocked:
        show.note("another process is bringing the index up to date: what changed a moment ago may not be found yet")
    except RagError as error:
        show.note(str(error))


def _asked(
    question: str | None, questions: Path | None, history: Path | None
) -> Sequence[tuple[str, Sequence[Message]]]:
    """Return the questions to ask, each with the conversation before it."""
    if (question is None) == (questions is None):
        raise UsageError('give a question in quotes, as in `rag ask "Who …?"`, or a file with --questions')
    if question is not None and not question.strip():
        raise UsageError("the question is empty: ask something")
    if question is not None:
        return [(question, _saved_history(history) if history else ())]
    assert questions is not None
    return list(_questions(questions))


@contextmanager
def _costing_its_own_line(question: str, batch: Path | None) -> Iterator[None]:
    """In a batch, let a question that cannot be asked cost its own line alone, which then has the ``error``."""
    try:
        yield
    except UsageError as error:
        if batch is None:
            raise
        _print_json({"question": question, "error": str(error)})


def _questions(path: Path) -> Iterator[tuple[str, Sequence[Message]]]:
    for number, line in enumerate(_read(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            yield str(entry["question"]), _messages(entry.get("history") or [], f"{path}, line {number}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f'{path}, line {number}: not {{"question": "…"}}: correct the line') from error


def _saved_citations(path: Path) -> list[Quotation]:
    """Return the citations of the answers in a file: one as JSON, one a line, or those of a saved conversation."""
    try:
        answers = [answer for value in _json_values(_read(path)) for answer in value.get("answers", [value])]
        cited = (citation for answer in answers for citation in (*answer["citations"], *answer.get("closest", ())))
        return [Quotation.model_validate(citation) for citation in cited]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} holds no answer as `rag ask --json` prints it: save one") from error


def _json_values(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line]


def _print(found: Found, as_json: bool, tell: Callable[[Found], None]) -> None:
    if as_json:
        _print_json(found.model_dump(mode="json"))
    else:
        tell(found)


def _saved_history(path: Path) -> Sequence[Message]:
    try:
        return _messages(json.loads(_read(path)), str(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: a history is a list of {{role, content}}: correct it") from error


def _messages(entries: Any, place: str) -> Sequence[Message]:
    try:
        return TypeAdapter(list[Message]).validate_python(entries)
    except ValidationError as error:
        raise UsageError(f"{place}: a history is a list of {{role: user | assistant, content}}: correct it") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _print_json(value: Any) -> None:
    # A lone surrogate, which no encoding holds, becomes a question mark.
    print(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8"), flush=True)


def _complain(message: str, code: int) -> int:
    print(f"rag: {' '.join(message.split())}", file=sys.stderr)
    return code
