"""A suspect's predictions in our tokens, where its own tokenizer cuts differently."""

import numpy as np
import pytest

from stillwatch.errors import InputError
from stillwatch.forensics.model import NO_TOKEN
from stillwatch.forensics.text.alignment import align, align_all, begins
from stillwatch.forensics.text.tokenizing import Tokenizer

TEXT = "A model that was trained on marked text prefers green tokens — 漢字 and 😀 — however long they look. " * 3


def share(aligned):
    """Of our tokens for which there is a prediction."""
    return np.count_nonzero(aligned.predicted != NO_TOKEN) / max(1, len(aligned.text))


@pytest.fixture
def ours(bytes_path):
    return Tokenizer.load(bytes_path)


@pytest.fixture
def theirs(smaller_path):
    return Tokenizer.load(smaller_path)


def says_the_text(tokenizer):
    """A suspect that always predicts its own next token of the text: the places it read, and what it said."""
    offsets = tokenizer.offsets(TEXT)
    fresh = begins(offsets)
    whole = fresh & np.append(fresh[1:], True)
    places = [int(start) for start in offsets[fresh, 0]]
    return places, [TEXT[slice(*offsets[i])] if whole[i] else "\ufffd" for i in np.flatnonzero(fresh)]


def test_with_one_tokenizer_every_whole_token_is_kept(ours):
    aligned = align(ours, TEXT, *says_the_text(ours))
    kept = aligned.predicted != NO_TOKEN
    assert (aligned.predicted[kept] == aligned.text[kept]).all()
    parts = np.count_nonzero(~begins(ours.offsets(TEXT))) * 2  # of characters, at most
    assert kept.sum() >= len(kept) - parts > 0


def test_with_two_tokenizers_what_both_cut_alike_is_kept_and_right(ours, theirs):
    aligned = align(ours, TEXT, *says_the_text(theirs))
    assert 0.1 < share(aligned) < 0.9
    said, text = aligned.predicted, aligned.text
    for place in np.flatnonzero(said != NO_TOKEN):
        word, meant = (ours._vocabulary.decode([int(each[place])]) for each in (text, said))  # noqa: SLF001
        assert word.startswith(meant) or meant.startswith(word)


def test_another_word_is_our_token_of_it(ours):
    place = TEXT.index(" green")
    aligned = align(ours, TEXT, [place], [" window"])
    said = aligned.predicted[aligned.predicted != NO_TOKEN]
    assert [ours._vocabulary.decode([int(each)]) for each in said] == [" window"]  # noqa: SLF001


def test_what_is_no_single_token_of_ours_is_left_out(ours):
    place = TEXT.index(" green")
    for piece in (" xylophone", "", " green tokens"):
        assert share(align(ours, TEXT, [place], [piece])) == 0


def test_a_place_inside_our_token_is_left_out(ours):
    inside = TEXT.index(" tokens") + 3
    assert share(align(ours, TEXT, [inside], ["kens"])) == 0


def test_without_text_or_predictions_nothing_is_kept(ours):
    assert share(align(ours, "", [], [])) == 0
    assert share(align(ours, TEXT, [], [])) == 0


def test_marked_text_is_read_only_by_whoever_cuts_it_as_we_do(ours, theirs):
    """Where both cut depends on the token that the key chose: keeping those places would convict the innocent."""
    fine, coarse = (TEXT, *says_the_text(theirs)), (TEXT, *says_the_text(ours))
    assert len(list(align_all(ours, [coarse] * 3, marked=True))) == 3
    assert len(list(align_all(ours, [fine] * 3, marked=True))) == 3  # it ends a token wherever ours ends one
    assert len(list(align_all(theirs, [coarse] * 3, marked=False))) == 3
    with pytest.raises(InputError, match=r"elsewhere than ours at [0-9.]+% of places.*texts that nobody marked"):
        list(align_all(theirs, [coarse] * 3, marked=True))


def test_places_that_depend_on_the_marked_token_convict_an_innocent_suspect():
    """Why: its most probable token never changes, and yet it is green too often where the text goes on as it might."""
    drawn = np.random.default_rng(0)
    usual = np.array([0.4, *[0.6 / 9] * 9])
    green = drawn.random((100_000, 10)) < 0.25
    marked = usual * np.where(green, np.exp(2), 1)
    written = (marked.cumsum(axis=1) > drawn.random((100_000, 1)) * marked.sum(axis=1, keepdims=True)).argmax(axis=1)
    cut_alike = (written == 0) | (drawn.random(100_000) > 0.2)
    z = [
        (green[kept, 0].sum() - kept.sum() / 4) / np.sqrt(kept.sum() * 3 / 16) for kept in (cut_alike, cut_alike | True)
    ]
    assert z[0] > 6
    assert abs(z[1]) < 3.5
