"""What a campaign was given is counted by model and by the form of the answer, failures left out."""

from dataclasses import astuple

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.takings import KINDS, MODELS, MOST_OF_ONE, OTHERS, Takings, takings
from stillwatch.traffic.schema import REQUESTS


def batch(*rows):
    """Requests; what a row does not say is null."""
    columns = {field.name: [row.get(field.name) for row in rows] for field in REQUESTS}
    columns["request_id"], columns["account_id"] = [str(i) for i in range(len(rows))], ["a"] * len(rows)
    columns["time"] = [0] * len(rows)
    return pa.RecordBatch.from_pydict(columns, schema=REQUESTS)


def told(*rows):
    found = takings(batch(*rows), np.zeros(len(rows), np.int64))
    return [astuple(row) for row in found[0].told()] if found else []


def said(*roles):
    return [{"role": role, "content": "x"} for role in roles]


def metered(tokens_in, tokens_out, **row):
    return {"request_model": "m", "usage_input_tokens": tokens_in, "usage_output_tokens": tokens_out, **row}


def test_tokens_and_answers_are_added_up():
    assert told(metered(10, 100), metered(1, 2)) == [("m", "single question", 2, 2, 11, 102)]


def test_a_request_that_failed_took_nothing():
    assert told(metered(10, 0, response_status=429), metered(10, 1, response_status=200)) == [
        ("m", "single question", 1, 1, 10, 1)
    ]
    assert told(metered(10, 0, response_status=500)) == []


def test_an_answer_without_tokens_counts_as_not_metered():
    assert told(metered(None, None), metered(5, None), metered(5, 6)) == [("m", "single question", 3, 1, 10, 6)]


def test_the_kind_is_read_off_the_form():
    rows = (
        {"input_messages": said("user")},
        {"input_messages": said("user", "assistant", "user")},
        {"input_messages": said("user", "assistant", "tool")},
        {"input_messages": said("function")},
        {"input_messages": said("user", "tool"), "reasoning_received": "9a1f"},
        {"input_messages": []},
        {},
    )
    assert {row[1]: row[2] for row in told(*rows)} == {
        "single question": 3,
        "conversation": 1,
        "tool use": 2,
        "reasoning": 1,
    }


def test_campaigns_are_kept_apart():
    found = takings(batch(metered(1, 1), metered(2, 2), metered(4, 4)), np.array([3, 0, 3]))
    assert {number: given.told()[0].usage_output_tokens for number, given in found.items()} == {3: 5, 0: 2}


def test_very_many_models_are_told_together():
    rows = [metered(1, 1, request_model=f"m{i:03}") for i in range(MODELS + 7)] + [metered(1, 1, request_model="m000")]
    shown = told(*rows)
    assert len(shown) == MODELS + 1
    assert {row[0]: row[2] for row in shown}[OTHERS] == 7
    assert sum(row[2] for row in shown) == len(rows)


def test_what_cannot_be_true_does_not_overflow():
    assert told(*[metered(2**62, -5)] * 9) == [("m", "single question", 9, 9, 9 * MOST_OF_ONE, 0)]


def test_nothing_of_nothing():
    assert takings(batch(), np.zeros(0, np.int64)) == {}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([200, 500]), st.integers(0, 9)), max_size=12))
def test_in_parts_or_at_once_it_is_the_same(rows):
    made = [metered(n, n, request_model=model, response_status=status) for model, status, n in rows]
    parts = Takings()
    for row in made:
        for given_ in takings(batch(row), np.zeros(1, np.int64)).values():
            parts.absorb(given_)
    assert [astuple(row) for row in parts.told()] == told(*made)
    assert all(row.kind in KINDS for row in parts.told())
