"""What the reader is trained on: the sets, how much of each, and how a question becomes windows."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """A set: ``share`` is its part of the questions of a run, beside the others'.

    A sentence answers where it is marked or overlaps a marked span; with ``whole_passage``, where nothing is marked in
    the passage that answers, any sentence of it does.
    """

    name: str
    share: float
    licence: str
    whole_passage: bool = False


MIX = (
    Source("nq_qed", 13, "CC BY-SA 3.0"),
    Source("nq_open_oracle", 4, "CC BY-SA 3.0"),
    Source("multispanqa_valid", 2, "CC BY-SA 3.0"),
    Source("squad1_train", 12, "CC BY-SA 4.0"),
    Source("squad2_unansq", 10, "CC BY-SA 4.0"),
    Source("derived_unanswerable", 5, "as the sets it is made of"),
    Source("squadshifts_reddit", 4, "CC BY 4.0"),
    Source("squadshifts_amazon", 2, "CC BY 4.0"),
    Source("squadshifts_new_wiki", 5, "CC BY 4.0"),
    Source("doc2dial_val", 4, "CC BY 3.0"),
    Source("conditionalqa", 4, "BSD-2-Clause, text OGL"),
    Source("selqa", 3, "Apache-2.0"),
    Source("fairytaleqa", 4, "Apache-2.0"),
    Source("quoref", 1, "CC BY 4.0"),
    Source("tatqa", 2, "CC BY 4.0"),
    Source("faq_pages", 11, "CC BY 4.0, CC0, CC BY-SA, MIT, BSD, Apache-2.0, US public domain, by page"),
    Source("emanual", 2, "Apache-2.0"),
    Source("sharc_rules", 1, "CC BY-SA 3.0"),
    Source("cookdial", 1, "MIT"),
    Source("dstc9_faq", 3, "Apache-2.0"),
    Source("dstc11_reviews", 1, "CDLA-Sharing-1.0"),
    Source("medquad", 3, "CC BY 4.0"),
    Source("policyqa", 1, "MIT"),
    Source("boolq", 1, "CC BY-SA 3.0", whole_passage=True),
    Source("pubmedqa", 1, "MIT"),
    Source("fetaqa", 2, "CC BY-SA 4.0"),
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
