"""Learn ``rag/answer/weights.json``: what the features of a sentence, and of all that was found, are worth.

    python -m tests.benchmarks.learn SQUAD2_FOLDER WORK_FOLDER

The folder holds SQuAD 2.0 as ``corpus.jsonl`` and ``questions.jsonl``. Half of the articles that have
questions are learned from; the other half is only reported on. Two kinds of index are simulated, since
people have both: one of 100 further articles besides, and one of a single article. Absent subjects are
made by leaving the question's article out, or by asking it of another article; SQuAD's own unanswerable
questions, whose subject is there, weigh little.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.answer.features import Features, answer_features, sentence_features
from rag.embed import SentenceTransformerEmbedder
from rag.index.local import LocalIndex
from rag.retrieve import retrieve
from rag.sync import sync
from rag.types import SearchResult

WEIGHTS = Path("rag/answer/weights.json")
Question = dict[str, Any]
Example = tuple[Features, bool]
Found = tuple[Features, Literal["held", "absent", "near"]]
Weights = dict[str, float]

_NEAR_WEIGHT = 0.2  # of a question whose subject is there but whose answer is not: few can be told apart
_REFUSED = 0.87


def main() -> None:
    """Learn, report on the articles held out, and write the weights."""
    squad, work = Path(sys.argv[1]), Path(sys.argv[2])
    questions = _read(squad / "questions.jsonl")
    articles = sorted({question["doc_id"] for question in questions})
    learned_from = set(articles[: len(articles) // 2])
    print("learned from:", ", ".join(sorted(learned_from)))
    searcher = Searcher(_read(squad / "corpus.jsonl"), articles, work)
    train = [question for question in questions if question["doc_id"] in learned_from]
    test = [question for question in questions if question["doc_id"] not in learned_from]
    weights = {
        "sentence": learn_sentences(
            *([searcher.sentences(q) for q in part if q["answerable"]] for part in (train, test))
        ),
        "answer": learn_answers(*([e for q in part for e in searcher.answers(q)] for part in (train, test))),
    }
    WEIGHTS.write_text(json.dumps(weights, indent=1) + "\n")


class Searcher:
    """Indexes of many articles and of one, and what a question finds in each."""

    def __init__(self, corpus: list[dict[str, Any]], articles: list[str], work: Path) -> None:
        texts = {document["id"]: document["text"] for document in corpus}
        others = sorted(texts.keys() - set(articles))
        random.Random(0).shuffle(others)
        self.embedder = SentenceTransformerEmbedder()
        self.articles = articles
        self.many = self._build(work / "many", {name: texts[name] for name in (*articles, *others[:100])})
        self.single = {name: self._build(work / name, {name: texts[name]}) for name in articles}

    def _build(self, folder: Path, texts: dict[str, str]) -> LocalIndex:
        corpus = folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (corpus / f"{name.replace('/', '_')}.txt").write_text(text, newline="")
        index = LocalIndex(folder / "index")
        print(folder.name, f"{sync(index, corpus, self.embedder, 200).seconds:.0f} s", flush=True)
        return index

    def find(self, index: LocalIndex, question: Question, k: int) -> list[SearchResult]:
        """Return what ``question`` finds in ``index``."""
        with index.reading() as reader:
            return retrieve(question["question"], reader, self.embedder, k)

    def sentences(self, question: Question) -> list[Example]:
        """Return the sentences of the passages found; true where one holds the answer where it stands."""
        examples = []
        for result in self.find(self.many, question, 5):
            for at, sentence in enumerate(result.sentences):
                gold = result.source == f"{question['doc_id']}.txt" and any(
                    sentence.start <= e["start"] and e["end"] <= sentence.end for e in question["evidence"]
                )
                examples.append((sentence_features(question["question"], result, at), gold))
        return examples

    def answers(self, question: Question) -> Iterator[Found]:
        """Yield what is found with the question's article there, and without it, in both kinds of index."""
        text, own = question["question"], question["doc_id"]
        found = self.find(self.many, question, 60)
        if not question["answerable"]:
            yield answer_features(text, found[:5]), "near"
            yield answer_features(text, self.find(self.single[own], question, 5)), "near"
            return
        without = [result for result in found if result.source != f"{own}.txt"]
        other = random.Random(question["id"]).choice([name for name in self.articles if name != own])
        yield answer_features(text, found[:5]), "held"
        if without:
            yield answer_features(text, without[:5]), "absent"
        yield answer_features(text, self.find(self.single[own], question, 5)), "held"
        yield answer_features(text, self.find(self.single[other], question, 5)), "absent"


