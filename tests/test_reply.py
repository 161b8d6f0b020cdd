"""A model's reply becomes sentences with the numbers they name, however it is cut into pieces."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from rag.answer.reply import claims

REPLIES = {
    "The mill was closed in 1923 [1]. It had 1.5 million bricks.[2][3]": [
        ("The mill was closed in 1923.", (1,)),
        ("It had 1.5 million bricks.", (2, 3)),
    ],
    "The mill was closed. [1] Nobody minded. [2, 4-6]": [
        ("The mill was closed.", (1,)),
        ("Nobody minded.", (2, 4, 5, 6)),
    ],
    "[1] The mill was closed. [2] Nobody minded.": [("The mill was closed.", (1,)), ("Nobody minded.", (2,))],
    "He met Dr. Smith in the U.S. in 1990 [passage 2]. Then he left 【3†source】.": [
        ("He met Dr. Smith in the U.S. in 1990.", (2,)),
        ("Then he left.", (3,)),
    ],
    "## Answer\n\n- **First** item [^1]\n- `Second` item [99]\n\nSources: [1] [2]": [
        ("First item", (1,)),
        ("Second item", (99,)),
    ],
    "See [the mill](https://evil.example/?q=(1)) and ![a picture](https://evil.example/x.png) of it [1](#cite).": [
        ("See the mill and a picture of it.", (1,)),
    ],
    "<think>It may be [7]. Or so.</think>The mill was closed [1].": [("The mill was closed.", (1,))],
    "<think>It may be [7]. Or so.": [],
    "He said [sic] that (a) it is so [1].": [("He said [sic] that (a) it is so.", (1,))],
    "Numbers 5 [1-2000000000] and 6 [0].": [("Numbers 5 and 6.", (1, 2000000000, 0))],
    "Die Mühle wurde am 3. Mai 1923 geschlossen [1].": [("Die Mühle wurde am 3. Mai 1923 geschlossen.", (1,))],
    "工場は1923年に閉鎖された[1]。理由は洪水である[2]。": [
        ("工場は1923年に閉鎖された。", (1,)),
        ("理由は洪水である。", (2,)),
    ],
    "--- ... !!! [1]": [],
    "": [],
}


def pieces(reply: str, seed: int) -> Iterator[str]:
    luck = random.Random(seed)
    at = 0
    while at < len(reply):
        size = luck.randint(1, 9)
        yield reply[at : at + size]
        at += size


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_is_parted_into_sentences_with_their_numbers(reply: str) -> None:
    assert [(claim.text, claim.numbers) for claim in claims([reply])] == REPLIES[reply]


@pytest.mark.parametrize("reply", REPLIES)
def test_pieces_make_no_difference(reply: str) -> None:
    for seed in range(50):
        assert [(claim.text, claim.numbers) for claim in claims(pieces(reply, seed))] == REPLIES[reply]


def test_a_sentence_is_given_out_once_another_has_begun() -> None:
    read: list[str] = []

    def reply() -> Iterator[str]:
        for piece in ("The mill was ", "closed in 1923 [1]. ", "Nobody minded ", "that much [2].", " The end."):
            read.append(piece)
            yield piece

    first = next(claims(reply()))
    assert (first.text, len(read)) == ("The mill was closed in 1923.", 3)
