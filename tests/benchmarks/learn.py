"""Learn ``rag/weights.json``: what each feature is worth as a sign that a sentence, or anything found, answers.

    python -m tests.benchmarks.learn DATA_FOLDER WORK_FOLDER PEOPLE_FOLDER CORPUS,CORPUS…

DATA_FOLDER holds the set ``squad2`` as ``corpus.jsonl`` and ``questions.jsonl``. PEOPLE_FOLDER holds small corpora of
documents, ``corpora/NAME``, and questions of people over each, ``q/NAME.jsonl`` (question, history, answerable; of one
that is not, ``unanswerable`` says "subject absent", or that only the answer is). Learned from are people's questions
over the corpora named, and the first half of SQuAD 2.0's articles that have questions, by name; the rest is only
reported on. Sentences are learned first, from people's questions alone, but for what it is worth to name the
identifiers and dates of the question, which made registers teach; then, on what these give, whether to answer. That is
learned in two kinds of index besides, since people have both: one of all articles, and one of a single
article. Absent subjects are made by leaving the question's article out, or by asking it of another article; SQuAD's
own unanswerable questions, whose subject is there, weigh little. People's questions weigh twice as much as both. The
log-odds are then scaled so that they are those of what is shown holding the evidence, over people's questions, each
corpus judged by weights that did not see it (Platt 1999). All is learned once more without a reader, and whether
to answer also with an embedder that is said to speak no language, for documents in such languages.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag import weights
from rag.answer.confidence import answer_features
from rag.assistant import Assistant
from rag.decision import sentence_features
from rag.embed import Embedder
from rag.embed.packaged import PackagedEmbedder
from rag.followup import Understood, understand
from rag.index import Reader
from rag.index.documents import Documents
from rag.index.local import LocalIndex
from rag.query import read_query
from rag.read import PassageReader
from rag.read.learned import LearnedReader
from rag.retrieve import READ, find_candidates, read_candidates, retrieve
from rag.settings import Settings
from rag.sync import sync
from rag.types import Answer, Message
from rag.weights import Features
from tests.benchmarks.records import read_records
from tests.benchmarks.registers import registers
from tests.benchmarks.without import Without

WEIGHTS = Path("rag/weights.json")

Question = dict[str, Any]
Kind = Literal["held", "absent", "near"]
Group = Literal["people", "many articles", "one article"]
Learned = dict[str, float]

_SHRINKING = 1e-2  # of the weights of a sentence towards 0; chosen by hand
# Of a question whose subject is there but whose answer is not, beside one whose subject is absent; and of each group.
# Chosen on the developing half of the development set, each corpus judged by weights that did not see it.
_NEAR_WEIGHT: Mapping[Group, float] = {"people": 1.0, "many articles": 0.2, "one article": 0.2}
_GROUP_WEIGHT: Mapping[Group, float] = {"people": 4.0, "many articles": 1.0, "one article": 1.0}
_EVERY = 3  # question of SQuAD's is enough to learn whether to answer


class Way(NamedTuple):
    """How questions are asked: with an embedder, and with a reader or without."""

    name: str
    embedder: Any
    reader: PassageReader | None


class Choice(NamedTuple):
    """The features of the sentences that are found for a question over a corpus, and which of them are right.

    ``exact`` is the feature that is learned apart.
    """

    corpus: str
    features: list[Features]
    exact: NDArray[np.float64]
    right: NDArray[np.bool_]


class Example(NamedTuple):
    """What a question finds in an index of a group of them, and whether the answer is there.

    Of a person's question also over which corpus, and whether the excerpts that would be shown hold the evidence.
    """

    group: Group
    features: Features
    kind: Kind
    learned_from: bool
    corpus: str = ""
    shown: bool = False


def main() -> None:
    """Learn both stages, one on the other, report on what is held out, and write the weights."""
    data, work, people = map(Path, sys.argv[1:4])
    corpora = sys.argv[4].split(",")
    embedder = PackagedEmbedder()
    squad = Squad(data / "squad2", work, embedder)
    learned: dict[str, Learned] = json.loads(WEIGHTS.read_text())
    reader = LearnedReader()
    by_words = Way(" by words", Speechless(embedder), None)
    for way in (Way(" unread", embedder, None), Way("", embedder, reader), by_words):
        if way is not by_words:
            choices = [one for name in corpora for one in people_choices(people, name, work, way)]
            weights_of = learn_choice("sentence" + way.name, choices)
            learned["sentence" + way.name] = weights_of | {"exact": learn_exact(weights_of, of_registers(work, way))}
            _write(learned)
        of_people = (one for name in corpora for one in people_answers(people, name, work, way))
        # Of a question that is taken for one in another language, nothing is read.
        examples = [one for one in (*squad.answers(way), *of_people) if way.reader is None or "read" in one.features]
        learned["answer" + way.name] = learn_answers("answer" + way.name, examples)
        _write(learned)


def build(folder: Path, texts: Mapping[str, str], embedder: Embedder) -> LocalIndex:
    """Return an index of ``texts``, by the names of their files."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (corpus / name).write_text(text, encoding="utf-8", newline="")
    index = LocalIndex(folder / "index")
    print(f"{folder.name}: indexed in {sync(index, corpus, embedder, 200).seconds:.0f} s", flush=True)
    return index


