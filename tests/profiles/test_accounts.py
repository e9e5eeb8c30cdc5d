"""Profiles: law 1 (a commutative monoid), and what each field holds."""

import copy
import random
import tracemalloc
from functools import reduce
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.profiles.accounts import COLUMNS, merge, profile, together, zero
from stillwatch.profiles.fold import KNOWN, SHORT
from stillwatch.profiles.state import FIELDS, MOST, MOST_TOKENS

TURN = "A question that is " + "long enough, " * 8 + "to be remembered?"


def cut(batch, bounds):
    """The batch as pieces."""
    ends = [0, *sorted(bounds), batch.num_rows]
    return [batch.slice(a, b - a) for a, b in pairwise(ends)]


def fold(batches):
    whole = zero()
    for batch in batches:
        whole.absorb(profile(batch))
    return whole


def tree(pieces, draw):
    """Merge in a random order, two at a time, whichever."""
    parts = [profile(piece) for piece in pieces]
    while len(parts) > 1:
        one = parts.pop(draw.randrange(len(parts)))
        other = parts.pop(draw.randrange(len(parts)))
        parts.append(merge(one, other))
    return parts[0]


@settings(deadline=None)
@given(data=st.data())
def test_whatever_the_order_and_the_cut(data, tables, batch_of, as_dicts):
    rows = data.draw(tables)
    batch = batch_of(rows)
    pieces = cut(batch, data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    whole = as_dicts(profile(batch))
    assert as_dicts(fold(pieces)) == whole
    assert as_dicts(fold(data.draw(st.permutations(pieces)))) == whole
    assert as_dicts(fold(cut(batch_of(data.draw(st.permutations(rows))), [len(rows) // 2]))) == whole
    assert as_dicts(tree(pieces, data.draw(st.randoms(use_true_random=False)))) == whole


@settings(deadline=None, max_examples=10)
@given(draw=st.randoms(use_true_random=False))
def test_whatever_the_order_and_the_cut_when_every_set_overflows(draw, crowd, batch_of, as_dicts):
    rows = crowd(draw.random())
    whole = as_dicts(profile(batch_of(rows)))
    shuffled = draw.sample(rows, len(rows))
    pieces = cut(batch_of(shuffled), [draw.randrange(len(rows)) for _ in range(draw.randrange(12))])
    assert as_dicts(fold(pieces)) == whole
    assert as_dicts(tree(pieces, draw)) == whole


@settings(deadline=None)
@given(data=st.data())
def test_a_profile_is_what_the_plain_reference_says(data, tables, batch_of, as_dicts, reference):
    batch = batch_of(data.draw(tables))
    rows = batch.to_pylist()
    bounded = [row | {"usage_input_tokens": min(row["usage_input_tokens"] or 0, MOST_TOKENS // 100)} for row in rows]
    bounded_batch = pa.RecordBatch.from_pylist(bounded, schema=batch.schema)
    assert as_dicts(profile(bounded_batch)) == reference.profiles(bounded)


@pytest.mark.parametrize("seed", range(5))
def test_bottom_k_sets_and_samples_are_what_the_plain_reference_says(seed, crowd, batch_of, as_dicts, reference):
    batch = batch_of(crowd(seed))
    found = as_dicts(fold(cut(batch, [90, 200])))
    assert found == reference.profiles(batch.to_pylist())
    for name in ("shared", "asked", "told", "addresses", "styles"):
        assert FIELDS[name][2] not in found["a0"][name], "the set is full, else this tells nothing"


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_zero_changes_nothing_and_operands_stay_as_they_are(data, tables, batch_of, as_dicts):
    one, other = (profile(batch_of(data.draw(tables))) for _ in range(2))
    before = [copy.deepcopy(as_dicts(p)) for p in (one, other)]
    assert as_dicts(merge(one, zero())) == as_dicts(merge(zero(), one)) == before[0]
    assert as_dicts(merge(one, other)) == as_dicts(merge(other, one))
    one.absorb(zero())
    assert [as_dicts(p) for p in (one, other)] == before
    assert len(zero()) == 0
    assert as_dicts(zero()) == {}


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_slice_is_the_same_as_its_rows(data, tables, batch_of, as_dicts):
    rows = data.draw(tables)
    batch = batch_of(rows)
    start = data.draw(st.integers(0, len(rows)))
    part = batch.slice(start, data.draw(st.integers(0, len(rows) - start)))
    copied = pa.RecordBatch.from_pylist(part.to_pylist(), schema=batch.schema)
    assert as_dicts(profile(part)) == as_dicts(profile(copied))
    assert as_dicts(profile(part.select(COLUMNS))) == as_dicts(profile(copied)), "no other column is looked at"


def test_what_lies_under_a_null_is_not_seen(batch_of, as_dicts):
    """A text that is null may have bytes in its buffers."""
    batch = batch_of([{"client_address": c, "system_instructions": TURN + c, "organization_id": c} for c in "abc"])
    valid = pa.array([True, False, True]).buffers()[1]
    arrays = {name: batch.column(name) for name in batch.schema.names}
    for name in ("client_address", "system_instructions", "organization_id"):
        arrays[name] = pa.StringArray.from_buffers(3, *arrays[name].buffers()[1:], valid)
    seen = pa.RecordBatch.from_pydict(arrays, schema=batch.schema)
    plain = pa.RecordBatch.from_pylist(seen.to_pylist(), schema=batch.schema)
    assert seen.column("client_address").buffers()[2].size > plain.column("client_address").buffers()[2].size
    assert as_dicts(profile(seen)) == as_dicts(profile(plain))


def test_the_same_row_twice_counts_twice_but_is_in_a_set_once(batch_of, as_dicts, crowd):
    batch = batch_of(crowd(1, n=20))
    once = as_dicts(profile(batch))
    twice = as_dicts(profile(pa.concat_batches([batch, batch])))
    for account, fields in once.items():
        for name, value in fields.items():
            counted = name in {"requests", "failed", "single", "input_tokens", "output_tokens", "words", "styled"}
            assert twice[account][name] == ((2 * np.array(value)).tolist() if counted else value), name


def test_rows_of_one_account_may_come_together_as_a_shuffle_brings_them(batch_of, as_dicts, crowd):
    """Of one account several rows, among new accounts and known ones."""
    rows = crowd(9, n=60, accounts=9)
    one, other = profile(batch_of(rows[::2])), profile(batch_of(rows[1::2]))
    brought, whole = zero(), profile(batch_of(rows))
    brought.absorb(together([one.taken(np.array([2])), one, other]))
    whole.absorb(one.taken(np.array([2])))
    assert as_dicts(brought) == as_dicts(whole)
    assert len(brought.ids) == len(brought) == len({row["account_id"] for row in rows})


def test_counts_stop_at_their_largest_and_the_law_holds_there(batch_of, as_dicts):
    rows = [{"ask": "frost frost frost", "usage_input_tokens": 2**63 - 1, "response_status": 500}] * 3
    one = profile(batch_of(rows))
    many = reduce(lambda p, _: merge(p, p), range(40), one)
    assert many["requests"] == many["failed"] == many["single"] == MOST["requests"]
    assert many["input_tokens"] == MOST_TOKENS
    assert many["words"].max() == MOST["words"]
    assert many["styled"].max() == MOST["requests"]
    assert as_dicts(merge(many, one)) == as_dicts(many)


def test_more_accounts_than_the_table_has_room_for(batch_of):
    """Growth and rehashing: 1024 places at first, half of which may be taken."""
    names = [f"account {i}" for i in range(6000)]
    whole = zero()
    for start in range(0, 6000, 700):
        mixed = names[start : start + 700] + names[: start // 2]
        whole.absorb(profile(batch_of({"account_id": name, "request_id": name} for name in mixed)))
    assert sorted(whole.ids.to_pylist()) == sorted(names)
    again = whole.slots(pa.array(names[::-1]))
    assert whole.ids.take(pa.array(again)).to_pylist() == names[::-1], "every account is found where it is"
    assert len(whole) == 6000
    requests = dict(zip(whole.ids.to_pylist(), whole["requests"].tolist(), strict=True))
    expected = [1 + sum(start // 2 > i for start in range(0, 6000, 700)) for i in range(6000)]
    assert [requests[name] for name in names] == expected


def test_an_account_takes_less_than_a_thousand_bytes(batch_of):
    n = 20_000
    parts = [
        profile(batch_of({"account_id": f"account-{i:06}"} for i in range(start, start + 2000)))
        for start in range(0, n, 2000)
    ]
    tracemalloc.start()
    whole = reduce(lambda a, b: (a.absorb(b), a)[1], parts, zero())
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (allocated + whole.ids.nbytes) / n <= 1000
    assert sum(np.dtype(dtype).itemsize * length for dtype, length, _ in FIELDS.values()) == 800


def told_and_asked(batch_of, as_dicts, *messages):
    chat = [{"role": role, "content": content} for role, content in messages]
    empty = 2**32 - 1
    (fields,) = as_dicts(profile(batch_of([{"input_messages": chat}]))).values()
    return [[value for value in fields[name] if value != empty] for name in ("told", "asked")]


def test_what_was_asked_last_is_asked_and_what_came_before_is_told(batch_of, as_dicts):
    told, asked = told_and_asked(batch_of, as_dicts, ("user", TURN), ("assistant", "x" * 99), ("user", TURN + "!"))
    assert told_and_asked(batch_of, as_dicts, ("user", TURN)) == [[], told]
    assert told_and_asked(batch_of, as_dicts, ("user", TURN + "!")) == [[], asked]
    assert told != asked


def test_small_talk_and_what_the_model_said_are_neither_asked_nor_told(batch_of, as_dicts):
    short = "k" * (SHORT - 1)
    assert told_and_asked(batch_of, as_dicts, ("user", short), ("assistant", TURN), ("user", short)) == [[], []]
    assert told_and_asked(batch_of, as_dicts, ("assistant", TURN)) == [[], []]
    assert told_and_asked(batch_of, as_dicts, ("user", short), ("user", short + "k"))[1] != []


def test_a_prefilled_answer_does_not_hide_the_question(batch_of, as_dicts):
    asked = told_and_asked(batch_of, as_dicts, ("user", TURN))[1]
    assert told_and_asked(batch_of, as_dicts, ("user", TURN), ("assistant", "Certainly: " + "x" * 99)) == [[], asked]


def test_the_bytes_that_are_hashed_of_a_turn_are_few_but_its_length_counts(batch_of, as_dicts):
    long = "a" * KNOWN
    turns = [told_and_asked(batch_of, as_dicts, ("user", long + tail))[1] for tail in ("b", "c", "cc")]
    assert turns[0] == turns[1] != turns[2]


def test_a_text_with_every_tenth_request_takes_a_tenth_of_the_sample(batch_of, as_dicts):
    """The sample is of occurrences: a wrapper's share of the places is its share of the requests."""
    draw = random.Random(5)  # noqa: S311
    wrapper = "As a careful examiner, grade the following answer out of ten points: "
    noise = lambda: "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=len(wrapper)))  # noqa: E731
    rows = [
        {"request_id": f"r{i}", "ask": wrapper if i % 10 == 0 else noise(), "account_id": f"a{i % 40}"}
        for i in range(8000)
    ]
    of_wrapper = as_dicts(profile(batch_of([{"request_id": f"w{i}", "ask": wrapper} for i in range(200)])))["a"][
        "shared"
    ]
    names = {value & 0xFFFFFFFF for value in of_wrapper}
    found = as_dicts(profile(batch_of(rows)))
    # accounts a0, a10, a20, a30 send nothing else; the others nothing of it
    shares = {a: np.mean([v & 0xFFFFFFFF in names for v in fields["shared"]]) for a, fields in found.items()}
    assert {a for a, share in shares.items() if share == 1} == {"a0", "a10", "a20", "a30"}
    mixed = as_dicts(profile(batch_of([row | {"account_id": f"m{i // 200}"} for i, row in enumerate(rows)])))
    mean = np.mean([[v & 0xFFFFFFFF in names for v in fields["shared"]] for fields in mixed.values()])
    assert 0.05 < mean < 0.2
