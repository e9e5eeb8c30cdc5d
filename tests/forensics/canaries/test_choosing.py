import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from stillwatch.forensics.canaries.choosing import choice, prompt_digest, slot_id

KEYS = st.integers(0, (1 << 64) - 1)


def test_choices_stay_what_they_were():
    """A bundle is verified years later: these vectors never change."""
    slot = slot_id("example", ("before", "the", "bees"))
    assert slot.hex() == "8d4b3f319f5a68057f99f504bbc133da742317ce4e9afa3c951e7f6349ec60c2"
    assert [choice(key, slot, n) for key in (0, 1, (1 << 64) - 1) for n in (2, 3, 4, 8)] == [
        0,
        1,
        2,
        6,
        1,
        1,
        3,
        3,
        1,
        1,
        3,
        7,
    ]


@given(KEYS, st.binary(min_size=32, max_size=32), st.integers(2, 8))
def test_a_choice_is_one_of_the_variants_and_always_the_same(key, slot, n):
    assert 0 <= choice(key, slot, n) < n
    assert choice(key, slot, n) == choice(key, slot, n)


@pytest.mark.parametrize("n", [2, 3, 7, 8])
@pytest.mark.parametrize("many", ["keys", "slots"])
def test_choices_are_uniform_over_keys_and_over_slots(n, many):
    slots = [slot_id("slot", (str(number),)) for number in range(8000)]
    drawn = [choice(number, slots[0], n) if many == "keys" else choice(7, slots[number], n) for number in range(8000)]
    assert chisquare(np.bincount(drawn, minlength=n)).pvalue > 1e-4


def test_slot_ids_tell_parts_apart():
    ids = [slot_id("a", ("b", "c")), slot_id("ab", ("c",)), slot_id("a", ("bc",)), slot_id("a", ("b", "c", ""))]
    assert len(set(ids)) == 4


def test_a_prompt_is_the_same_whatever_its_case_and_spaces():
    assert prompt_digest("What  is\na STILL?") == prompt_digest("what is a still? ")
    assert prompt_digest("\N{LATIN SMALL LIGATURE FI}ne") == prompt_digest("Fine")
    assert prompt_digest("what is a still") != prompt_digest("what is a still?")
    assert prompt_digest("\ud800")