def file_name(name: str) -> str:
    """Return the file that the document ``name`` is written to."""
    return f"{name.replace('/', '_')}.txt"


class Speechless:
    """An embedder that is said to speak no language."""

    languages: frozenset[str] = frozenset()

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)


class Squad:
    """SQuAD 2.0: indexes of all articles and of each one, and what a question finds in each."""

    def __init__(self, folder: Path, work: Path, embedder: Embedder) -> None:
        texts = {file_name(document["id"]): document["text"] for document in read_records(folder / "corpus.jsonl")}
        self.questions = read_records(folder / "questions.jsonl")
        self.articles = sorted({question["doc_id"] for question in self.questions})
        self.learned_from = set(self.articles[: len(self.articles) // 2])
        print("learned from:", ", ".join(sorted(self.learned_from)))
        self.all = build(work / "all", texts, embedder)
        self.single = {
            name: build(work / name, {file_name(name): texts[file_name(name)]}, embedder) for name in self.articles
        }

    def answers(self, way: Way) -> Iterator[Example]:
        """Yield what questions find, with their article there and without it."""
        for question in track(self.questions[::_EVERY], "answers"):
            own, learned_from = question["doc_id"], question["doc_id"] in self.learned_from
            other = random.Random(question["id"]).choice([name for name in self.articles if name != own])
            there: Kind = "held" if question["answerable"] else "near"
            yield Example("many articles", self._found(self.all, question, way), there, learned_from)
            yield Example("one article", self._found(self.single[own], question, way), there, learned_from)
            if question["answerable"]:
                missing = self._found(self.all, question, way, without=file_name(own))
                yield Example("many articles", missing, "absent", learned_from)
                elsewhere = self._found(self.single[other], question, way)
                yield Example("one article", elsewhere, "absent", learned_from)

    def _found(self, index: LocalIndex, question: Question, way: Way, without: str | None = None) -> Features:
        text = question["question"]
        with index.reading() as reader:
            view: Any = Without(reader, without) if without else reader
            query = read_query(text, view, way.embedder)
            found = retrieve(query, view, way.embedder, way.reader, Documents(view), READ)
            return answer_features(query, found)


def people_choices(folder: Path, name: str, work: Path, way: Way) -> Iterator[Choice]:
    """Yield the sentences that are found for the questions over a small corpus that it answers."""
    assistant = _assistant(folder, name, work, way)
    for question in read_records(folder / "q" / f"{name}.jsonl"):
        if question["answerable"] and question["kind"] != "corpus":
            asked = " ".join(one.searched for one in _understood(question, way))
            with assistant._reading() as reader:
                yield _choice(name, question, asked, reader, way)


def of_registers(work: Path, way: Way) -> list[Choice]:
    """Return the sentences that are found for questions that name one entry of a made register."""
    texts, asked = registers()
    with build(work / "registers", texts, way.embedder).reading() as reader:
        return [
            _choice("registers", {"source": source, "evidence": [answer]}, question, reader, way)
            for question, source, answer in asked
        ]


def _choice(name: str, question: Question, asked: str, reader: Reader, way: Way) -> Choice:
    query = read_query(asked, reader, way.embedder)
    documents = Documents(reader)
    candidates = find_candidates(query, reader, way.embedder)[: None if way.reader is None else READ]
    readings = read_candidates(query, candidates, way.reader, documents)
    features: list[Features] = []
    right: list[bool] = []
    for at, candidate in enumerate(candidates):
        document, start = documents(candidate.passage.source), candidate.passage.chunk.start
        spans = [(start + first, start + last) for first, last in candidate.passage.sentences]
        for one, span in zip(sentence_features(candidate, readings.get(at)), spans, strict=True):
            if not any(block.is_context for block in document.blocks_between(*span)):
                features.append(one)
                right.append(_holds(question, candidate.passage.source, document.text[slice(*span)]))
    exact = np.array([one["exact"] for one in features])
    return Choice(name, [{n: one[n] for n in one if n != "exact"} for one in features], exact, np.array(right))


def _holds(question: Question, source: str, text: str) -> bool:
    """Whether a text of a document holds a piece of the evidence, white space aside."""
    folded = " ".join(text.split())
    sources = question.get("sources") or [question["source"]]
    return source in sources and any(" ".join(evidence.split()) in folded for evidence in question["evidence"])


def learn_choice(stage: str, choices: Sequence[Choice]) -> Learned:
    """Fit a conditional logit: what competes in one question does so for one win, which a right one is to have.

    The weights are those of a softmax over one question (McFadden 1974); the bias then makes the sum of
    each a probability in the mean.
    """
    names = list(choices[0].features[0])
    for corpus in dict.fromkeys(choice.corpus for choice in choices):
        w = _fitted_choice(names, [choice for choice in choices if choice.corpus != corpus])
        blind = [choice for choice in choices if choice.corpus == corpus]
        first = [choice.right[(_matrix(names, choice.features) @ w).argmax()] for choice in blind]
        print(f"{stage}, {corpus}, by weights that saw none of it: right first {sum(first)} of {len(first)}")
    w = _fitted_choice(names, choices)
    bias = -float(np.median([np.log(np.exp(_matrix(names, choice.features) @ w).sum()) for choice in choices]))
    return _named(names, w, bias)


def _fitted_choice(names: list[str], choices: Sequence[Choice]) -> NDArray[np.float64]:
    found = [(_matrix(names, choice.features), choice.right) for choice in choices if choice.right.any()]
    scale = np.concatenate([x for x, _ in found]).std(axis=0) + 1e-9
    train = [(x / scale, right / right.sum()) for x, right in found]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total: float = _SHRINKING * float(w @ w)
        slope = np.zeros_like(w)
        for x, y in train:
            z = x @ w
            p = np.exp(z - z.max())
            p /= p.sum()
            right = p * y
            total -= float(np.log(right.sum())) / len(train)
            slope += x.T @ (p - right / right.sum())
        return total, slope / len(train) + 2 * _SHRINKING * w

    fitted: NDArray[np.float64] = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / scale
    return fitted


def learn_exact(others: Learned, choices: Sequence[Choice]) -> float:
    """Return what it is worth to name what a question names, beside the other features as they were learned."""
    names = list(choices[0].features[0])
    worth = np.array([others[name] for name in names])
    found = [(_matrix(names, one.features) @ worth, one.exact, one.right) for one in choices if one.right.any()]

    def loss(w: NDArray[np.float64]) -> float:
        rows = [(z + w[0] * exact, right) for z, exact, right in found]
        return float(np.mean([logsumexp(z) - logsumexp(z[right]) for z, right in rows]) + _SHRINKING * w[0] ** 2)

    learned = round(float(minimize(loss, np.zeros(1)).x[0]), 3)
    for weight in (0.0, learned):
        first = sum(bool(right[(z + weight * exact).argmax()]) for z, exact, right in found)
        print(f"registers, exact {weight}: right first {first} of {len(choices)}")
    return learned


def _assistant(folder: Path, name: str, work: Path, way: Way) -> Assistant:
    settings = Settings(corpus=folder / "corpora" / name, index=work / "people" / name)
    assistant = Assistant(settings, way.embedder)
    assistant._passage_reader = way.reader
    assistant.sync()
    return assistant


def _understood(question: Question, way: Way) -> list[Understood]:
    return understand(question["question"], _history(question), way.embedder)


def _history(question: Question) -> list[Message]:
    return [Message(**message) for message in question.get("history", [])]


def people_answers(folder: Path, name: str, work: Path, way: Way) -> Iterator[Example]:
    """Yield what the questions over a small corpus find; those about the corpus itself are left out."""
    assistant = _assistant(folder, name, work, way)
    for question in read_records(folder / "q" / f"{name}.jsonl"):
        if question["kind"] != "corpus":
            answer = assistant.ask(question["question"], _history(question), even_if_unsure=True)
            with assistant._reading() as reader:
                features = answer_features(read_query(answer.query, reader, way.embedder), answer.results)
            yield Example("people", features, _kind_of(question), True, name, _holds_evidence(answer, question))


def _kind_of(question: Question) -> Kind:
    if question["answerable"]:
        return "held"
    return "absent" if question["unanswerable"] == "subject absent" else "near"


def _holds_evidence(answer: Answer, question: Question) -> bool:
    """Whether the excerpts of an answer hold the evidence, white space aside."""
    if not question["answerable"]:
        return False
    sources = question.get("sources") or [question["source"]]
    shown = [" ".join(c.excerpt.text.split()) for c in answer.citations if c.excerpt and c.source in sources]
    held = [any(" ".join(evidence.split()) in text for text in shown) for evidence in question["evidence"]]
    return all(held) if question["need"] == "all" else any(held)


def learn_answers(stage: str, examples: Sequence[Example]) -> Learned:
    """Fit a logistic regression: is the answer among what was found?"""
    learned_from = [one for one in examples if one.learned_from]
    people = [one for one in learned_from if one.group == "people"]
    blind = [
        (one, log_odds) for corpus in {one.corpus for one in people} for one, log_odds in _blind(learned_from, corpus)
    ]
    scaled = LogisticRegression(C=1e6).fit([[log_odds] for _, log_odds in blind], [one.shown for one, _ in blind])
    slope, shift = float(scaled.coef_[0, 0]), float(scaled.intercept_[0])
    _report(f"{stage}, people", [one for one, _ in blind], np.array([z for _, z in blind]) * slope + shift)
    w, bias = _fitted(learned_from)
    for group in ("many articles", "one article"):
        part = [one for one in examples if one.group == group and not one.learned_from]
        _report(f"{stage}, {group}, held out", part, (_matrix_of(part) @ w + bias) * slope + shift)
    return _named(list(examples[0].features), w * slope, bias * slope + shift)


def _blind(examples: Sequence[Example], corpus: str) -> Iterator[tuple[Example, float]]:
    """Yield a corpus's questions, each with its log-odds by weights that saw none of them."""
    w, bias = _fitted([one for one in examples if one.corpus != corpus])
    for one in examples:
        if one.corpus == corpus:
            yield one, float(_matrix_of([one])[0] @ w + bias)


def _fitted(examples: Sequence[Example]) -> tuple[NDArray[np.float64], float]:
    """Return the weights of the features, and the bias; in each group, both answers weigh the same."""
    x, held = _matrix_of(examples), np.array([one.kind == "held" for one in examples])
    group = np.array([one.group for one in examples])
    weight = np.array([_NEAR_WEIGHT[one.group] if one.kind == "near" else 1.0 for one in examples])
    for name, of_group in _GROUP_WEIGHT.items():
        for side in (held, ~held):
            weight[(group == name) & side] *= of_group / weight[(group == name) & side].sum()
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LogisticRegression(max_iter=5000).fit((x - mean) / scale, held, sample_weight=weight / weight.mean())
    w = model.coef_[0] / scale
    return w, float(model.intercept_[0] - mean @ w)


def _matrix_of(examples: Sequence[Example]) -> NDArray[np.float64]:
    return _matrix(list(examples[0].features), [one.features for one in examples])


def _report(told: str, examples: Sequence[Example], log_odds: NDArray[np.float64]) -> None:
    """Print how well questions are told apart, and what is answered from which confidence on."""
    chances, kinds = 1 / (1 + np.exp(-log_odds)), np.array([one.kind for one in examples])
    for kind in ("absent", "near"):
        both = np.isin(kinds, ["held", kind])
        print(f"{told}: AUROC against {kind}: {roc_auc_score(kinds[both] == 'held', chances[both]):.3f}")
    for threshold in np.arange(0.1, 1, 0.05):
        share = {kind: np.mean(chances[kinds == kind] >= threshold) for kind in ("held", "absent", "near")}
        print(f"  above {threshold:.2f}: " + ", ".join(f"{kind} answered {value:.3f}" for kind, value in share.items()))


def _matrix(names: list[str], features: Sequence[Features]) -> NDArray[np.float64]:
    return np.array([[one[name] for name in names] for one in features])


def _named(names: list[str], w: NDArray[np.float64], bias: float) -> Learned:
    return {"bias": round(bias, 3)} | {n: round(float(value), 3) for n, value in zip(names, w, strict=True)}


def _write(learned: dict[str, Learned]) -> None:
    """Write the weights and use them from now on."""
    WEIGHTS.write_text(json.dumps(learned, indent=1) + "\n")
    weights._weights.cache_clear()


if __name__ == "__main__":
    main()
