import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(deadline=None)
@given(data=st.data())
def test_bins_are_those_of_the_reference(data, texts, reference, signatures):
    text = data.draw(texts)
    assert signatures([text])[0][1] == reference.words(text)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop, me now!", ["don't", "stop", "me", "now"]),
        ("x=1;y", ["x", "y"]),
        ("中文字", ["中", "中文", "文字"]),
        ("ok中文 文", ["ok", "中", "中文", "文"]),
        ("naïve Жук", ["naïve", "жук"]),
        ("... 123 ...", []),
    ],
)
def test_what_counts_as_a_token(text, tokens, reference, signatures):
    expected = list(dict.fromkeys(reference.bin_of(token.encode()) for token in tokens))
    assert signatures([text])[0][1] == expected


@pytest.mark.parametrize("unit", ["word{} ", "中{}"])
def test_only_the_opening_counts(unit, signatures):
    opening = "".join(unit.format(chr(ord("a") + i // 26) + chr(ord("a") + i % 26)) for i in range(64))
    (_, alone), (_, followed) = signatures([opening, opening + unit.format("zz") * 50])
    assert alone == followed


def test_a_bin_counts_once_a_text_and_anew_in_the_next(signatures):
    (_, first), (_, second) = signatures(["again and again and again", "again and again"])
    assert len(first) == len(set(first)) == 2
    assert first == second


def test_words_spread_over_the_bins(reference):
    letters = "abcdefghijklmnopqrstuvwxyz"
    bins = [reference.bin_of((a + b + c).encode()) for a in letters for b in letters for c in letters]
    counts = [bins.count(b) for b in range(128)]
    assert min(counts) > 0.6 * len(bins) / 128
    assert max(counts) < 1.4 * len(bins) / 128
