import ipaddress

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.simulate.keys import below, cumulated, mix, named, normal, pick, uniform
from stillwatch.simulate.strings import addresses, identifiers, joined, lengths, taken

KEYS = mix(1, np.arange(20_000))


def test_keys_are_the_same_on_every_machine() -> None:
    assert named("seed", 1) == 2800603928222467297
    assert mix(named("seed", 1), 7).tolist() == [16812496212169378958]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_key_differs_by_each_of_its_parts(key: int, part: int) -> None:
    assert mix(key, part)[0] != mix(key, (part + 1) % 2**64)[0]
    assert mix(key, part)[0] == mix(np.array([key], dtype=np.uint64), np.array([part], dtype=np.uint64))[0]


def test_draws_follow_their_distributions() -> None:
    assert stats.kstest(uniform(KEYS), "uniform").pvalue > 0.001
    assert stats.kstest(normal(KEYS), "norm").pvalue > 0.001
    assert set(below(KEYS, 5).tolist()) == {0, 1, 2, 3, 4}
    drawn = np.bincount(pick(KEYS, cumulated((1, 0, 3))), minlength=3)
    assert drawn[1] == 0
    assert abs(drawn[2] / len(KEYS) - 0.75) < 0.02


def test_identifiers_are_the_key_in_hexadecimal() -> None:
    assert identifiers("req_", np.array([0xC0FFEE], dtype=np.uint64)).to_pylist() == ["req_0000000000c0ffee"]


def test_addresses_belong_to_nobody() -> None:
    told = addresses(KEYS[:500]).to_pylist()
    assert all(ipaddress.ip_address(address).is_reserved for address in told)
    assert len(set(told)) > 490


@given(st.lists(st.text(max_size=5), min_size=0, max_size=12))
def test_pieces_are_run_together(pieces: list[str]) -> None:
    pieces = pieces[: len(pieces) // 3 * 3]
    whole = joined(taken(pieces, np.arange(len(pieces))), 3) if pieces else taken([], np.array([], dtype=np.int64))
    assert whole.to_pylist() == ["".join(pieces[i : i + 3]) for i in range(0, len(pieces), 3)]
    assert lengths(whole).tolist() == [len(text.encode()) for text in whole.to_pylist()]


def test_a_negative_place_is_null() -> None:
    assert taken(["a", "b"], np.array([1, -1, 0])).to_pylist() == ["b", None, "a"]
