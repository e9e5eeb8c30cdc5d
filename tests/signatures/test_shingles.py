from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

STARTS, MIDDLES, ENDS = ("lo", "mar", "ti", "ske"), ("ven", "ra", "dol", "umi"), ("k", "sta", "ner")
WORDS = [start + middle + end for start in STARTS for middle in MIDDLES for end in ENDS]
ZIPF = np.array([1 / rank for rank in range(1, len(WORDS) + 1)])
SIGNS = [chr(point) for point in range(0x4E00, 0x5600)]


def in_words(rng, n):
    """So many words, by Zipf's law."""
    return " ".join(rng.choice(WORDS, n, p=ZIPF / ZIPF.sum()))


def in_signs(rng, n):
    """Twice as many signs."""
    return "".join(rng.choice(SIGNS, 2 * n))


def letters(rng, n):
    return "".join(rng.choice(list("abcdefghijklmnop"), n))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_shingles_are_those_of_the_reference(data, texts, reference, signatures):
    text = data.draw(texts)
    assert signatures([text])[0][0] == reference.shingles(text)


@pytest.mark.parametrize("length", [0, 1, 22, 23, 24, 25, 86, 87, 88, 1046, 1047, 1048, 1049, 2500])
def test_lengths_about_the_window_and_the_block(length, reference, signatures):
    text = letters(np.random.default_rng(length), length)
    assert signatures([text])[0][0] == reference.shingles(text)


def test_one_window_in_sixteen_is_kept_and_names_hardly_collide(signatures):
    text = letters(np.random.default_rng(1), 400_000)
    kept = signatures([text])[0][0]
    assert len(kept) == pytest.approx(len(text) / 16, rel=0.03)
    assert len(set(kept)) >= len(kept) - 3  # 25,000 names of 32 bits: 0.07 collisions expected


@pytest.mark.parametrize("unit", ["a", "ab", "1", " ", "中", "the same again. "])
def test_a_long_text_that_repeats_itself_is_no_burden(unit, reference, signatures):
    shingles = signatures([unit * (3_000_000 // len(unit))])[0][0]
    assert set(shingles) == set(reference.shingles(unit * 200))
    assert all(a != b for a, b in pairwise(shingles))


@pytest.mark.parametrize("slot", [0.05, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("write", [in_words, in_signs])
def test_a_wrapper_is_contained_whatever_share_its_slot_takes(slot, write, signatures):
    """Recall 1.00 at a containment of 0.6, from slots of a twentieth to nine tenths; unrelated texts stay far below."""
    rng = np.random.default_rng(int(100 * slot))
    found, strange = 0, 0.0
    for _ in range(30):
        before, after = write(rng, rng.integers(30, 80)), write(rng, rng.integers(30, 80))
        filled = [f"{before} {write(rng, int(110 * slot / (1 - slot)))} {after}" for _ in range(4)]
        signed = signatures([f"{before} {after}", write(rng, 110), *filled])
        wrapper, other, *rest = (set(shingles) for shingles, _ in signed)
        found += all(len(wrapper & text) >= 0.6 * len(wrapper) for text in rest)
        strange = max(strange, len(wrapper & other) / len(wrapper))
    assert found == 30
    assert strange < 0.3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Please ANSWER step by step, then sum up.", "please answer step\n\nby\tstep,  then sum up."),
        ("Item 1 of 20: describe the picture in detail", "Item 17 of 350: describe the picture in detail"),
        ("Answer in the voice of a pirate captain", "An\u200bswer in the voice of a pir\ufeffate captain"),
        ("请一步一步地解释下面的问题 \uff21、然后给出答案", "请一步一步地解释下面的问题\u3000\uff41、然后给出答案"),
    ],
)
def test_case_space_digits_and_the_invisible_change_nothing(one, other, signatures):
    first, second = signatures([one * 5, other * 5])
    assert first[0]
    assert first == second