def learn_sentences(train: list[list[Example]], test: list[list[Example]]) -> Weights:
    """Fit a conditional logit: the sentences of one question compete, and a true one is to win.

    The weights are those of a softmax over the sentences of a question (McFadden 1974); the bias then
    makes the sum of each a probability in the mean.
    """
    names = list(train[0][0][0])
    tables = [_table(names, examples) for examples in train if any(label for _, label in examples)]
    every = np.concatenate([x for x, _ in tables])
    scale = every.std(axis=0) + 1e-9

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(w)
        for x, y in tables:
            z = x / scale @ w
            p = np.exp(z - z.max())
            p /= p.sum()
            right = p[y].sum()
            total -= np.log(right)
            slope += (x / scale).T @ (p - np.where(y, p / right, 0))
        return total / len(tables) + 1e-3 * w @ w, slope / len(tables) + 2e-3 * w

    w = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / scale
    bias = -float(np.median([np.log(np.exp(x @ w).sum()) for x, _ in tables]))
    for part, questions in (("learned from", train), ("held out", test)):
        firsts = [y[np.argmax(x @ w)] for x, y in (_table(names, examples) for examples in questions)]
        print(f"sentence: of {len(firsts)} questions {part}, the first sentence answers {np.mean(firsts):.3f}")
    return _named(names, w, bias)


def learn_answers(train: list[Found], test: list[Found]) -> Weights:
    """Fit a logistic regression: is the answer among what was found?

    The bias is then set so that at 0.5, the default of the setting ``answer_above``, the share ``_REFUSED``
    of the questions learned from whose subject is absent is refused, and no more: people's questions are
    worded less like the text than SQuAD's, so what is left goes to answering.
    """
    names = list(train[0][0])
    x, kinds = _found_table(names, train)
    model = LogisticRegression(C=1.0, max_iter=5000)
    model.fit(x, kinds == "held", sample_weight=np.where(kinds == "near", _NEAR_WEIGHT, 1.0))
    w = model.coef_[0]
    bias = -float(np.quantile((x @ w)[kinds == "absent"], _REFUSED))
    x, kinds = _found_table(names, test)
    chances = 1 / (1 + np.exp(-(x @ w + bias)))
    for kind in ("absent", "near"):
        both = np.isin(kinds, ["held", kind])
        print(f"answer: AUROC held out, against {kind}: {roc_auc_score(kinds[both] == 'held', chances[both]):.3f}")
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        share = {kind: np.mean(chances[kinds == kind] >= threshold) for kind in ("held", "absent", "near")}
        print(f"  above {threshold}: " + ", ".join(f"{kind} answered {value:.3f}" for kind, value in share.items()))
    return _named(names, w, bias)


def _found_table(names: list[str], examples: list[Found]) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([[features[name] for name in names] for features, _ in examples])
    return x, np.array([kind for _, kind in examples])


def _named(names: list[str], weights: np.ndarray, bias: float) -> Weights:
    return {"bias": round(bias, 3)} | {n: round(float(w), 3) for n, w in zip(names, weights, strict=True)}


def _table(names: list[str], examples: list[Example]) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([[features[name] for name in names] for features, _ in examples])
    return x, np.array([label for _, label in examples])


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
