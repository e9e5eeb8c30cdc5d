import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.recognise import owner_of
from stillwatch.profiles.fold import HEAD, TAIL
from stillwatch.response.snapshot import Gate, Snapshot
from stillwatch.signatures.kernel import sign

WORDS = st.text("abcdefgh ijkl mnop", min_size=0, max_size=1500)


def names(text):
    return [int(name) for name in sign(pa.array([text])).shingles]


def table(*templates, least=2):
    owners = {name: owner for owner, found in enumerate(templates) for name in found}
    shingles = np.array(sorted(owners), np.uint32)
    return Snapshot(
        shingles=shingles.tobytes(),
        owners=np.array([owners[int(name)] for name in shingles], np.int32).tobytes(),
        names=tuple(f"c-{owner}" for owner in range(len(templates))),
        gate=Gate(least_shingles=least),
    )


WRAPPER = "Answer as an expert of maritime law would, weighing every clause that follows against the treaty of 1982. "
CONTENT = "The captain of a vessel registered in one state refuses the inspection which another state demands of him. "


@pytest.mark.parametrize("text", [WRAPPER + CONTENT, CONTENT * 3 + WRAPPER, WRAPPER + CONTENT * 400])
def test_a_template_is_found_wherever_profiles_look(text):
    assert owner_of("", text, table(names(WRAPPER))) == "c-0"


def test_a_template_in_the_system_text_is_found():
    assert owner_of(WRAPPER, "hello", table(names(WRAPPER))) == "c-0"


def test_too_few_shingles_tell_nothing():
    some = names(WRAPPER)[:3]
    assert owner_of("", WRAPPER, table(some, least=3)) == "c-0"
    assert owner_of("", WRAPPER, table(some[:2], least=3)) == ""


def test_a_repeated_shingle_counts_once():
    assert owner_of("", WRAPPER * 5, table(names(WRAPPER)[:1])) == ""


def test_of_two_campaigns_the_one_with_more_counts():
    mine, theirs = names(WRAPPER), names(CONTENT)
    assert owner_of("", WRAPPER + CONTENT[:60], table(theirs, mine)) == "c-1"


@pytest.mark.parametrize("text", ["", "x", "\x00", "é" * 5000, "1" * 5000, "\U0001f600" * 900])
def test_odd_texts_are_nobodys(text):
    assert owner_of(text, text, table(names(WRAPPER))) == ""
    assert owner_of(text, text, Snapshot()) == ""


@given(WORDS, WORDS)
def test_a_short_text_is_matched_by_exactly_the_shingles_that_a_profile_counts(system, asked):
    every = names(asked)
    counted = {*names(system)[:TAIL], *every[:HEAD], *every[-TAIL:]} if len(every) > HEAD + TAIL else {
        *names(system)[:TAIL], *every}  # fmt: skip
    if len(system) > 700 or len(every) > HEAD + TAIL:
        return
    for name in counted:
        assert owner_of(system, asked, table([name], least=1)) == "c-0"
    strangers = [name for name in range(1, 50) if name not in counted]
    assert owner_of(system, asked, table(strangers, least=1)) == ""
