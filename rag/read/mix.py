"""What the reader is trained on: the sets, how much of each, and how a question becomes windows."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """A set: ``share`` is its part of the questions of a run, in hundredths.

    A sentence answers where it is marked or overlaps a marked span; with ``whole_passage``, where nothing is marked in
    the passage that answers, any sentence of it does.
    """

    name: str
    share: float
    whole_passage: bool = False


MIX = (
    Source("nq_qed", 13),
    Source("nq_open_oracle", 4),
    Source("multispanqa_valid", 2),
    Source("squad1_train", 12),
    Source("squad2_unansq", 10),
    Source("derived_unanswerable", 5),
    Source("squadshifts_reddit", 4),
    Source("squadshifts_amazon", 2),
    Source("squadshifts_new_wiki", 5),
    Source("doc2dial_val", 4),
    Source("conditionalqa", 4),
    Source("selqa", 3),
    Source("fairytaleqa", 4),
    Source("quoref", 1),
    Source("tatqa", 2),
    Source("faq_pages", 11),
    Source("emanual", 2),
    Source("sharc_rules", 1),
    Source("cookdial", 1),
    Source("dstc9_faq", 3),
    Source("dstc11_reviews", 1),
    Source("medquad", 3),
    Source("policyqa", 1),
    Source("boolq", 1, whole_passage=True),
    Source("pubmedqa", 1),
    Source("fetaqa", 2),
)


class Recipe(NamedTuple):
    """How a question becomes windows. What is a share is one of questions, in 0–1, where nothing else is said."""

    lengths: tuple[tuple[int, float], ...] = ((128, 0.6), (192, 0.25), (256, 0.15))  # tokens of a window, and how often
    left_out: float = 0.14  # the passage that answers is not shown: nothing answers
    titled: float = 0.08  # it is shown under another document's title, where the title decides: nothing answers
    beside: float = 0.6  # the set's own passages that do not answer are shown beside the one that does
    hard_negative: float = 0.45  # a passage that has the question's words and not the answer is shown
    most_hard_negatives: int = 1
    same_document: float = 0.15  # another passage of the document is shown
    context: float = 0.6  # title and headings are shown
    noise: float = 0.25  # of passages: a line that says nothing is among the sentences
    greetings: float = 0.25  # of these lines; the others are labels and headings
    minutes: float = 0.04  # of passages: somebody says each sentence
    numbered: float = 0.06  # of passages: the sentences are numbered as steps are
    no_question_mark: float = 0.25
    key_words: float = 0.05  # the question is cut down to its key words


RECIPE = Recipe()
