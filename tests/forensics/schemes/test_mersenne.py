"""Permutations against torch's own (vectors/transformers.json), and against numpy's Mersenne Twister."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.forensics.schemes.mersenne import listed, permutation, stands_early


def test_permutations_are_those_of_torch(vectors):
    for each in vectors("transformers")["permutations"]:
        found = permutation(each["seed"] & 0xFFFFFFFF, each["n"], each["n"])
        assert found.tolist() == each["order"]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 1500), st.floats(0, 1))
def test_an_element_is_followed_to_where_the_permutation_puts_it(seed, n, share):
    whole, take = permutation(seed, n, n), int(share * n)
    assert sorted(whole.tolist()) == list(range(n))
    assert permutation(seed, n, take).tolist() == whole[:take].tolist()
    for place in {0, take - 1, take, n - 1} & set(range(n)):
        assert stands_early(seed, n, take, whole[place]) == (place < take)


def test_draws_are_those_of_numpys_twister():
    words = np.random.RandomState(5489).randint(0, 2**32, 1300, dtype=np.uint32)
    order = np.arange(1301)
    for place, word in enumerate(words):
        other = place + int(word) % (1301 - place)
        order[[place, other]] = order[[other, place]]
    assert permutation(5489, 1301, 1301).tolist() == order.tolist()


def test_groups_are_looked_up_in_the_list_of_their_own_seed():
    elements = np.array([3, 9, 3, 50, 7], dtype=np.int32)
    found = listed(np.array([4, 5], dtype=np.uint64), np.array([0, 2, 5]), elements, 40, 10)
    lists = [set(permutation(seed, 40, 10).tolist()) for seed in (4, 4, 5, 5, 5)]
    assert found.tolist() == [int(element) in own for element, own in zip(elements, lists, strict=True)]
