import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.signatures.folding import fold


def folded(octets):
    """Fold bytes that stand between others, which must not matter, into a buffer that holds others, which must stay."""
    source = np.frombuffer(b"A" + octets + b"A1 ", np.uint8)
    out = np.full(len(octets) + 16, ord("x"), np.uint8)
    end = fold(source, np.uint64(1), np.uint64(1 + len(octets)), out, np.uint64(8))
    assert bytes(out[:8]) == b"xxxxxxxx"
    return out[8:end].tobytes()


@settings(deadline=None)  # the first call may compile
@given(data=st.data())
def test_any_text_folds_as_the_reference_folds_it(data, texts, reference):
    text = data.draw(texts)
    assert folded(text.encode()) == reference.fold(text)


@settings(deadline=None)  # the first call may compile
@given(data=st.data())
def test_folding_twice_is_folding_once_and_never_makes_a_text_longer(data, texts):
    once = folded(data.draw(texts).encode())
    assert folded(once) == once


def test_every_character_alone(reference):
    points = [*range(0xD800), *range(0xE000, 0x10000), 0x1F600, 0x10FFFF]
    assert [chr(p) for p in points if folded(chr(p).encode()) != reference.fold(chr(p))] == []


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_do_no_harm(octets):
    assert len(folded(octets)) <= len(octets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello  World\n\n\tAGAIN", "hello world again"),
        ("Task 17 of 2024: v1.23", "task 0 of 0: v0.0"),
        ("10 000\u00a0000", "0 0 0"),
        ("to\u200bgether", "together"),
        ("a \u200b b", "a b"),
        ("\u3000　中文\u2003TEXT", " 中文 text"),
        ("ÀÉ ЖУК ΩΣ \uff21\uff22", "àé жук ωσ \uff41\uff42"),
        ("!!--__~~ aabb", "!!--__~~ aabb"),
        ("", ""),
    ],
)
def test_what_folds_to_what(text, expected):
    assert folded(text.encode()).decode() == expected


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"ok \xe4\xb8", b"\xc3", b"\x80\x80abc", b"\xf0\x9f\x98"])
def test_what_is_no_utf8_is_kept(octets):
    assert folded(octets) == octets
