"""Models as onnxruntime runs them: exported once for this machine's user, kept with their hashes.

What is kept can be made again from the weights at any time, so the folder is safe to delete, and one that is not
what was written is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from filelock import FileLock

from rag.child import module_command, module_environment
from rag.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SEAL = "seal.json"
_LAYOUT = 2  # of what is kept: another number where it changes
# What a processor says of itself that multiplies 8-bit integers several times as fast as 32-bit floats.
_INTEGER_PRODUCTS = {"avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "i8mm"}
log = logging.getLogger(__name__)

_Loaded = TypeVar("_Loaded")


class Export(NamedTuple):
    """A model to be exported: its name, what tells its export from others in a folder's name, and the module to run.

    The module is run with the folder to write to and the ``arguments``; what it raises is an ``error``.
    """

    model: str
    folder: str
    module: str
    arguments: tuple[str, ...]
    error: type[ModelError]


def load_exported(export: Export, load: Callable[[Path], _Loaded]) -> _Loaded:
    """Return what ``load`` makes of the folder of a model; export it first where that was not done, or is damaged.

    Raises:
        ModelError: It cannot be exported.
    """
    folder = _prepared(export)
    found = _load(folder, load)
    if found is None:
        log.warning("%s is damaged and is made again", folder)
        shutil.rmtree(folder, ignore_errors=True)
        found = _load(_prepared(export), load)
    if found is None:
        raise export.error(f"what is written to {folder} is not what is read: check the disk")
    return found


def seal(folder: Path) -> None:
    """Note the hash of each file of a folder, by which it is known to be whole."""
    (folder / SEAL).write_text(json.dumps(_hashes(folder)))


def multiplies_integers() -> bool:
    """Whether this processor has instructions for products of 8-bit integers."""
    return processor_has(_INTEGER_PRODUCTS)


def processor_has(instructions: Set[str]) -> bool:
    """Whether this processor has one of some sets of instructions, as Linux names them; elsewhere: no."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return not instructions.isdisjoint(told.split())


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_optimized(raw: Path, path: Path) -> None:
    """Write a graph with its operations fused, so that no start pays for that."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(path)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    onnxruntime.InferenceSession(str(raw), options, providers=["CPUExecutionProvider"])


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


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.name != SEAL}


def _load(folder: Path, load: Callable[[Path], _Loaded]) -> _Loaded | None:
    """Return what is made of a folder, or None where that is not what the seal says."""
    try:
        sealed = json.loads((folder / SEAL).read_bytes())
        with ThreadPoolExecutor(1) as beside:  # the hashes take as long as the loading
            found = beside.submit(_hashes, folder)
            loaded = load(folder)
            return loaded if found.result() == sealed else None
    except Exception as error:  # whatever a broken file raises, the remedy is the same
        log.debug("%s: %s", folder, error)
        return None


def _prepared(export: Export) -> Path:
    """Return the folder of a model, which is exported where there is none."""
    import onnxruntime
    from platformdirs import user_cache_path

    name = "-".join((export.folder, "onnxruntime", onnxruntime.__version__, str(_LAYOUT)))
    try:
        return _make(user_cache_path("rag", appauthor=False) / name, export)
    except OSError as error:
        log.warning("%s: %s: the model is prepared for this run alone", error.filename, error.strerror)
        return _make(Path(_kept_for_now().name) / name, export)


def _make(folder: Path, export: Export) -> Path:
    if not (folder / SEAL).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            if not (folder / SEAL).is_file():
                _export(folder, export)
    return folder


def _export(folder: Path, export: Export) -> None:
    """Write a model to ``folder``, whole or not at all, in a process of its own: torch takes a GB and stays."""
    log.info("preparing the model %s for this machine: some ten seconds, once …", export.model)
    shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name))
    try:
        done = subprocess.run(
            module_command(export.module, str(made), *export.arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=module_environment(),
        )
        if done.returncode:
            raise export.error(_told(export, (done.stderr.strip().splitlines() or ["it was stopped"])[-1]))
        made.replace(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _told(export: Export, reason: str) -> str:
    """Return what to say of an export that ended with ``reason``: an error of ours as it is."""
    ours = reason.removeprefix("rag: ")
    if ours != reason:
        return ours
    return f"the model {export.model} cannot be prepared ({reason[:160]}): install this package again"


@cache
def _kept_for_now() -> tempfile.TemporaryDirectory[str]:
    """A folder that lasts as long as the process."""
    return tempfile.TemporaryDirectory(prefix="rag-model-")
