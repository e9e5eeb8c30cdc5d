from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.signatures.kernel import buffers, sign

TEXTS = [
    "Write a poem about frost, in four lines, and explain every image that you choose.",
    None,
    "",
    "请解释牛顿第二定律、并举三个例子说明它在日常生活中的应用、每个例子不超过五十个字。",
    "short",
    "Write a poem about frost, in four lines, and explain every image that you choose.",
    None,
]


def test_fields_have_the_types_they_are_documented_with():
    signed = sign(pa.array(TEXTS))
    assert (signed.shingles.dtype, signed.words.dtype) == (np.uint32, np.uint8)
    assert (signed.shingle_ends.dtype, signed.word_ends.dtype) == (np.int64, np.int64)
    assert len(signed.shingle_ends) == len(signed.word_ends) == len(TEXTS)
    assert (signed.shingle_ends[-1], signed.word_ends[-1]) == (len(signed.shingles), len(signed.words))


def test_null_counts_as_empty(signatures):
    signed = signatures(TEXTS)
    assert signed[1] == signed[2] == signed[6] == ([], [])
    assert signed[0][0]
    assert signed[3][0]


def test_what_lies_beneath_a_null_does_not_count(signatures):
    _, offsets, octets = pa.array(["hidden words", "plain words"]).buffers()
    texts = pa.StringArray.from_buffers(2, offsets, octets, pa.py_buffer(b"\x02"), 1)
    assert signatures(texts) == signatures([None, "plain words"])


@pytest.mark.parametrize("texts", [[], [None], ["", None], [""]])
def test_nothing_has_no_signature(texts, signatures):
    assert signatures(texts) == [([], [])] * len(texts)


@settings(deadline=None)
@given(st.integers(0, 7), st.integers(0, 7))
def test_a_slice_is_signed_as_the_texts_in_it(start, length):
    texts = pa.array(TEXTS).slice(start, length)
    whole, cut = sign(pa.array(texts.to_pylist(), pa.string())), sign(texts)
    for field in ("shingles", "shingle_ends", "words", "word_ends"):
        assert getattr(cut, field).tolist() == getattr(whole, field).tolist()


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_cut_into_batches_does_not_matter(data, texts, signatures):
    batch = data.draw(st.lists(texts | st.sampled_from(TEXTS), max_size=8))
    cut = data.draw(st.integers(0, len(batch)))
    assert signatures(batch) == signatures(batch[:cut]) + signatures(batch[cut:])


def test_many_texts_of_one_passage_find_room(signatures):
    rng = np.random.default_rng(1)
    units = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(500)]
    passage = max(units, key=lambda unit: len(signatures([unit * 20])[0][0]))
    signed = signatures([passage * 3_000] * 40)
    assert len(signed[0][0]) > len(passage) * 3_000 / 4  # four times as many as are expected of a text
    assert all(s == signed[0] for s in signed)


def test_threads_give_what_one_gives(signatures):
    texts = [f"{text or ''} {i}{chr(97 + i % 26)}" * 20 for i in range(200) for text in TEXTS]
    parts = [texts[i::8] for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(signatures, parts)) == [signatures(part) for part in parts]


def test_buffers_are_those_of_arrow():
    texts = pa.array(["one", "two", None, "three"])
    offsets, octets = buffers(texts.slice(1))
    assert (offsets.tolist(), bytes(octets)) == ([3, 6, 6, 11], b"onetwothree")
    assert octets.ctypes.data == texts.buffers()[2].address
