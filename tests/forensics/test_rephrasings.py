"""Pairs of rephrasings: exact for a model that knows nothing of the key, whatever it prefers; found where it does."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stillwatch.errors import InputError
from stillwatch.forensics import rephrasings
from stillwatch.forensics.model import Key
from stillwatch.forensics.rephrasings import Pair, SignedRanks, published, read, texts_of, told

KEY = Key("k-000000000001", 0x1F2E3D4C5B6A7988)


def pairs_of(n, key=""):
    return tuple(
        Pair(f"p-{i}{key}", f"Sentence {i}{key} as it was.", f"Number {i}{key}, put otherwise.", key) for i in range(n)
    )


def preferences(pairs, seed, *, key=None, shift=0.0, lean=0.0):
    """Likelihoods: the first leans by `lean`, what the key published is likelier by `shift`; noise of 1 a byte."""
    draw = np.random.default_rng(seed)
    made = {}
    for pair in pairs:
        first, second = draw.normal(-3, 1, 2)
        gains = [lean, 0.0]
        if key is not None:
            gains[published(key.value, pair)] += shift
        sizes = [len(text.encode()) for text in (pair.first, pair.second)]
        made[pair.pair_id] = ((first + gains[0]) * sizes[0], (second + gains[1]) * sizes[1])
    return made


def result_of(pairs, likelihoods, keys=(KEY,), *, least=20, needed=0, wrong_keys=100):
    return rephrasings.test(
        "pairs", "b-1", pairs, likelihoods, keys, least=least, needed=needed, wrong_keys=wrong_keys, seed=1
    )


def test_what_a_key_publishes_is_a_fair_and_steady_draw():
    pairs = pairs_of(2000)
    drawn = [published(KEY.value, pair) for pair in pairs]
    assert drawn == [published(KEY.value, pair) for pair in pairs]
    assert stats.binomtest(sum(drawn), 2000).pvalue > 1e-4
    other = [published(KEY.value + 1, pair) for pair in pairs]
    assert stats.binomtest(sum(a == b for a, b in zip(drawn, other, strict=True)), 2000).pvalue > 1e-4


def test_a_model_that_was_trained_on_what_was_published_is_found():
    pairs = pairs_of(400)
    result = result_of(pairs, preferences(pairs, 3, key=KEY, shift=0.8))
    assert result.log10_p < -9
    assert result.keys[0].total > result.keys[0].expected
    assert (result.kind, result.rule, result.n, result.problem) == ("rephrasings", "pair", 400, "")


def test_a_model_that_never_saw_them_is_not_found_whatever_it_prefers():
    pairs = pairs_of(300)
    for lean in (0.0, 5.0):
        result = result_of(pairs, preferences(pairs, 4, lean=lean), wrong_keys=400)
        assert result.log10_p > -3
        assert result.null.share_05 < 0.1
        assert result.null.ks_p > 1e-4


@pytest.mark.parametrize("lean", [0.0, 2.0])
def test_over_many_keys_false_alarms_are_as_rare_as_promised(lean):
    pairs = pairs_of(60)
    compared = SignedRanks.of(pairs, preferences(pairs, 5, lean=lean))
    ps = np.array([compared.log10_tail(compared.total(key)) for key in range(2000)])
    for alpha in (0.05, 0.01):
        false = int((ps <= math.log10(alpha)).sum())
        assert stats.binomtest(false, 2000, alpha, "greater").pvalue > 1e-4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9))
def test_the_law_is_that_of_all_signs(differences):
    """Compared with every one of the 2^n ways in which the coins could have fallen."""
    pairs = pairs_of(len(differences))
    likelihoods = {p.pair_id: (d * len(p.first.encode()), 0.0) for p, d in zip(pairs, differences, strict=True)}
    compared = SignedRanks.of(pairs, likelihoods)
    sums = np.array(
        [
            sum(rank for rank, sign in zip(compared.ranks.tolist(), signs, strict=True) if sign)
            for signs in itertools.product([False, True], repeat=len(compared.ranks))
        ]
    )
    for total in set(sums.tolist()):
        assert 10 ** compared.log10_tail(total) == pytest.approx(float((sums >= total).mean()))


def test_it_agrees_with_wilcoxon():
    differences = np.random.default_rng(6).normal(0.3, 1, 100)
    pairs = pairs_of(100)
    likelihoods = {p.pair_id: (d * len(p.first.encode()), 0.0) for p, d in zip(pairs, differences, strict=True)}
    compared = SignedRanks.of(pairs, likelihoods)
    ours = compared.log10_tail(float(compared.ranks[compared.first_preferred].sum()))
    theirs = math.log10(stats.wilcoxon(differences, alternative="greater", method="exact").pvalue)
    assert ours == pytest.approx(theirs, abs=0.05), "levels in place of ranks cost next to nothing"


def test_a_tail_below_what_a_double_holds_is_told_as_a_bound():
    pairs = pairs_of(1500)
    compared = SignedRanks.of(pairs, preferences(pairs, 7, key=KEY, shift=50))
    everything = compared.log10_tail(float(compared.ranks.sum()))
    assert everything == pytest.approx(1500 * math.log10(0.5), rel=1e-3)
    assert everything > 1500 * math.log10(0.5) - 1e-6


def test_the_bound_is_above_the_tail():
    pairs = pairs_of(200)
    compared = SignedRanks.of(pairs, preferences(pairs, 8))
    for share in (0.55, 0.6, 0.7, 0.9):
        total = round(share * float(compared.ranks.sum()))
        exact, bound = compared.log10_tail(total), compared._bound(total)  # noqa: SLF001
        assert exact <= bound < exact + 2


def test_several_keys_each_on_their_own_pairs():
    keys = tuple(Key(f"k-00000000000{i}", 977 * i + 5) for i in range(1, 5))
    groups = [pairs_of(200, key.id) for key in keys]
    likelihoods = {}
    for place, (key, group) in enumerate(zip(keys, groups, strict=True)):
        likelihoods |= preferences(group, 20 + place, key=key, shift=1.0 if place == 2 else 0.0)
    result = result_of([pair for group in groups for pair in group], likelihoods, keys)
    assert [each.n for each in result.keys] == [200] * 4
    assert [each.log10_p_holm < -6 for each in result.keys] == [False, False, True, False]
    assert all(each.log10_p_holm >= each.log10_p for each in result.keys)
    assert result.null.share_05 < 0.2


def test_with_several_keys_a_pair_says_which():
    with pytest.raises(InputError, match="pair p-0"):
        result_of(pairs_of(30), preferences(pairs_of(30), 1), (KEY, Key("k-000000000002", 2)))


def test_what_cannot_be_compared_is_counted():
    pairs = pairs_of(50)
    likelihoods = preferences(pairs, 9)
    likelihoods["p-0"], likelihoods["p-1"] = (float("-inf"), -1.0), (float("nan"), -1.0)
    del likelihoods["p-2"]
    likelihoods["p-3"] = tuple(-2.0 * len(text.encode()) for text in (pairs[3].first, pairs[3].second))
    result = result_of(pairs, likelihoods)
    assert dict(result.left_out) == {"no likelihood": 3, "alike": 1}
    assert result.n == 46


def test_too_few_pairs_are_no_result():
    pairs = pairs_of(30)
    result = result_of(pairs, preferences(pairs, 1, key=KEY, shift=9), least=200, needed=944)
    assert (result.keys, result.null.keys, result.log10_p) == ((), 0, 0.0)
    assert result.problem == (
        "30 pairs of a key can be compared; the plan asks for 200. For the power that was planned 944 are needed."
    )
    assert result_of(pairs, {}, least=1).problem.startswith("0 pairs")


def lines(path, *rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def row(pair_id, first="It is so.", second="So it is.", **more):
    return {"pair_id": pair_id, "first": first, "second": second, **more}


def test_pairs_are_read(tmp_path):
    path = lines(tmp_path / "pairs.jsonl", row("a"), "", row("b", "One.", "Two.", key="k-000000000001"))
    assert read(path) == (Pair("a", "It is so.", "So it is."), Pair("b", "One.", "Two.", "k-000000000001"))
    assert texts_of(read(path)) == ["It is so.", "So it is.", "One.", "Two."]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "0 pairs"),
        (["{"], "Line 1 is no pair"),
        ([row("a"), {"pair_id": "b"}], "Line 2 is no pair"),
        ([row("a"), row("a", "x", "y")], "Line 2 has the id or a text of a line before"),
        ([row("a"), row("b", "x", "It  is so.")], "Line 2 has the id or a text"),
        ([row("a", "same", " same ")], "not two different texts"),
        ([row("a", "", "x")], "not two different texts"),
        ([row("", "y", "x")], "has no id"),
    ],
)
def test_what_is_no_pair_is_named_by_its_line(tmp_path, rows, complaint):
    path = lines(tmp_path / "pairs.jsonl", *rows)
    with pytest.raises(InputError, match=complaint) as raised:
        read(path)
    assert "It is so" not in str(raised.value), "what was kept is not shown"


def test_likelihoods_of_a_file(tmp_path):
    path = lines(tmp_path / "l.jsonl", {"pair_id": "a", "first": -12.5, "second": -13})
    assert told(path) == {"a": (-12.5, -13.0)}
    with pytest.raises(InputError, match="Line 2 has the id"):
        told(lines(path, *[{"pair_id": "a", "first": 1, "second": 2}] * 2))
    with pytest.raises(InputError, match="cannot be read"):
        told(tmp_path / "none.jsonl")
