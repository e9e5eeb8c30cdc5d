"""Footage: the second reading, of the members alone."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.footage import Footage
from stillwatch.campaigns.load import HOUR, load
from stillwatch.campaigns.shared_text import SAMPLES
from stillwatch.profiles.accounts import profile, zero
from stillwatch.signatures.kernel import sign

WRAP = "Please think about this with great care, step by step: "


@pytest.fixture
def start(batch_of):
    return batch_of([{"hour": 0}]).column("time")[0].value


@pytest.fixture
def rows():
    """Members a (campaign 0) and b (campaign 1) and a stranger; every third request of a member holds the words."""
    return [
        {
            "account_id": "abs"[i % 3],
            "request_id": f"r{i}",
            "hour": i / 10,
            "ask": (WRAP if i % 9 < 3 else "x ") + f"item {i}.",
        }
        for i in range(900)
    ]


@pytest.fixture
def develop(batch_of, start):
    words = sign(pa.array([WRAP])).shingles

    def make(rows, bounds=()):
        footage = Footage({"a": 0, "b": 1}, [words, words[:0]], np.array([start + 30 * HOUR, start + 60 * HOUR]))
        batch = batch_of(rows)
        ends = [0, *bounds, len(rows)]
        for i, end in enumerate(ends[1:]):
            footage.absorb(footage.develop(batch.slice(ends[i], end - ends[i])))
        return footage

    return make


def test_hours_and_times_are_the_members(develop, rows, start, batch_of):
    footage = develop(rows)
    own = [row for row in rows if row["account_id"] == "a"]
    assert sorted(np.concatenate(footage.times[0]).tolist()) == [start + round(row["hour"] * HOUR) for row in own]
    assert footage.loads[0] == load(batch_of(own))
    assert footage.loads[0].hours[start // HOUR + 5][0] == sum(int(row["hour"]) == 5 for row in own)


def test_slices_are_the_profiles_between_the_cuts(develop, rows, batch_of, start):
    footage = develop(rows)
    bounds = [-1, 30, 60, 1000]
    for part, (after, before) in enumerate(pairwise(bounds)):
        own = [row for row in rows if row["account_id"] != "s" and after <= row["hour"] < before]
        expected = profile(batch_of(own)).ordered()
        found = footage.slices[part].ordered()
        assert found.ids == expected.ids
        assert all(np.array_equal(found[name], expected[name]) for name in expected.state)
    whole = zero()
    for part in footage.slices:
        whole.absorb(part)
    assert whole["requests"].sum() == 600
    assert whole["first"].min() == start


def test_samples_are_those_with_own_words_and_the_smallest_draws(develop, rows):
    footage = develop(rows)
    assert len(footage.samples[0]) == SAMPLES
    assert footage.samples[0] == sorted(footage.samples[0])
    assert all(text.startswith(WRAP) for _, text in footage.samples[0])
    assert footage.samples[1] == [], "a campaign without words of its own"


@pytest.mark.parametrize("bounds", [(450,), (1, 2, 3), tuple(range(50, 900, 50))])
def test_the_cut_and_the_order_do_not_matter(develop, rows, bounds):
    whole, pieces, backwards = develop(rows), develop(rows, bounds), develop(rows[::-1], bounds)
    for other in (pieces, backwards):
        assert other.samples == whole.samples
        assert other.loads == whole.loads
        assert [given.told() for given in other.takings] == [given.told() for given in whole.takings]
        for one, two in zip(whole.times, other.times, strict=True):
            assert np.array_equal(np.sort(np.concatenate(one)), np.sort(np.concatenate(two)))
        for one, two in zip(whole.slices, other.slices, strict=True):
            assert all(np.array_equal(one.ordered()[name], two.ordered()[name]) for name in one.state)


def test_a_sample_is_the_system_text_and_the_last_question(develop):
    said = [("user", "first"), ("assistant", "so"), ("user", WRAP), ("assistant", "Well,")]
    chat = [{"role": role, "content": content} for role, content in said]
    row = {"account_id": "a", "system_instructions": "Be brief.", "input_messages": chat}
    ((_, text),) = develop([row]).samples[0]
    assert text == f"Be brief.\n{WRAP}"


def test_nobody_in_the_batch_is_no_footage(develop):
    footage = develop([{"account_id": "s"}])
    assert footage.times == [[], []]
    assert len(footage.slices[0]) == 0
