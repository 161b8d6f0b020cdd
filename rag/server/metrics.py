"""What the server counts, as Prometheus reads it, and a line of JSON a question; no word of a document is in either."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from rag.assistant import Asked, Assistant
from rag.errors import AnswerStopped, RagError
from rag.types import Answer

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
log = logging.getLogger("rag.asked")


class Metrics:
    """Counts what an assistant is asked from now on, and tells how level its index is when it is read."""

    def __init__(self, assistant: Assistant) -> None:
        self._registry = CollectorRegistry()
        self._questions = Counter("rag_questions", "Questions asked.", ["outcome"], registry=self._registry)
        self._stages = Histogram(
            "rag_stage_seconds", "Seconds a stage took.", ["stage"], registry=self._registry, buckets=_SECONDS
        )
        self._fallbacks = Counter(
            "rag_model_fallbacks", "Answers quoted in the place of the language model's.", registry=self._registry
        )
        self._tokens = Counter("rag_model_tokens", "Tokens of the language model.", ["kind"], registry=self._registry)
        for outcome in ("answered", "abstained", "stopped", "failed"):
            self._questions.labels(outcome)
        self._registry.register(_Index(assistant))

    def count(self, asked: Asked) -> None:
        """Count a question, by what came of it."""
        came = asked.came
        self._questions.labels(_outcome(came)).inc()
        if isinstance(came, RagError):
            return
        for stage, seconds in came.timings.items():
            self._stages.labels(stage).observe(seconds)
        if _fell_back(came):
            self._fallbacks.inc()
        if came.model is not None:
            self._tokens.labels("prompt").inc(came.model.prompt_tokens or 0)
            self._tokens.labels("reply").inc(came.model.reply_tokens or 0)

    def text(self) -> bytes:
        """Return all there is to read."""
        return generate_latest(self._registry)


class _Index(Collector):
    """The state of the index, looked up when it is read."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def collect(self) -> Iterator[GaugeMetricFamily]:
        status = self._assistant.status()
        lag = GaugeMetricFamily("rag_index_lag_files", "Files newer than the index.", labels=["change"])
        for change in ("added", "changed", "removed") if status.freshness is not None else ():
            lag.add_metric([change], getattr(status.freshness, change))
        yield lag
        yield GaugeMetricFamily("rag_index_documents", "Documents in the index.", value=len(status.documents))
        passages = sum(document.chunks for document in status.documents)
        yield GaugeMetricFamily("rag_index_passages", "Passages in the index.", value=passages)
        yield GaugeMetricFamily("rag_index_failed_files", "Files that could not be read.", value=len(status.failed))


def log_asked(asked: Asked, *, with_words: bool) -> None:
    """Write a line of JSON; what was asked is in it only ``with_words``."""
    came = asked.came
    line: dict[str, object] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "question",
        "outcome": _outcome(came),
    }
    if isinstance(came, RagError):
        line["error"] = type(came).__name__
    else:
        line |= {
            "seconds": came.timings,
            "confidence": came.confidence,
            "sentences": len(came.sentences),
            "unsupported": sum(sentence.support == "unsupported" for sentence in came.sentences),
            "model": came.model.model_dump() if came.model is not None else None,
            "fallback": _fell_back(came),
        }
    if with_words:
        line["question"] = asked.question
    log.info(json.dumps(line, ensure_ascii=False))


def _outcome(came: Answer | RagError) -> str:
    if isinstance(came, RagError):
        return "stopped" if isinstance(came, AnswerStopped) else "failed"
    return "abstained" if came.abstained and not came.reply else "answered"


def _fell_back(answer: Answer) -> bool:
    """Whether a language model was asked, and the answer is not its own."""
    return answer.model is not None and bool(answer.note)
