"""The packaged model as onnxruntime runs it: exported once for this machine's user, kept with its hashes.

What is kept can be made again from the weights at any time, so the folder is safe to delete, and a file of
it that is not what was written is made again.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from filelock import FileLock

from rag.child import module_command, module_environment
from rag.embed import DEFAULT_MODEL, DEFAULT_SHA256, Vectors
from rag.errors import EmbedderError
from rag.types import Value

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL, QUICK, PIECES, SEAL = "model.onnx", "quick.onnx", "pieces.npy", "seal.json"
_LAYOUT = 1  # of what is kept: another number where it changes
# What a processor says of itself that multiplies 8-bit integers several times as fast as 32-bit floats.
_INTEGER_PRODUCTS = {"avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "i8mm"}
log = logging.getLogger(__name__)


class Runtime(NamedTuple):
    """The model, from token numbers to token embeddings, and its table of input embeddings, centred."""

    session: InferenceSession
    pieces: Vectors
    folder: Path


class Seal(Value):
    """What the files must be to be whole: the sha256 of each; "" where there is no quick model."""

    model: str
    pieces: str
    quick: str = ""

    @classmethod
    def of(cls, folder: Path) -> Seal:
        """Return the seal of the files as they are."""
        model, pieces = file_sha256(folder / MODEL), file_sha256(folder / PIECES)
        return cls(model=model, pieces=pieces, quick=file_sha256(folder / QUICK) if (folder / QUICK).exists() else "")


def load_runtime() -> Runtime:
    """Return the packaged model, ready to run; export it first where that was not done, or is damaged.

    Raises:
        EmbedderError: It cannot be exported.
    """
    folder = _prepared()
    found = _load(folder)
    if found is None:
        log.warning("%s is damaged and is made again", folder)
        shutil.rmtree(folder, ignore_errors=True)
        found = _load(_prepared())
    if found is None:
        raise EmbedderError(f"what is written to {folder} is not what is read: check the disk")
    return found


def multiplies_integers() -> bool:
    """Whether this processor has instructions for products of 8-bit integers (Linux says; elsewhere: no)."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return not _INTEGER_PRODUCTS.isdisjoint(told.split())


def open_quick(runtime: Runtime) -> InferenceSession | None:
    """Return the model with 8-bit integers; None where there is none, since it would not be quicker here.

    It scales what it is run with by its largest number, so it is to be given one text at a time: the vector of a
    text then depends on nothing else.
    """
    path = runtime.folder / QUICK
    return open_session(path) if path.exists() else None


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_session(model: Path) -> InferenceSession:
    """Return a session of one thread: several of them beside each other do more than one of several threads."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # which it has on Windows alone
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # a plan of memory for each shape there is would add up
    options.log_severity_level = 3
    # The file was made better when it was written.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _load(folder: Path) -> Runtime | None:
    """Return what is in a folder, or None where it is not what the seal says."""
    try:
        seal = Seal.model_validate_json((folder / SEAL).read_bytes())
        with ThreadPoolExecutor(1) as beside:  # the hashes take as long as the loading
            found = beside.submit(Seal.of, folder)
            session = open_session(folder / MODEL)
            pieces: Vectors = np.load(folder / PIECES, mmap_mode="r")
            return Runtime(session, pieces, folder) if found.result() == seal else None
    except Exception as error:  # whatever a broken file raises, the remedy is the same
        log.debug("%s: %s", folder, error)
        return None


def _prepared() -> Path:
    """Return the folder of the exported model, which is made where there is none."""
    import onnxruntime
    from platformdirs import user_cache_path

    name = f"{DEFAULT_MODEL}-{DEFAULT_SHA256[:12]}-onnxruntime-{onnxruntime.__version__}-{_LAYOUT}"
    name += "-integers" * multiplies_integers()
    try:
        return _make(user_cache_path("rag", appauthor=False) / name)
    except OSError as error:
        log.warning("%s: %s: the model is prepared for this run alone", error.filename, error.strerror)
        return _make(Path(_kept_for_now().name) / name)


def _make(folder: Path) -> Path:
    if not (folder / SEAL).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            if not (folder / SEAL).is_file():
                _export(folder)
    return folder


def _export(folder: Path) -> None:
    """Write the model to ``folder``, whole or not at all, in a process of its own: torch takes a GB and stays."""
    log.info("preparing the model for this machine: some ten seconds, once …")
    shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name))
    try:
        done = subprocess.run(
            module_command("rag.embed.export", str(made), *["integers"] * multiplies_integers()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=module_environment(),
        )
        if done.returncode:
            raise EmbedderError(_told((done.stderr.strip().splitlines() or ["it was stopped"])[-1]))
        made.replace(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _told(reason: str) -> str:
    """Return what to say of an export that ended with ``reason``: an error of ours as it is."""
    ours = reason.removeprefix("rag: ")
    if ours != reason:
        return ours
    return f"the model {DEFAULT_MODEL} cannot be prepared ({reason[:160]}): install this package again"


@cache
def _kept_for_now() -> tempfile.TemporaryDirectory[str]:
    """A folder that lasts as long as the process."""
    return tempfile.TemporaryDirectory(prefix="rag-model-")
