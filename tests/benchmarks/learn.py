"""Learn ``rag/weights.json``: what the features of a passage, of a sentence, and of all that was found are worth.

    python -m tests.benchmarks.learn DATA_FOLDER WORK_FOLDER PEOPLE_FOLDER CORPUS,CORPUS…

DATA_FOLDER holds the sets ``squad2``, ``chroma_chunking`` and ``scifact``, each as ``corpus.jsonl`` and
``questions.jsonl``. PEOPLE_FOLDER holds small corpora of documents, ``corpora/NAME``, and questions of people over
each, ``q/NAME.jsonl`` (question, history, answerable; of one that is not, ``unanswerable`` says "subject absent", or
that only the answer is). Learned from are the first half of SQuAD 2.0's articles that have questions, by name, the
questions on three of Chroma's five corpora, SciFact's claims marked ``train``, and people's questions over the
corpora named; the rest is only reported on. Each stage is learned on what the one before it gives: passages, then
their sentences, then whether to answer. Passages and sentences of SQuAD are learned in an index of 100 further
articles besides. Whether to answer is learned in two kinds of index, since people have both: one of all articles, and
one of a single article. Absent subjects are made by leaving the question's article out, or by asking it of another
article; SQuAD's own unanswerable questions, whose subject is there, weigh little. People's questions weigh
twice as much as both. The log-odds are then scaled so that they are those of what is shown holding the evidence, over
people's questions, each corpus judged by weights that did not see it (Platt 1999). It is learned once more with an
embedder that is said to speak no language, for documents in a language that it does not speak.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag import weights
from rag.answer.confidence import answer_features
from rag.assistant import Assistant
from rag.embed import Embedder
from rag.embed.packaged import PackagedEmbedder
from rag.index import Reader
from rag.index.local import LocalIndex
from rag.query import Query, read_query
from rag.rank import Candidate, passage_features, passage_score, sentence_features
from rag.retrieve import find_candidates, retrieve
from rag.settings import Settings
from rag.sync import sync
from rag.types import Answer, Message
from rag.weights import Features
from tests.benchmarks.records import read_records
from tests.benchmarks.without import Without

WEIGHTS = Path("rag/weights.json")
CHROMA_LEARNED = ("chatlogs", "finance", "pubmed")

Question = dict[str, Any]
Kind = Literal["held", "absent", "near"]
Group = Literal["people", "many articles", "one article"]
Learned = dict[str, float]
Gold = Callable[[str, int, int], float]  # source, start, end → how much of it is wanted, 0–1

_PASSAGES = 40
_READ = 8  # passages whose sentences are learned from
# Of a question whose subject is there but whose answer is not, beside one whose subject is absent; and of each group.
# Chosen on the developing half of the development set, each corpus judged by weights that did not see it.
_NEAR_WEIGHT: Mapping[Group, float] = {"people": 1.0, "many articles": 0.2, "one article": 0.2}
_GROUP_WEIGHT: Mapping[Group, float] = {"people": 4.0, "many articles": 1.0, "one article": 1.0}
_EVERY = 3  # question of SQuAD's is enough to learn whether to answer


class Asked(NamedTuple):
    """A question and what it may find; ``learned_from`` is False where it is only reported on."""

    set_name: str
    question: Question
    learned_from: bool
    query: Query
    candidates: list[Candidate]


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


class Table(NamedTuple):
    """The features of what competes in one question, shape ``(things, features)``, and how right each is."""

    asked: Asked
    x: NDArray[np.float64]
    y: NDArray[np.float64]


def main() -> None:
    """Learn the three stages, one on the other, report on what is held out, and write the weights."""
    data, work, people = map(Path, sys.argv[1:4])
    embedder = PackagedEmbedder()
    squad = Squad(data / "squad2", work, embedder)
    learned: dict[str, Learned] = json.loads(WEIGHTS.read_text())
    asked = [
        *squad.asked(),
        *_asked("chroma_chunking", data, work, embedder, lambda q: q["doc_id"] in CHROMA_LEARNED),
        *_asked("scifact", data, work, embedder, lambda q: q["split"] == "train"),
    ]
    for stage, tables in (("passage", passage_tables), ("sentence", sentence_tables)):
        names, found = tables(asked)
        learned[stage] = learn_choice(stage, names, found)
        _write(learned)
    for stage, asker in (("answer", embedder), ("answer by words", Speechless(embedder))):
        of_people = (one for name in sys.argv[4].split(",") for one in people_answers(people, name, work, asker))
        learned[stage] = learn_answers(stage, [*squad.answers(asker), *of_people])
        _write(learned)


def _asked(
    name: str, data: Path, work: Path, embedder: Embedder, learned_from: Callable[[Question], bool]
) -> Iterator[Asked]:
    """Yield the questions of a set with their candidates."""
    texts = {
        document["id"]: "\n\n".join(
            filter(None, (document.get("title") if name == "scifact" else "", document["text"]))
        )
        for document in read_records(data / name / "corpus.jsonl")
    }
    index = build(work / name, texts, embedder)
    questions = [q for q in read_records(data / name / "questions.jsonl") if q.get("split") != "test"]
    with index.reading() as reader:
        for question in track(questions, name):
            yield _ask(name, question, learned_from(question), reader, embedder)


def _ask(name: str, question: Question, learned_from: bool, reader: Reader, embedder: Embedder) -> Asked:
    query = read_query(question["question"], reader, embedder)
    return Asked(name, question, learned_from, query, find_candidates(query, reader, embedder, _PASSAGES))


def build(folder: Path, texts: Mapping[str, str], embedder: Embedder) -> LocalIndex:
    """Return an index of ``texts``, each a file by its name."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (corpus / file_name(name)).write_text(text, encoding="utf-8", newline="")
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
    """SQuAD 2.0: indexes of all articles, of many and of one, and what a question finds in each."""

    def __init__(self, folder: Path, work: Path, embedder: Embedder) -> None:
        texts = {document["id"]: document["text"] for document in read_records(folder / "corpus.jsonl")}
        self.embedder = embedder
        self.questions = read_records(folder / "questions.jsonl")
        self.articles = sorted({question["doc_id"] for question in self.questions})
        self.learned_from = set(self.articles[: len(self.articles) // 2])
        print("learned from:", ", ".join(sorted(self.learned_from)))
        others = sorted(texts.keys() - set(self.articles))
        random.Random(0).shuffle(others)
        self.many = build(work / "many", {name: texts[name] for name in (*self.articles, *others[:100])}, embedder)
        self.all = build(work / "all", texts, embedder)
        self.single = {name: build(work / name, {name: texts[name]}, embedder) for name in self.articles}

    def asked(self) -> Iterator[Asked]:
        """Yield the answerable questions with their candidates among many articles."""
        with self.many.reading() as reader:
            for question in track([q for q in self.questions if q["answerable"]], "squad2"):
                yield _ask("squad2", question, question["doc_id"] in self.learned_from, reader, self.embedder)

    def answers(self, embedder: Any) -> Iterator[Example]:
        """Yield what questions find, with their article there and without it."""
        for question in track(self.questions[::_EVERY], "answers"):
            own, learned_from = question["doc_id"], question["doc_id"] in self.learned_from
            other = random.Random(question["id"]).choice([name for name in self.articles if name != own])
            there: Kind = "held" if question["answerable"] else "near"
            yield Example("many articles", self._found(self.all, question, embedder), there, learned_from)
            yield Example("one article", self._found(self.single[own], question, embedder), there, learned_from)
            if question["answerable"]:
                missing = self._found(self.all, question, embedder, without=file_name(own))
                yield Example("many articles", missing, "absent", learned_from)
                elsewhere = self._found(self.single[other], question, embedder)
                yield Example("one article", elsewhere, "absent", learned_from)

    def _found(self, index: LocalIndex, question: Question, embedder: Any, without: str | None = None) -> Features:
        text = question["question"]
        with index.reading() as reader:
            view: Any = Without(reader, without) if without else reader
            query = read_query(text, view, embedder)
            return answer_features(query, retrieve(query, view, embedder, 5))


def passage_tables(asked: Sequence[Asked]) -> tuple[list[str], list[Table]]:
    """Return the features of each question's candidates, right by how much of the evidence they hold."""
    tables = []
    names: list[str] = []
    for one in asked:
        features = [passage_features(one.query, candidate) for candidate in one.candidates]
        names = names or list(features[0])
        chunks = [(c.passage.source, c.passage.chunk.start, c.passage.chunk.end) for c in one.candidates]
        tables.append(Table(one, _matrix(names, features), np.array([_held(one, *chunk) for chunk in chunks])))
    return names, tables


def sentence_tables(asked: Sequence[Asked]) -> tuple[list[str], list[Table]]:
    """Return the features of the sentences of each question's best passages, by the weights learned so far."""
    tables = []
    names: list[str] = []
    for one in asked:
        if one.set_name == "scifact":
            continue
        scored = sorted(((passage_score(one.query, c), at) for at, c in enumerate(one.candidates)), reverse=True)[
            :_READ
        ]
        features: list[Features] = []
        right: list[float] = []
        for score, at in scored:
            candidate, chunk = one.candidates[at], one.candidates[at].passage.chunk
            features += sentence_features(one.query, candidate, score)
            right += [
                _answers(one, candidate.passage.source, chunk.start + start, chunk.start + end)
                for start, end in candidate.passage.sentences
            ]
        names = names or list(features[0])
        tables.append(Table(one, _matrix(names, features), np.array(right)))
    return names, tables


def _held(asked: Asked, source: str, start: int, end: int) -> float:
    """Return how much of the evidence a passage holds: all or nothing where it is a short answer."""
    question = asked.question
    if asked.set_name == "scifact":
        return float(source in {file_name(name) for name in question["cited_doc_ids"]})
    evidence = [e for e in question["evidence"] if file_name(e["doc_id"]) == source]
    if asked.set_name == "squad2":
        return float(any(start <= e["start"] and e["end"] <= end for e in evidence))
    whole = sum(e["end"] - e["start"] for e in question["evidence"])
    return sum(max(0, min(end, e["end"]) - max(start, e["start"])) for e in evidence) / whole


def _answers(asked: Asked, source: str, start: int, end: int) -> float:
    """Whether a sentence answers: it holds the short answer, or at least half of it is evidence."""
    if asked.set_name == "squad2":
        return _held(asked, source, start, end)
    evidence = [e for e in asked.question["evidence"] if file_name(e["doc_id"]) == source]
    return float(sum(max(0, min(end, e["end"]) - max(start, e["start"])) for e in evidence) >= (end - start) / 2)


def learn_choice(stage: str, names: list[str], tables: Sequence[Table]) -> Learned:
    """Fit a conditional logit: what competes in one question does so for one win, which a right one is to have.

    The weights are those of a softmax over one question (McFadden 1974); the bias then makes the sum of
    each a probability in the mean.
    """
    train = [(t.x, t.y / t.y.sum()) for t in tables if t.asked.learned_from and t.y.any()]
    scale = np.concatenate([x for x, _ in train]).std(axis=0) + 1e-9
    train = [(x / scale, y) for x, y in train]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total: float = 1e-3 * float(w @ w)
        slope = np.zeros_like(w)
        for x, y in train:
            z = x @ w
            p = np.exp(z - z.max())
            p /= p.sum()
            right = p * y
            total -= float(np.log(right.sum())) / len(train)
            slope += x.T @ (p - right / right.sum())
        return total, slope / len(train) + 2e-3 * w

    w = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / scale
    for name in dict.fromkeys(table.asked.set_name for table in tables):
        for learned_from in (True, False):
            part = [t for t in tables if t.asked.set_name == name and t.asked.learned_from == learned_from]
            right = [t.y[np.argsort(-(t.x @ w), kind="stable")] > 0 for t in part]
            first, five = np.mean([y[0] for y in right]), np.mean([y[:5].any() for y in right])
            told = "learned from" if learned_from else "held out"
            print(f"{stage}, {name}, {told}, {len(part)}: right first {first:.3f}, in the first five {five:.3f}")
    bias = -float(np.median([np.log(np.exp(t.x @ w).sum()) for t in tables if t.asked.learned_from]))
    return _named(names, w, bias)


def people_answers(folder: Path, name: str, work: Path, embedder: Any) -> Iterator[Example]:
    """Yield what the questions over a small corpus find; those about the corpus itself are left out."""
    assistant = Assistant(Settings(corpus=folder / "corpora" / name, index=work / "people" / name), embedder)
    assistant.sync()
    for question in read_records(folder / "q" / f"{name}.jsonl"):
        if question["kind"] != "corpus":
            history = [Message(**message) for message in question.get("history", [])]
            answer = assistant.ask(question["question"], history, even_if_unsure=True)
            with assistant._reading() as reader:
                features = answer_features(read_query(answer.query, reader, embedder), answer.results)
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
