"""Sealed blocks of reasoning, in the shapes that APIs give them."""

import pytest

from stillwatch.traffic.readers import reasoning
from stillwatch.traffic.readers.bodies import request_row, response_row

SEAL, OTHER = "EqQBCgIYAhIkMTIzNDU2", "gAAAAABoISQ24OyVRYbk"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "so", "signature": SEAL}]}]},
        {"messages": [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": SEAL}]}]},
        {"input": [{"type": "reasoning", "id": "rs_00000001", "encrypted_content": SEAL, "summary": []}]},
        {"messages": [{"role": "assistant", "thinking_blocks": [{"type": "thinking", "signature": SEAL}]}]},
        {"messages": [{"role": "assistant", "reasoning_details": [{"type": "reasoning.encrypted", "data": SEAL}]}]},
    ],
)
def test_a_block_that_is_handed_back_is_known_by_its_seal(body):
    assert request_row(body)["reasoning_presented"] == reasoning.presented(
        {"messages": [{"content": [{"type": "thinking", "signature": SEAL}]}]}
    )


@pytest.mark.parametrize(
    "body",
    [
        {"content": [{"type": "thinking", "signature": SEAL}, {"type": "text", "text": "Hello"}]},
        {"output": [{"type": "reasoning", "encrypted_content": SEAL}, {"type": "message", "content": []}]},
        {"choices": [{"message": {"content": "Hello", "thinking_blocks": [{"type": "thinking", "signature": SEAL}]}}]},
    ],
)
def test_what_was_received_is_what_will_be_presented(body):
    back = {"messages": [{"content": [{"type": "thinking", "signature": SEAL}]}]}
    assert response_row(body)["reasoning_received"] == request_row(back)["reasoning_presented"] is not None


def test_several_blocks_are_several_digests_and_each_counts_once():
    blocks = [{"type": "thinking", "signature": seal} for seal in (SEAL, OTHER, SEAL)]
    found = reasoning.presented({"messages": [{"content": blocks}]})
    assert found is not None
    assert [len(digest) for digest in found.split()] == [16, 16]
    assert SEAL not in found


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        7,
        [],
        {"messages": "text"},
        {"messages": [{"role": "user", "content": "Hello"}]},
        {"messages": [{"content": [{"type": "thinking", "signature": "0"}]}]},
        {"messages": [{"content": [{"type": "thinking", "signature": 7}]}]},
        {"messages": [{"content": [{"type": ["thinking"], "signature": SEAL}]}]},
        {"messages": [{"content": [{"type": "tool_use", "id": "toolu_00000001"}]}]},
    ],
)
def test_nothing_sealed_is_nothing(body):
    assert reasoning.presented(body) is None


def test_a_body_nested_without_end_is_left_at_some_depth():
    body: dict = {"type": "thinking", "signature": SEAL}
    for _ in range(500):
        body = {"content": [body]}
    assert reasoning.presented({"messages": [body]}) is None
