import collections
import importlib.util
import json
import secrets
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import TrustError
from stillwatch.exchange.tokens.prf import PRF, Evaluation, MalformedElement

_spec = importlib.util.spec_from_file_location("voprf_reference", Path(__file__).with_name("reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

RFC = json.loads(Path(__file__).with_name("rfc9497.json").read_text())  # appendix A.1.2
SEED, INFO, PUBLIC = (bytes.fromhex(RFC[name]) for name in ("seed", "key_info", "public_key"))


LISTS = ("inputs", "blinds", "blinded", "evaluated", "outputs")


def raw(texts):
    return [bytes.fromhex(text) for text in texts]


def test_the_reference_is_the_rfcs():
    secret, public = reference.derive(SEED, INFO)
    assert (secret.to_bytes(32, "little").hex(), public) == (RFC["secret_key"], PUBLIC)
    for vector in RFC["vectors"]:
        inputs, blinds, blinded, evaluated, outputs = (raw(vector[name]) for name in LISTS)
        proof, scalars = bytes.fromhex(vector["proof"]), [reference.scalar(blind) for blind in blinds]
        assert [reference.blind(*pair) for pair in zip(inputs, scalars, strict=True)] == blinded
        nonce = reference.scalar(bytes.fromhex(vector["proof_scalar"]))
        assert reference.evaluate(secret, blinded, nonce) == (evaluated, proof)
        assert reference.holds(public, blinded, evaluated, proof)
        done = zip(inputs, scalars, evaluated, strict=True)
        assert [reference.finalize(*each) for each in done] == outputs


@pytest.mark.parametrize("vector", RFC["vectors"])
def test_the_vectors_of_the_rfc(vector):
    inputs, _, blinded, evaluated, outputs = (raw(vector[name]) for name in LISTS)
    assert PRF.public_key(SEED, INFO) == PUBLIC
    answer = PRF.evaluate(SEED, INFO, blinded)
    assert list(answer.elements) == evaluated
    assert reference.holds(PUBLIC, blinded, evaluated, answer.proof)
    asked = PRF.blind(inputs)
    assert asked.finalize(PRF.evaluate(SEED, INFO, asked.elements), PUBLIC) == outputs


@settings(max_examples=5, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=3), st.binary(min_size=32, max_size=32))
def test_another_implementation_answers_what_ours_asks(values, seed):
    secret, public = reference.derive(seed, b"info")
    assert PRF.public_key(seed, b"info") == public
    asked = PRF.blind(values)
    elements, proof = reference.evaluate(secret, list(asked.elements))
    ours = PRF.blind(values)
    theirs = asked.finalize(Evaluation(tuple(elements), proof), public)
    assert theirs == ours.finalize(PRF.evaluate(seed, b"info", ours.elements), public)


def test_ours_answers_what_another_implementation_asks():
    _, public = reference.derive(SEED, b"x")
    blind = secrets.randbelow(reference.ORDER - 1) + 1
    answer = PRF.evaluate(SEED, b"x", [reference.blind(b"value", blind)])
    assert reference.holds(public, [reference.blind(b"value", blind)], list(answer.elements), answer.proof)
    asked = PRF.blind([b"value"])
    ours = asked.finalize(PRF.evaluate(SEED, b"x", asked.elements), public)
    assert ours == [reference.finalize(b"value", blind, answer.elements[0])]


def test_a_value_is_blinded_anew_each_time_and_every_request_has_one_length():
    values = [b"a", b"a" * 1000, b"203.0.113.7", b"a"]
    elements = [element for _ in range(50) for element in PRF.blind(values).elements]
    assert len(set(elements)) == len(elements)
    assert {len(element) for element in elements} == {32}


def test_blinded_bytes_look_random_however_alike_the_values_are():
    # an encoding is a number under 2^255 - 19 and even: its first bit and its last tell nothing
    elements = [element for _ in range(64) for element in PRF.blind([b"same"] * 64).elements]
    counts = collections.Counter(byte for element in elements for byte in element[1:31])
    expected = len(elements) * 30 / 256
    chi_square = sum((counts[byte] - expected) ** 2 / expected for byte in range(256))
    assert chi_square < 400, "255 degrees of freedom: more than 400 happens once in a hundred million times"


@pytest.mark.parametrize(
    "element",
    [
        bytes(32),  # the identity
        b"\xff" * 32,  # not canonical
        b"\x01" + bytes(31),  # negative
        b"",
        b"short",
        bytes.fromhex(RFC["vectors"][0]["blinded"][0]) + b"\0",
    ],
)
def test_bytes_that_are_no_element_are_refused(element):
    good = PRF.blind([b"x"]).elements[0]
    with pytest.raises(MalformedElement):
        PRF.evaluate(SEED, INFO, [good, element])


def _tampered(answer):
    flipped = bytes([answer.proof[0] ^ 1]) + answer.proof[1:]
    one, other = answer.elements
    foreign = PRF.blind([b"y"]).elements[0]
    yield "another proof", Evaluation(answer.elements, flipped)
    yield "answers exchanged", Evaluation((other, one), answer.proof)
    yield "another element", Evaluation((one, foreign), answer.proof)
    yield "the identity", Evaluation((one, bytes(32)), answer.proof)
    yield "one too few", Evaluation((one,), answer.proof)
    yield "one too many", Evaluation((one, other, one), answer.proof)
    yield "none", Evaluation((), answer.proof)
    yield "no proof", Evaluation(answer.elements, b"")


def test_an_answer_made_otherwise_is_noticed():
    asked = PRF.blind([b"a", b"b"])
    public = PRF.public_key(SEED, INFO)
    honest = PRF.evaluate(SEED, INFO, asked.elements)
    lies = dict(_tampered(honest)) | {"another key": PRF.evaluate(bytes(32), INFO, asked.elements)}
    for answer in lies.values():
        with pytest.raises(TrustError, match="not made with the key"):
            asked.finalize(answer, public)
    with pytest.raises(TrustError):
        asked.finalize(honest, PRF.public_key(SEED, b"other"))
    with pytest.raises(TrustError):
        asked.finalize(honest, bytes(32))
    assert len(asked.finalize(honest, public)) == 2
