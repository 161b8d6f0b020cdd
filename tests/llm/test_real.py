"""A real model behind a real server: what its protocol is, as the openai client sees it."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionMessageParam

from tests.llm.real import RealModel

ASKED: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Answer in one sentence, from the passage alone."},
    {"role": "user", "content": "[1] The mill at Brook Lane was built in 1871 by Ada Stone.\n\nWho built the mill?"},
]


def streamed(served: RealModel, tokens: int) -> tuple[str, list[str], CompletionUsage]:
    """Return the text of an answer, why it ended (each reason that was given), and its tokens."""
    with OpenAI(base_url=served.url, api_key="none", max_retries=0, timeout=60) as client:
        chunks = list(
            client.chat.completions.create(
                model=served.model,
                messages=ASKED,
                stream=True,
                stream_options={"include_usage": True},
                temperature=0,
                max_tokens=tokens,
            )
        )
    choices = [choice for chunk in chunks for choice in chunk.choices]
    usages = [chunk.usage for chunk in chunks if chunk.usage is not None]
    text = "".join(choice.delta.content or "" for choice in choices)
    return text, [choice.finish_reason for choice in choices if choice.finish_reason is not None], usages[-1]


def test_it_streams_words_and_tells_its_tokens(real_llm: RealModel) -> None:
    text, reasons, usage = streamed(real_llm, 64)
    assert "mill" in text
    assert reasons in (["stop"], ["length"])
    assert usage.prompt_tokens > 30
    assert 0 < usage.completion_tokens <= 64


def test_it_says_the_same_again_where_it_is_told_to_choose_the_likeliest(real_llm: RealModel) -> None:
    assert streamed(real_llm, 16)[0] == streamed(real_llm, 16)[0]


def test_it_stops_where_it_may_say_no_more(real_llm: RealModel) -> None:
    _, reasons, usage = streamed(real_llm, 3)
    assert reasons == ["length"]
    assert usage.completion_tokens == 3


def test_another_model_is_refused(real_llm: RealModel) -> None:
    with pytest.raises(openai.BadRequestError):
        streamed(RealModel(real_llm.url, "another"), 3)
